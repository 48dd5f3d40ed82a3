# A refresh of people by name, fed while it runs. The names of one command go to one operation of the library, and each
# finished batch comes back once, in the order of the input. Batches, how many are under way, the ceiling, each name once,
# the journal, and which error stops the rest are the library's.

# Names are sent when so many have come, or after this time; finished batches are written then as well.
$script:SendCount = 250

$script:SendMilliseconds = 200

# The state of one command. Nothing is started before names are sent.
function script:New-Stream($Cmdlet, [string] $Option, $ErrorAction, [hashtable] $Account) {
    $bound = $Cmdlet.MyInvocation.BoundParameters
    $attribute = 'uid'
    if ($bound['IdentityAttribute']) { $attribute = $bound['IdentityAttribute'] }
    $argument = ''
    if ($null -ne $bound['RefreshArgs']) { $argument = ',"refreshArgs":' + (ConvertTo-ArgumentText $bound['RefreshArgs']) }
    $list = $null
    if ($bound['PerIdentity']) { $list = New-IdentityList ([bool] $bound['JournalPath']) }
    $stream = @{
        Cmdlet       = $Cmdlet
        Account      = $Account
        # Called for each object of the pipeline.
        Reader       = ${function:Add-Person}
        # With -PerIdentity: the names whose object was not written yet.
        List         = $list
        ErrorAction  = $ErrorAction
        WithHttpInfo = [bool] $bound['WithHttpInfo']
        Attribute    = $attribute
        IsGiven      = [bool] $bound['IdentityAttribute']
        # Of the request, whether it starts the stream or is a dry run.
        Member       = $argument + ',"configuration":' + (Get-ConfigurationText $Cmdlet)
        Option       = $Option + (Get-JournalMember $Cmdlet)
        ShowsPlan    = $WhatIfPreference -or $ConfirmPreference -in 'Low', 'Medium'
        # Names that were read and not sent yet: values of the attribute, and lists of values of others.
        Plain        = [System.Collections.Generic.List[string]]::new()
        Other        = [System.Collections.Specialized.OrderedDictionary]::new()
        SendCount    = $script:SendCount
        SendAfter    = $script:SendMilliseconds
        IsDue        = $false
        Watch        = [System.Diagnostics.Stopwatch]::StartNew()
        # The operation; 0 before its start and after its end.
        Number       = [uint64] 0
        # Its last event, from when it is read until its results are written; before that, where native code has left it.
        Unwritten    = $null
        Pointer      = [IntPtr]::Zero
        # When the command ends early: the events that were not told, whether a refresh had left, results that could not be
        # written, and whether all that was told.
        Read         = [System.Collections.ArrayList]::new()
        SentAtStop   = $null
        Lost         = [System.Collections.ArrayList]::new()
        HasToldStop  = $false
        # The number of names that are on their way to the operation.
        Pending      = 0
        IsFull       = $false
        HasEnded     = $false
        # What the operation does not report: dry runs, and names that were not sent to it.
        Answers      = [System.Collections.Generic.Queue[System.Collections.IDictionary]]::new()
        Unsent       = @()
        Warned       = @{}
        HasToldError = $false
        # Why the operation takes no more names, and the error that ends the command once all is written.
        Refusal      = $null
        Failure      = $null
    }
    # One question for each 250 names, and one plan for all of them.
    if ($stream.ShowsPlan) { $stream.SendAfter = [long]::MaxValue }
    if ($WhatIfPreference) { $stream.SendCount = [int]::MaxValue }
    $stream
}

# The journal of a run, with the full path: the library does not know the session's location and drives.
function script:Get-JournalMember($Cmdlet) {
    $bound = $Cmdlet.MyInvocation.BoundParameters
    $member = ''
    if ($bound['ResendUncertain']) { $member = ',"resendUncertain":true' }
    if (-not $bound['JournalPath']) { return $member }
    # In the caller's session, which may have drives of its own: a script block made from a tree is bound to no session.
    $resolve = {
        $provider = $drive = $null
        $ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath($args[0], [ref] $provider, [ref] $drive)
        $provider
    }
    try {
        $path, $provider = $Cmdlet.InvokeCommand.InvokeScript($Cmdlet.SessionState, $resolve.Ast.GetScriptBlock(), $bound['JournalPath'])
    } catch {
        throw (New-ArgumentError ('-JournalPath is no path: {0}' -f $_.Exception.GetBaseException().Message) 'Give the path of a file, which need not be there yet.')
    }
    if ($provider.Name -ne 'FileSystem') { throw (New-ArgumentError ("-JournalPath must be a path of the file system; '{0}' belongs to the provider {1}." -f $bound['JournalPath'], $provider.Name)) }
    $member + ',"journal":' + (ConvertTo-JsonText ([string] $path))
}

