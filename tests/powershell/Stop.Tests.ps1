# Windows has no SIGINT that one process could send another, and no test has a console. There, and where the module is in
# its branch for Windows PowerShell, a session stops as its host stops it: by PowerShell.Stop().
Describe 'Ctrl+C' {
    BeforeAll {
        . "$PSScriptRoot/Support.ps1"
        $hasSignal = -not $OnWindows -and -not $Desktop

        # A shell as at a terminal. Its parent may ignore the signal, which is inherited.
        function Start-Shell($Sandbox) {
            $shell = @{ Said = [System.Text.StringBuilder]::new() }
            if ($hasSignal) {
                & { & env --default-signal=INT true 2> $null }
                $command = @($Pwsh, '-NoProfile', '-NoLogo')
                if ($LASTEXITCODE -eq 0) { $command = @('env', '--default-signal=INT') + $command }
                $start = New-StartInfo $command[0] ($command | Select-Object -Skip 1)
                $start.RedirectStandardInput = $start.RedirectStandardError = $true
                $start.Environment['NO_COLOR'] = '1'
                $start.Environment['TERM'] = 'dumb'
                $shell.Process = [System.Diagnostics.Process]::Start($start)
                $null = $shell.Process.StandardError.ReadToEndAsync()
            } else {
                $shell.Runspace = [runspacefactory]::CreateRunspace()
                $shell.Runspace.Open()
            }
            Send-Line $shell "Import-Module '$ModulePath'; Set-Configuration -BaseUrl $($Sandbox.Url) -AccessToken sandbox-token; `$ProgressPreference = 'SilentlyContinue'"
            $null = Wait-Line $shell
            $shell
        }

        # A line is run when the one before it has ended.
        function Send-Line($Shell, [string] $Text) {
            if ($Shell.Process) {
                $Shell.Process.StandardInput.WriteLine($Text)
                $Shell.Process.StandardInput.Flush()
                return
            }
            if ($Shell.Line) { $null = Wait-Line $Shell }
            $Shell.Line = [powershell]::Create()
            $Shell.Line.Runspace = $Shell.Runspace
            $Shell.Output = New-Object 'System.Management.Automation.PSDataCollection[psobject]'
            $none = New-Object 'System.Management.Automation.PSDataCollection[psobject]'
            $none.Complete()
            # As a file it would be: a break in it ends it alone.
            $Shell.Running = $Shell.Line.AddScript($Text).BeginInvoke($none, $Shell.Output)
        }

        # When the shell has come to this line, in ticks of this machine's clock.
        function Wait-Line($Shell) {
            if (-not $Shell.Process) {
                if (-not $Shell.Line) { return [datetime]::UtcNow.Ticks }
                if (-not $Shell.Running.AsyncWaitHandle.WaitOne(60000)) { throw "The shell has said: $($Shell.Said)" }
                $ended = [datetime]::UtcNow.Ticks
                foreach ($warning in $Shell.Line.Streams.Warning) { $null = $Shell.Said.AppendLine("WARNING: $warning") }
                foreach ($value in $Shell.Output) { $null = $Shell.Said.AppendLine("$value") }
                $Shell.Line.Dispose()
                $Shell.Line = $null
                return $ended
            }
            Send-Line $shell '"[[$([datetime]::UtcNow.Ticks)]]"'
            $until = [datetime]::UtcNow.AddSeconds(60)
            while ($true) {
                $line = $Shell.Process.StandardOutput.ReadLineAsync()
                if (-not $line.Wait([int] [Math]::Max(1, ($until - [datetime]::UtcNow).TotalMilliseconds))) { throw "The shell has said: $($Shell.Said)" }
                $null = $Shell.Said.AppendLine($line.Result)
                if ($line.Result -match '^\[\[(\d+)\]\]') { return [long] $Matches[1] }
            }
        }

        # How long a shell needs to end a line by Ctrl+C, in milliseconds.
        function Stop-Line($Shell) {
            Start-Sleep -Milliseconds 300
            $signalled = [datetime]::UtcNow.Ticks
            if ($Shell.Process) { & kill -INT $Shell.Process.Id } else { $null = $Shell.Line.BeginStop($null, $null) }
            ((Wait-Line $Shell) - $signalled) / 10000
        }

        function Stop-Shell($Shell) {
            if (-not $Shell) { return }
            if ($Shell.Process) { $Shell.Process.Kill(); return }
            if ($Shell.Line) { $Shell.Line.Stop() }
            $Shell.Runspace.Dispose()
        }

        function Wait-Arrival($Sandbox, [string] $Endpoint, [int] $Number) {
            $until = [datetime]::UtcNow.AddSeconds(60)
            while (@(Get-Arrival $Sandbox $Endpoint).Count -lt $Number) {
                if ([datetime]::UtcNow -gt $until) { throw "No $Endpoint has come. The shell has said: $($shell.Said) $($shell.Line.Streams.Error)" }
                Start-Sleep -Milliseconds 20
            }
        }
    }
    BeforeEach {
        $sandbox = Start-Sandbox @('--people', '1500', '--task-time', '600000')
        $people = @(Invoke-Sandbox $sandbox GET '/sandbox/identities')
        $nameFile = Join-Path $TestDrive 'names.txt'
        [System.IO.File]::WriteAllLines($nameFile, [string[]] $people.name)
        $shell = Start-Shell $sandbox
    }
    AfterEach {
        Stop-Shell $shell
        Stop-Sandbox $sandbox
    }

    It 'ends <what> at once, says what was sent, sends nothing more, and the next call works' -ForEach @(
        @{ What = 'the wait for a slow answer'; Fault = @{ on = 'process'; kind = 'slow'; delayMs = 600000; times = 0 }; Line = "'amelie.roux' | Invoke-CCRefreshIdentities"; Endpoint = 'process'; Says = 'WARNING: Stopped\. A refresh had left.* 1 may have been sent' }
        @{ What = 'the wait for a slow count'; Fault = @{ on = 'search'; kind = 'slow'; delayMs = 600000; times = 0 }; Line = "Invoke-CCRefreshIdentities -Filter 'uid == `"amelie.roux`"'"; Endpoint = 'search'; Says = 'WARNING: Stopped before a refresh was sent' }
        @{ What = 'a search'; Fault = @{ on = 'search'; kind = 'slow'; delayMs = 600000; times = 0 }; Line = "Find-CCIdentity 'uid == `"amelie.roux`"'"; Endpoint = 'search' }
        @{ What = 'the wait for a token'; Fault = @{ on = 'token'; kind = 'slow'; delayMs = 600000; times = 0 }; Before = 'Set-Configuration -AccessToken "" -ClientId sandbox-client -ClientSecret sandbox-secret'; After = 'Set-Configuration -AccessToken sandbox-token -ClientId "" -ClientSecret ""'; Line = "Invoke-CCRefreshIdentities -Filter 'uid == `"amelie.roux`"'"; Endpoint = 'token'; Says = 'WARNING: Stopped before a refresh was sent' }
        @{ What = 'the wait for a task'; Line = 'Invoke-CCRefreshIdentities -Identity amelie.roux -Wait'; Endpoint = 'task-status'; Says = 'WARNING: Stopped\. The service had received a refresh.* 1 accepted.*Wait-CCTask -Id \w{32}' }
        @{ What = 'Wait-CCTask'; Before = '$result = Invoke-CCRefreshIdentities -Identity amelie.roux'; Line = '$result | Wait-CCTask'; Endpoint = 'task-status'; Says = 'WARNING: Stopped\. The task goes on' }
        @{ What = 'the wait for the rate limit'; Before = '(Get-Configuration).RateLimit = @{ requests = 4; seconds = 600 }; $id = <id>'; After = '(Get-Configuration).RateLimit = $null'; Line = '1..4 | ForEach-Object { $null = Invoke-CCRefreshIdentities -Identity $id -IdentityAttribute id }'; Endpoint = 'process'; Pause = 2; Says = 'WARNING: Stopped before a refresh was sent' }
        @{ What = 'several batches under way'; Fault = @{ on = 'process'; kind = 'slow'; delayMs = 600000; times = 0 }; Before = '$names = Get-Content -LiteralPath <names> -Encoding UTF8'; Line = 'Invoke-CCRefreshIdentities -Identity $names'; Endpoint = 'process'; Number = 4; Says = 'WARNING: Stopped\. A refresh had left.* (9\d\d|1000) may have been sent' }
        @{ What = 'a batch under way while another command of the pipeline works'; Fault = @{ on = 'process'; kind = 'slow'; delayMs = 600000; times = 0 }; Before = '$names = Get-Content -LiteralPath <names> -Encoding UTF8'; Line = '& { $names | Select-Object -First 600; Start-Sleep -Seconds 600 } | Invoke-CCRefreshIdentities'; Endpoint = 'process'; Says = 'WARNING: Stopped\. A refresh had left.* 250 may have been sent'; Clean = $true }
    ) {
        # Without the clean block nothing of the command runs at such a stop.
        if ($clean -and $Desktop) { $says = $null }
        # Windows PowerShell needs longer to read what became of a thousand names, and wine for everything.
        $limit = if ($Desktop -or $env:PSSAILPOINTCC_WINE) { 600 } else { 200 }
        # What it waits for would take minutes. How long the stop takes is held against the engine's own Start-Sleep, on the
        # same machine at the same time; so often, unless it is within the limit before.
        $took = @()
        while ($took.Count -eq 0 -or ($took[-1] -ge $limit -and $took.Count -lt 6)) {
            Clear-Sandbox $sandbox
            if ($fault) { Add-Fault $sandbox $fault }
            Send-Line $shell 'Start-Sleep -Seconds 600'
            $engine = Stop-Line $shell
            $null = $shell.Said.Clear()
            if ($before) { Send-Line $shell $before.Replace('<names>', "'$nameFile'").Replace('<id>', "'$($people[0].id)'") }
            $null = Wait-Line $shell
            Send-Line $shell $line
            # Where the rate limit has no room nothing more arrives.
            if (-not $pause -or $took.Count -eq 0) { Wait-Arrival $sandbox $endpoint $(if ($number) { $number } else { 1 }) }
            if ($pause) { Start-Sleep -Seconds $pause }
            $took += (Stop-Line $shell) - $engine
            $arrived = @(Get-Arrival $sandbox).Count
            if ($says) { $shell.Said.ToString() -replace '\s+', ' ' | Should -Match $says } else { $shell.Said.ToString() | Should -Not -Match 'WARNING' }
            $null = $shell.Said.Clear()
            if ($after) { Send-Line $shell $after }
            $null = Invoke-Sandbox $sandbox DELETE '/sandbox/faults'
            Start-Sleep -Milliseconds 300
            @(Get-Arrival $sandbox).Count | Should -Be $arrived
            Send-Line $shell '(Invoke-CCRefreshIdentities -Identity smith).Outcome'
            $null = Wait-Line $shell
            $shell.Said.ToString() | Should -Match '(?m)^Accepted'
        }
        Write-Host ('{0}: {1} ms more than Start-Sleep' -f $what, ($took -join ', '))
        ($took | Measure-Object -Minimum).Minimum | Should -BeLessThan $limit
    }

    It 'with a journal loses nobody: the same command goes on, and everybody is sent once' {
        # Its tasks end soon, so that it can tell whom it has refreshed.
        $other = Start-Sandbox @('--people', '1500')
        try {
            $names = @(Invoke-Sandbox $other GET '/sandbox/identities' | Where-Object correlated -NE $false).name
            [System.IO.File]::WriteAllLines($nameFile, [string[]] $names)
            $journal = Join-Path $TestDrive 'people.jsonl'
            $command = "`$names | Invoke-CCRefreshIdentities -JournalPath '$journal'"
            Send-Line $shell "Set-Configuration -BaseUrl $($other.Url) -MaximumConcurrency 1; `$names = Get-Content -LiteralPath '$nameFile' -Encoding UTF8"
            $null = Wait-Line $shell
            foreach ($run in 1, 2) {
                # One batch is taken, and the next is under way when the run is stopped.
                Add-Fault $other @{ on = 'process'; kind = 'slow'; delayMs = 1000; times = 0; skip = 1 }
                $before = @(Get-Arrival $other process).Count
                Send-Line $shell $command
                Wait-Arrival $other process ($before + 2)
                $null = Stop-Line $shell
                $null = Invoke-Sandbox $other DELETE '/sandbox/faults'
            }
            $null = $shell.Said.Clear()
            Send-Line $shell "'outcomes: ' + ((@($command).Outcome | Sort-Object -Unique) -join ',') + '.'"
            $null = Wait-Line $shell
            $shell.Said.ToString() | Should -Match '(?m)^outcomes: Accepted\.'
            Assert-EverybodyOnce $other $names
        } finally { Stop-Sandbox $other }
    }
}

Describe 'A stop in the moment of the answer' {
    BeforeAll {
        . "$PSScriptRoot/Support.ps1"
        $sandbox = Start-Sandbox
    }
    AfterAll { Stop-Sandbox $sandbox }

    It 'loses no word about a refresh that was sent, <kind>' -TestCases @(
        @{ kind = 'by a filter'; command = 'Invoke-CCRefreshIdentities -RefreshIdentitiesRequest @{ filter = ''uid == "amelie.roux"'' } -NoPreflight' }
        @{ kind = 'by name'; command = "'amelie.roux' | Invoke-CCRefreshIdentities" }
    ) {
        param($kind, $command)
        $runspace = [runspacefactory]::CreateRunspace()
        $runspace.Open()
        $run = { param($text) $shell = [powershell]::Create(); $shell.Runspace = $runspace; $shell.AddScript($text) }
        try {
            $prepare = & $run "Import-Module '$ModulePath'; Set-Configuration -BaseUrl $($sandbox.Url) -AccessToken sandbox-token; `$null = $command"
            $null = $prepare.Invoke()
            foreach ($endpoint in 'refresh', 'process') { Add-Fault $sandbox @{ on = $endpoint; kind = 'slow'; delayMs = 20; times = 0 } }
            $untold = @()
            # While native code waits for the answer, when it comes, and while its result is made.
            foreach ($pause in 0..40) {
                $before = @(Get-Refresh $sandbox).Count
                $shell = & $run $command
                $output = New-Object 'System.Management.Automation.PSDataCollection[psobject]'
                $none = New-Object 'System.Management.Automation.PSDataCollection[psobject]'
                $none.Complete()
                $running = $shell.BeginInvoke($none, $output)
                $watch = [System.Diagnostics.Stopwatch]::StartNew()
                while (@(Get-Refresh $sandbox).Count -eq $before -and $watch.Elapsed.TotalSeconds -lt 20) { }
                [System.Threading.Thread]::Sleep($pause)
                $shell.Stop()
                $running.AsyncWaitHandle.WaitOne(10000) | Should -BeTrue
                if ($output.Count + @($shell.Streams.Warning).Count -eq 0) { $untold += $pause }
                $shell.Dispose()
            }
            # PowerShell itself looks for a stop just before it takes an output, and throws that away: a window of microseconds.
            $untold.Count | Should -BeLessOrEqual 1 -Because "nothing was said after $untold ms"
            @(Get-Refresh $sandbox).Count | Should -BeGreaterThan 1
        } finally {
            $runspace.Dispose()
            $null = Invoke-Sandbox $sandbox DELETE '/sandbox/faults'
        }
    }
}

Describe 'A stop between two steps of the module' {
    BeforeAll {
        . "$PSScriptRoot/Support.ps1"
        $sandbox = Start-Sandbox @('--people', '1000', '--task-time', '0')
        $names = @(Invoke-Sandbox $sandbox GET '/sandbox/identities' | Where-Object correlated -NE $false).name
        $runspace = [runspacefactory]::CreateRunspace()
        $runspace.Open()
        # Runs a command whose pipeline is stopped, as by Ctrl+C, when it enters a function the n-th time: at its first
        # statement, because some are called as script blocks, which are no commands.
        function Invoke-Stopped([string] $Function, [int] $Turn, [string] $Command) {
            $shell = [powershell]::Create()
            $shell.Runspace = $runspace
            $output = New-Object 'System.Management.Automation.PSDataCollection[psobject]'
            $none = New-Object 'System.Management.Automation.PSDataCollection[psobject]'
            $none.Complete()
            $runspace.SessionStateProxy.SetVariable('stopped', $shell)
            $runspace.SessionStateProxy.SetVariable('turns', [int[]] @(0, $Turn))
            $null = $shell.AddScript("`$first = & (Get-Module PSSailpointCC) { `${function:$Function}.Ast.Body.EndBlock.Statements[0].Extent }; `$point = Set-PSBreakpoint -Script `$first.File -Line `$first.StartLineNumber -Action { `$turns[0]++; if (`$turns[0] -eq `$turns[1]) { `$null = `$stopped.BeginStop(`$null, `$null); Start-Sleep -Milliseconds 150 } }; try { $Command } finally { Remove-PSBreakpoint `$point }")
            $before = Get-RefreshCount $sandbox
            $running = $shell.BeginInvoke($none, $output)
            $running.AsyncWaitHandle.WaitOne(20000) | Should -BeTrue
            $after = Get-RefreshCount $sandbox
            $sent = 0
            foreach ($name in $after.Keys) { if (-not $before.ContainsKey($name) -or $after[$name] -ne $before[$name]) { $sent++ } }
            @{ Output = @($output); Warning = @($shell.Streams.Warning).Message; Sent = $sent; Arrived = $sent -gt 0 }
            $shell.Dispose()
        }
        $shell = [powershell]::Create()
        $shell.Runspace = $runspace
        $runspace.SessionStateProxy.SetVariable('names', [string[]] $names)
        $null = $shell.AddScript("Import-Module '$ModulePath'; Set-Configuration -BaseUrl $($sandbox.Url) -AccessToken sandbox-token; `$null = `$names[0] | Invoke-CCRefreshIdentities -PerIdentity").Invoke()
        $shell.Dispose()
    }
    AfterAll {
        $runspace.Dispose()
        Stop-Sandbox $sandbox
    }

    It 'tells once of everybody who was sent: <command> at <function>, the <turn>. time' -ForEach @(
        foreach ($command in '$names[0..599] | Invoke-CCRefreshIdentities', '$names[0..599] | Invoke-CCRefreshIdentities -PerIdentity') {
            foreach ($function in 'Send-Name', 'Send-Operation', 'Read-Batch', 'ConvertFrom-NativePointer', 'ConvertTo-Outcome', 'Write-Outcome', 'Add-AnswerCount', 'Complete-Outcome', 'Complete-Stream') {
                foreach ($turn in 1, 2) { @{ command = $command; function = $function; turn = $turn } }
            }
        }
        foreach ($function in 'Get-OperationAnswer', 'New-RequestResult') { @{ command = 'Invoke-CCRefreshIdentities -Filter ''uid == "amelie.roux"'' -NoPreflight'; function = $function; turn = 1 } }
    ) {
        $run = Invoke-Stopped $function $turn $command
        # As many as the results name, or the warning.
        $told = 0
        foreach ($result in $run.Output) { if ($null -ne $result.PSObject.Properties['Identities']) { $told += @($result.Identities).Count } else { $told++ } }
        $text = $run.Warning -join "`n"
        if ($command -match 'Filter') {
            if ($run.Arrived) { $told + @($run.Warning).Count | Should -BeGreaterThan 0 }
            return
        }
        @($run.Warning | Where-Object { $_ -like 'Stopped*' }).Count | Should -BeLessOrEqual 1 -Because $text
        if ($told -ne $run.Sent) {
            $text | Should -Match 'Stopped'
            $whole = [regex]::Match($text, 'In the whole command: (\d+) accepted, (\d+) may')
            if (-not $whole.Success) { $whole = [regex]::Match($text, 'under way: (\d+) accepted, (\d+) may') }
            $accepted, $maybe = [int] $whole.Groups[1].Value, [int] $whole.Groups[2].Value
            $accepted | Should -BeLessOrEqual $run.Sent -Because $text
            $accepted + $maybe | Should -BeGreaterOrEqual $run.Sent -Because $text
        }
    }
    It 'tells of the objects that the next command has not taken' {
        $run = Invoke-Stopped Stop-Stream 0 '$names[0..9] | Invoke-CCRefreshIdentities -PerIdentity | Select-Object -First 3'
        $run.Output.Identity | Should -BeExactly $names[0..2]
        $run.Sent | Should -Be 10
        $run.Warning -join "`n" | Should -Match 'under way: 7 accepted, .* In the whole command: 10 accepted'
    }

    It 'goes on with the report where one more stop comes in the middle of it' {
        $run = Invoke-Stopped Suspend-Operation 1 '$names[0..599] | Invoke-CCRefreshIdentities | Select-Object -First 1'
        $run.Output.Count | Should -Be 1
        $text = $run.Warning -join "`n"
        $whole = [regex]::Match($text, 'In the whole command: (\d+) accepted, (\d+) may')
        # Windows PowerShell has no clean block.
        if ($Desktop -and -not $text) { return }
        $whole.Success | Should -BeTrue -Because $text
        [int] $whole.Groups[1].Value + [int] $whole.Groups[2].Value | Should -BeGreaterOrEqual $run.Sent
    }

    It 'has its warning in -WarningVariable, which a finally block reads' {
        Add-Fault $sandbox @{ on = 'refresh'; kind = 'slow'; delayMs = 3000; times = 1 }
        $runspace.SessionStateProxy.SetVariable('said', [System.Collections.ArrayList]::new())
        $null = Invoke-Stopped Show-Progress 1 'try { $null = Invoke-CCRefreshIdentities -Filter ''uid == "amelie.roux"'' -NoPreflight -WarningVariable told } finally { $said.AddRange(@($told)) }'
        "$($runspace.SessionStateProxy.GetVariable('said'))" | Should -Match 'Stopped. A refresh had left'
    }

    It 'says nothing of a refresh before it' {
        $null = Invoke-Stopped New-RequestResult 1 'Invoke-CCRefreshIdentities -Filter ''uid == "amelie.roux"'' -NoPreflight'
        $run = Invoke-Stopped Find-ConfigurationText 1 'Invoke-CCRefreshIdentities -Filter ''uid == "amelie.roux"'' -NoPreflight'
        $run.Sent | Should -Be 0
        $run.Warning | Should -BeNullOrEmpty
    }
}
