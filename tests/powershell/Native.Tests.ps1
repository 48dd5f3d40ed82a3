Describe 'The native library' {
    BeforeAll {
        . "$PSScriptRoot/Support.ps1"
        $sandbox = Start-Sandbox
        $call = @'
Import-Module $env:TEST_MODULE
'imported'
"BaseUrl: $((Get-Configuration).BaseUrl)"
(Initialize-RefreshIdentitiesRequest -VarFilter 'x').filter
Set-Configuration -BaseUrl $env:TEST_URL -AccessToken sandbox-token
try { Invoke-CCRefreshIdentities -RefreshIdentitiesRequest @{ filter = 'uid == "amelie.roux"' } } catch {
    "id: $($_.FullyQualifiedErrorId)"
    "message: $($_.Exception.Message)"
    "hint: $($_.ErrorDetails.RecommendedAction)"
    "sent: $($_.Exception.Data['sent'])"
    "details: $(($_.ErrorDetails | ConvertFrom-Json).code)"
}
'@
    }
    AfterAll { Stop-Sandbox $sandbox }

    It 'that is missing is an error of the first call, not of the import, with its path and what to do' {
        $nowhere = [System.IO.Path]::GetFullPath((Join-Path $TestDrive 'nowhere/libpssailpointcc.so'))
        $session = Invoke-Session $call -Environment @{ TEST_URL = $sandbox.Url; PSSAILPOINTCC_LIBRARY = $nowhere }
        $session.Output | Should -Match '(?m)^imported'
        $session.Output | Should -Match '(?m)^BaseUrl: https://sailpoint\.api\.identitynow\.com'
        $session.Output | Should -Match '(?m)^x\r?$'
        $session.Output | Should -Match '(?m)^id: LibraryNotLoaded,Invoke-CCRefreshIdentities'
        $session.Output | Should -Match ('(?m)^message: .*' + [regex]::Escape($nowhere))
        $session.Output | Should -Match '(?m)^hint: .*PSSAILPOINTCC_LIBRARY'
        $session.Output | Should -Match '(?m)^sent: no'
        $session.Output | Should -Match '(?m)^details: library_not_loaded'
        $session.Error | Should -BeNullOrEmpty
    }

    It 'is looked for in the package, in a clone also where that is built, and each path is named' {
        # A copy of the module. What lies around it where a clone has its builds is not taken by an installed module.
        $copy = Join-Path $TestDrive 'a/b/PSSailpointCC'
        Copy-Item -LiteralPath $ModulePath -Destination $copy -Recurse
        $isInstalled = -not (Test-Path -LiteralPath "$copy/Private")
        if (Test-Path "$copy/bin") { Remove-Item "$copy/bin" -Recurse }
        if ($isInstalled) {
            $planted = New-Item -ItemType Directory -Path "$TestDrive/a/target/release"
            Copy-Item -LiteralPath (Get-LibraryPath) -Destination $planted.FullName
        }
        $session = Invoke-Session $call -Environment @{ TEST_URL = $sandbox.Url; PSSAILPOINTCC_LIBRARY = $null; TEST_MODULE = $copy }
        $paths = [regex]::Match($session.Output, '(?m)^message: .*$').Value
        $paths | Should -Match ([regex]::Escape([System.IO.Path]::GetFullPath("$copy/bin/")) + '(linux|win|osx)-(x64|arm64)')
        foreach ($folder in 'release', 'debug') {
            $paths.Contains([System.IO.Path]::GetFullPath("$TestDrive/a/target/$folder/")) | Should -Be (-not $isInstalled)
        }
        @($paths -split ', ').Count | Should -Be $(if ($isInstalled) { 1 } else { 3 })
        $session.Output | Should -Match '(?m)^hint: .*cargo build --release'
    }

    It 'of a package that was <what> after the import is not used by that session' -ForEach @(
        @{ What = 'removed'; Change = { Remove-Item -LiteralPath "$copy/Private.ps1" }; Says = 'Private\.ps1 is gone\. .*Start a new session' }
        @{ What = 'updated'; Change = { [System.IO.File]::WriteAllText("$copy/Private.ps1", ([System.IO.File]::ReadAllText("$copy/Private.ps1") -replace "(FileVersion = ')[^']+", '${1}9.9.9')) }; Says = 'is of version 9\.9\.9, and this session has version \d.*Start a new session' }
    ) {
        # A clone has a file for each function, and no version in them.
        if (-not (Test-Path -LiteralPath "$ModulePath/Private.ps1")) { return }
        $copy = Join-Path $TestDrive "$what/PSSailpointCC"
        Copy-Item -LiteralPath $ModulePath -Destination $copy -Recurse
        $shell = [powershell]::Create()
        try {
            $null = $shell.AddScript('param($module) Import-Module $module').AddArgument($copy).Invoke()
            & $change
            $shell.Commands.Clear()
            $null = $shell.AddScript("foreach (`$turn in 1, 2) { try { Invoke-CCRefreshIdentities -Identity amelie.roux } catch { `"`$_`" } }")
            $answers = @($shell.Invoke())
            $answers.Count | Should -Be 2
            $answers | ForEach-Object { $_ | Should -Match $says; $_ | Should -Match 'Nothing was sent by this call' }
        } finally { $shell.Dispose() }
    }

    It 'is called in a session that has run no cmdlet, by a user who has never started PowerShell' {
        $none = New-Item -ItemType Directory -Path (Join-Path $TestDrive 'a new home')
        $session = Invoke-Session @'
Import-Module $env:TEST_MODULE
$configuration = Get-Configuration
$configuration.BaseUrl = $env:TEST_URL
$configuration.AccessToken = 'sandbox-token'
(Invoke-CCRefreshIdentities -RefreshIdentitiesRequest @{ filter = 'uid == "amelie.roux"' }).type
'@ -Environment @{ TEST_URL = $sandbox.Url; $HomeVariable = $none.FullName; XDG_CACHE_HOME = $null; XDG_CONFIG_HOME = $null; XDG_DATA_HOME = $null }
        $session.Error | Should -BeNullOrEmpty
        $session.Output | Should -Match '(?m)^TASK_RESULT'
    }

    It 'is found in the package first' {
        $copy = Join-Path $TestDrive 'c/PSSailpointCC'
        Copy-Item -LiteralPath $ModulePath -Destination $copy -Recurse
        $session = Invoke-Session @'
Import-Module $env:TEST_MODULE
& (Get-Module PSSailpointCC) { Import-PrivateFunction; Get-RuntimeIdentifier }
'@ -Environment @{ TEST_MODULE = $copy }
        $rid = $session.Output.Trim()
        $rid | Should -Match '^(linux|win|osx)-(x64|arm64)$'
        $null = New-Item -ItemType Directory -Path "$copy/bin/$rid" -Force
        $file = @{ lin = 'libpssailpointcc.so'; win = 'pssailpointcc.dll'; osx = 'libpssailpointcc.dylib' }[$rid.Substring(0, 3)]
        Copy-Item -LiteralPath (Get-LibraryPath) -Destination "$copy/bin/$rid/$file"
        $session = Invoke-Session @'
Import-Module $env:TEST_MODULE
Set-Configuration -BaseUrl $env:TEST_URL -AccessToken sandbox-token
$null = Invoke-CCRefreshIdentities -RefreshIdentitiesRequest @{ filter = 'uid == "amelie.roux"' } -Debug 5>&1 | ForEach-Object { "$_" } | Tee-Object -Variable lines
$lines
'@ -Environment @{ TEST_MODULE = $copy; TEST_URL = $sandbox.Url; PSSAILPOINTCC_LIBRARY = $null }
        $session.All | Should -Match ([regex]::Escape([System.IO.Path]::GetFullPath("$copy/bin/$rid/$file")))
    }

    It 'is found in a module whose folder has brackets, blanks and other letters in its path' {
        $copy = Join-Path $TestDrive ('[a] b {0}/PSSailpointCC' -f [char] 0x5C71)
        $null = New-Item -ItemType Directory -Path (Split-Path $copy)
        Copy-Item -LiteralPath $ModulePath -Destination $copy -Recurse
        # The engine takes a folder with brackets for a pattern, and a manifest's path for what it is.
        $session = Invoke-Session ($call.Replace('Import-Module $env:TEST_MODULE', 'Import-Module "$env:TEST_MODULE/PSSailpointCC.psd1"') + @'

$result = Invoke-CCRefreshIdentities -Identity amelie.roux
"outcome: $($result.Outcome)"
($result | Out-String) -match 'TaskId'
(Get-Command -Module PSSailpointCC).Count
'@) -Environment @{ TEST_URL = $sandbox.Url; TEST_MODULE = $copy; PSSAILPOINTCC_LIBRARY = (Get-LibraryPath) }
        $session.Error | Should -BeNullOrEmpty
        $session.Output | Should -Match '(?m)^outcome: Accepted'
        $session.Output | Should -Match '(?m)^True'
        $session.Output | Should -Match ('(?m)^{0}\r?$' -f (Get-Command -Module PSSailpointCC).Count)
    }

    It 'that there is none of for <rid> is an error that says which PowerShell to take' -ForEach @(
        @{ Rid = 'win-x86'; Says = 'This is a 32-bit PowerShell on a 64-bit system: use .*(64-bit PowerShell 7|SysNative)' }
        @{ Rid = 'linux-arm'; Says = 'This is a 32-bit PowerShell on a 64-bit system: use ' }
        @{ Rid = 'linux-s390x'; Says = 'Use the module on a machine with such a processor' }
    ) {
        $copy = Join-Path $TestDrive "$rid/PSSailpointCC"
        $null = New-Item -ItemType Directory -Path (Split-Path $copy)
        Copy-Item -LiteralPath $ModulePath -Destination $copy -Recurse
        $session = Invoke-Session ($call -replace '\nSet-Conf', "`n& (Get-Module PSSailpointCC) { function script:Get-RuntimeIdentifier { '$rid' }; `$script:CloneTarget = @(); `$script:Native = `$null }`nSet-Conf") -Environment @{ TEST_URL = $sandbox.Url; TEST_MODULE = $copy; PSSAILPOINTCC_LIBRARY = $null }
        $session.Output | Should -Match '(?m)^id: LibraryNotLoaded,'
        $session.Output | Should -Match "(?m)^hint: There is none for ${rid}: only for x64 and arm64\. $says"
        # And so is one that cannot be loaded there.
        $file = Join-Path $TestDrive "$rid.lib"
        Set-Content -LiteralPath $file -Value 'this is no library'
        $session = Invoke-Session ($call -replace '\nSet-Conf', "`n& (Get-Module PSSailpointCC) { function script:Get-RuntimeIdentifier { '$rid' } }`nSet-Conf") -Environment @{ TEST_URL = $sandbox.Url; PSSAILPOINTCC_LIBRARY = $file }
        $session.Output | Should -Match "(?m)^hint: .*There is none for ${rid}"
    }

    if ([System.Environment]::OSVersion.Platform -eq 'Unix' -and (Test-Path -LiteralPath /proc/version) -and -not $env:PSSAILPOINTCC_DESKTOP) {
        It 'for musl is another one; where it is missing, the error names its place' {
            $copy = Join-Path $TestDrive 'musl/PSSailpointCC'
            Copy-Item -LiteralPath $ModulePath -Destination $copy -Recurse
            $session = Invoke-Session $call -Environment @{ TEST_URL = $sandbox.Url; PSSAILPOINTCC_LIBRARY = $null; TEST_MODULE = $copy; DOTNET_RUNTIME_ID = 'linux-musl-x64' }
            $session.Output | Should -Match ('(?m)^message: .*' + [regex]::Escape([System.IO.Path]::GetFullPath("$copy/bin/linux-musl-")))
            $session.Output | Should -Match '(?m)^id: LibraryNotLoaded,'
            $session.Output | Should -Match '(?m)^sent: no'
        }
    }

    It 'that is none is refused with the loader''s own reason' {
        $file = Join-Path $TestDrive 'none.so'
        Set-Content -LiteralPath $file -Value 'this is no library'
        $session = Invoke-Session $call -Environment @{ TEST_URL = $sandbox.Url; PSSAILPOINTCC_LIBRARY = $file }
        $session.Output | Should -Match '(?m)^id: LibraryNotLoaded,'
        $session.Output | Should -Match ('(?m)^message: .*' + [regex]::Escape($file))
        # The branch for Windows PowerShell loads it by its first call, of which .NET gives no reason.
        if (-not $Desktop -or $PSVersionTable.PSEdition -ne 'Core') { $session.Output | Should -Match '(ELF|too short|not a valid|mach-o|0x8007000B)' }
    }

    It 'that is somebody else''s is refused' {
        $other = Get-ChildItem (Split-Path $Pwsh) -File | Where-Object { $_.Name -match '^(lib)?(System\.Native|clrjit)\.(so|dll|dylib)$' } | Select-Object -First 1
        $session = Invoke-Session $call -Environment @{ TEST_URL = $sandbox.Url; PSSAILPOINTCC_LIBRARY = $other.FullName }
        $session.Output | Should -Match '(?m)^id: LibraryNotLoaded,'
        $session.Output | Should -Match 'cc_abi_version'
    }

    It 'that lacks a function is refused before anything is called' {
        $session = Invoke-Session ($call -replace '\nSet-Conf', @"

& (Get-Module PSSailpointCC) {
    function script:Get-NativeBinding { foreach (`$function in @([uint32], 'cc_abi_version', @()), @([IntPtr], 'cc_version', @()), @([void], 'cc_string_free', @([IntPtr])), @([IntPtr], 'cc_of_tomorrow', @([byte[]]))) { , `$function } }
    `$script:Native = `$null
}
# Get-Configuration may have bound it already.
`$path = & (Get-Module PSSailpointCC) { Find-NativeLibrary }
foreach (`$key in 'PSSailpointCC', 'PSSailpointCC 5.1') { [AppDomain]::CurrentDomain.SetData("`$key `$((Get-Module PSSailpointCC).Version) 1 `$path", `$null) }
Set-Conf
"@) -Environment @{ TEST_URL = $sandbox.Url }
        $session.Output | Should -Match '(?m)^id: LibraryNotLoaded,'
        $session.Output | Should -Match '(?m)^message: .*cc_of_tomorrow'
        $session.Output | Should -Match '(?m)^sent: no'
    }

    It 'of another ABI is refused, with both numbers' {
        $session = Invoke-Session ($call -replace '\nSet-Conf', "`n& (Get-Module PSSailpointCC) { `$script:NativeAbi = 7; `$script:Native = `$null }`nSet-Conf") -Environment @{ TEST_URL = $sandbox.Url }
        $session.Output | Should -Match '(?m)^id: LibraryNotLoaded,'
        $session.Output | Should -Match '(?m)^message: .* has ABI version 1; this module needs 7'
    }

    It 'is bound once in a process, whatever the runspaces' {
        Reset-Session $sandbox
        $null = Invoke-CCRefreshIdentities -RefreshIdentitiesRequest @{ filter = 'uid == "amelie.roux"' }
        $types = 1..3 | ForEach-Object {
            $session = [powershell]::Create().AddScript('param($module, $url) Import-Module $module; Set-Configuration -BaseUrl $url -AccessToken sandbox-token; $null = Invoke-CCRefreshIdentities -RefreshIdentitiesRequest @{ filter = ''uid == "amelie.roux"'' }; & (Get-Module PSSailpointCC) { $script:Native }').AddArgument($ModulePath).AddArgument($sandbox.Url)
            $session.Invoke()
        }
        $own = & (Get-Module PSSailpointCC) { $script:Native }
        $types.Count | Should -Be 3
        foreach ($type in $types) { [object]::ReferenceEquals($type, $own) | Should -BeTrue }
    }

    It 'is not needed for the import where the language is constrained; the first call says why it cannot work' {
        $session = Invoke-Session @'
$ExecutionContext.SessionState.LanguageMode = 'ConstrainedLanguage'
Import-Module $env:TEST_MODULE
'imported'
try { Initialize-RefreshIdentitiesRequest -VarFilter 'uid == "amelie.roux"' } catch { "id: $($_.FullyQualifiedErrorId)" }
try { Invoke-CCRefreshIdentities -RefreshIdentitiesRequest @{ filter = 'uid == "amelie.roux"' }; 'sent' } catch { "id: $($_.FullyQualifiedErrorId)"; "message: $($_.Exception.Message)" }
Get-Configuration
'@ -Environment @{ TEST_URL = $sandbox.Url }
        $session.Output | Should -Match '(?m)^imported'
        $session.Output | Should -Match '(?m)^id: LanguageMode,Initialize-RefreshIdentitiesRequest'
        $session.Output | Should -Match '(?m)^id: LanguageMode,Invoke-CCRefreshIdentities'
        $session.Output | Should -Match '(?m)^message: .*FullLanguage'
        $session.Output | Should -Not -Match '(?m)^sent'
        Join-Line $session.Error | Should -Match '^Get-Configuration: .*language mode is not FullLanguage'
    }
}
