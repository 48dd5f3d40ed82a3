Describe 'The task of a refresh' {
    BeforeAll {
        . "$PSScriptRoot/Support.ps1"
        $sandbox = Start-Sandbox @('--task-time', '50')

        # How the next task ends.
        function Set-Task([hashtable] $Task) { $null = Invoke-Sandbox $sandbox POST '/sandbox/tasks' (ConvertTo-Json $Task -Compress) }
    }
    AfterAll { Stop-Sandbox $sandbox }
    BeforeEach {
        Clear-Sandbox $sandbox
        Reset-Session $sandbox
    }

    It 'is waited for with -Wait, by names and by a filter' {
        (Invoke-CCRefreshIdentities -Identity amelie.roux -Wait).Outcome | Should -Be 'Accepted'
        (Invoke-CCRefreshIdentities -Filter 'uid == "amelie.roux"' -Wait).type | Should -Be 'TASK_RESULT'
        ('amelie.roux', 'smith' | Invoke-CCRefreshIdentities -Wait).Outcome | Should -Be 'Accepted'
        $statuses = @(Get-Arrival $sandbox 'task-status')
        ($statuses.path | Sort-Object -Unique).Count | Should -Be 3
        @(Get-Refresh $sandbox).Count | Should -Be 3
        $null = Invoke-CCRefreshIdentities -Identity amelie.roux
        @(Get-Arrival $sandbox 'task-status').Count | Should -Be $statuses.Count
    }

    It 'is followed from the result, whatever form that has' {
        $result = Invoke-CCRefreshIdentities -Identity amelie.roux
        foreach ($value in $result, $result.Response, $result.TaskId, @{ Response = $result.Response; StatusCode = 202 }) {
            $task = $value | Wait-CCTask
            $task.PSObject.TypeNames[0] | Should -Be 'PSSailpointCC.Task'
            $task.Id | Should -Be $result.TaskId
            $task.State | Should -BeExactly 'Succeeded'
            $task.Task.completionStatus | Should -Be 'SUCCESS'
        }
        (Wait-CCTask $result.TaskId, $result.TaskId).Count | Should -Be 2
        (Get-CCTask -Id $result.TaskId).State | Should -BeExactly 'Succeeded'
        # Whom a result was for is looked up.
        @(Get-Arrival $sandbox 'identities').Count | Should -Be 1
    }

    It 'that runs is a state to Get-CCTask' {
        Set-Task @{ status = 'SUCCESS'; takesMs = 600000 }
        $task = Invoke-CCRefreshIdentities -Identity amelie.roux | Get-CCTask
        $task.State | Should -BeExactly 'Running'
        @(Get-Arrival $sandbox 'task-status').Count | Should -Be 1
    }

    It 'with a warning warns, by each way' {
        foreach ($way in { Invoke-CCRefreshIdentities -Identity amelie.roux -RefreshArgs $AllArguments -Wait }, { Invoke-CCRefreshIdentities -Identity amelie.roux -RefreshArgs $AllArguments | Wait-CCTask }) {
            Set-Task @{ status = 'WARNING'; messages = @('Something was odd.') }
            $said = @(& $way 3>&1)
            $warnings = @($said | Where-Object { $_ -is [System.Management.Automation.WarningRecord] })
            $warnings.Count | Should -Be 1
            $warnings[0].Message | Should -Match 'ended with a warning\. Something was odd\.'
            $said.Count | Should -Be 2
        }
    }

    It 'that has ended with <_> is a non-terminating error with its messages, by each way' -ForEach 'ERROR', 'TERMINATED', 'TEMPERROR' {
        foreach ($way in { Invoke-CCRefreshIdentities -Identity amelie.roux -Wait -ErrorAction SilentlyContinue -ErrorVariable script:problems }, { Invoke-CCRefreshIdentities -Identity amelie.roux | Wait-CCTask -ErrorAction SilentlyContinue -ErrorVariable script:problems }) {
            Set-Task @{ status = $_; messages = @('The first.', 'The second.') }
            $script:problems = $null
            $null = & $way
            $failed = @($script:problems | Where-Object { $_.Exception.Message -match 'has ended with' })
            $failed.Count | Should -Be 1
            $failed[0].FullyQualifiedErrorId | Should -Match '^TaskFailed,'
            $failed[0].Exception.Message | Should -Match $_
            $failed[0].ErrorDetails.RecommendedAction | Should -Be "The first.`nThe second."
            $failed[0].Exception.Data['sent'] | Should -Be 'yes'
        }
    }

    It 'names whom it has not refreshed, each in an error' {
        foreach ($way in { 'amelie.roux', 'smith', 'Smith' | Invoke-CCRefreshIdentities -Wait -ErrorAction SilentlyContinue -ErrorVariable script:problems }, { Invoke-CCRefreshIdentities -Identity amelie.roux, smith, Smith | Wait-CCTask -ErrorAction SilentlyContinue -ErrorVariable script:problems }) {
            Set-Task @{ status = 'SUCCESS'; failed = @('smith') }
            $script:problems = $null
            $result = & $way
            @($script:problems).Count | Should -Be 1
            $script:problems[0].FullyQualifiedErrorId | Should -Match '^TaskFailed,'
            $script:problems[0].Exception.Message | Should -Match 'was not refreshed'
            $script:problems[0].Exception.Message | Should -Not -Match '\d/\d'
            $result | Should -Not -BeNullOrEmpty
        }
        # By the name as it was given, also where Wait-CCTask has found them.
        $script:problems[0].TargetObject | Should -BeExactly 'smith'
        $script:problems[0].Exception.Message | Should -Match "'smith' \(id \w{32}\) was not refreshed by the task"
    }

    It 'names whoever is missing from the tenant, each in an error' {
        $id = @(Invoke-Sandbox $sandbox POST '/sandbox/identities' (ConvertTo-Json @{ name = 'leaver' }))[0]
        Set-Task @{ status = 'SUCCESS' }
        $result = Invoke-CCRefreshIdentities -Identity leaver, amelie.roux
        $null = Invoke-Sandbox $sandbox DELETE '/sandbox/identities/leaver'
        $problems = $null
        $null = $result | Wait-CCTask -ErrorAction SilentlyContinue -ErrorVariable problems
        $problems.Count | Should -Be 1
        $problems[0].FullyQualifiedErrorId | Should -Be 'TaskFailed,Wait-CCTask'
        $problems[0].Exception.Message | Should -Match "'leaver' \(id $id\) was not refreshed by the task: the tenant has no identity with this id"
    }

    It 'that is not there yet, or whose id has dashes, is found' {
        $everything = @{ correlateEntitlements = $true; promoteAttributes = $true; refreshManagerStatus = $true; provision = $true }
        Add-Fault $sandbox @{ on = 'task-status'; kind = 'status'; status = 404; times = 6 }
        (Invoke-CCRefreshIdentities -Identity amelie.roux -RefreshArgs $everything -Wait -WarningVariable warnings).Outcome | Should -Be 'Accepted'
        Set-Task @{ status = 'SUCCESS'; dashes = $true }
        $result = Invoke-CCRefreshIdentities -Identity amelie.roux -RefreshArgs $everything -Wait -WarningVariable +warnings
        $result.TaskId | Should -Match '^\w{8}-'
        ($result | Wait-CCTask).State | Should -BeExactly 'Succeeded'
        ($result | Get-CCTask).State | Should -BeExactly 'Succeeded'
        $warnings.Count | Should -Be 0
    }

    It 'that stays unknown after an accepted refresh is a warning' {
        Add-Fault $sandbox @{ on = 'task-status'; kind = 'status'; status = 404; times = 0 }
        Set-Task @{ status = 'SUCCESS'; failed = @('smith') }
        $problems = $warnings = $null
        $result = Invoke-CCRefreshIdentities -Identity amelie.roux, smith -Wait -WaitTimeoutSec 1 -WarningAction SilentlyContinue -WarningVariable warnings -ErrorAction SilentlyContinue -ErrorVariable problems
        $result.Outcome | Should -Be 'Accepted'
        "$warnings" | Should -Match "knows no task $($result.TaskId)"
        $problems.TargetObject | Should -Be 'smith'
        $problems.FullyQualifiedErrorId | Should -Be 'TaskFailed,Invoke-CCRefreshIdentities'
    }

    It 'that takes longer than it is waited for goes on, and the error says how to follow it' {
        foreach ($way in { Invoke-CCRefreshIdentities -Identity amelie.roux -Wait -WaitTimeoutSec 1 -ErrorAction SilentlyContinue -ErrorVariable script:problems }, { Invoke-CCRefreshIdentities -Identity amelie.roux | Wait-CCTask -TimeoutSec 1 -ErrorAction SilentlyContinue -ErrorVariable script:problems }) {
            Set-Task @{ status = 'SUCCESS'; takesMs = 600000 }
            $script:problems = $null
            $null = & $way
            @($script:problems).Count | Should -Be 1
            $script:problems[0].FullyQualifiedErrorId | Should -Match '^Timeout,'
            $script:problems[0].ErrorDetails.RecommendedAction | Should -Match 'Wait-CCTask -Id \w{32}'
            $script:problems[0].Exception.Data['sent'] | Should -Be 'yes'
        }
    }

    It 'that nobody knows, and what is no task, are errors' {
        foreach ($command in 'Get-CCTask', 'Wait-CCTask') {
            $problems = $null
            $null = 'nonsense', $null, 5, @{}, '' | & $command -ErrorAction SilentlyContinue -ErrorVariable problems
            $problems.Count | Should -Be 5
            $problems[0].FullyQualifiedErrorId | Should -Be "NotFound,$command"
            $problems[1].FullyQualifiedErrorId | Should -Be "InvalidArgument,$command"
        }
        # What -Id makes of a result.
        $result = Invoke-CCRefreshIdentities -Identity amelie.roux
        { Wait-CCTask $result -ErrorAction Stop } | Should -Throw '*object as text*' -ErrorId 'InvalidArgument,Wait-CCTask'
        { [guid]::Empty | Get-CCTask -ErrorAction Stop } | Should -Throw -ErrorId 'NotFound,Get-CCTask'
        $Error[0].ErrorDetails.RecommendedAction | Should -Match 'no task of that id'
        # Of nobody who was sent there is none to wait for, and that was said.
        Invoke-CCRefreshIdentities -Identity nobody.here -ErrorAction SilentlyContinue | Wait-CCTask | Should -BeNullOrEmpty
        Set-Configuration -AccessToken wrong
        { Wait-CCTask -Id x } | Should -Throw -ErrorId 'Unauthorized,Wait-CCTask'
    }

    It 'is left to a break or a continue of the next command, which are the caller''s' {
        $id = (Invoke-CCRefreshIdentities -Identity amelie.roux).TaskId
        foreach ($command in 'Get-CCTask', 'Wait-CCTask') {
            foreach ($end in { break }, { continue }) {
                $turns = $results = 0
                foreach ($turn in 1, 2) {
                    $turns++
                    & $command -Id $id, $id | ForEach-Object { $results++; . $end }
                    $turns += 100
                }
                if ("$end" -match 'break') { $turns | Should -Be 1 } else { $turns | Should -Be 2 }
                $results | Should -Be $turns
            }
        }
    }

    It 'is shown as progress, which ends with it, and not where it is quick' {
        foreach ($case in @{ Takes = 0; Shown = $false }, @{ Takes = 2500; Shown = $true }) {
            Set-Task @{ status = 'SUCCESS'; takesMs = $case.Takes }
            $shell = [powershell]::Create()
            try {
                $null = $shell.AddScript({
                        param($module, $url)
                        Import-Module $module
                        Set-Configuration -BaseUrl $url -AccessToken sandbox-token
                        Invoke-CCRefreshIdentities -Identity amelie.roux -Wait
                    }).AddArgument($ModulePath).AddArgument($sandbox.Url)
                $shell.Invoke().Outcome | Should -Be 'Accepted'
                $records = @($shell.Streams.Progress | Where-Object Activity -In 'Invoke-CCRefreshIdentities', 'PSSailpointCC')
                if ($case.Shown) {
                    @($records.StatusDescription -match '^waiting: Waiting for the task \w{32}').Count | Should -BeGreaterThan 0
                    ($records.PercentComplete | Measure-Object -Maximum).Maximum | Should -BeGreaterThan 0
                    ($records.SecondsRemaining | Measure-Object -Maximum).Maximum | Should -BeGreaterOrEqual 0
                    $records[-1].RecordType | Should -Be 'Completed'
                    @($records | Where-Object RecordType -EQ 'Completed').Count | Should -Be 1
                }
            } finally { $shell.Dispose() }
        }
    }
}
