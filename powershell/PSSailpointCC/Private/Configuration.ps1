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

foreach ($name in $script:ConfigurationMember.get_Keys()) { $script:ConfigurationName[$name] = $name }

$script:LookupVariable = [string[]] @(
    'SAIL_BASE_URL', 'SAIL_CLIENT_ID', 'SAIL_CLIENT_SECRET', 'SAIL_ACTIVEENVIRONMENT'
    'HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy', 'ALL_PROXY', 'all_proxy', 'NO_PROXY', 'no_proxy'
    'SSL_CERT_FILE', 'SSL_CERT_DIR', 'HOME', 'USERPROFILE'
)

# The configuration of a call as JSON text, and where the library looks for what the session has not set: native code
# sees neither what a session has put into $env: nor its location. The same text while nothing has changed.
function script:Get-ConfigurationText($Cmdlet) {
    $text = Find-ConfigurationText $Cmdlet
    if (-not $text) { $text = New-ConfigurationText $Cmdlet }
    $text
}

# The text of the call before, unless something has changed.
function script:Find-ConfigurationText($Cmdlet) {
    $configuration = $script:Configuration
    $baseUrl = $configuration['BaseUrl']
    $script:IsBaseUrlShown = [object]::ReferenceEquals($baseUrl, $script:ShownBaseUrl)
    # The runspace's, which is not the process's. Asking the session state takes 0.1 ms.
    if ($PWD.Provider.Name -eq 'FileSystem') { $script:Directory = $PWD.ProviderPath } else { $script:Directory = $Cmdlet.SessionState.Path.CurrentFileSystemLocation.ProviderPath }
    $script:State = $null
    # Not for the first calls: a script of few calls is faster without.
    $script:TextCount++
    if ($script:TextCount -le 5) { return }
    $proxy = $null
    # http: is a loopback address, which has no proxy.
    if ($baseUrl -notlike 'http:*') { if ($script:IsCore) { $proxy = [System.Net.Http.HttpClient]::DefaultProxy } else { $proxy = [System.Net.WebRequest]::DefaultWebProxy } }
    # A method for all of them, where a loop would take longer than everything else here.
    if ($null -eq $script:ReadVariable) { $script:ReadVariable = [Delegate]::CreateDelegate([System.Converter[string, string]], [Environment].GetMethod('GetEnvironmentVariable', [type[]] @([string]))) }
    $state = [System.Collections.ArrayList] @($proxy, $script:IsBaseUrlShown, $script:Directory)
    # The inner hashtables too: they may be filled later without another assignment.
    foreach ($table in $configuration, $configuration['DefaultHeaders'], $configuration['RateLimit']) {
        if ($table -is [hashtable]) { $null = $state.Add($table.get_Count()); $state.AddRange($table.get_Keys()); $state.AddRange($table.get_Values()) }
    }
    $state.AddRange([array]::ConvertAll($script:LookupVariable, $script:ReadVariable))
    $now = $state.ToArray()
    # By Equals: a text decides by its characters, and what is no text, number or flag by its identity.
    if ($null -ne $script:KeptText -and [System.Linq.Enumerable]::SequenceEqual($script:KeptState, $now)) { return $script:KeptText }
    $script:State = $now
}
$script:FindConfigurationBlock = ${function:Find-ConfigurationText}
$script:TextCount = 0
$script:ReadVariable = $null
$script:KeptText = $null
$script:KeptState = [object[]] @()

# What the last look has found: whether BaseUrl is the one that Get-Configuration has put there, the current folder, and
# everything that the text depends on. Before the text is made, because another runspace may set a variable meanwhile.
$script:IsBaseUrlShown = $false
$script:Directory = $script:State = $null

# Makes the text, after Find-ConfigurationText has looked.
function script:New-ConfigurationText($Cmdlet) {
    $state, $script:State = $script:State, $null
    $text = '{' + (ConvertTo-ConfigurationText $Cmdlet $script:IsBaseUrlShown) + (ConvertTo-LookupText $script:Directory) + '}'
    $script:KeptText = $null
    if ($null -ne $state -and (Test-FixedConfiguration)) {
        $script:KeptState = $state
        $script:KeptText = $text
    }
    $text
}

# Whether the text depends on nothing that can change in itself, or that the comparison does not see.
function script:Test-FixedConfiguration {
    foreach ($entry in $script:Configuration.GetEnumerator()) {
        # What kinds of value there are: Set-Configuration does not check what is assigned to the hashtable.
        $kind = $script:ConfigurationMember[$entry.Key]
        # A warning about an unknown key is written at each call; a path depends on the session's drives.
        if ($null -ne $entry.Value -and ($null -eq $kind -or $kind -eq 'path')) { return $false }
        $values = , $entry.Value
        if ($kind -eq 'kept') { continue }
        if ($kind -in 'headers', 'rate' -and $entry.Value -is [hashtable]) { $values = $entry.Value.psbase.Values }
        foreach ($value in $values) {
            # A value that PowerShell has wrapped would be compared by the culture.
            if ($value -is [psobject]) { return $false }
            if ($null -ne $value -and $value -isnot [string] -and $value -isnot [bool] -and $value -isnot [int] -and $value -isnot [long] -and $value -isnot [double] -and $value -isnot [switch]) { return $false }
        }
    }
    $script:IsProxyFixed
}

