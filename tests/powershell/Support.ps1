# Dot-sourced in BeforeAll by every test file. It runs on Windows PowerShell 5.1 too, as all code of the tests does
# (Portable.Tests.ps1).

$ModulePath = $env:PSSAILPOINTCC_MODULE
if (-not $ModulePath) { $ModulePath = [System.IO.Path]::GetFullPath((Join-Path $PSScriptRoot '../../powershell/PSSailpointCC')) }
$Pwsh = (Get-Process -Id $PID).Path
$OnWindows = [System.Environment]::OSVersion.Platform -eq 'Win32NT'
$OnLinux = -not $OnWindows -and (Test-Path -LiteralPath /proc/version)
# Whether the module is in its branch for Windows PowerShell: there, and where Run.ps1 -Desktop has put it there.
$Desktop = $PSVersionTable.PSEdition -ne 'Core' -or $env:PSSAILPOINTCC_DESKTOP
# The variable that names the home directory.
$HomeVariable = if ($OnWindows) { 'USERPROFILE' } else { 'HOME' }

# The status that /cc answers since its retirement (Run.ps1 -Retired), for tests that are true there too.
$Retired = $env:PSSAILPOINTCC_RETIRED
# Of a refresh that was accepted: the successor does it later.
$AcceptedStatus = if ($Retired) { 202 } else { 200 }

# A tenant of its own for each file that needs one; it ends with this process at the latest.
function Start-Sandbox([string[]] $Argument = @()) {
    if ($Retired -and $Argument -notcontains '--retired') { $Argument += '--retired', $Retired }
    $start = New-StartInfo $env:PSSAILPOINTCC_SANDBOX (@('--rate-limit', '0') + $Argument)
    $start.StandardOutputEncoding = [System.Text.UTF8Encoding]::new($false)
    $process = [System.Diagnostics.Process]::Start($start)
    $line = $process.StandardOutput.ReadLine()
    if ($line -notmatch '^listening on (https?://\S+)') { throw "The sandbox says: $line" }
    $sandbox = @{ Url = $Matches[1]; Process = $process; CaFile = $null }
    $line = $process.StandardOutput.ReadLine()
    if ($Argument -contains '--https') {
        $line = $process.StandardOutput.ReadLine()
        if ($line -notmatch '^certificate authority (.+)$') { throw "The sandbox says: $line" }
        $sandbox.CaFile = $Matches[1]
    }
    # Nobody reads on, and a full pipe would stop it.
    $null = $process.StandardOutput.ReadToEndAsync()
    $sandbox
}

function Stop-Sandbox($Sandbox) {
    if ($Sandbox) {
        $Sandbox.Process.Kill()
        $Sandbox.Process.WaitForExit()
    }
}

# The answer's bytes, not its Content: Windows PowerShell takes UTF-8 for Latin-1 there.
function Get-SandboxText($Sandbox, [string] $Method, [string] $Path, [string] $Body) {
    $parameters = @{ Uri = $Sandbox.Url + $Path; Method = $Method; UseBasicParsing = $true }
    if ($PSVersionTable.PSEdition -eq 'Core') { $parameters.NoProxy = $true }
    if ($Body) { $parameters.Body = [System.Text.Encoding]::UTF8.GetBytes($Body) }
    $ProgressPreference = 'SilentlyContinue'
    [System.Text.Encoding]::UTF8.GetString((Invoke-WebRequest @parameters).RawContentStream.ToArray())
}

function Invoke-Sandbox($Sandbox, [string] $Method, [string] $Path, [string] $Body) {
    $text = Get-SandboxText $Sandbox $Method $Path $Body
    if (-not $text) { return }
    # Windows PowerShell gives a list as one object; so it is enumerated.
    $answer = ConvertFrom-Json -InputObject $text
    $answer
}

function Clear-Sandbox($Sandbox) {
    $null = Invoke-Sandbox $Sandbox DELETE '/sandbox/log'
    $null = Invoke-Sandbox $Sandbox DELETE '/sandbox/faults'
}

# What is to hit the refresh hits it by whichever endpoint it goes.
function Add-Fault($Sandbox, [hashtable] $Fault) {
    if ($Retired -and $Fault.on -eq 'refresh') { $Fault.on = 'process' }
    $null = Invoke-Sandbox $Sandbox POST '/sandbox/faults' ($Fault | ConvertTo-Json -Compress)
}

