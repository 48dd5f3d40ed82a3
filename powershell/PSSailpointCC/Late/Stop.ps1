# Commands that end before their operation: by Ctrl+C, or by an error or a break in another command of the pipeline. What
# was sent and has no written result is told by a warning.

# Cancels the operation when the command ends early, and writes a warning about the people without a written result.
function script:Stop-Stream([hashtable] $Stream) {
    if ($null -eq $Stream) { return }
    # A stop may come here too: the clean block calls this again.
    Clear-Name $Stream
    Stop-Operation $Stream
    if ($Stream.HasToldStop) { return }
    $stopped = ConvertFrom-StoppedEvent $Stream
    # It had not begun, or has ended before.
    if ($null -eq $Stream.SentAtStop) {
        $stopped.Sent = 'no'
        $stopped.Result = @{}
    }
    if (-not $WhatIfPreference) {
        $stopped.Unsent = $Stream.Pending
        foreach ($block in $Stream.Unsent) { $stopped.Unsent += $block.Name.Count }
        foreach ($answer in $Stream.Answers) { $null = $stopped.Batches.Add($answer) }
    }
    $stopped.Lost = $Stream.Lost
    $stopped.Before = $Stream.Account.Count
    if ($stopped.Batches.Count -gt 0 -or $null -eq $stopped.Result -or $stopped['Unsent'] -gt 0 -or $Stream.Lost.Count -gt 0) { Write-StopWarning 'cc_refresh_identities' $stopped }
    $Stream.HasToldStop = $true
}

# Where the writing of results ended early: those that are left do not count as told.
function script:Restore-Outcome([hashtable] $Stream, [hashtable] $Outcome) {
    if ($Outcome.IsWritten) { Complete-Outcome $Stream $Outcome }
    while ($null -ne $Outcome.Rest -and $Outcome.Rest.MoveNext()) {
        $result = $Outcome.Rest.Current
        $name = $script:OutcomeMember[[string] $result.Outcome]
        if ($null -eq $name) { continue }
        $Stream.Account.Count[$name] -= (Get-ResultCount $result)
        $null = $Stream.Lost.Add($result)
    }
}

# How many people a result tells of.
function script:Get-ResultCount($Result) {
    if ($null -eq $Result.PSObject.Properties['Identities']) { return 1 }
    @($Result.Identities | Where-Object { $null -ne $_ }).Count
}

# What Stop-Operation and Read-Batch need of an operation that is no stream's.
function script:New-StoppableCall([uint64] $Number) {
    @{ Number = $Number; Pointer = [IntPtr]::Zero; Unwritten = $null; Read = [System.Collections.ArrayList]::new(); SentAtStop = $null }
}

# Ends the call that a script block has left open.
function script:Stop-OpenCall {
    $call = $script:OpenCall
    $script:OpenCall = $null
    Stop-Call @call
}

# Ends a call early, and tells of its refresh. $Number is 0 where its operation has ended, with $Text, or was not started.
function script:Stop-Call([string] $Name, [uint64] $Number, [string] $Text, $IsSilent) {
    if ($Number -ne 0) {
        $call = New-StoppableCall $Number
        Stop-Operation $call
        $stopped = ConvertFrom-StoppedEvent $call
    } elseif ($Text) {
        $result = (ConvertFrom-JsonText $Text)['result']
        $sent = 'no'
        if (-not $result['ok']) { $sent = $result['error']['sent'] } elseif ($null -eq $result['plan']) { foreach ($call in $result['calls']) { if ($call['outcome'] -eq 'accepted') { $sent = 'yes' } } }
        $stopped = @{ Sent = $sent; Batches = @(); Result = $result }
    } else { return }
    if (-not $IsSilent) { Write-StopWarning $Name $stopped }
}

# How long the report of a cancelled operation is waited for.
$script:AccountMilliseconds = 150

# Cancels and frees the operation of $Stream. Read then has the events that were not told, as text, and SentAtStop tells
# whether a refresh had left. A stop may come meanwhile: the next call goes on.
function script:Stop-Operation([hashtable] $Stream) {
    Save-Event $Stream
    if ($Stream.Number -eq 0) { return }
    if ($null -eq $Stream.SentAtStop) { $Stream.SentAtStop = Suspend-Operation $Stream.Number }
    $watch = [System.Diagnostics.Stopwatch]::StartNew()
    $isLast = $false
    while (-not $isLast -and $watch.ElapsedMilliseconds -lt $script:AccountMilliseconds) {
        Read-Batch $Stream $script:SliceMilliseconds
        $isLast = -not ($Stream.Unwritten.StartsWith('{"ok":true,"state":"running"', [StringComparison]::Ordinal) -or $Stream.Unwritten.StartsWith('{"ok":true,"state":"batch"', [StringComparison]::Ordinal))
        Save-Event $Stream
    }
    $script:Native::cc_operation_free($Stream.Number)
    $Stream.Number = [uint64] 0
    Hide-Progress
}

