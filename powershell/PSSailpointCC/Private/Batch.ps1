# How names become calls of the library, at most 250 a call, and its answers objects and errors.

$script:BatchSize = 250

# What holds for all batches of one command.
function New-Run($Cmdlet, [string] $Option, [int] $Most, $RefreshArgs, [string] $Attribute, [bool] $WithHttpInfo) {
    $run = @{
        Cmdlet       = $Cmdlet
        Option       = $Option
        Most         = $Most
        Argument     = ''
        Attribute    = 'uid'
        WithHttpInfo = $WithHttpInfo
        # Of each attribute the names that are not sent yet, in their order and each once.
        Buffer       = [System.Collections.Specialized.OrderedDictionary]::new()
        Refreshed    = 0
        Warned       = @{}
    }
    # A ceiling of the session's is one for all batches too.
    if ($Most -le 0 -and $script:Configuration['MaxIdentities'] -as [int] -gt 0) { $run.Most = $script:Configuration['MaxIdentities'] -as [int] }
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

# Sends one batch. What came of it: objects for the pipeline, errors that end nothing, and perhaps one that ends the
# command. Nothing is written here: the public function does, outside any try.
function Invoke-Batch([string[]] $Name, [string] $Attribute, [hashtable] $Run) {
    $outcome = @{ Result = @(); Problem = @(); Failure = $null }
    $sent = 'no'
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
                if (-not $answer['ok']) { return $outcome }
            }
            $target = Get-PlanText $answer $Attribute
        }
        if ($VerbosePreference -ne 'SilentlyContinue' -and -not $Run.Cmdlet.MyInvocation.BoundParameters.ContainsKey('Verbose')) { Microsoft.PowerShell.Utility\Write-Verbose -Message $target }
        if (-not $Run.Cmdlet.ShouldProcess($target, "$target.`nGo on?", 'Refresh identities')) { return $outcome }
        if ($DebugPreference -ne 'SilentlyContinue') { Write-RequestDebug $head.Substring(1) }
        $watch = [System.Diagnostics.Stopwatch]::StartNew()
        if ($null -eq $script:Native) { $script:Native = Import-NativeLibrary }
        $sent = 'maybe'
        $answer = Invoke-Operation 'cc_refresh_identities' ($head + ',"options":{"dryRun":false' + $tail) $Run.Cmdlet
        if ($answer['ok'] -and $VerbosePreference -ne 'SilentlyContinue') { Write-ResultVerbose $answer $watch.ElapsedMilliseconds }
        Complete-Batch $answer $Name $Attribute $Run $outcome
    } catch {
        $outcome.Failure = Update-ErrorRecord $_ $Name '' $sent $Run.Cmdlet
    }
    $outcome
}

# The answer's part in the outcome.
function Complete-Batch([System.Collections.IDictionary] $Answer, [string[]] $Name, [string] $Attribute, [hashtable] $Run, [hashtable] $Outcome, [switch] $DryRun) {
    $failure = $Answer['error']
    if ($DryRun) {
        if ($null -ne $Answer['matched']) { $Run.Refreshed += $Answer['matched'] }
    } else {
        foreach ($call in $Answer['calls']) { if ($call['outcome'] -in 'accepted', 'maybe_sent' -and $call['call'] -ne 'synchronize-attributes') { $Run.Refreshed += @($call['identities']).Count } }
    }
    $problems = foreach ($one in $Answer['unmatched']) { New-UnmatchedError $one $Attribute $Answer['baseUrl'] }
    $problems = @($problems) + @(foreach ($entry in $Answer['ambiguous']) { New-AmbiguousError $entry $Attribute $Answer['baseUrl'] })
    $ends = $null -ne $failure -and -not (Test-PassingFailure $Answer)
    # Where nothing was tried and the command ends, there is nothing to account for.
    if (-not $DryRun -and (-not $ends -or $null -ne $Answer['calls'])) { $Outcome.Result = @(New-RefreshResult $Answer $Name $Attribute $Run) }
    # That nobody was left is told by each name.
    if ($null -ne $failure -and -not ($failure['code'] -eq 'no_match' -and $problems.Count -gt 0)) {
        $record = Update-ErrorRecord (New-AnswerError $Answer $Run) (Get-FailedName $Answer $Name) '' $failure['sent'] $Run.Cmdlet
        if ($ends) { $Outcome.Failure = $record } else { $problems += $record }
    }
    $Outcome.Problem = @($problems | Where-Object { $_ })
    # Last: where a warning ends the command, what was sent is told all the same.
    Write-AnswerWarning $Answer $Run.Warned
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
        { $_ -in 'no_match', 'not_found', 'invalid_response', 'task_failed' } { return $true }
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
    , [string[]] @($failed | Select-Object -Unique)
}

