# What most sessions do not have in their configuration: secure texts, headers, proxies, unknown keys, addresses in files.

function script:New-SecureStringError([string] $Name) {
    New-ArgumentError "$Name is a SecureString, and must be text." 'AccessToken, ClientSecret and the values of DefaultHeaders may be SecureStrings; everything else is text.'
}

function script:ConvertTo-PlainText($Value) {
    if ($Value -is [securestring]) { return [System.Net.NetworkCredential]::new('', $Value).Password }
    [string] $Value
}

function script:ConvertTo-HeaderText($Value) {
    if ($Value -isnot [System.Collections.IDictionary]) { return ConvertTo-JsonText $Value }
    if ($Value.psbase.Count -eq 0) { return }
    $headers = foreach ($entry in $Value.GetEnumerator()) {
        if ($null -eq $entry.Value) { continue }
        (ConvertTo-JsonText ([string] $entry.Key)) + ':' + (ConvertTo-JsonText (ConvertTo-PlainText $entry.Value))
    }
    '{' + ($headers -join ',') + '}'
}

# An address, or an IWebProxy, whose credentials become part of the address as the library takes them.
function script:ConvertTo-ProxyAddress($Value) {
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

function script:Write-UnknownKey([string] $Key) {
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

function script:Get-EditDistance([string] $From, [string] $To) {
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

# The address that the library takes from the environment or a file.
function script:Get-EffectiveBaseUrl($Cmdlet) {
    $WarningPreference = 'SilentlyContinue'
    try {
        $member = (Get-ConfigurationText $Cmdlet) -replace '^\{|\}$'
        $answer = Invoke-NativeFunction 'cc_configure' ($member + ',"preview":true')
        if ($answer['ok']) { $answer['configuration']['baseUrl'] }
    } catch {
        Microsoft.PowerShell.Utility\Write-Debug -Message ('The effective BaseUrl is not known: {0}' -f $_.Exception.Message)
    }
}