# Collects the values of -Identity, all of which are sent at once; returns errors for those that name nobody.
function script:Add-Identity([hashtable] $Stream, [object[]] $Identity) {
    if ($null -eq $Identity) { throw (New-ArgumentError '-Identity is $null.' 'Give names: -Identity amelie.roux, smith. Nobody at all is an empty list, @().') }
    foreach ($name in $Identity) {
        # A text is a name, whatever stands in it. Of other values, a GUID or a date, it is their text.
        if ($name -is [valuetype] -and -not (Test-Number $name)) { $name = [string] $name }
        if ($name -isnot [string]) {
            Add-Person $Stream $name
        } elseif ($name -match '\S') {
            $Stream.Plain.Add($name)
            if ($null -ne $Stream.List) { $null = $script:AddIdentityNameBlock.InvokeReturnAsIs(@($Stream.List, $Stream.Attribute, $name)) }
        } else { New-InputError $name }
    }
    $Stream.SendCount = [int]::MaxValue
    $Stream.SendAfter = [long]::MaxValue
    $Stream.IsDue = $false
}

# Collects whom an object of the pipeline names; returns an error where that is nobody.
function script:Add-Person([hashtable] $Stream, $Value) {
    $person = $script:ResolvePersonBlock.InvokeReturnAsIs(@($Value, $Stream.Attribute, $Stream.IsGiven))
    if ($person -is [System.Management.Automation.ErrorRecord]) { return $person }
    if ($null -ne $Stream.List) { $null = $script:AddIdentityNameBlock.InvokeReturnAsIs(@($Stream.List, $person[0], $person[1])) }
    $names = $Stream.Plain
    if ($person[0] -ne $Stream.Attribute) {
        $names = $Stream.Other[$person[0]]
        if ($null -eq $names) { $names = $Stream.Other[$person[0]] = [System.Collections.Generic.List[string]]::new() }
    }
    $names.Add($person[1])
    if ($names.Count -ge $script:SendCount) { $Stream.IsDue = -not $WhatIfPreference }
}

# Sends the collected names, and writes what has come back. After the last names, and after an error that ends the
# command, it waits until all is written; that error is in Failure then, for the public function to write.
function script:Update-Stream([hashtable] $Stream, [switch] $IsLast) {
    $isDone = $false
    $left = $outcome = $null
    try {
        Send-Name $Stream $IsLast
        while ($null -eq $left -and $null -ne ($outcome = Receive-Outcome $Stream)) {
            if ($Stream.Account.KeepsResults) { $Stream.Account.Results.AddRange(@($outcome.Result)) }
            Write-Outcome $outcome $Stream.Cmdlet $Stream.ErrorAction $Stream.Account.Told
            Complete-Outcome $Stream $outcome
            $left = $outcome.Left
            # A warning may end the command: the result is written before.
            if ($null -eq $left) { Write-StreamWarning $Stream $outcome.Answer }
        }
        $isDone = $null -eq $left
        if ($isDone -and $Stream.HasEnded -and -not $WhatIfPreference) { Microsoft.PowerShell.Utility\Write-Verbose -Message ('The command has ended: {0}.' -f (Get-AccountText $Stream.Account.Count)) }
        if ($null -ne $Stream.Failure) { Add-Account $Stream.Failure.Exception $Stream.Account }
    } finally {
        if (-not $isDone) {
            if ($null -ne $outcome) { Restore-Outcome $Stream $outcome }
            Stop-Stream $Stream
        }
    }
    $Stream.Watch.Restart()
    # Repeats the break or continue of the next command, for a loop of the caller's.
    if ($left -eq 'break') { break } elseif ($left) { continue }
}

# After its results were written: from here on they count as told.
function script:Complete-Outcome([hashtable] $Stream, [hashtable] $Outcome) {
    if (-not $WhatIfPreference) { Add-AnswerCount $Stream.Account $Outcome.Answer }
    $Outcome.IsWritten = $false
    $Stream.Unwritten = $null
}

