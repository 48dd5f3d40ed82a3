# People by name: which input names a person, and the errors for names that match nobody or several people.

# Property of an input object = attribute of its value, in the order of precedence; $null: the attribute that
# -IdentityAttribute names. The user name is called name in search, and alias elsewhere. An account has an id of its own
# beside identityId.
$script:NamingProperty = [ordered] @{ Identity = $null; uid = 'uid'; alias = 'name'; identityId = 'id'; id = 'id' }

# Returns the attribute and the value by which an input object names a person, or an error record. $IsGiven: the caller has
# named the attribute, so that only a property of this name, or Identity, counts.
function script:Resolve-Person($Value, [string] $Attribute, [bool] $IsGiven) {
    if ($Value -is [string]) {
        # A filter or a request given as text would be searched for as a name, and only give "no match".
        if ($Value -notmatch '\S' -or $Value -match '^\s*\{.*:.*\}\s*$' -or $Value -match '^[\s(!]*[\w.]+\s*(i?[=!<>]=?\s*"|\.\w+\([{")])') { return New-InputError $Value }
        return $Attribute, $Value
    }
    if ($script:TestNumberBlock.InvokeReturnAsIs(@(, $Value))) { return $Attribute, (ConvertTo-JsonText $Value) }
    if ($null -eq $Value -or ($Value -isnot [System.Collections.IDictionary] -and -not $script:TestObjectBlock.InvokeReturnAsIs(@(, $Value)))) { return New-InputError $Value }
    $properties = $script:NamingProperty.Keys
    if ($IsGiven) { $properties = Get-NamingProperty $Attribute }
    foreach ($property in $properties) {
        $member = $script:FindMemberBlock.InvokeReturnAsIs(@($Value, $property))
        if ($null -eq $member) { continue }
        $name = $member.Value
        $of = $Attribute
        if (-not $IsGiven -and $null -ne $script:NamingProperty[$property]) { $of = $script:NamingProperty[$property] }
        # A reference to an identity, as accounts have it.
        if ($property -eq 'Identity' -and $null -ne $name -and ($name -is [System.Collections.IDictionary] -or (Test-Object $name))) {
            $member = Find-Member $name 'id'
            if ($null -ne $member) { $name, $of = $member.Value, 'id' }
        }
        # An id is text: the numeric id of a process, for example, names no person.
        if ($of -ne 'id' -and $script:TestNumberBlock.InvokeReturnAsIs(@(, $name))) { $name = ConvertTo-JsonText $name }
        if ($name -isnot [string] -or $name -notmatch '\S') { return New-InputError $Value -Property $property }
        return $of, [string] $name
    }
    if ($IsGiven) { return New-InputError $Value -Attribute $Attribute }
    New-InputError $Value
}
$script:ResolvePersonBlock = ${function:Resolve-Person}

# The properties that hold a value of an attribute, in the order of precedence.
function script:Get-NamingProperty([string] $Attribute) {
    if ($Attribute -eq 'id') { 'identityId' }
    $Attribute
    if ($Attribute -like 'attributes.*') { $Attribute.Substring('attributes.'.Length) }
    if ($Attribute -eq 'name') { 'alias' }
    'Identity'
}

# The member of an object or a dictionary of this name, in any case; it has a property Value.
function script:Find-Member($Value, [string] $Name) {
    if ($Value -isnot [System.Collections.IDictionary]) { return $Value.PSObject.Properties[$Name] }
    foreach ($entry in $Value.GetEnumerator()) { if ($entry.Key -eq $Name) { return $entry } }
}
$script:FindMemberBlock = ${function:Find-Member}

# The names of the members of an object or a dictionary, for a message.
function script:Get-MemberText($Value) {
    $names = if ($Value -is [System.Collections.IDictionary]) { @($Value.psbase.Keys) } else { @(foreach ($property in $Value.PSObject.Properties) { $property.Name }) }
    if ($names.Count -eq 0) { return 'It has no properties' }
    $text = @(foreach ($name in $names | Microsoft.PowerShell.Utility\Select-Object -First 20) { Limit-Text ([string] $name) 40 }) -join ', '
    if ($names.Count -gt 20) { $text += ' ...' }
    "It has: $text"
}

