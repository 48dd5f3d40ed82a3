<#
.SYNOPSIS
The documented example of Invoke-CCRefreshIdentities, on the tenant at the given address: first with the placeholder of the
documented page, then with a real filter, then with people by name. `cargo demo` runs it on a sandbox tenant.
#>
param([Parameter(Mandatory)] [string] $BaseUrl)

Import-Module "$PSScriptRoot/../powershell/PSSailpointCC" -ErrorAction Stop

$Configuration = Get-Configuration
$Configuration.BaseUrl = $BaseUrl
$Configuration.AccessToken = 'sandbox-token'

$RefreshArgs = Initialize-RefreshIdentitiesRequestRefreshArgs -CorrelateEntitlements $true -PromoteAttributes $true -RefreshManagerStatus $false -SynchronizeAttributes $false -PruneIdentities $false -Provision $false

'1. The placeholder of the documented page is not a filter. The service would refresh everybody.'
''
'PS> Invoke-CCRefreshIdentities -RefreshIdentitiesRequest (Initialize-RefreshIdentitiesRequest -VarFilter "MyVarFilter" -RefreshArgs $RefreshArgs)'
''
try {
    $Request = Initialize-RefreshIdentitiesRequest -VarFilter 'MyVarFilter' -RefreshArgs $RefreshArgs
    Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $Request
    exit 1
} catch {
    $_.Exception.Message
    $_.ErrorDetails.RecommendedAction
}
''
'2. A filter that names two people.'
''
$Request = Initialize-RefreshIdentitiesRequest -VarFilter 'uid == "amelie.roux" || uid == "john.smith"' -RefreshArgs $RefreshArgs
'PS> $Request | ConvertTo-Json'
$Request | ConvertTo-Json
''
'PS> Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $Request'
$Result = Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $Request
$Result | ConvertTo-Json -Depth 9
''
'3. People by name, with a wait for the end. Only ids are sent, so this can never refresh everybody.'
''
'PS> Invoke-CCRefreshIdentities -Identity amelie.roux, nobody.here, smith -RefreshArgs @{ promoteAttributes = $true } -Wait'
Invoke-CCRefreshIdentities -Identity amelie.roux, nobody.here, smith -RefreshArgs @{ promoteAttributes = $true } -Wait -ErrorAction SilentlyContinue -ErrorVariable Problems |
    Format-List Outcome, Identities, Unmatched, TaskId | Out-String | ForEach-Object Trim
$Problems | ForEach-Object { $_.Exception.Message }
''
