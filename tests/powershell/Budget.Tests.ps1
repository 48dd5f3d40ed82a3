# What does not depend on the machine's load: how many functions of the module a usual call runs, what it reads, and how
# much a first call has compiled. docs/performance.md tells what each of them costs.
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
$global:called = [System.Collections.Generic.List[string]]::new()
# At their first statements: a function that is called as a script block is no command.
foreach ($function in & $module { Get-ChildItem function: | Where-Object Module } | Where-Object { $_.Module -eq $module -and $_.Name -notmatch '-CC|^(Get|Set|Initialize)-(Config|Host|Url|Refresh)' }) {
    $first = $function.ScriptBlock.Ast.Body.EndBlock.Statements[0].Extent
    if ($first) { $null = Set-PSBreakpoint -Script $first.File -Line $first.StartLineNumber -Action ([scriptblock]::Create("`$global:called.Add('$($function.Name)')")) }
}
$null = Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $request
Get-PSBreakpoint | Remove-PSBreakpoint
"called: $($called -join ' ')"
# By their names, which takes longer.
$called.Clear()
foreach ($name in & $module { (Get-ChildItem function:).Name }) { $null = Set-PSBreakpoint -Command $name -Action ([scriptblock]::Create("`$global:called.Add('$name')")) }
$null = Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $request
Get-PSBreakpoint | Remove-PSBreakpoint
"named: $($called -join ' ')"
"late: $(& $module { $script:IsLateRead })"
'@
    }
    AfterAll { Stop-Sandbox $sandbox }

    It 'of a documented request is five functions besides the command, and none of those that are read later' -Tag cc {
        $session = Invoke-Session $count -Environment @{ TEST_URL = $sandbox.Url }
        $called = @([regex]::Match($session.Output, '(?m)^called: (.*?)\r?$').Groups[1].Value -split ' ')
        $expected = 'ConvertTo-RequestMember', 'Format-JsonObject', 'Find-ConfigurationText', 'Get-OperationAnswer', 'New-RequestResult'
        # The command itself is stopped at each of its blocks.
        $named = @([regex]::Match($session.Output, '(?m)^named: (.*?)\r?$').Groups[1].Value -split ' ' -ne 'Invoke-CCRefreshIdentities')
        if (-not $Desktop) { $named | Should -BeNullOrEmpty -Because $session.All }
        # Windows PowerShell has no reader of JSON that a script can call.
        if (-not $Desktop) { $called | Should -Be $expected -Because $session.All }
        $called.Count | Should -BeGreaterOrEqual $expected.Count
        if (-not $Desktop) { $session.Output | Should -Match '(?m)^late: False' }
    }

    It 'of a first call is what the runtime compiles for it, at most 5 % more than here' -Tag cc {
        # .NET Framework does not count.
        if ($Desktop) { return }
        $count = @'
function Get-Count { [System.Runtime.JitInfo]::GetCompiledMethodCount($true) }
$null = Get-Count
$null = Get-Count
$begin = Get-Count
Import-Module $env:TEST_MODULE
$configuration = Get-Configuration
$configuration.BaseUrl = $env:TEST_URL
$configuration.AccessToken = 'sandbox-token'
$first = Get-Count
$null = Invoke-CCRefreshIdentities -RefreshIdentitiesRequest (Initialize-RefreshIdentitiesRequest 'uid == "amelie.roux"') -NoPreflight
"methods: $($first - $begin) $((Get-Count) - $first)"
foreach ($turn in 2..6) { $null = Invoke-CCRefreshIdentities -RefreshIdentitiesRequest @{ filter = 'uid == "amelie.roux"' } -NoPreflight }
"methods: $((Get-Count) - $first)"
'@
        # Before the first call, of the first call, of the first six; with PowerShell 7.6.9 on Linux, from a clone.
        $budget = 87, 209, 251
        $version = $PSVersionTable.PSVersion
        $room = 1.25
        if ($version.Major -eq 7 -and $version.Minor -eq 6 -and -not $OnWindows -and -not $env:PSSAILPOINTCC_MODULE) { $room = 1.05 }
        # On a busy machine the runtime compiles some methods twice.
        foreach ($try in 1..5) {
            $session = Invoke-Session $count -Environment @{ TEST_URL = $sandbox.Url }
            $found = @([regex]::Matches($session.Output, '(?m)^methods: (.+?)\r?$').ForEach({ $_.Groups[1].Value -split ' ' }) | ForEach-Object { [int] $_ })
            $found.Count | Should -Be 3 -Because $session.All
            $over = @(0..2 | Where-Object { $found[$_] -gt $budget[$_] * $room })
            if ($over.Count -eq 0) { break }
        }
        $over | Should -BeNullOrEmpty -Because "$found methods are more than $budget"
    }
}
