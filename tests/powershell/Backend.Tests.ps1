# Each of these chooses for itself which tenant has lost /cc.
Describe 'A tenant whose /cc answers <status>' -Tag cc -ForEach @(@{ Status = 404 }, @{ Status = 405 }, @{ Status = 410 }, @{ Status = 401 }) {
    BeforeAll {
        . "$PSScriptRoot/Support.ps1"
        $sandbox = Start-Sandbox @('--retired', $status)
        function Get-Successor { Get-Arrival $sandbox process }
    }
    AfterAll { Stop-Sandbox $sandbox }
    BeforeEach {
        Clear-Sandbox $sandbox
        Reset-Session $sandbox
    }

    It 'is served by the successor, with the same command and the same people' {
        $verbose = @(Invoke-CCRefreshIdentities -Filter 'department == "Sales"' -Verbose 4>&1)
        $result = $verbose | Where-Object { $_ -is [hashtable] }
        $result.type | Should -Be 'TASK_RESULT'
        $result.id | Should -Be (Get-Successor).refreshed.task
        (Get-Successor).refreshed.ids | Sort-Object | Should -Be ((Find-CCIdentity 'department == "Sales"' -WarningAction SilentlyContinue).Id | Sort-Object)
        (Get-Arrival $sandbox refresh).status | Should -Be $status
        @($verbose | Where-Object { "$_" -match 'successor' -and $_ -is [System.Management.Automation.VerboseRecord] }).Count | Should -Be 1
    }

    It 'is remembered: /cc is asked no more, and nothing is said again' {
        $null = Invoke-CCRefreshIdentities -Filter 'uid == "amelie.roux"'
        Clear-Sandbox $sandbox
        $result = Invoke-CCRefreshIdentities -RefreshIdentitiesRequest @{ filter = 'uid == "amelie.roux"' } -WithHttpInfo -Verbose 4>&1
        @(Get-Arrival $sandbox refresh).Count | Should -Be 0
        @($result | Where-Object { "$_" -match 'retired|no longer' }).Count | Should -Be 0
        $result[-1].StatusCode | Should -Be 202
        $result[-1].Headers['content-type'] | Should -Match 'json'
        (Get-Successor).refreshed.names | Should -Be 'amelie.roux'
    }

    It 'runs the documented example unchanged once the session allows what process does anyway' {
        Set-Configuration -AllowBroader $true
        $Configuration = Get-Configuration
        $Configuration.AccessToken = "sandbox-token"
        $ContentType = "application/json"
        $RefreshIdentitiesRequestRefreshArgs = Initialize-RefreshIdentitiesRequestRefreshArgs -CorrelateEntitlements $true -PromoteAttributes $true -RefreshManagerStatus $false -SynchronizeAttributes $false -PruneIdentities $false -Provision $false
        $RefreshIdentitiesRequest = Initialize-RefreshIdentitiesRequest -VarFilter 'uid == "amelie.roux"' -RefreshArgs $RefreshIdentitiesRequestRefreshArgs
        $warnings = $null
        $Result = Invoke-CCRefreshIdentities -ContentType $ContentType -RefreshIdentitiesRequest $RefreshIdentitiesRequest -WarningVariable warnings -WarningAction SilentlyContinue
        $Result.type | Should -Be 'TASK_RESULT'
        "$warnings" | Should -Match 'provision'
        "$warnings" | Should -Match 'refreshManagerStatus'
        (Get-Successor).refreshed.names | Should -Be 'amelie.roux'
        # Without that it is refused, by name.
        Set-Configuration -AllowBroader $null
        try { Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $RefreshIdentitiesRequest } catch { $record = $_ }
        $record.FullyQualifiedErrorId | Should -Be 'UnsupportedArgument,Invoke-CCRefreshIdentities'
        $record.Exception.Message | Should -Match 'refreshManagerStatus.*provision|provision.*refreshManagerStatus'
        "$($record.Exception.Message) $($record.ErrorDetails.RecommendedAction)" | Should -Match '-AllowBroader'
        $null = Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $RefreshIdentitiesRequest -AllowBroader -WarningAction SilentlyContinue
        Set-Configuration -AllowBroader $true
        { Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $RefreshIdentitiesRequest -AllowBroader:$false } | Should -Throw -ErrorId 'UnsupportedArgument,*'
        @(Get-Successor).Count | Should -Be 2
    }

    It 'is not gone over to by -Backend cc' {
        { Invoke-CCRefreshIdentities -Filter 'uid == "amelie.roux"' -Backend cc } | Should -Throw
        Set-Configuration -Backend cc
        { Invoke-CCRefreshIdentities -Filter 'uid == "amelie.roux"' } | Should -Throw
        $null = Invoke-CCRefreshIdentities -Filter 'uid == "amelie.roux"' -Backend AUTO
        @(Get-Successor).Count | Should -Be 1
    }

    It 'cannot be refreshed as a whole' {
        { Invoke-CCRefreshIdentities -All -Force } | Should -Throw -ErrorId 'UnsupportedArgument,*'
        @(Get-Successor).Count | Should -Be 0
    }
}

