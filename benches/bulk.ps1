# Refreshes everybody in a CSV file through the pipeline. Prints the memory of the process in bytes, after 10,000 people and
# at the end.
param(
    [string] $Url,
    [string] $Module,
    [string] $People
)
$ErrorActionPreference = 'Stop'
Import-Module $Module
$configuration = Get-Configuration
$configuration.BaseUrl = $Url
$configuration.AccessToken = 'sandbox-token'
$arguments = Initialize-RefreshIdentitiesRequestRefreshArgs -CorrelateEntitlements $true -PromoteAttributes $true

function Get-WorkingSet {
    $process = [System.Diagnostics.Process]::GetCurrentProcess()
    $process.WorkingSet64
}

$sent = 0
# With Stop, the error that ends the command has all results so far, which takes 270 bytes for each person.
Import-Csv $People | Invoke-CCRefreshIdentities -RefreshArgs $arguments -ErrorAction Continue | ForEach-Object {
    $sent += $_.Identities.Count
    if ($sent -eq 10000) { Get-WorkingSet }
}
Get-WorkingSet
