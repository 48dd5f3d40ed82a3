# The only file that calls native code. The library is bound at the first call, never at import, once per process.

$script:IsCore = $PSVersionTable.PSEdition -eq 'Core'

# How every request begins, so that messages name the module's parameters and not the library's options.
$script:RequestHead = '{"client":"powershell",'

# The ABI that this file is written for; a library of another one is refused.
$script:NativeAbi = 1

function Get-NativeBinding {
    # Of each function of include/pssailpointcc.h that is called: what it returns, what it takes.
    @{
        'cc_version'            = @([IntPtr])
        'cc_abi_version'        = @([uint32])
        'cc_configure'          = @([IntPtr], [byte[]])
        'cc_refresh_identities' = @([IntPtr], [byte[]])
        'cc_check_filter'       = @([IntPtr], [byte[]])
        'cc_find_identities'    = @([IntPtr], [byte[]])
        'cc_get_task'           = @([IntPtr], [byte[]])
        'cc_operation_start'    = @([uint64], [byte[]], [byte[]])
        'cc_operation_send'     = @([IntPtr], [uint64], [byte[]])
        'cc_operation_wait'     = @([IntPtr], [uint64], [uint32])
        'cc_operation_cancel'   = @([IntPtr], [uint64])
        'cc_operation_free'     = @([void], [uint64])
        'cc_string_free'        = @([void], [IntPtr])
    }
}

# Calls a function that takes JSON and answers an envelope, and uses no network; the envelope as a hashtable. Bytes go in,
# because the default marshalling of text is the code page on Windows; the pointer comes out as such, because the
# marshaller would free it with the wrong allocator.
function Invoke-NativeFunction([string] $Name, [string] $Member) {
    if ($null -eq $script:Native) { $script:Native = Import-NativeLibrary }
    $native = $script:Native
    $bytes = try { $script:StrictUtf8.GetBytes($script:RequestHead + $Member + "}`0") } catch { throw (New-SurrogateError) }
    $pointer = $native::$Name($bytes)
    $text = if ($script:IsCore) { [System.Runtime.InteropServices.Marshal]::PtrToStringUTF8($pointer) } else { Read-NativeText $pointer }
    $native::cc_string_free($pointer)
    $answer = ConvertFrom-JsonText $text
    if ($null -eq $answer) { throw (New-UnreadableError $null $Name $text) }
    $answer
}

function New-SurrogateError {
    New-ErrorRecord @{
        code    = 'invalid_argument'
        message = 'The request or the configuration holds half a character (a lone surrogate), which no UTF-8 text can hold.'
        hint    = 'Look for text that was cut in the middle of an emoji or of another character beyond U+FFFF.'
        sent    = 'no'
    }
}

# The error for an answer that this PowerShell cannot parse, such as one with a thousand levels.
function New-UnreadableError($Reason, [string] $Name, [string] $Text) {
    $sent = 'maybe'
    $hint = 'The refresh may have been started: do not repeat it unseen.'
    if ($Name -ne 'cc_refresh_identities') {
        $sent = 'no'
        $hint = $null
    } elseif ($Text -cmatch '^\{"ok":true') {
        $sent = 'yes'
    }
    $why = 'it is no JSON.'
    if ($null -ne $Reason) { $why = $Reason.Exception.GetBaseException().Message }
    New-ErrorRecord @{
        code    = 'invalid_response'
        message = 'The service has answered with JSON that this PowerShell cannot read: {0}' -f $why
        hint    = $hint
        sent    = $sent
    }
}

# For .NET Framework, which has no reader for UTF-8.
function Read-NativeText([IntPtr] $Pointer) {
    $bytes = [byte[]]::new($script:Native::lstrlenA($Pointer))
    [System.Runtime.InteropServices.Marshal]::Copy($Pointer, $bytes, 0, $bytes.Length)
    [System.Text.Encoding]::UTF8.GetString($bytes)
}

function Import-NativeLibrary {
    $script:StrictUtf8 = [System.Text.UTF8Encoding]::new($false, $true)
    # The names of the functions that can be operations, as the library takes texts.
    $script:OperationName = @{}
    foreach ($name in 'cc_refresh_identities', 'cc_find_identities', 'cc_get_task') { $script:OperationName[$name] = $script:StrictUtf8.GetBytes($name + "`0") }
    $path = Find-NativeLibrary
    # Runspaces of one process share the emitted type; the path and the ABI are its name, for a session that has
    # loaded two versions of this module.
    $key = 'PSSailpointCC {0} {1}' -f $script:NativeAbi, $path
    $native = [AppDomain]::CurrentDomain.GetData($key)
    if ($null -eq $native) {
        try {
            if ($script:IsCore) {
                # Only an explicit load carries the loader's reason.
                $null = [System.Runtime.InteropServices.NativeLibrary]::Load($path)
            }
            $native = New-NativeType $path
            $abi = $native::cc_abi_version()
            # Now, and not in the middle of a call: an older library of the same ABI may lack a function.
            if ($abi -eq $script:NativeAbi) {
                foreach ($method in $native.GetMethods('Public, Static')) { [System.Runtime.InteropServices.Marshal]::Prelink($method) }
            }
        } catch {
            throw (New-ErrorRecord @{
                    code    = 'library_not_loaded'
                    message = 'The native library {0} cannot be loaded: {1}' -f $path, $_.Exception.GetBaseException().Message.Trim()
                    hint    = 'It must be of this module''s version, and built for this system and processor: {0}. {1}' -f (Get-RuntimeIdentifier), (Get-LibraryHint)
                    sent    = 'no'
                })
        }
        if ($abi -ne $script:NativeAbi) {
            throw (New-ErrorRecord @{
                    code    = 'library_not_loaded'
                    message = 'The native library {0} has ABI version {1}; this module needs {2}.' -f $path, $abi, $script:NativeAbi
                    hint    = 'Module and library belong to different versions. {0} Then start a new session.' -f $script:HowToGetLibrary
                    sent    = 'no'
                })
        }
        [AppDomain]::CurrentDomain.SetData($key, $native)
    }
    $script:NativePath = $path
    $script:NativeVersion = [System.Runtime.InteropServices.Marshal]::PtrToStringAnsi($native::cc_version())
    $native
}

