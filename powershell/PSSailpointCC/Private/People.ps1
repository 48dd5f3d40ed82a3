# People by name: which input names a person, and the errors for names that match nobody or several people.

# Property of an input object = attribute of its value, in the order of precedence; $null: the attribute that
# -IdentityAttribute names. The user name is called name in search, and alias elsewhere.
$script:NamingProperty = [ordered] @{ Identity = $null; uid = 'uid'; alias = 'name'; id = 'id' }

# Returns the attribute and the value by which an input object names a person, or an error record.
function Resolve-Person($Value, [string] $Attribute) {
    if ($Value -is [string]) {
        # A filter or a request given as text would be searched for as a name, and only give "no match".
        if ($Value -notmatch '\S' -or $Value -match '^\s*\{.*:.*\}\s*$' -or $Value -match '^[\s(!]*[\w.]+\s*(i?[=!<>]=?\s*"|\.\w+\([{")])') { return New-InputError $Value }
        return $Attribute, $Value
    }
    if (Test-Number $Value) { return $Attribute, (ConvertTo-JsonText $Value) }
    $isTable = $Value -is [System.Collections.IDictionary]
    if (-not $isTable -and ($null -eq $Value -or -not (Test-Object $Value))) { return New-InputError $Value }
    foreach ($property in $script:NamingProperty.Keys) {
        $name = $null
        if ($isTable) {
            $found = $false
            foreach ($entry in $Value.GetEnumerator()) { if ($entry.Key -eq $property) { $found = $true; $name = $entry.Value } }
            if (-not $found) { continue }
        } else {
            $member = $Value.PSObject.Properties[$property]
            if ($null -eq $member) { continue }
            $name = $member.Value
        }
        $of = $script:NamingProperty[$property]
        # An id is text: the numeric id of a process, for example, names no person.
        if ($of -ne 'id' -and (Test-Number $name)) { $name = ConvertTo-JsonText $name }
        if ($name -isnot [string] -or $name -notmatch '\S') { return New-InputError $Value -Property $property }
        if ($null -eq $of) { $of = $Attribute }
        return $of, [string] $name
    }
    New-InputError $Value
}

function Test-Number($Value) {
    $Value -is [int] -or $Value -is [long] -or $Value -is [double] -or $Value -is [decimal] -or $Value -is [bigint] -or
    $Value -is [uint32] -or $Value -is [uint64] -or $Value -is [int16] -or $Value -is [uint16] -or $Value -is [byte] -or $Value -is [sbyte] -or $Value -is [single]
}

# The error for input that is neither a request nor names a person. Such input never means "no filter".
function New-InputError($Value, [string] $Property, [string] $Beside) {
    $hint = 'Pipe names (by default uids), objects with a property Identity, uid, alias or id, or requests (see Initialize-RefreshIdentitiesRequest).'
    if ($Beside) {
        $message = 'The input stands beside {0}; nothing was sent for it.' -f $Beside
        $hint = '-RefreshIdentitiesRequest is one request, and takes no other and no names from the pipeline. -RefreshArgs and -JournalPath are for people by name and for -Filter; a request holds its own arguments, and has no journal.'
    } elseif ($null -eq $Value) {
        $message = 'The input is $null, which names nobody; nothing was sent for it.'
    } elseif ($Value -is [string] -and $Value -notmatch '\S') {
        $message = 'The input is an empty text, which names nobody; nothing was sent for it.'
    } elseif ($Value -is [string] -and $Value.Trim().StartsWith('{')) {
        $message = 'The input is JSON text, which is no request object; nothing was sent for it.'
        $hint = 'Give JSON text by -RefreshIdentitiesRequest, or pipe what ConvertFrom-Json makes of it.'
    } elseif ($Value -is [string]) {
        $message = "The input '{0}' is a filter, not a name; nothing was sent for it." -f (Limit-Text $Value 60)
        $hint = 'Give a filter by -Filter. Somebody who is really called so is named by -Identity.'
    } elseif ($Property) {
        $message = "The input's property '{0}' holds no name; nothing was sent for it." -f $Property
        $hint = 'It must be text, and not empty. ' + $hint
    } elseif ($Value -is [System.Collections.IDictionary] -or (Test-Object $Value)) {
        $message = 'The input ({0}) has none of the properties Identity, uid, alias and id, nor filter or refreshArgs; nothing was sent for it.' -f $Value.GetType().Name
        $hint = "Take the property that names people, such as (Import-Csv people.csv).email, and say which attribute it is by -IdentityAttribute.`n" + $hint
    } else {
        $message = 'The input ({0}) names nobody and is no request; nothing was sent for it.' -f $Value.GetType().Name
    }
    New-ErrorRecord @{ code = 'invalid_argument'; message = $message; hint = $hint; sent = 'no' } $Value
}

# Removes control characters, which a terminal would execute.
function Limit-Text([string] $Text, [int] $Length) {
    if ($Text.Length -gt $Length) { $Text = $Text.Substring(0, $Length) + '...' }
    $Text -replace '\p{Cc}', '?'
}

function New-UnmatchedError([string] $Name, [string] $Attribute, [string] $BaseUrl) {
    $hint = 'Nothing was sent for it. Search lags behind by minutes, and does not know uncorrelated identities.'
    # PowerShell converts an object, such as a line of Import-Csv, to this text for -Identity.
    if ($Name.StartsWith('@{', [StringComparison]::Ordinal)) { $hint = 'Nothing was sent for it. That is an object as text: pipe the objects, or give one property of them, such as -Identity (Import-Csv people.csv).uid.' } elseif ($Attribute -eq 'uid') { $hint += "`nWhere that is the value of another attribute, name it by -IdentityAttribute, such as name (the user name) or email." }
    New-ErrorRecord @{ code = 'no_match'; message = "Nobody{0} has the {1} '{2}'." -f (Get-PlaceText $BaseUrl), $Attribute, (Limit-Text $Name 200); hint = $hint; sent = 'no' } $Name
}

# Several people have the value: none of them was sent.
function New-AmbiguousError([System.Collections.IDictionary] $Entry, [string] $Attribute, [string] $BaseUrl) {
    $people = foreach ($person in $Entry['people']) { '{0}, id {1}' -f (Get-PersonText $person), $person['id'] }
    New-ErrorRecord @{
        code    = 'ambiguous_identity'
        message = "{0} people{1} have the {2} '{3}', and none of them was refreshed: {4}." -f @($Entry['people']).Count, (Get-PlaceText $BaseUrl), $Attribute, (Limit-Text $Entry['identity'] 200), ($people -join '; ')
        hint    = 'Name the one who is meant by id: -Identity <id> -IdentityAttribute id.'
        sent    = 'no'
    } $Entry['identity']
}

function Get-PlaceText([string] $BaseUrl) {
    if ($BaseUrl) { " on $BaseUrl" }
}
