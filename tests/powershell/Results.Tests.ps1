# What comes out of a command: results, one object a name, and errors, held against what the sandbox has done.
Describe 'The result of a filter that takes several calls' {
    BeforeAll {
        . "$PSScriptRoot/Support.ps1"
        $sandbox = Start-Sandbox @('--people', '700')
        function Set-Task([hashtable] $Task) { $null = Invoke-Sandbox $sandbox POST '/sandbox/tasks' (ConvertTo-Json $Task -Compress) }
    }
    AfterAll { Stop-Sandbox $sandbox }
    BeforeEach {
        Clear-Sandbox $sandbox
        Reset-Session $sandbox
        Set-Configuration -Backend process
        $all = @{ Filter = 'inactive == false' }
    }

    It 'has all tasks, and stays the documented hashtable' {
        foreach ($way in { Invoke-CCRefreshIdentities @all }, { Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $all }, { Invoke-CCRefreshIdentities @all -WithHttpInfo }) {
            Clear-Sandbox $sandbox
            $result = & $way
            $result | Should -BeOfType [System.Collections.IDictionary]
            $refreshes = @(Get-Refresh $sandbox)
            $refreshes.Count | Should -BeGreaterThan 2
            $result.TaskId | Sort-Object | Should -Be ($refreshes.refreshed.task | Sort-Object)
            $result.Matched | Should -Be @($refreshes.refreshed.ids).Count
            $result.Backend | Should -Be 'process'
            $result.BaseUrl | Should -Be $sandbox.Url
            $body = $result
            if ("$way" -match 'WithHttpInfo') { $body = $result.Response; $result.StatusCode | Should -Be 202 }
            $body.Keys | Sort-Object | Should -Be @('id', 'name', 'type')
            # All of them are followed.
            @($result | Wait-CCTask).Id | Sort-Object | Should -Be ($refreshes.refreshed.task | Sort-Object)
        }
    }

    It 'is written before the error of a task that has failed' {
        Set-Configuration -MaximumConcurrency 1
        foreach ($way in { Invoke-CCRefreshIdentities @all -Wait -ErrorAction SilentlyContinue -ErrorVariable script:problems }, { $script:result = Invoke-CCRefreshIdentities @all; $result; $null = $result | Wait-CCTask -ErrorAction SilentlyContinue -ErrorVariable script:problems }) {
            Clear-Sandbox $sandbox
            Set-Task @{ status = 'SUCCESS' }
            Set-Task @{ status = 'ERROR'; messages = @('It broke.') }
            $script:problems = $null
            $result = . $way
            $refreshes = @(Get-Refresh $sandbox)
            $result.TaskId.Count | Should -Be $refreshes.Count
            $problems.FullyQualifiedErrorId | Should -Match '^TaskFailed,'
            @($problems).Count | Should -Be 1
            if ("$way" -match '-Wait ') { $problems[0].TargetObject | Should -Be ($refreshes.refreshed | Where-Object task -EQ $problems[0].Exception.Message.Split(' ')[2]).ids }
        }
    }

    It 'is in an error that ends the command' {
        Set-Task @{ status = 'ERROR' }
        $record = $null
        try { Invoke-CCRefreshIdentities @all -Wait -ErrorAction Stop } catch { $record = $_ }
        $record.FullyQualifiedErrorId | Should -Be 'TaskFailed,Invoke-CCRefreshIdentities'
        $record.Exception.Data['sent'] | Should -Be 'yes'
        $record.Exception.Data['results'].Count | Should -Be 1
        $record.Exception.Data['results'][0].TaskId | Sort-Object | Should -Be ((Get-Refresh $sandbox).refreshed.task | Sort-Object)
        # One of the calls is refused: the others are accepted.
        Clear-Sandbox $sandbox
        (Get-Configuration).MaximumRetryCount = 0
        Set-Configuration -MaximumConcurrency 1
        Add-Fault $sandbox @{ on = 'process'; kind = 'status'; status = 400; times = 1 }
        try { Invoke-CCRefreshIdentities @all } catch { $record = $_ }
        $record.FullyQualifiedErrorId | Should -Be 'PartialFailure,Invoke-CCRefreshIdentities'
        $record.Exception.Data['sent'] | Should -Be 'yes'
        $record.Exception.Data['results'][0].TaskId | Should -Be (Get-Refresh $sandbox | Where-Object executed).refreshed.task
    }

    It 'is not lost where a warning ends the command' {
        $arguments = @{ provision = $false }
        foreach ($way in { Invoke-CCRefreshIdentities @all -RefreshArgs $arguments -AllowBroader -WarningAction Stop }, { $WarningPreference = 'Stop'; Invoke-CCRefreshIdentities -RefreshIdentitiesRequest @{ filter = 'uid == "smith"'; refreshArgs = $arguments } -AllowBroader }, { Invoke-CCRefreshIdentities -Identity smith -RefreshArgs $arguments -AllowBroader -WarningAction Stop }) {
            Clear-Sandbox $sandbox
            $record = $null
            $written = [System.Collections.ArrayList]::new()
            try { & $way | ForEach-Object { $null = $written.Add($_) } } catch { $record = $_ }
            $record.FullyQualifiedErrorId | Should -Match '^ActionPreferenceStop'
            $written.Count | Should -Be 1
            @($written[0].TaskId) | Sort-Object | Should -Be (@((Get-Refresh $sandbox).refreshed.task) | Sort-Object)
            $record.Exception.Data['sent'] | Should -Be 'yes'
            $record.Exception.Data['results'].Count | Should -Be 1
        }
        # An error is not hidden by the warning before it.
        (Get-Configuration).MaximumRetryCount = 0
        Add-Fault $sandbox @{ on = 'process'; kind = 'status'; status = 403; times = 0 }
        { Invoke-CCRefreshIdentities -Filter 'uid == "smith"' -RefreshArgs $arguments -AllowBroader -WarningAction Stop } | Should -Throw -ErrorId 'Forbidden,*'
    }

    It 'has no status QUEUED after -Wait' {
        foreach ($way in { Invoke-CCRefreshIdentities -Filter 'uid == "smith"' -Wait -Backend auto }, { Invoke-CCRefreshIdentities -Identity smith -Wait -Backend cc }, { Invoke-CCRefreshIdentities -Identity smith, amelie.roux -Wait -RefreshArgs @{ synchronizeAttributes = $true } }) {
            if ($Retired -and "$way" -match 'Backend cc') { continue }
            $result = & $way
            $result.TaskState | Should -Be 'Succeeded'
            ConvertTo-Json $result -Depth 5 | Should -Not -Match 'QUEUED'
        }
    }
}

