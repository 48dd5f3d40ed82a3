# Calls that use the network run as operations of the library and are waited for in slices: PowerShell handles Ctrl+C
# between two slices, but not while native code blocks. An operation whose wait ends early is cancelled. Each command has
# a flag of its own for that, because $PSCmdlet.Stopping is false in a finally block.

# The length of a slice, and the time before progress is shown.
$script:SliceMilliseconds = [uint32] 50

$script:QuietMilliseconds = 500

# The answer of the last refresh, until its command has taken it: a stop that comes after an operation's end has nothing
# else to tell of it.
$script:UntoldText = $null

# An operation whose wait has ended early, as the arguments of Stop-Call: a script block leaves what is to be written to its
# caller.
$script:OpenCall = $null

# Runs one operation to its end: the answer of the library's function, as a hashtable. $Member: the request without the
# braces around it. $IsSilent: its command tells of a stop by itself.
function script:Invoke-Operation([string] $Name, [string] $Member, $Cmdlet, $IsSilent) {
    if ($null -eq $script:Native) { $script:Native = Import-NativeLibrary }
    try { $answer = $script:OperationBlock.InvokeReturnAsIs(@($Name, $Member, $Cmdlet, $IsSilent)) } finally { if ($null -ne $script:OpenCall) { Stop-OpenCall } }
    if ($answer -is [System.Management.Automation.ErrorRecord]) { throw $answer }
    $answer
}

# The same, as a script block (see Preference.ps1): an error is returned.
function script:Get-OperationAnswer([string] $Name, [string] $Member, $Cmdlet, $IsSilent) {
    $native = $script:Native
    # 0 after the end.
    $number = [uint64[]]::new(1)
    $isDone = $false
    $watch = $pointer = $text = $script:UntoldText = $script:OpenCall = $null
    try {
        try { $bytes = $script:StrictUtf8.GetBytes($script:RequestHead + $Member + "}`0") } catch { throw (New-SurrogateError) }
        $pointer = $native::cc_operation_run($Name, $bytes, $script:SliceMilliseconds, $number)
        if ($script:IsCore) { $text = [System.Runtime.InteropServices.Marshal]::PtrToStringUTF8($pointer) } else { $text = Read-NativeText $pointer }
        $native::cc_string_free($pointer)
        if ($number[0] -ne 0) {
            $watch = [System.Diagnostics.Stopwatch]::StartNew()
            while ($text.StartsWith('{"ok":true,"state":"running"', [StringComparison]::Ordinal)) {
                if ($watch.ElapsedMilliseconds -ge $script:QuietMilliseconds) { Show-Progress (ConvertFrom-JsonText $text)['progress'] $watch $Cmdlet }
                # Returns at once when the operation is done.
                $text = ConvertFrom-NativeText ($native::cc_operation_wait($number[0], $script:SliceMilliseconds))
            }
        }
        if ($Name -eq 'cc_refresh_identities') { $script:UntoldText = $text }
        $isDone = $true
        # The same as ConvertFrom-OperationText, inline: a function call costs a tenth of the rest.
        if (-not $script:IsCore) { return ConvertFrom-OperationText $text $Name }
        $failure = $null
        try { [Microsoft.PowerShell.Commands.JsonObject]::ConvertFromJson($text, $true, [ref] $failure)['result'] } catch { throw (New-UnreadableError $_ $Name ($text -creplace '^\{"ok":true,"state":"done","result":')) }
    } catch { $_ } finally {
        if (-not $isDone) {
            if ($null -ne $pointer -and $null -eq $text) { $text = ConvertFrom-NativeText $pointer }
            $script:OpenCall = @($Name, $number[0], $text, $IsSilent)
        } elseif ($null -ne $watch) {
            $native::cc_operation_free($number[0])
            Hide-Progress
        }
    }
}
$script:OperationBlock = ${function:Get-OperationAnswer}

# The answer of the function from the operation's envelope.
function script:ConvertFrom-OperationText([string] $Text, [string] $Name) {
    try {
        if ($script:IsCore) {
            # What ConvertFrom-Json does for hashtables, without the cost of a cmdlet.
            $failure = $null
            [Microsoft.PowerShell.Commands.JsonObject]::ConvertFromJson($Text, $true, [ref] $failure)['result']
        } else {
            (ConvertTo-HashtableValue (ConvertFrom-Json -InputObject $Text))['result']
        }
    } catch {
        throw (New-UnreadableError $_ $Name ($Text -creplace '^\{"ok":true,"state":"done","result":'))
    }
}
