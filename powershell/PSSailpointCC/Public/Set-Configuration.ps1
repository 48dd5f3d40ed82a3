function Set-Configuration {
    <#
    .SYNOPSIS
    Sets parts of the configuration of this session.

    .DESCRIPTION
    Changes what is given and nothing else. $null or an empty text unsets a
    value. What has no parameter here is set in the hashtable that
    Get-Configuration returns.

    .PARAMETER BaseUrl
    Address of the tenant's API, such as https://acme.api.identitynow.com.

    .PARAMETER Username
    Kept as the official module has it; of no use to this API.

    .PARAMETER Password
    Kept as the official module has it; of no use to this API.

    .PARAMETER ApiKey
    Kept as the official module has it; of no use to this API.

    .PARAMETER ApiKeyPrefix
    Kept as the official module has it; of no use to this API.

    .PARAMETER Cookie
    Kept as the official module has it; of no use to this API.

    .PARAMETER AccessToken
    Token to send, as String or SecureString. It wins over ClientId and
    ClientSecret, and is never renewed.

    .PARAMETER SkipCertificateCheck
    Takes any certificate for the tenant's. -SkipCertificateCheck:$false
    checks again.

    .PARAMETER DefaultHeaders
    Headers to send with each request: a hashtable, in place of the former
    one.

    .PARAMETER Proxy
    Address of an HTTP proxy, such as http://proxy.example:8080, or an
    IWebProxy. A user name and a password in it are percent-encoded:
    http://DOMAIN%5Cuser:pa%23ss@proxy.example:8080
    Where not set, the variable HTTPS_PROXY names it, or else the system's
    settings do.

    .PARAMETER NoProxy
    What is reached without a proxy, separated by commas: names with their
    subdomains, *.name, addresses, networks such as 10.0.0.0/8, each name or
    address with an optional port, or *. An empty text unsets it.

    .PARAMETER CaFile
    Path of a PEM file with the authorities to trust beside the system's, such
    as the one of a company whose network inspects connections. It is read
    again when it has changed. An empty text unsets it.

    .PARAMETER TimeoutSec
    How long one request may take, with its repetitions: 100 seconds where
    not set. $null unsets it.

    .PARAMETER MaximumRetryCount
    How often a request is repeated that is known not to have been taken, or
    was answered with 429: 3 where not set. $null unsets it.

    .PARAMETER RetryIntervalSeconds
    The pause between two attempts, unless the service asks for another: 1
    second where not set. $null unsets it.

    .PARAMETER Environment
    The environment in ~/.sailpoint/config.yaml; the active one where not set.
    An empty text unsets it.

    .PARAMETER PassThru
    Returns the configuration.

    .PARAMETER ClientId
    Id of a personal access token or an API client, to get a token with.

    .PARAMETER ClientSecret
    The secret that belongs to it, as String or SecureString.

    .PARAMETER TokenUrl
    Address of the token endpoint, where it is not {BaseUrl}/oauth/token.

    .PARAMETER Preflight
    $false sends filters without counting whom they match, as -NoPreflight
    does for one call. $null unsets it: they are counted.

    .PARAMETER MaxIdentities
    No refresh of this session touches more than so many identities. $null
    unsets it.

    .PARAMETER Backend
    Which endpoint refreshes: cc, the documented one; process, its
    successor; auto (where not set): cc for filters until it turns out that
    the tenant has it no more, process for people by name. An empty text
    unsets it.

    .PARAMETER ApiVersion
    Which paths of the service's other APIs are used: v1 (where not set),
    v2026, v2025 or v2024. On a host that does not have it, a question (not
    a refresh) is asked again with the next one, and a warning says so. An
    empty text unsets it.

    .PARAMETER AllowBroader
    $true lets process do more than the arguments ask for: it always
    calculates attributes, roles and manager status and provisions, also
    where an argument is $false. $null unsets it: that is refused. What no
    argument mentions is done in any case, with a warning.

    .PARAMETER RateLimit
    No more requests than so many in so many seconds: a hashtable, such as
    @{ requests = 50; seconds = 10 }. 100 in 10 seconds where not set, which
    is what the service allows.

    .PARAMETER MaximumConcurrency
    How many requests of one command are under way at once: 1 to 16, 4 where
    not set.

    .EXAMPLE
    Set-Configuration -BaseUrl "https://acme.api.identitynow.com" -ClientId "sandbox-client" -ClientSecret "sandbox-secret"

    Names the tenant, and the client that tokens are got for.

    .EXAMPLE
    $Secret = ConvertTo-SecureString "YOUR_ACCESS_TOKEN" -AsPlainText -Force
    Set-Configuration -AccessToken $Secret

    Keeps the token from being shown by Get-Configuration.

    .EXAMPLE
    Set-Configuration -MaxIdentities 100

    Refuses every refresh that would touch more than a hundred, from now on.

    .EXAMPLE
    Set-Configuration -Backend process -AllowBroader $true

    Refreshes by the successor of the documented endpoint, and takes all that it does.

    .EXAMPLE
    Set-Configuration -Proxy http://proxy.example:8080 -CaFile ./company.pem -TimeoutSec 30

    Goes through the company's proxy, trusts its authority, and gives up after 30 seconds.

    .OUTPUTS
    System.Collections.Hashtable

    .LINK
    Get-Configuration
    #>
    [Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSUseShouldProcessForStateChangingFunctions', '', Justification = 'Changes a variable of the session.')]
    [Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSAvoidUsingUsernameAndPasswordParams', '', Justification = 'The official surface.')]
    [Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSAvoidUsingPlainTextForPassword', '', Justification = 'The official surface.')]
    [CmdletBinding()]
    [OutputType([hashtable])]
    param(
        [Parameter(Position = 0)] [AllowEmptyString()] [string] $BaseUrl,
        [Parameter(Position = 1)] [AllowEmptyString()] [string] $Username,
        [Parameter(Position = 2)] [AllowNull()] [AllowEmptyString()] [object] $Password,
        [Parameter(Position = 3)] [AllowNull()] [hashtable] $ApiKey,
        [Parameter(Position = 4)] [AllowNull()] [hashtable] $ApiKeyPrefix,
        [Parameter(Position = 5)] [AllowEmptyString()] [string] $Cookie,
        [Parameter(Position = 6)] [AllowNull()] [AllowEmptyString()] [object] $AccessToken,
        [Parameter()] [switch] $SkipCertificateCheck,
        [Parameter(Position = 7)] [AllowNull()] [hashtable] $DefaultHeaders,
        [Parameter(Position = 8)] [AllowNull()] [AllowEmptyString()] [object] $Proxy,
        [Parameter()] [switch] $PassThru,
        [Parameter()] [AllowEmptyString()] [string] $ClientId,
        [Parameter()] [AllowNull()] [AllowEmptyString()] [object] $ClientSecret,
        [Parameter()] [AllowEmptyString()] [string] $TokenUrl,
        [Parameter()] [AllowNull()] [Nullable[bool]] $Preflight,
        [Parameter()] [AllowNull()] [Nullable[int]] $MaxIdentities,
        [Parameter()] [ValidateSet('auto', 'cc', 'process', '')] [string] $Backend,
        [Parameter()] [ValidateSet('v1', 'v2026', 'v2025', 'v2024', '')] [string] $ApiVersion,
        [Parameter()] [AllowNull()] [Nullable[bool]] $AllowBroader,
        [Parameter()] [AllowNull()] [hashtable] $RateLimit,
        [Parameter()] [AllowNull()] [Nullable[int]] $MaximumConcurrency,
        [Parameter()] [AllowEmptyString()] [string] $NoProxy,
        [Parameter()] [AllowEmptyString()] [string] $CaFile,
        [Parameter()] [AllowNull()] [Nullable[double]] $TimeoutSec,
        [Parameter()] [AllowNull()] [Nullable[int]] $MaximumRetryCount,
        [Parameter()] [AllowNull()] [Nullable[double]] $RetryIntervalSeconds,
        [Parameter()] [AllowEmptyString()] [string] $Environment
    )

    process {
        . $script:UseCallerPreference
        try {
            foreach ($name in 'AccessToken', 'ClientSecret', 'Password') {
                $value = $PSBoundParameters[$name]
                if ($null -ne $value -and $value -isnot [string] -and $value -isnot [securestring]) {
                    throw (New-ArgumentError "-$name must be a String or a SecureString, not $($value.GetType().Name).")
                }
            }
            # What a SecureString becomes where a parameter is text.
            foreach ($name in $PSBoundParameters.Keys) {
                if ($PSBoundParameters[$name] -is [string] -and $PSBoundParameters[$name] -ceq 'System.Security.SecureString') { throw (New-SecureStringError "-$name") }
            }
            if ($null -ne $Proxy -and $Proxy -isnot [string] -and $Proxy -isnot [uri] -and $Proxy -isnot [System.Net.IWebProxy]) {
                throw (New-ArgumentError "-Proxy must be an address or an IWebProxy, not $($Proxy.GetType().Name)." 'Write it like http://proxy.example:8080')
            }
        } catch {
            Microsoft.PowerShell.Utility\Write-Error -ErrorRecord $_ -ErrorAction Stop
        }
        foreach ($name in 'BaseUrl', 'Username', 'Password', 'ApiKey', 'ApiKeyPrefix', 'Cookie', 'AccessToken', 'DefaultHeaders', 'Proxy', 'ClientId', 'ClientSecret', 'TokenUrl', 'Preflight', 'MaxIdentities', 'AllowBroader', 'RateLimit', 'MaximumConcurrency', 'NoProxy', 'CaFile', 'TimeoutSec', 'MaximumRetryCount', 'RetryIntervalSeconds', 'Environment') {
            if (-not $PSBoundParameters.ContainsKey($name)) { continue }
            $value = $PSBoundParameters[$name]
            if ($value -is [string] -and $value -eq '') { $value = $null }
            # From where the session is now, not from where it will be.
            if ($name -eq 'CaFile' -and $null -ne $value) { $value = $PSCmdlet.SessionState.Path.GetUnresolvedProviderPathFromPSPath($value) }
            $script:Configuration[$name] = $value
        }
        foreach ($name in 'Backend', 'ApiVersion') {
            if (-not $PSBoundParameters.ContainsKey($name)) { continue }
            $value = $PSBoundParameters[$name].ToLowerInvariant()
            if ($value -eq '') { $value = $null }
            $script:Configuration[$name] = $value
        }
        if ($PSBoundParameters.ContainsKey('SkipCertificateCheck')) { $script:Configuration['SkipCertificateCheck'] = [bool] $SkipCertificateCheck }
        if ($PassThru) {
            Update-ShownBaseUrl $PSCmdlet
            $script:Configuration
        }
    }
}