Describe 'An error that ends a command of several batches' {
    BeforeAll {
        . "$PSScriptRoot/Support.ps1"
        $sandbox = Start-Sandbox @('--people', '700')
        $names = @(Invoke-Sandbox $sandbox GET '/sandbox/identities' | Where-Object { $_.correlated -ne $false } | Select-Object -First 600).name
    }
    AfterAll { Stop-Sandbox $sandbox }
    BeforeEach {
        Clear-Sandbox $sandbox
        Reset-Session $sandbox
        Set-Configuration -MaximumConcurrency 1
        (Get-Configuration).MaximumRetryCount = 0
    }

    It 'says what the whole command has sent, and has its results' {
        foreach ($way in { Invoke-CCRefreshIdentities -Identity ($names + 'nobody.here') -ErrorAction Stop }, { $names + 'nobody.here' | Invoke-CCRefreshIdentities -ErrorAction Stop }, { $names + '' | Invoke-CCRefreshIdentities -ErrorAction Stop }) {
            Clear-Sandbox $sandbox
            $record = $null
            try { $null = & $way } catch { $record = $_ }
            $results = $record.Exception.Data['results']
            $refreshed = @(Get-Refresh $sandbox).refreshed.names
            # A batch that was under way may have been sent.
            $accepted = @(($results | Where-Object Outcome -EQ 'Accepted').Identities | Where-Object { $_ })
            $uncertain = @(($results | Where-Object Outcome -EQ 'MaybeSent').Identities | Where-Object { $_ })
            if ($uncertain.Count -gt 0) { $record.Exception.Data['sent'] | Should -Be 'maybe' } elseif ($accepted.Count -gt 0) { $record.Exception.Data['sent'] | Should -Be 'yes' }
            @($accepted | Where-Object { $_ -cnotin $refreshed }) | Should -BeNullOrEmpty
            @($refreshed | Where-Object { $_ -cnotin $accepted -and $_ -cnotin $uncertain }) | Should -BeNullOrEmpty
            $results.Identities | Should -BeExactly $names
            @($record.TargetObject) | Should -BeIn 'nobody.here', ''
        }
        # By a batch that may have arrived.
        Clear-Sandbox $sandbox
        Add-Fault $sandbox @{ on = 'process'; kind = 'reset'; times = 1; skip = 1 }
        try { $null = Invoke-CCRefreshIdentities -Identity $names -ErrorAction Stop } catch { $record = $_ }
        $record.Exception.Data['sent'] | Should -Be 'maybe'
        $record.TargetObject | Should -BeExactly $names[250..499]
        # By an error that would meet all others.
        Clear-Sandbox $sandbox
        Add-Fault $sandbox @{ on = 'search'; kind = 'status'; status = 403; times = 0; skip = 1 }
        try { $null = $names | Invoke-CCRefreshIdentities } catch { $record = $_ }
        if (@(Get-Refresh $sandbox).Count -gt 0) { $record.Exception.Data['sent'] | Should -Be 'yes' }
        $record.Exception.Data['results'].Count | Should -BeGreaterThan 1
    }

    It 'counts the requests before it' {
        $record = $null
        try { $null = @{ filter = 'uid == "smith"' }, @{ filter = 'oops' } | Invoke-CCRefreshIdentities } catch { $record = $_ }
        $record.FullyQualifiedErrorId | Should -Be 'InvalidFilter,Invoke-CCRefreshIdentities'
        $record.Exception.Data['sent'] | Should -Be 'yes'
        ($record.ErrorDetails | ConvertFrom-Json).sent | Should -Be 'yes'
        $record.Exception.Data['results'][0].TaskId | Should -Be (Get-Refresh $sandbox).refreshed.task
        try { Invoke-CCRefreshIdentities -Filter 'oops' } catch { $record = $_ }
        $record.Exception.Data['sent'] | Should -Be 'no'
        $record.Exception.Data['results'].Count | Should -Be 0
    }

    It 'of a wait that takes too long has the names whose task goes on' {
        foreach ($task in @{ status = 'SUCCESS' }, @{ status = 'SUCCESS'; takesMs = 600000 }) { $null = Invoke-Sandbox $sandbox POST '/sandbox/tasks' (ConvertTo-Json $task -Compress) }
        $problems = $null
        $null = Invoke-CCRefreshIdentities -Identity $names[0..299] -Wait -WaitTimeoutSec 1 -ErrorAction SilentlyContinue -ErrorVariable problems
        $problems.FullyQualifiedErrorId | Should -Be 'Timeout,Invoke-CCRefreshIdentities'
        $problems[0].TargetObject | Should -BeExactly $names[250..299]
    }

    It 'counts the whole run with -Verbose, where it ends well and where it does not' {
        $lines = @(& { $names + 'nobody.here' + $names[0] } | Invoke-CCRefreshIdentities -ErrorAction SilentlyContinue -Verbose 4>&1 | Where-Object { $_ -is [System.Management.Automation.VerboseRecord] })
        "$($lines[-1])" | Should -BeExactly 'The command has ended: 600 accepted, 0 may have been sent, 0 rejected, 0 not sent, 1 unmatched, 1 repeated.'
        Add-Fault $sandbox @{ on = 'process'; kind = 'status'; status = 403; times = 0; skip = 1 }
        $lines = @(try { Invoke-CCRefreshIdentities -Identity $names -Verbose 4>&1 } catch { $null }) | Where-Object { $_ -is [System.Management.Automation.VerboseRecord] }
        "$($lines[-1])" | Should -BeExactly 'The command has ended: 250 accepted, 0 may have been sent, 250 rejected, 100 not sent.'
    }

    It 'shows as progress how many of all people are done' {
        Add-Fault $sandbox @{ on = 'process'; kind = 'slow'; delayMs = 1500; times = 0 }
        $shell = [powershell]::Create()
        try {
            $null = $shell.AddScript({
                    param($module, $url, $names)
                    Import-Module $module
                    Set-Configuration -BaseUrl $url -AccessToken sandbox-token -MaximumConcurrency 1
                    Invoke-CCRefreshIdentities -Identity $names
                }).AddArgument($ModulePath).AddArgument($sandbox.Url).AddArgument($names)
            $null = $shell.Invoke()
            $shell.Streams.Progress.StatusDescription | Where-Object { $_ -match '^250 of 600 identities; ' } | Should -Not -BeNullOrEmpty
            $shell.Streams.Progress.StatusDescription | Where-Object { $_ -match '^500 of 600 identities; ' } | Should -Not -BeNullOrEmpty
        } finally { $shell.Dispose() }
    }
}

