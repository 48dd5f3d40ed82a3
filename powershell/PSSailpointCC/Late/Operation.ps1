# Operations that are fed, that take long, and that are stopped.

# How long the report of a cancelled operation is waited for.
$script:AccountMilliseconds = 150

# Starts an operation. What native code returns is kept in $Stream and not returned: a function that is stopped returns
# nothing.
function script:Start-Operation([hashtable] $Stream, [string] $Name, [string] $Member) {
    if ($null -eq $script:Native) { $script:Native = Import-NativeLibrary }
    $bytes = ConvertTo-NativeText ($script:RequestHead + $Member + '}')
    $Stream.Number = [uint64] $script:Native::cc_operation_start($script:OperationName[$Name], $bytes)
}

# Reads the next event of $Stream into its member Unwritten: the library returns a batch only once.
function script:Read-Batch([hashtable] $Stream, [uint32] $Milliseconds) {
    $Stream.Pointer = $script:Native::cc_operation_wait($Stream.Number, $Milliseconds)
    $Stream.Unwritten = ConvertFrom-NativePointer $Stream.Pointer
    $script:Native::cc_string_free($Stream.Pointer)
    $Stream.Pointer = [IntPtr]::Zero
}

# Sends names to the operation of $Stream; returns its answer. From then on they are the operation's to tell of.
function script:Send-Operation([hashtable] $Stream, [string] $Member, [int] $Count) {
    $bytes = ConvertTo-NativeText ($script:RequestHead + $Member + '}')
    $Stream.Pending -= $Count
    ConvertFrom-JsonText (ConvertFrom-NativeText ($script:Native::cc_operation_send($Stream.Number, $bytes)))
}

# Cancels an operation; returns whether a refresh had left.
function script:Suspend-Operation([uint64] $Number) {
    (ConvertFrom-JsonText (ConvertFrom-NativeText ($script:Native::cc_operation_cancel($Number))))['sent']
}

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
        $isLast = $Stream.Unwritten.StartsWith('{"ok":true,"state":"done"', [StringComparison]::Ordinal)
        Save-Event $Stream
    }
    $script:Native::cc_operation_free($Stream.Number)
    $Stream.Number = [uint64] 0
    Hide-Progress
}

# Keeps the event that was read last, unless it is progress.
function script:Save-Event([hashtable] $Stream) {
    if ($Stream.Pointer -ne [IntPtr]::Zero) {
        $Stream.Unwritten = ConvertFrom-NativePointer $Stream.Pointer
        $script:Native::cc_string_free($Stream.Pointer)
        $Stream.Pointer = [IntPtr]::Zero
    }
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

# What Stop-Operation and Read-Batch need of an operation that is no stream's.
function script:New-StoppableCall([uint64] $Number) {
    @{ Number = $Number; Pointer = [IntPtr]::Zero; Unwritten = $null; Read = [System.Collections.ArrayList]::new(); SentAtStop = $null }
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

# Shows the progress and the estimated time; called once per slice.
function script:Show-Progress($Progress, $Watch, $Cmdlet) {
    if ($null -eq $Progress) { return }
    # -ProgressAction has set the variable by itself.
    if (-not $Cmdlet.MyInvocation.BoundParameters.ContainsKey('ProgressAction')) { $ProgressPreference = $Cmdlet.SessionState.PSVariable.GetValue('ProgressPreference') }
    if ($ProgressPreference -eq 'SilentlyContinue') { return }
    $parameters = @{ Id = $script:ProgressId; Activity = $Cmdlet.MyInvocation.MyCommand.Name; Status = ('{0}: {1}' -f $Progress['phase'], $Progress['message']) -replace '\p{Cc}', '?' }
    # First, because a narrow window cuts the rest. A task's progress has no number of identities.
    if ($parameters.Activity -eq 'Invoke-CCRefreshIdentities') {
        if ($Progress['total'] -gt 1) { $parameters.Status = '{0} of {1} identities; {2}' -f $Progress['done'], $Progress['total'], $parameters.Status } elseif ($Progress['done'] -gt 1) { $parameters.Status = '{0} identities; {1}' -f $Progress['done'], $parameters.Status }
    }
    $percent = $Progress['percent']
    if ($null -ne $percent) {
        $parameters.PercentComplete = [int] $percent
        if ($percent -gt 0 -and $percent -lt 100) { $parameters.SecondsRemaining = [int] [Math]::Ceiling($Watch.Elapsed.TotalSeconds * (100 - $percent) / $percent) }
    }
    $script:IsProgressShown = $true
    Microsoft.PowerShell.Utility\Write-Progress @parameters
}

function script:Hide-Progress {
    if (-not $script:IsProgressShown) { return }
    $script:IsProgressShown = $false
    Microsoft.PowerShell.Utility\Write-Progress -Id $script:ProgressId -Activity 'PSSailpointCC' -Status 'Done' -Completed
}

# A number that scripts are unlikely to use.
$script:ProgressId = 20260801

$script:IsProgressShown = $false

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
        $count[$script:OutcomeMember[$result.Outcome]] += (Get-ResultCount $result)
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
