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

# Sends names to an operation; returns its answer.
function script:Send-Operation([uint64] $Number, [string] $Member) {
    ConvertFrom-JsonText (ConvertFrom-NativeText ($script:Native::cc_operation_send($Number, (ConvertTo-NativeText ($script:RequestHead + $Member + '}')))))
}

# Cancels an operation; returns whether a refresh had left.
function script:Suspend-Operation([uint64] $Number) {
    (ConvertFrom-JsonText (ConvertFrom-NativeText ($script:Native::cc_operation_cancel($Number))))['sent']
}

# Cancels and frees an operation; returns whether a refresh had left, the batches that were not read before, and the
# result, which is $null where it has not come in time.
function script:Stop-Operation([uint64] $Number) {
    $stopped = @{ Sent = Suspend-Operation $Number; Batches = [System.Collections.ArrayList]::new(); Result = $null }
    $watch = [System.Diagnostics.Stopwatch]::StartNew()
    # Parsed afterwards: on Windows PowerShell this takes longer than the time that there is.
    $texts = while ($watch.ElapsedMilliseconds -lt $script:AccountMilliseconds) {
        $text = ConvertFrom-NativeText ($script:Native::cc_operation_wait($Number, $script:SliceMilliseconds))
        if ($text.StartsWith('{"ok":true,"state":"running"', [StringComparison]::Ordinal)) { continue }
        $text
        if (-not $text.StartsWith('{"ok":true,"state":"batch"', [StringComparison]::Ordinal)) { break }
    }
    foreach ($text in $texts) {
        $answer = ConvertFrom-JsonText $text
        if ($answer['state'] -eq 'batch') { $null = $stopped.Batches.Add($answer['result']) } else { $stopped.Result = $answer['result'] }
    }
    $script:Native::cc_operation_free($Number)
    $stopped
}

# Tells of a refresh whose command was stopped. $Number is 0 where its operation has ended, with $Text, or was not started.
function script:Stop-Call([string] $Name, [uint64] $Number, [string] $Text) {
    if ($Number -ne 0) {
        $stopped = Stop-Operation $Number
        Hide-Progress
    } elseif ($Text) {
        $result = (ConvertFrom-JsonText $Text)['result']
        $sent = 'no'
        if (-not $result['ok']) { $sent = $result['error']['sent'] } elseif ($null -eq $result['plan']) { foreach ($call in $result['calls']) { if ($call['outcome'] -eq 'accepted') { $sent = 'yes' } } }
        $stopped = @{ Sent = $sent; Batches = @(); Result = $result }
    } else { return }
    Write-StopWarning $Name $stopped
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
    if ($tasks.Count -gt 0) { $message += ' Follow it by Wait-CCTask -Id {0}.' -f ($tasks -join ', ') }
    Microsoft.PowerShell.Utility\Write-Warning -Message $message
}
