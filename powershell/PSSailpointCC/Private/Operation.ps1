# Calls that use the network run as operations of the library and are waited for in slices: PowerShell handles Ctrl+C
# between two slices, but not while native code blocks. An operation whose wait ends early is cancelled. Each command has
# a flag of its own for that, because $PSCmdlet.Stopping is false in a finally block.

# The length of a slice, and the time before progress is shown.
$script:SliceMilliseconds = [uint32] 50

$script:QuietMilliseconds = 500

# The answer of the last refresh, until its command has taken it: a stop that comes after an operation's end has nothing
# else to tell of it.
$script:UntoldText = $null

# Runs one operation to its end: the answer of the library's function, as a hashtable. $Member: the request without the
# braces around it. $IsSilent: its command tells of a stop by itself.
function script:Invoke-Operation([string] $Name, [string] $Member, $Cmdlet, $IsSilent) {
    if ($null -eq $script:Native) { $script:Native = Import-NativeLibrary }
    $native = $script:Native
    try { $bytes = $script:StrictUtf8.GetBytes($script:RequestHead + $Member + "}`0") } catch { throw (New-SurrogateError) }
    # 0 after the end.
    $number = [uint64[]]::new(1)
    $isDone = $false
    $watch = $pointer = $text = $script:UntoldText = $null
    try {
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
    } finally {
        if (-not $isDone) {
            if ($null -ne $pointer -and $null -eq $text) { $text = ConvertFrom-NativeText $pointer }
            Stop-Call $Name $number[0] $text $IsSilent
        } elseif ($null -ne $watch) {
            $native::cc_operation_free($number[0])
            Hide-Progress
        }
    }
    # The same as ConvertFrom-OperationText, inline: a function call costs a tenth of the rest.
    if (-not $script:IsCore) { return ConvertFrom-OperationText $text $Name }
    try {
        $failure = $null
        [Microsoft.PowerShell.Commands.JsonObject]::ConvertFromJson($text, $true, [ref] $failure)['result']
    } catch {
        throw (New-UnreadableError $_ $Name ($text -creplace '^\{"ok":true,"state":"done","result":'))
    }
}
$script:OperationBlock = ${function:Invoke-Operation}

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
