# The result of a request or a filter: the service's answer, as documented, with properties for what all calls have in
# common. Nothing where nothing was sent. After an error it is put together from the calls that were accepted.
function script:New-RequestResult([System.Collections.IDictionary] $Answer, $WithHttpInfo) {
    $response = $Answer['response']
    $accepted = $task = $state = $null
    $ids = @(
        foreach ($call in $Answer['calls']) {
            if ($call['outcome'] -ne 'accepted') { continue }
            $accepted = $call
            if ($null -eq $call['task']) { continue }
            $task = $call['task']
            $task['id']
            if ($null -ne $task['state']) { $state = $task['state'] }
        }
    )
    if ($null -ne $state) { $state = Get-TaskState @(foreach ($call in $Answer['calls']) { if ($call['outcome'] -eq 'accepted') { $call } }) }
    if ($null -eq $response) {
        if ($null -eq $accepted) { return }
        $content = @{}
        if ($null -ne $task) {
            foreach ($member in 'type', 'id', 'name') { $content[$member] = $task[$member] }
            if ($null -ne $task['state']) { $content['status'] = $task['completionStatus'] }
        }
        $response = @{ status = $accepted['status']; headers = @{} }
    } elseif ($null -ne $state) {
        $content = Get-ResponseContent $response $Answer
    } elseif ($null -ne $response['text']) {
        $content = $response['text']
    } else {
        $content = $response['body']
    }
    if ($WithHttpInfo) { $content = @{ Response = $content; StatusCode = [int] $response['status']; Headers = ConvertTo-HeaderDictionary $response } }
    if ($content -isnot [System.Collections.IDictionary]) { return , $content }
    # Not members: the keys stay those of the service. $true: without a check of the names, which takes most of the time.
    $properties = $content.PSObject.Properties
    $properties.Add([psnoteproperty]::new('TaskId', [string[]] $ids), $true)
    $properties.Add([psnoteproperty]::new('TaskState', $state), $true)
    $properties.Add([psnoteproperty]::new('Matched', $Answer['matched']), $true)
    $properties.Add([psnoteproperty]::new('Backend', $Answer['backend']), $true)
    $properties.Add([psnoteproperty]::new('BaseUrl', $Answer['baseUrl']), $true)
    $content
}
$script:RequestResultBlock = ${function:New-RequestResult}
