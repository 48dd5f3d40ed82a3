# Runs every *.Tests.ps1 here, prints `N passed, N failed`, and ends with a code other than 0 where one failed or none
# was found. Writes no file.
#
#   PSSAILPOINTCC_LIBRARY   the native library; the module's own where it is a package and this is not set
#   PSSAILPOINTCC_SANDBOX   the program of the sandbox tenant
#   PSSAILPOINTCC_MODULE    the module's folder; the one of this clone where not set
param(
    [ValidateSet('5', '6')]
    [string] $PesterVersion = '5',

    # Of test files, without .Tests.ps1, commas between them; all of them where not given.
    [string] $Name,

    # On tenants whose /cc has been shut down and answers so: every file that uses a sandbox, without the tests that look
    # at that endpoint itself (tag cc).
    [ValidateSet('', '404', '405', '410', '401')]
    [string] $Retired,

    # With the module in its branch for Windows PowerShell 5.1, on whichever PowerShell this is.
    [switch] $Desktop,

    # Under wine: without what wine itself cannot do (tag not-wine), which is named.
    [switch] $Wine
)

$ErrorActionPreference = 'Stop'

$env:PSSAILPOINTCC_RETIRED = $Retired
$env:PSSAILPOINTCC_DESKTOP = if ($Desktop) { '1' }
$env:PSSAILPOINTCC_WINE = if ($Wine) { '1' }
. "$PSScriptRoot/Support.ps1"
$variables = @('PSSAILPOINTCC_SANDBOX')
if ($env:PSSAILPOINTCC_LIBRARY -or -not (Test-Path -LiteralPath "$ModulePath/bin")) { $variables += 'PSSAILPOINTCC_LIBRARY' }
foreach ($variable in $variables) {
    $path = [Environment]::GetEnvironmentVariable($variable)
    if (-not $path -or -not (Test-Path -LiteralPath $path)) {
        [Console]::Error.WriteLine("$variable must name a file; it is '$path'.")
        exit 2
    }
}
# What the machine's owner has set must not reach a test.
foreach ($variable in 'SAIL_BASE_URL', 'SAIL_CLIENT_ID', 'SAIL_CLIENT_SECRET', 'HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'https_proxy', 'ALL_PROXY', 'all_proxy', 'NO_PROXY', 'no_proxy') {
    [Environment]::SetEnvironmentVariable($variable, $null)
}

if ($PesterVersion -eq '5') {
    Import-Module Pester -MinimumVersion 5.5 -MaximumVersion 5.99
} else {
    Import-Module Pester -MinimumVersion 6.0
}

$copy = $null
if ($env:PSSAILPOINTCC_DESKTOP) { $copy = $env:PSSAILPOINTCC_MODULE = New-DesktopModule }
$names = $Name -split ','
$files = @(Get-ChildItem -LiteralPath $PSScriptRoot -Filter *.Tests.ps1 | Where-Object { -not $Name -or ($_.Name -replace '\.Tests\.ps1$', '') -in $names } | Sort-Object Name)
if ($Retired) { $files = @($files | Where-Object { [System.IO.File]::ReadAllText($_.FullName).Contains('Start-Sandbox') }) }
if ($files.Count -eq 0) {
    '0 passed, 0 failed: no test file was found'
    exit 1
}
$configuration = New-PesterConfiguration
$configuration.Run.Path = @($files.FullName)
$configuration.Run.PassThru = $true
$configuration.Output.Verbosity = 'Normal'
$configuration.Filter.ExcludeTag = @($(if ($Retired) { 'cc' }), $(if ($Wine) { 'not-wine' }) | Where-Object { $_ })
$configuration.TestRegistry.Enabled = $false
try { $result = Invoke-Pester -Configuration $configuration } finally { if ($copy) { Remove-DesktopModule $copy } }

if ($Wine) { $result.Tests | Where-Object { $_.Tag -contains 'not-wine' } | ForEach-Object { "Not run, because wine cannot do it: $($_.ExpandedPath)" } }
# A file or a block that could not run has failed, however many of its tests did not.
$passed = [int] $result.PassedCount
$failed = [int] $result.FailedCount + $result.FailedContainersCount + $result.FailedBlocksCount
# Once more at the end, where they are found: tests/powershell.rs repeats what follows this line.
'FAILURES'
foreach ($item in @($result.Failed) + @($result.FailedBlocks) + @($result.FailedContainers)) {
    if ($item.PSObject.Properties['ExpandedPath']) { $item.ExpandedPath } else { "$($item.Item)" }
    foreach ($record in $item.ErrorRecord) {
        $stack = "$($record.ScriptStackTrace)" -split "`n" | Where-Object { $_.Contains($PSScriptRoot) -and -not $_.Contains('Run.ps1') }
        @("$record") + @($stack) -replace '(?m)^', '  '
    }
}
'Pester {0}: {1} passed, {2} failed' -f (Get-Module Pester).Version, $passed, $failed
if ($failed -gt 0 -or $passed -eq 0) { exit 1 }
