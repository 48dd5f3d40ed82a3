# The results of people by name, and what results are made of.

# Groups the calls of a batch by their outcome: one object for each outcome, and usually only one.
function script:New-RefreshResult([System.Collections.IDictionary] $Answer, [bool] $WithHttpInfo) {
    $groups = [ordered] @{}
    foreach ($call in Get-CountedCall $Answer) {
        if ($null -eq $groups[[string] $call['outcome']]) { $groups[[string] $call['outcome']] = [System.Collections.ArrayList]::new() }
        $null = $groups[[string] $call['outcome']].Add($call)
    }
    # All names matched nobody, or several people.
    if ($groups.psbase.Count -eq 0) { $groups['not_sent'] = @(@{}) }
    Add-ResultFormat
    $response = $Answer['response']
    if ($null -eq $response -and $null -ne $Answer['error']) { $response = $Answer['error']['response'] }
    $content = Get-ResponseContent $response $Answer
    # Only in the first object, so that each name occurs once in all results.
    $unmatched = ConvertTo-TextList @($Answer['unmatched'] | Where-Object { $null -ne $_ })
    $ambiguous = ConvertTo-TextList @(foreach ($entry in $Answer['ambiguous']) { $entry['identity'] })
    foreach ($outcome in $groups.Keys) {
        $calls = $groups[$outcome]
        $last = $calls[-1]
        $identities = @(foreach ($call in $calls) { if ($null -ne $call['identities']) { $call['identities'] } })
        $ids = @(foreach ($call in $calls) { if ($null -ne $call['ids']) { $call['ids'] } })
        # Also of those who were not looked up.
        if ($Answer['identityAttribute'] -eq 'id') { $ids = $identities }
        $tasks = @(foreach ($call in $calls) { if ($null -ne $call['task']) { $call['task']['id'] } })
        $trackingId = $last['trackingId']
        if ($null -eq $trackingId -and $null -ne $Answer['error']) { $trackingId = $Answer['error']['trackingId'] }
        $result = [ordered] @{
            PSTypeName        = 'PSSailpointCC.RefreshResult'
            Outcome           = $script:OutcomeName[$outcome]
            Identities        = ConvertTo-TextList $identities
            IdentityAttribute = $Answer['identityAttribute']
            Ids               = ConvertTo-TextList $ids
            Status            = $last['status']
            TaskId            = $null
            TaskState         = Get-TaskState $calls
            Backend           = $Answer['backend']
            BaseUrl           = $Answer['baseUrl']
            Unmatched         = $unmatched
            Ambiguous         = $ambiguous
            Warnings          = ConvertTo-TextList @($Answer['warnings'] | Where-Object { $_ })
            Response          = Add-JsonText $content
            TrackingId        = $trackingId
        }
        if ($tasks.Count -eq 1) { $result.TaskId = $tasks[0] } elseif ($tasks.Count -gt 1) { $result.TaskId = ConvertTo-TextList $tasks }
        $unmatched = ConvertTo-TextList @()
        $ambiguous = ConvertTo-TextList @()
        if ($WithHttpInfo) {
            $result.StatusCode = $result.Status
            $result.Headers = ConvertTo-HeaderDictionary $response
        }
        [pscustomobject] $result
    }
}

# The names of a batch whom its error is about: those that were not accepted, or else those whose task was not followed to
# its end.
function script:Get-FailedName([System.Collections.IDictionary] $Answer) {
    $failed = foreach ($call in $Answer['calls']) {
        if ($call['outcome'] -ne 'accepted' -and $call['reason'] -ne 'ambiguous') { $call['identities'] }
    }
    if ($null -eq $failed) { $failed = foreach ($call in $Answer['calls']) { if ($null -ne $call['task'] -and $null -eq $call['task']['state']) { $call['identities'] } } }
    # Each once, by ordinal comparison: PowerShell's own comparisons treat some different names as equal.
    , [string[]] [System.Collections.Generic.HashSet[string]]::new([string[]] @($failed | Where-Object { $null -ne $_ }), [StringComparer]::Ordinal)
}

