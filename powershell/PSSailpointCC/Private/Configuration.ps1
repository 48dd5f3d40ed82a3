# The session's configuration: one live hashtable per runspace, passed with each request. The process-wide default of
# the library is never set: another runspace would be sent to this one's tenant.

# The official module's initial value, a placeholder; it counts as not set.
$script:PlaceholderBaseUrl = 'https://sailpoint.api.identitynow.com'

$script:Configuration = @{
    BaseUrl              = $script:PlaceholderBaseUrl
    TokenUrl             = $null
    AccessToken          = $null
    ClientId             = $null
    ClientSecret         = $null
    DefaultHeaders       = @{}
    SkipCertificateCheck = $false
    Proxy                = $null
    MaximumRetryCount    = $null
    RetryIntervalSeconds = $null
    Username             = $null
    Password             = $null
    Cookie               = $null
    ApiKey               = @{}
    ApiKeyPrefix         = @{}
}

# The BaseUrl that Get-Configuration has put into the hashtable, by reference. The session has not set it, so it is not
# sent: otherwise a config.json in the current folder could decide where the session's token goes.
$script:ShownBaseUrl = $script:PlaceholderBaseUrl

# Key of the hashtable = what kind of value the library's member of that name takes.
$script:ConfigurationMember = @{
    baseUrl              = 'text'
    tokenUrl             = 'text'
    accessToken          = 'secret'
    clientId             = 'text'
    clientSecret         = 'secret'
    defaultHeaders       = 'headers'
    skipCertificateCheck = 'flag'
    proxy                = 'proxy'
    noProxy              = 'text'
    timeoutSec           = 'number'
    connectTimeoutSec    = 'number'
    maximumRetryCount    = 'number'
    retryIntervalSeconds = 'number'
    maximumConcurrency   = 'number'
    rateLimit            = 'rate'
    maximumResponseBytes = 'number'
    caFile               = 'path'
    backend              = 'text'
    apiVersion           = 'text'
    allowBroader         = 'flag'
    preflight            = 'flag'
    maxIdentities        = 'number'
    userAgent            = 'text'
    environment          = 'text'
    # Members of the official module that this API does not use.
    apiKey               = 'kept'
    apiKeyPrefix         = 'kept'
    username             = 'kept'
    password             = 'kept'
    cookie               = 'kept'
    # The official SDK's cache of its token; ours is inside the library.
    token                = 'kept'
    tokenExpiration      = 'kept'
    # What the official SDK 2 has besides.
    experimental         = 'kept'
    consumerIdentifier   = 'kept'
    consumerVersion      = 'kept'
    nermBaseUrl          = 'kept'
}
# The same names by themselves in the spelling of the library.
$script:ConfigurationName = @{}
foreach ($name in $script:ConfigurationMember.Keys) { $script:ConfigurationName[$name] = $name }

$script:LookupVariable = @(
    'SAIL_BASE_URL', 'SAIL_CLIENT_ID', 'SAIL_CLIENT_SECRET', 'SAIL_ACTIVEENVIRONMENT'
    'HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy', 'ALL_PROXY', 'all_proxy', 'NO_PROXY', 'no_proxy'
    'SSL_CERT_FILE', 'SSL_CERT_DIR', 'HOME', 'USERPROFILE'
)

# The configuration of a call as JSON text, and where the library looks for what the session has not set: native code
# sees neither what a session has put into $env: nor its location.
function Get-ConfigurationText($Cmdlet) {
    # The same text while nothing has changed: the same keys and the very same values. Of texts, numbers and flags alone,
    # which cannot change in themselves.
    $kept = $script:KeptConfiguration
    $at = 0
    if ($null -ne $kept -and $kept.Count -eq 2 * $script:Configuration.psbase.Count) {
        foreach ($entry in $script:Configuration.GetEnumerator()) {
            if (-not [object]::ReferenceEquals($entry.Key, $kept[$at]) -or -not [object]::ReferenceEquals($entry.Value, $kept[$at + 1])) { break }
            $at += 2
        }
    }
    if ($at -eq 0 -or $at -ne $kept.Count -or $script:Configuration['DefaultHeaders'].psbase.Count -gt 0) {
        $script:KeptConfiguration = $null
        $script:KeptText = ConvertTo-ConfigurationText $Cmdlet
    }
    $variables = foreach ($name in $script:LookupVariable) {
        $value = [Environment]::GetEnvironmentVariable($name)
        if ($value) { '"' + $name + '":' + (ConvertTo-JsonText $value) }
    }
    # The runspace's, which is not the process's. Asking the session state takes 0.1 ms.
    if ($PWD.Provider.Name -eq 'FileSystem') { $directory = $PWD.ProviderPath } else { $directory = $Cmdlet.SessionState.Path.CurrentFileSystemLocation.ProviderPath }
    $lookup = '"lookup":{"environment":{' + ($variables -join ',') + '},"directory":"' + ($directory -creplace '(["\\])', '\$1') + '"'
    # http: is a loopback address, which has no proxy.
    if (-not $script:Configuration['Proxy'] -and $script:Configuration['BaseUrl'] -notlike 'http:*') {
        $proxy = Get-SystemProxy
        if ($proxy) { $lookup += ',"proxy":' + (ConvertTo-JsonText $proxy) }
    }
    '{' + $script:KeptText + $lookup + '}}'
}

