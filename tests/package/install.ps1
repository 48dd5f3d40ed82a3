<#
.SYNOPSIS
Installs the module from a .nupkg file in every way that an administrator can, and refreshes people of a sandbox tenant with
each installation. `cargo xtask package --try` and .ci/package run it. It needs no clone, and runs on every PowerShell.
#>
param(
    [Parameter(Mandatory)] [string] $Package,
    # Of a sandbox tenant.
    [Parameter(Mandatory)] [string] $Url,
    # An empty folder.
    [Parameter(Mandatory)] [string] $Folder
)

$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$engine = (Get-Process -Id $PID).Path
$version = [regex]::Match([System.IO.Path]::GetFileName($Package), '^PSSailpointCC\.(.+)\.nupkg$').Groups[1].Value
$script:passed = 0

function Test-That([string] $What, [scriptblock] $Test) {
    & $Test
    $script:passed++
    "  ok: $What"
}

# Expand-Archive takes only what is called .zip.
function Expand-Module([string] $To) {
    $zip = Join-Path $Folder 'package.zip'
    Copy-Item -LiteralPath $Package -Destination $zip -Force
    Expand-Archive -LiteralPath $zip -DestinationPath $To
}

# Another folder, or another version too. By .NET, because Expand-Archive and Copy-Item fail in folders with brackets.
function Copy-Module([string] $From, [string] $To, [string] $Version) {
    foreach ($file in Get-ChildItem -LiteralPath $From -Recurse -File) {
        $copy = $To + $file.FullName.Substring($From.Length)
        $null = [System.IO.Directory]::CreateDirectory([System.IO.Path]::GetDirectoryName($copy))
        [System.IO.File]::Copy($file.FullName, $copy)
    }
    if (-not $Version) { return }
    $manifest = Join-Path $To 'PSSailpointCC.psd1'
    [System.IO.File]::WriteAllText($manifest, ([System.IO.File]::ReadAllText($manifest) -replace "(?m)^(\s*ModuleVersion\s*=\s*')[^']*", ('${1}' + $Version)))
}

# The README's first refresh, in a session of its own; what it prints.
function Invoke-Session([string] $Script, [string] $ModulePath) {
    $file = Join-Path $Folder 'session.ps1'
    # With a BOM, without which Windows PowerShell would read the code page.
    [System.IO.File]::WriteAllText($file, "`$ErrorActionPreference = 'Stop'`n" + $Script, [System.Text.UTF8Encoding]::new($true))
    $before = $env:PSModulePath
    try {
        if ($ModulePath) { $env:PSModulePath = $ModulePath + [System.IO.Path]::PathSeparator + $before }
        $output = & $engine -NoProfile -NonInteractive -File $file 2>&1 | Out-String
    } finally {
        $env:PSModulePath = $before
    }
    if ($LASTEXITCODE -ne 0) { throw "A session has failed:`n$Script`n$output" }
    $output
}

$refresh = @"
Set-Configuration -BaseUrl '$Url' -AccessToken sandbox-token
`$RefreshArgs = Initialize-RefreshIdentitiesRequestRefreshArgs -PromoteAttributes `$true
`$Request = Initialize-RefreshIdentitiesRequest -VarFilter 'uid == "amelie.roux"' -RefreshArgs `$RefreshArgs
`$null = Invoke-CCRefreshIdentities -RefreshIdentitiesRequest `$Request
`$result = Invoke-CCRefreshIdentities -Identity john.smith -RefreshArgs @{ promoteAttributes = `$true }
'refreshed {0} by {1}' -f (`$result.Identities -join ','), (& (Get-Module PSSailpointCC | Select-Object -Last 1) { `$script:NativePath })
"@

