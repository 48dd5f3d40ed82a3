Describe 'The words of the library''s errors' {
    BeforeAll {
        . "$PSScriptRoot/Support.ps1"
        Import-Module $ModulePath -Force
        $module = Get-Module PSSailpointCC
        # Every text in the library's source that names an option, or what PowerShell calls it.
        $texts = foreach ($file in Get-ChildItem "$PSScriptRoot/../../src" -Recurse -Filter *.rs) {
            $source = [System.IO.File]::ReadAllText($file.FullName) -replace '(?m)^\s*//.*$' -replace '(?s)#\[cfg\(test\)\]\s*mod \w+ \{.*'
            foreach ($match in [regex]::Matches($source, '(?s)"((?:[^"\\]|\\.)*)"')) {
                $text = $match.Groups[1].Value -replace '\\\r?\n\s*', '' -replace '\\n', "`n" -replace '\\"', '"'
                if ($text -cmatch 'options\b|[Pp]reflight\b|maxIdentities|allow[A-Z]|skipFilterCheck|PowerShell: -|identityAttribute|configuration\.$' -and $text -match ' |^options\.') { $text }
            }
        }
    }

    It 'were found' {
        $texts.Count | Should -BeGreaterThan 10
        "$texts" | Should -Match 'options\.allowFullRefresh'
    }

    It 'name no option of the library' {
        foreach ($text in $texts) {
            # The module sets no such limit, so that nobody meets it.
            if ($text -match 'totalTimeoutSec') { continue }
            & $module { ConvertTo-ModuleWording $args[0] } $text | Should -Not -MatchExactly 'options\.|allow[A-Z]|skipFilterCheck|\(PowerShell|preflight = ' -Because $text
        }
    }

    It 'name parameters that there are' {
        $known = foreach ($name in 'Invoke-CCRefreshIdentities', 'Set-Configuration') { (Get-Command $name).Parameters.Keys }
        foreach ($text in $texts) {
            $said = & $module { ConvertTo-ModuleWording $args[0] } $text
            foreach ($match in [regex]::Matches($said, '(?<![\w-])-([A-Z]\w+)')) { $match.Groups[1].Value | Should -BeIn $known -Because $said }
        }
    }

    It 'have no rule that none of them needs' {
        $rules = & $module { $script:Wording.Keys }
        foreach ($rule in $rules) {
            # Put together from a list of names.
            if ($rule -match '^(Was|Known)') { continue }
            # An earlier rule may have taken a part of it.
            @($texts | Where-Object { $_ -cmatch $rule }).Count | Should -BeGreaterThan 0 -Because $rule
        }
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