# The session's values, each with a comma behind it.
function ConvertTo-ConfigurationText($Cmdlet) {
    $mayKeep = $true
    $kept = [System.Collections.ArrayList]::new()
    $members = foreach ($entry in $script:Configuration.GetEnumerator()) {
        $value = $entry.Value
        $null = $kept.Add($entry.Key)
        $null = $kept.Add($value)
        if ($null -eq $value -or '' -eq $value) { continue }
        $name = $script:ConfigurationName[$entry.Key]
        if ($null -eq $name) {
            # The warning is written at each call.
            $mayKeep = $false
            Write-UnknownKey $entry.Key
            continue
        }
        $kind = $script:ConfigurationMember[$name]
        if ($kind -eq 'kept') { continue }
        if ($value -is [securestring] -and $kind -ne 'secret') { throw (New-SecureStringError $entry.Key) }
        if ($name -eq 'baseUrl' -and [object]::ReferenceEquals($value, $script:ShownBaseUrl)) {
            # By reference, which the table does not hold.
            $mayKeep = $false
            continue
        }
        if ($value -is [string] -and $kind -in 'text', 'secret' -and $value -cnotmatch '[\x00-\x1f]') {
            $text = '"' + ($value -creplace '(["\\])', '\$1') + '"'
        } elseif ($value -is [bool]) {
            if ($value) { $text = 'true' } else { $text = 'false' }
        } elseif ($kind -eq 'headers' -and $value -is [hashtable] -and $value.psbase.Count -eq 0) {
            # It may be filled later without another assignment.
            continue
        } else {
            # The last is a path, which depends on where the session is.
            if (($value -isnot [string] -and $value -isnot [int]) -or $kind -eq 'path') { $mayKeep = $false }
            $text = ConvertTo-MemberText $kind $value $Cmdlet
            if (-not $text) { continue }
        }
        '"' + $name + '":' + $text + ','
    }
    if ($mayKeep) { $script:KeptConfiguration = $kept }
    -join $members
}
$script:KeptConfiguration = $null
$script:KeptText = ''

# The values that are neither text nor a flag; nothing where there is nothing to send.
function ConvertTo-MemberText([string] $Kind, $Value, $Cmdlet) {
    switch ($Kind) {
        'secret' {
            if ($Value -is [securestring]) { $Value = ConvertTo-PlainText $Value }
            ConvertTo-JsonText $Value
        }
        'headers' { ConvertTo-HeaderText $Value }
        'proxy' {
            $address = ConvertTo-ProxyAddress $Value
            if ($address) { ConvertTo-JsonText $address }
        }
        'path' { ConvertTo-JsonText $Cmdlet.SessionState.Path.GetUnresolvedProviderPathFromPSPath($Value) }
        'number' { ConvertTo-NumberText $Value }
        'rate' { ConvertTo-RateText $Value }
        default { ConvertTo-JsonText $Value }
    }
}

function New-SecureStringError([string] $Name) {
    New-ArgumentError "$Name is a SecureString, and must be text." 'AccessToken, ClientSecret and the values of DefaultHeaders may be SecureStrings; everything else is text.'
}

function ConvertTo-PlainText($Value) {
    if ($Value -is [securestring]) { return [System.Net.NetworkCredential]::new('', $Value).Password }
    [string] $Value
}

# Converts a number written as text. Other text is sent unchanged, so that the library's error can name it.
function ConvertTo-NumberText($Value) {
    $number = 0.0
    if ($Value -is [string] -and [double]::TryParse($Value, 'Float', [cultureinfo]::InvariantCulture, [ref] $number)) {
        return $number.ToString('R', [cultureinfo]::InvariantCulture)
    }
    ConvertTo-JsonText $Value
}

# Keys in any case, as all of the configuration's.
function ConvertTo-RateText($Value) {
    if ($Value -isnot [System.Collections.IDictionary]) { return ConvertTo-JsonText $Value }
    $members = foreach ($entry in $Value.GetEnumerator()) { (ConvertTo-JsonText ([string] $entry.Key).ToLowerInvariant()) + ':' + (ConvertTo-NumberText $entry.Value) }
    '{' + ($members -join ',') + '}'
}