Describe 'One object for each name' {
    BeforeAll {
        . "$PSScriptRoot/Support.ps1"
        $sandbox = Start-Sandbox @('--people', '700')
        $people = @(Invoke-Sandbox $sandbox GET '/sandbox/identities' | Where-Object { $_.correlated -ne $false } | Select-Object -First 600)
        $names = @($people.name)
        foreach ($number in 1, 2) { $null = Invoke-Sandbox $sandbox POST '/sandbox/identities' (ConvertTo-Json @{ name = "twin.$number"; attributes = @{ uid = 'twin' } }) }
    }
    AfterAll { Stop-Sandbox $sandbox }
    BeforeEach {
        Clear-Sandbox $sandbox
        Reset-Session $sandbox
        Set-Configuration -MaximumConcurrency 1
        (Get-Configuration).MaximumRetryCount = 0
    }

    It 'comes in the order of the input, ready for Export-Csv' {
        $given = @('nobody.1') + $names[0..299] + @('twin', 'nobody.2') + $names[300..599] + $names[5] + 'nobody.3'
        $expected = @($given | Select-Object -Unique)
        foreach ($way in { Invoke-CCRefreshIdentities -Identity $given -PerIdentity -ErrorAction SilentlyContinue }, { $given | Invoke-CCRefreshIdentities -PerIdentity -ErrorAction SilentlyContinue }) {
            Clear-Sandbox $sandbox
            & $way | Export-Csv -LiteralPath "$TestDrive/out.csv" -NoTypeInformation
            $lines = @(Import-Csv -LiteralPath "$TestDrive/out.csv")
            $lines[0].PSObject.Properties.Name | Should -Be @('Identity', 'Id', 'Outcome', 'TaskId', 'TaskState', 'Reason')
            $lines.Identity -join "`n" | Should -BeExactly (@('nobody.1') + $names[0..299] + @('twin', 'nobody.2') + $names[300..599] + 'nobody.3' -join "`n")
            $accepted = @($lines | Where-Object Outcome -EQ 'Accepted')
            $accepted.Identity | Should -BeExactly $names
            $accepted.Id | Should -Be $people.id
            foreach ($refresh in Get-Refresh $sandbox) { @($accepted | Where-Object TaskId -EQ $refresh.refreshed.task).Id | Sort-Object | Should -Be ($refresh.refreshed.ids | Sort-Object) }
            @($lines | Where-Object Outcome -EQ 'Unmatched').Identity | Should -Be @('nobody.1', 'nobody.2', 'nobody.3')
            ($lines | Where-Object Outcome -EQ 'Unmatched')[0].Reason | Should -Match "has the uid 'nobody\.1'"
            $twin = $lines | Where-Object Outcome -EQ 'Ambiguous'
            $twin.Identity | Should -Be 'twin'
            $twin.Reason | Should -Match 'twin\.1.*twin\.2'
            Get-Content -LiteralPath "$TestDrive/out.csv" -Raw | Should -Not -Match 'System\.'
        }
    }

    It 'keeps the order of names by several attributes' {
        $mixed = for ($i = 0; $i -lt 30; $i += 3) { [pscustomobject] @{ uid = $names[$i] }; [pscustomobject] @{ id = $people[$i + 1].id }; @{ alias = $names[$i + 2] } }
        $expected = for ($i = 0; $i -lt 30; $i += 3) { $names[$i]; $people[$i + 1].id; $names[$i + 2] }
        $objects = @($mixed | Invoke-CCRefreshIdentities -PerIdentity)
        $objects.Identity | Should -BeExactly $expected
        $objects.Id | Should -Be $people[0..29].id
        # As given, also where copying has left something behind a name.
        $objects = @("smith`t", 'nobody.1', 'smith' | Invoke-CCRefreshIdentities -PerIdentity -ErrorAction SilentlyContinue)
        $objects.Identity | Should -BeExactly @("smith`t", 'nobody.1')
        $objects.Outcome | Should -Be @('Accepted', 'Unmatched')
    }

    It 'says of each name what became of it after <what>' -ForEach @(
        @{ What = 'a refusal of one batch'; Fault = @{ kind = 'status'; status = 400; times = 1 }; Outcome = 'Rejected', 'Accepted', 'Accepted'; Reason = '400' }
        @{ What = 'a lost connection'; Fault = @{ kind = 'reset'; times = 1 }; Outcome = 'MaybeSent', 'Accepted', 'Accepted'; Reason = '\w' }
        @{ What = 'a refusal of all'; Fault = @{ kind = 'status'; status = 403; times = 0 }; Outcome = 'Rejected', 'NotSent', 'NotSent'; Reason = '403' }
    ) {
        Add-Fault $sandbox ($fault + @{ on = 'process' })
        $objects = [System.Collections.ArrayList]::new()
        try { Invoke-CCRefreshIdentities -Identity $names -PerIdentity -ErrorAction SilentlyContinue | ForEach-Object { $null = $objects.Add($_) } } catch { $record = $_ }
        $objects.Identity | Should -BeExactly $names
        foreach ($batch in 0, 1, 2) { $objects[$batch * 250].Outcome | Should -Be $outcome[$batch] }
        $objects[0].Reason | Should -Match $reason
        foreach ($object in $objects) { if ($object.Outcome -eq 'Accepted') { $object.Reason | Should -BeNullOrEmpty } else { $object.Reason | Should -Not -BeNullOrEmpty } }
        # The sandbox agrees.
        $refreshed = @(Get-Refresh $sandbox | Where-Object { $_.refreshed }).refreshed.names
        foreach ($object in $objects) { if ($object.Outcome -eq 'Accepted') { $object.Identity | Should -BeIn $refreshed } }
    }

    It 'has the state of its task, and who was not refreshed by it' {
        $null = Invoke-Sandbox $sandbox POST '/sandbox/tasks' (ConvertTo-Json @{ status = 'SUCCESS'; failed = @('smith') })
        $problems = $null
        $objects = @(Invoke-CCRefreshIdentities -Identity amelie.roux, smith -Wait -PerIdentity -ErrorAction SilentlyContinue -ErrorVariable problems)
        $objects.TaskState | Should -Be @('Succeeded', 'Succeeded')
        $objects[0].Reason | Should -BeNullOrEmpty
        $objects[1].Reason | Should -Match 'was not refreshed'
        $problems.TargetObject | Should -Be 'smith'
        $null = Invoke-Sandbox $sandbox POST '/sandbox/tasks' (ConvertTo-Json @{ status = 'ERROR'; messages = @('It broke.') })
        $object = Invoke-CCRefreshIdentities -Identity smith -PerIdentity | Wait-CCTask -ErrorAction SilentlyContinue -ErrorVariable problems
        $problems[0].TargetObject | Should -Be 'smith'
        $null = Invoke-Sandbox $sandbox POST '/sandbox/tasks' (ConvertTo-Json @{ status = 'ERROR'; messages = @('It broke.') })
        $object = Invoke-CCRefreshIdentities -Identity smith -PerIdentity -Wait -ErrorAction SilentlyContinue
        $object.TaskState | Should -Be 'Failed'
        $object.Reason | Should -Be 'It broke.'
    }

    It 'comes also for people whom the journal lists as done' {
        $null = Invoke-CCRefreshIdentities -Identity amelie.roux -JournalPath "$TestDrive/people.jsonl"
        $objects = @('amelie.roux', 'smith', 'nobody.1' | Invoke-CCRefreshIdentities -PerIdentity -JournalPath "$TestDrive/people.jsonl" -ErrorAction SilentlyContinue -WarningAction SilentlyContinue)
        $objects.Identity | Should -Be @('smith', 'nobody.1', 'amelie.roux')
        $objects.Outcome | Should -Be @('Accepted', 'Unmatched', 'Done')
        (Get-RefreshCount $sandbox)['amelie.roux'] | Should -BeGreaterThan 0
    }

    It 'does not come for a request, and -WhatIf writes none' {
        { Invoke-CCRefreshIdentities -RefreshIdentitiesRequest @{ filter = 'uid == "smith"' } -PerIdentity } | Should -Throw '-PerIdentity is for people by name*' -ErrorId 'InvalidArgument,*'
        { Invoke-CCRefreshIdentities -PerIdentity } | Should -Throw -ErrorId 'InvalidArgument,*'
        Invoke-CCRefreshIdentities -Identity smith -PerIdentity -WhatIf | Should -BeNullOrEmpty
        @(Get-Refresh $sandbox).Count | Should -Be 0
    }

    It 'and the objects of batches and tasks are shown in tables, and are text in a CSV file' {
        $result = Invoke-CCRefreshIdentities -Identity amelie.roux, nobody.1, smith -WithHttpInfo -ErrorAction SilentlyContinue
        $csv = @($result | ConvertTo-Csv) + @($result | Wait-CCTask | ConvertTo-Csv) + @(Test-CCFilter 'uid == "a"' -Detailed | ConvertTo-Csv)
        "$csv" | Should -Not -Match 'System\.'
        "$csv" | Should -Match '"amelie\.roux, smith"'
        (ConvertTo-Json $result -Depth 5 | ConvertFrom-Json).Identities | Should -Be @('amelie.roux', 'smith')
        $session = Invoke-Session @'
Import-Module $env:TEST_MODULE
Set-Configuration -BaseUrl $env:TEST_URL -AccessToken sandbox-token
Invoke-CCRefreshIdentities -Identity amelie.roux, smith -PerIdentity -Wait
'@ -Environment @{ TEST_URL = $sandbox.Url }
        $session.Output | Should -Match '(?m)^amelie\.roux\s+Accepted\s+Succeeded\s+\w{32}\s*$'
    }
}