# The session's values, each with a comma behind it. $IsShown: BaseUrl is the one that Get-Configuration has put there.
function script:ConvertTo-ConfigurationText($Cmdlet, $IsShown) {
    # Not Keys, which may be a key itself.
    $members = foreach ($key in $script:Configuration.get_Keys()) {
        $value = $script:Configuration[$key]
        # An empty list and an empty object are not set either.
        if ($null -eq $value -or ($value -isnot [hashtable] -and $value -isnot [bool] -and "$value" -eq '')) { continue }
        $name = $script:ConfigurationName[$key]
        if ($null -eq $name) {
            Write-UnknownKey $key
            continue
        }
        $kind = $script:ConfigurationMember[$name]
        if ($kind -eq 'kept' -or ($IsShown -and $name -eq 'baseUrl')) { continue }
        if ($value -is [securestring] -and $kind -ne 'secret') { throw (New-SecureStringError $key) }
        if ($value -is [string] -and ($kind -eq 'text' -or $kind -eq 'secret') -and $value -cnotmatch '[\x00-\x1f]') {
            $text = '"' + ($value -creplace '(["\\])', '\$1') + '"'
        } elseif ($value -is [bool]) {
            if ($value) { $text = 'true' } else { $text = 'false' }
        } elseif ($kind -eq 'headers' -and $value -is [hashtable] -and $value.get_Count() -eq 0) {
            continue
        } else {
            $text = ConvertTo-MemberText $kind $value $Cmdlet
            if (-not $text) { continue }
        }
        '"' + $name + '":' + $text + ','
    }
    -join $members
}

# Where the library looks for what the session has not set.
function script:ConvertTo-LookupText([string] $Directory) {
    $variables = foreach ($name in $script:LookupVariable) {
        $value = [Environment]::GetEnvironmentVariable($name)
        if ($value) { '"' + $name + '":' + (ConvertTo-JsonText $value) }
    }
    $text = '"lookup":{"environment":{' + ($variables -join ',') + '},"directory":"' + ($Directory -creplace '(["\\])', '\$1') + '"'
    $script:IsProxyFixed = $true
    # http: is a loopback address, which has no proxy.
    if (-not $script:Configuration['Proxy'] -and $script:Configuration['BaseUrl'] -notlike 'http:*') {
        $proxy = Get-SystemProxy
        if ($proxy) { $text += ',"proxy":' + (ConvertTo-JsonText $proxy) }
    }
    $text + '}'
}
# Whether the proxy is not one that the system's settings choose for each address anew.
$script:IsProxyFixed = $true

# The values that are neither text nor a flag; nothing where there is nothing to send.
function script:ConvertTo-MemberText([string] $Kind, $Value, $Cmdlet) {
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

# Converts a number written as text. Other text is sent unchanged, so that the library's error can name it.
function script:ConvertTo-NumberText($Value) {
    $number = 0.0
    if ($Value -is [string] -and [double]::TryParse($Value, 'Float', [cultureinfo]::InvariantCulture, [ref] $number)) {
        return $number.ToString('R', [cultureinfo]::InvariantCulture)
    }
    ConvertTo-JsonText $Value
}

# Keys in any case, as all of the configuration's.
function script:ConvertTo-RateText($Value) {
    if ($Value -isnot [System.Collections.IDictionary]) { return ConvertTo-JsonText $Value }
    $members = foreach ($entry in $Value.GetEnumerator()) { (ConvertTo-JsonText ([string] $entry.Key).ToLowerInvariant()) + ':' + (ConvertTo-NumberText $entry.Value) }
    '{' + ($members -join ',') + '}'
}

# The proxy of the system's settings, or of the session's other .NET programs, for the tenant; it may come from a script
# (PAC). The library itself reads the variables, which .NET has read once and for all.
function script:Get-SystemProxy {
    if ((Get-ProxyTarget).IsLoopback) { return }
    if ($script:IsCore) { $proxy = [System.Net.Http.HttpClient]::DefaultProxy } else { $proxy = [System.Net.WebRequest]::DefaultWebProxy }
    if ($null -eq $proxy -or $proxy.GetType().Name -in 'HttpEnvironmentProxy', 'HttpNoProxy') { return }
    $script:IsProxyFixed = $false
    ConvertTo-ProxyAddress $proxy
}

# The tenant, as far as the session knows it: a proxy may depend on the address.
function script:Get-ProxyTarget {
    foreach ($address in $script:Configuration['BaseUrl'], $env:SAIL_BASE_URL) {
        $target = $address -as [uri]
        if ($null -ne $target -and $target.IsAbsoluteUri -and $address -ne $script:PlaceholderBaseUrl) { return $target }
    }
    [uri] $script:PlaceholderBaseUrl
}

# Fills in the BaseUrl that a call would use now, where the session has not set one. Errors are ignored here: the call
# that needs the address reports them.
function script:Update-ShownBaseUrl($Cmdlet) {
    $current = $script:Configuration['BaseUrl']
    if ($current -and -not [object]::ReferenceEquals($current, $script:ShownBaseUrl) -and $current -ne $script:PlaceholderBaseUrl) { return }
    $effective = $null
    if (Test-LookupSource) { $effective = Get-EffectiveBaseUrl $Cmdlet }
    $script:ShownBaseUrl = $script:PlaceholderBaseUrl
    if ($effective) { $script:ShownBaseUrl = $effective }
    $script:Configuration['BaseUrl'] = $script:ShownBaseUrl
}

# Whether there may be an address outside of the session. If not, the library need not be asked, nor loaded.
function script:Test-LookupSource {
    if ([Environment]::GetEnvironmentVariable('SAIL_BASE_URL') -or $PWD.Provider.Name -ne 'FileSystem' -or [System.IO.File]::Exists("$($PWD.ProviderPath)/config.json")) { return $true }
    $hasHome = $false
    # The first is that of Windows.
    foreach ($name in 'USERPROFILE', 'HOME') {
        $folder = [Environment]::GetEnvironmentVariable($name)
        if (-not $folder) { continue }
        $hasHome = $true
        if ([System.IO.File]::Exists("$folder/.sailpoint/config.yaml")) { return $true }
    }
    -not $hasHome
}
