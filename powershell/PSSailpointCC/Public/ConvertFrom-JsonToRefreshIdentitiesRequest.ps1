function ConvertFrom-JsonToRefreshIdentitiesRequest {
    <#
    .SYNOPSIS
    Makes a request for Invoke-CCRefreshIdentities from JSON text.

    .DESCRIPTION
    Returns an object with the members filter and refreshArgs, $null where
    the text has none. Any other member is an error: the service would
    ignore a misspelt filter, and refresh everybody.

    .PARAMETER Json
    The text of a JSON object.

    .EXAMPLE
    ConvertFrom-JsonToRefreshIdentitiesRequest -Json '{"filter": "uid == \"amelie.roux\"", "refreshArgs": {"promoteAttributes": true}}'

    The request that the text describes.

    .OUTPUTS
    System.Management.Automation.PSCustomObject

    .LINK
    Initialize-RefreshIdentitiesRequest
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
            $model = ConvertFrom-ModelText $Json @('filter', 'refreshArgs')
        } catch {
            Microsoft.PowerShell.Utility\Write-Error -ErrorRecord $_ -ErrorAction Stop
        }
        $model
    }
}