Describe 'Errors at the prompt' {
    BeforeAll {
        . "$PSScriptRoot/Support.ps1"
        $sandbox = Start-Sandbox
    }
    AfterAll { Stop-Sandbox $sandbox }
    BeforeEach {
        Clear-Sandbox $sandbox
        Reset-Session $sandbox
        (Get-Configuration).MaximumRetryCount = 0
    }

    It 'are plain sentences for <what>' -ForEach @(
        @{ What = 'a filter'; Line = { Invoke-CCRefreshIdentities -Filter 'oops' } }
        @{ What = 'a filter that the service refuses'; Line = { Invoke-CCRefreshIdentities -Filter 'uid == "smith"' }; Status = 500 }
        @{ What = 'people by name'; Line = { Invoke-CCRefreshIdentities -Identity smith }; Status = 403 }
        @{ What = 'names of the pipeline'; Line = { 'smith' | Invoke-CCRefreshIdentities }; Status = 403 }
        @{ What = 'the whole tenant'; Line = { Invoke-CCRefreshIdentities -All } }
        @{ What = 'Find-CCIdentity'; Line = { Find-CCIdentity 'oops' } }
        @{ What = 'Wait-CCTask'; Line = { Wait-CCTask nonsense -ErrorAction Stop } }
        @{ What = 'Set-Configuration'; Line = { Set-Configuration -BaseUrl 'nonsense'; Invoke-CCRefreshIdentities -Identity smith } }
        @{ What = 'arguments of nobody'; Line = { Invoke-CCRefreshIdentities -RefreshArgs @{} } }
    ) {
        if ($status) { foreach ($on in 'refresh', 'process') { Add-Fault $sandbox @{ on = $on; kind = 'status'; status = $status; times = 0 } } }
        $record = $null
        try { & $line } catch { $record = $_ }
        $record.ErrorDetails.Message | Should -BeExactly $record.Exception.Message
        $record.ErrorDetails.Message | Should -Match '^[^{].*\.$'
        $record.Exception.Data['code'] | Should -Not -BeNullOrEmpty
    }

    It 'show a hint once for twenty names' {
        $session = Invoke-Session @'
Import-Module $env:TEST_MODULE
Set-Configuration -BaseUrl $env:TEST_URL -AccessToken sandbox-token
$null = 1..20 | ForEach-Object { "nobody.$_" } | Invoke-CCRefreshIdentities
$null = '', ' ' | Invoke-CCRefreshIdentities
$null = 'a', 'b' | Wait-CCTask
'@ -Environment @{ TEST_URL = $sandbox.Url }
        $shown = Join-Line $session.Error
        [regex]::Matches($shown, "has the uid 'nobody\.").Count | Should -Be 20
        [regex]::Matches($shown, 'Recommendation').Count | Should -Be 3
        [regex]::Matches($shown, 'lags behind').Count | Should -Be 1
    }

    It 'of Find-CCIdentity and Test-CCFilter obey -ErrorAction and the preference: <preference>' -ForEach @(@{ Preference = 'SilentlyContinue' }, @{ Preference = 'Continue' }, @{ Preference = 'Ignore' }, @{ Preference = 'Stop' }) {
        $environment = @{ TEST_URL = $sandbox.Url; TEST_PREFERENCE = $preference }
        $session = Invoke-Session @'
Import-Module $env:TEST_MODULE
Set-Configuration -BaseUrl $env:TEST_URL -AccessToken wrong
foreach ($way in { Find-CCIdentity 'uid == "smith"' -ErrorAction $env:TEST_PREFERENCE }, { $ErrorActionPreference = $env:TEST_PREFERENCE; Find-CCIdentity 'uid == "smith"' }, { Test-CCFilter 'uid == "smith"' -ErrorAction $env:TEST_PREFERENCE }, { $ErrorActionPreference = $env:TEST_PREFERENCE; Test-CCFilter 'uid == "smith"' }) {
    if ("$way" -match 'Test-CCFilter') { $env:PSSAILPOINTCC_LIBRARY = '/nowhere'; Import-Module $env:TEST_MODULE -Force }
    $Error.Clear()
    try { & $way; "went on with $($Error.Count)" } catch { "caught $($_.FullyQualifiedErrorId)" }
}
'@ -Environment $environment
        $lines = @($session.Output -split '\r?\n' | Where-Object { $_ })
        if ($preference -eq 'Stop') {
            $lines | Should -Be @('caught Unauthorized,Find-CCIdentity', 'caught Unauthorized,Find-CCIdentity', 'caught LibraryNotLoaded,Test-CCFilter', 'caught LibraryNotLoaded,Test-CCFilter')
        } elseif ($preference -eq 'Continue') {
            # The preference is the default, by which an error ends a script unless it is caught.
            $lines | Should -Be @('went on with 1', 'caught Unauthorized,Find-CCIdentity', $lines[2], 'caught LibraryNotLoaded,Test-CCFilter')
            $lines[2] | Should -Match '^went on with [12]$'
        } else {
            $lines.Count | Should -Be 4
            $lines | Should -Match '^went on with \d'
            # Of Find-CCIdentity; a library that cannot be loaded is caught on the way.
            if ($preference -eq 'Ignore') { $lines[0..1] | Should -Be @('went on with 0', 'went on with 0') } else { $lines | Should -Not -Contain 'went on with 0' }
        }
        if ($preference -eq 'Continue') { [regex]::Matches($session.Error, '(Find-CCIdentity|Test-CCFilter):').Count | Should -Be 2 } else { $session.Error | Should -BeNullOrEmpty }
    }

    It 'name -Identity where a person stands at the first position, or nowhere: <_>' -ForEach 'amelie.roux', 'amelie.roux smith', 'amelie.roux -RefreshArgs @{}', '-RefreshArgs @{}', '-IdentityAttribute email', '-JournalPath x', '-PerIdentity', "'uid == `"smith`"'" {
        $session = Invoke-Session "Import-Module `$env:TEST_MODULE; Set-Configuration -BaseUrl $($sandbox.Url) -AccessToken sandbox-token; Invoke-CCRefreshIdentities $_"
        $session.ExitCode | Should -Be 1
        $session.Error | Should -Match '-Identity\b'
        @(Get-Refresh $sandbox).Count | Should -Be 0
    }

    It 'of a task end the command where every other task would meet them' {
        Add-Fault $sandbox @{ on = 'task-status'; kind = 'status'; status = 403; times = 0 }
        { 'a', 'b' | Wait-CCTask -ErrorAction SilentlyContinue } | Should -Throw -ErrorId 'Forbidden,Wait-CCTask'
        @(Get-Arrival $sandbox 'task-status').Count | Should -Be 1
    }

    It 'name -MaxIdentities, and not the library''s option' {
        foreach ($line in { Invoke-CCRefreshIdentities -Identity amelie.roux, smith -MaxIdentities 1 }, { Invoke-CCRefreshIdentities -Filter 'department == "Sales"' -MaxIdentities 1 }, { Invoke-CCRefreshIdentities -Filter 'department == "Sales"' -MaxIdentities 1 -Backend process }, { Invoke-CCRefreshIdentities -All -Force -MaxIdentities 1 }, { 'amelie.roux', 'smith' | Invoke-CCRefreshIdentities -MaxIdentities 1 }) {
            if ($Retired -and "$line" -match '-All') { continue }
            $record = $null
            try { & $line } catch { $record = $_ }
            $record.FullyQualifiedErrorId | Should -Match '^TooManyMatches,'
            $record.Exception.Message | Should -MatchExactly '-MaxIdentities is 1\b'
            $record.Exception.Message | Should -Not -MatchExactly 'maxIdentities'
        }
    }
}