function ConvertTo-HeaderText($Value) {
    if ($Value -isnot [System.Collections.IDictionary]) { return ConvertTo-JsonText $Value }
    if ($Value.psbase.Count -eq 0) { return }
    $headers = foreach ($entry in $Value.GetEnumerator()) {
        if ($null -eq $entry.Value) { continue }
        (ConvertTo-JsonText ([string] $entry.Key)) + ':' + (ConvertTo-JsonText (ConvertTo-PlainText $entry.Value))
    }
    '{' + ($headers -join ',') + '}'
}

# The tenant, as far as the session knows it: a proxy may depend on the address.
function Get-ProxyTarget {
    foreach ($address in $script:Configuration['BaseUrl'], $env:SAIL_BASE_URL) {
        $target = $address -as [uri]
        if ($null -ne $target -and $target.IsAbsoluteUri -and $address -ne $script:PlaceholderBaseUrl) { return $target }
    }
    [uri] $script:PlaceholderBaseUrl
}

# The proxy of the system's settings, or of the session's other .NET programs, for the tenant; it may come from a script
# (PAC). The library itself reads the variables, which .NET has read once and for all.
function Get-SystemProxy {
    if ((Get-ProxyTarget).IsLoopback) { return }
    if ($script:IsCore) { $proxy = [System.Net.Http.HttpClient]::DefaultProxy } else { $proxy = [System.Net.WebRequest]::DefaultWebProxy }
    if ($null -ne $proxy -and $proxy.GetType().Name -ne 'HttpEnvironmentProxy') { ConvertTo-ProxyAddress $proxy }
}

# An address, or an IWebProxy, whose credentials become part of the address as the library takes them.
function ConvertTo-ProxyAddress($Value) {
    if ($Value -isnot [System.Net.IWebProxy]) { return [string] $Value }
    $target = Get-ProxyTarget
    if ($Value.IsBypassed($target)) { return }
    $address = $Value.GetProxy($target)
    # .NET Framework answers with the target itself where no proxy is needed.
    if ($null -eq $address -or $address -eq $target) { return }
    $credential = $null
    if ($null -ne $Value.Credentials) { $credential = $Value.Credentials.GetCredential($address, 'Basic') }
    if ($null -eq $credential -or -not $credential.UserName) { return $address.AbsoluteUri }
    '{0}://{1}:{2}@{3}' -f $address.Scheme, [uri]::EscapeDataString($credential.UserName), [uri]::EscapeDataString($credential.Password), $address.Authority
}

function Write-UnknownKey([string] $Key) {
    $nearest = $null
    $best = [Math]::Max(2, [int] ($Key.Length / 3)) + 1
    foreach ($name in $script:ConfigurationName.Keys) {
        $distance = Get-EditDistance $Key.ToLowerInvariant() $name.ToLowerInvariant()
        if ($distance -lt $best) { $nearest = $name; $best = $distance }
    }
    $message = "The configuration has a key '{0}' that is not known and has no effect." -f $Key
    if ($nearest) { $message += " Was '{0}' meant?" -f ($nearest.Substring(0, 1).ToUpperInvariant() + $nearest.Substring(1)) }
    Microsoft.PowerShell.Utility\Write-Warning -Message $message
}

function Get-EditDistance([string] $From, [string] $To) {
    $row = 0..$To.Length
    for ($i = 1; $i -le $From.Length; $i++) {
        $diagonal = $row[0]
        $row[0] = $i
        for ($j = 1; $j -le $To.Length; $j++) {
            $above = $row[$j]
            $replace = $diagonal + [int] ($From[$i - 1] -cne $To[$j - 1])
            $row[$j] = [Math]::Min([Math]::Min($above + 1, $row[$j - 1] + 1), $replace)
            $diagonal = $above
        }
    }
    $row[$To.Length]
}

# Fills in the BaseUrl that a call would use now, where the session has not set one. Errors are ignored here: the call
# that needs the address reports them.
function Update-ShownBaseUrl($Cmdlet) {
    $current = $script:Configuration['BaseUrl']
    if ($current -and -not [object]::ReferenceEquals($current, $script:ShownBaseUrl) -and $current -ne $script:PlaceholderBaseUrl) { return }
    $effective = $null
    try {
        $WarningPreference = 'SilentlyContinue'
        $member = (Get-ConfigurationText $Cmdlet) -replace '^\{|\}$'
        $answer = Invoke-NativeFunction 'cc_configure' ($member + ',"preview":true')
        if ($answer['ok']) { $effective = $answer['configuration']['baseUrl'] }
    } catch {
        Microsoft.PowerShell.Utility\Write-Debug -Message ('The effective BaseUrl is not known: {0}' -f $_.Exception.Message)
    }
    $script:ShownBaseUrl = $script:PlaceholderBaseUrl
    if ($effective) { $script:ShownBaseUrl = $effective }
    $script:Configuration['BaseUrl'] = $script:ShownBaseUrl
}
