# To be dot-sourced, first thing in every public function: a script module does not inherit its caller's preferences,
# and a $WhatIfPreference that is ignored acts for real. $CallerErrorAction is for errors that end nothing; whatever
# else fails inside stops, so that no failing check falls through to the line that sends.
function Use-CallerPreference($Cmdlet) {
    $CallerErrorAction = $ErrorActionPreference
    # Where method calls are not allowed nothing can be asked, and nothing will be sent either.
    if ($ExecutionContext.SessionState.LanguageMode -eq 'FullLanguage') {
        $callerVariable = $Cmdlet.SessionState.PSVariable
        $boundParameter = $Cmdlet.MyInvocation.BoundParameters
        if (-not $boundParameter.ContainsKey('WhatIf')) { $WhatIfPreference = $callerVariable.GetValue('WhatIfPreference') }
        if (-not $boundParameter.ContainsKey('Confirm')) { $ConfirmPreference = $callerVariable.GetValue('ConfirmPreference') }
        if (-not $boundParameter.ContainsKey('Verbose')) { $VerbosePreference = $callerVariable.GetValue('VerbosePreference') }
        if (-not $boundParameter.ContainsKey('Debug')) { $DebugPreference = $callerVariable.GetValue('DebugPreference') }
        if (-not $boundParameter.ContainsKey('WarningAction')) { $WarningPreference = $callerVariable.GetValue('WarningPreference') }
        if (-not $boundParameter.ContainsKey('ErrorAction')) { $CallerErrorAction = $callerVariable.GetValue('ErrorActionPreference') }
    }
    $ErrorActionPreference = 'Stop'
}
