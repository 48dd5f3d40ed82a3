# -PerIdentity: an object for each name, in the order of the input. The library reports batches, and in each of them names
# without a person apart; so names wait here until those before them are reported.

function script:New-IdentityList([bool] $HasJournal) {
    @{
        # With a journal, names before a reported one may be done, or be reported last; then they do not hold it back.
        HasJournal = $HasJournal
        Waiting    = [System.Collections.Generic.Queue[object]]::new()
        Late       = [System.Collections.Generic.List[object]]::new()
        Seen       = [System.Collections.Generic.HashSet[string]]::new([StringComparer]::Ordinal)
        Known      = [System.Collections.Generic.Dictionary[string, object]]::new([StringComparer]::Ordinal)
        HasEnded   = $false
    }
}

function script:Add-IdentityName([hashtable] $List, [string] $Attribute, [string] $Name) {
    $key = "$Attribute`0$Name"
    # The library takes off what only copying can have left at the ends: all but plain blanks.
    if ($Name -match '\A[\s\p{Cf}\p{Cc}]|[\s\p{Cf}\p{Cc}]\z') {
        $bare = $Name -replace '\A[\s\p{Cf}\p{Cc}]+|[\s\p{Cf}\p{Cc}]+\z'
        if ($bare.Length -ne $Name.Trim(' ').Length) { $key = "$Attribute`0$bare" }
    }
    if ($List.Seen.Add($key)) { $List.Waiting.Enqueue(@{ Key = $key; Attribute = $Attribute; Name = $Name }) }
}
$script:AddIdentityNameBlock = ${function:Add-IdentityName}

# Of the values of reason in the library's calls.
$script:ReasonText = @{
    stopped   = 'It was not sent, because the run had ended before.'
    gone      = 'The identity was found, and no longer exists.'
    uncertain = 'An earlier run may have sent it, and the tenant cannot tell.'
}

function script:New-IdentityResult([string] $Identity, $Id, [string] $Outcome, [string] $Reason) {
    $result = [pscustomobject] [ordered] @{ PSTypeName = 'PSSailpointCC.IdentityResult'; Identity = $Identity; Id = $Id; Outcome = $Outcome; TaskId = $null; TaskState = $null; Reason = $null }
    if ($Reason) { $result.Reason = $Reason -replace '\s*[\r\n]+\s*', ' ' }
    $result
}
$script:IdentityResultBlock = ${function:New-IdentityResult}

# Adds what a batch's answer says of each of its names.
function script:Add-IdentityAnswer([hashtable] $List, [System.Collections.IDictionary] $Answer) {
    $attribute = [string] $Answer['identityAttribute']
    foreach ($call in Get-CountedCall $Answer) {
        $names = @($call['identities'] | Where-Object { $null -ne $_ })
        $ids = @($call['ids'] | Where-Object { $null -ne $_ })
        if ($attribute -eq 'id') { $ids = $names }
        $reason = [string] $script:ReasonText[[string] $call['reason']]
        if ($null -ne $call['error']) { $reason = $call['error']['message'] } elseif (-not $reason -and $call['outcome'] -ne 'accepted' -and $null -ne $Answer['error']) { $reason = $Answer['error']['message'] }
        $task = $call['task']
        if ($null -ne $task -and $task['state'] -in 'failed', 'warning') { $reason = @($task['messages'] | Where-Object { $_ }) -join ' ' }
        for ($i = 0; $i -lt $names.Count; $i++) {
            $result = $script:IdentityResultBlock.InvokeReturnAsIs(@($names[$i], $ids[$i], $script:OutcomeName[[string] $call['outcome']], $reason))
            if ($null -ne $task) {
                $result.TaskId = $task['id']
                if ($null -ne $task['state']) { $result.TaskState = $script:TaskState[[string] $task['state']] }
            }
            $List.Known["$attribute`0$($names[$i])"] = $result
        }
    }
    # What failed for a person after the refresh was accepted.
    foreach ($call in $Answer['calls']) {
        if ($call['call'] -ne 'synchronize-attributes' -or $null -eq $call['error']) { continue }
        foreach ($name in $call['identities']) { $List.Known["$attribute`0$name"].Reason = $call['error']['message'] }
    }
    foreach ($person in $Answer['failed']) {
        $result = $null
        if ($List.Known.TryGetValue("$attribute`0$($person['identity'])", [ref] $result)) { $result.Reason = (New-FailedPersonError $person).Exception.Message }
    }
    foreach ($name in $Answer['unmatched']) { $List.Known["$attribute`0$name"] = New-IdentityResult $name $null 'Unmatched' (New-UnmatchedError $name $attribute $Answer['baseUrl']).Exception.Message }
    foreach ($entry in $Answer['ambiguous']) { $List.Known["$attribute`0$($entry['identity'])"] = New-IdentityResult $entry['identity'] $null 'Ambiguous' (New-AmbiguousError $entry $attribute $Answer['baseUrl']).Exception.Message }
}

# The objects of the names whose turn has come; with -IsLast those of all that are left.
function script:Read-Identity([hashtable] $List, [switch] $IsLast) {
    Add-ResultFormat
    $result = $null
    if ($List.HasJournal) {
        $late = $List.Late.ToArray()
        $List.Late.Clear()
        foreach ($name in $late) { if ($List.Known.TryGetValue($name.Key, [ref] $result)) { $null = $List.Known.Remove($name.Key); $result.Identity = $name.Name; $result } else { $List.Late.Add($name) } }
    }
    while ($List.Waiting.Count -gt 0 -and ($List.Known.Count -gt 0 -or $IsLast)) {
        $name = $List.Waiting.Peek()
        if ($List.Known.TryGetValue($name.Key, [ref] $result)) { $null = $List.Known.Remove($name.Key); $result.Identity = $name.Name; $result } elseif ($List.HasJournal -or $IsLast) { $List.Late.Add($name) } else { break }
        $null = $List.Waiting.Dequeue()
    }
    if (-not $IsLast) { return }
    $List.HasEnded = $true
    foreach ($name in $List.Late) {
        if ($List.HasJournal) { New-IdentityResult $name.Name $null 'Done' 'The journal lists it as done.' } else { New-IdentityResult $name.Name $null 'NotSent' 'It was not sent.' }
    }
    # Names that the library has written in another way.
    $List.Known.Values
}
