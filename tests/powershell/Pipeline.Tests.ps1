Describe 'The pipeline' {
    BeforeAll {
        . "$PSScriptRoot/Support.ps1"
        $sandbox = Start-Sandbox
        $first, $second = (Invoke-Sandbox $sandbox GET '/sandbox/identities')[0, 1].name
    }
    AfterAll { Stop-Sandbox $sandbox }
    BeforeEach {
        Clear-Sandbox $sandbox
        Reset-Session $sandbox
    }

    It 'takes requests, one call each, in their order' {
        $requests = (Initialize-RefreshIdentitiesRequest "name == `"$first`""), @{ filter = "name == `"$second`"" }, ("{`"filter`":`"name == \`"$first\`"`"}" | ConvertFrom-Json)
        $result = @($requests | Invoke-CCRefreshIdentities)
        $result.Count | Should -Be 3
        $result[0].type | Should -Be 'TASK_RESULT'
        (Get-Refresh $sandbox).refreshed.names | Should -Be @($first, $second, $first)
    }

    It 'takes the content type, as the official module does' {
        $null = 'application/json' | Invoke-CCRefreshIdentities -RefreshIdentitiesRequest @{ filter = "name == `"$first`"" }
        $null = 'application/json; charset=utf-8' | Invoke-CCRefreshIdentities -RefreshIdentitiesRequest @{ filter = "name == `"$first`"" }
        $null = 'application/vnd.acme+json' | Invoke-CCRefreshIdentities -Body @{ filter = "name == `"$first`"" }
        (Get-Refresh $sandbox).refreshed.names | Should -Be @($first, $first, $first)
    }

    It 'takes both parameters by property name' {
        $null = [pscustomobject] @{ ContentType = 'application/json'; RefreshIdentitiesRequest = @{ filter = "name == `"$first`"" } } | Invoke-CCRefreshIdentities
        $null = [pscustomobject] @{ ContentType = 'application/json' } | Invoke-CCRefreshIdentities -RefreshIdentitiesRequest @{ filter = "name == `"$second`"" }
        $null = [pscustomobject] @{ Body = "{`"filter`":`"name == \`"$first\`"`"}" } | Invoke-CCRefreshIdentities
        (Get-Refresh $sandbox).refreshed.names | Should -Be @($first, $second, $first)
    }

    It 'does not use one object''s request for the next' {
        $problems = $null
        $null = [pscustomobject] @{ RefreshIdentitiesRequest = @{ filter = "name == `"$first`"" } }, [pscustomobject] @{ Other = 1 } |
            Invoke-CCRefreshIdentities -ErrorAction SilentlyContinue -ErrorVariable problems
        @(Get-Refresh $sandbox).Count | Should -Be 1
        $problems.Count | Should -Be 1
    }

    It 'sends nothing for <what>, says so, and goes on' -ForEach @(
        @{ What = '$null'; Value = $null }
        @{ What = 'an empty text'; Value = '' }
        @{ What = 'a blank text'; Value = ' ' }
        @{ What = 'a filter'; Value = 'uid == "amelie.roux"' }
        @{ What = 'JSON text'; Value = '{"filter":"uid == \"amelie.roux\""}' }
        @{ What = 'false'; Value = $false }
        @{ What = 'a date'; Value = [datetime]::MinValue }
        @{ What = 'an empty hashtable'; Value = @{} }
        @{ What = 'an empty object'; Value = [pscustomobject] @{} }
        @{ What = 'an object that names nobody'; Value = [pscustomobject] @{ person = 'amelie.roux' } }
        @{ What = 'an object whose request is $null'; Value = [pscustomobject] @{ RefreshIdentitiesRequest = $null } }
        @{ What = 'a list in the list'; Value = , @('amelie.roux') }
        @{ What = 'an empty list in the list'; Value = , @() }
    ) {
        $problems = $null
        $good = @{ filter = "name == `"$first`"" }
        $list = [System.Collections.ArrayList]::new()
        $null = $list.Add($good)
        if ($value -is [array]) { $null = $list.Add($value[0]) } else { $null = $list.Add($value) }
        $null = $list.Add($good)
        $result = @($list | Invoke-CCRefreshIdentities -ErrorAction SilentlyContinue -ErrorVariable problems)
        $result.Count | Should -Be 2
        (Get-Refresh $sandbox).refreshed.names | Should -Be @($first, $first)
        $problems.Count | Should -Be 1
        $problems[0].FullyQualifiedErrorId | Should -Be 'InvalidArgument,Invoke-CCRefreshIdentities'
        $problems[0].CategoryInfo.Category | Should -Be 'InvalidArgument'
        $problems[0].Exception.Data['sent'] | Should -Be 'no'
        $problems[0].Exception.Message | Should -Match 'nothing was sent'

        # The same by name.
        $problems = $null
        $value = $list[1]
        $null = Invoke-CCRefreshIdentities -InputObject $value -ErrorAction SilentlyContinue -ErrorVariable problems
        $problems.Count | Should -Be 1
        @(Get-Refresh $sandbox).Count | Should -Be 2
    }

    It 'that is empty sends nothing and is no error' {
        @() | Invoke-CCRefreshIdentities | Should -BeNullOrEmpty
        $nobody = Get-ChildItem $TestDrive | Where-Object { $false }
        $nobody | Invoke-CCRefreshIdentities -RefreshIdentitiesRequest @{ filter = "name == `"$first`"" } | Should -BeNullOrEmpty
        @(Get-Arrival $sandbox).Count | Should -Be 0
    }

    It 'takes no request and no name beside -RefreshIdentitiesRequest' {
        $problems = $null
        $null = @{ filter = "name == `"$first`"" } | Invoke-CCRefreshIdentities -RefreshIdentitiesRequest @{ filter = "name == `"$second`"" } -ErrorAction SilentlyContinue -ErrorVariable problems
        $problems.Count | Should -Be 1
        $null = $first | Invoke-CCRefreshIdentities -RefreshIdentitiesRequest @{ filter = "name == `"$second`"" } -ErrorAction SilentlyContinue -ErrorVariable problems
        $problems.Count | Should -Be 1
        @(Get-Arrival $sandbox).Count | Should -Be 0
    }

    It 'does not send a named request once for each object that happens to come' {
        $problems = $null
        $null = Get-ChildItem $PSScriptRoot | Select-Object -First 3 | Invoke-CCRefreshIdentities -ContentType 'application/json' -RefreshIdentitiesRequest @{ filter = "name == `"$first`"" } -ErrorAction SilentlyContinue -ErrorVariable problems
        $problems.Count | Should -Be 3
        @(Get-Arrival $sandbox).Count | Should -Be 0
    }

    It 'ends at the first request that fails' {
        $requests = @{ filter = "name == `"$first`"" }, @{ filter = 'oops' }, @{ filter = "name == `"$second`"" }
        { $requests | Invoke-CCRefreshIdentities } | Should -Throw -ErrorId 'InvalidFilter,Invoke-CCRefreshIdentities'
        (Get-Refresh $sandbox).refreshed.names | Should -Be @($first)
    }

    It 'refuses a filter in its own words, and points to -Filter' {
        'uid == "amelie.roux"' | Invoke-CCRefreshIdentities -ErrorAction SilentlyContinue -ErrorVariable problems
        $problems[0].Exception.Message | Should -Match 'amelie\.roux'
        $problems[0].ErrorDetails.RecommendedAction | Should -Match '-Filter'
        $problems[0].TargetObject | Should -Be 'uid == "amelie.roux"'
    }

    It 'leaves the errors of the next command to that command' {
        $record = $null
        try { @{ filter = "name == `"$first`"" } | Invoke-CCRefreshIdentities | ForEach-Object { throw 'mine' } } catch { $record = $_ }
        $record.FullyQualifiedErrorId | Should -Be 'mine'
        @(Get-Refresh $sandbox).Count | Should -Be 1
    }

    It 'can be left early' {
        $requests = @{ filter = "name == `"$first`"" }, @{ filter = "name == `"$second`"" }
        $result = $requests | Invoke-CCRefreshIdentities | Select-Object -First 1
        $result.type | Should -Be 'TASK_RESULT'
        (Get-Refresh $sandbox).refreshed.names | Should -Be @($first)
    }
}
