Describe '-JournalPath' {
    BeforeAll {
        . "$PSScriptRoot/Support.ps1"
        $sandbox = Start-Sandbox @('--people', '1500')
        $names = @((Invoke-Sandbox $sandbox GET '/sandbox/identities' | Where-Object { $_.correlated -ne $false }).name)
    }
    AfterAll { Stop-Sandbox $sandbox }
    BeforeEach {
        Clear-Sandbox $sandbox
        Reset-Session $sandbox
        # The tenant's times have whole seconds: the refreshes of the test before are in an earlier one.
        Start-Sleep -Milliseconds 1100
        $journal = Join-Path $TestDrive ('{0}.jsonl' -f [guid]::NewGuid())
    }

    It 'lets the same command go on after <what>' -ForEach @(
        @{ What = 'Select-Object -First'; Stop = { param($command) $null = & $command | Select-Object -First 2 } }
        @{ What = 'an error of the next command'; Stop = { param($command) { & $command | ForEach-Object { throw 'mine' } } | Should -Throw 'mine' } }
        @{ What = 'an error of the command before'; Stop = { param($command) { & $command -Then { throw 'mine' } } | Should -Throw 'mine' } }
        @{ What = 'a batch that was refused'; Fault = @{ on = 'process'; kind = 'status'; status = 500; skip = 1 }; Stop = { param($command) $null = & $command } }
        @{ What = 'an error that stops it'; Fault = @{ on = 'process'; kind = 'status'; status = 403; skip = 1 }; Stop = { param($command) { & $command } | Should -Throw -ErrorId 'Forbidden,*' } }
    ) {
        $command = { param($then = {}) & { $names; . $then } | Invoke-CCRefreshIdentities -JournalPath $journal -ErrorAction SilentlyContinue -WarningAction SilentlyContinue }
        Set-Configuration -MaximumConcurrency 2
        if ($fault) { Add-Fault $sandbox $fault }
        & $stop $command
        $null = Invoke-Sandbox $sandbox DELETE '/sandbox/faults'
        if ($Desktop -and $what -eq 'an error of the command before') {
            # The command is not told of it there, as about_PSSailpointCC says: what it has got goes on.
            { & $command } | Should -Throw -ErrorId 'JournalError,*'
            do { $before = @(Get-Arrival $sandbox).Count; Start-Sleep -Seconds 1 } while (@(Get-Arrival $sandbox).Count -ne $before)
            return
        }
        $results = @(& $command)
        @($results | Where-Object Outcome -NE 'Accepted').Count | Should -Be 0
        Assert-EverybodyOnce $sandbox $names
        # Done: nothing is sent, and a warning says how many were skipped.
        $null = Invoke-Sandbox $sandbox DELETE '/sandbox/log'
        $warnings = @()
        $names | Invoke-CCRefreshIdentities -JournalPath $journal -WarningVariable warnings -WarningAction SilentlyContinue | Should -BeNullOrEmpty
        "$warnings" | Should -Match "skipped because the journal lists them as done: $($names.Count)\."
        Invoke-CCRefreshIdentities -Identity $names -JournalPath $journal -WarningAction SilentlyContinue | Should -BeNullOrEmpty
        @(Get-Arrival $sandbox process).Count | Should -Be 0
    }

    It 'is of use for a filter on process too' {
        $results = 1..2 | ForEach-Object { , @(Invoke-CCRefreshIdentities -Filter 'uid.in({"amelie.roux","smith"})' -Backend process -JournalPath $journal -WarningAction SilentlyContinue) }
        $results[0].type | Should -Be 'TASK_RESULT'
        @($results[1]).Count | Should -Be 0
        (Get-Refresh $sandbox).refreshed.names | Sort-Object | Should -Be @('amelie.roux', 'smith')
    }

    It 'writes no file with -WhatIf' {
        $names | Invoke-CCRefreshIdentities -JournalPath $journal -WhatIf
        Invoke-CCRefreshIdentities -Identity smith -JournalPath $journal -WhatIf
        Invoke-CCRefreshIdentities -Filter 'uid == "smith"' -Backend process -JournalPath $journal -WhatIf
        Test-Path -LiteralPath $journal | Should -BeFalse
        @(Get-Refresh $sandbox).Count | Should -Be 0
    }

    It 'is a path of the session: <kind>' -ForEach @(
        @{ Kind = 'relative to its location'; Path = { 'relative.jsonl' }; File = 'relative.jsonl' }
        @{ Kind = 'on a drive of its own'; Path = { 'Journals:\drive.jsonl' }; File = 'drive.jsonl' }
        @{ Kind = 'with letters of other languages'; Path = { "j$([char] 0xF6)urnal $([char] 0x5C71).jsonl" }; File = "j$([char] 0xF6)urnal $([char] 0x5C71).jsonl" }
        @{ Kind = 'with brackets'; Path = { 'a[1].jsonl' }; File = 'a[1].jsonl' }
    ) {
        $folder = (New-Item -ItemType Directory -Path (Join-Path $TestDrive ([guid]::NewGuid()))).FullName
        $null = New-PSDrive -Name Journals -PSProvider FileSystem -Root $folder
        Push-Location -LiteralPath $folder
        try { $null = 'smith' | Invoke-CCRefreshIdentities -JournalPath (& $path) } finally {
            Pop-Location
            Remove-PSDrive -Name Journals
        }
        Get-Content -LiteralPath (Join-Path $folder $file) -Raw | Should -Match '^\{"journal":1,'
    }

    It 'is refused before anything is sent: <what>' -ForEach @(
        @{ What = 'a folder'; Path = { $TestDrive }; Id = 'JournalError'; Category = 'ResourceUnavailable' }
        @{ What = 'a folder that is not there'; Path = { Join-Path $TestDrive 'none/x.jsonl' }; Id = 'JournalError'; Category = 'ResourceUnavailable' }
        @{ What = 'a file of something else'; Path = { Set-Content "$TestDrive/other.txt" 'other'; "$TestDrive/other.txt" }; Id = 'JournalError'; Category = 'ResourceUnavailable' }
        @{ What = 'a drive that is not there'; Path = { 'nowhere:\x.jsonl' }; Id = 'InvalidArgument'; Category = 'InvalidArgument' }
        @{ What = 'a variable'; Path = { 'variable:x' }; Id = 'InvalidArgument'; Category = 'InvalidArgument' }
    ) {
        $path = [string] (& $path)
        foreach ($line in { 'smith' | Invoke-CCRefreshIdentities -JournalPath $path }, { Invoke-CCRefreshIdentities -Identity smith -JournalPath $path }, { Invoke-CCRefreshIdentities -Filter 'uid == "smith"' -Backend process -JournalPath $path }) {
            $record = $null
            try { & $line } catch { $record = $_ }
            $record.FullyQualifiedErrorId | Should -Be "$id,Invoke-CCRefreshIdentities"
            $record.CategoryInfo.Category | Should -Be $category
            $record.Exception.Data['sent'] | Should -Be 'no'
        }
        { 'smith' | Invoke-CCRefreshIdentities -JournalPath '' } | Should -Throw -ErrorId 'ParameterArgumentValidationError,*'
        foreach ($line in { 'smith' | Invoke-CCRefreshIdentities -ResendUncertain }, { Invoke-CCRefreshIdentities -Filter 'uid == "smith"' -Backend process -ResendUncertain }, { @{ filter = 'uid == "smith"' } | Invoke-CCRefreshIdentities -ResendUncertain }) {
            $line | Should -Throw -ErrorId 'InvalidArgument,Invoke-CCRefreshIdentities' -ExpectedMessage '*-ResendUncertain has no meaning without -JournalPath.*'
        }
        @(Get-Refresh $sandbox).Count | Should -Be 0
    }

    It 'is refused where another command uses it, and where it is another run''s' {
        $record = $null
        # The second batch is under way while the result of the first is written.
        Add-Fault $sandbox @{ on = 'process'; kind = 'slow'; delayMs = 3000; skip = 1 }
        $results = @($names | Select-Object -First 300 | Invoke-CCRefreshIdentities -JournalPath $journal | ForEach-Object {
                if ($null -eq $record) { try { $null = Invoke-CCRefreshIdentities -Identity smith -JournalPath $journal } catch { $record = $_ } }
                $_
            })
        $record.FullyQualifiedErrorId | Should -Be 'JournalError,Invoke-CCRefreshIdentities'
        $record.Exception.Message | Should -Match 'in use'
        $results.Outcome | Should -Be @('Accepted', 'Accepted')
        $record = $null
        try { 'smith' | Invoke-CCRefreshIdentities -JournalPath $journal -RefreshArgs @{ promoteAttributes = $true } } catch { $record = $_ }
        $record.FullyQualifiedErrorId | Should -Be 'JournalError,Invoke-CCRefreshIdentities'
        $record.Exception.Message | Should -Match 'refreshArgs'
    }

    It 'takes no request of the pipeline' {
        $problems = $null
        $null = 'smith', @{ filter = 'uid == "amelie.roux"' } | Invoke-CCRefreshIdentities -JournalPath $journal -ErrorAction SilentlyContinue -ErrorVariable problems
        $problems.Count | Should -Be 1
        $problems[0].Exception.Message | Should -Match '-JournalPath'
        (Get-Refresh $sandbox).refreshed.names | Should -Be 'smith'
    }

    It 'gives people of whom nobody can tell a result MaybeSent, until -ResendUncertain' {
        $null = 'smith', 'amelie.roux' | Invoke-CCRefreshIdentities -JournalPath $journal
        # As after a crash between sending and the answer, where the tenant knows no time of a refresh.
        $lines = @(Get-Content -LiteralPath $journal | Where-Object { $_ -notmatch '"outcome"' }) -replace '"since":"[^"]*",', ''
        [System.IO.File]::WriteAllText($journal, ($lines -join "`n") + "`n")
        Clear-Sandbox $sandbox
        $warnings = @()
        $results = @('smith', 'amelie.roux' | Invoke-CCRefreshIdentities -JournalPath $journal -WarningVariable warnings -WarningAction SilentlyContinue)
        $results.Outcome | Should -Be 'MaybeSent'
        $results.Identities | Sort-Object | Should -Be @('amelie.roux', 'smith')
        "$warnings" | Should -Match '2 identities may have been sent.*-ResendUncertain'
        @(Get-Refresh $sandbox).Count | Should -Be 0
        $results = @('smith', 'amelie.roux' | Invoke-CCRefreshIdentities -JournalPath $journal -ResendUncertain)
        $results.Outcome | Should -Be 'Accepted'
        (Get-Refresh $sandbox).refreshed.names | Sort-Object | Should -Be @('amelie.roux', 'smith')
    }
}
