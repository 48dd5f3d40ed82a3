# Error records. Private functions throw them; the public function that was called writes them, so that the error
# position is the caller's line.

$script:ErrorCategory = @{
    invalid_argument      = 'InvalidArgument'
    invalid_filter        = 'ParserError'
    would_refresh_all     = 'SecurityError'
    no_match              = 'ObjectNotFound'
    ambiguous_identity    = 'ObjectNotFound'
    too_many_matches      = 'LimitsExceeded'
    preflight_unavailable = 'ResourceUnavailable'
    not_configured        = 'NotInstalled'
    unauthorized          = 'AuthenticationError'
    forbidden             = 'PermissionDenied'
    not_found             = 'ObjectNotFound'
    gone                  = 'ResourceUnavailable'
    rate_limited          = 'LimitsExceeded'
    http_status           = 'InvalidResult'
    partial_failure       = 'InvalidResult'
    unsupported_argument  = 'NotImplemented'
    timeout               = 'OperationTimeout'
    connection            = 'ConnectionError'
    host_not_found        = 'ConnectionError'
    tls                   = 'ConnectionError'
    cancelled             = 'OperationStopped'
    task_failed           = 'InvalidResult'
    journal_error         = 'ResourceUnavailable'
    invalid_response      = 'InvalidData'
    library_not_loaded    = 'NotInstalled'
}

function script:New-ArgumentError([string] $Message, [string] $Hint) {
    New-ErrorRecord @{ code = 'invalid_argument'; message = $Message; hint = $Hint; sent = 'no' }
}

# From the error object of an envelope, or one of the same members.
function script:New-ErrorRecord([System.Collections.IDictionary] $Failure, $TargetObject) {
    $code = [string] $Failure['code']
    $message = [string] $Failure['message']
    $hint = [string] $Failure['hint']
    $response = $Failure['response']

    $exception = if ($null -ne $response) {
        New-ResponseException $message $response
    } else {
        $withoutResponse = switch ($code) {
            'timeout' { [System.TimeoutException]::new($message) }
            'cancelled' { [System.OperationCanceledException]::new($message) }
            { $_ -in 'invalid_argument', 'invalid_filter' } { [System.ArgumentException]::new($message) }
            # As the web cmdlets of 7 have it; theirs on 5.1, WebException, has a Response that stays $null.
            { $script:IsCore -and $_ -in 'connection', 'host_not_found', 'tls' } { [System.Net.Http.HttpRequestException]::new($message) }
            default { [System.InvalidOperationException]::new($message) }
        }
        Add-Response $withoutResponse $null @{}
        $withoutResponse
    }
    foreach ($member in 'code', 'sent', 'position', 'matched', 'trackingId', 'retryAfterSec') {
        if ($null -ne $Failure[$member]) { $exception.Data[$member] = $Failure[$member] }
    }
    if ($null -ne $response -and $null -ne $response['body']) { $exception.Data['body'] = ConvertTo-JsonText $response['body'] }

    # no_match -> NoMatch
    $id = [regex]::Replace($code, '(?:^|_)(.)', { param($match) $match.Groups[1].Value.ToUpperInvariant() })
    $category = $script:ErrorCategory[$code]
    if (-not $category) { $category = 'NotSpecified' }
    $record = [System.Management.Automation.ErrorRecord]::new($exception, $id, $category, $TargetObject)

    # The prompt shows the message, and the hint below it.
    Set-ErrorDetail $record $message $hint
    $record
}

function script:Set-ErrorDetail([System.Management.Automation.ErrorRecord] $Record, [string] $Text, [string] $Hint) {
    $Record.ErrorDetails = [System.Management.Automation.ErrorDetails]::new($Text)
    $Record.ErrorDetails.RecommendedAction = $Hint
}

