# The documented body, as the members of the library's request.

# Members of the library's request that a documented request must not contain: options could cause a full refresh, and
# people by name give results of another type.
$script:ForeignMember = 'options', 'configuration', 'identities', 'identityAttribute', 'stream', 'client'

# Returns the text between the braces, or an error. JSON text is passed unchanged, so that positions in errors are those in
# the caller's text.
function script:ConvertTo-RequestMember($Request) {
    try {
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
            # Not a flag, which would have all variables here compiled anew.
            $withoutNull = $null
            # PowerShell ignores the case of names; the service would ignore a member "Filter".
            if ($name -eq 'filter') {
                $name = 'filter'
            } elseif ($name -eq 'refreshArgs') {
                $name = 'refreshArgs'
                $withoutNull = $name
            } elseif ($name -in $script:ForeignMember) {
                throw (New-MemberError $name)
            }
            if ($null -eq $value) { continue }
            if ($value -is [string] -and $value -cnotmatch '[\x00-\x1f]') {
                $text = '"' + ($value -creplace '(["\\])', '\$1') + '"'
            } elseif ($value -is [System.Management.Automation.PSCustomObject] -or $value -is [System.Collections.IDictionary]) {
                # Unknown names and values pass unchanged. The library leaves out null members of refreshArgs.
                $text = $script:JsonObjectBlock.InvokeReturnAsIs(@($value, 1, $withoutNull))
                    if ($text -is [System.Management.Automation.ErrorRecord]) { throw $text }
            } else {
                $text = ConvertTo-JsonText $value 1
            }
            if ($name -cmatch '[\x00-\x1f"\\]') { (ConvertTo-JsonText $name) + ':' + $text } else { "`"$name`":$text" }
        }
        $members -join ','
    } catch { $_ }
}
$script:RequestMemberBlock = ${function:ConvertTo-RequestMember}

# Whether a value is an object with properties: no text, number, date or list.
function script:Test-Object($Value) {
    $Value -is [System.Management.Automation.PSCustomObject] -or
    ($Value -isnot [valuetype] -and $Value -isnot [string] -and $Value -isnot [System.Collections.IEnumerable])
}
$script:TestObjectBlock = ${function:Test-Object}

# A dictionary or an object with a filter or refreshArgs.
function script:Test-RequestObject($Value) {
    if ($null -eq $Value) { return $false }
    if ($Value -is [System.Collections.IDictionary]) {
        foreach ($entry in $Value.GetEnumerator()) { if ($entry.Key -in 'filter', 'refreshArgs') { return $true } }
        return $false
    }
    if (-not $script:TestObjectBlock.InvokeReturnAsIs(@(, $Value))) { return $false }
    $null -ne $Value.PSObject.Properties['filter'] -or $null -ne $Value.PSObject.Properties['refreshArgs']
}
$script:TestRequestBlock = ${function:Test-RequestObject}
