# The library's answers to batches of people by name, as objects and errors.

# The answer's part in the outcome of a batch.
function Complete-Batch([System.Collections.IDictionary] $Answer, [string[]] $Name, [string] $Attribute, [hashtable] $Run, [hashtable] $Outcome, [switch] $DryRun) {
    $failure = $Answer['error']
    if ($DryRun) {
        if ($null -ne $Answer['matched']) { $Run.Refreshed += $Answer['matched'] }
    } else {
        foreach ($call in Get-AccountedCall $Answer) { if ($call['outcome'] -in 'accepted', 'maybe_sent') { $Run.Refreshed += @($call['identities']).Count } }
    }
    $problems = foreach ($one in $Answer['unmatched']) { New-UnmatchedError $one $Attribute $Answer['baseUrl'] }
    $problems = @($problems) + @(foreach ($entry in $Answer['ambiguous']) { New-AmbiguousError $entry $Attribute $Answer['baseUrl'] })
    $ends = $null -ne $failure -and -not (Test-PassingFailure $Answer)
    # Also of those who were not sent: whoever goes on later finds each name in a result.
    if (-not $DryRun) { $Outcome.Result = @(New-RefreshResult $Answer $Name $Attribute $Run) }
    foreach ($person in $Answer['failed']) { $problems += New-FailedPersonError $person }
    if ($null -ne $failure -and $failure['code'] -eq 'task_failed') {
        foreach ($call in $Answer['calls']) { if ($null -ne $call['task'] -and $call['task']['state'] -eq 'failed') { $problems += New-TaskError $call } }
    } elseif ($null -ne $failure -and $failure['code'] -eq 'cancelled') {
        # By this command itself: the result says what became of it.
    } elseif ($null -ne $failure -and -not ($failure['code'] -eq 'no_match' -and $problems.Count -gt 0)) {
        # That nobody was left is told by each name.
        $record = Update-ErrorRecord (New-AnswerError $Answer $Run) (Get-FailedName $Answer $Name) '' $failure['sent'] $Run.Cmdlet
        if ($ends) { $Outcome.Failure = $record } else { $problems += $record }
    }
    $Outcome.Problem = @($problems | Where-Object { $_ })
    # Last: where a warning ends the command, what was sent is told all the same.
    Write-AnswerWarning $Answer $Run.Warned
}

# The calls that account for everybody: those of synchronize-attributes follow a call that has brought the person's
# refresh, unless there are no others.
function Get-AccountedCall([System.Collections.IDictionary] $Answer) {
    $calls = @($Answer['calls'] | Where-Object { $null -ne $_ })
    $first = @($calls | Where-Object { $_['call'] -ne 'synchronize-attributes' -and $null -ne $_['call'] })
    if ($first.Count -gt 0) { $calls = @($calls | Where-Object { $_['call'] -ne 'synchronize-attributes' }) }
    $calls
}

# Whether the next batch may fare better: what failed concerns these names, or this one exchange.
function Test-PassingFailure([System.Collections.IDictionary] $Answer) {
    $failure = $Answer['error']
    if ($failure['code'] -eq 'partial_failure') {
        foreach ($call in $Answer['calls']) {
            if ($null -ne $call['error'] -and -not (Test-PassingError $call['error'] $call['status'] $call['outcome'])) { return $false }
        }
        return $true
    }
    $status = $null
    if ($null -ne $failure['response']) { $status = $failure['response']['status'] }
    Test-PassingError $failure $status $failure['sent']
}

# A connection or an answer that failed once a request had left is that exchange's; before, it is everybody's.
function Test-PassingError([System.Collections.IDictionary] $Failure, $Status, [string] $Sent) {
    switch ($Failure['code']) {
        { $_ -in 'no_match', 'invalid_response', 'task_failed' } { return $true }
        'http_status' { return $Status -eq 400 -or $Status -ge 500 }
        { $_ -in 'connection', 'timeout' } { return $Sent -notin 'no', 'not_sent' }
    }
    $false
}