$script:HowToGetLibrary = 'In a clone run: cargo build --release. Otherwise install the package of this module for this system.'

# Absolute paths only: what .NET and PowerShell try for a bare name differs by system and version.
function Find-NativeLibrary {
    $named = $env:PSSAILPOINTCC_LIBRARY
    if ($named) {
        $candidates = @($ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath($named))
        $hint = 'The environment variable PSSAILPOINTCC_LIBRARY names it: correct or remove the variable.'
    } else {
        $rid = Get-RuntimeIdentifier
        $file = switch -Wildcard ($rid) {
            'win-*' { 'pssailpointcc.dll' }
            'osx-*' { 'libpssailpointcc.dylib' }
            default { 'libpssailpointcc.so' }
        }
        $candidates = foreach ($place in @("bin/$rid") + $script:CloneTarget) {
            [System.IO.Path]::GetFullPath([System.IO.Path]::Combine($script:ModuleRoot, $place, $file))
        }
        $hint = Get-LibraryHint
    }
    foreach ($candidate in $candidates) {
        if ([System.IO.File]::Exists($candidate)) { return $candidate }
    }
    throw (New-ErrorRecord @{
            code    = 'library_not_loaded'
            message = 'The native library of PSSailpointCC is not there. Looked for: {0}' -f ($candidates -join ', ')
            hint    = $hint
            sent    = 'no'
        })
}

# How to get a library, or a PowerShell that there is one for.
function Get-LibraryHint {
    $rid = Get-RuntimeIdentifier
    if ($rid -match '-(x64|arm64)$') { return $script:HowToGetLibrary }
    $hint = "There is none for ${rid}: only for x64 and arm64. "
    if ($rid -notmatch '-(x86|arm)$' -or -not [Environment]::Is64BitOperatingSystem) { return $hint + 'Use the module on a machine with such a processor and a 64-bit system.' }
    $hint += 'This is a 32-bit PowerShell on a 64-bit system: use '
    if ($script:IsCore) { return $hint + 'a 64-bit PowerShell 7 (https://aka.ms/powershell).' }
    $hint + "Windows PowerShell without '(x86)' in its name: $env:windir\SysNative\WindowsPowerShell\v1.0\powershell.exe."
}

function Get-RuntimeIdentifier {
    # Windows PowerShell runs on Windows only, and also where .NET Framework is too old to tell.
    if (-not $script:IsCore) {
        $architecture = @{ AMD64 = 'x64'; ARM64 = 'arm64' }[$env:PROCESSOR_ARCHITECTURE]
        if (-not $architecture) { $architecture = "$env:PROCESSOR_ARCHITECTURE".ToLowerInvariant() }
        return "win-$architecture"
    }
    $information = [System.Runtime.InteropServices.RuntimeInformation]
    $platform = [System.Runtime.InteropServices.OSPlatform]
    $system = if ($information::IsOSPlatform($platform::Windows)) { 'win' } elseif ($information::IsOSPlatform($platform::OSX)) { 'osx' } else { 'linux' }
    # Alpine Linux and others: a library for glibc cannot be loaded there.
    if ($system -eq 'linux' -and $information::RuntimeIdentifier -like '*musl*') { $system = 'linux-musl' }
    '{0}-{1}' -f $system, $information::ProcessArchitecture.ToString().ToLowerInvariant()
}

# Emitted, because Add-Type would start a compiler (0.4 s); against the full path, because a library that is merely
# loaded is found by its bare name on Windows only.
function New-NativeType([string] $Path) {
    $name = [System.Reflection.AssemblyName]::new('PSSailpointCC.Native')
    $assembly = [System.Reflection.Emit.AssemblyBuilder]::DefineDynamicAssembly($name, 'Run')
    $type = $assembly.DefineDynamicModule($name.Name).DefineType('PSSailpointCC.Native', 'Public, Abstract, Sealed')
    $methods = Get-NativeBinding
    foreach ($method in $methods.Keys) {
        $signature = $methods[$method]
        Add-NativeMethod $type $Path $method $signature[0] ([type[]] @($signature | Select-Object -Skip 1))
    }
    if (-not $script:IsCore) { Add-NativeMethod $type 'kernel32.dll' 'lstrlenA' ([int]) @([IntPtr]) }
    # CreateType returns TypeInfo on one edition and Type on the other.
    [type] $type.CreateType()
}

function Add-NativeMethod($Type, [string] $Library, [string] $Name, [type] $Returns, [type[]] $Takes) {
    $convention = [System.Runtime.InteropServices.CallingConvention]::Cdecl
    if ($Library -eq 'kernel32.dll') { $convention = [System.Runtime.InteropServices.CallingConvention]::Winapi }
    $method = $Type.DefinePInvokeMethod($Name, $Library, 'Public, Static, PinvokeImpl', 'Standard', $Returns, $Takes, $convention, 'Ansi')
    $method.SetImplementationFlags('PreserveSig')
}