# Writes the warnings of an answer. Where one of them ends the command, the results of what is under way come before.
function script:Write-StreamWarning([hashtable] $Stream, [System.Collections.IDictionary] $Answer) {
    try { Write-AnswerWarning $Answer $Stream.Warned } catch { Stop-AtProblem $Stream (Update-ErrorRecord $_ $null '' $Stream.Account.Sent $Stream.Cmdlet) }
}

# Sends the collected names, where ShouldProcess allows it, and then the end.
function script:Send-Name([hashtable] $Stream, [bool] $IsLast) {
    $blocks = @(
        if ($Stream.Plain.Count -gt 0) { @{ Attribute = $Stream.Attribute; Name = $Stream.Plain.ToArray() } }
        foreach ($attribute in $Stream.Other.psbase.Keys) { @{ Attribute = $attribute; Name = $Stream.Other[$attribute].ToArray() } }
    )
    # The next send completes a batch of 250.
    if ($Stream.SendCount -le $script:SendCount) {
        $Stream.SendCount -= $Stream.Plain.Count
        if ($Stream.SendCount -le 0) { $Stream.SendCount = $script:SendCount }
    }
    Clear-Name $Stream
    $Stream.IsDue = $false
    for ($i = 0; $i -lt $blocks.Count; $i++) {
        $block = $blocks[$i]
        $pending = $Stream.Pending - $block.Name.Count
        $text = '"identities":' + (ConvertTo-TextArray $block.Name)
        if ($block.Attribute -ne $Stream.Attribute) { $text += ',"identityAttribute":' + (ConvertTo-JsonText $block.Attribute) }
        $isSent = $false
        try {
            if ($null -eq $Stream.Failure -and -not (Confirm-Name $Stream $block.Name $block.Attribute)) {
                if ($null -ne $Stream.List -and -not $WhatIfPreference) { foreach ($name in $block.Name) { $Stream.List.Known["$($block.Attribute)`0$name"] = New-IdentityResult $name $null 'NotSent' 'It was not confirmed.' } }
                $Stream.Pending = $pending
                continue
            }
            # Where the first send has all names, the library counts them before anybody is refreshed.
            $isSent = $null -eq $Stream.Failure -and (Send-Text $Stream $text -Count $block.Name.Count -IsLast:($IsLast -and $i -eq $blocks.Count - 1))
        } catch {
            $Stream.Failure = Update-ErrorRecord $_ $block.Name '' 'no' $Stream.Cmdlet
        }
        # The library reports all others, whatever ends the run.
        if (-not $isSent) { $Stream.Unsent += $block }
        $Stream.Pending = $pending
    }
    if ($IsLast -or $null -ne $Stream.Failure) { Close-Stream $Stream }
}

# The collected names are on their way from here on.
function script:Clear-Name([hashtable] $Stream) {
    $Stream.Pending += $Stream.Plain.Count
    $Stream.Plain.Clear()
    foreach ($names in $Stream.Other.psbase.Values) { $Stream.Pending += $names.Count }
    $Stream.Other.Clear()
}

# Whether these names are to be sent. A dry run is made only where its result is shown.
function script:Confirm-Name([hashtable] $Stream, [string[]] $Name, [string] $Attribute) {
    $noun = 'identities'
    if ($Name.Count -eq 1) { $noun = 'identity' }
    $target = 'Refresh {0} {1} by {2}' -f $Name.Count, $noun, $Attribute
    if ($Stream.ShowsPlan) {
        $member = '"identities":' + (ConvertTo-TextArray $Name) + ',"identityAttribute":' + (ConvertTo-JsonText $Attribute)
        $answer = Invoke-Operation 'cc_refresh_identities' ($member + $Stream.Member + ',"options":{"dryRun":true' + $Stream.Option + '}') $Stream.Cmdlet $true
        if ($WhatIfPreference -or -not $answer['ok']) {
            $answer['identityAttribute'] = $Attribute
            $answer['isPlan'] = $true
            if ($null -eq $answer['calls'] -and $null -eq $answer['unmatched']) { $answer['calls'] = @(@{ identities = $Name; outcome = 'not_sent' }) }
            $Stream.Answers.Enqueue($answer)
        }
        if (-not $answer['ok']) { return $false }
        $target = Get-PlanText $answer $Attribute
    }
    # ShouldProcess writes this only where -Verbose was given, not where the preference is set.
    if ($VerbosePreference -ne 'SilentlyContinue' -and -not $Stream.Cmdlet.MyInvocation.BoundParameters.ContainsKey('Verbose')) { Microsoft.PowerShell.Utility\Write-Verbose -Message $target }
    $Stream.Cmdlet.ShouldProcess($target, "$target.`nGo on?", 'Refresh identities')
}

