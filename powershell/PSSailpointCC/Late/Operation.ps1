# Operations that are fed, and that take long.

# Starts an operation. What native code returns is kept in $Stream and not returned: a function that is stopped returns
# nothing.
function script:Start-Operation([hashtable] $Stream, [string] $Name, [string] $Member) {
    if ($null -eq $script:Native) { $script:Native = Import-NativeLibrary }
    $bytes = ConvertTo-NativeText ($script:RequestHead + $Member + '}')
    $Stream.Number = [uint64] $script:Native::cc_operation_start($Name, $bytes)
}

# Reads the next event of $Stream into its member Unwritten: the library returns a batch only once.
function script:Read-Batch([hashtable] $Stream, [uint32] $Milliseconds) {
    $Stream.Pointer = $script:Native::cc_operation_wait($Stream.Number, $Milliseconds)
    Read-Pointer $Stream
}

# Reads what native code has left. A stop in the middle of it loses nothing: it can be done again.
function script:Read-Pointer([hashtable] $Stream) {
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
    # Stop would replace the error that is on its way.
    $ProgressPreference = 'Continue'
    Microsoft.PowerShell.Utility\Write-Progress -Id $script:ProgressId -Activity 'PSSailpointCC' -Status 'Done' -Completed
}

# A number that scripts are unlikely to use.
$script:ProgressId = 20260801

$script:IsProgressShown = $false
