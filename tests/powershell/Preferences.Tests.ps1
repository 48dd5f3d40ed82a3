Describe 'The preferences of the caller' {
    BeforeAll {
        . "$PSScriptRoot/Support.ps1"
        $sandbox = Start-Sandbox
        $request = @{ filter = 'uid == "amelie.roux"' }
    }
    AfterAll { Stop-Sandbox $sandbox }
    BeforeEach {
        Clear-Sandbox $sandbox
        Reset-Session $sandbox
    }

    It '-WhatIf sends nothing, and says what it would do' {
        $session = Invoke-Session @'
Import-Module $env:TEST_MODULE
Set-Configuration -BaseUrl $env:TEST_URL -AccessToken sandbox-token
Invoke-CCRefreshIdentities -RefreshIdentitiesRequest @{ filter = 'uid=="amelie.roux"' } -WhatIf
'@ -Environment @{ TEST_URL = $sandbox.Url }
        $session.Output.Trim() | Should -BeExactly ('What if: Refresh 1 identity with uid == "amelie.roux" on ' + $sandbox.Url + ": amelie.roux (Am$([char] 0xE9)lie Roux)")
        $session.Error | Should -BeNullOrEmpty
        @(Get-Refresh $sandbox).Count | Should -Be 0
    }

    It '-WhatIf tells of a request that would be refused' {
        { Invoke-CCRefreshIdentities -RefreshIdentitiesRequest @{ filter = 'MyVarFilter' } -WhatIf } | Should -Throw -ErrorId 'InvalidFilter,*'
        { Invoke-CCRefreshIdentities -WhatIf } | Should -Throw -ErrorId 'WouldRefreshAll,*'
    }

    It '$WhatIfPreference is respected in a block, a function and a script' {
        & { $WhatIfPreference = $true; Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $request } | Should -BeNullOrEmpty
        function Invoke-Mine { [CmdletBinding(SupportsShouldProcess)] param() Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $request }
        Invoke-Mine -WhatIf | Should -BeNullOrEmpty
        $file = Join-Path $TestDrive 'whatif.ps1'
        Set-Content -LiteralPath $file -Value '$WhatIfPreference = $true; Invoke-CCRefreshIdentities -RefreshIdentitiesRequest @{ filter = ''uid == "amelie.roux"'' }'
        & $file | Should -BeNullOrEmpty
        $request | & { process { $WhatIfPreference = $true; $_ | Invoke-CCRefreshIdentities } } | Should -BeNullOrEmpty
        @(Get-Refresh $sandbox).Count | Should -Be 0
        & { $WhatIfPreference = $true; Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $request -WhatIf:$false } | Should -Not -BeNullOrEmpty
        @(Get-Refresh $sandbox).Count | Should -Be 1
    }

    It '$WhatIfPreference is respected from the global scope and from another module' {
        $global:WhatIfPreference = $true
        try {
            Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $request | Should -BeNullOrEmpty
        } finally { $global:WhatIfPreference = $false }
        $other = New-Module -ScriptBlock {
            $WhatIfPreference = $true
            function Invoke-Other($Request) { Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $Request }
        }
        & $other { Invoke-Other $args[0] } $request | Should -BeNullOrEmpty
        @(Get-Refresh $sandbox).Count | Should -Be 0
    }

    It '$ConfirmPreference and -Confirm ask, and nobody who cannot answer says yes' {
        foreach ($line in '& { $ConfirmPreference = "Medium"; Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $request }', 'Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $request -Confirm') {
            $session = Invoke-Session (@'
Import-Module $env:TEST_MODULE
Set-Configuration -BaseUrl $env:TEST_URL -AccessToken sandbox-token
$request = @{ filter = 'uid == "amelie.roux"' }

'@ + $line) -Environment @{ TEST_URL = $sandbox.Url }
            $session.ExitCode | Should -Be 1
            $session.All | Should -Match 'NonInteractive|non-interactive'
            @(Get-Refresh $sandbox).Count | Should -Be 0
        }
        & { $ConfirmPreference = 'Low'; Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $request -Confirm:$false } | Should -Not -BeNullOrEmpty
    }

    It '$VerbosePreference and $DebugPreference show what the switches show' {
        $switches = Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $request -Verbose -Debug 4>&1 5>&1 | Where-Object { $_ -is [System.Management.Automation.InformationalRecord] }
        $preferences = & { $VerbosePreference = 'Continue'; $DebugPreference = 'Continue'; Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $request } 4>&1 5>&1 | Where-Object { $_ -is [System.Management.Automation.InformationalRecord] }
        $switches.Count | Should -Be 3
        ($preferences -replace ' \d+ ms') | Should -Be ($switches -replace ' \d+ ms')
        "$($switches -join "`n")" | Should -Match "answered $AcceptedStatus"
        "$($switches -join "`n")" | Should -Match ([regex]::Escape('{"filter":"uid == \"amelie.roux\""}'))
        Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $request 4>&1 5>&1 6>&1 | ForEach-Object { $_ -is [hashtable] } | Should -Be $true
    }

    It '$WarningPreference is respected' {
        (Get-Configuration).Nonsense = 1
        & { $WarningPreference = 'SilentlyContinue'; Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $request } 3>&1 | ForEach-Object { $_ -is [hashtable] } | Should -Be $true
        { & { $WarningPreference = 'Stop'; Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $request } } | Should -Throw
        @(Get-Refresh $sandbox).Count | Should -Be 1
    }

    It '$ErrorActionPreference decides about a non-terminating error' {
        $bad = @($null, $request)
        & { $ErrorActionPreference = 'SilentlyContinue'; $bad | Invoke-CCRefreshIdentities } 2>&1 | ForEach-Object { $_ -is [hashtable] } | Should -Be $true
        $all = & { $ErrorActionPreference = 'Continue'; $bad | Invoke-CCRefreshIdentities } 2>&1
        @($all | Where-Object { $_ -is [System.Management.Automation.ErrorRecord] }).Count | Should -Be 1
        @($all).Count | Should -Be 2
        { & { $ErrorActionPreference = 'Stop'; $bad | Invoke-CCRefreshIdentities } } | Should -Throw -ErrorId 'InvalidArgument,*'
        @(Get-Refresh $sandbox).Count | Should -Be 2
    }

    It 'are what they were afterwards' {
        & {
            $ErrorActionPreference = 'Continue'
            $null = Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $request -Verbose 4> $null
            $ErrorActionPreference | Should -Be 'Continue'
            $VerbosePreference | Should -Be 'SilentlyContinue'
        }
    }
}
