# JSON text to an object of exactly these members; others are refused, and missing ones are $null.
function script:ConvertFrom-ModelText([string] $Json, [string[]] $Name) {
    $value = $null
    if ($Json.Trim()) {
        try {
            $value = ConvertFrom-Json -InputObject $Json
        } catch {
            throw (New-ArgumentError ('-Json is not JSON: {0}' -f $_.Exception.Message) 'A JSON object is needed.')
        }
    }
    if ($value -isnot [System.Management.Automation.PSCustomObject]) {
        throw (New-ArgumentError '-Json is no JSON object.' ('It must be one with the members {0}.' -f ($Name -join ', ')))
    }
    foreach ($property in $value.PSObject.Properties) {
        if ($Name -cnotcontains $property.Name) {
            throw (New-ArgumentError ("JSON key '{0}' is not one of the properties {1}." -f $property.Name, ($Name -join ', ')) 'Names are compared by case. The service would not read another one.')
        }
    }
    $model = [ordered] @{}
    foreach ($member in $Name) {
        $model[$member] = $null
        if ($null -ne $value.PSObject.Properties[$member]) { $model[$member] = $value.$member }
    }
    [pscustomobject] $model
}
