# The tests' own tenant, as far as it is started from PowerShell.
Describe 'The sandbox' {
    BeforeAll {
        . "$PSScriptRoot/Support.ps1"
    }

    It 'ends with the program that has started it, and not with its standard input' {
        # A session whose standard input is at its end, which the sandbox inherits.
        $script = Join-Path $TestDrive 'starts.ps1'
        Set-Content -LiteralPath $script -Value @"
. '$PSScriptRoot/Support.ps1'
`$sandbox = Start-Sandbox
Start-Sleep -Seconds 1
"people: `$(@(Invoke-Sandbox `$sandbox GET '/sandbox/identities').Count)"
"pid: `$(`$sandbox.Process.Id)"
"@
        $start = New-StartInfo $Pwsh @('-NoProfile', '-NonInteractive', '-ExecutionPolicy', 'Bypass', '-File', $script)
        $start.RedirectStandardInput = $true
        $session = [System.Diagnostics.Process]::Start($start)
        $session.StandardInput.Close()
        $session.StandardOutput.ReadLine() | Should -Be 'people: 100'
        $id = [int] ($session.StandardOutput.ReadLine() -replace '^pid: ')
        try {
            $session.WaitForExit()
            # It ends within a minute, or never.
            $until = [datetime]::UtcNow.AddSeconds(60)
            while ((Get-Process -Id $id -ErrorAction Ignore) -and [datetime]::UtcNow -lt $until) { Start-Sleep -Milliseconds 100 }
            Get-Process -Id $id -ErrorAction Ignore | Should -BeNullOrEmpty
        } finally {
            Stop-Process -Id $id -Force -ErrorAction Ignore
        }
    }
}
