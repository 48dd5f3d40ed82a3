function Invoke-CCRefreshIdentities {
    <#
    .SYNOPSIS
    Refreshes the identities that a filter names: POST /cc/api/system/refreshIdentities.

    .DESCRIPTION
    Starts an identity refresh for the identities that the filter of the
    request matches, and returns what the service answers. A refresh can be
    a long running process; the service does it in the background.

    The service itself refreshes the WHOLE TENANT when a filter is missing,
    cannot be parsed or matches nobody. This command parses the filter first
    and refuses a request without one, before anything is sent.

    Where to send it, and as whom, comes from Get-Configuration and
    Set-Configuration; from the environment variables SAIL_BASE_URL,
    SAIL_CLIENT_ID and SAIL_CLIENT_SECRET; from ./config.json; or from
    ~/.sailpoint/config.yaml: from the first of them that names credentials.

    An error ends the calling script unless it is caught. In a catch block,
    $_.ErrorDetails is JSON, $_.Exception.Data tells 'code' and 'sent'
    ('no', 'maybe' or 'yes': whether a refresh may have left),
    $_.Exception.Response has the StatusCode and the Headers, and
    $_.ErrorDetails.RecommendedAction says what to do. See
    about_PSSailpointCC.

    .PARAMETER ContentType
    Accepted as the official module has it, also from the pipeline; JSON is
    what is sent, whatever it says.

    .PARAMETER RefreshIdentitiesRequest
    What Initialize-RefreshIdentitiesRequest makes; or a hashtable or
    another object with the members filter and refreshArgs; or the same as
    JSON text, which is sent as it is.

    .PARAMETER InputObject
    From the pipeline: requests, each of which is sent; or a content type,
    such as "application/json", for the request that
    -RefreshIdentitiesRequest names. Anything else is an error that ends
    nothing, and nothing is sent for it. Nothing at all in the pipeline
    sends nothing.

    .PARAMETER WithHttpInfo
    Returns a hashtable with Response, StatusCode and Headers in place of
    the response alone.

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

    Checks the request and shows what would be refreshed on which tenant; sends nothing.

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

    .LINK
    about_PSSailpointCC

    .LINK
    Initialize-RefreshIdentitiesRequest
    #>
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'Medium', PositionalBinding = $false)]
    [OutputType([hashtable])]
    param(
        [Parameter(Position = 0, ValueFromPipelineByPropertyName)]
        [string] $ContentType,

        [Parameter(Position = 1, ValueFromPipelineByPropertyName)]
        [Alias('Body')]
        [object] $RefreshIdentitiesRequest,

        [Parameter(ValueFromPipeline)]
        [object] $InputObject,

        [switch] $WithHttpInfo
    )

    begin {
        # What $script:UseCallerPreference does. Dot-sourcing here would make every variable below slow: 60 us a call.
        if ($ExecutionContext.SessionState.LanguageMode -ne 'FullLanguage') {
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
        $requestNamed = $PSBoundParameters.ContainsKey('RefreshIdentitiesRequest')
        $inputNamed = $PSBoundParameters.ContainsKey('InputObject')
    }

    process {
        $request = $RefreshIdentitiesRequest
        $answer = $null
        $sent = 'no'
        try {
            if ($MyInvocation.ExpectingInput -or $inputNamed) {
                $refusal = $null
                if ($InputObject -is [string] -and (Test-JsonMediaType $InputObject)) {
                    $ContentType = $InputObject
                } elseif (-not $requestNamed -and $null -ne $request) {
                    # By property name.
                } elseif (Test-RequestObject $InputObject) {
                    if ($requestNamed) { $refusal = New-InputError $InputObject -Twice } else { $request = $InputObject }
                } elseif (-not $requestNamed -or $null -eq $InputObject -or $null -eq $InputObject.PSObject.Properties['ContentType']) {
                    $refusal = New-InputError $InputObject
                }
                if ($null -ne $refusal) {
                    $ErrorActionPreference = $CallerErrorAction
                    $PSCmdlet.WriteError($refusal)
                    return
                }
            }

            $body = ConvertTo-RequestMember $request
            $head = '{'
            if ($body) { $head += $body + ',' }
            $tail = '"configuration":' + (Get-ConfigurationText $PSCmdlet) + '}'
            $target = 'identities'
            # What is only shown is only asked for where it will be.
            if ($WhatIfPreference -or $ConfirmPreference -in 'Low', 'Medium' -or $VerbosePreference -ne 'SilentlyContinue') {
                $answer = Invoke-NativeFunction 'cc_refresh_identities' ($head + '"options":{"dryRun":true},' + $tail)
                if (-not $answer['ok']) { throw (New-ErrorRecord $answer['error']) }
                $target = Get-PlanText $answer['plan']
                # ShouldProcess says so itself where -Verbose was given, and not where the preference was.
                if (-not $PSBoundParameters.ContainsKey('Verbose')) { Write-Verbose -Message $target }
            }
            if (-not $PSCmdlet.ShouldProcess($target, "$target`nGo on?", 'Refresh identities')) { return }
            if ($DebugPreference -ne 'SilentlyContinue') { Write-RequestDebug $body }
            $watch = [System.Diagnostics.Stopwatch]::StartNew()
            if ($null -eq $script:Native) { $script:Native = Import-NativeLibrary }
            $sent = 'maybe'
            $answer = Invoke-NativeFunction 'cc_refresh_identities' ($head + '"options":{},' + $tail)
            if (-not $answer['ok']) { throw (New-ErrorRecord $answer['error']) }
            if ($VerbosePreference -ne 'SilentlyContinue') { Write-ResultVerbose $answer $watch.ElapsedMilliseconds }
        } catch {
            $record = Update-ErrorRecord $_ $request $ContentType $sent $PSCmdlet
            Microsoft.PowerShell.Utility\Write-Error -ErrorRecord $record -ErrorAction Stop
        } finally {
            $ErrorActionPreference = 'Stop'
        }

        # Outside the try: an error of the next command in the pipeline is not this one's.
        $response = $answer['response']
        $content = $response['text']
        if ($response.ContainsKey('body')) { $content = $response['body'] }
        if (-not $WithHttpInfo) { return $content }
        $headers = [System.Collections.Generic.Dictionary[string, string[]]]::new([StringComparer]::OrdinalIgnoreCase)
        foreach ($name in $response['headers'].Keys) { $headers[$name] = [string[]] $response['headers'][$name] }
        @{ Response = $content; StatusCode = [int] $response['status']; Headers = $headers }
    }
}
