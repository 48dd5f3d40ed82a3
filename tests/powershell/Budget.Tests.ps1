# What does not depend on the machine's load: how many functions of the module a usual call runs, and what it reads.
# docs/performance.md tells what a function costs.
Describe 'The budget of a call' {
    BeforeAll {
        . "$PSScriptRoot/Support.ps1"
        $sandbox = Start-Sandbox
        # Prints the functions that a call runs after others like it.
        $count = @'
Import-Module $env:TEST_MODULE
$configuration = Get-Configuration
$configuration.BaseUrl = $env:TEST_URL
$configuration.AccessToken = 'sandbox-token'
$configuration.RateLimit = @{ requests = 1000; seconds = 1 }
$request = Initialize-RefreshIdentitiesRequest 'uid == "amelie.roux"' (Initialize-RefreshIdentitiesRequestRefreshArgs -PromoteAttributes $true)
foreach ($turn in 1..10) { $null = Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $request }
$module = Get-Module PSSailpointCC
$names = & $module { (Get-ChildItem function:).Name }
$global:called = [System.Collections.Generic.List[string]]::new()
foreach ($name in $names) { $null = Set-PSBreakpoint -Command $name -Action ([scriptblock]::Create("`$global:called.Add('$name')")) }
$null = Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $request
Get-PSBreakpoint | Remove-PSBreakpoint
"called: $($called -join ' ')"
"late: $(& $module { $script:IsLateRead })"
'@
    }
    AfterAll { Stop-Sandbox $sandbox }

    It 'of a documented request is five functions besides the command, and none of those that are read later' -Tag cc {
        $session = Invoke-Session $count -Environment @{ TEST_URL = $sandbox.Url }
        # The command itself is stopped at each of its blocks.
        $called = @([regex]::Match($session.Output, '(?m)^called: (.*?)\r?$').Groups[1].Value -split ' ' -ne 'Invoke-CCRefreshIdentities')
        $expected = 'ConvertTo-RequestMember', 'ConvertTo-JsonObject', 'Get-ConfigurationText', 'Invoke-Operation', 'New-RequestResult'
        # Windows PowerShell has no reader of JSON that a script can call.
        if (-not $Desktop) { $called | Should -Be $expected -Because $session.All }
        $called.Count | Should -BeGreaterOrEqual $expected.Count
        if (-not $Desktop) { $session.Output | Should -Match '(?m)^late: False' }
    }
}
