# Measurements of cargo xtask bench inside PowerShell. Prints a name and times in microseconds: `once 123`, `rest 1 2 3`.
param(
    [ValidateSet('Import', 'FirstLibrary', 'FirstRestMethod', 'Warm')] [string] $Part,
    [string] $Url,
    [string] $Module,
    [int] $Rounds
)
$ErrorActionPreference = 'Stop'

function Get-Microsecond([System.Diagnostics.Stopwatch] $Watch) { [long] ($Watch.Elapsed.TotalMilliseconds * 1000) }

if ($Part -eq 'Import') {
    $watch = [System.Diagnostics.Stopwatch]::StartNew()
    Import-Module $Module
    $watch.Stop()
    return "once $(Get-Microsecond $watch)"
}

# The same POST for both. Invoke-RestMethod gets a finished body, which scripts would have to build.
$rest = @{
    Method      = 'Post'
    Uri         = "$Url/cc/api/system/refreshIdentities"
    Headers     = @{ Authorization = 'Bearer sandbox-token'; Accept = 'application/json' }
    ContentType = 'application/json'
    Body        = '{"filter":"uid == \"amelie.roux\"","refreshArgs":{"correlateEntitlements":true,"promoteAttributes":true}}'
}

if ($Part -eq 'FirstRestMethod') {
    $watch = [System.Diagnostics.Stopwatch]::StartNew()
    $null = Invoke-RestMethod @rest
    $watch.Stop()
    return "once $(Get-Microsecond $watch)"
}

$watch = [System.Diagnostics.Stopwatch]::StartNew()
Import-Module $Module
$configuration = Get-Configuration
$watch.Stop()
$start = Get-Microsecond $watch
$configuration.BaseUrl = $Url
$configuration.AccessToken = 'sandbox-token'
# Hundreds of calls would wait for the library's own limit.
if ($Part -eq 'Warm') { $configuration.RateLimit = @{ requests = 10000; seconds = 0.1 } }
$arguments = Initialize-RefreshIdentitiesRequestRefreshArgs -CorrelateEntitlements $true -PromoteAttributes $true
$request = Initialize-RefreshIdentitiesRequest -VarFilter 'uid == "amelie.roux"' -RefreshArgs $arguments

# One POST, as with Invoke-RestMethod.
$alone = @{ RefreshIdentitiesRequest = $request; NoPreflight = $true }

if ($Part -eq 'FirstLibrary') {
    $watch = [System.Diagnostics.Stopwatch]::StartNew()
    $null = Invoke-CCRefreshIdentities @alone
    $watch.Stop()
    $first = Get-Microsecond $watch
    return "once $first`nstart $($start + $first)"
}

# Alternating, so that other load on the machine affects all alike.
$session = [Microsoft.PowerShell.Commands.WebRequestSession]::new()
$times = [ordered] @{}
foreach ($name in 'library', 'preflight', 'rest', 'session') { $times[$name] = [System.Collections.Generic.List[long]]::new() }
for ($round = 0; $round -lt $Rounds; $round++) {
    $watch = [System.Diagnostics.Stopwatch]::StartNew()
    $null = Invoke-CCRefreshIdentities @alone
    $library = Get-Microsecond $watch
    $watch = [System.Diagnostics.Stopwatch]::StartNew()
    $null = Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $request
    $preflight = Get-Microsecond $watch
    $watch = [System.Diagnostics.Stopwatch]::StartNew()
    $null = Invoke-RestMethod @rest
    $plain = Get-Microsecond $watch
    $watch = [System.Diagnostics.Stopwatch]::StartNew()
    $null = Invoke-RestMethod @rest -WebSession $session
    $kept = Get-Microsecond $watch
    $times.library.Add($library)
    $times.preflight.Add($preflight)
    $times.rest.Add($plain)
    $times.session.Add($kept)
}
foreach ($name in $times.Keys) { "$name $($times[$name])" }

# In batches of one kind, as a script that does nothing else.
foreach ($turn in 1..10) {
    foreach ($name in 'library', 'rest') {
        $watch = [System.Diagnostics.Stopwatch]::StartNew()
        for ($call = 0; $call -lt 100; $call++) {
            if ($name -eq 'library') { $null = Invoke-CCRefreshIdentities @alone } else { $null = Invoke-RestMethod @rest }
        }
        $times["batch-$name"] += @([long] ((Get-Microsecond $watch) / 100))
    }
}
foreach ($name in 'library', 'rest') { "batch-$name $($times["batch-$name"])" }
