# Dot-sourced at the start of every public function: a script module does not inherit its caller's preferences, and an
# ignored $WhatIfPreference would send a refresh. $CallerErrorAction is for non-terminating errors. Any other error inside
# the module is terminating, so that no failed check falls through to the line that sends. It is a script block because a
# function call would take 50 us.
$script:UseCallerPreference = {
    if (-not $script:IsPrivateRead) { Import-PrivateFunction }
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
}

$script:NeedsFullLanguage = 'PSSailpointCC calls a native library, which this session does not allow: its language mode is not FullLanguage. Where an application control policy (AppLocker, App Control for Business) demands that, let the policy trust this module.'

# Of the module. A session cannot get more of the language later.
$script:IsFullLanguage = $ExecutionContext.SessionState.LanguageMode -eq 'FullLanguage'

# The same for functions that are called for each request or each name: in a variable with "Block" at the end of its name,
# called by InvokeReturnAsIs with an array of the arguments. That takes 3 us and no memory; a call by the function's name
# takes 20 us and 16 KB. It is a method: what it throws comes wrapped (Update-ErrorRecord unwraps it) and is twice in
# $Error, so that a function that checks its input returns errors instead; what it writes to a stream is in no -ErrorVariable
# or -WarningVariable, so that it writes none.
