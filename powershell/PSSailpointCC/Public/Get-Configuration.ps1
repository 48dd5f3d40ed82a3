function Get-Configuration {
    <#
    .SYNOPSIS
    Gets the configuration of this session: a hashtable that can be changed in place.

    .DESCRIPTION
    Returns the one live hashtable that this runspace's calls go by. A value
    that is assigned to one of its keys holds from the next call on. Keys
    are read in any case.

    BaseUrl shows the address that a call would use now, also where it comes
    from the environment or a file. Secrets are shown only where this
    session has set them.

    Keys, all optional: BaseUrl, TokenUrl, AccessToken, ClientId,
    ClientSecret, DefaultHeaders, SkipCertificateCheck, Proxy, NoProxy,
    TimeoutSec, ConnectTimeoutSec, MaximumRetryCount, RetryIntervalSeconds,
    MaximumResponseBytes, CaFile, UserAgent, Environment, Preflight,
    MaxIdentities, Backend, ApiVersion, AllowBroader, RateLimit,
    MaximumConcurrency. Username, Password, Cookie, ApiKey, ApiKeyPrefix,
    Token, TokenExpiration, Experimental, ConsumerIdentifier, ConsumerVersion
    and NermBaseUrl are kept as the official module has them, and are of no
    use to this API. See about_PSSailpointCC.

    .EXAMPLE
    $Configuration = Get-Configuration
    $Configuration.BaseUrl = "https://acme.api.identitynow.com"
    $Configuration.AccessToken = "YOUR_ACCESS_TOKEN"

    Sets tenant and token for this session.

    .EXAMPLE
    (Get-Configuration).TimeoutSec = 30

    Gives up after 30 seconds from the next call on.

    .OUTPUTS
    System.Collections.Hashtable

    .LINK
    Set-Configuration
    #>
    [CmdletBinding()]
    [OutputType([hashtable])]
    param()

    . $script:UseCallerPreference
    foreach ($name in 'DefaultHeaders', 'ApiKey', 'ApiKeyPrefix') {
        if ($null -eq $script:Configuration[$name]) { $script:Configuration[$name] = @{} }
    }
    Update-ShownBaseUrl $PSCmdlet
    $script:Configuration
}
