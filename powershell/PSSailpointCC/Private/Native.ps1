# The only file that calls native code. The library is bound at the first call, never at import, once per process.

# How every request begins, so that messages name the module's parameters and not the library's options.
$script:RequestHead = '{"client":"powershell",'

# The ABI that this file is written for; a library of another one is refused.
$script:NativeAbi = 1

# Each function of include/pssailpointcc.h that is called: what it returns, its name, what it takes. The only text is the
# name of a function, such as 'cc_refresh_identities', which is ASCII.
function script:Get-NativeBinding {
    , @([IntPtr], 'cc_version', @())
    , @([uint32], 'cc_abi_version', @())
    , @([IntPtr], 'cc_configure', @([byte[]]))
    , @([IntPtr], 'cc_check_filter', @([byte[]]))
    , @([IntPtr], 'cc_operation_run', @([string], [byte[]], [uint32], [uint64[]]))
    , @([uint64], 'cc_operation_start', @([string], [byte[]]))
    , @([IntPtr], 'cc_operation_send', @([uint64], [byte[]]))
    , @([IntPtr], 'cc_operation_wait', @([uint64], [uint32]))
    , @([IntPtr], 'cc_operation_cancel', @([uint64]))
    , @([void], 'cc_operation_free', @([uint64]))
    , @([void], 'cc_string_free', @([IntPtr]))
}

# The bytes of JSON text as the library takes it. Bytes go in, because the default marshalling of text is the code page on
# Windows; the pointer comes out as such, because the marshaller would free it with the wrong allocator.
function script:ConvertTo-NativeText([string] $Text) {
    try { , $script:StrictUtf8.GetBytes($Text + "`0") } catch { throw (New-SurrogateError) }
}

# The text of an answer, which is freed.
function script:ConvertFrom-NativeText([IntPtr] $Pointer) {
    ConvertFrom-NativePointer $Pointer
    $script:Native::cc_string_free($Pointer)
}

function script:ConvertFrom-NativePointer([IntPtr] $Pointer) {
    if ($script:IsCore) { [System.Runtime.InteropServices.Marshal]::PtrToStringUTF8($Pointer) } else { Read-NativeText $Pointer }
}

# Calls a function that takes JSON and answers an envelope, and uses no network; the envelope as a hashtable.
function script:Invoke-NativeFunction([string] $Name, [string] $Member) {
    if ($null -eq $script:Native) { $script:Native = Import-NativeLibrary }
    $text = ConvertFrom-NativeText ($script:Native::$Name((ConvertTo-NativeText ($script:RequestHead + $Member + '}'))))
    $answer = ConvertFrom-JsonText $text
    if ($null -eq $answer) { throw (New-UnreadableError $null $Name $text) }
    $answer
}

function script:Import-NativeLibrary {
    $script:StrictUtf8 = [System.Text.UTF8Encoding]::new($false, $true)
    # Its reader of JSON is used before any of its cmdlets.
    if ($script:IsCore) { $null = [System.Reflection.Assembly]::Load('Microsoft.PowerShell.Commands.Utility') }
    $path = Find-NativeLibrary
    # Runspaces of one process share the emitted type; versions and path are its name, for a session that has
    # loaded two versions of this module.
    $key = 'PSSailpointCC {0} {1} {2}' -f $ExecutionContext.SessionState.Module.Version, $script:NativeAbi, $path
    $native = [AppDomain]::CurrentDomain.GetData($key)
    if ($null -eq $native) {
        try {
            if ($script:IsCore) {
                # Only an explicit load carries the loader's reason.
                $library = [System.Runtime.InteropServices.NativeLibrary]::Load($path)
            }
            $native = New-NativeType $path
            $abi = $native::cc_abi_version()
            # Now, and not in the middle of a call: an older library of the same ABI may lack a function.
            if ($abi -ne $script:NativeAbi) {
            } elseif ($script:IsCore) {
                foreach ($function in Get-NativeBinding) { $null = [System.Runtime.InteropServices.NativeLibrary]::GetExport($library, $function[1]) }
            } else {
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
                    hint    = 'Module and library belong to different versions. {0} Then start a new session.' -f (Get-LibraryHint)
                    sent    = 'no'
                })
        }
        [AppDomain]::CurrentDomain.SetData($key, $native)
    }
    $script:NativePath = $path
    $native
}

# Absolute paths only: what .NET and PowerShell try for a bare name differs by system and version.
function script:Find-NativeLibrary {
    $named = [Environment]::GetEnvironmentVariable('PSSAILPOINTCC_LIBRARY')
    if ($named) {
        $candidates = @($ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath($named))
    } else {
        $rid = Get-RuntimeIdentifier
        $file = 'libpssailpointcc.so'
        if ($rid -like 'win-*') { $file = 'pssailpointcc.dll' } elseif ($rid -like 'osx-*') { $file = 'libpssailpointcc.dylib' }
        $candidates = foreach ($place in @("bin/$rid") + $script:CloneTarget) { [System.IO.Path]::GetFullPath("$script:ModuleRoot/$place/$file") }
    }
    foreach ($candidate in $candidates) {
        if ([System.IO.File]::Exists($candidate)) { return $candidate }
    }
    throw (New-MissingLibraryError $candidates $named)
}

function script:Get-RuntimeIdentifier {
    # Windows PowerShell runs on Windows only, and also where .NET Framework is too old to tell.
    if (-not $script:IsCore) {
        $architecture = @{ AMD64 = 'x64'; ARM64 = 'arm64' }[$env:PROCESSOR_ARCHITECTURE]
        if (-not $architecture) { $architecture = "$env:PROCESSOR_ARCHITECTURE".ToLowerInvariant() }
        return "win-$architecture"
    }
    # .NET may have been built for one system: debian.12-x64, osx.13-arm64. Alpine Linux and others are not linux-x64: a
    # library for glibc cannot be loaded there.
    $rid = [System.Runtime.InteropServices.RuntimeInformation]::RuntimeIdentifier
    if ($rid -cmatch '^(win|osx)') { return $rid -creplace '^(win|osx)[^-]*', '$1' }
    if ($rid -cmatch '^alpine|musl') { return $rid -creplace '^.*-', 'linux-musl-' }
    $rid -creplace '^.*-', 'linux-'
}

# Emitted, because Add-Type would start a compiler (0.4 s); against the full path, because a library that is merely
# loaded is found by its bare name on Windows only.
function script:New-NativeType([string] $Path) {
    $type = New-EmittedType 'PSSailpointCC.Native'
    foreach ($function in Get-NativeBinding) { Add-NativeMethod $type $Path $function }
    if (-not $script:IsCore) { Add-NativeMethod $type 'kernel32.dll' @([int], 'lstrlenA', @([IntPtr])) }
    # CreateType returns TypeInfo on one edition and Type on the other.
    [type] $type.CreateType()
}

function script:New-EmittedType([string] $Name) {
    $assembly = [System.Reflection.Emit.AssemblyBuilder]::DefineDynamicAssembly([System.Reflection.AssemblyName] $Name, 'Run')
    $assembly.DefineDynamicModule($Name).DefineType($Name, 'Public, Abstract, Sealed')
}

function script:Add-NativeMethod($Type, $Library, $Function) {
    $returns, $name, $takes = $Function
    $method = $Type.DefinePInvokeMethod($name, $Library, 'Public, Static, PinvokeImpl', 'Standard', $returns, [type[]] $takes, 'Cdecl', 'Ansi')
    $method.SetImplementationFlags('PreserveSig')
}
