Describe 'People by name' {
    BeforeAll {
        . "$PSScriptRoot/Support.ps1"
        $sandbox = Start-Sandbox
        $all = Invoke-Sandbox $sandbox GET '/sandbox/identities'
        $ids = [System.Collections.Generic.Dictionary[string, string]]::new()
        foreach ($person in $all) { $ids[$person.name] = $person.id }
    }
    AfterAll { Stop-Sandbox $sandbox }
    BeforeEach {
        Clear-Sandbox $sandbox
        Reset-Session $sandbox
    }

    It 'are refreshed by their ids, in one call, and by nothing else' {
        $result = Invoke-CCRefreshIdentities -Identity amelie.roux, john.smith -RefreshArgs $AllArguments
        $result.PSObject.TypeNames[0] | Should -Be 'PSSailpointCC.RefreshResult'
        $result.Outcome | Should -BeExactly 'Accepted'
        $result.Identities | Should -BeExactly @('amelie.roux', 'john.smith')
        $result.Ids | Should -Be @($ids['amelie.roux'], $ids['john.smith'])
        $result.IdentityAttribute | Should -BeExactly 'uid'
        $result.Status | Should -Be 202
        $result.Backend | Should -BeExactly 'process'
        $result.BaseUrl | Should -Be $sandbox.Url
        $result.Unmatched.Count | Should -Be 0
        $result.Ambiguous.Count | Should -Be 0
        $result.Warnings.Count | Should -Be 0
        $result.Response.id | Should -Be $result.TaskId
        $refresh = @(Get-Refresh $sandbox)
        $refresh.Count | Should -Be 1
        $refresh[0].endpoint | Should -Be 'process'
        $refresh[0].refreshed.task | Should -Be $result.TaskId
        ($refresh[0].body | ConvertFrom-Json).identityIds | Should -Be $result.Ids
        (Get-Arrival $sandbox).endpoint | Should -Be @('search', 'process')
    }

    It 'who look alike are told apart' {
        $names = 'smith', 'Smith', 'Smith-Jones', 'john.smith', 'mary ann lee', 'pat "the hat" o''neil', 'CORP\dana', 'rock&roll', 'star*light', "$([char] 0x5C71)$([char] 0x7530)$([char] 0x592A)$([char] 0x90CE)", 'AND'
        foreach ($name in $names) {
            Clear-Sandbox $sandbox
            (Invoke-CCRefreshIdentities -Identity $name).Identities | Should -BeExactly $name
            (Get-Refresh $sandbox).refreshed.names | Should -BeExactly $name
        }
        Clear-Sandbox $sandbox
        (Invoke-CCRefreshIdentities -Identity $names).Ids | Should -Be @($names | ForEach-Object { $ids[$_] })
        (Get-Refresh $sandbox).refreshed.names | Sort-Object | Should -Be ($names | Sort-Object)
        foreach ($nobody in 'SMITH', 'smith*', 'sm?th', 'smith-jones', 'mary', ' smith', 'uid:smith', '*') {
            Clear-Sandbox $sandbox
            $problems = $null
            $null = Invoke-CCRefreshIdentities -Identity $nobody -ErrorAction SilentlyContinue -ErrorVariable problems
            $problems.TargetObject | Should -BeExactly $nobody
            @(Get-Refresh $sandbox).Count | Should -Be 0
        }
    }

    It 'are sent once, however often they are named' {
        (Invoke-CCRefreshIdentities -Identity amelie.roux, smith, amelie.roux, Smith, smith).Identities | Should -BeExactly @('amelie.roux', 'smith', 'Smith')
        (Get-Refresh $sandbox).refreshed.names.Count | Should -Be 3
    }

    It 'by id are looked up, and an id that nobody has is unmatched' {
        $unknown = 'ffffffff0123456789abcdef01234567', 'id', '..', '3f2504e0-4f89-11d3-9a0c-0305e82c3301'
        $problems = $null
        $result = Invoke-CCRefreshIdentities -Identity (@($ids['smith'], $ids['Smith']) + $unknown) -IdentityAttribute id -ErrorAction SilentlyContinue -ErrorVariable problems
        $result.Outcome | Should -BeExactly 'Accepted'
        $result.Identities | Should -Be @($ids['smith'], $ids['Smith'])
        $result.Ids | Should -Be @($ids['smith'], $ids['Smith'])
        $result.IdentityAttribute | Should -Be 'id'
        $result.Unmatched | Should -BeExactly $unknown
        $problems.TargetObject | Should -BeExactly $unknown
        $problems.FullyQualifiedErrorId | Sort-Object -Unique | Should -Be 'NoMatch,Invoke-CCRefreshIdentities'
        $refreshed = (Get-Refresh $sandbox).refreshed
        $refreshed.ids | Sort-Object | Should -Be ($result.Ids | Sort-Object)
        $refreshed.unknown | Should -BeNullOrEmpty
        # With -Wait too, and of uncorrelated people.
        $result = Invoke-CCRefreshIdentities -Identity $unknown[0] -IdentityAttribute id -Wait -ErrorAction SilentlyContinue
        $result.Outcome | Should -BeExactly 'NotSent'
        @(Get-Refresh $sandbox).Count | Should -Be 1
        (Invoke-CCRefreshIdentities -Identity $ids['legacy.account'] -IdentityAttribute id).Outcome | Should -BeExactly 'Accepted'
        @(Get-Refresh $sandbox)[1].refreshed.names | Should -Be 'legacy.account'
    }

    It 'by another attribute are searched for in that' {
        $email = ($all | Where-Object name -EQ 'amelie.roux').attributes.email
        (Invoke-CCRefreshIdentities -Identity $email -IdentityAttribute email).Identities | Should -Be $email
        $null = Invoke-CCRefreshIdentities -Identity amelie.roux -IdentityAttribute name
        (Get-Refresh $sandbox).refreshed.names | Should -Be @('amelie.roux', 'amelie.roux')
        { Invoke-CCRefreshIdentities -Identity x -IdentityAttribute 'uid == "a" ||' } | Should -Throw -ErrorId 'InvalidArgument,Invoke-CCRefreshIdentities'
    }

    It 'take arguments, and always do what process does' {
        $null = Invoke-CCRefreshIdentities -Identity amelie.roux -RefreshArgs @{ promoteAttributes = $true }
        $null = Invoke-CCRefreshIdentities -Identity amelie.roux -RefreshArgs (Initialize-RefreshIdentitiesRequestRefreshArgs -Provision $true)
        $null = Invoke-CCRefreshIdentities -Identity amelie.roux -RefreshArgs '{"provision":"True"}'
        (Get-Refresh $sandbox).refreshed.names | Should -Be @('amelie.roux', 'amelie.roux', 'amelie.roux')
        foreach ($wrong in 5, 'provision', @{ filter = 'uid == "a"'; refreshArgs = @{} }, '{},"options":{"allowFullRefresh":true},"x":{}') {
            { Invoke-CCRefreshIdentities -Identity amelie.roux -RefreshArgs $wrong } | Should -Throw '-RefreshArgs *' -ErrorId 'InvalidArgument,Invoke-CCRefreshIdentities'
            { 'amelie.roux' | Invoke-CCRefreshIdentities -RefreshArgs $wrong } | Should -Throw '-RefreshArgs *' -ErrorId 'InvalidArgument,Invoke-CCRefreshIdentities'
        }
        @(Get-Refresh $sandbox).Count | Should -Be 3
    }

    It 'who are not there are a non-terminating error each, behind the result' {
        $order = @(Invoke-CCRefreshIdentities -Identity nobody.here, amelie.roux, "no`tone" -ErrorAction Continue 2>&1)
        $order.Count | Should -Be 3
        $order[0].Identities | Should -Be 'amelie.roux'
        $order[0].Unmatched | Should -BeExactly @('nobody.here', "no`tone")
        $order[1..2].TargetObject | Should -BeExactly @('nobody.here', "no`tone")
        foreach ($record in $order[1..2]) {
            $record.FullyQualifiedErrorId | Should -Be 'NoMatch,Invoke-CCRefreshIdentities'
            $record.CategoryInfo.Category | Should -Be 'ObjectNotFound'
            $record.Exception.Data['sent'] | Should -Be 'no'
            $record.Exception.Message | Should -Match '(nobody\.here|no\?one)'
            $record.Exception.Data['code'] | Should -Be 'no_match'
            # Plain sentences.
            $record.ErrorDetails.Message | Should -BeExactly $record.Exception.Message
        }
        # Once, and not twenty times for twenty names.
        $order[1].ErrorDetails.RecommendedAction | Should -Match '-IdentityAttribute'
        $order[2].ErrorDetails.RecommendedAction | Should -BeNullOrEmpty
        (Get-Refresh $sandbox).refreshed.names | Should -Be 'amelie.roux'
    }

    It 'who are all not there are the same errors, and no other' {
        $problems = $null
        $result = Invoke-CCRefreshIdentities -Identity nobody.1, nobody.2 -ErrorAction SilentlyContinue -ErrorVariable problems
        $problems.TargetObject | Should -Be @('nobody.1', 'nobody.2')
        $problems.FullyQualifiedErrorId | Should -Be @('NoMatch,Invoke-CCRefreshIdentities', 'NoMatch,Invoke-CCRefreshIdentities')
        $result.Outcome | Should -Be 'NotSent'
        $result.Identities.Count | Should -Be 0
        $result.Unmatched | Should -Be @('nobody.1', 'nobody.2')
        { Invoke-CCRefreshIdentities -Identity nobody.1 -ErrorAction Stop } | Should -Throw -ErrorId 'NoMatch,Invoke-CCRefreshIdentities'
        @(Get-Refresh $sandbox).Count | Should -Be 0
    }

    It 'of whom two have the value are both named, and neither is sent' {
        $null = Invoke-Sandbox $sandbox POST '/sandbox/identities' (ConvertTo-Json @{ name = 'twin.1'; attributes = @{ uid = 'twin'; displayName = 'The First' } })
        $null = Invoke-Sandbox $sandbox POST '/sandbox/identities' (ConvertTo-Json @{ name = 'twin.2'; attributes = @{ uid = 'twin'; displayName = 'The Second' } })
        try {
            $problems = $null
            $result = Invoke-CCRefreshIdentities -Identity amelie.roux, twin -ErrorAction SilentlyContinue -ErrorVariable problems
            $result.Identities | Should -Be 'amelie.roux'
            $result.Ambiguous | Should -Be 'twin'
            $result.Unmatched.Count | Should -Be 0
            $problems.Count | Should -Be 1
            $problems[0].FullyQualifiedErrorId | Should -Be 'AmbiguousIdentity,Invoke-CCRefreshIdentities'
            $problems[0].TargetObject | Should -BeExactly 'twin'
            $problems[0].Exception.Message | Should -Match 'twin\.1 \(The First\), id \w+; twin\.2 \(The Second\), id \w+'
            $problems[0].ErrorDetails.RecommendedAction | Should -Match '-IdentityAttribute id'
            (Get-Refresh $sandbox).refreshed.names | Should -Be 'amelie.roux'
            # All that are left.
            $result = Invoke-CCRefreshIdentities -Identity twin -ErrorAction SilentlyContinue -ErrorVariable problems
            $problems.FullyQualifiedErrorId | Should -Be 'AmbiguousIdentity,Invoke-CCRefreshIdentities'
            $result.Outcome | Should -Be 'NotSent'
            @(Get-Refresh $sandbox).Count | Should -Be 1
        } finally {
            foreach ($name in 'twin.1', 'twin.2') { $null = Invoke-Sandbox $sandbox DELETE "/sandbox/identities/$name" }
        }
    }

    It 'that are nobody at all send nothing' {
        Invoke-CCRefreshIdentities -Identity @() | Should -BeNullOrEmpty
        { Invoke-CCRefreshIdentities -Identity $null } | Should -Throw -ErrorId 'InvalidArgument,*'
        $problems = $null
        $null = Invoke-CCRefreshIdentities -Identity '', ' ' -ErrorAction SilentlyContinue -ErrorVariable problems
        $problems.FullyQualifiedErrorId | Should -Be @('InvalidArgument,Invoke-CCRefreshIdentities', 'InvalidArgument,Invoke-CCRefreshIdentities')
        @(Get-Arrival $sandbox).Count | Should -Be 0
        $problems = $null
        (Invoke-CCRefreshIdentities -Identity '', amelie.roux -ErrorAction SilentlyContinue -ErrorVariable problems).Identities | Should -Be 'amelie.roux'
        $problems.Count | Should -Be 1
    }

    It 'of whom more would be refreshed than -MaxIdentities are not sent' {
        { Invoke-CCRefreshIdentities -Identity amelie.roux, smith, Smith -MaxIdentities 2 } | Should -Throw -ErrorId 'TooManyMatches,Invoke-CCRefreshIdentities'
        Set-Configuration -MaxIdentities 2
        { Invoke-CCRefreshIdentities -Identity amelie.roux, smith, Smith } | Should -Throw -ErrorId 'TooManyMatches,Invoke-CCRefreshIdentities'
        @(Get-Refresh $sandbox).Count | Should -Be 0
        (Invoke-CCRefreshIdentities -Identity amelie.roux, smith, nobody.here -ErrorAction SilentlyContinue).Identities.Count | Should -Be 2
        (Invoke-CCRefreshIdentities -Identity amelie.roux, smith, Smith -MaxIdentities 3).Identities.Count | Should -Be 3
    }

    It 'give status and headers with -WithHttpInfo, beside the result' {
        $result = Invoke-CCRefreshIdentities -Identity amelie.roux -WithHttpInfo
        $result.StatusCode | Should -Be 202
        $result.Headers['CONTENT-type'] | Should -Match '^application/json'
        $result.Response.type | Should -Be 'TASK_RESULT'
        $result.Outcome | Should -Be 'Accepted'
    }

    It 'are shown in a table' {
        $session = Invoke-Session @'
Import-Module $env:TEST_MODULE
Set-Configuration -BaseUrl $env:TEST_URL -AccessToken sandbox-token
Invoke-CCRefreshIdentities -Identity amelie.roux, smith
'@ -Environment @{ TEST_URL = $sandbox.Url }
        $session.Error | Should -BeNullOrEmpty
        $lines = @($session.Output -split '\r?\n' | Where-Object { $_ })
        $lines[0].Trim() | Should -Match '^Outcome\s+Count\s+Status\s+TaskId\s+Identities$'
        $lines[2].Trim() | Should -Match '^Accepted\s+2\s+202\s+\w{32}\s+amelie\.roux, smith$'
    }

    It '-WhatIf shows the calls, the people and what is done beyond the arguments, and sends nothing' {
        $session = Invoke-Session @'
Import-Module $env:TEST_MODULE
Set-Configuration -BaseUrl $env:TEST_URL -AccessToken sandbox-token
'amelie.roux', 'smith', 'nobody.here' | Invoke-CCRefreshIdentities -RefreshArgs @{ promoteAttributes = $true } -WhatIf
'@ -Environment @{ TEST_URL = $sandbox.Url }
        $session.Output | Should -Match ("^What if: Refresh 2 identities by uid on $([regex]::Escape($sandbox.Url)): amelie\.roux \(Am$([char] 0xE9)lie Roux\), smith; by 1 x POST /identities/v1/process; beyond the arguments this does: .*provision")
        $session.All | Should -Match 'nobody\.here'
        foreach ($line in { Invoke-CCRefreshIdentities -Identity smith -WhatIf }, { $WhatIfPreference = $true; Invoke-CCRefreshIdentities -Identity smith }, { $WhatIfPreference = $true; 'smith' | Invoke-CCRefreshIdentities }) { & $line | Should -BeNullOrEmpty }
        @(Get-Refresh $sandbox).Count | Should -Be 0
        & { $WhatIfPreference = $true; Invoke-CCRefreshIdentities -Identity smith -WhatIf:$false } | Should -Not -BeNullOrEmpty
    }

    It '-Confirm asks once a batch, and nobody who cannot answer says yes' {
        $session = Invoke-Session @'
Import-Module $env:TEST_MODULE
Set-Configuration -BaseUrl $env:TEST_URL -AccessToken sandbox-token
'amelie.roux', 'smith' | Invoke-CCRefreshIdentities -Confirm
'@ -Environment @{ TEST_URL = $sandbox.Url }
        $session.All | Should -Match 'NonInteractive|non-interactive'
        $session.ExitCode | Should -Be 1
        @(Get-Refresh $sandbox).Count | Should -Be 0
    }

    It 'are told with -Verbose and -Debug, without a secret' {
        $records = @(Invoke-CCRefreshIdentities -Identity amelie.roux -Verbose -Debug 4>&1 5>&1 | Where-Object { $_ -is [System.Management.Automation.InformationalRecord] })
        "$records" | Should -Match 'answered 202'
        "$records" | Should -Match '"identities":\["amelie\.roux"\]'
        "$records" | Should -Not -Match 'sandbox-token'
        foreach ($backend in 'process', 'cc') {
            if ($backend -eq 'cc' -and $Retired) { continue }
            $records = @('amelie.roux', 'smith' | Invoke-CCRefreshIdentities -Backend $backend -Verbose 4>&1 | Where-Object { $_ -is [System.Management.Automation.VerboseRecord] })
            "$records" | Should -Match "Backend ${backend}: 2 matched, calls: \d\."
            "$records" | Should -Not -Match 'filter'
        }
    }

    It 'work for a HELPDESK client by user name and by id; by others the error says what is needed' {
        Set-Configuration -AccessToken '' -ClientId helpdesk-client -ClientSecret helpdesk-secret
        (Invoke-CCRefreshIdentities -Identity amelie.roux -IdentityAttribute name).Outcome | Should -Be 'Accepted'
        (Invoke-CCRefreshIdentities -Identity $ids['smith'] -IdentityAttribute id).Outcome | Should -Be 'Accepted'
        try { Invoke-CCRefreshIdentities -Identity amelie.roux } catch { $record = $_ }
        $record.FullyQualifiedErrorId | Should -Be 'Forbidden,Invoke-CCRefreshIdentities'
        $record.ErrorDetails.RecommendedAction | Should -Match '-IdentityAttribute name'
        $record.TargetObject | Should -Be 'amelie.roux'
        (Get-Refresh $sandbox).refreshed.names | Should -Be @('amelie.roux', 'smith')
    }

    It 'end the command with what concerns them all: <what>' -ForEach @(
        @{ What = 'no configuration'; Set = { Set-Configuration -BaseUrl '' -AccessToken '' }; Id = 'NotConfigured' }
        @{ What = 'a wrong token'; Set = { Set-Configuration -AccessToken wrong }; Id = 'Unauthorized' }
        @{ What = 'no permission'; Set = { Set-Configuration -AccessToken '' -ClientId noscope-client -ClientSecret noscope-secret }; Id = 'Forbidden' }
        @{ What = 'no connection'; Set = { Set-Configuration -BaseUrl 'http://127.0.0.1:9'; (Get-Configuration).MaximumRetryCount = 0 }; Id = 'Connection' }
        @{ What = 'an argument that cannot be kept'; Set = { Set-Configuration -AllowBroader $false }; Id = 'UnsupportedArgument'; More = @{ RefreshArgs = @{ provision = $false } } }
    ) {
        & $set
        if (-not $more) { $more = @{} }
        $result = 'old'
        foreach ($preference in 'Continue', 'SilentlyContinue') {
            { $script:result = Invoke-CCRefreshIdentities -Identity amelie.roux @more -ErrorAction $preference } | Should -Throw -ErrorId "$id,Invoke-CCRefreshIdentities"
            { $script:result = 'amelie.roux', 'smith' | Invoke-CCRefreshIdentities @more -ErrorAction $preference } | Should -Throw -ErrorId "$id,Invoke-CCRefreshIdentities"
        }
        $result | Should -Be 'old'
        @(Get-Refresh $sandbox | Where-Object executed).Count | Should -Be 0
    }
}