# What really arrived.
function Get-Arrival($Sandbox, [string] $Endpoint) {
    foreach ($arrival in Invoke-Sandbox $Sandbox GET '/sandbox/log') {
        if (-not $Endpoint -or $arrival.endpoint -eq $Endpoint) { $arrival }
    }
}

# What was to refresh people, by whichever endpoint. That /cc is asked first where it is no more refreshes nobody.
function Get-Refresh($Sandbox) {
    foreach ($arrival in Get-Arrival $Sandbox) {
        if ($arrival.endpoint -in 'process', 'synchronize' -or ($arrival.endpoint -eq 'refresh' -and -not $Retired)) { $arrival }
    }
}

# How often each person was refreshed, by user name; those who were. Names that differ by case are two.
function Get-RefreshCount($Sandbox) {
    $text = Get-SandboxText $Sandbox GET '/sandbox/refreshes'
    $counts = [System.Collections.Generic.Dictionary[string, int]]::new()
    foreach ($match in [regex]::Matches($text, '"((?:[^"\\]|\\.)*)":(\d+)')) { $counts[(ConvertFrom-Json ('"' + $match.Groups[1].Value + '"'))] = [int] $match.Groups[2].Value }
    $counts
}

# Everybody of these once, and nobody else.
function Assert-EverybodyOnce($Sandbox, [string[]] $Name) {
    $counts = Get-RefreshCount $Sandbox
    @($Name | Where-Object { -not $counts.ContainsKey($_) }) | Should -BeNullOrEmpty -Because 'nobody is left out'
    @($counts.GetEnumerator() | Where-Object Value -NE 1) | Should -BeNullOrEmpty -Because 'nobody is sent twice'
    $counts.psbase.Count | Should -Be $Name.Count
}

function Get-ArrivalHeader($Arrival, [string] $Name) {
    foreach ($header in $Arrival.headers) { if ($header[0] -eq $Name) { $header[1] } }
}

