# The library's answers as objects and errors.

# Writes the results of an outcome, then its errors. A break or continue in the next command of the pipeline leaves the
# nearest loop on the stack, which is this one: Left says which of the two it was, so that the caller can repeat it outside
# of its loops. Must not be called inside a try with a catch, which would catch errors of the next command. $Told: the hints
# that the command has shown; each is shown once.
function script:Write-Outcome([hashtable] $Outcome, $Cmdlet, $ErrorAction, [System.Collections.Generic.HashSet[string]] $Told) {
    $Outcome.Left = 'break'
    foreach ($turn in 1, 2) {
        if ($turn -eq 1) {
            # PowerShell discards what is written while it stops.
            $Outcome.IsWritten = -not $Cmdlet.Stopping
            # An enumerator, because it knows what is left where the writing ends early.
            if ($Outcome.IsWritten) { $Outcome.Rest = @($Outcome.Result).GetEnumerator() }
            $Outcome.Rest
            $Outcome.Left = $null
        } elseif ($Outcome.Left) { $Outcome.Left = 'continue' }
    }
    # Windows PowerShell takes Ignore as a parameter only.
    if ($Outcome.Left -or $ErrorAction -eq 'Ignore') { return }
    $ErrorActionPreference = $ErrorAction
    foreach ($problem in $Outcome.Problem) {
        if ($null -ne $Told -and $null -ne $problem.ErrorDetails -and -not $Told.Add([string] $problem.ErrorDetails.RecommendedAction)) { $problem.ErrorDetails.RecommendedAction = '' }
        $Cmdlet.WriteError($problem)
    }
}

# Whether the error of a command that does nothing else ends it: an error ends the calling script unless it is caught, where
# neither -ErrorAction nor a preference other than the default says otherwise.
function script:Test-EndsCommand($ErrorAction, $Cmdlet) {
    $ErrorAction -eq 'Stop' -or ($ErrorAction -eq 'Continue' -and -not $Cmdlet.MyInvocation.BoundParameters.ContainsKey('ErrorAction'))
}

# What a command has done so far: the results that it has written, whether a refresh was sent, and how many people have
# which outcome. Results are kept where an error that ends the command may lose them: not where another command gets them,
# unless every error ends the whole pipeline.
function script:New-Account($Invocation, $ErrorAction, [bool] $IsDocumented) {
    @{
        Results      = [System.Collections.ArrayList]::new()
        KeepsResults = $ErrorAction -eq 'Stop' -or $WarningPreference -eq 'Stop' -or $Invocation.PipelinePosition -eq $Invocation.PipelineLength
        Sent         = 'no'
        IsDocumented = $IsDocumented
        Count        = [ordered] @{ accepted = 0; rejected = 0; maybe_sent = 0; not_sent = 0; unmatched = 0; ambiguous = 0; skipped = 0; repeated = 0 }
        Told         = [System.Collections.Generic.HashSet[string]]::new()
    }
}

# Adds an answer's calls and names to the account; not its results, which may be written later.
function script:Add-AnswerCount([hashtable] $Account, [System.Collections.IDictionary] $Answer) {
    $calls = $Answer['calls']
    # The usual single call needs no choice, which would take longer than all of this.
    if ($null -ne $calls -and ($calls.Count -ne 1 -or $null -ne $calls[0]['reason'])) { $calls = Get-CountedCall $Answer }
    foreach ($call in $calls) {
        $people = 0
        if ($null -ne $call['identities']) { $people = $call['identities'].Count }
        # A filter on /cc: whom it was counted to match.
        if ($people -eq 0 -and $null -ne $call['call']) { $people = [long] $Answer['matched'] }
        $Account.Count[[string] $call['outcome']] += $people
        if ($call['outcome'] -eq 'maybe_sent') { $Account.Sent = 'maybe' } elseif ($call['outcome'] -eq 'accepted' -and $Account.Sent -eq 'no') { $Account.Sent = 'yes' }
    }
    if ($null -ne $Answer['unmatched']) { $Account.Count.unmatched += $Answer['unmatched'].Count }
    if ($null -ne $Answer['ambiguous']) { $Account.Count.ambiguous += $Answer['ambiguous'].Count }
}

# Adds to an error that ends the command what the whole command has done.
function script:Add-Account([System.Exception] $Exception, [hashtable] $Account) {
    $sent = [string] $Exception.Data['sent']
    if ($Account.Sent -eq 'maybe' -or $sent -notin 'yes', 'maybe') { $sent = $Account.Sent }
    $Exception.Data['sent'] = $sent
    $Exception.Data['results'] = [object[]] $Account.Results.ToArray()
}

# One line of what became of all.
function script:Get-AccountText([System.Collections.IDictionary] $Count) {
    $texts = [ordered] @{ accepted = 'accepted'; maybe_sent = 'may have been sent'; rejected = 'rejected'; not_sent = 'not sent'; unmatched = 'unmatched'; ambiguous = 'ambiguous'; skipped = 'done according to the journal'; repeated = 'repeated' }
    $parts = foreach ($name in $texts.Keys) { if ($Count[$name] -gt 0 -or $name -in 'accepted', 'maybe_sent', 'rejected', 'not_sent') { '{0} {1}' -f $Count[$name], $texts[$name] } }
    $parts -join ', '
}

# The calls in which each person is counted once: a call of synchronize-attributes follows one that has refreshed its
# person, unless there are no others.
function script:Get-CountedCall([System.Collections.IDictionary] $Answer) {
    $calls = @($Answer['calls'] | Where-Object { $null -ne $_ -and $_['reason'] -ne 'ambiguous' })
    $first = @($calls | Where-Object { $_['call'] -ne 'synchronize-attributes' -and $null -ne $_['call'] })
    if ($first.Count -gt 0) { $calls = @($calls | Where-Object { $_['call'] -ne 'synchronize-attributes' }) }
    $calls
}

