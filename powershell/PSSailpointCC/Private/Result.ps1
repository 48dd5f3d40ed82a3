# The library's answers as objects and errors.

# Writes the results of an outcome, then its errors. A break or continue in the next command of the pipeline leaves the
# nearest loop on the stack, which is this one: Left says which of the two it was, so that the caller can repeat it outside
# of its loops. Must not be called inside a try with a catch, which would catch errors of the next command.
function Write-Outcome([hashtable] $Outcome, $Cmdlet, $ErrorAction) {
    $Outcome.Left = 'break'
    foreach ($turn in 1, 2) { if ($turn -eq 1) { $Outcome.Result; $Outcome.Left = $null } elseif ($Outcome.Left) { $Outcome.Left = 'continue' } }
    if ($Outcome.Left) { return }
    $ErrorActionPreference = $ErrorAction
    foreach ($problem in $Outcome.Problem) { $Cmdlet.WriteError($problem) }
}

# The calls in which each person is counted once: a call of synchronize-attributes follows one that has refreshed its
# person, unless there are no others.
function Get-CountedCall([System.Collections.IDictionary] $Answer) {
    $calls = @($Answer['calls'] | Where-Object { $null -ne $_ -and $_['reason'] -ne 'ambiguous' })
    $first = @($calls | Where-Object { $_['call'] -ne 'synchronize-attributes' -and $null -ne $_['call'] })
    if ($first.Count -gt 0) { $calls = @($calls | Where-Object { $_['call'] -ne 'synchronize-attributes' }) }
    $calls
}

# The names of a batch that were not accepted.
function Get-FailedName([System.Collections.IDictionary] $Answer) {
    $failed = foreach ($call in $Answer['calls']) {
        if ($call['outcome'] -ne 'accepted' -and $call['reason'] -ne 'ambiguous') { $call['identities'] }
    }
    # Each once, by ordinal comparison: PowerShell's own comparisons treat some different names as equal.
    , [string[]] [System.Collections.Generic.HashSet[string]]::new([string[]] @($failed | Where-Object { $null -ne $_ }), [StringComparer]::Ordinal)
}

# Groups the calls of a batch by their outcome: one object for each outcome, and usually only one.
function New-RefreshResult([System.Collections.IDictionary] $Answer, [bool] $WithHttpInfo) {
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
    $content = $null
    if ($null -ne $response) {
        $content = $response['text']
        if ($response.ContainsKey('body')) { $content = $response['body'] }
    }
    # Only in the first object, so that each name occurs once in all results.
    $unmatched = [string[]] @($Answer['unmatched'] | Where-Object { $null -ne $_ })
    $ambiguous = [string[]] @(foreach ($entry in $Answer['ambiguous']) { $entry['identity'] })
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
            Outcome           = @{ accepted = 'Accepted'; rejected = 'Rejected'; not_sent = 'NotSent'; maybe_sent = 'MaybeSent' }[$outcome]
            Identities        = [string[]] $identities
            IdentityAttribute = $Answer['identityAttribute']
            Ids               = [string[]] $ids
            Status            = $last['status']
            TaskId            = $null
            Backend           = $Answer['backend']
            BaseUrl           = $Answer['baseUrl']
            Unmatched         = $unmatched
            Ambiguous         = $ambiguous
            Warnings          = [string[]] @($Answer['warnings'] | Where-Object { $_ })
            Response          = $content
            TrackingId        = $trackingId
        }
        if ($tasks.Count -eq 1) { $result.TaskId = $tasks[0] } elseif ($tasks.Count -gt 1) { $result.TaskId = [string[]] $tasks }
        $unmatched = $ambiguous = [string[]] @()
        if ($WithHttpInfo) {
            $result.StatusCode = $result.Status
            $result.Headers = ConvertTo-HeaderDictionary $response
        }
        [pscustomobject] $result
    }
}

# The error for a person whom the task has not refreshed.
function New-FailedPersonError([System.Collections.IDictionary] $Person) {
    $message = "'{0}' was not refreshed by the task" -f (Limit-Text $Person['identity'] 200)
    if ($Person['processingState']) { $message += ': the tenant calls the state {0}' -f (Limit-Text $Person['processingState'] 40) }
    $last = $Person['lastRefresh']
    # PowerShell 7 reads it as a time, which as text would lack its zone.
    if ($last -is [datetime]) { $last = $last.ToUniversalTime().ToString('yyyy-MM-ddTHH:mm:ss.fffZ', [cultureinfo]::InvariantCulture) }
    if ($last) { $message += ', the last refresh was at {0}' -f (Limit-Text $last 40) }
    $hint = "Look at the identity's page in the tenant (id {0}), then refresh it again." -f $Person['id']
    if (-not $Person['processingState'] -and -not $last) {
        $message += ': the tenant has no identity with the id {0}' -f (Limit-Text $Person['id'] 60)
        $hint = 'It may have been deleted meanwhile.'
    }
    New-ErrorRecord @{ code = 'task_failed'; message = "$message."; hint = $hint; sent = 'yes' } $Person['identity']
}

# The error for a failed task, with the task's messages.
function New-TaskError([System.Collections.IDictionary] $Call) {
    $task = $Call['task']
    $hint = @($task['messages'] | Where-Object { $_ }) -join "`n"
    if (-not $hint) { $hint = 'It says nothing about the reason.' }
    New-ErrorRecord @{ code = 'task_failed'; message = 'The task {0} has ended with {1}.' -f $task['id'], $task['completionStatus']; hint = $hint; sent = 'yes' } ([string[]] @($Call['identities']))
}

# Writes each warning once per command.
function Write-AnswerWarning([System.Collections.IDictionary] $Answer, [hashtable] $Warned) {
    foreach ($warning in $Answer['warnings']) {
        if ($null -eq $warning -or $Warned[$warning]) { continue }
        $Warned[$warning] = $true
        Microsoft.PowerShell.Utility\Write-Warning -Message $warning
    }
    if ($Answer['fallback']) { Microsoft.PowerShell.Utility\Write-Verbose -Message $Answer['fallback'] }
}

# The error of an answer, with its report of the calls.
function New-AnswerError([System.Collections.IDictionary] $Answer) {
    $record = New-ErrorRecord $Answer['error']
    foreach ($member in 'calls', 'unmatched', 'ambiguous') {
        if ($null -ne $Answer[$member]) { $record.Exception.Data[$member] = $Answer[$member] }
    }
    $record
}

function ConvertTo-HeaderDictionary([System.Collections.IDictionary] $Response) {
    $headers = [System.Collections.Generic.Dictionary[string, string[]]]::new([StringComparer]::OrdinalIgnoreCase)
    if ($null -ne $Response) {
        foreach ($name in $Response['headers'].Keys) { $headers[$name] = [string[]] $Response['headers'][$name] }
    }
    , $headers
}

# Loaded at the first result: in the manifest it would make every import 20 % slower.
function Add-ResultFormat {
    if ($script:HasResultFormat) { return }
    $script:HasResultFormat = $true
    # The view is not essential: the objects are the same without it. Without -Confirm:$false it would ask its own question
    # after -Confirm.
    try { Microsoft.PowerShell.Utility\Update-FormatData -AppendPath "$script:ModuleRoot/PSSailpointCC.Format.ps1xml" -Confirm:$false } catch { Microsoft.PowerShell.Utility\Write-Debug -Message $_.Exception.Message }
}
$script:HasResultFormat = $false