# An answer's calls, by what became of them: one object for each outcome, and so usually one.
function New-RefreshResult([System.Collections.IDictionary] $Answer, [string[]] $Name, [string] $Attribute, [hashtable] $Run) {
    $counted = @($Answer['calls'] | Where-Object { $null -ne $_ -and $_['reason'] -ne 'ambiguous' })
    # These follow a call that has brought the person's refresh, unless there is no other.
    $first = @($counted | Where-Object { $_['call'] -ne 'synchronize-attributes' })
    if ($first.Count -gt 0) { $counted = $first }
    $groups = [ordered] @{}
    foreach ($call in $counted) {
        if ($null -eq $groups[[string] $call['outcome']]) { $groups[[string] $call['outcome']] = [System.Collections.ArrayList]::new() }
        $null = $groups[[string] $call['outcome']].Add($call)
    }
    if ($groups.psbase.Count -eq 0) {
        $left = @($Answer['unmatched']) + @(foreach ($entry in $Answer['ambiguous']) { $entry['identity'] })
        $left = @($Name | Where-Object { $_ -cnotin $left })
        $groups['not_sent'] = @(@{ identities = $left })
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

# The ceiling less those whom this command has refreshed already.
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

# Names that are all known at the beginning are counted before the first of them is sent, where that may be too many.
function Assert-Ceiling([string[]] $Name, [hashtable] $Run) {
    if ($Run.Most -le 0 -or $Name.Count -le $Run.Most -or $Name.Count -le $script:BatchSize) { return }
    $text = '{"identities":' + (ConvertTo-TextArray $Name) + ',"identityAttribute":' + (ConvertTo-JsonText $Run.Attribute) + $Run.Argument +
    ',"options":{"dryRun":true,"maxIdentities":' + $Run.Most + $Run.Option + '},"configuration":' + (Get-ConfigurationText $Run.Cmdlet) + '}'
    $answer = Invoke-Operation 'cc_refresh_identities' $text $Run.Cmdlet
    if (-not $answer['ok'] -and $answer['error']['code'] -ne 'no_match') { throw (New-AnswerError $answer $Run) }
}

# Once in a command, however many batches bring it.
function Write-AnswerWarning([System.Collections.IDictionary] $Answer, [hashtable] $Warned) {
    foreach ($warning in $Answer['warnings']) {
        if ($null -eq $warning -or $Warned[$warning]) { continue }
        $Warned[$warning] = $true
        Microsoft.PowerShell.Utility\Write-Warning -Message (ConvertTo-ModuleWording $warning)
    }
    if ($Answer['wentOver']) { Microsoft.PowerShell.Utility\Write-Verbose -Message $Answer['wentOver'] }
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

# A JSON array of texts; operators on all of them at once.
function ConvertTo-TextArray([string[]] $Text) {
    if ($Text -cmatch '[\x00-\x1f]') { return ConvertTo-JsonText $Text }
    '["' + (($Text -creplace '(["\\])', '\$1') -join '","') + '"]'
}

# At the first result, and not in the manifest: there it would make every import a fifth slower.
function Add-ResultFormat {
    if ($script:HasResultFormat) { return }
    $script:HasResultFormat = $true
    # Whatever keeps it from loading, the objects are the same.
    try { Microsoft.PowerShell.Utility\Update-FormatData -AppendPath "$script:ModuleRoot/PSSailpointCC.Format.ps1xml" } catch { Microsoft.PowerShell.Utility\Write-Debug -Message $_.Exception.Message }
}
$script:HasResultFormat = $false
