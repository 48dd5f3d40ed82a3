function ConvertFrom-JsonToRefreshIdentitiesRequestRefreshArgs {
    <#
    .SYNOPSIS
    Makes the arguments of a request for Invoke-CCRefreshIdentities from JSON text.

    .DESCRIPTION
    Returns an object with the six documented arguments, $null where the
    text has none. Any other member is an error. For arguments beyond the
    six, give a hashtable or JSON text to Invoke-CCRefreshIdentities: those
    pass through.

    .PARAMETER Json
    The text of a JSON object.

    .EXAMPLE
    ConvertFrom-JsonToRefreshIdentitiesRequestRefreshArgs -Json '{"correlateEntitlements": true, "promoteAttributes": true}'

    The arguments that the text describes.

    .OUTPUTS
    System.Management.Automation.PSCustomObject

    .LINK
    Initialize-RefreshIdentitiesRequestRefreshArgs
    #>
    [CmdletBinding()]
    [OutputType([pscustomobject])]
    param(
        [Parameter(Position = 0)]
        [AllowEmptyString()]
        [string] $Json
    )

    process {
        . $script:UseCallerPreference
        $model = $null
        try {
            $model = ConvertFrom-ModelText $Json @('correlateEntitlements', 'promoteAttributes', 'refreshManagerStatus', 'synchronizeAttributes', 'pruneIdentities', 'provision')
        } catch {
            Microsoft.PowerShell.Utility\Write-Error -ErrorRecord $_ -ErrorAction Stop
        }
        $model
    }
}
