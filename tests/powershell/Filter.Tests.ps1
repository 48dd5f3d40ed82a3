Describe 'Test-CCFilter' {
    BeforeAll {
        . "$PSScriptRoot/Support.ps1"
        Import-Module $ModulePath -Force
    }

    It 'says yes to every filter of tests/data/filters-accepted.txt' {
        $filters = Read-FilterTable 'filters-accepted.txt'
        $filters.Count | Should -BeGreaterThan 149
        $wrong = $filters | Test-CCFilter -Detailed | Where-Object { -not $_.IsValid }
        $wrong.Filter | Should -BeNullOrEmpty
    }

    It 'says no to every text of tests/data/filters-refused.txt, and where, and never as an error' {
        $texts = Read-FilterTable 'filters-refused.txt'
        $texts.Count | Should -BeGreaterThan 180
        $checks = @($texts | Test-CCFilter -Detailed)
        $checks.Count | Should -Be $texts.Count
        ($checks | Where-Object { $_.IsValid }).Filter | Should -BeNullOrEmpty
        $checks | Where-Object { -not $_.Message -or $null -eq $_.Position } | Should -BeNullOrEmpty
        @($texts | Test-CCFilter | Select-Object -Unique) | Should -Be @($false)
    }

    It 'gives one Boolean for each text, by name, by position, from the pipeline and of a request' {
        Test-CCFilter 'uid == "amelie.roux"' | Should -BeOfType [bool]
        Test-CCFilter -Filter 'uid == "amelie.roux"' | Should -BeTrue
        'uid == "a"', '', $null, 'uid = "a"' | Test-CCFilter | Should -Be @($true, $false, $false, $false)
        Initialize-RefreshIdentitiesRequest 'uid == "amelie.roux"' | Test-CCFilter | Should -BeTrue
        Initialize-RefreshIdentitiesRequest | Test-CCFilter | Should -BeFalse
    }

    It 'says no to <what>' -ForEach @(
        @{ What = 'half a character'; Text = "uid == `"$([char] 0xD83D)`"" }
        @{ What = 'a NUL'; Text = "uid == `"a`"`0" }
        @{ What = 'what is too long'; Text = 'uid == "' + ('a' * 2MB) + '"' }
        @{ What = '200,000 brackets'; Text = '(' * 200000 }
    ) {
        Test-CCFilter $text -ErrorAction Stop | Should -BeFalse
        (Test-CCFilter $text -Detailed).Message | Should -Not -BeNullOrEmpty
    }

    It 'tells in detail what a filter says' {
        $check = Test-CCFilter '(uid=="amelie.roux")&&inactive==false' -Detailed
        $check.PSObject.TypeNames[0] | Should -Be 'PSSailpointCC.FilterCheck'
        $check.PSObject.Properties.Name | Should -BeExactly @('Filter', 'IsValid', 'Canonical', 'Attributes', 'Message', 'Position', 'Hint', 'Warnings', 'Undecidable')
        $check.IsValid | Should -BeExactly $true
        $check.Canonical | Should -BeExactly 'uid == "amelie.roux" && inactive == false'
        , $check.Attributes | Should -BeOfType [string[]]
        $check.Attributes | Should -Be @('uid', 'inactive')
        $check.Message, $check.Position, $check.Hint | Should -Be @($null, $null, $null)
        $check.Warnings.Count + $check.Undecidable.Count | Should -Be 0
        (Test-CCFilter 'uid == name' -Detailed).Undecidable | Should -Be @('uid == name')
    }

    It 'tells in detail what is wrong, where, and what was meant' {
        $check = Test-CCFilter 'uid == "a","b"' -Detailed
        $check.IsValid | Should -BeExactly $false
        $check.Canonical | Should -Be $null
        $check.Attributes.Count | Should -Be 0
        $check.Message | Should -Not -BeNullOrEmpty
        $check.Position | Should -Be 10
        $check.Hint | Should -Match ([regex]::Escape('uid.in({"a", "b"})'))
        $check.Hint | Should -Match '(?m)^\s+\^$'
    }

    It 'warns of what is legal and seldom meant, as the caller wants warnings' {
        $warnings = $null
        Test-CCFilter 'name == ""' -WarningVariable warnings -WarningAction SilentlyContinue | Should -BeTrue
        $warnings.Count | Should -BeGreaterThan 0
        & { $WarningPreference = 'SilentlyContinue'; Test-CCFilter 'name == ""' } 3>&1 | Should -BeExactly $true
        $check = Test-CCFilter 'name == ""' -Detailed 3>&1
        @($check).Count | Should -Be 1
        $check.Warnings | Should -Be $warnings.Message
        Test-CCFilter 'uid == "amelie.roux"' 3>&1 | Should -BeExactly $true
    }

    It 'says with -Verbose what is wrong' {
        "$(Test-CCFilter 'uid = "a"' -Verbose 4>&1)" | Should -Match '== '
    }

    It 'needs no configuration and asks nobody' {
        $session = Invoke-Session @'
Import-Module $env:TEST_MODULE
Test-CCFilter 'uid == "amelie.roux"'
Test-CCFilter 'uid = "amelie.roux"'
"errors: $($Error.Count)"
'@ -Environment @{ SAIL_BASE_URL = 'http://127.0.0.1:9' }
        $session.Output.Trim() -split '\r?\n' | Should -Be @('True', 'False', 'errors: 0')
    }

    It 'is an error where the library cannot be loaded' {
        $session = Invoke-Session @'
Import-Module $env:TEST_MODULE
try { Test-CCFilter 'uid == "amelie.roux"' } catch { $_.FullyQualifiedErrorId }
'@ -Environment @{ PSSAILPOINTCC_LIBRARY = '/nowhere/at/all' }
        $session.Output.Trim() | Should -Be 'LibraryNotLoaded,Test-CCFilter'
    }
}
