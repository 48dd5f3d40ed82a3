# Requests as text, arguments that are given apart, and lists of names.

function script:ConvertFrom-RequestText([string] $Text) {
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

function script:New-MemberError([string] $Name) {
    New-ArgumentError "The request has no member '$Name'." 'It has filter and refreshArgs. People by name are given by -Identity, settings by Set-Configuration, switches such as -MaxIdentities to the command.'
}

# Returns -RefreshArgs as a JSON object. Text is passed unchanged, in its order.
function script:ConvertTo-ArgumentText($Value) {
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

# A JSON array of texts; operators on all of them at once.
function script:ConvertTo-TextArray([string[]] $Text) {
    if ($Text -cmatch '[\x00-\x1f]') { return ConvertTo-JsonText $Text }
    '["' + (($Text -creplace '(["\\])', '\$1') -join '","') + '"]'
}
