# What is to be said about the native library.

$script:HowToGetLibrary = 'In a clone run: cargo build --release. Otherwise install the package of this module for this system.'

function script:New-MissingLibraryError([string[]] $Candidate, [string] $Named) {
    $hint = Get-LibraryHint
    if ($Named) { $hint = 'The environment variable PSSAILPOINTCC_LIBRARY names it: correct or remove the variable.' }
    New-ErrorRecord @{
        code    = 'library_not_loaded'
        message = 'The native library of PSSailpointCC is not there. Looked for: {0}' -f ($Candidate -join ', ')
        hint    = $hint
        sent    = 'no'
    }
}

# How to get a library, or a PowerShell that there is one for.
function script:Get-LibraryHint {
    $rid = Get-RuntimeIdentifier
    if ($rid -match '-(x64|arm64)$') { return $script:HowToGetLibrary }
    $hint = "There is none for ${rid}: only for x64 and arm64. "
    if ($rid -notmatch '-(x86|arm)$' -or -not [Environment]::Is64BitOperatingSystem) { return $hint + 'Use the module on a machine with such a processor and a 64-bit system.' }
    $hint += 'This is a 32-bit PowerShell on a 64-bit system: use '
    if ($script:IsCore) { return $hint + 'a 64-bit PowerShell 7 (https://aka.ms/powershell).' }
    $hint + "Windows PowerShell without '(x86)' in its name: $env:windir\SysNative\WindowsPowerShell\v1.0\powershell.exe."
}

function script:Get-LibraryVersion { [System.Runtime.InteropServices.Marshal]::PtrToStringAnsi($script:Native::cc_version()) }
