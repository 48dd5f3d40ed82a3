# The tables of tests/data through PowerShell: what must refresh nobody, in every form in which a script can write it.
Describe 'Hostile and mistaken requests' {
    BeforeAll {
        . "$PSScriptRoot/Support.ps1"
        $sandbox = Start-Sandbox
        Reset-Session $sandbox
        $requests = foreach ($line in [System.IO.File]::ReadAllLines("$PSScriptRoot/../data/requests-hostile.txt")) {
            if ($line -eq '' -or $line.StartsWith('#')) { continue }
            $code, $text = $line -split ' ', 2
            $value = & (Get-Module PSSailpointCC) { ConvertFrom-JsonText $args[0] } $text
            @{ Code = $code; Text = $text; Value = $value }
        }

        # The code of the error that a call ends with; nothing where it ends well.
        function Get-FailureCode([hashtable] $Parameter) {
            try { $null = Invoke-CCRefreshIdentities @Parameter 6> $null } catch {
                if ($_.Exception.Data['sent'] -and $_.Exception.Data['sent'] -ne 'no') { return "sent $($_.Exception.Data['sent'])" }
                if ($_.Exception.Data['code']) { return $_.Exception.Data['code'] }
                return 'invalid_argument'
            }
        }
    }
    AfterAll { Stop-Sandbox $sandbox }
    BeforeEach { Clear-Sandbox $sandbox }

    It 'are more than 200' { $requests.Count | Should -BeGreaterThan 200 }

    It 'refresh nobody as JSON text' {
        $wrong = foreach ($request in $requests) {
            $code = Get-FailureCode @{ RefreshIdentitiesRequest = $request.Text }
            # The library's own members are no part of a request here.
            $meant = if ($request.Text -match '"(options|configuration)"') { 'invalid_argument' } else { $request.Code }
            if ($code -ne $meant) { "$code instead of $meant for $($request.Text)" }
        }
        $wrong | Should -BeNullOrEmpty
        @(Get-Refresh $sandbox).Count | Should -Be 0
    }

    # By the codes of /cc: its successor judges everybody, and needs no more than that.
    It 'refresh nobody as objects and parameters' -Tag cc {
        $wrong = foreach ($request in $requests) {
            if ($request.Value -isnot [System.Collections.IDictionary]) { continue }
            $value = @{}
            foreach ($name in $request.Value.Keys) { if ($name -ne 'options') { $value[$name] = $request.Value[$name] } }
            $options = $request.Value['options']
            $parameter = @{ RefreshIdentitiesRequest = $value }
            if ($options -is [System.Collections.IDictionary]) {
                if ($options['allowFullRefresh'] -eq $true -and $null -eq $value['filter'] -and $options['allowFullRefresh'] -isnot [string]) {
                    $parameter = @{ All = $true; Force = $true }
                    if ($value['refreshArgs']) { $parameter.RefreshArgs = $value['refreshArgs'] }
                    if ($options['allowPruneAll'] -eq $true) { $parameter.AllowPruneAll = $true }
                }
                if ($options['preflight'] -eq $false) { $parameter.NoPreflight = $true }
                if ($options['skipFilterCheck'] -eq $true) { $parameter.SkipFilterCheck = $true; if ($options['preflight'] -eq $true) { $parameter.NoPreflight = $false } }
                if ($options.Contains('maxIdentities')) { $parameter.MaxIdentities = $options['maxIdentities'] }
                if ($options['dryRun'] -eq $true) { $parameter.WhatIf = $true }
            }
            $code = Get-FailureCode $parameter
            # What is no text of a request may well be an object of one: a name in another case, options left away.
            if ($code -ne $request.Code -and $request.Code -ne 'invalid_argument') { "$code instead of $($request.Code) for $($request.Text)" }
        }
        $wrong | Should -BeNullOrEmpty
        foreach ($refresh in Get-Refresh $sandbox) {
            $refresh.refreshed.scope | Should -Be 'chosen'
            $refresh.refreshed.names | Should -BeIn 'smith', 'Smith'
        }
    }

    It 'refresh nobody by -Filter' -Tag cc {
        $wrong = foreach ($request in $requests) {
            if ($request.Value -isnot [System.Collections.IDictionary] -or $request.Value['filter'] -isnot [string] -or $request.Value.Contains('options')) { continue }
            $code = Get-FailureCode @{ Filter = $request.Value['filter'] }
            if ($code -ne $request.Code -and $request.Code -ne 'invalid_argument') { "$code instead of $($request.Code) for $($request.Text)" }
        }
        $wrong | Should -BeNullOrEmpty
        @(Get-Refresh $sandbox).refreshed.scope | Where-Object { $_ -ne 'chosen' } | Should -BeNullOrEmpty
    }

    It 'of filters that are none refresh nobody' {
        $texts = Read-FilterTable 'filters-refused.txt'
        $wrong = foreach ($text in $texts) {
            if ((Get-FailureCode @{ Filter = $text }) -ne 'invalid_filter') { $text }
        }
        $wrong | Should -BeNullOrEmpty
        @(Get-Arrival $sandbox).Count | Should -Be 0
    }

    It 'leave everybody as they were' {
        $people = Invoke-Sandbox $sandbox GET '/sandbox/identities'
        @($people).Count | Should -Be 100
        @($people | Where-Object { $_.refreshes -gt 0 -and $_.name -notin 'smith', 'Smith' }).Count | Should -Be 0
    }
}