Describe 'The backends' -Tag cc {
    BeforeAll {
        . "$PSScriptRoot/Support.ps1"
        $sandbox = Start-Sandbox
    }
    AfterAll { Stop-Sandbox $sandbox }
    BeforeEach {
        Clear-Sandbox $sandbox
        Reset-Session $sandbox
    }

    It 'process, by the call or by the session, takes a filter and never asks /cc' {
        $null = Invoke-CCRefreshIdentities -Filter 'department == "Sales"' -Backend process
        Set-Configuration -Backend PROCESS
        (Get-Configuration).Backend | Should -BeExactly 'process'
        $null = Invoke-CCRefreshIdentities -RefreshIdentitiesRequest @{ filter = 'uid == "amelie.roux"' }
        @(Get-Arrival $sandbox refresh).Count | Should -Be 0
        @(Get-Arrival $sandbox process).Count | Should -Be 2
        $null = Invoke-CCRefreshIdentities -Filter 'uid == "amelie.roux"' -Backend cc
        Set-Configuration -Backend ''
        $null = Invoke-CCRefreshIdentities -Filter 'uid == "amelie.roux"'
        @(Get-Arrival $sandbox refresh).Count | Should -Be 2
        { Invoke-CCRefreshIdentities -Filter 'uid == "amelie.roux"' -Backend other } | Should -Throw -ErrorId 'ParameterArgumentValidationError,*'
    }

    It 'process refuses what only the service could evaluate, and everybody' {
        { Invoke-CCRefreshIdentities -Filter 'uid == name' -Backend process } | Should -Throw -ErrorId 'UnsupportedArgument,*'
        { Invoke-CCRefreshIdentities -All -Force -Backend process } | Should -Throw -ErrorId 'UnsupportedArgument,*'
        { Invoke-CCRefreshIdentities -Filter 'uid.notNull()' -Backend process } | Should -Throw -ErrorId 'WouldRefreshAll,*'
        { Invoke-CCRefreshIdentities -Filter 'uid == "nobody"' -Backend process } | Should -Throw -ErrorId 'NoMatch,*'
        { Invoke-CCRefreshIdentities -Filter 'oops' -Backend process -SkipFilterCheck } | Should -Throw -ErrorId 'InvalidFilter,*'
        { Invoke-CCRefreshIdentities -Filter 'department == "Sales"' -Backend process -MaxIdentities 2 } | Should -Throw -ErrorId 'TooManyMatches,*'
        @(Get-Refresh $sandbox).Count | Should -Be 0
    }

    It 'process says once a run what no argument mentions, in a warning and in the first result' {
        $promote = @{ promoteAttributes = $true }
        $warnings = $null
        $result = Invoke-CCRefreshIdentities -Identity smith -RefreshArgs $promote -WarningVariable warnings -WarningAction SilentlyContinue
        $warnings.Count | Should -Be 1
        "$warnings" | Should -Match 'correlateEntitlements, refreshManagerStatus, provision'
        "$warnings" | Should -Not -Match 'promoteAttributes'
        $result.Warnings | Should -Be "$warnings"
        $names = (Find-CCIdentity 'uid.notNull() && uid != "nobody"' -WarningAction SilentlyContinue).Name
        $results = $names + $names + @('smith') * 300 | Invoke-CCRefreshIdentities -IdentityAttribute name -RefreshArgs $promote -WarningVariable warnings -WarningAction SilentlyContinue
        $warnings.Count | Should -Be 1
        @($results | Where-Object { $_.Warnings.Count -gt 0 }).Count | Should -Be 1
        $null = Invoke-CCRefreshIdentities -Filter 'uid == "smith"' -Backend process -RefreshArgs $promote -WarningVariable warnings -WarningAction SilentlyContinue
        $warnings.Count | Should -Be 1
        $all = @{ promoteAttributes = $true; correlateEntitlements = $true; refreshManagerStatus = 'True'; provision = $true }
        $result = Invoke-CCRefreshIdentities -Identity smith -RefreshArgs $all -WarningVariable warnings
        $warnings.Count + $result.Warnings.Count | Should -Be 0
        $null = Invoke-CCRefreshIdentities -Filter 'uid == "smith"' -Backend cc -RefreshArgs $promote -WarningVariable warnings
        $warnings.Count | Should -Be 0
    }

    It 'names of arguments are taken in any case, a near miss is a warning, and other values than booleans are refused' {
        $warnings = $null
        $null = Invoke-CCRefreshIdentities -Filter 'uid == "smith"' -Backend cc -RefreshArgs @{ PromoteAttributes = $true; Provsion = $true } -WarningVariable warnings -WarningAction SilentlyContinue
        (Get-Arrival $sandbox refresh).body | Should -MatchExactly '"promoteAttributes":true'
        (Get-Arrival $sandbox refresh).body | Should -MatchExactly '"Provsion":true'
        $warnings.Count | Should -Be 1
        "$warnings" | Should -MatchExactly 'Provsion.*was provision meant'
        foreach ($value in 'yes', 1, '') {
            foreach ($way in @{ Identity = 'smith' }, @{ Filter = 'uid == "smith"' }) {
                try { Invoke-CCRefreshIdentities @way -RefreshArgs @{ Provision = $value } } catch { $record = $_ }
                $record.FullyQualifiedErrorId | Should -Be 'InvalidArgument,Invoke-CCRefreshIdentities'
                $record.Exception.Message | Should -MatchExactly 'refreshArgs.provision must be true or false'
            }
        }
        @(Get-Refresh $sandbox).Count | Should -Be 1
    }

    It 'a gateway without v1 is asked again with v2026, and a warning says so' {
        $null = Invoke-Sandbox $sandbox POST '/sandbox/settings' '{"missingVersions":["v1"]}'
        try {
            # Of these credentials nothing is known.
            Set-Configuration -AccessToken '' -ClientId application-client -ClientSecret application-secret
            $warnings = $null
            $null = Invoke-CCRefreshIdentities -Filter 'uid == "smith"' -Backend process -RefreshArgs @{ promoteAttributes = $true; correlateEntitlements = $true; refreshManagerStatus = $true; provision = $true } -WarningVariable warnings -WarningAction SilentlyContinue
            $warnings.Count | Should -Be 1
            "$warnings" | Should -MatchExactly 'ApiVersion v1: v2026 is used.*Set-Configuration -ApiVersion v2026'
            (Get-Arrival $sandbox).path | Select-Object -Skip 1 | Should -Be @('/search/v1', '/v2026/search', '/v2026/identities/process')
        } finally {
            $null = Invoke-Sandbox $sandbox POST '/sandbox/settings' '{"missingVersions":[]}'
        }
        { Set-Configuration -ApiVersion beta } | Should -Throw
    }

    It 'a wrong client is Unauthorized whether or not a filter is counted first' {
        Set-Configuration -AccessToken '' -ClientId nobody -ClientSecret wrong
        foreach ($way in @{ Filter = 'uid == "smith"' }, @{ Filter = 'uid == "smith"'; NoPreflight = $true }, @{ Identity = 'smith' }) {
            try { Invoke-CCRefreshIdentities @way } catch { $record = $_ }
            $record.FullyQualifiedErrorId | Should -Be 'Unauthorized,Invoke-CCRefreshIdentities'
            $record.ErrorDetails.RecommendedAction | Should -Not -Match '-NoPreflight|-Backend'
        }
    }

    It 'process refuses <arguments> in words of this module, unless -AllowBroader' -ForEach @(
        @{ Arguments = '{"pruneIdentities":"true"}'; Named = 'pruneIdentities' }
        @{ Arguments = '{"provision":"False"}'; Named = 'provision' }
        @{ Arguments = '{"refreshLinks":"true","somethingElse":1}'; Named = 'refreshLinks.*somethingElse' }
    ) {
        try { Invoke-CCRefreshIdentities -Identity amelie.roux -RefreshArgs $arguments } catch { $record = $_ }
        $record.FullyQualifiedErrorId | Should -Be 'UnsupportedArgument,Invoke-CCRefreshIdentities'
        $record.Exception.Message | Should -Match $named
        $text = "$($record.Exception.Message) $($record.ErrorDetails.RecommendedAction)"
        $text | Should -Match '-AllowBroader'
        $text | Should -Not -MatchExactly 'options|allowBroader'
        @(Get-Refresh $sandbox).Count | Should -Be 0
        $warnings = $null
        $result = Invoke-CCRefreshIdentities -Identity amelie.roux -RefreshArgs $arguments -AllowBroader -WarningVariable warnings -WarningAction SilentlyContinue
        $result.Outcome | Should -Be 'Accepted'
        $warnings.Count | Should -BeGreaterThan 0
        $result.Warnings.Count | Should -Be $warnings.Count
        @(Get-Refresh $sandbox).Count | Should -Be 1
        # A warning that ends the command ends it behind the result.
        $results = [System.Collections.ArrayList]::new()
        { Invoke-CCRefreshIdentities -Identity smith -RefreshArgs $arguments -AllowBroader -WarningAction Stop | ForEach-Object { $null = $results.Add($_) } } | Should -Throw
        $results.Outcome | Should -Be 'Accepted'
    }

    It 'process synchronizes attributes by a call for each person' {
        $result = Invoke-CCRefreshIdentities -Identity amelie.roux, smith -RefreshArgs @{ synchronizeAttributes = $true }
        $result.Outcome | Should -Be 'Accepted'
        $result.Identities | Should -Be @('amelie.roux', 'smith')
        (Get-Arrival $sandbox process).refreshed.names | Should -Be @('amelie.roux', 'smith')
        (Get-Arrival $sandbox synchronize).refreshed.names | Sort-Object | Should -Be @('amelie.roux', 'smith')
    }

    It 'cc takes people by name, one call each, everybody looked up before' {
        $problems = $null
        $result = Invoke-CCRefreshIdentities -Identity amelie.roux, nobody.here, smith -Backend cc -ErrorAction SilentlyContinue -ErrorVariable problems
        $result.Outcome | Should -Be 'Accepted'
        $result.Backend | Should -Be 'cc'
        $result.Identities | Should -Be @('amelie.roux', 'smith')
        $problems.TargetObject | Should -Be 'nobody.here'
        $refresh = @(Get-Arrival $sandbox refresh)
        # Both are under way at once.
        $refresh.body | Sort-Object | Should -BeExactly @('{"filter":"uid == \"amelie.roux\""}', '{"filter":"uid == \"smith\""}')
        $refresh.refreshed.scope | Should -Be @('chosen', 'chosen')
    }

    It 'cc: where some of the calls fail there is a result for each outcome, and an error with those that failed' {
        (Get-Configuration).MaximumRetryCount = 0
        # One after the other, so that it is the second's.
        Set-Configuration -MaximumConcurrency 1
        Add-Fault $sandbox @{ on = 'refresh'; kind = 'status'; status = 400; times = 1; skip = 1 }
        $problems = $null
        $results = @(Invoke-CCRefreshIdentities -Identity amelie.roux, smith, Smith -Backend cc -ErrorAction SilentlyContinue -ErrorVariable problems)
        $results.Outcome | Should -Be @('Accepted', 'Rejected')
        $results[0].Identities | Should -BeExactly @('amelie.roux', 'Smith')
        $results[1].Identities | Should -BeExactly 'smith'
        $problems.FullyQualifiedErrorId | Should -Be 'PartialFailure,Invoke-CCRefreshIdentities'
        $problems[0].TargetObject | Should -BeExactly 'smith'
        $problems[0].Exception.Data['calls'].Count | Should -Be 3
        $problems[0].ErrorDetails.RecommendedAction | Should -Match ([regex]::Escape("See Exception.Data['calls'] of this error: repeat only"))
    }

    It 'are told apart from a wrong host: a page that says 404 is no retirement' {
        foreach ($on in 'refresh', 'process') { Add-Fault $sandbox @{ on = $on; kind = 'html'; status = 404; times = 0 } }
        try { Invoke-CCRefreshIdentities -Filter 'uid == "amelie.roux"' } catch { $record = $_ }
        $record.FullyQualifiedErrorId | Should -Be 'NotFound,Invoke-CCRefreshIdentities'
        $null = Invoke-Sandbox $sandbox DELETE '/sandbox/faults'
        Clear-Sandbox $sandbox
        $null = Invoke-CCRefreshIdentities -Filter 'uid == "amelie.roux"'
        @(Get-Arrival $sandbox refresh).Count | Should -Be 1
        @(Get-Arrival $sandbox process).Count | Should -Be 0
    }

    It '-WhatIf of a filter by process shows the calls and what they do beyond the arguments' {
        $session = Invoke-Session @'
Import-Module $env:TEST_MODULE
Set-Configuration -BaseUrl $env:TEST_URL -AccessToken sandbox-token -Backend process
Invoke-CCRefreshIdentities -Filter 'uid == "amelie.roux"' -RefreshArgs @{ correlateEntitlements = $true } -WhatIf
'@ -Environment @{ TEST_URL = $sandbox.Url }
        $session.Output.Trim() | Should -Match ('^What if: Refresh 1 identity with uid == "amelie\.roux" on ' + [regex]::Escape($sandbox.Url) + ": amelie\.roux \(Am$([char] 0xE9)lie Roux\); by 1 x POST /identities/v1/process; beyond the arguments this does: .*provision")
        @(Get-Refresh $sandbox).Count | Should -Be 0
    }

    It 'ApiVersion chooses the paths, and an old one is warned of once in a command' {
        Set-Configuration -ApiVersion V2025
        (Get-Configuration).ApiVersion | Should -BeExactly 'v2025'
        $warnings = $null
        $null = Invoke-CCRefreshIdentities -Identity amelie.roux -RefreshArgs $AllArguments -WarningVariable warnings -WarningAction SilentlyContinue
        (Get-Arrival $sandbox process).path | Should -Be '/v2025/identities/process'
        (Get-Arrival $sandbox search).path | Should -Be '/v2025/search'
        $warnings.Count | Should -Be 1
        $warnings = $null
        $null = @{ id = 'a' }, @{ uid = 'smith' }, @{ alias = 'smith' } | Invoke-CCRefreshIdentities -RefreshArgs $AllArguments -WarningVariable warnings -WarningAction SilentlyContinue -ErrorAction SilentlyContinue
        $warnings.Count | Should -Be 1
        { Set-Configuration -ApiVersion v3 } | Should -Throw -ErrorId 'ParameterArgumentValidationError,*'
    }

    It 'have settings of the session that are named where they are wrong' {
        Set-Configuration -AllowBroader $true
        (Get-Configuration).AllowBroader | Should -BeExactly $true
        foreach ($key in 'allowBroader', 'backend', 'apiVersion') {
            (Get-Configuration)[$key] = 'perhaps'
            { Invoke-CCRefreshIdentities -Identity amelie.roux } | Should -Throw "*$key*"
            (Get-Configuration)[$key] = $null
        }
        @(Get-Arrival $sandbox).Count | Should -Be 0
    }

    It 'say in a 403 what this call needs' {
        Set-Configuration -AccessToken '' -ClientId noscope-client -ClientSecret noscope-secret
        try { Invoke-CCRefreshIdentities -Identity amelie.roux } catch { $record = $_ }
        "$($record.Exception.Message) $($record.ErrorDetails.RecommendedAction)" | Should -Match 'sp:search:read'
        try { Invoke-CCRefreshIdentities -Identity 2c91 -IdentityAttribute id } catch { $record = $_ }
        "$($record.Exception.Message) $($record.ErrorDetails.RecommendedAction)" | Should -Match 'idn:identity:read'
    }
}
