# JSON. ConvertTo-Json would cut at depth 2, write dates and wrapped strings differently on 5.1, and
# be the slowest part of a call. Text is built by operators alone: method calls on PowerShell 7 hand their arguments,
# secrets among them, to the antimalware interface.

$script:MaximumJsonDepth = 100

function script:ConvertTo-JsonText($Value, $Depth = 0) {
    if ($null -eq $Value) { return 'null' }
    if ($Value -is [string] -or $Value -is [char]) {
        $text = $Value -creplace '(["\\])', '\$1'
        if ($text -cmatch '[\x00-\x1f]') {
            $text = [regex]::Replace($text, '[\x00-\x1f]', { param($match) '\u{0:x4}' -f [int] $match.Value[0] })
        }
        return '"' + $text + '"'
    }
    if ($Value -is [bool]) { if ($Value) { return 'true' } else { return 'false' } }
    if ($Value -is [switch]) { if ($Value.IsPresent) { return 'true' } else { return 'false' } }
    if ($Value -is [double] -or $Value -is [single]) {
        if ([double]::IsNaN($Value) -or [double]::IsInfinity($Value)) { throw (New-ArgumentError "JSON has no number $Value." 'The request or the input holds it: give a finite number, or leave the member out.') }
        return $Value.ToString('R', [cultureinfo]::InvariantCulture)
    }
    if ($Value -is [datetime] -or $Value -is [datetimeoffset]) {
        return '"' + $Value.ToString('yyyy-MM-ddTHH:mm:ss.FFFFFFFK', [cultureinfo]::InvariantCulture) + '"'
    }
    if ($Value -is [enum] -or $Value -is [guid] -or $Value -is [uri] -or $Value -is [version] -or $Value -is [timespan]) {
        return ConvertTo-JsonText $Value.ToString()
    }
    if ($Value -is [decimal] -or $Value -is [bigint] -or $Value.GetType().IsPrimitive) {
        return $Value.ToString([cultureinfo]::InvariantCulture)
    }
    if ($Value -is [securestring] -or $Value -is [scriptblock] -or $Value -is [delegate]) {
        throw (New-ArgumentError ('A {0} cannot be sent as JSON.' -f $Value.GetType().Name))
    }
    if ($Value -is [System.Collections.IEnumerable] -and $Value -isnot [System.Collections.IDictionary]) {
        if ($Depth -ge $script:MaximumJsonDepth) { throw (New-DepthError) }
        $items = foreach ($item in $Value) { ConvertTo-JsonText $item ($Depth + 1) }
        return '[' + ($items -join ',') + ']'
    }
    ConvertTo-JsonObject $Value $Depth
}

# A dictionary or an object with properties, in its order.
function script:ConvertTo-JsonObject($Value, $Depth) {
    $text = $script:JsonObjectBlock.InvokeReturnAsIs(@($Value, $Depth))
    if ($text -is [System.Management.Automation.ErrorRecord]) { throw $text }
    $text
}

# The same, as a script block (see Preference.ps1): an error is returned. The usual values are converted inline, because a
# function call costs more than all the rest. $WithoutNull: anything, to leave out members that are null.
function script:Format-JsonObject($Value, $Depth, $WithoutNull) {
    try {
        if ($Depth -ge $script:MaximumJsonDepth) { throw (New-DepthError) }
        $isTable = $Value -is [System.Collections.IDictionary]
        if ($isTable) { $entries = $Value.GetEnumerator() } else { $entries = $Value.PSObject.Properties }
        $members = foreach ($entry in $entries) {
            # A member whose name is in a variable, and an if as a value, would take twice as long.
            if ($isTable) { $name = [string] $entry.Key } else { $name = $entry.Name }
            $item = $entry.Value
            if ($item -is [bool]) {
                if ($item) { $text = 'true' } else { $text = 'false' }
            } elseif ($null -eq $item) {
                if ($null -ne $WithoutNull) { continue }
                $text = 'null'
            } elseif ($item -is [string] -and $item -cnotmatch '[\x00-\x1f]') {
                $text = '"' + ($item -creplace '(["\\])', '\$1') + '"'
            } else {
                $text = ConvertTo-JsonText $item ($Depth + 1)
            }
            if ($name -cmatch '[\x00-\x1f"\\]') { (ConvertTo-JsonText $name) + ':' + $text } else { "`"$name`":$text" }
        }
        '{' + ($members -join ',') + '}'
    } catch { $_ }
}
$script:JsonObjectBlock = ${function:Format-JsonObject}

# JSON text as hashtables, or $null where it is none.
function script:ConvertFrom-JsonText([string] $Text) {
    try {
        if (-not $script:IsCore) { return ConvertTo-HashtableValue (ConvertFrom-Json -InputObject $Text) }
        $failure = $null
        $value = [Microsoft.PowerShell.Commands.JsonObject]::ConvertFromJson($Text, $true, [ref] $failure)
        if ($null -eq $failure) { $value }
    } catch { Microsoft.PowerShell.Utility\Write-Debug -Message $_.Exception.Message }
}
