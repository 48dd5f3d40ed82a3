# The documented body, as the members of the library's request.

# Members of the library's request that a documented request must not contain: options could cause a full refresh, and
# people by name give results of another type.
$script:ForeignMember = 'options', 'configuration', 'identities', 'identityAttribute', 'stream', 'client'

# Returns the text between the braces. JSON text is passed unchanged, so that positions in errors are those in the
# caller's text.
function ConvertTo-RequestMember($Request) {
    if ($null -eq $Request) { return '' }
    if ($Request -is [string]) { return ConvertFrom-RequestText $Request }
    $isTable = $false
    if ($Request -is [System.Collections.IDictionary]) {
        $isTable = $true
        $entries = $Request.GetEnumerator()
    } elseif ($Request -is [System.Management.Automation.PSCustomObject] -or (Test-Object $Request)) {
        $entries = $Request.PSObject.Properties
    } else {
        throw (New-ArgumentError ('-RefreshIdentitiesRequest must be an object, a hashtable or JSON text, not {0}.' -f $Request.GetType().Name) 'Make one with Initialize-RefreshIdentitiesRequest -VarFilter ''uid == "amelie.roux"''.')
    }
    $members = foreach ($entry in $entries) {
        if ($isTable) { $name = [string] $entry.Key } else { $name = $entry.Name }
        $value = $entry.Value
        # PowerShell ignores the case of names; the service would ignore a member "Filter".
        if ($name -eq 'filter') {
            $name = 'filter'
        } elseif ($name -eq 'refreshArgs') {
            $name = 'refreshArgs'
        } elseif ($name -in $script:ForeignMember) {
            throw (New-MemberError $name)
        }
        if ($null -eq $value) { continue }
        if ($value -is [string] -and $value -cnotmatch '[\x00-\x1f]') {
            $text = '"' + ($value -creplace '(["\\])', '\$1') + '"'
        } elseif ($value -is [System.Management.Automation.PSCustomObject] -or $value -is [System.Collections.IDictionary]) {
            # Unknown names and values pass unchanged. The library leaves out null members of refreshArgs.
            $text = ConvertTo-JsonObject $value 1
        } else {
            $text = ConvertTo-JsonText $value 1
        }
        if ($name -cmatch '[\x00-\x1f"\\]') { (ConvertTo-JsonText $name) + ':' + $text } else { "`"$name`":$text" }
    }
    $members -join ','
}

function ConvertFrom-RequestText([string] $Text) {
    $trimmed = $Text.Trim([char[]] @(0xFEFF, 0x20, 0x09, 0x0A, 0x0D))
    if ($trimmed.Length -lt 2 -or $trimmed[0] -ne '{' -or $trimmed[-1] -ne '}') {
        throw (New-ArgumentError '-RefreshIdentitiesRequest is text, but no JSON object.' ('Write it like {"filter": "uid == \"amelie.roux\""}, or make an object of a filter: ' + 'Initialize-RefreshIdentitiesRequest -VarFilter ''uid == "amelie.roux"''.'))
    }
    if ($trimmed.IndexOf([char] 0) -ge 0) { throw (New-ArgumentError '-RefreshIdentitiesRequest holds a NUL character, which no JSON text can hold.') }
    $members = $trimmed.Substring(1, $trimmed.Length - 2)
    if ($members.Trim().Length -eq 0) { return '' }
    # Parsed only where one of these words occurs, because parsing is slow.
    if ($members -match 'options|configuration|"identit|"stream|"client|\\u') {
        $value = ConvertFrom-JsonText $trimmed
        if ($value -isnot [System.Collections.IDictionary]) {
            throw (New-ArgumentError '-RefreshIdentitiesRequest is text that this PowerShell cannot read as JSON, so that its members cannot be checked.' ($script:UnreadableHint + ' Or give an object, as Initialize-RefreshIdentitiesRequest makes it.'))
        }
        foreach ($name in $value.psbase.Keys) { if ($name -in $script:ForeignMember) { throw (New-MemberError $name) } }
    }
    $members
}

$script:UnreadableHint = 'Look for a syntax error, and for keys that differ by case only, which Windows PowerShell does not read.'

function New-MemberError([string] $Name) {
    New-ArgumentError "The request has no member '$Name'." 'It has filter and refreshArgs. People by name are given by -Identity, settings by Set-Configuration, switches such as -MaxIdentities to the command.'
}

# Returns -RefreshArgs as a JSON object. Text is passed unchanged, in its order.
function ConvertTo-ArgumentText($Value) {
    $hint = 'Make them with Initialize-RefreshIdentitiesRequestRefreshArgs -PromoteAttributes $true, or give @{ promoteAttributes = $true }, or the same as JSON text.'
    $read = $Value
    if ($Value -is [string]) {
        # Exactly one object: text behind it could add members to the library's request.
        $text = $Value.Trim([char[]] @(0xFEFF, 0x20, 0x09, 0x0A, 0x0D))
        $read = $null
        if ($text.StartsWith('{') -and $text.IndexOf([char] 0) -lt 0) { $read = ConvertFrom-JsonText $text }
        if ($read -isnot [System.Collections.IDictionary]) { throw (New-ArgumentError '-RefreshArgs is text, but no JSON object.' ($script:UnreadableHint + ' ' + $hint)) }
    } elseif ($Value -is [System.Collections.IDictionary] -or (Test-Object $Value)) {
        $text = ConvertTo-JsonObject $Value 1
    } else {
        throw (New-ArgumentError ('-RefreshArgs must be an object, a hashtable or JSON text, not {0}.' -f $Value.GetType().Name) $hint)
    }
    if (Test-RequestObject $read) {
        throw (New-ArgumentError '-RefreshArgs is a whole request: it has filter or refreshArgs.' ('Give its refreshArgs alone, or the request by -RefreshIdentitiesRequest. ' + $hint))
    }
    $text
}

# Whether a value is an object with properties: no text, number, date or list.
function Test-Object($Value) {
    $Value -is [System.Management.Automation.PSCustomObject] -or
    ($Value -isnot [valuetype] -and $Value -isnot [string] -and $Value -isnot [System.Collections.IEnumerable])
}
