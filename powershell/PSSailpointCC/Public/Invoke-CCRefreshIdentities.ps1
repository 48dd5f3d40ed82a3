function Invoke-CCRefreshIdentities {
    <#
    .SYNOPSIS
    Refreshes the identities that a filter matches or that are named: POST /cc/api/system/refreshIdentities, or its successor.

    .DESCRIPTION
    Starts an identity refresh for the identities that the filter of the
    request matches, and returns what the service answers. A refresh can be
    a long running process; the service does it in the background.

    People are named without a filter by -Identity or by the pipeline. This
    can never become a refresh of everybody. Their names are looked up, 250
    at a time, and each batch of up to 250 people gives a result, in the
    order of the input. A name that matches nobody, or several people, is a
    non-terminating error. With -JournalPath the same command goes on after
    it was interrupted, and sends nobody twice.

    The service itself refreshes the WHOLE TENANT when a filter is missing,
    cannot be parsed, names an attribute that is not searchable or matches
    nobody. So this command parses the filter and counts by search whom it
    matches, before anything is sent. It refuses a filter that matches
    nobody or everybody, and a request without one: the whole tenant is
    refreshed by -All alone. The check can only be as reliable as search,
    which lags behind by minutes.

    Where to send it, and as whom, comes from Get-Configuration and
    Set-Configuration; from the environment variables SAIL_BASE_URL,
    SAIL_CLIENT_ID and SAIL_CLIENT_SECRET; from ./config.json; or from
    ~/.sailpoint/config.yaml: from the first of them that names credentials.

    If the tenant no longer has the documented endpoint, the command uses
    its successor: the filter is searched for, every identity found is
    evaluated with the filter, and the ids of those that match are sent.
    Arguments that the successor cannot fulfil or exceeds are refused
    without -AllowBroader. What it does although no argument mentions it is
    a warning, once a run.

    An error ends the calling script unless it is caught. In a catch block,
    $_.Exception.Data tells 'code', 'sent' ('no', 'maybe' or 'yes': whether
    the command may have sent a refresh) and 'results' (what it had written
    or would have written before), $_.Exception.Response has the StatusCode
    and the Headers, and $_.ErrorDetails.RecommendedAction says what to do.
    After a request, $_.ErrorDetails is JSON, as documented; otherwise it is
    the message. See about_PSSailpointCC.

    .PARAMETER ContentType
    Accepted as the official module has it, also from the pipeline; JSON is
    always sent.

    .PARAMETER RefreshIdentitiesRequest
    What Initialize-RefreshIdentitiesRequest makes; or a hashtable or
    another object with the members filter and refreshArgs; or the same as
    JSON text, which is sent as it is.

    .PARAMETER Identity
    Whom to refresh, by name: any number of names, or of objects that name
    people, such as those of Find-CCIdentity (see -InputObject). Each is
    sent once. With a ceiling (-MaxIdentities), all names are counted before
    the first is sent.

    .PARAMETER IdentityAttribute
    Which attribute the names are values of: uid where not given; name (the
    user name), email, id or any other that search knows. Ids that search
    does not know are looked up in the list of identities, which also has
    new and uncorrelated ones. Of objects, the property of this name counts.

    .PARAMETER Filter
    Whom to refresh, in SailPoint's filter language, without building a
    request first.

    .PARAMETER RefreshArgs
    What to do: what Initialize-RefreshIdentitiesRequestRefreshArgs makes,
    or a hashtable or another object with the same members, or the same as
    JSON text. Its documented members are $true or $false, and their names
    may be written in any case.

    .PARAMETER All
    Refreshes every identity of the tenant. Asks before, with the tenant and
    the number of its identities, whatever the session's preferences say.

    .PARAMETER Force
    Does not ask. A session in which nobody can answer needs it with -All.

    .PARAMETER AllowPruneAll
    Lets -All have pruneIdentities, which DELETES every identity of the
    tenant that has no account. On SailPoint's guidance only.

    .PARAMETER MaxIdentities
    The maximum number of identities to refresh, including those that only
    the service can evaluate; a refresh of more is refused. The default is
    MaxIdentities of the configuration.

    .PARAMETER JournalPath
    A file that records what is sent and what became of it. The same command
    with the same file goes on after Ctrl+C, an error, a crash or a power
    failure: it skips people who are done, says in a warning how many they
    are, and sends the others. With -Wait, people whom the task has not
    refreshed are not done. It asks the tenant about people who may have
    been sent. Those of whom the tenant cannot tell get a result MaybeSent.
    The file is created where it does not exist, and holds no secret.
    It is refused, before anything is sent, where another command uses it,
    or where tenant, backend, attribute, arguments or filter are others than
    in the file. A filter can have a journal with -Backend process.
    -WhatIf and -Confirm do not read it: they also show people who are done.

    .PARAMETER ResendUncertain
    Also sends people who may have been sent by an earlier command with the
    same journal, and of whom the tenant cannot tell. A second refresh does
    no harm.

    .PARAMETER NoPreflight
    Sends the filter without counting whom it matches. A filter that matches
    nobody refreshes EVERYBODY then. -NoPreflight:$false counts although the
    configuration's Preflight is $false.

    .PARAMETER SkipFilterCheck
    Sends the filter without reading it, and so without counting. A filter
    that the service does not understand refreshes EVERYBODY then.

    .PARAMETER Backend
    cc is the documented endpoint, process its successor. auto, where
    neither this nor the configuration says otherwise, is cc for filters,
    until it turns out that the tenant has it no more, and process for
    people by name.

    .PARAMETER AllowBroader
    Lets process do more than the arguments ask for: it always calculates
    attributes, roles and manager status and provisions, also where an
    argument is $false, and it knows no pruneIdentities. Each such argument
    is then a warning. -AllowBroader:$false refuses them although the
    configuration's AllowBroader is $true. What no argument mentions is done
    in any case, with a warning.

    .PARAMETER PerIdentity
    Writes an object for each person by name, in the order of the input, in
    place of one for each batch: Identity (the name, as given), Id, Outcome,
    TaskId, TaskState (with -Wait) and Reason, ready for Export-Csv.

    .PARAMETER Wait
    Waits until the tasks that the refresh has started have ended, and shows
    their progress. A warning of a task is a warning, and so is a task that
    the service does not know after 30 seconds. A task that failed, and each
    person whom it has not refreshed, is a non-terminating error.

    .PARAMETER WaitTimeoutSec
    Waits at most so many seconds, 3600 where not given. The error
    says how to follow the task, which goes on.

    .PARAMETER InputObject
    From the pipeline: names, which are texts or numbers, or objects with a
    property Identity (a value of -IdentityAttribute), uid, alias (the user
    name), identityId or id, in this order; with -IdentityAttribute, with a
    property of that name or Identity. They are sent while more are read. Or
    requests, which are objects with filter or refreshArgs, each of which is
    sent at once. Or a content type, such as "application/json", for the
    request that -RefreshIdentitiesRequest names. Anything else, a filter
    too, is a non-terminating error, and nothing is sent for it. An empty
    pipeline sends nothing.

    Where the pipeline ends early (Ctrl+C, Select-Object -First, break, an
    error in another command), nothing more is sent, and a warning says what
    became of the names of which no result was written.

    .PARAMETER WithHttpInfo
    Returns a hashtable with Response, StatusCode and Headers in place of
    the response alone. A result of people by name has Response anyway, and
    gets StatusCode and Headers as further members.

    .EXAMPLE
    $Configuration = Get-Configuration
    $Configuration.BaseUrl = "https://acme.api.identitynow.com"
    $Configuration.AccessToken = "YOUR_ACCESS_TOKEN"
    $RefreshArgs = Initialize-RefreshIdentitiesRequestRefreshArgs -CorrelateEntitlements $true -PromoteAttributes $true
    $Request = Initialize-RefreshIdentitiesRequest -VarFilter 'uid == "amelie.roux"' -RefreshArgs $RefreshArgs
    Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $Request

    Refreshes one person.

    .EXAMPLE
    Invoke-CCRefreshIdentities -RefreshIdentitiesRequest @{ filter = 'name == "amelie.roux"' } -WhatIf

    Checks the request and shows who would be refreshed on which tenant, by name up to ten; sends no refresh.

    .EXAMPLE
    Invoke-CCRefreshIdentities -Filter 'uid.in({"amelie.roux"})' -RefreshArgs @{ promoteAttributes = $true } -MaxIdentities 10

    Refreshes whom the filter matches, at most ten identities.

    .EXAMPLE
    Invoke-CCRefreshIdentities -Identity amelie.roux -RefreshArgs @{ promoteAttributes = $true }

    Refreshes one person by uid, and shows what became of it.

    .EXAMPLE
    Find-CCIdentity 'uid == "amelie.roux"' | Invoke-CCRefreshIdentities -WhatIf

    Shows which calls a refresh of the people found would make.

    .EXAMPLE
    'amelie.roux', 'no.such.person' | Invoke-CCRefreshIdentities -IdentityAttribute name -ErrorAction SilentlyContinue -ErrorVariable Problems
    $Problems | ForEach-Object { "{0}: {1}" -f $_.TargetObject, $_.Exception.Message }

    Refreshes the people who exist, and shows the names that nobody has.

    .EXAMPLE
    Import-Csv people.csv -Encoding UTF8 | Invoke-CCRefreshIdentities -RefreshArgs @{ promoteAttributes = $true } -JournalPath people.jsonl

    Refreshes everybody in the file. The same command goes on after an interruption.

    .EXAMPLE
    Import-Csv people.csv -Encoding UTF8 | Invoke-CCRefreshIdentities -RefreshArgs @{ promoteAttributes = $true } -JournalPath people.jsonl -ResendUncertain

    Goes on, and also sends the people who may have been sent before.

    .EXAMPLE
    Import-Csv people.csv -Encoding UTF8 | Invoke-CCRefreshIdentities -Wait -PerIdentity | Export-Csv outcome.csv -Encoding UTF8

    Refreshes everybody in a file, and writes a line for each of them.

    .EXAMPLE
    Invoke-CCRefreshIdentities -Identity amelie.roux -Wait

    Refreshes one person, waits until that is done, and shows whether it succeeded.

    .EXAMPLE
    Invoke-CCRefreshIdentities -All -RefreshArgs @{ correlateEntitlements = $true } -WhatIf

    Shows how many identities a refresh of the whole tenant would touch; without -WhatIf it asks before it sends one.

    .EXAMPLE
    try {
        Invoke-CCRefreshIdentities -RefreshIdentitiesRequest '{"filter": "uid == \"amelie.roux\""}'
    } catch {
        Write-Host ("{0} (sent: {1})" -f $_.Exception.Message, $_.Exception.Data['sent'])
    }

    Sends JSON text as it is, and tells after an error whether the refresh may have left.

    .INPUTS
    System.Object

    .OUTPUTS
    System.Collections.Hashtable

    What the service answers, by a request or a filter: of several calls the
    last answer. It has properties for all calls together, which are no keys
    of the hashtable: TaskId (the ids of all tasks), TaskState (with -Wait),
    Matched, Backend and BaseUrl. After -Wait its status is the task's.

    .OUTPUTS
    PSSailpointCC.RefreshResult

    For each batch of up to 250 people by name: Outcome (Accepted, Rejected,
    NotSent, MaybeSent), Identities (the names, as given), IdentityAttribute,
    Ids, Status, TaskId (several where several calls were made), TaskState
    (with -Wait), Backend, BaseUrl, Unmatched, Ambiguous, Warnings, Response, TrackingId. Where the
    calls of a batch ended differently, there is one result for each
    outcome. Every name that was read is once in Identities, Unmatched or
    Ambiguous, unless the journal lists it as done, the answer to -Confirm
    was no, or the pipeline ended early.

    .OUTPUTS
    PSSailpointCC.IdentityResult

    With -PerIdentity, for each name: Identity, Id, Outcome (as above, or
    Unmatched, Ambiguous, or Done, which is of the journal), TaskId,
    TaskState and Reason. With -JournalPath, names that are done come last.

    .LINK
    about_PSSailpointCC

    .LINK
    Initialize-RefreshIdentitiesRequest

    .LINK
    Test-CCFilter

    .LINK
    Find-CCIdentity

    .LINK
    Wait-CCTask
    #>
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'Medium', PositionalBinding = $false, DefaultParameterSetName = 'Request')]
    [OutputType([hashtable])]
    [OutputType('PSSailpointCC.RefreshResult')]
    [OutputType('PSSailpointCC.IdentityResult')]
    param(
        [Parameter(ParameterSetName = 'Request', Position = 0, ValueFromPipelineByPropertyName)]
        [Parameter(ParameterSetName = 'Input', Position = 0, DontShow)]
        [string] $ContentType,

        [Parameter(ParameterSetName = 'Request', Position = 1, ValueFromPipelineByPropertyName)]
        [Alias('Body')]
        [object] $RefreshIdentitiesRequest,

        [Parameter(ParameterSetName = 'Request', ValueFromPipeline)]
        [Parameter(ParameterSetName = 'Input', ValueFromPipeline)]
        [AllowNull()]
        [AllowEmptyString()]
        [AllowEmptyCollection()]
        [object] $InputObject,

        [Parameter(ParameterSetName = 'Identity', Mandatory)]
        [AllowNull()]
        [AllowEmptyString()]
        [AllowEmptyCollection()]
        [object[]] $Identity,

        [Parameter(ParameterSetName = 'Input')]
        [Parameter(ParameterSetName = 'Identity')]
        [string] $IdentityAttribute,

        [Parameter(ParameterSetName = 'Filter', Mandatory)]
        [AllowEmptyString()]
        [string] $Filter,

        [Parameter(ParameterSetName = 'All', Mandatory)]
        [switch] $All,

        [Parameter(ParameterSetName = 'Input')]
        [Parameter(ParameterSetName = 'Identity')]
        [Parameter(ParameterSetName = 'Filter')]
        [Parameter(ParameterSetName = 'All')]
        [object] $RefreshArgs,

        [Parameter(ParameterSetName = 'All')]
        [switch] $Force,

        [Parameter(ParameterSetName = 'All')]
        [switch] $AllowPruneAll,

        [ValidateRange(1, 1000000000)]
        [int] $MaxIdentities,

        [Parameter(ParameterSetName = 'Request')]
        [Parameter(ParameterSetName = 'Filter')]
        [switch] $NoPreflight,

        [Parameter(ParameterSetName = 'Request')]
        [Parameter(ParameterSetName = 'Filter')]
        [switch] $SkipFilterCheck,

        [ValidateSet('auto', 'cc', 'process')]
        [string] $Backend,

        [switch] $AllowBroader,

        [Parameter(ParameterSetName = 'Input')]
        [Parameter(ParameterSetName = 'Identity')]
        [Parameter(ParameterSetName = 'Filter')]
        [ValidateNotNullOrEmpty()]
        [string] $JournalPath,

        [Parameter(ParameterSetName = 'Input')]
        [Parameter(ParameterSetName = 'Identity')]
        [Parameter(ParameterSetName = 'Filter')]
        [switch] $ResendUncertain,

        [Parameter(ParameterSetName = 'Request')]
        [Parameter(ParameterSetName = 'Input')]
        [Parameter(ParameterSetName = 'Identity')]
        [switch] $PerIdentity,

        [switch] $Wait,

        [ValidateRange(1, 31536000)]
        [int] $WaitTimeoutSec,

        [switch] $WithHttpInfo
    )

    begin {
        if (-not $script:IsPrivateRead) { Import-PrivateFunction }
        # The same as $script:UseCallerPreference. Dot-sourcing it would make all variables below slower: 60 us per call.
        if (-not $script:IsFullLanguage) {
            # Write-Error names the command of this variable.
            $MyInvocation = $PSCmdlet.MyInvocation
            Microsoft.PowerShell.Utility\Write-Error -Message $script:NeedsFullLanguage -ErrorId LanguageMode -Category PermissionDenied -CategoryActivity $PSCmdlet.MyInvocation.MyCommand.Name -ErrorAction Stop
        }
        $callerVariable = $PSCmdlet.SessionState.PSVariable
        $boundParameter = $PSCmdlet.MyInvocation.BoundParameters
        if (-not $boundParameter.ContainsKey('WhatIf')) { $WhatIfPreference = $callerVariable.GetValue('WhatIfPreference') }
        if (-not $boundParameter.ContainsKey('Confirm')) { $ConfirmPreference = $callerVariable.GetValue('ConfirmPreference') }
        if (-not $boundParameter.ContainsKey('Verbose')) { $VerbosePreference = $callerVariable.GetValue('VerbosePreference') }
        if (-not $boundParameter.ContainsKey('Debug')) { $DebugPreference = $callerVariable.GetValue('DebugPreference') }
        if (-not $boundParameter.ContainsKey('WarningAction')) { $WarningPreference = $callerVariable.GetValue('WarningPreference') }
        $CallerErrorAction = $ErrorActionPreference
        if (-not $boundParameter.ContainsKey('ErrorAction')) { $CallerErrorAction = $callerVariable.GetValue('ErrorActionPreference') }
        $ErrorActionPreference = 'Stop'
        $requestNamed, $inputNamed = $PSBoundParameters.ContainsKey('RefreshIdentitiesRequest'), $PSBoundParameters.ContainsKey('InputObject')
        $parameterSet = $PSCmdlet.ParameterSetName
        # Member options is always sent: the library refuses JSON text that brings a second one.
        $options = ''
        if ($SkipFilterCheck) { $options += ',"skipFilterCheck":true' }
        if ($NoPreflight) { $options += ',"preflight":false' } elseif ($PSBoundParameters.ContainsKey('NoPreflight')) { $options += ',"preflight":true' }
        # The question shows the number of identities, also where the configuration switches counting off.
        if ($All) { $options += ',"allowFullRefresh":true,"preflight":true' }
        if ($AllowPruneAll) { $options += ',"allowPruneAll":true' }
        if ($Backend) { $options += ',"backend":"' + $Backend.ToLowerInvariant() + '"' }
        if ($AllowBroader) { $options += ',"allowBroader":true' } elseif ($PSBoundParameters.ContainsKey('AllowBroader')) { $options += ',"allowBroader":false' }
        if ($Wait) { $options += ',"wait":true' + $(if ($WaitTimeoutSec) { ',"waitTimeoutSec":' + $WaitTimeoutSec }) }
        $ceiling = ''
        if ($MaxIdentities) { $ceiling = ',"maxIdentities":' + $MaxIdentities }
        $asks = $All -and -not $Force -and -not $PSBoundParameters['Confirm']
        # Only once: not for the preference as well.
        if ($asks) { $ConfirmPreference = 'None' }
        # For people by name; and of a single request when something is to be said about it.
        $stream = $account = $null
        if ($parameterSet -ne 'Request' -or $inputNamed -or $PerIdentity -or $MyInvocation.ExpectingInput) { $account = New-Account $MyInvocation $CallerErrorAction ($parameterSet -in 'Request', 'Input') }
    }

    process {
        $request = $RefreshIdentitiesRequest
        if ($parameterSet -eq 'Identity' -or $inputNamed -or $MyInvocation.ExpectingInput) {
            $refusals = @()
            $isPerson = $parameterSet -eq 'Identity'
            try {
                if ($isPerson) {
                    $stream = New-Stream $PSCmdlet ($ceiling + $options) $CallerErrorAction $account
                    $refusals = @(Add-Identity $stream $Identity)
                } elseif ($InputObject -is [string] -and $InputObject -match '/' -and (Test-JsonMediaType $InputObject)) {
                    $ContentType = $InputObject
                } elseif ($requestNamed) {
                    # An object may bind its ContentType by property name.
                    if ($null -eq $InputObject -or $null -eq $InputObject.PSObject.Properties['ContentType']) { $refusals = @(New-InputError $InputObject -Beside '-RefreshIdentitiesRequest') }
                } elseif ($null -ne $request) {
                    # Bound by property name.
                } elseif ($InputObject -isnot [string] -and $script:TestRequestBlock.InvokeReturnAsIs(@(, $InputObject))) {
                    $request = $InputObject
                    foreach ($name in 'RefreshArgs', 'JournalPath') { if ($null -ne $PSBoundParameters[$name] -and $refusals.Count -eq 0) { $refusals = @(New-InputError $InputObject -Beside "-$name") } }
                } else {
                    if ($null -eq $stream) { $stream = New-Stream $PSCmdlet ($ceiling + $options) $CallerErrorAction $account }
                    $isPerson = $true
                    if ($InputObject -is [string] -and -not $PerIdentity -and $InputObject -cmatch '^[\w.@-]+$') { $stream.Plain.Add($InputObject) } else { $refusals = @($stream.Reader.InvokeReturnAsIs(@($stream, $InputObject))) }
                }
            } catch {
                $record = Update-ErrorRecord $_ $InputObject '' 'no' $PSCmdlet $account
                if ($null -eq $stream) { Microsoft.PowerShell.Utility\Write-Error -ErrorRecord $record -ErrorAction Stop }
                Stop-AtProblem $stream $record
            }
            if ($refusals.Count -gt 0) {
                # An error that ends the command is written after the results of the names before it.
                if ($CallerErrorAction -eq 'Stop') { Add-Account $refusals[0].Exception $account }
                if ($null -eq $stream -or $CallerErrorAction -ne 'Stop') { Write-Outcome @{ Result = @(); Problem = $refusals } $PSCmdlet $CallerErrorAction $account.Told } else { Stop-AtProblem $stream $refusals[0] }
            }
            if ($null -ne $stream -and ($stream.Plain.Count -ge $stream.SendCount -or $stream.IsDue -or $stream.Watch.ElapsedMilliseconds -gt $stream.SendAfter)) {
                Update-Stream $stream
                if ($null -ne $stream.Failure) { Microsoft.PowerShell.Utility\Write-Error -ErrorRecord $stream.Failure -ErrorAction Stop }
            }
            if ($isPerson -or $refusals.Count -gt 0) { return }
        }

        $sent, $untold = 'no', $null
        try {
            if ($PerIdentity -or ($parameterSet -eq 'Input' -and $null -eq $request)) { throw (New-NobodyError $PSBoundParameters $request $account) }
            if ($parameterSet -in 'Request', 'Input') {
                $body = $script:RequestMemberBlock.InvokeReturnAsIs(@(, $request))
                if ($body -is [System.Management.Automation.ErrorRecord]) { throw $body }
            } else {
                $body = ''
                if ($null -ne $RefreshArgs) { $body = '"refreshArgs":' + (ConvertTo-ArgumentText $RefreshArgs) }
                # Not decided by $All: -All:$false is neither a filter nor everybody.
                if ($parameterSet -eq 'Filter') { $request, $body = $Filter, (('"filter":' + (ConvertTo-JsonText $Filter)), $body -ne '' -join ',') }
            }
            $head = '"options":{"dryRun":'
            if ($body) { $head = $body + ',' + $head }
            $configuration = $script:FindConfigurationBlock.InvokeReturnAsIs(@(, $PSCmdlet))
            if (-not $configuration) { $configuration = New-ConfigurationText $PSCmdlet }
            $tail = $ceiling + $options + '},"configuration":' + $configuration
            if ($JournalPath -or $ResendUncertain) { $tail = (Get-JournalMember $PSCmdlet) + $tail }
            $target = 'identities'
            # A dry run only where its result is shown.
            if ($WhatIfPreference -or $asks -or $ConfirmPreference -in 'Low', 'Medium') {
                $answer = Invoke-Operation 'cc_refresh_identities' ($head + 'true' + $tail) $PSCmdlet
                if (-not $answer['ok']) { throw (New-AnswerError $answer) }
                $target = Get-PlanText $answer
                if ($WhatIfPreference) { Write-AnswerWarning $answer @{} }
            } elseif ($VerbosePreference -ne 'SilentlyContinue') {
                $target = 'Refresh identities: {' + $body + '}'
            }
            # ShouldProcess writes this only where -Verbose was given, not where the preference is set.
            if ($VerbosePreference -ne 'SilentlyContinue' -and -not $PSBoundParameters.ContainsKey('Verbose')) { Microsoft.PowerShell.Utility\Write-Verbose -Message $target }
            if (-not $PSCmdlet.ShouldProcess($target, "$target.`nGo on?", 'Refresh identities')) { return }
            if ($asks -and -not (Confirm-FullRefresh $target $PSCmdlet)) { return }
            if ($DebugPreference -ne 'SilentlyContinue') { Write-RequestDebug $body }
            if ($VerbosePreference -ne 'SilentlyContinue') { $watch = [System.Diagnostics.Stopwatch]::StartNew() }
            if ($null -eq $script:Native) { $script:Native = Import-NativeLibrary }
            $sent, $script:UntoldText = 'maybe', $null
            $answer = $script:OperationBlock.InvokeReturnAsIs(@('cc_refresh_identities', ($head + 'false' + $tail), $PSCmdlet))
            if ($answer -is [System.Management.Automation.ErrorRecord]) { throw $answer }
            $untold, $script:UntoldText = $script:UntoldText, $null
            if ($VerbosePreference -ne 'SilentlyContinue') { Write-ResultVerbose $answer $watch }
            $isPlain = $answer['ok'] -and $null -eq $answer['warnings'] -and $null -eq $answer['fallback'] -and $null -eq $answer['failed']
            if (-not $isPlain -and $null -eq $account) { $account = New-Account $MyInvocation $CallerErrorAction $true }
            if ($null -eq $account) { $result = $script:RequestResultBlock.InvokeReturnAsIs(@($answer, $WithHttpInfo)) } else { $result = Get-RequestResult $answer $account $WithHttpInfo }
            if (-not $PSCmdlet.Stopping) { $untold = $null }
        } catch {
            if ($null -eq $account) { $account = New-Account $MyInvocation $CallerErrorAction $true }
            # The results of the names before it are written first.
            if ($null -ne $stream) { $stream.Failure = $_; Update-Stream $stream }
            $record = Update-ErrorRecord $_ $request $ContentType $sent $PSCmdlet $account
            if (-not $PSCmdlet.Stopping) { $untold = $null }
            Microsoft.PowerShell.Utility\Write-Error -ErrorRecord $record -ErrorAction Stop
        } finally {
            # Whoever stops the command is told of a refresh, also where its answer has just come.
            if ($null -ne $script:OpenCall) { Stop-OpenCall }
            if ($null -eq $untold) { $untold, $script:UntoldText = $script:UntoldText, $null }
            if ($null -ne $untold -and $sent -ne 'no') { Stop-Call 'cc_refresh_identities' 0 $untold }
        }

        # Outside the try, which would catch errors of the next command. $null: the journal lists everybody as done.
        if ($null -ne $result) { $result }
        if ($isPlain) { return }
        $outcome = Get-RequestOutcome $answer $request $account $PSCmdlet $CallerErrorAction
        if ($null -ne $outcome.Failure) { Microsoft.PowerShell.Utility\Write-Error -ErrorRecord $outcome.Failure -ErrorAction Stop }
        Write-Outcome $outcome $PSCmdlet $CallerErrorAction $account.Told
    }

    end {
        if ($null -eq $stream) { return }
        Update-Stream $stream -IsLast
        if ($null -ne $stream.Failure) { Microsoft.PowerShell.Utility\Write-Error -ErrorRecord $stream.Failure -ErrorAction Stop }
    }

    # The only block that is called when the pipeline is ended while another of its commands runs: by Ctrl+C, or by an error or
    # a break in the command that gives the names. Without it the operation would go on with the names that it has got, and
    # its journal would stay locked. Where PowerShell is older than 7.3, the module reads this file without that line.
    clean { if ($null -ne $stream) { Stop-Stream $stream } }
}
