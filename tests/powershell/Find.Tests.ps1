Describe 'Find-CCIdentity' {
    BeforeAll {
        . "$PSScriptRoot/Support.ps1"
        $sandbox = Start-Sandbox
    }
    AfterAll { Stop-Sandbox $sandbox }
    BeforeEach {
        Clear-Sandbox $sandbox
        Reset-Session $sandbox
    }

    It 'gives those whom a refresh touches' {
        $found = @(Find-CCIdentity 'department == "Sales"' -WarningAction SilentlyContinue)
        $null = Invoke-CCRefreshIdentities -Filter 'department == "Sales"'
        $refreshed = (Get-Refresh $sandbox).refreshed
        $found.Count | Should -BeGreaterThan 3
        $found.Name | Where-Object { $_ -notin $refreshed.names } | Should -BeNullOrEmpty
        $found.Id | Where-Object { $_ -notin $refreshed.ids } | Should -BeNullOrEmpty
    }

    It 'gives Id, Name and DisplayName of each' {
        $found = Find-CCIdentity -Filter 'uid == "amelie.roux"'
        $found.PSObject.TypeNames[0] | Should -Be 'PSSailpointCC.Identity'
        $found.PSObject.Properties.Name | Should -BeExactly @('Id', 'Name', 'DisplayName')
        $found.Name | Should -Be 'amelie.roux'
        $found.DisplayName | Should -BeExactly "Am$([char] 0xE9)lie Roux"
        $found.Id | Should -Match '^2c91'
    }

    It 'changes nothing' {
        $null = Find-CCIdentity 'uid == "amelie.roux"'
        @(Get-Refresh $sandbox).Count | Should -Be 0
    }

    It 'gives nobody where nobody matches, without an error' {
        Find-CCIdentity 'uid == "nobody"' -ErrorAction Stop | Should -BeNullOrEmpty
    }

    It 'warns of those whom only the service can evaluate' {
        $warnings = $null
        $null = Find-CCIdentity 'uid.contains("smith")' -WarningVariable warnings -WarningAction SilentlyContinue
        $warnings.Count | Should -Be 1
        "$warnings" | Should -Match '\b\d+ more\b'
    }

    It 'has errors like those of a refresh: <what>' -ForEach @(
        @{ What = 'no filter'; Filter = ''; Id = 'InvalidFilter' }
        @{ What = 'null'; Filter = $null; Id = 'InvalidFilter' }
        @{ What = 'a wrong filter'; Filter = 'uid = "a"'; Id = 'InvalidFilter' }
        @{ What = 'a filter that only the service can evaluate'; Filter = 'uid == name'; Id = 'PreflightUnavailable' }
        @{ What = 'half a character'; Filter = "uid == `"$([char] 0xD83D)`""; Id = 'InvalidArgument' }
    ) {
        $record = $null
        $result = 'old'
        try { $result = Find-CCIdentity $filter } catch { $record = $_ }
        $result | Should -Be 'old'
        $record.FullyQualifiedErrorId | Should -Be "$id,Find-CCIdentity"
        $record.Exception.Data['sent'] | Should -Be 'no'
        $record.Exception.Data['code'] | Should -Not -BeNullOrEmpty
        $record.ErrorDetails.Message | Should -BeExactly $record.Exception.Message
        "$($record.TargetObject)" | Should -BeExactly "$filter"
        $record.InvocationInfo.ScriptName | Should -Match 'Find\.Tests\.ps1$'
    }

    It 'has the service''s answer in its errors' {
        Set-Configuration -AccessToken wrong
        try { Find-CCIdentity 'uid == "amelie.roux"' } catch { $record = $_ }
        $record.FullyQualifiedErrorId | Should -Be 'Unauthorized,Find-CCIdentity'
        [int] $record.Exception.Response.StatusCode | Should -Be 401
        Set-Configuration -AccessToken '' -ClientId helpdesk-client -ClientSecret helpdesk-secret
        { Find-CCIdentity 'department == "Sales"' } | Should -Throw -ErrorId '*,Find-CCIdentity'
        (Find-CCIdentity 'name == "amelie.roux"').Name | Should -Be 'amelie.roux'
    }

    It 'leaves the errors of the next command to that command' {
        $record = $null
        try { Find-CCIdentity 'uid == "amelie.roux"' | ForEach-Object { throw 'mine' } } catch { $record = $_ }
        $record.FullyQualifiedErrorId | Should -Be 'mine'
    }

    It 'gives the first ones, and no more than that: -First <first>' -ForEach @(@{ First = 1 }, @{ First = 5 }, @{ First = 1000 }) {
        $all = @(Find-CCIdentity 'uid.notNull()' -WarningAction SilentlyContinue)
        $some = @(Find-CCIdentity 'uid.notNull()' -First $first -WarningAction SilentlyContinue)
        $some.Name | Should -Be @($all | Select-Object -First $first).Name
        { Find-CCIdentity 'uid.notNull()' -First 0 } | Should -Throw
    }
}

Describe 'Find-CCIdentity in a large tenant' {
    BeforeAll {
        . "$PSScriptRoot/Support.ps1"
        $sandbox = Start-Sandbox @('--people', '10400')
        Reset-Session $sandbox
    }
    AfterAll { Stop-Sandbox $sandbox }
    BeforeEach { Clear-Sandbox $sandbox }

    It 'finds everybody beyond 10,000, each once, and streams' {
        $askedAtFirst = 0
        $names = @(Find-CCIdentity 'uid.notNull()' | ForEach-Object {
                if ($askedAtFirst -eq 0) { $askedAtFirst = @(Get-Arrival $sandbox search).Count }
                $_.Name
            })
        $names.Count | Should -BeGreaterThan 10200
        [System.Collections.Generic.HashSet[string]]::new([string[]] $names, [StringComparer]::Ordinal).Count | Should -Be $names.Count
        $askedInAll = @(Get-Arrival $sandbox search).Count
        $askedInAll | Should -BeGreaterThan ($askedAtFirst + 2)

        # Who has had enough, or asked for few, causes not one question more than the first page did.
        foreach ($few in { Find-CCIdentity 'uid.notNull()' | Select-Object -First 3 }, { Find-CCIdentity 'uid.notNull()' -First 3 }, { Find-CCIdentity 'uid.notNull()' -First 250 }) {
            Clear-Sandbox $sandbox
            @(& $few).Count | Should -BeIn 3, 250
            @(Get-Arrival $sandbox search).Count | Should -BeLessOrEqual $askedAtFirst
        }
    }

    It 'asks again for what -First leaves, and for no more' {
        @(Find-CCIdentity 'uid.notNull()' -First 3000).Count | Should -Be 3000
    }

    It '-WhatIf names ten and counts the rest' {
        $session = Invoke-Session @'
Import-Module $env:TEST_MODULE
Set-Configuration -BaseUrl $env:TEST_URL -AccessToken sandbox-token
Invoke-CCRefreshIdentities -Filter 'department == "Legal"' -WhatIf
'@ -Environment @{ TEST_URL = $sandbox.Url }
        $total = @(Find-CCIdentity 'department == "Legal"').Count
        $total | Should -BeGreaterThan 100
        $session.Output | Should -Match "^What if: Refresh $total identities with department == `"Legal`" on $([regex]::Escape($sandbox.Url)): ([^,]+, ){10}$($total - 10) more"
        @(Get-Refresh $sandbox).Count | Should -Be 0
    }
}
