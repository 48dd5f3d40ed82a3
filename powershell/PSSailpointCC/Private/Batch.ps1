# How the names of one command become batches of at most 250, each of which is one call of the library.

$script:BatchSize = 250

# What holds for all batches of one command.
function New-Run($Cmdlet, [string] $Option, [int] $Most, $RefreshArgs, [string] $Attribute, [bool] $WithHttpInfo, [bool] $StopsAtProblem) {
    $run = @{
        Cmdlet         = $Cmdlet
        Option         = $Option
        Most           = $Most
        Argument       = ''
        Attribute      = 'uid'
        WithHttpInfo   = $WithHttpInfo
        # Of each attribute the names that are not sent yet, in their order and each once.
        Buffer         = [System.Collections.Specialized.OrderedDictionary]::new()
        # Batches that were not started yet.
        Waiting        = [System.Collections.Generic.Queue[hashtable]]::new()
        # Batches that were started and whose outcome is not told yet, in the order of the input.
        Queue          = [System.Collections.Generic.Queue[hashtable]]::new()
        Concurrency    = 4
        # Since the queue was last looked at.
        Watch          = [System.Diagnostics.Stopwatch]::StartNew()
        # Whether the caller's ErrorAction ends the command at the first error of a batch.
        StopsAtProblem = $StopsAtProblem
        # The errors that end the command, once what is under way has been accounted for.
        Ending         = $null
        Refreshed      = 0
        Warned         = @{}
    }
    # A ceiling of the session's is one for all batches too.
    if ($Most -le 0 -and $script:Configuration['MaxIdentities'] -as [int] -gt 0) { $run.Most = $script:Configuration['MaxIdentities'] -as [int] }
    $most = $script:Configuration['MaximumConcurrency'] -as [int]
    if ($most -ge 1) { $run.Concurrency = [Math]::Min($most, 16) }
    if ($Attribute) { $run.Attribute = $Attribute }
    if ($null -ne $RefreshArgs) { $run.Argument = ',"refreshArgs":' + (ConvertTo-ArgumentText $RefreshArgs) }
    $run
}

# The buffered names of an attribute, or of all, as batches; they are no more in the buffer.
function Clear-Buffer([hashtable] $Run, [string[]] $Attribute) {
    if (-not $Attribute) { $Attribute = @($Run.Buffer.psbase.Keys) }
    foreach ($one in $Attribute) {
        # By psbase: a key that is called Keys comes before the member of that name.
        @{ Attribute = $one; Name = [string[]] @($Run.Buffer[$one].psbase.Keys) }
        $Run.Buffer.Remove($one)
    }
}

# Names that are all known at the beginning, as batches.
function Split-Name([string[]] $Name, [hashtable] $Run) {
    if ($null -eq $Name) { throw (New-ArgumentError '-Identity is $null.' 'Give names: -Identity amelie.roux, smith. Nobody at all is an empty list, @().') }
    $distinct = [System.Collections.Specialized.OrderedDictionary]::new()
    foreach ($one in $Name) { if ($one -match '\S') { $distinct[$one] = $null } }
    $names = [string[]] @($distinct.psbase.Keys)
    Assert-Ceiling $names $Run
    for ($at = 0; $at -lt $names.Count; $at += $script:BatchSize) {
        $end = [Math]::Min($at + $script:BatchSize, $names.Count) - 1
        @{ Attribute = $Run.Attribute; Name = $names[$at..$end] }
    }
}

# Names that are all known at the beginning are counted before the first of them is sent, where that may be too many.
function Assert-Ceiling([string[]] $Name, [hashtable] $Run) {
    if ($Run.Most -le 0 -or $Name.Count -le $Run.Most -or $Name.Count -le $script:BatchSize) { return }
    $text = '{"identities":' + (ConvertTo-TextArray $Name) + ',"identityAttribute":' + (ConvertTo-JsonText $Run.Attribute) + $Run.Argument +
    ',"options":{"dryRun":true,"maxIdentities":' + $Run.Most + $Run.Option + '},"configuration":' + (Get-ConfigurationText $Run.Cmdlet) + '}'
    $answer = Invoke-Operation 'cc_refresh_identities' $text $Run.Cmdlet
    if (-not $answer['ok'] -and $answer['error']['code'] -ne 'no_match') { throw (New-AnswerError $answer $Run) }
}

# A JSON array of texts; operators on all of them at once.
function ConvertTo-TextArray([string[]] $Text) {
    if ($Text -cmatch '[\x00-\x1f]') { return ConvertTo-JsonText $Text }
    '["' + (($Text -creplace '(["\\])', '\$1') -join '","') + '"]'
}
