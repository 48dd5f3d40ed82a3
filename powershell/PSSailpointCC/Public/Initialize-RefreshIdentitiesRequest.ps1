function Initialize-RefreshIdentitiesRequest {
    <#
    .SYNOPSIS
    Makes a request for Invoke-CCRefreshIdentities.

    .DESCRIPTION
    Returns an object with the members filter and refreshArgs, $null where
    not given. Nothing is sent or checked here.

    .PARAMETER VarFilter
    Which identities are refreshed, in SailPoint's filter language over
    searchable identity attributes, such as uid == "amelie.roux". Text in it
    stands in double quotes.

    .PARAMETER RefreshArgs
    What is done to them: what
    Initialize-RefreshIdentitiesRequestRefreshArgs makes, or a hashtable of
    the same names.

    .EXAMPLE
    Initialize-RefreshIdentitiesRequest -VarFilter 'uid == "amelie.roux"'

    A request for one person, with the service's default arguments.

    .EXAMPLE
    $RefreshArgs = Initialize-RefreshIdentitiesRequestRefreshArgs -PromoteAttributes $true
    Initialize-RefreshIdentitiesRequest -VarFilter 'name == "amelie.roux"' -RefreshArgs $RefreshArgs

    A request that calculates a person's identity attributes.

    .OUTPUTS
    System.Management.Automation.PSCustomObject

    .LINK
    Invoke-CCRefreshIdentities
    #>
    [CmdletBinding()]
    [OutputType([pscustomobject])]
    param(
        [Parameter(Position = 0, ValueFromPipelineByPropertyName)]
        [string] $VarFilter,

        [Parameter(Position = 1, ValueFromPipelineByPropertyName)]
        [pscustomobject] $RefreshArgs
    )

    process {
        . $script:UseCallerPreference
        $filter = $null
        # Text that was given stays text: an empty one is refused later, and never taken for "no filter". The engine
        # keeps the name bound for the next object of a pipeline.
        $left = $MyInvocation.ExpectingInput -and $null -eq $_.PSObject.Properties['VarFilter']
        if ($VarFilter -ne '' -or ($PSBoundParameters.Keys -contains 'VarFilter' -and -not $left)) { $filter = $VarFilter }
        [pscustomobject] @{ filter = $filter; refreshArgs = $RefreshArgs }
    }
}