function Confirm-Refresh([string] $Output, [string] $From) {
    if (-not $Output.Contains('refreshed john.smith by ')) { throw "Nobody was refreshed: $Output" }
    # The console may not have every character of a path.
    $ascii = { param($text) ($text -replace '[^ -~]|\?', '').Replace('\', '/') }
    if (-not (& $ascii $Output).Contains((& $ascii $From))) { throw "Another library was used than that of ${From}: $Output" }
}

"Installing PSSailpointCC $version on PowerShell $($PSVersionTable.PSVersion)"

$modules = Join-Path $Folder 'Modules'
$installed = [System.IO.Path]::GetFullPath((Join-Path $modules "PSSailpointCC/$version"))
Test-That 'Expand-Archive into a folder of PSModulePath; the module is found by its name' {
    Expand-Module $installed
    Confirm-Refresh (Invoke-Session "Import-Module PSSailpointCC`n$refresh" $modules) $installed
}

Test-That 'a command loads the module; the manifest has what a gallery shows' {
    $output = Invoke-Session @'
$null = Get-Configuration
$module = Get-Module PSSailpointCC
foreach ($member in 'ProjectUri', 'LicenseUri', 'ReleaseNotes', 'Description', 'Author') { if (-not "$($module.$member)") { throw "The manifest has no $member." } }
if ($module.CompatiblePSEditions -notcontains 'Desktop') { throw 'The manifest does not say which editions it is for.' }
foreach ($command in Get-Command -Module PSSailpointCC) {
    if ($command.HelpUri -notmatch '^https://.+\.ps1$') { throw "$command has no HelpUri, but '$($command.HelpUri)'." }
    if (-not (Get-Help $command.Name).Synopsis) { throw "$command has no help." }
}
if (-not (Get-Help about_PSSailpointCC)) { throw 'The about topic is not there.' }
'shown'
'@ $modules
    if (-not $output.Contains('shown')) { throw $output }
}

$names = @{ 'brackets and spaces' = 'with [brackets] and (spaces)'; 'Chinese characters' = -join [char[]] (0x4EBA, 0x4E8B, 0x90E8) }
foreach ($name in $names.Keys) {
    Test-That "a folder with $name" {
        $there = Join-Path $Folder ($names[$name] + '/PSSailpointCC')
        Copy-Module $installed $there
        Confirm-Refresh (Invoke-Session "Import-Module -Name '$([System.Management.Automation.WildcardPattern]::Escape($there))/PSSailpointCC.psd1'`n$refresh") $there
    }
}

Test-That 'a folder that nobody may write' {
    $there = Join-Path $Folder 'read-only/PSSailpointCC'
    Expand-Module $there
    foreach ($item in Get-ChildItem -LiteralPath $there -Recurse -File) { $item.IsReadOnly = $true }
    Confirm-Refresh (Invoke-Session "Import-Module '$there/PSSailpointCC.psd1'`n$refresh") $there
    foreach ($item in Get-ChildItem -LiteralPath $there -Recurse -File) { $item.IsReadOnly = $false }
}

$newer = Join-Path $modules 'PSSailpointCC/99.0.0'
Test-That 'two versions side by side, each with its own library' {
    Copy-Module $installed $newer '99.0.0'
    Confirm-Refresh (Invoke-Session "Import-Module PSSailpointCC -RequiredVersion $version`n$refresh" $modules) $installed
    Confirm-Refresh (Invoke-Session "Import-Module PSSailpointCC`n$refresh" $modules) $newer
}

Test-That 'an upgrade while a session is open: it goes on, and takes the new version by Import-Module -Force' {
    Remove-Item -LiteralPath $newer -Recurse
    $output = Invoke-Session @"
Import-Module PSSailpointCC
$refresh
# What another session does meanwhile.
Copy-Item -LiteralPath '$installed' -Destination '$newer' -Recurse
`$manifest = '$newer/PSSailpointCC.psd1'
[System.IO.File]::WriteAllText(`$manifest, ([System.IO.File]::ReadAllText(`$manifest) -replace "(?m)^(\s*ModuleVersion\s*=\s*')[^']*", '`${1}99.0.0'))
$refresh
Remove-Module PSSailpointCC
Import-Module PSSailpointCC -Force
if ((Get-Module PSSailpointCC).Version -ne '99.0.0') { throw "Still version `$((Get-Module PSSailpointCC).Version)." }
$refresh
"@ $modules
    Confirm-Refresh $output $installed
    Confirm-Refresh $output $newer
}

if (Get-Command Save-PSResource -ErrorAction SilentlyContinue) {
    Test-That 'Install-PSResource from a folder with the file' {
        $source = Split-Path -Parent $Package
        Register-PSResourceRepository -Name PSSailpointCCTest -Uri $source -Trusted
        try {
            Save-PSResource -Name PSSailpointCC -Repository PSSailpointCCTest -Path (Join-Path $Folder 'saved') -TrustRepository
        } finally {
            Unregister-PSResourceRepository -Name PSSailpointCCTest
        }
        $there = Join-Path $Folder "saved/PSSailpointCC/$version"
        Confirm-Refresh (Invoke-Session "Import-Module '$there/PSSailpointCC.psd1'`n$refresh") $there
    }
} else {
    '  NOT RUN: Install-PSResource. It needs the module Microsoft.PowerShell.PSResourceGet.'
}
"$script:passed passed, 0 failed"