# The names to try again.
function Get-FailedName([System.Collections.IDictionary] $Answer, [string[]] $Name) {
    if ($null -eq $Answer['calls']) { return , $Name }
    $failed = foreach ($call in $Answer['calls']) {
        if ($call['outcome'] -ne 'accepted' -and $call['reason'] -ne 'ambiguous') { $call['identities'] }
    }
    if ($null -eq $failed) { return , $Name }
    # Ordinal, as names are told apart: the engine's own comparisons take some that differ for the same.
    , [string[]] [System.Collections.Generic.HashSet[string]]::new([string[]] @($failed), [StringComparer]::Ordinal)
}

# An answer's calls, by what became of them: one object for each outcome, and so usually one.
function New-RefreshResult([System.Collections.IDictionary] $Answer, [string[]] $Name, [string] $Attribute, [hashtable] $Run) {
    $counted = @(Get-AccountedCall $Answer | Where-Object { $_['reason'] -ne 'ambiguous' })
    $groups = [ordered] @{}
    foreach ($call in $counted) {
        if ($null -eq $groups[[string] $call['outcome']]) { $groups[[string] $call['outcome']] = [System.Collections.ArrayList]::new() }
        $null = $groups[[string] $call['outcome']].Add($call)
    }
    if ($groups.psbase.Count -eq 0) {
        $left = @($Answer['unmatched']) + @(foreach ($entry in $Answer['ambiguous']) { $entry['identity'] })
        $left = [System.Collections.Generic.HashSet[string]]::new([string[]] @($left | Where-Object { $null -ne $_ }), [StringComparer]::Ordinal)
        $left = @(foreach ($one in $Name) { if (-not $left.Contains($one)) { $one } })
        $state = 'not_sent'
        if ($null -ne $Answer['error'] -and $Answer['error']['sent'] -in 'maybe', 'yes') { $state = 'maybe_sent' }
        $groups[$state] = @(@{ identities = $left })
    }
    Add-ResultFormat
    $response = $Answer['response']
    if ($null -eq $response -and $null -ne $Answer['error']) { $response = $Answer['error']['response'] }
    $content = $null
    if ($null -ne $response) {
        $content = $response['text']
        if ($response.ContainsKey('body')) { $content = $response['body'] }
    }
    $isFirst = $true
    foreach ($outcome in $groups.Keys) {
        $calls = $groups[$outcome]
        $last = $calls[-1]
        $identities = @(foreach ($call in $calls) { if ($null -ne $call['identities']) { $call['identities'] } })
        $ids = @(foreach ($call in $calls) { if ($null -ne $call['ids']) { $call['ids'] } })
        if ($Attribute -eq 'id') { $ids = $identities }
        $tasks = @(foreach ($call in $calls) { if ($null -ne $call['task']) { $call['task']['id'] } })
        $trackingId = $last['trackingId']
        if ($null -eq $trackingId -and $null -ne $Answer['error']) { $trackingId = $Answer['error']['trackingId'] }
        $result = [ordered] @{
            PSTypeName        = 'PSSailpointCC.RefreshResult'
            Outcome           = @{ accepted = 'Accepted'; rejected = 'Rejected'; not_sent = 'NotSent'; maybe_sent = 'MaybeSent' }[$outcome]
            Identities        = [string[]] $identities
            IdentityAttribute = $Attribute
            Ids               = [string[]] $ids
            Status            = $last['status']
            TaskId            = $null
            Backend           = $Answer['backend']
            BaseUrl           = $Answer['baseUrl']
            Unmatched         = [string[]] @()
            Ambiguous         = [string[]] @()
            Warnings          = [string[]] @($Answer['warnings'] | Where-Object { $_ })
            Response          = $content
            TrackingId        = $trackingId
        }
        if ($tasks.Count -eq 1) { $result.TaskId = $tasks[0] } elseif ($tasks.Count -gt 1) { $result.TaskId = [string[]] $tasks }
        # Once: whoever counts the names of all results must find each once.
        if ($isFirst) {
            $result.Unmatched = [string[]] @($Answer['unmatched'] | Where-Object { $null -ne $_ })
            $result.Ambiguous = [string[]] @(foreach ($entry in $Answer['ambiguous']) { $entry['identity'] })
        }
        $isFirst = $false
        if ($Run.WithHttpInfo) {
            $result.StatusCode = $result.Status
            $result.Headers = ConvertTo-HeaderDictionary $response
        }
        [pscustomobject] $result
    }
}

