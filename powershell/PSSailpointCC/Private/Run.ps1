# The batches of one command: several are under way at once, and each one's outcome is told in the order of the input.
# An outcome is objects for the pipeline, errors that end nothing, and perhaps one that ends the command. Nothing is
# written here: the public function does, outside any try.

# Starts one batch behind those that are under way. Where nothing is to be sent its outcome stands there at once.
function Add-Batch([string[]] $Name, [string] $Attribute, [hashtable] $Run) {
    $entry = @{ Name = $Name; Attribute = $Attribute; Number = [uint64] 0; Watch = $null; Outcome = $null; Function = 'cc_refresh_identities'; Answer = $null }
    $outcome = @{ Result = @(); Problem = @(); Failure = $null }
    try {
        $limit = Get-CeilingMember $Run $Name
        $head = '{"identities":' + (ConvertTo-TextArray $Name) + ',"identityAttribute":' + (ConvertTo-JsonText $Attribute) + $Run.Argument
        $tail = $limit + $Run.Option + '},"configuration":' + (Get-ConfigurationText $Run.Cmdlet) + '}'
        $noun = 'identities'
        if ($Name.Count -eq 1) { $noun = 'identity' }
        $target = 'Refresh {0} {1} by {2}' -f $Name.Count, $noun, $Attribute
        if ($WhatIfPreference -or $ConfirmPreference -in 'Low', 'Medium') {
            $answer = Invoke-Operation 'cc_refresh_identities' ($head + ',"options":{"dryRun":true' + $tail) $Run.Cmdlet
            if (-not $answer['ok'] -or $WhatIfPreference) {
                Complete-Batch $answer $Name $Attribute $Run $outcome -DryRun:([bool] $WhatIfPreference)
                if (-not $answer['ok']) { $entry.Outcome = $outcome; $Run.Queue.Enqueue($entry); return }
            }
            $target = Get-PlanText $answer $Attribute
        }
        if ($VerbosePreference -ne 'SilentlyContinue' -and -not $Run.Cmdlet.MyInvocation.BoundParameters.ContainsKey('Verbose')) { Microsoft.PowerShell.Utility\Write-Verbose -Message $target }
        if ($Run.Cmdlet.ShouldProcess($target, "$target.`nGo on?", 'Refresh identities')) {
            if ($DebugPreference -ne 'SilentlyContinue') { Write-RequestDebug $head.Substring(1) }
            $entry.Number = Start-Operation 'cc_refresh_identities' ($head + ',"options":{"dryRun":false' + $tail)
            $entry.Watch = [System.Diagnostics.Stopwatch]::StartNew()
        } else {
            $entry.Outcome = $outcome
        }
    } catch {
        $outcome.Failure = Update-ErrorRecord $_ $Name '' 'no' $Run.Cmdlet
        if (-not $WhatIfPreference) { $outcome.Result = @(New-UnsentResult $Name $Attribute $Run) }
        $entry.Outcome = $outcome
    }
    $Run.Queue.Enqueue($entry)
}

# Starts the batches that wait, as far as there is room, and gives the outcome of the oldest one: where it has ended, or
# where others wait for it, or more than $Left are under way; $null when there is none. After an error that ends the
# command come the outcomes of all that were under way, then that error.
function Receive-Outcome([hashtable] $Run, [int] $Left) {
    $Run.Watch.Restart()
    while ($true) {
        while ($null -eq $Run.Ending -and $Run.Waiting.Count -gt 0 -and (Test-Room $Run $Run.Waiting.Peek().Name.Count)) {
            $batch = $Run.Waiting.Dequeue()
            Add-Batch $batch.Name $batch.Attribute $Run
        }
        if ($Run.Queue.Count -eq 0) { break }
        $isAwaited = $Run.Queue.Count -gt $Left -or $Run.Waiting.Count -gt 0 -or $null -ne $Run.Ending
        $entry = $Run.Queue.Peek()
        if ($null -eq $entry.Outcome) {
            if (-not (Complete-Entry $entry $Run $isAwaited)) {
                if ($isAwaited) { continue }
                return
            }
        }
        $null = $Run.Queue.Dequeue()
        Hide-Progress
        return Update-Ending $Run $entry.Outcome
    }
    if ($null -eq $Run.Ending) { return }
    # Names that had come, and were not sent yet.
    $outcome = $Run.Ending
    $Run.Ending = $null
    $unsent = @($Run.Waiting) + @(Clear-Buffer $Run)
    $Run.Waiting.Clear()
    if (-not $WhatIfPreference) { $outcome.Result = @(foreach ($batch in $unsent) { New-UnsentResult $batch.Name $batch.Attribute $Run }) }
    $outcome
}

# Whether one more batch may be started. Not while the ceiling might be passed by it: only afterwards it is known how many
# people the names under way were.
function Test-Room([hashtable] $Run, [int] $Count) {
    if ($Run.Queue.Count -eq 0) { return $true }
    if ($Run.Most -gt 0) {
        foreach ($entry in $Run.Queue) { $Count += $entry.Name.Count }
        if ($Run.Refreshed + $Count -gt $Run.Most) { return $false }
    }
    $Run.Queue.Count -lt $Run.Concurrency
}