# A copy of the module that takes any PowerShell for Windows PowerShell 5.1. Elsewhere than on Windows, C's strlen takes
# the place of the one function of Windows that is called there.
function New-DesktopModule {
    $copy = Join-Path ([System.IO.Path]::GetTempPath()) ('pssailpointcc-{0}/PSSailpointCC' -f [guid]::NewGuid())
    $null = New-Item -ItemType Directory -Path (Split-Path $copy)
    Copy-Item -LiteralPath $ModulePath -Destination $copy -Recurse
    $replacements = @{
        '$script:IsCore = $PSVersionTable.PSEdition -eq ''Core''' = '$script:IsCore = $false'
        # A process may have loaded the module itself too.
        '''PSSailpointCC {0} {1} {2}'''                           = '''PSSailpointCC 5.1 {0} {1} {2}'''
    }
    if (-not $OnWindows) {
        $replacements['''kernel32.dll'' @([int], ''lstrlenA'','] = '''libc'' @([int], ''strlen'','
        $replacements['::lstrlenA('] = '::strlen('
        $replacements['[$env:PROCESSOR_ARCHITECTURE]'] = '[''AMD64'']'
    }
    foreach ($file in Get-ChildItem -LiteralPath $copy -Recurse -File | Where-Object Extension -In '.ps1', '.psm1') {
        $text = $before = [System.IO.File]::ReadAllText($file.FullName)
        foreach ($old in @($replacements.Keys)) {
            if (-not $text.Contains($old)) { continue }
            $text = $text.Replace($old, $replacements[$old])
            $replacements.Remove($old)
        }
        if ($text -cne $before) { [System.IO.File]::WriteAllText($file.FullName, $text) }
    }
    if ($replacements.Count -gt 0) { throw "The module has no longer: $($replacements.Keys -join ', ')" }
    $copy
}

function Remove-DesktopModule([string] $Copy) { Remove-Item -LiteralPath (Split-Path $Copy) -Recurse -Force -ErrorAction Ignore }

# Everything that process does, so that nothing is left for its warning.
$AllArguments = @{ correlateEntitlements = $true; promoteAttributes = $true; refreshManagerStatus = $true; provision = $true }

# The configuration as after import, with this tenant and a token for it.
function Reset-Session($Sandbox) {
    Import-Module $ModulePath -Force
    # The service's limit of 100 in 10 s is kept on this side too, and a sandbox without one need not wait for it.
    if ($Sandbox) { Set-Configuration -BaseUrl $Sandbox.Url -AccessToken sandbox-token -RateLimit @{ requests = 10000; seconds = 0.1 } }
    # What an administrator sets whose scripts hold the documented arguments.
    if ($Retired) { Set-Configuration -AllowBroader $true }
}

# How a program is started, its output read by this process. The arguments are quoted as the runtimes of .NET and of C
# read them.
function New-StartInfo([string] $Program, [string[]] $Argument) {
    $quoted = foreach ($item in $Argument) { '"' + ($item -replace '(\\*)"', '$1$1\"' -replace '(\\+)$', '$1$1') + '"' }
    $start = [System.Diagnostics.ProcessStartInfo]::new($Program, $quoted -join ' ')
    # .NET Framework's default is $true.
    $start.UseShellExecute = $false
    $start.RedirectStandardOutput = $true
    $start
}

# What a session of its own prints on all streams, and how it ends. The script's text reaches neither command line nor
# transcript.
function Invoke-Session([string] $Script, [hashtable] $Environment = @{}, [string] $Directory) {
    $file = Join-Path ([System.IO.Path]::GetTempPath()) ('pssailpointcc-{0}.ps1' -f [guid]::NewGuid())
    # A console of Windows has a code page of its own. In front of the first line, so that lines keep their numbers.
    $console = if ($OnWindows) { '[Console]::OutputEncoding = [System.Text.UTF8Encoding]::new($false); ' }
    [System.IO.File]::WriteAllText($file, $console + $Script, [System.Text.UTF8Encoding]::new($true))
    try {
        $start = New-StartInfo $Pwsh @('-NoProfile', '-NonInteractive', '-ExecutionPolicy', 'Bypass', '-File', $file)
        $start.RedirectStandardError = $true
        $start.RedirectStandardInput = $true
        $start.StandardOutputEncoding = $start.StandardErrorEncoding = [System.Text.UTF8Encoding]::new($false)
        if ($Directory) { $start.WorkingDirectory = $Directory }
        $start.Environment['NO_COLOR'] = '1'
        $start.Environment['TEST_MODULE'] = $ModulePath
        foreach ($name in $Environment.Keys) {
            if ($null -eq $Environment[$name]) { $null = $start.Environment.Remove($name) } else { $start.Environment[$name] = $Environment[$name] }
        }
        $process = [System.Diagnostics.Process]::Start($start)
        $process.StandardInput.Close()
        $errors = $process.StandardError.ReadToEndAsync()
        $output = $process.StandardOutput.ReadToEnd()
        $process.WaitForExit()
        @{ Output = $output; Error = $errors.Result; All = $output + $errors.Result; ExitCode = $process.ExitCode }
    } finally {
        Remove-Item -LiteralPath $file
    }
}

# The library that the module loads.
function Get-LibraryPath {
    Import-Module $ModulePath
    & (Get-Module PSSailpointCC) { Import-PrivateFunction; Find-NativeLibrary }
}

# The message that a prompt would show is wrapped; joined again, it can be compared.
function Join-Line([string] $Text) { $Text -replace '\r?\n\s*\|?\s*', ' ' }

# The texts of a table of tests/data: of those with indented lines, what stands before them.
function Read-FilterTable([string] $Name) {
    $path = Join-Path $PSScriptRoot "../data/$Name"
    foreach ($line in [System.IO.File]::ReadAllLines($path)) {
        if ($line -eq '' -or $line.StartsWith('# ')) { continue }
        if ($Name -eq 'filters-accepted.txt') {
            if (-not $line.StartsWith('#')) { $line }
        } elseif (-not $line.StartsWith('  ')) {
            [regex]::Replace($line, '<(?:(empty)|(NL)|(TAB)|(SP)|U\+([0-9A-F]+)|([^>]*)\*(\d+))>', {
                    param($match)
                    $group = $match.Groups
                    if ($group[1].Success) { '' } elseif ($group[2].Success) { "`n" } elseif ($group[3].Success) { "`t" } elseif ($group[4].Success) { ' ' }
                    elseif ($group[5].Success) { [char]::ConvertFromUtf32([Convert]::ToInt32($group[5].Value, 16)) }
                    else { $group[6].Value * [int] $group[7].Value }
                })
        }
    }
}