# Keeps the event that was read last, unless it is progress.
function script:Save-Event([hashtable] $Stream) {
    if ($Stream.Pointer -ne [IntPtr]::Zero) { Read-Pointer $Stream }
    if ($null -ne $Stream.Unwritten -and -not $Stream.Unwritten.StartsWith('{"ok":true,"state":"running"', [StringComparison]::Ordinal)) { $null = $Stream.Read.Add($Stream.Unwritten) }
    $Stream.Unwritten = $null
}

# The events that Stop-Operation has kept: whether a refresh had left, the batches, and the result, which is $null where it
# has not come in time. Parsed only here, because on Windows PowerShell this takes longer than the time that there is.
function script:ConvertFrom-StoppedEvent([hashtable] $Stream) {
    $stopped = @{ Sent = $Stream.SentAtStop; Batches = [System.Collections.ArrayList]::new(); Result = $null }
    foreach ($text in $Stream.Read) {
        $answer = ConvertFrom-JsonText $text
        if ($answer['state'] -eq 'batch') { $null = $stopped.Batches.Add($answer['result']) } else { $stopped.Result = $answer['result'] }
    }
    $stopped
}

# Says what had been sent when a command ended before its operation; $Stopped comes from Stop-Operation.
function script:Write-StopWarning([string] $Function, [hashtable] $Stopped) {
    if ($Function -eq 'cc_get_task') {
        Microsoft.PowerShell.Utility\Write-Warning -Message 'Stopped. The task goes on at the service: Wait-CCTask or Get-CCTask follow it.'
    }
    if ($Function -ne 'cc_refresh_identities') { return }
    $answers = @($Stopped.Batches) + @($Stopped.Result | Where-Object { $null -ne $_ })
    $count = @{ accepted = 0; rejected = 0; maybe_sent = 0; not_sent = 0 }
    $count.not_sent += [int] $Stopped['Unsent']
    $tasks = @()
    # Results that could not be written.
    foreach ($result in $Stopped['Lost']) {
        $count[$script:OutcomeMember[[string] $result.Outcome]] += (Get-ResultCount $result)
        $tasks += @($result.TaskId | Where-Object { $null -ne $_ })
    }
    foreach ($answer in $answers) {
        foreach ($call in Get-CountedCall $answer) { $count[$call['outcome']] += @($call['identities'] | Where-Object { $null -ne $_ }).Count }
        foreach ($call in $answer['calls']) { if ($null -ne $call['task']) { $tasks += $call['task']['id'] } }
    }
    $all = 0
    foreach ($people in $count.psbase.Values) { $all += $people }
    # For a stream, only the people without a written result count.
    $sent = $Stopped.Sent
    if ($count.maybe_sent -gt 0) { $sent = 'maybe' } elseif ($count.accepted -gt 0) { $sent = 'yes' } elseif ($all -gt 0 -and $sent -ne 'no') { $sent = 'before' }
    $message = switch ($sent) {
        'no' { 'Stopped before a refresh was sent.' }
        'before' { 'Stopped. Nothing more was sent.' }
        'maybe' { 'Stopped. A refresh had left, and the service may have taken it: look at the tenant before you send it again.' }
        default { 'Stopped. The service had received a refresh, which goes on there.' }
    }
    if ($all -gt 0) { $message += ' Of the names that were under way: {0} accepted, {1} may have been sent, {2} rejected, {3} not sent.' -f $count.accepted, $count.maybe_sent, $count.rejected, $count.not_sent }
    $before = $Stopped['Before']
    if ($null -ne $before -and $before.accepted + $before.maybe_sent + $before.rejected -gt 0) {
        $message += ' In the whole command: {0} accepted, {1} may have been sent, {2} rejected, {3} not sent.' -f ($before.accepted + $count.accepted), ($before.maybe_sent + $count.maybe_sent), ($before.rejected + $count.rejected), ($before.not_sent + $count.not_sent)
    }
    $tasks = @($tasks | Select-Object -Unique)
    if ($tasks.Count -gt 0) { $message += ' Follow it by Wait-CCTask -Id {0}.' -f ($tasks -join ', ') }
    Microsoft.PowerShell.Utility\Write-Warning -Message $message
}
