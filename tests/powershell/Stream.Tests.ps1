Describe 'The stream of names' {
    BeforeAll {
        . "$PSScriptRoot/Support.ps1"
        $sandbox = Start-Sandbox @('--people', '1500')
        $all = @(Invoke-Sandbox $sandbox GET '/sandbox/identities' | Where-Object { $_.correlated -ne $false })
        $names = @($all.name)

        # Whom the results tell of, in their order, and each once.
        function Assert-Told($Result, [string[]] $Name) {
            $told = @(foreach ($one in $Result) { $one.Identities; $one.Unmatched; $one.Ambiguous })
            $told -join "`n" | Should -BeExactly ($Name -join "`n")
        }

        # Until nothing has arrived for a while.
        function Wait-Quiet([int] $Milliseconds = 500) {
            do {
                $before = @(Get-Arrival $sandbox).Count
                Start-Sleep -Milliseconds $Milliseconds
            } while (@(Get-Arrival $sandbox).Count -ne $before)
            $before
        }
    }
    AfterAll { Stop-Sandbox $sandbox }
    BeforeEach {
        Clear-Sandbox $sandbox
        Reset-Session $sandbox
        (Get-Configuration).MaximumRetryCount = 0
    }

    It 'sends each name once over the whole run, and gives results in the order of the input' {
        $some = @($names | Select-Object -First 900)
        $results = @($some + $some[100..700] + $some[0] | Invoke-CCRefreshIdentities)
        Assert-Told $results $some
        $results.Outcome | Should -Be @('Accepted', 'Accepted', 'Accepted', 'Accepted')
        Assert-EverybodyOnce $sandbox $some
    }

    It 'takes names by several properties in any order, each once' {
        $mixed = for ($i = 0; $i -lt 600; $i += 3) {
            [pscustomobject] @{ uid = $all[$i].name }
            [pscustomobject] @{ alias = $all[$i + 1].name }
            @{ id = $all[$i + 2].id }
        }
        $results = @($mixed | Invoke-CCRefreshIdentities)
        $results.IdentityAttribute | Sort-Object | Should -Be @('id', 'name', 'uid')
        foreach ($result in $results) {
            $expected = switch ($result.IdentityAttribute) {
                'uid' { for ($i = 0; $i -lt 600; $i += 3) { $all[$i].name } }
                'name' { for ($i = 1; $i -lt 600; $i += 3) { $all[$i].name } }
                'id' { for ($i = 2; $i -lt 600; $i += 3) { $all[$i].id } }
            }
            Assert-Told $result $expected
        }
        Assert-EverybodyOnce $sandbox ($names | Select-Object -First 600)
    }

    It 'goes on where many names make no batch' {
        $results = @(@($names[0]) * 9000 + 'smith' | Invoke-CCRefreshIdentities)
        Assert-Told $results @($names[0], 'smith')
        $problems = $null
        $results = @(1..5000 | ForEach-Object { "nobody.$_" } | Invoke-CCRefreshIdentities -ErrorAction SilentlyContinue -ErrorVariable problems)
        Assert-Told $results @(1..5000 | ForEach-Object { "nobody.$_" })
        $problems.Count | Should -Be 5000
    }

    # The rule is the library's (src/refresh/run/stops.rs); tests/stream.rs holds the same table against it.
    It '<what> at the second batch: the others <then>' -ForEach @(
        @{ What = 'a log-in page'; Then = 'stop'; Fault = @{ kind = 'html' }; Id = 'InvalidResponse' }
        @{ What = '401'; Then = 'stop'; Fault = @{ kind = 'status'; status = 401; times = 0 }; Id = 'Unauthorized' }
        @{ What = '403'; Then = 'stop'; Fault = @{ kind = 'status'; status = 403 }; Id = 'Forbidden' }
        @{ What = '404'; Then = 'stop'; Fault = @{ kind = 'status'; status = 404 }; Id = 'NotFound' }
        @{ What = '410'; Then = 'stop'; Fault = @{ kind = 'status'; status = 410 }; Id = 'Gone' }
        @{ What = '400'; Then = 'go on'; Fault = @{ kind = 'status'; status = 400 }; Id = 'HttpStatus' }
        @{ What = '500'; Then = 'go on'; Fault = @{ kind = 'status'; status = 500 }; Id = 'HttpStatus' }
        @{ What = '503'; Then = 'go on'; Fault = @{ kind = 'status'; status = 503 }; Id = 'HttpStatus' }
        @{ What = 'a lost connection'; Then = 'go on'; Fault = @{ kind = 'reset' }; Id = 'Connection' }
        @{ What = 'an answer that is no HTTP'; Then = 'go on'; Fault = @{ kind = 'garbage' }; Id = 'InvalidResponse' }
    ) {
        $some = @($names | Select-Object -First 1000)
        Set-Configuration -MaximumConcurrency 1
        foreach ($way in { $some | Invoke-CCRefreshIdentities -ErrorAction SilentlyContinue -ErrorVariable +problems }, { Invoke-CCRefreshIdentities -Identity $some -ErrorAction SilentlyContinue -ErrorVariable +problems }) {
            Clear-Sandbox $sandbox
            Add-Fault $sandbox ($fault + @{ on = 'process'; skip = 1 })
            $problems = @()
            $record = $null
            $results = [System.Collections.ArrayList]::new()
            try { . $way | ForEach-Object { $null = $results.Add($_) } } catch { $record = $_ }
            # Each name that was read is in a result, whatever has happened.
            $read = @($results.Identities).Count
            $read | Should -BeGreaterOrEqual 500
            if ("$way" -match '-Identity' -or $then -eq 'go on') { $read | Should -Be 1000 }
            Assert-Told $results $some[0..($read - 1)]
            $accepted = @($results | Where-Object Outcome -EQ 'Accepted')
            if ($then -eq 'stop') {
                $record.FullyQualifiedErrorId | Should -Be "$id,Invoke-CCRefreshIdentities"
                $record.TargetObject | Should -BeExactly $some[250..499]
                $accepted.Count | Should -Be 1
                @(Get-Refresh $sandbox | Where-Object executed).Count | Should -Be 1
                @($results | Select-Object -Skip 2 | Where-Object Outcome -NE 'NotSent').Count | Should -Be 0
            } else {
                $record | Should -BeNullOrEmpty
                $problems[0].FullyQualifiedErrorId | Should -Be "$id,Invoke-CCRefreshIdentities"
                $problems[0].TargetObject | Should -BeExactly $some[250..499]
                $accepted.Count | Should -Be 3
                @(Get-Arrival $sandbox process).Count | Should -Be 4
            }
        }
    }

    It 'renews a token that has expired, and goes on' {
        Set-Configuration -AccessToken '' -ClientId sandbox-client -ClientSecret sandbox-secret -MaximumConcurrency 1
        $some = @($names | Select-Object -First 1000)
        $results = [System.Collections.ArrayList]::new()
        $some | Invoke-CCRefreshIdentities | ForEach-Object {
            if ($results.Count -eq 0) { $null = Invoke-Sandbox $sandbox POST '/sandbox/expire-tokens' }
            $null = $results.Add($_)
        }
        Assert-Told $results $some
        Assert-EverybodyOnce $sandbox $some
    }

    It 'sends nothing more after <what>, and says what became of the others' -ForEach @(
        @{ What = 'Select-Object -First'; Line = { $names | Invoke-CCRefreshIdentities -WarningVariable +warnings | Select-Object -First 1 } }
        @{ What = 'an error of the next command'; Line = { try { $names | Invoke-CCRefreshIdentities -WarningVariable +warnings | ForEach-Object { $_; throw 'mine' } } catch { "$_" | Should -Be 'mine' } } }
        @{ What = 'a break of the next command'; Line = { foreach ($turn in 1) { $names | Invoke-CCRefreshIdentities -WarningVariable +warnings | ForEach-Object { $_; break } } } }
        @{ What = 'an error of the command before'; Line = { try { & { $names; throw 'mine' } | Invoke-CCRefreshIdentities -WarningVariable +warnings | ForEach-Object { $_ } } catch { "$_" | Should -Be 'mine' } } }
    ) {
        # So slow that most of it is still to come.
        Set-Configuration -MaximumConcurrency 1
        Add-Fault $sandbox @{ on = 'process'; kind = 'slow'; delayMs = 1000; times = 0; skip = 1 }
        $warnings = @()
        $results = @(. $line 3> $null)
        if ($Desktop -and $what -eq 'an error of the command before') {
            # The command is not told of it there, as about_PSSailpointCC says: what it has got goes on.
            # A result may have come before, with its own.
            $warnings | Where-Object { "$_" -match 'Stopped' } | Should -BeNullOrEmpty
            $null = Invoke-Sandbox $sandbox DELETE '/sandbox/faults'
            $null = Wait-Quiet 2000
            return
        }
        $arrived = Wait-Quiet
        @(Get-Arrival $sandbox process).Count | Should -BeLessThan 5
        $told = @($results.Identities | Where-Object { $_ }).Count
        $warnings = @($warnings | Where-Object { "$_" -notmatch '^identities/process also does' })
        # Where the first result came before another name was read, nothing is left to tell.
        $counts = 0, 0, 0
        if ($warnings.Count -gt 0) {
            "$warnings" | Should -Match '^Stopped( before a refresh was sent)?\. .*: (\d+) accepted, (\d+) may have been sent, 0 rejected, (\d+) not sent'
            $null = "$warnings" -match ': (\d+) accepted, (\d+) may have been sent, 0 rejected, (\d+) not sent'
            $counts = 1..3 | ForEach-Object { [int] $Matches[$_] }
        }
        # The whole command: what was written before, too.
        if ($warnings.Count -gt 0 -and $told -gt 0) {
            "$warnings" | Should -Match ' In the whole command: (\d+) accepted, '
            $null = "$warnings" -match ' In the whole command: (\d+) accepted, '
            [int] $Matches[1] | Should -Be ($told + $counts[0])
        }
        if ($what -eq 'an error of the command before') { $told + $counts[0] + $counts[1] + $counts[2] | Should -Be @($names).Count }
        # No more than were refreshed are told as accepted, and everybody who was refreshed is told as accepted or maybe sent.
        $refreshed = (Get-RefreshCount $sandbox).Count
        $told + $counts[0] | Should -BeLessOrEqual $refreshed
        $told + $counts[0] + $counts[1] | Should -BeGreaterOrEqual $refreshed
        # The session is as before.
        Clear-Sandbox $sandbox
        (Invoke-CCRefreshIdentities -Identity smith).Outcome | Should -Be 'Accepted'
        @(Get-Refresh $sandbox).Count | Should -Be 1
    }

    It 'says how many names were read where an error ends the pipeline before any was sent' {
        foreach ($people in @($names | Select-Object -First 30), @($all | Select-Object -First 30 | ForEach-Object { @{ id = $_.id } })) {
            $said = @()
            try { & { $people; throw 'mine' } | Invoke-CCRefreshIdentities -WarningVariable said 3> $null } catch { "$_" | Should -Be 'mine' }
            # Where the command is not told of it, it says nothing, and the names that make no batch stay where they are.
            "$said" | Should -BeExactly $(if ($Desktop) { '' } else { 'Stopped before a refresh was sent. Of the names that were under way: 0 accepted, 0 may have been sent, 0 rejected, 30 not sent.' })
            try { & { $people; throw 'mine' } | Invoke-CCRefreshIdentities -WhatIf -WarningVariable said 3> $null } catch { "$_" | Should -Be 'mine' }
            $said | Should -BeNullOrEmpty
        }
        @(Get-Arrival $sandbox).Count | Should -Be 0
    }

    It '-Confirm asks for each 250 of the pipeline, once for -Identity, and nothing else' {
        foreach ($case in @{ Call = '$names | Invoke-CCRefreshIdentities'; Answers = 'Y', 'N', 'Y'; Sent = 350 }, @{ Call = 'Invoke-CCRefreshIdentities -Identity $names'; Answers = 'Y', 'N', 'N'; Sent = 600 }) {
            Clear-Sandbox $sandbox
            $script = Join-Path $TestDrive 'confirm.ps1'
            $nameFile = Join-Path $TestDrive 'names.txt'
            [System.IO.File]::WriteAllLines($nameFile, [string[]] ($names | Select-Object -First 600))
            $text = @"
Import-Module '$ModulePath'
Set-Configuration -BaseUrl $($sandbox.Url) -AccessToken sandbox-token
`$names = Get-Content -LiteralPath '$nameFile' -Encoding UTF8
`$null = $($case.Call) -Confirm
"@
            [System.IO.File]::WriteAllText($script, $text, [System.Text.UTF8Encoding]::new($true))
            # Answers come from the pipeline of a process, since no test has a console.
            $said = $case.Answers | & $Pwsh -NoProfile -File $script 2>&1 | Out-String
            # On Windows the questions go to the console, whatever the output is.
            if (-not $OnWindows) { @([regex]::Matches($said, 'Go on\?')).Count | Should -Be $(if ($case.Sent -eq 600) { 1 } else { 3 }) -Because $said }
            $said | Should -Not -Match 'Are you sure'
            $counts = Get-RefreshCount $sandbox
            $counts.psbase.Count | Should -Be $case.Sent
            $counts.ContainsKey($names[300]) | Should -Be ($case.Sent -eq 600)
        }
    }

    It '-WhatIf sends nothing, makes one plan for all names, and tells of a ceiling' {
        $plans = @(
            & { $WhatIfPreference = $true; $names | Select-Object -First 600 | Invoke-CCRefreshIdentities } *>&1
            & { $WhatIfPreference = $true; Invoke-CCRefreshIdentities -Identity ($names | Select-Object -First 600) } *>&1
        )
        $plans.Count | Should -Be 0
        @(Get-Refresh $sandbox).Count | Should -Be 0
        # A dry run each: one for all names.
        $before = @(Get-Arrival $sandbox search).Count
        $before | Should -Be 6
        $record = $null
        try { & { $WhatIfPreference = $true; $names | Select-Object -First 600 | Invoke-CCRefreshIdentities -MaxIdentities 599 } } catch { $record = $_ }
        $record.FullyQualifiedErrorId | Should -Be 'TooManyMatches,Invoke-CCRefreshIdentities'
    }

    It 'of several commands at once is each command''s own' {
        $inner = [System.Collections.ArrayList]::new()
        $results = @($names | Select-Object -First 500 | Invoke-CCRefreshIdentities | ForEach-Object {
                $null = $inner.Add((Invoke-CCRefreshIdentities -Identity $_.Identities[0] -IdentityAttribute name))
                $_
            })
        Assert-Told $results @($names | Select-Object -First 500)
        $inner.Outcome | Should -Be @('Accepted', 'Accepted')
        $counts = Get-RefreshCount $sandbox
        $counts[$names[0]] | Should -Be 2
        $counts[$names[250]] | Should -Be 2
        @($counts.Values | Where-Object { $_ -eq 1 }).Count | Should -Be 498
    }

    It 'tells of everybody as not sent where it cannot begin' {
        Set-Configuration -BaseUrl '' -AccessToken ''
        $results = [System.Collections.ArrayList]::new()
        { $names | Select-Object -First 600 | Invoke-CCRefreshIdentities | ForEach-Object { $null = $results.Add($_) } } | Should -Throw -ErrorId 'NotConfigured,Invoke-CCRefreshIdentities'
        # As far as they were read.
        Assert-Told $results $names[0..(@($results.Identities).Count - 1)]
        $results.Outcome | Sort-Object -Unique | Should -Be 'NotSent'
    }
}
