# The result of Test-CCFilter.
function script:Get-FilterCheck([string] $Filter) {
    $meaning = $null
    $record = $null
    try {
        $answer = Invoke-NativeFunction 'cc_check_filter' ('"filter":' + (ConvertTo-JsonText $Filter))
        # Not thrown, because $Error would keep it: a wrong filter is no error here.
        if ($answer['ok']) { $meaning = $answer['filter'] } else { $record = New-ErrorRecord $answer['error'] }
    } catch { $record = $_ }
    # invalid_argument: a text that is too long, or holds a lone surrogate, is no filter either.
    if ($null -ne $record -and $record.Exception.Data['code'] -notin 'invalid_filter', 'invalid_argument') { throw $record }
    $check = [ordered] @{
        PSTypeName  = 'PSSailpointCC.FilterCheck'
        Filter      = $Filter
        IsValid     = $null -ne $meaning
        Canonical   = $null
        Attributes  = ConvertTo-TextList @()
        Message     = $null
        Position    = $null
        Hint        = $null
        Warnings    = ConvertTo-TextList @()
        Undecidable = ConvertTo-TextList @()
    }
    if ($null -ne $meaning) {
        $check.Canonical = $meaning['canonical']
        $check.Attributes = ConvertTo-TextList @($meaning['attributes'])
        $check.Warnings = ConvertTo-TextList @($meaning['warnings'])
        $check.Undecidable = ConvertTo-TextList @($meaning['undecidable'])
    } else {
        $check.Message = $record.Exception.Message
        $check.Position = $record.Exception.Data['position']
        $check.Hint = $record.ErrorDetails.RecommendedAction
    }
    [pscustomobject] $check
}