Describe 'People from the pipeline' {
    BeforeAll {
        . "$PSScriptRoot/Support.ps1"
        $sandbox = Start-Sandbox @('--people', '600')
        $all = Invoke-Sandbox $sandbox GET '/sandbox/identities'
        $correlated = @($all | Where-Object { $_.name -notin 'legacy.account' -and $_.correlated -ne $false })
        $smith = ($all | Where-Object { $_.name -ceq 'smith' }).id
        $amelie = ($all | Where-Object { $_.name -ceq 'amelie.roux' }).id
    }
    AfterAll { Stop-Sandbox $sandbox }
    BeforeEach {
        Clear-Sandbox $sandbox
        Reset-Session $sandbox
        (Get-Configuration).MaximumRetryCount = 0
    }

    It 'may be <kind>' -ForEach @(
        @{ Kind = 'texts'; Make = { 'amelie.roux', 'smith' } }
        @{ Kind = 'lines of a file'; Make = { Set-Content -LiteralPath "$TestDrive/names.txt" -Value 'amelie.roux', 'smith'; Get-Content -LiteralPath "$TestDrive/names.txt" } }
        @{ Kind = 'lines of a CSV file by uid'; Make = { Set-Content -LiteralPath "$TestDrive/people.csv" -Value 'uid,other', 'amelie.roux,1', 'smith,2'; Import-Csv -LiteralPath "$TestDrive/people.csv" } }
        @{ Kind = 'objects with Identity'; Make = { [pscustomobject] @{ Identity = 'amelie.roux'; uid = 'nobody' }, [pscustomobject] @{ IDENTITY = 'smith' } } }
        @{ Kind = 'objects with alias'; Make = { [pscustomobject] @{ alias = 'amelie.roux'; id = 'nobody' }, [pscustomobject] @{ Alias = 'smith' } } }
        @{ Kind = 'accounts, which have an id of their own'; Make = { [pscustomobject] @{ id = 'ffffffff0123456789abcdef01234567'; name = 'a'; identityId = $amelie }, @{ id = 'x'; IDENTITYID = $smith } } }
        @{ Kind = 'accounts, which refer to their identity'; Make = { [pscustomobject] @{ id = 'x'; identityId = $amelie; identity = [pscustomobject] @{ type = 'IDENTITY'; id = $amelie; name = 'A' } }, (@{ id = 'x'; identity = @{ id = $smith } }) } }
        @{ Kind = 'hashtables'; Make = { @{ uid = 'amelie.roux' }, @{ Uid = 'smith' } } }
        @{ Kind = 'generic dictionaries'; Make = { foreach ($name in 'amelie.roux', 'smith') { $table = [System.Collections.Generic.Dictionary[string, object]]::new(); $table['UID'] = $name; $table } } }
        @{ Kind = 'what Find-CCIdentity gives'; Make = { Find-CCIdentity 'uid.in({"amelie.roux","smith"})' -WarningAction SilentlyContinue } }
        @{ Kind = 'all of these in one'; Make = { 'amelie.roux', @{ id = $smith }, [pscustomobject] @{ alias = 'amelie.roux' } | Select-Object -First 2 } }
    ) {
        $results = @(& $make | Invoke-CCRefreshIdentities)
        $results.Outcome | Sort-Object -Unique | Should -Be 'Accepted'
        (Get-Refresh $sandbox).refreshed.names | Sort-Object | Should -Be @('amelie.roux', 'smith')
    }

    It 'may be numbers, which are uids' {
        $null = Invoke-Sandbox $sandbox POST '/sandbox/identities' (ConvertTo-Json @{ name = 'numbered'; attributes = @{ uid = '4711' } })
        (4711 | Invoke-CCRefreshIdentities).Identities | Should -BeExactly '4711'
        ([pscustomobject] @{ uid = [long] 4711 } | Invoke-CCRefreshIdentities).Identities | Should -BeExactly '4711'
        (Get-Refresh $sandbox).refreshed.names | Should -Be @('numbered', 'numbered')
        $null = Invoke-Sandbox $sandbox DELETE '/sandbox/identities/numbered'
    }

    It 'are values of -IdentityAttribute where they are plain, or called Identity' {
        $email = ($all | Where-Object name -EQ 'amelie.roux').attributes.email
        $results = @($email, @{ Identity = 'smith@example.com' } | Invoke-CCRefreshIdentities -IdentityAttribute email)
        $results.IdentityAttribute | Should -Be 'email'
        (Get-Refresh $sandbox).refreshed.names | Sort-Object | Should -Be @('amelie.roux', 'smith')
    }

    It 'are named by the property that -IdentityAttribute names: <attribute>' -ForEach @(
        @{ Attribute = 'email'; Make = { [pscustomobject] @{ id = 'ffffffff0123456789abcdef01234567'; email = 'smith@example.com'; uid = 'AND' } } }
        @{ Attribute = 'EMAIL'; Actual = 'email'; Make = { @{ id = 'x'; Email = 'smith@example.com' } } }
        @{ Attribute = 'attributes.email'; Make = { @{ id = 'x'; email = 'smith@example.com' } } }
        @{ Attribute = 'employeeNumber'; Make = { [pscustomobject] @{ Identity = 'nobody'; EmployeeNumber = 1002 } } }
        @{ Attribute = 'name'; Make = { [pscustomobject] @{ id = 'x'; alias = 'smith' } } }
        @{ Attribute = 'id'; Make = { [pscustomobject] @{ uid = 'AND'; id = 'x'; identityId = $smith } } }
        @{ Attribute = 'id'; Make = { [pscustomobject] @{ uid = 'AND'; id = $smith } } }
        @{ Attribute = 'uid'; Make = { [pscustomobject] @{ Identity = 'smith'; alias = 'AND' } } }
    ) {
        if ($actual) { $attribute = $actual }
        $result = & $make | Invoke-CCRefreshIdentities -IdentityAttribute $attribute
        $result.Outcome | Should -BeExactly 'Accepted'
        (Get-Refresh $sandbox).refreshed.names | Should -BeExactly 'smith'
    }

    It 'that lack the property of -IdentityAttribute are nobody, and the error tells the properties that are there' {
        $given = [pscustomobject] @{ id = $smith; 'E-Mail' = 'smith@example.com' }, @{ uid = 'smith' }, [pscustomobject] @{ id = $smith; email = ' ' }
        foreach ($way in { $given | Invoke-CCRefreshIdentities -IdentityAttribute email -ErrorAction SilentlyContinue -ErrorVariable script:problems }, { Invoke-CCRefreshIdentities -Identity $given -IdentityAttribute email -ErrorAction SilentlyContinue -ErrorVariable script:problems }) {
            $script:problems = $null
            & $way | Should -BeNullOrEmpty
            $script:problems.Count | Should -Be 3
            $script:problems.FullyQualifiedErrorId | Sort-Object -Unique | Should -Be 'InvalidArgument,Invoke-CCRefreshIdentities'
            $script:problems[0].Exception.Message | Should -Match "no property 'email'.*It has: id, E-Mail\."
            $script:problems[1].Exception.Message | Should -Match 'It has: uid\.'
            $script:problems[2].Exception.Message | Should -Match "property 'email' holds no name"
        }
        $null = [pscustomobject] @{ Mail = 'x' } | Invoke-CCRefreshIdentities -ErrorAction SilentlyContinue -ErrorVariable script:problems
        $script:problems[0].Exception.Message | Should -Match 'It has: Mail\.'
        # An account without an identity is nobody, and not the account's id.
        $null = [pscustomobject] @{ id = $smith; identityId = $null } | Invoke-CCRefreshIdentities -ErrorAction SilentlyContinue -ErrorVariable script:problems
        $script:problems[0].Exception.Message | Should -Match "property 'identityId' holds no name"
        @(Get-Refresh $sandbox).Count | Should -Be 0
    }

    It 'are sent whenever 250 have come, the rest at the end, each once' {
        $names = @($correlated.name)
        $names.Count | Should -BeGreaterThan 550
        $arrived = @{}
        $number = 0
        $results = @($names | ForEach-Object {
                $_
                # After so many names the ones before were sent, although more of them come.
                $number++
                if ($number -in 250, 500) {
                    $until = [datetime]::UtcNow.AddSeconds(30)
                    while (@(Get-Refresh $sandbox).Count -lt $number / 250 -and [datetime]::UtcNow -lt $until) { Start-Sleep -Milliseconds 20 }
                    $arrived["$number"] = @(Get-Refresh $sandbox).Count
                }
            } | Invoke-CCRefreshIdentities)
        $results.Count | Should -Be 3
        $arrived['250'] | Should -Be 1
        $arrived['500'] | Should -Be 2
        $results[0].Identities.Count | Should -Be 250
        ($results.Identities -join "`n") | Should -BeExactly ($names -join "`n")
        $refreshed = (Get-Refresh $sandbox).refreshed.names
        $refreshed.Count | Should -Be $names.Count
        [System.Collections.Generic.HashSet[string]]::new([string[]] $refreshed).SetEquals([string[]] $names) | Should -BeTrue
        @(Get-Refresh $sandbox).Count | Should -Be 3
    }

    It 'before a request that fails are in results, and nothing behind it is sent' {
        foreach ($behind in @(), 'smith', @{ filter = 'uid == "smith"' }) {
            Clear-Sandbox $sandbox
            $results = [System.Collections.ArrayList]::new()
            { @('amelie.roux', @{ filter = 'uid == ' }) + $behind | Invoke-CCRefreshIdentities | ForEach-Object { $null = $results.Add($_) } } | Should -Throw -ErrorId 'InvalidFilter,Invoke-CCRefreshIdentities'
            $results.Outcome | Should -Be 'NotSent'
            $results.Identities | Should -Contain 'amelie.roux'
            @(Get-Refresh $sandbox).Count | Should -Be 0
        }
    }

    It 'are given as objects to -Identity too: <kind>' -ForEach @(
        @{ Kind = 'what Find-CCIdentity gives'; Make = { Find-CCIdentity 'uid == "smith"' -WarningAction SilentlyContinue }; Names = 'smith' }
        @{ Kind = 'several of them'; Make = { Find-CCIdentity 'uid.in({"amelie.roux","smith"})' -WarningAction SilentlyContinue }; Names = 'amelie.roux', 'smith' }
        @{ Kind = 'an object with uid'; Make = { [pscustomobject] @{ uid = 'smith' } }; Names = 'smith' }
        @{ Kind = 'a hashtable'; Make = { @{ uid = 'smith' } }; Names = 'smith' }
        @{ Kind = 'names and objects'; Make = { 'AND', @{ uid = 'smith' }, [pscustomobject] @{ id = $amelie } }; Names = 'AND', 'amelie.roux', 'smith' }
        @{ Kind = 'a list'; Make = { , [System.Collections.Generic.List[string]] @('smith', 'AND') }; Names = 'AND', 'smith' }
        @{ Kind = 'a set'; Make = { , [System.Collections.Generic.HashSet[string]]::new([string[]] @('smith', 'AND')) }; Names = 'AND', 'smith' }
    ) {
        $given = & $make
        $results = @(Invoke-CCRefreshIdentities -Identity $given)
        $results.Outcome | Sort-Object -Unique | Should -Be 'Accepted'
        (Get-Refresh $sandbox).refreshed.names | Sort-Object | Should -Be ($names | Sort-Object)
    }

    It 'given as objects to -Identity are counted before the first is sent' {
        $many = @($correlated | Select-Object -First 300 | ForEach-Object { [pscustomobject] @{ Id = $_.id } })
        { Invoke-CCRefreshIdentities -Identity $many -MaxIdentities 299 } | Should -Throw -ErrorId 'TooManyMatches,Invoke-CCRefreshIdentities'
        @(Get-Refresh $sandbox).Count | Should -Be 0
        $null = Invoke-CCRefreshIdentities -Identity $many -MaxIdentities 300
        (Get-Refresh $sandbox).refreshed.names.Count | Should -Be 300
    }

    It 'given as the text of an object are nobody, and the error says how to give them' {
        $problems = $null
        $null = Invoke-CCRefreshIdentities -Identity "$([pscustomobject] @{ uid = 'amelie.roux' })", (Get-Process -Id $PID) -ErrorAction SilentlyContinue -ErrorVariable problems
        $problems.Count | Should -Be 2
        "$($problems.ErrorDetails.RecommendedAction)" | Should -Match 'object as text: pipe the objects'
        "$($problems.Exception.Message)" | Should -Match "property 'Id' holds no name|property 'id' holds no name"
        @(Get-Refresh $sandbox).Count | Should -Be 0
    }

    It 'are told apart from requests and from what is neither' {
        $problems = $null
        $results = @('amelie.roux', $null, @{ filter = 'uid == "smith"' }, 'uid == "smith"', (Get-Process -Id $PID), @{ uid = '' }, @{ uid = @('smith') }, 'Smith' | Invoke-CCRefreshIdentities -ErrorAction SilentlyContinue -ErrorVariable problems)
        $results.Count | Should -Be 2
        $results[0].type | Should -Be 'TASK_RESULT'
        $results[1].Identities | Should -BeExactly @('amelie.roux', 'Smith')
        $problems.Count | Should -Be 5
        $problems.FullyQualifiedErrorId | Sort-Object -Unique | Should -Be 'InvalidArgument,Invoke-CCRefreshIdentities'
        (Get-Refresh $sandbox).refreshed.names | Should -BeExactly @('smith', 'amelie.roux', 'Smith')
    }

    It 'take no request beside -RefreshArgs, which belong to the people' {
        $problems = $null
        $null = 'amelie.roux', @{ filter = 'uid == "smith"' } | Invoke-CCRefreshIdentities -RefreshArgs @{ provision = $true } -ErrorAction SilentlyContinue -ErrorVariable problems
        $problems.Count | Should -Be 1
        $problems[0].Exception.Message | Should -Match '-RefreshArgs'
        (Get-Refresh $sandbox).refreshed.names | Should -Be 'amelie.roux'
        @() | Invoke-CCRefreshIdentities -RefreshArgs @{ provision = $true } | Should -BeNullOrEmpty
    }

    It 'of a batch that fails for itself are in its error, and can be sent again; the others go on' {
        $names = @($correlated.name | Select-Object -First 510)
        Set-Configuration -MaximumConcurrency 1
        Add-Fault $sandbox @{ on = 'process'; kind = 'status'; status = 500; times = 1 }
        $problems = $null
        $results = @($names | Invoke-CCRefreshIdentities -ErrorAction SilentlyContinue -ErrorVariable problems)
        $results.Outcome | Should -BeExactly @($results[0].Outcome, 'Accepted', 'Accepted')
        $results[0].Outcome | Should -BeIn 'Rejected', 'MaybeSent'
        $problems.Count | Should -Be 1
        $problems[0].FullyQualifiedErrorId | Should -Be 'HttpStatus,Invoke-CCRefreshIdentities'
        $problems[0].TargetObject | Should -BeExactly $names[0..249]
        $problems[0].Exception.Response.StatusCode | Should -Be 500
        (Invoke-CCRefreshIdentities -Identity $problems[0].TargetObject).Outcome | Should -Be 'Accepted'
        (Get-Refresh $sandbox).refreshed.names.Count | Should -Be $names.Count
    }

    It 'stop at a batch that fails where the caller says so, and the next command''s errors are its own' {
        $names = @($correlated.name | Select-Object -First 510)
        (Get-Configuration).MaximumConcurrency = 1
        Add-Fault $sandbox @{ on = 'process'; kind = 'status'; status = 500; times = 1 }
        $results = [System.Collections.ArrayList]::new()
        { $names | Invoke-CCRefreshIdentities -ErrorAction Stop | ForEach-Object { $null = $results.Add($_) } } | Should -Throw -ErrorId 'HttpStatus,Invoke-CCRefreshIdentities'
        # Whichever of them came first.
        @($results.Outcome | Where-Object { $_ -in 'Rejected', 'MaybeSent' }).Count | Should -BeGreaterOrEqual 1
        # Each name that had come is in a result, and what the service has really taken is not called NotSent.
        $results.Identities | Should -BeExactly $names[0..($results.Identities.Count - 1)]
        $results.Identities.Count | Should -BeGreaterOrEqual 250
        $unsent = [System.Collections.Generic.HashSet[string]]::new([string[]] @(($results | Where-Object Outcome -EQ 'NotSent').Identities))
        (Get-Refresh $sandbox).refreshed.names | Where-Object { $unsent.Contains($_) } | Should -BeNullOrEmpty
        Clear-Sandbox $sandbox
        { $names | Invoke-CCRefreshIdentities -WarningAction SilentlyContinue | ForEach-Object { throw 'mine' } } | Should -Throw -ErrorId 'mine'
        ($names | Invoke-CCRefreshIdentities -WarningAction SilentlyContinue | Select-Object -First 1).Outcome | Should -Be 'Accepted'
    }

    It 'stop at input that names nobody where the caller says so, and those before it are in results' {
        $names = @($correlated.name | Select-Object -First 510)
        $results = [System.Collections.ArrayList]::new()
        { @($names) + '' + 'smith' | Invoke-CCRefreshIdentities -ErrorAction Stop | ForEach-Object { $null = $results.Add($_) } } | Should -Throw -ErrorId 'InvalidArgument,Invoke-CCRefreshIdentities'
        $results.Identities | Sort-Object -CaseSensitive | Should -BeExactly ($names | Sort-Object -CaseSensitive)
        $unsent = [System.Collections.Generic.HashSet[string]]::new([string[]] @(($results | Where-Object Outcome -EQ 'NotSent').Identities))
        (Get-Refresh $sandbox).refreshed.names | Where-Object { $unsent.Contains($_) } | Should -BeNullOrEmpty
    }

    It 'are sent no more after a break or a continue of the next command, which are the caller''s' {
        $names = @($correlated.name | Select-Object -First 1250)
        (Get-Configuration).MaximumConcurrency = 1
        # So that most batches are still to come when the first result is there.
        Add-Fault $sandbox @{ on = 'process'; kind = 'slow'; delayMs = 800; times = 0 }
        foreach ($way in { $names | Invoke-CCRefreshIdentities -WarningAction SilentlyContinue }, { Invoke-CCRefreshIdentities -Identity $names -WarningAction SilentlyContinue }) {
            foreach ($end in { break }, { continue }) {
                $null = Invoke-Sandbox $sandbox DELETE '/sandbox/log'
                $turns = $results = 0
                foreach ($turn in 1, 2) {
                    $turns++
                    & $way | ForEach-Object { $results++; . $end }
                    $turns += 100
                }
                if ("$end" -match 'break') { $turns | Should -Be 1 } else { $turns | Should -Be 2 }
                $results | Should -Be $turns
                # Not all five.
                @(Get-Refresh $sandbox).Count | Should -BeLessThan (5 * $turns)
            }
        }
    }

    It 'stop at what concerns them all, and the result of that batch says what became of it' {
        $names = @($correlated.name | Select-Object -First 510)
        Add-Fault $sandbox @{ on = 'process'; kind = 'status'; status = 403; times = 0; skip = 1 }
        Set-Configuration -MaximumConcurrency 1
        $results = [System.Collections.ArrayList]::new()
        $record = $null
        try { $names | Invoke-CCRefreshIdentities | ForEach-Object { $null = $results.Add($_) } } catch { $record = $_ }
        $record.FullyQualifiedErrorId | Should -Be 'Forbidden,Invoke-CCRefreshIdentities'
        $record.TargetObject | Should -BeExactly $names[250..499]
        $results[0].Outcome | Should -Be 'Accepted'
        $results[1].Outcome | Should -Be 'Rejected'
        # Of those behind it each that was read is in a result as well: it may come before the last ten.
        $results.Identities | Should -BeExactly @($names | Select-Object -First $(if ($results.Count -eq 2) { 500 } else { 510 }))
        foreach ($result in $results | Select-Object -Skip 2) { $result.Outcome | Should -Be 'NotSent' }
        @(Get-Refresh $sandbox | Where-Object executed).Count | Should -Be 1
    }

    It 'are never more than -MaxIdentities in all where only attributes are synchronized' {
        $names = @($correlated.name | Select-Object -First 300)
        $arguments = @{ correlateEntitlements = $false; promoteAttributes = $false; refreshManagerStatus = $false; provision = $false; synchronizeAttributes = $true }
        { $names | Invoke-CCRefreshIdentities -RefreshArgs $arguments -MaxIdentities 260 } | Should -Throw -ErrorId 'TooManyMatches,Invoke-CCRefreshIdentities'
        @(Get-Refresh $sandbox).Count | Should -Be 250
    }

    It 'that differ in nothing but how a letter is composed are two names' {
        $composed = 'ren' + [char] 0xe9
        $decomposed = 'rene' + [char] 0x301
        Add-Fault $sandbox @{ on = 'search'; kind = 'status'; status = 500; times = 0 }
        $results = @($composed, $decomposed | Invoke-CCRefreshIdentities -ErrorAction SilentlyContinue -ErrorVariable problems)
        $results.Identities.Count | Should -Be 2
        @($problems[0].TargetObject).Count | Should -Be 2
    }

    It 'of a host that has no such address end the command with the first batch' {
        $names = @($correlated.name | Select-Object -First 510)
        (Get-Configuration).MaximumConcurrency = 1
        Add-Fault $sandbox @{ on = 'process'; kind = 'status'; status = 404; times = 0 }
        { $names | Invoke-CCRefreshIdentities } | Should -Throw -ErrorId 'NotFound,Invoke-CCRefreshIdentities'
        @(Get-Arrival $sandbox process).Count | Should -Be 1
    }

    It 'are never more than -MaxIdentities in all' {
        $names = @($correlated.name | Select-Object -First 510)
        $results = [System.Collections.ArrayList]::new()
        { $names | Invoke-CCRefreshIdentities -MaxIdentities 300 | ForEach-Object { $null = $results.Add($_) } } | Should -Throw -ErrorId 'TooManyMatches,Invoke-CCRefreshIdentities'
        # The last ten are told of where they were read before the error.
        $results.Outcome | Select-Object -First 2 | Should -Be @('Accepted', 'NotSent')
        $results.Outcome | Select-Object -Skip 2 | Should -BeIn @('NotSent', $null)
        @($results.Identities).Count | Should -BeIn 500, 510
        $results.Identities | Should -BeExactly $names[0..(@($results.Identities).Count - 1)]
        (Get-Refresh $sandbox).refreshed.names.Count | Should -Be 250
        Clear-Sandbox $sandbox
        # All known before the first is sent.
        { Invoke-CCRefreshIdentities -Identity $names -MaxIdentities 300 } | Should -Throw -ErrorId 'TooManyMatches,Invoke-CCRefreshIdentities'
        @(Get-Refresh $sandbox).Count | Should -Be 0
        @(Invoke-CCRefreshIdentities -Identity $names -MaxIdentities 510).Count | Should -Be 3
    }

    It 'are all accounted for where the service limits, breaks connections and dies' {
        $names = @($correlated.name) + @(1..20 | ForEach-Object { "nobody.$_" }) + @(1..600 | ForEach-Object { "nobody.else.$_" })
        $fragile = Start-Sandbox @('--people', '600')
        try {
            Set-Configuration -BaseUrl $fragile.Url
            (Get-Configuration).MaximumRetryCount = 3
            (Get-Configuration).RetryIntervalSeconds = 0.001
            Add-Fault $fragile @{ on = 'any'; kind = 'status'; status = 429; retryAfter = 0; times = 0; every = 3 }
            Add-Fault $fragile @{ on = 'any'; kind = 'reset_before'; times = 0; every = 10 }
            Add-Fault $fragile @{ on = 'process'; kind = 'die'; delayMs = 4000; skip = 1 }
            $problems = $null
            $results = [System.Collections.ArrayList]::new()
            try {
                $names | Invoke-CCRefreshIdentities -ErrorAction SilentlyContinue -ErrorVariable problems | ForEach-Object { $null = $results.Add($_) }
            } catch { $record = $_ }
            Start-Sleep -Seconds 5
            Clear-Sandbox $fragile
            # Each name once, up to the last that had been read.
            $told = @($results.Identities) + @($results.Unmatched) | Where-Object { $_ }
            $told.Count | Should -BeGreaterOrEqual 250
            ($told | Sort-Object -CaseSensitive) -join "`n" | Should -BeExactly (($names[0..($told.Count - 1)] | Sort-Object -CaseSensitive) -join "`n")
            # What the tenant has done agrees.
            $byName = [System.Collections.Generic.Dictionary[string, int]]::new()
            foreach ($person in Invoke-Sandbox $fragile GET '/sandbox/identities') { $byName[$person.name] = $person.refreshes }
            foreach ($result in $results) {
                foreach ($name in $result.Identities) {
                    if (-not $byName.ContainsKey($name)) { $result.Outcome | Should -Be 'NotSent'; continue }
                    if ($result.Outcome -eq 'Accepted') { $byName[$name] | Should -Be 1 }
                    if ($result.Outcome -in 'NotSent', 'Rejected') { $byName[$name] | Should -Be 0 }
                    if ($result.Outcome -eq 'MaybeSent') { $byName[$name] | Should -BeIn 0, 1 }
                }
            }
        } finally { Stop-Sandbox $fragile }
    }
}
