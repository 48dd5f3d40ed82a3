Describe 'The words of the library''s messages' {
    BeforeAll {
        . "$PSScriptRoot/Support.ps1"
        Import-Module $ModulePath -Force
        # In place of what C calls an option, by the table of the library's source.
        $source = [System.IO.File]::ReadAllText("$PSScriptRoot/../../src/wording.rs") -replace '(?s)#\[cfg\(test\)\].*'
        $terms = foreach ($match in [regex]::Matches($source, '"((?:options|cc_)[\w.]*(?: [^"]*)?)",\s*"([^"]+)"')) { @{ C = $match.Groups[1].Value; PowerShell = $match.Groups[2].Value } }
    }

    It 'were found' {
        $terms.Count | Should -BeGreaterThan 8
        $terms.C -join ' ' | Should -Match 'options\.skipFilterCheck'
    }

    It 'name parameters that there are' {
        $known = foreach ($name in 'Invoke-CCRefreshIdentities', 'Set-Configuration', 'Wait-CCTask') { (Get-Command $name).Parameters.Keys }
        foreach ($term in $terms) {
            foreach ($match in [regex]::Matches($term.PowerShell, '(?<![\w-])-([A-Z]\w+)')) { $match.Groups[1].Value | Should -BeIn $known -Because $term.PowerShell }
        }
    }

    It 'are those of PowerShell in <what>' -ForEach @(
        @{ What = 'an error of the filter check'; Line = { Invoke-CCRefreshIdentities -Filter 'uid == "amelie.roux"' -SkipFilterCheck -NoPreflight:$false }; Match = '-SkipFilterCheck and -NoPreflight:\$false' }
        @{ What = 'a request without a filter'; Line = { Invoke-CCRefreshIdentities }; Match = '-All in place of the filter' }
        @{ What = 'a journal that the backend cannot keep'; Line = { Invoke-CCRefreshIdentities -Filter 'uid == "amelie.roux"' -Backend cc -JournalPath "$TestDrive/cc.jsonl" }; Match = '-JournalPath' }
    ) {
        Set-Configuration -BaseUrl 'http://127.0.0.1:9' -AccessToken x
        $record = $null
        try { & $line } catch { $record = $_ }
        $text = $record.Exception.Message + "`n" + $record.ErrorDetails.RecommendedAction
        $text | Should -Match $match
        $text | Should -Not -MatchExactly 'options\.|PowerShell: -'
    }

    It 'reach the user of a wrong member as those of a request' {
        foreach ($text in '{"option":{}}', '{"something":1}', '{"configurations":{}}') {
            try { Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $text } catch { $record = $_ }
            $record.ErrorDetails.RecommendedAction | Should -Be 'Known are: filter, refreshArgs.'
        }
    }

    It 'stay where they stand in a filter' {
        try { Invoke-CCRefreshIdentities -Filter 'uid == "options.allowFullRefresh"x' } catch { $record = $_ }
        $record.ErrorDetails.RecommendedAction | Should -Match 'options\.allowFullRefresh'
    }
}