# Sends to the operation, and starts it before the first names; returns whether it has taken them.
function script:Send-Text([hashtable] $Stream, [string] $Text, [int] $Count, [switch] $IsLast) {
    if ($Stream.HasEnded) { return $false }
    if ($IsLast) { $Text += ',"end":true' }
    if ($DebugPreference -ne 'SilentlyContinue') { Write-RequestDebug $Text }
    if ($Stream.Number -eq 0) {
        $member = '"stream":true,"identityAttribute":' + (ConvertTo-JsonText $Stream.Attribute)
        Start-Operation $Stream 'cc_refresh_identities' ($member + $Stream.Member + ',"options":{"dryRun":false' + $Stream.Option + '}')
    }
    $answer = Send-Operation $Stream $Text $Count
    $Stream.IsFull = [bool] $answer['full']
    $Stream.HasEnded = $IsLast -or -not $answer['ok']
    if ($answer['ok']) { return $true }
    # The operation has ended; its result says why.
    $Stream.Refusal = New-ErrorRecord $answer['error']
    $false
}

# No more names.
function script:Close-Stream([hashtable] $Stream) {
    if ($Stream.Number -ne 0) { $null = Send-Text $Stream '"identities":[]' -IsLast }
    $Stream.HasEnded = $true
}

# The outcome of the next batch, or $null. It waits while the library's buffer is full, and after the last names until
# the operation has ended.
function script:Receive-Outcome([hashtable] $Stream) {
    if ($Stream.Answers.Count -gt 0) { return ConvertTo-Outcome $Stream $Stream.Answers.Dequeue() }
    $watch = $null
    while ($Stream.Number -ne 0) {
        $milliseconds = [uint32] 0
        if ($Stream.IsFull -or $Stream.HasEnded) { $milliseconds = $script:SliceMilliseconds }
        Read-Batch $Stream $milliseconds
        $text = $Stream.Unwritten
        if ($text.StartsWith('{"ok":true,"state":"running"', [StringComparison]::Ordinal)) {
            if ($milliseconds -eq 0) { return }
            if ($null -eq $watch) { $watch = [System.Diagnostics.Stopwatch]::StartNew() }
            if ($watch.ElapsedMilliseconds -ge $script:QuietMilliseconds) { Show-Progress (ConvertFrom-JsonText $text)['progress'] $watch $Stream.Cmdlet }
            # Asks for the state of the buffer: repeated and unmatched names leave it without a batch.
            if (-not $Stream.HasEnded) { $null = Send-Text $Stream '"identities":[]' }
            continue
        }
        Hide-Progress
        $isLast = -not $text.StartsWith('{"ok":true,"state":"batch"', [StringComparison]::Ordinal)
        if ($isLast) {
            $script:Native::cc_operation_free($Stream.Number)
            $Stream.Number = [uint64] 0
            $Stream.HasEnded = $true
        }
        try {
            $answer = ConvertFrom-OperationText $text 'cc_refresh_identities'
        } catch {
            if ($null -eq $Stream.Failure) { $Stream.Failure = Update-ErrorRecord $_ $null '' 'maybe' $Stream.Cmdlet }
            Close-Stream $Stream
            continue
        }
        if (-not $isLast) { return ConvertTo-Outcome $Stream $answer }
        Complete-Stream $Stream $answer
    }
    if (-not $Stream.HasEnded) { return }
    foreach ($block in $Stream.Unsent) { $Stream.Answers.Enqueue(@{ identityAttribute = $block.Attribute; calls = @(@{ identities = $block.Name; outcome = 'not_sent' }) }) }
    $Stream.Unsent = @()
    if ($Stream.Answers.Count -gt 0) { return ConvertTo-Outcome $Stream $Stream.Answers.Dequeue() }
    if ($null -ne $Stream.List -and -not $Stream.List.HasEnded -and -not $WhatIfPreference) { @{ Result = @(Read-Identity $Stream.List -IsLast); Problem = @(); Answer = @{} } }
}

