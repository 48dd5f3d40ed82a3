# The tests run on Windows PowerShell 5.1 too: their own code uses nothing that only a later one has.
BeforeDiscovery {
    . "$PSScriptRoot/Support.ps1"
    $files = Get-ChildItem -LiteralPath $PSScriptRoot -Filter *.ps1 | ForEach-Object { @{ Name = $_.Name; Path = $_.FullName } }
}

Describe 'The code of <name>' -ForEach $files {
    BeforeAll {
        # The text's own tree, and those of the texts in it that sessions run. What is not to be used is named here and in
        # Source.Tests.ps1.
        function Get-Tree([string] $Text) {
            $tokens = $errors = $null
            $tree = [System.Management.Automation.Language.Parser]::ParseInput($Text, [ref] $tokens, [ref] $errors)
            if ($errors.Count -gt 0) { return }
            @{ Tree = $tree; Tokens = $tokens }
            if ($name -in 'Portable.Tests.ps1', 'Source.Tests.ps1') { return }
            foreach ($token in $tokens) {
                if ($token -is [System.Management.Automation.Language.StringToken] -and "$($token.Kind)" -ne 'Generic' -and $token.Value -match '\w-\w.*\s|\$\w') { Get-Tree $token.Value }
            }
        }

        function Get-Node([type[]] $Type) {
            foreach ($tree in $trees) { $tree.Tree.FindAll({ foreach ($one in $Type) { if ($args[0] -is $one) { return $true } } }, $true) }
        }

        # What is inside of a condition that asks for the edition may be the edition's own.
        function Test-Guarded($Node) {
            for ($parent = $Node.Parent; $null -ne $parent; $parent = $parent.Parent) {
                if ($parent -is [System.Management.Automation.Language.IfStatementAst] -and $parent.Clauses[0].Item1.Extent.Text -match 'PSEdition|\$Desktop') { return $true }
            }
            $false
        }

        $text = [System.IO.File]::ReadAllText($path)
        $trees = @(Get-Tree $text)
    }

    It 'is ASCII, since a file without a mark is in the system''s code page' {
        $text | Should -Not -Match '[^\x20-\x7E\r\n]'
    }

    It 'has no syntax of PowerShell 7' {
        $trees.Count | Should -BeGreaterThan 0
        $kinds = @('QuestionQuestion', 'QuestionQuestionEquals', 'QuestionDot', 'QuestionLBracket', 'QuestionMark', 'AndAnd', 'OrOr')
        $trees.Tokens | Where-Object { "$($_.Kind)" -in $kinds } | Should -BeNullOrEmpty
        foreach ($block in Get-Node ([System.Management.Automation.Language.ScriptBlockAst])) { if ($block.PSObject.Properties['CleanBlock']) { $block.CleanBlock | Should -BeNullOrEmpty } }
        foreach ($line in Get-Node ([System.Management.Automation.Language.PipelineAst])) { if ($line.PSObject.Properties['Background']) { $line.Background | Should -BeFalse } }
    }

    It 'calls commands, with parameters and values, that Windows PowerShell has' {
        $commands = @('ConvertFrom-Markdown', 'ConvertTo-CliXml', 'Get-Error', 'Get-SecureRandom', 'Get-Uptime', 'Join-String', 'Remove-Alias', 'Start-ThreadJob', 'Test-Json')
        $parameters = @(
            'AdditionalChildPath', 'AllowUnencryptedAuthentication', 'AsArray', 'AsByteStream', 'AsHashtable', 'AsUTC', 'Authentication', 'Bottom', 'CustomMethod', 'EnumsAsStrings'
            'EscapeHandling', 'Form', 'HttpVersion', 'IgnoreWhitespace', 'LeafBase', 'NoEmphasis', 'NoEnumerate', 'NoProxy', 'Parallel', 'PreserveAuthorizationOnRedirect', 'ProgressAction'
            'ResponseHeadersVariable', 'Resume', 'SkipCertificateCheck', 'SkipEditionCheck', 'SkipHeaderValidation', 'SkipHttpErrorCheck', 'SkipIndex', 'StatusCodeVariable'
            'ThrottleLimit', 'Top', 'UnixTimeSeconds', 'UseMinimalHeader'
        )
        foreach ($command in Get-Node ([System.Management.Automation.Language.CommandAst])) {
            $called = $command.GetCommandName()
            # The module's own parameters have some of these names.
            if ($called -match '^\w+-CC|^Set-Configuration$' -or (Test-Guarded $command)) { continue }
            $called | Should -Not -BeIn $commands
            $named = @($command.CommandElements | Where-Object { $_ -is [System.Management.Automation.Language.CommandParameterAst] } | ForEach-Object { $_.ParameterName })
            $named | Where-Object { $_ -in $parameters } | Should -BeNullOrEmpty -Because $command.Extent.Text
            $command.Extent.Text | Should -Not -Match '-Encoding\s+(ansi|bigendianutf32|utf8BOM|utf8NoBOM)'
            if ($called -eq 'ConvertFrom-Json') { $named | Should -Not -Contain 'Depth' }
            if ($called -eq 'Join-Path') { $command.CommandElements.Count - $named.Count | Should -BeLessOrEqual 3 -Because $command.Extent.Text }
        }
        # Splatted, a parameter is a key or a member.
        $parameters | Where-Object { $text -match "@\{[^}]*\b$_\s*=" } | Should -BeNullOrEmpty
        foreach ($assignment in Get-Node ([System.Management.Automation.Language.AssignmentStatementAst])) {
            if ($assignment.Left.Extent.Text -match '^\$parameters\.(\w+)$' -and -not (Test-Guarded $assignment)) { $Matches[1] | Should -Not -BeIn $parameters }
        }
    }

    It 'uses variables, types and members that Windows PowerShell and .NET Framework have' {
        $variables = 'EnabledExperimentalFeatures', 'IsCoreCLR', 'IsLinux', 'IsMacOS', 'IsWindows', 'PSNativeCommandArgumentPassing', 'PSNativeCommandUseErrorActionPreference', 'PSStyle'
        Get-Node ([System.Management.Automation.Language.VariableExpressionAst]) | Where-Object { $_.VariablePath.UserPath -in $variables } | Should -BeNullOrEmpty

        $newer = '^(System\.)?(HashCode|Half|Index|MathF|Range|IO\.Pipelines\..*|Net\.Http\..*|Runtime\.InteropServices\.NativeLibrary|Runtime\.Loader\..*|Text\.Json\..*|Threading\.Channels\..*)$|SemanticVersion$|^semver$|HttpResponseException$'
        foreach ($type in Get-Node ([System.Management.Automation.Language.TypeExpressionAst], [System.Management.Automation.Language.TypeConstraintAst])) {
            if ($type.TypeName.FullName -match $newer -and -not (Test-Guarded $type)) { $type.Parent.Extent.Text | Should -BeNullOrEmpty }
        }

        $newer = @(
            'ArgumentList', 'AsSpan', 'EndsInDirectorySeparator', 'FromHexString', 'GetRelativePath', 'HashData', 'IsPathFullyQualified', 'ProcessPath', 'PtrToStringUTF8', 'ReplaceLineEndings'
            'ResolveLinkTarget', 'SetUnixFileMode', 'StringToCoTaskMemUTF8', 'ToHexString', 'TrimEndingDirectorySeparator', 'TryAdd', 'WaitForExitAsync'
        )
        foreach ($member in Get-Node ([System.Management.Automation.Language.MemberExpressionAst])) {
            if (Test-Guarded $member) { continue }
            $called = $member.Member.Extent.Text
            $called | Should -Not -BeIn $newer -Because $member.Extent.Text
            # Overloads that came later.
            if ($called -eq 'Kill') { $member.Extent.Text | Should -Match '\.Kill\(\)$' }
            if ($called -in 'Contains', 'Replace') { $member.Extent.Text | Should -Not -Match 'StringComparison' }
        }
    }
}