Describe 'Another module that takes the names' {
    BeforeAll {
        . "$PSScriptRoot/Support.ps1"
        $sandbox = Start-Sandbox
        # As the official module 1.2: the documented names, and those with CC.
        $other = Join-Path $TestDrive 'Official.psm1'
        Set-Content -LiteralPath $other -Value @'
function Get-Configuration { @{ BaseUrl = 'other' } }
function Set-Configuration { 'other' }
function Get-CCConfiguration { @{ BaseUrl = 'other' } }
function Set-CCConfiguration { 'other' }
function Invoke-CCRefreshIdentities { 'other' }
'@
    }
    AfterAll { Stop-Sandbox $sandbox }

    It 'does not reach the qualified ones, and the error names them' {
        $session = Invoke-Session @'
Import-Module $env:TEST_MODULE
Import-Module $env:TEST_OTHER
(Get-Configuration).BaseUrl
try { PSSailpointCC\Invoke-CCRefreshIdentities -RefreshIdentitiesRequest @{ filter = 'uid == "smith"' } } catch { $_.ErrorDetails.RecommendedAction }
(PSSailpointCC\Get-Configuration).BaseUrl = $env:TEST_URL
PSSailpointCC\Set-Configuration -AccessToken sandbox-token
(PSSailpointCC\Invoke-CCRefreshIdentities -RefreshIdentitiesRequest @{ filter = 'uid == "smith"' }).type
'@ -Environment @{ TEST_URL = $sandbox.Url; TEST_OTHER = $other; SAIL_BASE_URL = $null } -Directory $TestDrive
        $lines = @($session.Output -split '\r?\n' | Where-Object { $_ })
        $lines[0] | Should -Be 'other'
        $session.Output | Should -Match 'PSSailpointCC\\Set-Configuration'
        $lines[-1] | Should -Be 'TASK_RESULT'
        (Get-Refresh $sandbox).refreshed.names | Should -Be 'smith'
        $page = [System.IO.File]::ReadAllText("$PSScriptRoot/../../docs/migration.md")
        $page | Should -Match 'PSSailpointCC\\Get-Configuration'
    }
}
