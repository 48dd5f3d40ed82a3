# Parts of Invoke-CCRefreshIdentities for requests and filters.

function script:Test-JsonMediaType([string] $Text) {
    $Text -match '^\s*[\w.!#$&^+-]+/([\w.!#$&^-]+\+)?json\s*(;.*)?$'
}

# Describes a refresh by the answer to a dry run: whom it touches, where and how. $Attribute: of people by name.
function script:Get-PlanText([System.Collections.IDictionary] $Answer, [string] $Attribute) {
    $plan = $Answer['plan']
    $matched = $Answer['matched']
    $url = $plan['url']
    if (-not $url) { $url = $Answer['baseUrl'] }
    $tenant = ([uri] $url).GetLeftPart('Authority')
    if ($Attribute) {
        $with = "by $Attribute"
    } else {
        $filter = [string] $plan['filter']
        if ($filter.Length -gt 300) { $filter = $filter.Substring(0, 300) + '...' }
        $with = "with $filter"
    }
    $text = if ($plan['everybody'] -and $null -eq $matched) {
        'Refresh ALL identities of {0}, which could not be counted' -f $tenant
    } elseif ($plan['everybody']) {
        'Refresh ALL identities of {0} ({1} were counted)' -f $tenant, $matched
    } elseif (-not $Attribute -and $null -eq $plan['filter']) {
        'Refresh the identities with a filter that was not checked on {0}: ALL identities, if the service does not understand it' -f $tenant
    } elseif ($null -eq $matched) {
        'Refresh the identities {0} on {1}, which were not counted: ALL identities, if it matches nobody' -f $with, $tenant
    } else {
        $people = @(foreach ($person in $plan['identities']) { Get-PersonText $person })
        if ($matched -gt $people.Count) { $people += '{0} more' -f ($matched - $people.Count) }
        if ($Answer['undecided'] -gt 0) { $people += 'perhaps {0} that only the service can evaluate' -f $Answer['undecided'] }
        $noun = 'identities'
        if ($matched -eq 1) { $noun = 'identity' }
        'Refresh {0} {1} {2} on {3}: {4}' -f $matched, $noun, $with, $tenant, ($people -join ', ')
    }
    if ($plan['body'] -cmatch '"pruneIdentities":(?!"?\s*false)') { $text += '; and DELETE those of them that have no account' }
    $calls = foreach ($call in $plan['calls']) { '{0} x {1} {2}' -f $call['count'], $call['method'], ([uri] $call['url']).AbsolutePath }
    if ($calls) { $text += '; by ' + ($calls -join ', ') }
    if ($plan['sideEffects']) { $text += '; beyond the arguments this does: ' + ($plan['sideEffects'] -join ', ') }
    $text
}

function script:Get-PersonText([System.Collections.IDictionary] $Person) {
    $text = [string] $Person['name']
    if (-not $text) { $text = [string] $Person['id'] }
    if ($Person['displayName'] -and $Person['displayName'] -cne $text) { $text += ' ({0})' -f $Person['displayName'] }
    # Control characters, which a terminal would execute.
    $text -replace '\p{Cc}', '?'
}

# Asks for confirmation whatever the session's preferences are; in a session where nobody can answer, that is an error.
function script:Confirm-FullRefresh([string] $Target, $Cmdlet) {
    # Not only -NonInteractive: the input of a cron or CI job is redirected.
    $canAsk = [Environment]::UserInteractive -and -not ($Host.Name -eq 'ConsoleHost' -and [Console]::IsInputRedirected)
    if ($canAsk) {
        try { return $Cmdlet.ShouldContinue("$Target.`nGo on?", 'Refresh all identities') } catch { $canAsk = $false }
    }
    throw (New-ErrorRecord @{
            code    = 'would_refresh_all'
            message = '-All asks before it does this, and nobody can answer in this session: {0}.' -f $Target
            hint    = 'Nothing was sent. Where it is meant, add -Force.'
            sent    = 'no'
        })
}

# Shows the body only, because the configuration holds secrets.
function script:Write-RequestDebug([string] $Body) {
    if ($null -eq $script:Native) { $script:Native = Import-NativeLibrary }
    Microsoft.PowerShell.Utility\Write-Debug -Message ('refreshIdentities {{{0}}} by library {1}, {2}' -f $Body, (Get-LibraryVersion), $script:NativePath)
}