# Adds an answer to the account; returns its result, or throws its error. A task that has failed is not thrown: the
# refresh was accepted.
function script:Get-RequestResult([System.Collections.IDictionary] $Answer, [hashtable] $Account, [bool] $WithHttpInfo) {
    Add-AnswerCount $Account $Answer
    $result = New-RequestResult $Answer $WithHttpInfo
    if ($null -ne $result -and $Account.KeepsResults) { $null = $Account.Results.Add($result) }
    if (-not $Answer['ok'] -and $Answer['error']['code'] -ne 'task_failed') {
        # A warning that ends the command must not hide this.
        try { Write-AnswerWarning $Answer @{} } catch { Microsoft.PowerShell.Utility\Write-Debug -Message $_.Exception.Message }
        throw (New-AnswerError $Answer)
    }
    $result
}

# Writes the warnings of an answer whose result was written; returns its non-terminating errors, and in Failure an error by
# which a preference of the caller ends the command.
function script:Get-RequestOutcome([System.Collections.IDictionary] $Answer, $Request, [hashtable] $Account, $Cmdlet, $ErrorAction) {
    $outcome = @{ Result = @(); Problem = @(); Failure = $null }
    try {
        Write-AnswerWarning $Answer @{}
        $outcome.Problem = @(Get-WaitProblem $Answer $Request)
        if ($outcome.Problem.Count -gt 0 -and $ErrorAction -eq 'Stop') { $outcome.Failure = Update-ErrorRecord $outcome.Problem[0] $outcome.Problem[0].TargetObject '' 'yes' $Cmdlet $Account }
    } catch {
        $outcome.Failure = Update-ErrorRecord $_ $Request '' $Account.Sent $Cmdlet $Account
    }
    $outcome
}

# The non-terminating errors of a request that was waited for; nothing where its error is another one.
function script:Get-WaitProblem([System.Collections.IDictionary] $Answer, $Request) {
    foreach ($person in $Answer['failed']) { New-FailedPersonError $person }
    if ($null -eq $Answer['error'] -or $Answer['error']['code'] -ne 'task_failed') { return }
    foreach ($call in $Answer['calls']) {
        if ($null -ne $call['task'] -and $call['task']['state'] -eq 'failed') { New-TaskError $call $Request }
    }
}

# The error for a person whom the task has not refreshed.
function script:New-FailedPersonError([System.Collections.IDictionary] $Person) {
    $message = "'{0}'" -f (Limit-Text $Person['identity'] 200)
    if ($Person['identity'] -cne $Person['id']) { $message += ' (id {0})' -f $Person['id'] }
    $message += ' was not refreshed by the task'
    if ($Person['processingState']) { $message += ': the tenant calls the state {0}' -f (Limit-Text $Person['processingState'] 40) }
    $last = $Person['lastRefresh']
    # PowerShell 7 reads it as a time, which as text would lack its zone.
    if ($last -is [datetime]) { $last = $last.ToUniversalTime().ToString('yyyy-MM-ddTHH:mm:ss.fffZ', [cultureinfo]::InvariantCulture) }
    if ($last) { $message += ', the last refresh was at {0}' -f (Limit-Text $last 40) }
    $hint = "Look at the identity's page in the tenant, then refresh it again."
    if (-not $Person['processingState'] -and -not $last) {
        $message += ': the tenant has no identity with this id'
        $hint = 'It may have been deleted meanwhile.'
    }
    New-ErrorRecord @{ code = 'task_failed'; message = "$message."; hint = $hint; sent = 'yes' } $Person['identity']
}

# The error for a failed task, with the task's messages. Its people, or else the request.
function script:New-TaskError([System.Collections.IDictionary] $Call, $Request) {
    $task = $Call['task']
    $target = $Request
    if (@($Call['identities']).Count -gt 0) { $target = [string[]] @($Call['identities']) }
    $hint = @($task['messages'] | Where-Object { $_ }) -join "`n"
    if (-not $hint) { $hint = 'It says nothing about the reason.' }
    New-ErrorRecord @{ code = 'task_failed'; message = 'The task {0} has ended with {1}.' -f $task['id'], $task['completionStatus']; hint = $hint; sent = 'yes' } $target
}

# Writes each warning once per command.
function script:Write-AnswerWarning([System.Collections.IDictionary] $Answer, [hashtable] $Warned) {
    foreach ($warning in $Answer['warnings']) {
        if ($null -eq $warning -or $Warned[$warning]) { continue }
        $Warned[$warning] = $true
        Microsoft.PowerShell.Utility\Write-Warning -Message $warning
    }
    if ($Answer['fallback']) { Microsoft.PowerShell.Utility\Write-Verbose -Message $Answer['fallback'] }
}

# The error of an answer, with its report of the calls.
function script:New-AnswerError([System.Collections.IDictionary] $Answer) {
    $record = New-ErrorRecord $Answer['error']
    foreach ($member in 'calls', 'unmatched', 'ambiguous') {
        if ($null -ne $Answer[$member]) { $record.Exception.Data[$member] = $Answer[$member] }
    }
    $record
}

# What results call the outcomes of the library's calls, and the other way round.
$script:OutcomeName = @{ accepted = 'Accepted'; rejected = 'Rejected'; not_sent = 'NotSent'; maybe_sent = 'MaybeSent' }

$script:OutcomeMember = @{}

foreach ($outcome in $script:OutcomeName.Keys) { $script:OutcomeMember[$script:OutcomeName[$outcome]] = $outcome }