# A batch's answer as an outcome: objects for the pipeline, and non-terminating errors. An error that ends the command is
# left in Failure.
function script:ConvertTo-Outcome([hashtable] $Stream, [System.Collections.IDictionary] $Answer) {
    $attribute = $Answer['identityAttribute']
    $failure = $Answer['error']
    $outcome = @{ Result = @(); Problem = @(); Answer = $Answer }
    if ($null -ne $Answer['response'] -and $VerbosePreference -ne 'SilentlyContinue') { Write-ResultVerbose $Answer }
    # Each name is once in a result, also of people who were not sent.
    if (-not $WhatIfPreference) {
        if ($null -eq $Stream.List) {
            $outcome.Result = @(New-RefreshResult $Answer $Stream.WithHttpInfo)
        } else {
            Add-IdentityAnswer $Stream.List $Answer
            $outcome.Result = @(Read-Identity $Stream.List)
        }
    }
    $problems = @(
        foreach ($one in $Answer['unmatched']) { New-UnmatchedError $one $attribute $Answer['baseUrl'] }
        foreach ($entry in $Answer['ambiguous']) { New-AmbiguousError $entry $attribute $Answer['baseUrl'] }
        foreach ($person in $Answer['failed']) { New-FailedPersonError $person }
    )
    $ending = $null
    if ($null -ne $failure) {
        if ($failure['sent'] -eq 'maybe' -or $Stream.Account.Sent -eq 'no') { $Stream.Account.Sent = $failure['sent'] }
        $Stream.HasToldError = $true
        if ($failure['code'] -eq 'task_failed') {
            $problems += @(foreach ($call in $Answer['calls']) { if ($null -ne $call['task'] -and $call['task']['state'] -eq 'failed') { New-TaskError $call } })
        } elseif ($failure['code'] -ne 'cancelled' -and -not ($failure['code'] -eq 'no_match' -and $problems.Count -gt 0)) {
            # Not written: no_match beside the errors of the names, and a cancel by this command.
            $record = Update-ErrorRecord (New-AnswerError $Answer) (Get-FailedName $Answer) '' $failure['sent'] $Stream.Cmdlet
            if ($failure['stopsRun'] -or $Answer['isPlan']) { $ending = $record } else { $problems += $record }
        }
    }
    if ($null -ne $ending) {
        if ($null -eq $Stream.Failure) {
            $Stream.Failure = $ending
            Close-Stream $Stream
        } elseif ($Stream.Failure.FullyQualifiedErrorId -ne $ending.FullyQualifiedErrorId) {
            # One more reason; usually it is the same one again.
            $problems += $ending
        }
    }
    if ($problems.Count -gt 0 -and $Stream.ErrorAction -eq 'Stop') {
        Stop-AtProblem $Stream $problems[0]
        $problems = @()
    }
    $outcome.Problem = $problems
    $outcome
}

# Ends the command by an error that the caller's ErrorAction makes a terminating one: nothing more is sent, and the results
# of what was under way are written first.
function script:Stop-AtProblem([hashtable] $Stream, [System.Management.Automation.ErrorRecord] $Problem) {
    if ($null -eq $Stream.Failure) { $Stream.Failure = $Problem }
    $Stream.IsDue = $true
    if ($Stream.Number -ne 0) { $null = Suspend-Operation $Stream.Number }
    $Stream.HasEnded = $true
}

# Handles the operation's own result: its warnings, and an error that no batch has reported.
function script:Complete-Stream([hashtable] $Stream, [System.Collections.IDictionary] $Answer) {
    $failure = $Answer['error']
    if ($null -eq $Stream.Failure -and $null -ne $failure -and -not ($Stream.HasToldError -and $null -ne $Answer['totals'])) {
        $Stream.Failure = Update-ErrorRecord (New-AnswerError $Answer) $null '' $failure['sent'] $Stream.Cmdlet
    }
    if ($null -eq $Stream.Failure) { $Stream.Failure = $Stream.Refusal }
    foreach ($name in 'skipped', 'repeated') { if ($null -ne $Answer['totals']) { $Stream.Account.Count[$name] += $Answer['totals'][$name] } }
    Write-StreamWarning $Stream $Answer
}