# The details of an error of the documented request, whose catch block parses them as JSON: the service's body where there
# is one, with our message in the recommendation below it.
function script:Set-DocumentedDetail([System.Management.Automation.ErrorRecord] $Record) {
    $exception = $Record.Exception
    $hint = $Record.ErrorDetails.RecommendedAction
    if ($null -ne $exception.Data['body']) {
        Set-ErrorDetail $Record $exception.Data['body'] (($exception.Message, $hint | Where-Object { $_ }) -join "`n")
        return
    }
    $short = [ordered] @{ message = $exception.Message }
    foreach ($member in 'code', 'sent', 'trackingId') { if ($null -ne $exception.Data[$member]) { $short[$member] = $exception.Data[$member] } }
    Set-ErrorDetail $Record (ConvertTo-JsonText $short) $hint
}

# The exception type of the web cmdlets on PowerShell 7; 5.1 does not have it.
function script:New-ResponseException([string] $Message, [System.Collections.IDictionary] $Response) {
    if (-not $script:IsCore) {
        $exception = [System.InvalidOperationException]::new($Message)
        $headers = [hashtable]::new([StringComparer]::OrdinalIgnoreCase)
        foreach ($name in $Response['headers'].Keys) { $headers[$name] = @($Response['headers'][$name]) -join ', ' }
        Add-Response $exception ([Enum]::ToObject([System.Net.HttpStatusCode], [int] $Response['status'])) $headers
        return $exception
    }
    $status = [Enum]::ToObject([System.Net.HttpStatusCode], [int] $Response['status'])
    $answer = [System.Net.Http.HttpResponseMessage]::new($status)
    $body = $Response['text']
    if ($null -ne $Response['body']) { $body = ConvertTo-JsonText $Response['body'] }
    $answer.Content = [System.Net.Http.StringContent]::new([string] $body)
    $answer.Content.Headers.Clear()
    foreach ($name in $Response['headers'].Keys) {
        $values = [string[]] $Response['headers'][$name]
        # Content-Type and its like are the content's, not the message's.
        if (-not $answer.Headers.TryAddWithoutValidation($name, $values)) {
            $null = $answer.Content.Headers.TryAddWithoutValidation($name, $values)
        }
    }
    [Microsoft.PowerShell.Commands.HttpResponseException]::new($Message, $answer)
}

# The documented catch block reads Exception.Response.Headers, under strict mode too.
function script:Add-Response([System.Exception] $Exception, $StatusCode, [hashtable] $Headers) {
    if ($null -ne $Exception.PSObject.Properties['Response']) { return }
    $response = [pscustomobject] @{ StatusCode = $StatusCode; Headers = $Headers }
    $Exception.PSObject.Properties.Add([psnoteproperty]::new('Response', $response))
}

function script:New-SurrogateError {
    New-ErrorRecord @{
        code    = 'invalid_argument'
        message = 'The request or the configuration holds half a character (a lone surrogate), which no UTF-8 text can hold.'
        hint    = 'Look for text that was cut in the middle of an emoji or of another character beyond U+FFFF.'
        sent    = 'no'
    }
}

# The error for an answer that this PowerShell cannot parse, such as one with a thousand levels.
function script:New-UnreadableError($Reason, [string] $Name, [string] $Text) {
    $sent = 'maybe'
    $hint = 'The refresh may have been started: do not repeat it unseen.'
    if ($Name -ne 'cc_refresh_identities') {
        $sent = 'no'
        $hint = $null
    } elseif ($Text -cmatch '^\{"ok":true') {
        $sent = 'yes'
    }
    $why = 'it is no JSON.'
    if ($null -ne $Reason) { $why = $Reason.Exception.GetBaseException().Message }
    New-ErrorRecord @{
        code    = 'invalid_response'
        message = 'The service has answered with JSON that this PowerShell cannot read: {0}' -f $why
        hint    = $hint
        sent    = $sent
    }
}

function script:New-DepthError {
    New-ArgumentError "The request nests deeper than $script:MaximumJsonDepth levels, or holds itself."
}
