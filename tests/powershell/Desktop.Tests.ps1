# What the module does on Windows PowerShell 5.1, as far as another PowerShell can do it too. There the branch is the
# real one; elsewhere only the function that measures a text's length is Windows' own, and is replaced.
Describe 'The branch for Windows PowerShell' {
    BeforeAll {
        . "$PSScriptRoot/Support.ps1"
        $sandbox = Start-Sandbox
        Reset-Session $sandbox
        $request = @{ filter = 'uid == "amelie.roux"' }
        $null = Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $request
        Clear-Sandbox $sandbox
        if ($PSVersionTable.PSEdition -eq 'Core') {
            & (Get-Module PSSailpointCC) {
                Import-LateFunction
                $script:IsCore = $false
                function script:Read-NativeText([IntPtr] $Pointer) { [System.Runtime.InteropServices.Marshal]::PtrToStringUTF8($Pointer) }
            }
        }
    }
    AfterAll {
        Stop-Sandbox $sandbox
        Remove-Module PSSailpointCC
    }

    It 'returns hashtables, whatever the depth' {
        $result = Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $request -WithHttpInfo
        $result.Response.GetType() | Should -Be ([hashtable])
        $result.Response.type | Should -Be 'TASK_RESULT'
        $result.StatusCode | Should -Be $AcceptedStatus
        , $result.Headers['Content-Type'] | Should -BeOfType [string[]]
        $value = & (Get-Module PSSailpointCC) { ConvertTo-HashtableValue ('{"a":[],"b":[1],"c":[{"d":{"e":null}},[2,3]],"f":"x"}' | ConvertFrom-Json) }
        $value.GetType() | Should -Be ([hashtable])
        $value.a.Count | Should -Be 0
        $value.b -is [array] | Should -BeTrue
        $value.c[0].d.ContainsKey('e') | Should -BeTrue
        $value.c[1] | Should -Be @(2, 3)
        $value.f | Should -Be 'x'
    }

    It 'tests, finds and shows whom it would refresh' {
        'uid == "amelie.roux"', 'x' | Test-CCFilter | Should -Be @($true, $false)
        $check = Test-CCFilter 'uid == "a" && name == ""' -Detailed
        $check.Attributes | Should -Be @('uid', 'name')
        , $check.Undecidable | Should -BeOfType [string[]]
        (Find-CCIdentity 'uid == "amelie.roux"').DisplayName | Should -BeExactly "Am$([char] 0xE9)lie Roux"
        Find-CCIdentity 'uid == "nobody"' | Should -BeNullOrEmpty
        Clear-Sandbox $sandbox
        Invoke-CCRefreshIdentities -Filter 'uid == "amelie.roux"' -RefreshArgs '{"provision":true}' -WhatIf
        { Invoke-CCRefreshIdentities -Body '{"options":{}}' } | Should -Throw "*no member 'options'*"
        { Invoke-CCRefreshIdentities -Filter 'uid == "amelie.roux"' -RefreshArgs '{},"options":{}' } | Should -Throw -ErrorId 'InvalidArgument,*'
        { Invoke-CCRefreshIdentities -Filter 'uid == "amelie.roux"' -RefreshArgs '{' } | Should -Throw -ErrorId 'InvalidArgument,*'
        @(Get-Refresh $sandbox).Count | Should -Be 0
    }

    It 'asks before a full refresh' -Tag cc {
        { Invoke-CCRefreshIdentities -All } | Should -Throw -ErrorId 'WouldRefreshAll,*'
    }

    It 'sends people by name, and tells of those who are not there' {
        Clear-Sandbox $sandbox
        $problems = $null
        $result = 'amelie.roux', 'nobody.here', ([pscustomobject] @{ uid = 'smith' }) | Invoke-CCRefreshIdentities -RefreshArgs @{ promoteAttributes = $true } -ErrorAction SilentlyContinue -ErrorVariable problems
        $result.Outcome | Should -Be 'Accepted'
        , $result.Identities | Should -BeOfType [string[]]
        $result.Identities | Should -Be @('amelie.roux', 'smith')
        $result.Response.GetType() | Should -Be ([hashtable])
        $problems.TargetObject | Should -Be 'nobody.here'
        (Invoke-CCRefreshIdentities -Identity amelie.roux -WithHttpInfo).Headers['Content-Type'] | Should -Match 'json'
        Invoke-CCRefreshIdentities -Identity amelie.roux -WhatIf
        @(Get-Refresh $sandbox).Count | Should -Be 2
    }

    It 'has status and headers in an error' {
        Add-Fault $sandbox @{ on = 'refresh'; kind = 'status'; status = 403 }
        try { Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $request } catch { $record = $_ }
        $record.FullyQualifiedErrorId | Should -Be 'Forbidden,Invoke-CCRefreshIdentities'
        $record.Exception.Response.StatusCode | Should -Be ([System.Net.HttpStatusCode]::Forbidden)
        $record.Exception.Response.Headers['Content-Type'] | Should -Match 'json'
        ($record.ErrorDetails | ConvertFrom-Json).messages[0].text | Should -Not -BeNullOrEmpty
        $record.Exception.Response.Headers | ConvertTo-Json | Should -Match '"content-type"'
    }

    It 'has an empty response in an error without one, also under strict mode' {
        Set-StrictMode -Version Latest
        try { Invoke-CCRefreshIdentities } catch { $record = $_ }
        $record.Exception.Response.Headers | ConvertTo-Json | Should -Be '{}'
        Set-Configuration -BaseUrl 'http://127.0.0.1:9'
        try { Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $request } catch { $record = $_ }
        $record.FullyQualifiedErrorId | Should -Match '^Connection,'
        $record.Exception.Response.Headers | ConvertTo-Json | Should -Be '{}'
    }
}