function script:Test-Number($Value) {
    $Value -is [int] -or $Value -is [long] -or $Value -is [double] -or $Value -is [decimal] -or $Value -is [bigint] -or
    $Value -is [uint32] -or $Value -is [uint64] -or $Value -is [int16] -or $Value -is [uint16] -or $Value -is [byte] -or $Value -is [sbyte] -or $Value -is [single]
}
$script:TestNumberBlock = ${function:Test-Number}

# The error for input that is neither a request nor names a person. Such input never means "no filter".
function script:New-InputError($Value, [string] $Property, [string] $Beside, [string] $Attribute) {
    $hint = 'Pipe names (by default uids), objects with a property Identity, uid, alias, identityId or id, or requests (see Initialize-RefreshIdentitiesRequest).'
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
    } elseif ($Attribute) {
        $message = "The input ({0}) has no property '{1}', which -IdentityAttribute names; nothing was sent for it. {2}." -f $Value.GetType().Name, $Attribute, (Get-MemberText $Value)
        $hint = "Name an attribute whose values are there by -IdentityAttribute. Where the property is called otherwise than the attribute, call it Identity, or give its values, such as (Import-Csv people.csv).mail."
    } elseif ($Value -is [System.Collections.IDictionary] -or (Test-Object $Value)) {
        $message = 'The input ({0}) has none of the properties Identity, uid, alias, identityId and id, nor filter or refreshArgs; nothing was sent for it. {1}.' -f $Value.GetType().Name, (Get-MemberText $Value)
        $hint = "Take the property that names people, such as (Import-Csv people.csv).email, and say which attribute it is by -IdentityAttribute.`n" + $hint
    } else {
        $message = 'The input ({0}) names nobody and is no request; nothing was sent for it.' -f $Value.GetType().Name
    }
    New-ErrorRecord @{ code = 'invalid_argument'; message = $message; hint = $hint; sent = 'no' } $Value
}

# Removes control characters, which a terminal would execute.
function script:Limit-Text([string] $Text, [int] $Length) {
    if ($Text.Length -gt $Length) { $Text = $Text.Substring(0, $Length) + '...' }
    $Text -replace '\p{Cc}', '?'
}

function script:New-UnmatchedError([string] $Name, [string] $Attribute, [string] $BaseUrl) {
    $hint = 'Nothing was sent for it. Search lags behind by minutes, and does not know uncorrelated identities, which can be named by id.'
    if ($Attribute -eq 'id') { $hint = 'Nothing was sent for it. It must be the id of an identity, not that of an account or of a directory; values of another attribute are named by -IdentityAttribute.' }
    # What "$object" gives.
    if ($Name.StartsWith('@{', [StringComparison]::Ordinal)) { $hint = 'Nothing was sent for it. That is an object as text: pipe the objects, or give one property of them, such as -Identity (Import-Csv people.csv).uid.' } elseif ($Attribute -eq 'uid') { $hint += "`nWhere that is the value of another attribute, name it by -IdentityAttribute, such as name (the user name) or email." }
    if ($Name.Trim(' ') -cne $Name) { $hint += "`nThe value begins or ends with a blank, which counts." }
    New-ErrorRecord @{ code = 'no_match'; message = "Nobody{0} has the {1} '{2}'." -f (Get-PlaceText $BaseUrl), $Attribute, (Limit-Text $Name 200); hint = $hint; sent = 'no' } $Name
}

# Several people have the value: none of them was sent.
function script:New-AmbiguousError([System.Collections.IDictionary] $Entry, [string] $Attribute, [string] $BaseUrl) {
    $people = foreach ($person in $Entry['people']) { '{0}, id {1}' -f (Get-PersonText $person), $person['id'] }
    New-ErrorRecord @{
        code    = 'ambiguous_identity'
        message = "{0} people{1} have the {2} '{3}', and none of them was refreshed: {4}." -f @($Entry['people']).Count, (Get-PlaceText $BaseUrl), $Attribute, (Limit-Text $Entry['identity'] 200), ($people -join '; ')
        hint    = 'Name the one who is meant by id: -Identity <id> -IdentityAttribute id.'
        sent    = 'no'
    } $Entry['identity']
}

function script:Get-PlaceText([string] $BaseUrl) {
    if ($BaseUrl) { " on $BaseUrl" }
}