function script:Write-ResultVerbose([System.Collections.IDictionary] $Result, $Watch) {
    $message = '{0} answered' -f $Result['baseUrl']
    if ($null -ne $Result['response']) { $message += ' {0}' -f $Result['response']['status'] }
    if ($null -ne $Watch) { $message += ' in {0} ms' -f $Watch.ElapsedMilliseconds }
    $message += '.'
    if ($Result['backend'] -eq 'process' -or $null -ne $Result['identityAttribute']) {
        $message += ' Backend {0}: {1} matched, calls: {2}.' -f $Result['backend'], $Result['matched'], @($Result['calls']).Count
    } elseif ($null -ne $Result['matched']) {
        $least = ''
        if (-not $Result['matchedExactly']) { $least = 'at least ' }
        $message += ' The filter matched {0}{1} before.' -f $least, $Result['matched']
    }
    $count = (New-Account $MyInvocation 'Continue' $false)
    Add-AnswerCount $count $Result
    $message += ' {0}.' -f (Get-AccountText $count.Count)
    Microsoft.PowerShell.Utility\Write-Verbose -Message $message
}

# Adds what only the command knows: the request, other possible causes in the session, and what was sent before.
function script:Update-ErrorRecord([System.Management.Automation.ErrorRecord] $Record, $Request, [string] $ContentType, [string] $Sent, $Cmdlet, [hashtable] $Account) {
    # Thrown by a function that was called as a script block.
    while ($Record.Exception -is [System.Management.Automation.MethodInvocationException] -and $Record.Exception.InnerException -is [System.Management.Automation.IContainsErrorRecord]) {
        $inner = $Record.Exception.InnerException
        $Record = $inner.ErrorRecord
        # PowerShell's own records hold a stand-in for the exception.
        if ($Record.Exception -is [System.Management.Automation.ParentContainsErrorRecordException]) { $Record = [System.Management.Automation.ErrorRecord]::new($Record, $inner) }
    }
    $exception = $Record.Exception
    $code = $exception.Data['code']
    $hint = $null
    if ($null -eq $code) {
        # Not an error of the library: a property of the request that cannot be read, a prompt that nobody can answer, a
        # preference of the caller.
        if ($exception -isnot [System.Management.Automation.ActionPreferenceStopException]) { $exception.Data['code'] = 'internal' }
        $exception.Data['sent'] = $Sent
        Add-Response $exception $null @{}
    } else {
        $hint = $Record.ErrorDetails.RecommendedAction
    }
    if ($ContentType -and $code -in 'would_refresh_all', 'invalid_argument' -and $ContentType -notmatch '^\s*[^\s/]+/[^\s/]+$') {
        $hint = (Get-NamingHint $ContentType), $hint -ne '' -join "`n"
    }
    if ($code -eq 'not_configured') {
        # Asked in the caller's session; in the module it is always ours. A script block made from a tree is bound to no session.
        $ask = { Get-Command -Name Get-Configuration -ErrorAction Ignore }.Ast.GetScriptBlock()
        $taken = $Cmdlet.InvokeCommand.InvokeScript($Cmdlet.SessionState, $ask) | Select-Object -First 1
        if ($null -ne $taken -and $taken.ModuleName -ne 'PSSailpointCC') {
            $hint += "`nIn this session Get-Configuration is another module's ('{0}'): use PSSailpointCC\Get-Configuration and PSSailpointCC\Set-Configuration." -f $taken.ModuleName
        }
    }
    if ($null -ne $Account) { Add-Account $exception $Account }
    $updated = [System.Management.Automation.ErrorRecord]::new($exception, $Record.FullyQualifiedErrorId, $Record.CategoryInfo.Category, $Request)
    Set-ErrorDetail $updated $exception.Message $hint
    if ($null -ne $Account -and $Account.IsDocumented) { Set-DocumentedDetail $updated }
    $updated
}

# For a person or a filter that was given by position, where it is bound to -ContentType.
function script:Get-NamingHint([string] $Text) {
    $text = Limit-Text $Text 60
    "'{0}' stands at the first position, which is -ContentType, as on the documented page. Name people by -Identity{1}, a filter by -Filter, a request by -RefreshIdentitiesRequest." -f $text, $(if ($text -match '^[\w.@-]+$') { " $text" })
}

# The error for switches of people by name without any name.
function script:New-NobodyError([System.Collections.IDictionary] $Bound, $Request, [hashtable] $Account) {
    $Account.IsDocumented = $null -ne $Request
    if ($null -ne $Request) { return New-ArgumentError '-PerIdentity is for people by name, and a request names nobody.' 'Leave it out, or name people by -Identity or the pipeline.' }
    $given = @(foreach ($name in 'RefreshArgs', 'IdentityAttribute', 'JournalPath', 'ResendUncertain', 'PerIdentity') { if ($Bound.ContainsKey($name)) { "-$name" } }) -join ', '
    $hint = 'Name people by -Identity, such as -Identity amelie.roux, or by the pipeline; a filter by -Filter; the whole tenant by -All.'
    # The hint about the first position says the same.
    if ($Bound['ContentType']) { $hint = '' }
    New-ArgumentError "Nobody is named: $given alone says what to do, and not for whom." $hint
}
