# JSON in both directions. ConvertTo-Json would cut at depth 2, write dates and wrapped strings differently on 5.1, and
# be the slowest part of a call. Text is built by operators alone: method calls on PowerShell 7 hand their arguments,
# secrets among them, to the antimalware interface.

$script:MaximumJsonDepth = 100

function ConvertTo-JsonText($Value, [int] $Depth) {
    if ($null -eq $Value) { return 'null' }
    if ($Value -is [string] -or $Value -is [char]) {
        $text = $Value -replace '(["\\])', '\$1'
        if ($text -match '[\x00-\x1f]') {
            $text = [regex]::Replace($text, '[\x00-\x1f]', { param($match) '\u{0:x4}' -f [int] $match.Value[0] })
        }
        return '"' + $text + '"'
    }
    if ($Value -is [bool]) { if ($Value) { return 'true' } else { return 'false' } }
    if ($Value -is [switch]) { if ($Value.IsPresent) { return 'true' } else { return 'false' } }
    if ($Value -is [enum] -or $Value -is [guid] -or $Value -is [uri] -or $Value -is [version] -or $Value -is [timespan]) {
        return '"' + (($Value.ToString()) -replace '(["\\])', '\$1') + '"'
    }
    if ($Value -is [double] -or $Value -is [single]) {
        if ([double]::IsNaN($Value) -or [double]::IsInfinity($Value)) { throw (New-ArgumentError "JSON has no number $Value.") }
        return $Value.ToString('R', [cultureinfo]::InvariantCulture)
    }
    if ($Value -is [decimal] -or $Value -is [bigint] -or $Value.GetType().IsPrimitive) {
        return $Value.ToString([cultureinfo]::InvariantCulture)
    }
    if ($Value -is [datetime] -or $Value -is [datetimeoffset]) {
        return '"' + $Value.ToString('yyyy-MM-ddTHH:mm:ss.FFFFFFFK', [cultureinfo]::InvariantCulture) + '"'
    }
    if ($Value -is [securestring] -or $Value -is [scriptblock] -or $Value -is [delegate]) {
        throw (New-ArgumentError ('A {0} cannot be sent as JSON.' -f $Value.GetType().Name))
    }
    if ($Depth -ge $script:MaximumJsonDepth) {
        throw (New-ArgumentError "The request nests deeper than $script:MaximumJsonDepth levels, or holds itself.")
    }
    if ($Value -is [System.Collections.IDictionary]) {
        $members = foreach ($entry in $Value.GetEnumerator()) {
            (ConvertTo-JsonText ([string] $entry.Key)) + ':' + (ConvertTo-JsonText $entry.Value ($Depth + 1))
        }
        return '{' + ($members -join ',') + '}'
    }
    if ($Value -is [System.Collections.IEnumerable]) {
        $items = foreach ($item in $Value) { ConvertTo-JsonText $item ($Depth + 1) }
        return '[' + ($items -join ',') + ']'
    }
    $members = foreach ($property in $Value.PSObject.Properties) {
        (ConvertTo-JsonText $property.Name) + ':' + (ConvertTo-JsonText $property.Value ($Depth + 1))
    }
    '{' + ($members -join ',') + '}'
}

# JSON objects as hashtables, on both editions.
function ConvertFrom-JsonText([string] $Text) {
    if ($PSVersionTable.PSEdition -eq 'Core') { return ConvertFrom-Json -InputObject $Text -AsHashtable -NoEnumerate }
    ConvertTo-HashtableValue (ConvertFrom-Json -InputObject $Text)
}

function ConvertTo-HashtableValue($Value) {
    if ($Value -is [System.Management.Automation.PSCustomObject]) {
        # Keys that differ by case only are two members in JSON.
        $table = [hashtable]::new([StringComparer]::Ordinal)
        foreach ($property in $Value.PSObject.Properties) { $table[$property.Name] = ConvertTo-HashtableValue $property.Value }
        return $table
    }
    if ($Value -is [array]) {
        $items = foreach ($item in $Value) { , (ConvertTo-HashtableValue $item) }
        return , @($items)
    }
    $Value
}
