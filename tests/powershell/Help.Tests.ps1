BeforeDiscovery {
    . "$PSScriptRoot/Support.ps1"
    Import-Module $ModulePath -Force
    $commands = (Get-Module PSSailpointCC).ExportedFunctions.Keys | ForEach-Object { @{ Name = $_ } }
}

Describe 'The help' {
    BeforeAll {
        . "$PSScriptRoot/Support.ps1"
        Import-Module $ModulePath -Force
    }

    Context 'of <name>' -ForEach $commands {
        BeforeAll {
            $help = Get-Help $name -Full
        }

        It 'has a synopsis of its own' {
            $help.Synopsis | Should -Not -BeNullOrEmpty
            $help.Synopsis | Should -Not -Match ([regex]::Escape($name))
            $help.Synopsis | Should -Not -Match "`n"
        }

        It 'has a description' {
            ($help.description | Out-String).Trim().Length | Should -BeGreaterThan 40
        }

        It 'describes every parameter' {
            $common = [System.Management.Automation.PSCmdlet]::CommonParameters + [System.Management.Automation.PSCmdlet]::OptionalCommonParameters
            foreach ($parameter in (Get-Command $name).Parameters.Keys) {
                if ($parameter -in $common) { continue }
                $described = $help.parameters.parameter | Where-Object { $_.Name -eq $parameter }
                ($described.description | Out-String).Trim() | Should -Not -BeNullOrEmpty -Because "-$parameter is a parameter"
            }
        }

        It 'describes no parameter that is not there' {
            $help = (Get-Command $name).ScriptBlock.Ast.Body.ParamBlock.Parent.Parent.GetHelpContent()
            foreach ($parameter in $help.Parameters.Keys) { (Get-Command $name).Parameters.Keys | Should -Contain $parameter }
        }

        It 'says what comes out' {
            ($help.returnValues | Out-String).Trim() | Should -Not -BeNullOrEmpty
        }
    }

    It 'has an article about the module' {
        $article = Get-Content "$ModulePath/en-US/about_PSSailpointCC.help.txt" -Raw
        $article | Should -Match '(?m)^TOPIC\r?\n\s+about_PSSailpointCC'
        $article | Should -Match '(?m)^SHORT DESCRIPTION'
    }
}

Describe 'The examples of the help' {
    BeforeAll {
        . "$PSScriptRoot/Support.ps1"
        $sandbox = Start-Sandbox
        Reset-Session $sandbox
    }
    AfterAll { Stop-Sandbox $sandbox }

    It 'of <name> run' -ForEach $commands {
        Reset-Session $sandbox
        $help = (Get-Command $name).ScriptBlock.Ast.Body.ParamBlock.Parent.Parent.GetHelpContent()
        $help.Examples.Count | Should -BeGreaterThan 0
        foreach ($example in $help.Examples) {
            # A blank line parts the code from what is said about it. The tenant and its token are ours.
            $code = ($example -split '\r?\n\s*\r?\n')[0]
            $code = $code.Replace('https://acme.api.identitynow.com', $sandbox.Url).Replace('YOUR_ACCESS_TOKEN', 'sandbox-token')
            # There is no full refresh by the successor.
            if ($Retired -and $code -match ' -All ') { continue }
            $example.Trim() | Should -Not -BeExactly $code.Trim() -Because 'an example says what it does'
            Set-Content -LiteralPath "$TestDrive/people.csv" -Value 'uid', 'amelie.roux'
            Push-Location -LiteralPath $TestDrive
            try { { & ([scriptblock]::Create($code)) 6> $null } | Should -Not -Throw -Because $code } finally { Pop-Location }
        }
        foreach ($refresh in Get-Refresh $sandbox) { $refresh.refreshed.names | Should -Be 'amelie.roux' }
    }
}
