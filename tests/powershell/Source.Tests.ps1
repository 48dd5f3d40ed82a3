BeforeDiscovery {
    . "$PSScriptRoot/Support.ps1"
    # The licences of others are as they are.
    $files = Get-ChildItem -LiteralPath $ModulePath -Recurse -File | Where-Object { $_.Extension -in '.ps1', '.psm1', '.psd1', '.ps1xml', '.txt' -and $_.Name -ne 'THIRD-PARTY-NOTICES.txt' } | ForEach-Object { @{ Name = $_.FullName.Substring($ModulePath.Length + 1); Path = $_.FullName } }
    $scripts = $files | Where-Object { $_.Name -match '\.ps1$|\.psm1$' }
}

Describe 'The source' {
    BeforeAll {
        . "$PSScriptRoot/Support.ps1"

        function Get-Node([string] $Path, [type[]] $Type) {
            $tokens = $errors = $null
            $ast = [System.Management.Automation.Language.Parser]::ParseFile($Path, [ref] $tokens, [ref] $errors)
            $errors.Count | Should -Be 0
            $ast.FindAll({ param($node) foreach ($one in $Type) { if ($node -is $one) { return $true } } }, $true)
        }
    }

    It '<name> is ASCII, without tabs and trailing blanks' -ForEach $files {
        $bytes = [System.IO.File]::ReadAllBytes($path)
        @($bytes | Where-Object { $_ -gt 126 -or ($_ -lt 32 -and $_ -notin 10, 13) }).Count | Should -Be 0
        [System.IO.File]::ReadAllText($path) | Should -Not -Match '[ \t]+(?m:$)'
    }

    It '<name> has no syntax that Windows PowerShell 5.1 lacks'  -ForEach $scripts {
        # Without the block that the module leaves out there.
        $text = [System.IO.File]::ReadAllText($path) -creplace '(?m)^    clean \{ .+ \}\r?\n'
        $newer = 'TernaryExpressionAst', 'PipelineChainAst' | ForEach-Object { "System.Management.Automation.Language.$_" -as [type] } | Where-Object { $_ }
        $tokens = $errors = $null
        $tree = [System.Management.Automation.Language.Parser]::ParseInput($text, $path, [ref] $tokens, [ref] $errors)
        $errors.Count | Should -Be 0
        $tree.FindAll({ param($node) foreach ($one in $newer) { if ($node -is $one) { return $true } } }, $true) | Should -BeNullOrEmpty
        $tokens | Where-Object { $_.Kind -in 'QuestionQuestion', 'QuestionQuestionEquals', 'QuestionDot', 'QuestionLBracket', 'AndAnd', 'OrOr' -or $_.Text -eq 'clean' } | Should -BeNullOrEmpty
        # A method call on a type that only .NET has must be in a branch of its own; these few are known.
        $text | Should -Not -Match '-AsHashtable|ForEach-Object -Parallel|ConvertFrom-Json[^\r\n]*-Depth|\$IsWindows|\$IsLinux|\$IsMacOS|Join-Path[^\r\n]*-AdditionalChildPath'
    }

    It '<name> compiles nothing and evaluates no text' -ForEach $scripts {
        $commands = (Get-Node $path ([System.Management.Automation.Language.CommandAst])) | ForEach-Object { $_.GetCommandName() }
        $commands | Should -Not -Contain 'Add-Type'
        $commands | Should -Not -Contain 'Invoke-Expression'
        [System.IO.File]::ReadAllText($path) | Should -Not -Match '\[scriptblock\]::Create|NewScriptBlock|\bAddScript\b'
    }

    It '<name> writes by the engine''s own commands, which a session''s functions of those names cannot take' -ForEach $scripts {
        $commands = (Get-Node $path ([System.Management.Automation.Language.CommandAst])) | ForEach-Object { $_.GetCommandName() }
        # Private functions of such names are the module's, whatever the session has.
        $commands | Where-Object { $_ -like 'Write-*' -and $_ -notin 'Write-RequestDebug', 'Write-ResultVerbose', 'Write-UnknownKey', 'Write-AnswerWarning', 'Write-StreamWarning', 'Write-StopWarning', 'Write-Outcome' } | Should -BeNullOrEmpty
    }

    It '<name> calls no public function' -ForEach $scripts {
        $public = (Import-PowerShellDataFile "$ModulePath/PSSailpointCC.psd1").FunctionsToExport
        $commands = (Get-Node $path ([System.Management.Automation.Language.CommandAst])) | ForEach-Object { $_.GetCommandName() }
        $commands | Where-Object { $_ -in $public } | Should -BeNullOrEmpty
    }

    It '<name> is native code''s only caller, or calls none' -ForEach $scripts {
        $text = [System.IO.File]::ReadAllText($path)
        if ($name -notmatch '(Native|Operation|Desktop|Library)\.ps1$|^(Private|Late)\.ps1$|\.psm1$') { $text | Should -Not -Match 'DllImport|DefinePInvokeMethod|System\.Reflection|Runtime\.InteropServices\.Marshal' }
    }

    It 'defines no function twice' {
        $names = foreach ($file in Get-ChildItem -LiteralPath $ModulePath -Recurse -File | Where-Object Extension -in '.ps1', '.psm1') {
            foreach ($function in Get-Node $file.FullName ([System.Management.Automation.Language.FunctionDefinitionAst])) {
                # What stands in for a function that is read later; and for the command where nothing is allowed.
                if ($function.Extent.Text -notmatch '\{ Import-LateFunction; |\$Rest') { $function.Name -replace '^script:' }
            }
        }
        $names.Count | Should -BeGreaterThan 50
        $names | Group-Object | Where-Object Count -GT 1 | Should -BeNullOrEmpty
    }

    It 'reads a function of the folder Late when it is called, wherever that is' {
        if (-not (Test-Path "$ModulePath/Late")) { return }
        $isFunction = [System.Management.Automation.Language.FunctionDefinitionAst]
        $late = @(foreach ($file in Get-ChildItem "$ModulePath/Late") { foreach ($function in Get-Node $file.FullName $isFunction) { $function.Name -replace '^script:' } })
        $late.Count | Should -BeGreaterThan 50
        $called = foreach ($file in Get-ChildItem "$ModulePath/Private", "$ModulePath/Public") {
            if ($file.Name -ne 'Late.ps1') { foreach ($command in Get-Node $file.FullName ([System.Management.Automation.Language.CommandAst])) { if ($command.GetCommandName() -in $late) { $command.GetCommandName() } } }
        }
        $expected = foreach ($name in $called | Sort-Object -Unique) { "function script:$name { Import-LateFunction; $name @args }" }
        $written = @(foreach ($function in Get-Node "$ModulePath/Private/Late.ps1" $isFunction) { $function.Extent.Text })
        [System.IO.File]::ReadAllText("$ModulePath/Private/Late.ps1") | Should -Match '(?m)^\$script:IsLateRead = \$false\r?$'
        $written | Should -Be @($expected)
    }

    It 'uses no variable of the folder Late before that is read' {
        if (-not (Test-Path "$ModulePath/Late")) { return }
        $variables = { param($file, $pattern) foreach ($match in [regex]::Matches([System.IO.File]::ReadAllText($file.FullName), $pattern)) { $match.Groups[1].Value } }
        $late = foreach ($file in Get-ChildItem "$ModulePath/Late") { & $variables $file '(?m)^\$script:(\w+) =' }
        $late.Count | Should -BeGreaterThan 5
        foreach ($file in Get-ChildItem "$ModulePath/Private", "$ModulePath/Public") {
            # These two read it first.
            if ($file.Name -notin 'Get-CCTask.ps1', 'Wait-CCTask.ps1') { & $variables $file '\$script:(\w+)' | Where-Object { $_ -in $late } | Should -BeNullOrEmpty -Because $file.Name }
        }
    }

    It 'has at most 150 lines in Invoke-CCRefreshIdentities besides help and parameters' {
        $path = "$ModulePath/Public/Invoke-CCRefreshIdentities.ps1"
        if (-not (Test-Path $path)) { return }
        $function = @(Get-Node $path ([System.Management.Automation.Language.FunctionDefinitionAst]))[0]
        $lines = { param($extent) $extent.EndLineNumber - $extent.StartLineNumber + 1 }
        $code = foreach ($block in $function.Body.BeginBlock, $function.Body.ProcessBlock, $function.Body.EndBlock) { & $lines $block.Extent }
        ($code | Measure-Object -Sum).Sum | Should -BeLessOrEqual 150
    }

    It 'has each public function in a file of its name, and takes the caller''s preferences first' {
        $folder = "$ModulePath/Public"
        if (-not (Test-Path $folder)) { return }
        foreach ($file in Get-ChildItem $folder -Filter *.ps1) {
            $functions = @(Get-Node $file.FullName ([System.Management.Automation.Language.FunctionDefinitionAst]))
            $functions.Count | Should -Be 1
            $functions[0].Name | Should -Be $file.BaseName
            $body = $functions[0].Body
            $block = @($body.BeginBlock, $body.ProcessBlock, $body.EndBlock | Where-Object { $_ })[0]
            if ($file.BaseName -ne 'Invoke-CCRefreshIdentities') {
                $block.Statements[0].Extent.Text | Should -BeExactly '. $script:UseCallerPreference' -Because $file.Name
                continue
            }
            # Written out there, for speed.
            $written = Get-Node "$ModulePath/Private/Preference.ps1" ([System.Management.Automation.Language.ScriptBlockExpressionAst])
            $expected = @($written[0].ScriptBlock.EndBlock.Statements.Extent.Text)
            $expected.Count | Should -BeGreaterThan 5
            for ($i = 0; $i -lt $expected.Count; $i++) { ($block.Statements[$i].Extent.Text -replace '\s+', ' ') | Should -BeExactly ($expected[$i] -replace '\s+', ' ') }
        }
    }
}