# A string[] whose own text is all of them, so that Export-Csv shows them, and not the name of the type.
function script:ConvertTo-TextList([string[]] $Text) {
    if ($null -eq $Text) { $Text = [string[]] @() }
    $list = [psobject]::new($Text)
    # At the first call: no such type can be made where the language is constrained.
    if ($null -eq $script:JoinedText) { $script:JoinedText = [psscriptmethod]::new('ToString', { $this -join ', ' }) }
    $list.PSObject.Methods.Add($script:JoinedText)
    , $list
}

$script:JoinedText = $null

function script:Add-JsonText($Value) {
    if ($Value -isnot [System.Collections.IDictionary]) { return $Value }
    $wrapped = [psobject]::AsPSObject($Value)
    if ($null -eq $wrapped.PSObject.Methods['ToString'] -or $wrapped.PSObject.Methods['ToString'] -isnot [psscriptmethod]) { $wrapped.PSObject.Methods.Add([psscriptmethod]::new('ToString', $script:JsonOfThis)) }
    , $wrapped
}

$script:JsonOfThis = { ConvertTo-JsonText $this }

function script:ConvertTo-HeaderDictionary([System.Collections.IDictionary] $Response) {
    $headers = [System.Collections.Generic.Dictionary[string, string[]]]::new([StringComparer]::OrdinalIgnoreCase)
    if ($null -ne $Response) {
        foreach ($name in $Response['headers'].Keys) { $headers[$name] = [string[]] $Response['headers'][$name] }
    }
    Add-JsonText $headers
}

# Loaded at the first result: in the manifest it would make every import 20 % slower.
function script:Add-ResultFormat {
    if ($script:HasResultFormat) { return }
    $script:HasResultFormat = $true
    # The view is not essential: the objects are the same without it. Without -Confirm:$false it would ask its own question
    # after -Confirm.
    try { Microsoft.PowerShell.Utility\Update-FormatData -AppendPath ([WildcardPattern]::Escape("$script:ModuleRoot/PSSailpointCC.Format.ps1xml")) -Confirm:$false } catch { Microsoft.PowerShell.Utility\Write-Debug -Message $_.Exception.Message }
}

$script:HasResultFormat = $false

# The body of an answer, or its text. After -Wait its status is the one with which the task has ended.
function script:Get-ResponseContent($Response, [System.Collections.IDictionary] $Answer) {
    $content = $null
    if ($null -ne $Response) {
        $content = $Response['text']
        if ($Response.ContainsKey('body')) { $content = $Response['body'] }
    }
    $ended = @(foreach ($call in $Answer['calls']) { if ($null -ne $call['task'] -and $null -ne $call['task']['state']) { $call['task'] } })
    if ($ended.Count -gt 0 -and $content -is [System.Collections.IDictionary] -and $null -ne $content['status']) {
        $task = $ended | Where-Object { $_['id'] -eq $content['id'] } | Select-Object -First 1
        # The answer about a task that cannot be followed, of synchronize-attributes, gives way to the one that was.
        if ($null -eq $task) { $task = $ended[-1]; $content = @{ type = $task['type']; id = $task['id']; name = $task['name'] } }
        $content['status'] = $task['completionStatus']
    }
    , $content
}

$script:TaskState = @{ running = 'Running'; succeeded = 'Succeeded'; warning = 'Warning'; failed = 'Failed' }

# The worst state of the tasks of calls that were waited for.
function script:Get-TaskState($Calls) {
    $states = @(foreach ($call in $Calls) { if ($null -ne $call['task'] -and $null -ne $call['task']['state']) { $call['task']['state'] } })
    foreach ($state in 'failed', 'warning', 'running', 'succeeded') { if ($state -in $states) { return $script:TaskState[$state] } }
}
