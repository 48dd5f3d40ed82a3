function Get-HostSetting {
    <#
    .SYNOPSIS
    Gets the addresses that the API's specification names.

    .DESCRIPTION
    Returns an array of hashtables with Url, Description and Variables, as
    the official module does.

    .EXAMPLE
    (Get-HostSetting)[0].Url

    The form of a tenant's address: https://{tenant}.api.identitynow.com

    .OUTPUTS
    System.Collections.Hashtable[]

    .LINK
    Get-UrlFromHostSetting
    #>
    [CmdletBinding()]
    [OutputType([hashtable[]])]
    param()

    . $script:UseCallerPreference
    , (Get-KnownHost)
}
