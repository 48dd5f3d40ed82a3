# Tasks that a refresh has started.

# Returns the tasks that a value names, with their people: hashtables with Id, and People, the name by id. Or an error record.
function script:Resolve-Task($Value) {
    $hint = 'Give the id of a task, or what Invoke-CCRefreshIdentities returns.'
    if ($Value -is [guid]) { $Value = [string] $Value }
    # PowerShell converts an object to this text for -Id.
    if ($Value -is [string] -and $Value -match '^(@\{|System\.)') {
        return New-ErrorRecord @{ code = 'invalid_argument'; message = "'{0}' is an object as text, and no id of a task." -f (Limit-Text $Value 60); hint = 'Pipe the object, or give its TaskId to -Id.'; sent = 'no' } $Value
    }
    if ($Value -is [string] -and $Value -match '\S') { return @{ Id = $Value; People = @{} } }
    $ids = $null
    $people = @{}
    if ($Value -is [System.Collections.IDictionary]) {
        foreach ($entry in $Value.GetEnumerator()) {
            if ($entry.Key -in 'id', 'TaskId') { $ids = $entry.Value }
            # With -WithHttpInfo.
            if ($entry.Key -eq 'Response' -and $entry.Value -is [System.Collections.IDictionary]) { $ids = $entry.Value['id'] }
        }
        # The result of a filter that took several calls.
        if ($null -ne $Value.PSObject.Properties['TaskId'] -and @($Value.PSObject.Properties['TaskId'].Value).Count -gt 0) { $ids = $Value.PSObject.Properties['TaskId'].Value }
    } elseif ($null -ne $Value -and (Test-Object $Value)) {
        foreach ($name in 'TaskId', 'Id') {
            $member = $Value.PSObject.Properties[$name]
            if ($null -ne $member) { $ids = $member.Value; break }
        }
        if ($Value.PSObject.TypeNames -contains 'PSSailpointCC.RefreshResult') {
            # A batch that was not accepted has no task, and its error was written.
            if ($null -eq $ids -and $Value.Outcome -ne 'Accepted') { return }
            if ($null -eq $ids) { return New-ErrorRecord @{ code = 'not_found'; message = 'The answer to this refresh names no task, so that it cannot be followed.'; hint = 'The service has taken the refresh and does it nevertheless.'; sent = 'yes' } $Value }
            # With several tasks it is not known which of them is whose.
            if (@($ids).Count -eq 1) { for ($i = 0; $i -lt $Value.Ids.Count; $i++) { $people[$Value.Ids[$i]] = $Value.Identities[$i] } }
        } elseif ($Value.PSObject.TypeNames -contains 'PSSailpointCC.IdentityResult') {
            # Nobody who was not sent has a task, and their error was written.
            if ($null -eq $ids -and $Value.Outcome -ne 'Accepted') { return }
            if ($Value.Id) { $people[$Value.Id] = $Value.Identity }
        }
    }
    $ids = @($ids | Where-Object { $_ -is [string] -and $_ -match '\S' })
    if ($ids.Count -eq 0) { return New-ErrorRecord @{ code = 'invalid_argument'; message = 'The input names no task.'; hint = $hint; sent = 'no' } $Value }
    foreach ($id in $ids) { @{ Id = $id; People = $people } }
}

# Gets a task, or waits for its end. Returns an outcome: a result, non-terminating errors (Problem), and perhaps an error
# that ends the command (Failure).
function script:Get-TaskOutcome([hashtable] $Task, [string] $Wait, $Cmdlet) {
    $outcome = @{ Result = @(); Problem = @(); Failure = $null }
    try {
        $text = '"id":' + (ConvertTo-JsonText $Task.Id)
        if ($Task.People.psbase.Count -gt 0) { $text += ',"ids":' + (ConvertTo-TextArray @($Task.People.psbase.Keys)) }
        $answer = Invoke-Operation 'cc_get_task' ($text + $Wait + ',"configuration":' + (Get-ConfigurationText $Cmdlet)) $Cmdlet
        Write-AnswerWarning $answer @{}
        foreach ($person in $answer['failed']) {
            if ($Task.People.ContainsKey($person['id'])) { $person['identity'] = $Task.People[$person['id']] }
            $outcome.Problem += New-FailedPersonError $person
        }
        if ($answer['ok']) {
            if ($answer['state'] -eq 'warning') { Microsoft.PowerShell.Utility\Write-Warning -Message ('The task {0} has ended with a warning. {1}' -f $Task.Id, ($answer['messages'] -join ' ')).Trim() }
            $outcome.Result = @([pscustomobject] [ordered] @{
                    PSTypeName = 'PSSailpointCC.Task'
                    Id         = $Task.Id
                    State      = $script:TaskState[[string] $answer['state']]
                    Percent    = $answer['task']['percentComplete']
                    Messages   = ConvertTo-TextList @($answer['messages'] | Where-Object { $null -ne $_ })
                    Task       = Add-JsonText $answer['task']
                })
            Add-ResultFormat
        } else {
            $record = New-ErrorRecord $answer['error']
            $target = $Task.Id
            if ($Task.People.psbase.Count -gt 0) { $target = [string[]] @($Task.People.psbase.Values) }
            $record = Update-ErrorRecord $record $target '' $answer['error']['sent'] $Cmdlet
            # An error of this task only: the command goes on with the others.
            if ($answer['error']['stopsRun']) { $outcome.Failure = $record } else { $outcome.Problem = @($record) + $outcome.Problem }
        }
    } catch {
        $outcome.Failure = Update-ErrorRecord $_ $Task.Id '' 'no' $Cmdlet
    }
    $outcome
}

# The body of Get-CCTask and Wait-CCTask; $wait: the members of the request for the waiting. Dot-sourced, so that the
# public function writes the errors.
$script:TellTask = {
    # Write-Error names the command of this variable.
    $MyInvocation = $PSCmdlet.MyInvocation
    $values = $Id
    $left = $null
    if ($PSCmdlet.ParameterSetName -eq 'Input') { $values = , $InputObject }
    foreach ($task in @(foreach ($value in $values) { Resolve-Task $value })) {
        if ($task -is [System.Management.Automation.ErrorRecord]) {
            Write-Outcome @{ Result = @(); Problem = @($task) } $PSCmdlet $CallerErrorAction $told
            continue
        }
        $outcome = Get-TaskOutcome $task $wait $PSCmdlet
        Write-Outcome $outcome $PSCmdlet $CallerErrorAction $told
        $left = $outcome.Left
        if ($left) { break }
        if ($null -ne $outcome.Failure) { Microsoft.PowerShell.Utility\Write-Error -ErrorRecord $outcome.Failure -ErrorAction Stop }
    }
    if ($left -eq 'break') { break } elseif ($left) { continue }
}
