# For Windows PowerShell.

# For .NET Framework, which has no reader for UTF-8.
function script:Read-NativeText([IntPtr] $Pointer) {
    $bytes = [byte[]]::new($script:Native::lstrlenA($Pointer))
    [System.Runtime.InteropServices.Marshal]::Copy($Pointer, $bytes, 0, $bytes.Length)
    [System.Text.Encoding]::UTF8.GetString($bytes)
}

# What ConvertFrom-Json makes on Windows PowerShell, as the hashtables that it makes on 7.
function script:ConvertTo-HashtableValue($Value) {
    if ($Value -is [System.Management.Automation.PSCustomObject]) {
        # Keys that differ by case only are two members in JSON.
        $table = [hashtable]::new([StringComparer]::Ordinal)
        foreach ($property in $Value.PSObject.Properties) {
            # Texts are most of it, and a call for each would take most of the time.
            if ($property.Value -is [string]) { $table[$property.Name] = $property.Value } else { $table[$property.Name] = ConvertTo-HashtableValue $property.Value }
        }
        return $table
    }
    if ($Value -is [array]) {
        $items = foreach ($item in $Value) { if ($item -is [string]) { $item } else { , (ConvertTo-HashtableValue $item) } }
        return , @($items)
    }
    $Value
}
