function Initialize-RefreshIdentitiesRequestRefreshArgs {
    <#
    .SYNOPSIS
    Makes the arguments of a request for Invoke-CCRefreshIdentities.

    .DESCRIPTION
    Returns an object with the six documented arguments, $null where not
    given; what is $null is not sent.

    .PARAMETER CorrelateEntitlements
    Analyzes entitlements, access profiles, and roles.

    .PARAMETER PromoteAttributes
    Calculates identity attributes.

    .PARAMETER RefreshManagerStatus
    Calculates manager correlation and manager status. Expensive.

    .PARAMETER SynchronizeAttributes
    Performs attribute sync provisioning.

    .PARAMETER PruneIdentities
    REMOVES any identities which do not have accounts. Only on SailPoint's
    guidance.

    .PARAMETER Provision
    Provisions any assigned roles or access profiles.

    .EXAMPLE
    Initialize-RefreshIdentitiesRequestRefreshArgs -CorrelateEntitlements $true -PromoteAttributes $true -Provision $false

    Arguments of which three are sent.

    .OUTPUTS
    System.Management.Automation.PSCustomObject

    .LINK
    Initialize-RefreshIdentitiesRequest
    #>
    [CmdletBinding()]
    [OutputType([pscustomobject])]
    param(
        [Parameter(Position = 0, ValueFromPipelineByPropertyName)]
        [Nullable[bool]] $CorrelateEntitlements,

        [Parameter(Position = 1, ValueFromPipelineByPropertyName)]
        [Nullable[bool]] $PromoteAttributes,

        [Parameter(Position = 2, ValueFromPipelineByPropertyName)]
        [Nullable[bool]] $RefreshManagerStatus,

        [Parameter(Position = 3, ValueFromPipelineByPropertyName)]
        [Nullable[bool]] $SynchronizeAttributes,

        [Parameter(Position = 4, ValueFromPipelineByPropertyName)]
        [Nullable[bool]] $PruneIdentities,

        [Parameter(Position = 5, ValueFromPipelineByPropertyName)]
        [Nullable[bool]] $Provision
    )

    process {
        . $script:UseCallerPreference
        [pscustomobject] @{
            correlateEntitlements = $CorrelateEntitlements
            promoteAttributes     = $PromoteAttributes
            refreshManagerStatus  = $RefreshManagerStatus
            synchronizeAttributes = $SynchronizeAttributes
            pruneIdentities       = $PruneIdentities
            provision             = $Provision
        }
    }
}