# Whom a task has left as they were.
function New-FailedPersonError([System.Collections.IDictionary] $Person) {
    $message = "The task has ended, and '{0}' was not refreshed by it" -f (Limit-Text $Person['identity'] 200)
    if ($Person['processingState']) { $message += ': the tenant calls the state {0}' -f (Limit-Text $Person['processingState'] 40) }
    $last = $Person['lastRefresh']
    # PowerShell 7 reads it as a time, which as text would lack its zone.
    if ($last -is [datetime]) { $last = $last.ToUniversalTime().ToString('yyyy-MM-ddTHH:mm:ss.fffZ', [cultureinfo]::InvariantCulture) }
    if ($last) { $message += ', the last refresh was at {0}' -f (Limit-Text $last 40) }
    New-ErrorRecord @{ code = 'task_failed'; message = "$message."; hint = "Look at the identity's page in the tenant (id {0}), then refresh it again." -f $Person['id']; sent = 'yes' } $Person['identity']
}

# A task that has failed, and its own words.
function New-TaskError([System.Collections.IDictionary] $Call) {
    $task = $Call['task']
    $hint = @($task['messages'] | Where-Object { $_ }) -join "`n"
    if (-not $hint) { $hint = 'It says nothing about the reason.' }
    New-ErrorRecord @{ code = 'task_failed'; message = 'The task {0} has ended with {1}.' -f $task['id'], $task['completionStatus']; hint = $hint; sent = 'yes' } ([string[]] @($Call['identities']))
}

# Once in a command, however many batches bring it.
function Write-AnswerWarning([System.Collections.IDictionary] $Answer, [hashtable] $Warned) {
    foreach ($warning in $Answer['warnings']) {
        if ($null -eq $warning -or $Warned[$warning]) { continue }
        $Warned[$warning] = $true
        Microsoft.PowerShell.Utility\Write-Warning -Message (ConvertTo-ModuleWording $warning)
    }
    if ($Answer['fallback']) { Microsoft.PowerShell.Utility\Write-Verbose -Message $Answer['fallback'] }
}

# The error of an answer, with its account of the calls.
function New-AnswerError([System.Collections.IDictionary] $Answer, [hashtable] $Run) {
    $record = New-ErrorRecord $Answer['error']
    foreach ($member in 'calls', 'unmatched', 'ambiguous') {
        if ($null -ne $Answer[$member]) { $record.Exception.Data[$member] = $Answer[$member] }
    }
    if ($null -ne $Run -and $Run.Refreshed -gt 0 -and $Answer['error']['code'] -eq 'too_many_matches') {
        $record.ErrorDetails.RecommendedAction = ('This command has refreshed {0} of {1} before. ' -f $Run.Refreshed, $Run.Most) + $record.ErrorDetails.RecommendedAction
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

# At the first result, and not in the manifest: there it would make every import a fifth slower.
function Add-ResultFormat {
    if ($script:HasResultFormat) { return }
    $script:HasResultFormat = $true
    # Whatever keeps it from loading, the objects are the same.
    try { Microsoft.PowerShell.Utility\Update-FormatData -AppendPath "$script:ModuleRoot/PSSailpointCC.Format.ps1xml" } catch { Microsoft.PowerShell.Utility\Write-Debug -Message $_.Exception.Message }
}
$script:HasResultFormat = $false
