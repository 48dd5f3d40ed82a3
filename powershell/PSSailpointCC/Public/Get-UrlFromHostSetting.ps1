function Get-UrlFromHostSetting {
    <#
    .SYNOPSIS
    Gets an address of Get-HostSetting with its variables filled in.

    .DESCRIPTION
    Returns the address at an index of Get-HostSetting, each variable
    replaced by the value given or by its default.

    .PARAMETER Index
    Which of the addresses; the first is 0.

    .PARAMETER Variables
    Names and values of variables: a hashtable.

    .EXAMPLE
    Get-UrlFromHostSetting -Index 0 -Variables @{ tenant = "acme" }

    https://acme.api.identitynow.com

    .EXAMPLE
    Set-Configuration -BaseUrl (Get-UrlFromHostSetting -Index 0 -Variables @{ tenant = "acme" })

    Takes the tenant's address for this session.

    .INPUTS
    System.Int32

    .OUTPUTS
    System.String

    .LINK
    Get-HostSetting
    #>
    [CmdletBinding()]
    [OutputType([string])]
    param(
        [Parameter(Position = 0, ValueFromPipeline)]
        [int] $Index,

        [Parameter(Position = 1)]
        [hashtable] $Variables = @{}
    )

    process {
        . $script:UseCallerPreference
        $url = $null
        try {
            $hosts = Get-KnownHost
            if ($Index -lt 0 -or $Index -ge $hosts.Count) {
                throw (New-ArgumentError ('-Index is {0}; there are the indices 0 to {1}.' -f $Index, ($hosts.Count - 1)))
            }
            $url = $hosts[$Index]['Url']
            foreach ($variable in $hosts[$Index]['Variables'].GetEnumerator()) {
                $value = $variable.Value['DefaultValue']
                if ($Variables.ContainsKey($variable.Key)) { $value = $Variables[$variable.Key] }
                $url = $url.Replace('{' + $variable.Key + '}', $value)
            }
        } catch {
            Microsoft.PowerShell.Utility\Write-Error -ErrorRecord $_ -ErrorAction Stop
        }
        $url
    }
}