# Whether a batch has its outcome now; it is waited for during one slice at most.
function Complete-Entry([hashtable] $Entry, [hashtable] $Run, [bool] $Waits) {
    $outcome = @{ Result = @(); Problem = @(); Failure = $null }
    try {
        if ($null -eq $Entry.Answer) {
            $milliseconds = [uint32] 0
            if ($Waits) { $milliseconds = $script:SliceMilliseconds }
            $watch = $null
            if ($Waits) { $watch = $Entry.Watch }
            $Entry.Answer = Receive-Operation $Entry.Number 'cc_refresh_identities' $milliseconds $watch $Run.Cmdlet
            if ($null -eq $Entry.Answer) { return $false }
        }
        $Entry.Number = [uint64] 0
        if ($Entry.Answer['ok'] -and $VerbosePreference -ne 'SilentlyContinue') { Write-ResultVerbose $Entry.Answer $Entry.Watch.ElapsedMilliseconds }
        Complete-Batch $Entry.Answer $Entry.Name $Entry.Attribute $Run $outcome
    } catch {
        $Entry.Number = [uint64] 0
        $outcome.Failure = Update-ErrorRecord $_ $Entry.Name '' 'maybe' $Run.Cmdlet
        if ($outcome.Result.Count -eq 0) { $outcome.Result = @(New-UnsentResult $Entry.Name $Entry.Attribute $Run 'maybe') }
    }
    $Entry.Outcome = $outcome
    $true
}

# Keeps the errors that end the command until all others' outcomes have been told.
function Update-Ending([hashtable] $Run, [hashtable] $Outcome) {
    $isFirst = $null -eq $Run.Ending
    if ($isFirst) {
        if ($null -eq $Outcome.Failure -and -not ($Run.StopsAtProblem -and $Outcome.Problem.Count -gt 0)) { return $Outcome }
        $Run.Ending = @{ Result = @(); Problem = @(); Failure = $Outcome.Failure }
        # The caller wants no more of it; each of the others may have left all the same.
        if ($null -eq $Outcome.Failure) { Stop-Queue $Run }
    } elseif ($null -ne $Outcome.Failure -and ($null -eq $Run.Ending.Failure -or $Outcome.Failure.FullyQualifiedErrorId -ne $Run.Ending.Failure.FullyQualifiedErrorId)) {
        # One more reason; the usual case is the same one again.
        $Outcome.Problem = @($Outcome.Problem) + $Outcome.Failure
    }
    if ($Run.StopsAtProblem) {
        $Run.Ending.Problem = @($Run.Ending.Problem) + $Outcome.Problem
        $Outcome.Problem = @()
    }
    $Outcome.Failure = $null
    $Outcome
}

# Ends the command by errors of its input: where the caller's ErrorAction is Stop.
function Stop-AtProblem([hashtable] $Run, $Problem) {
    $Run.Ending = @{ Result = @(); Problem = @($Problem); Failure = $null }
    Stop-Queue $Run
}

# Cancels what is under way, and leaves it in the queue with its account.
function Stop-Queue([hashtable] $Run) {
    $entries = @($Run.Queue | Where-Object { $_.Number -ne 0 })
    foreach ($entry in $entries) { $null = Suspend-Operation $entry.Number }
    foreach ($entry in $entries) {
        $entry.Answer = Stop-Operation $entry.Number
        $entry.Number = [uint64] 0
    }
}

# When the command ends otherwise than by its own errors: cancels what is under way, and says what became of it.
function Stop-Run([hashtable] $Run) {
    if ($null -eq $Run -or $Run.Queue.Count -eq 0) { return }
    Stop-Queue $Run
    $stopped = @($Run.Queue | Where-Object { $null -ne $_.Answer })
    $Run.Queue.Clear()
    Hide-Progress
    if ($stopped.Count -gt 0) { Write-StopWarning $stopped }
}

# For names whose batch was not started, or whose answer could not be read.
function New-UnsentResult([string[]] $Name, [string] $Attribute, [hashtable] $Run, [string] $Sent = 'no') {
    New-RefreshResult @{ error = @{ sent = $Sent } } $Name $Attribute $Run
}

# The ceiling less those whom this command has refreshed already, or may be refreshing.
function Get-CeilingMember([hashtable] $Run, [string[]] $Name) {
    if ($Run.Most -le 0) { return '' }
    $left = $Run.Most - $Run.Refreshed
    if ($left -gt 0) { return ',"maxIdentities":' + $left }
    throw (New-ErrorRecord @{
            code    = 'too_many_matches'
            message = 'This command has refreshed {0} identities, and may touch no more than {1} (-MaxIdentities); {2} more names were not sent.' -f $Run.Refreshed, $Run.Most, $Name.Count
            hint    = 'Where they are meant, raise -MaxIdentities (for the session: Set-Configuration -MaxIdentities). The names are in TargetObject.'
            sent    = 'no'
        })
}
