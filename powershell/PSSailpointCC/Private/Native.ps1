# The only file that calls native code. The library is bound at the first call, never at import, once per process.

# How every request begins, so that messages name the module's parameters and not the library's options.
$script:RequestHead = '{"client":"powershell",'

# The ABI that this file is written for; a library of another one is refused.
$script:NativeAbi = 1

function script:Get-NativeBinding {
    # Of each function of include/pssailpointcc.h that is called: what it returns, what it takes. A [string] is UTF-8 text
    # there; one that is returned is freed. What cc_version returns is not to be freed.
    @{
        'cc_version'            = @([IntPtr])
        'cc_abi_version'        = @([uint32])
        'cc_configure'          = @([string], [string])
        'cc_refresh_identities' = @([string], [string])
        'cc_check_filter'       = @([string], [string])
        'cc_find_identities'    = @([string], [string])
        'cc_get_task'           = @([string], [string])
        'cc_operation_run'      = @([string], [string], [string], [uint32], [uint64[]])
        'cc_operation_start'    = @([uint64], [string], [string])
        'cc_operation_send'     = @([string], [uint64], [string])
        'cc_operation_wait'     = @([string], [uint64], [uint32])
        'cc_operation_cancel'   = @([string], [uint64])
        'cc_operation_free'     = @([void], [uint64])
        'cc_string_free'        = @([void], [IntPtr])
    }
}

# Calls a function that takes JSON and answers an envelope, and uses no network; the envelope as a hashtable.
function script:Invoke-NativeFunction([string] $Name, [string] $Member) {
    if ($null -eq $script:Native) { $script:Native = Import-NativeLibrary }
    try { $text = $script:Native::$Name($script:RequestHead + $Member + '}') } catch [System.Text.EncoderFallbackException] { throw (New-SurrogateError) }
    $answer = ConvertFrom-JsonText $text
    if ($null -eq $answer) { throw (New-UnreadableError $null $Name $text) }
    $answer
}

function script:Import-NativeLibrary {
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
                foreach ($name in (Get-NativeBinding).Keys) { $null = [System.Runtime.InteropServices.NativeLibrary]::GetExport($library, $name) }
            } else {
                foreach ($method in $native.GetMethods('NonPublic, Public, Static')) { if ($method.Attributes.HasFlag([System.Reflection.MethodAttributes]::PinvokeImpl)) { [System.Runtime.InteropServices.Marshal]::Prelink($method) } }
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
    $script:NativeVersion = [System.Runtime.InteropServices.Marshal]::PtrToStringAnsi($native::cc_version())
    $native
}

# Absolute paths only: what .NET and PowerShell try for a bare name differs by system and version.
function script:Find-NativeLibrary {
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

function script:Get-RuntimeIdentifier {
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
# loaded is found by its bare name on Windows only. A function with texts has two methods: its own, with bytes and
# pointers, and one of its name that a script calls. Bytes go in, because the default marshalling of text is the code page
# on Windows; a pointer comes out, because the marshaller would free the text with the wrong allocator.
function script:New-NativeType([string] $Path) {
    $name = [System.Reflection.AssemblyName]::new('PSSailpointCC.Native')
    $assembly = [System.Reflection.Emit.AssemblyBuilder]::DefineDynamicAssembly($name, 'Run')
    $type = $assembly.DefineDynamicModule($name.Name).DefineType('PSSailpointCC.Native', 'Public, Abstract, Sealed')
    $binding = Get-NativeBinding
    $own = @{}
    foreach ($function in $binding.Keys) {
        $types = [type[]] $binding[$function]
        $hasText = $types -contains [string]
        $own[$function] = @{ HasText = $hasText; Method = $null }
        $method = $function
        if ($hasText) {
            $method = "native_$function"
            if ($types[0] -eq [string]) { $types[0] = [IntPtr] }
            for ($i = 1; $i -lt $types.Length; $i++) { if ($types[$i] -eq [string]) { $types[$i] = [byte[]] } }
        }
        $own[$function].Method = Add-NativeMethod $type $Path $method $function $types
    }
    $write = Add-TextWriter $type
    $read = Add-TextReader $type $own['cc_string_free'].Method
    $code = [System.Reflection.Emit.OpCodes]
    foreach ($function in $binding.Keys) {
        if (-not $own[$function].HasText) { continue }
        $types = [type[]] $binding[$function]
        $takes = [System.Collections.Generic.List[type]]::new($types)
        $takes.RemoveAt(0)
        $il = $type.DefineMethod($function, 'Public, Static', $types[0], $takes.ToArray()).GetILGenerator()
        for ($i = 0; $i -lt $takes.Count; $i++) {
            $il.Emit($code::Ldarg_S, [byte] $i)
            if ($takes[$i] -eq [string]) { $il.Emit($code::Call, $write) }
        }
        $il.Emit($code::Call, $own[$function].Method)
        if ($types[0] -eq [string]) { $il.Emit($code::Call, $read) }
        $il.Emit($code::Ret)
    }
    Add-TableComparer $type
    Add-VariableComparer $type
    # CreateType returns TypeInfo on one edition and Type on the other.
    [type] $type.CreateType()
}

# $Types: what it returns, what it takes.
function script:Add-NativeMethod($Type, [string] $Library, [string] $Name, [string] $Function, [type[]] $Types) {
    $takes = [System.Collections.Generic.List[type]]::new($Types)
    $takes.RemoveAt(0)
    $method = $Type.DefinePInvokeMethod($Name, $Library, $Function, 'Public, Static, PinvokeImpl', 'Standard', $Types[0], $takes.ToArray(), 'Cdecl', 'Ansi')
    $method.SetImplementationFlags('PreserveSig')
    $method
}

# A method: the bytes of a text, with a NUL behind them. Half a character is an EncoderFallbackException.
function script:Add-TextWriter($Type) {
    $method = $Type.DefineMethod('ToBytes', 'Public, Static', [byte[]], [type[]] @([string]))
    $il = $method.GetILGenerator()
    $code = [System.Reflection.Emit.OpCodes]
    $il.Emit($code::Ldc_I4_0)
    $il.Emit($code::Ldc_I4_1)
    $il.Emit($code::Newobj, [System.Text.UTF8Encoding].GetConstructor([type[]] @([bool], [bool])))
    $il.Emit($code::Ldarg_0)
    $il.Emit($code::Ldstr, "`0")
    $il.Emit($code::Call, [string].GetMethod('Concat', [type[]] @([string], [string])))
    $il.Emit($code::Callvirt, [System.Text.Encoding].GetMethod('GetBytes', [type[]] @([string])))
    $il.Emit($code::Ret)
    $method
}

# A method: the text that a pointer points to, which is freed.
function script:Add-TextReader($Type, $Free) {
    $method = $Type.DefineMethod('ToText', 'Public, Static', [string], [type[]] @([IntPtr]))
    $il = $method.GetILGenerator()
    $code = [System.Reflection.Emit.OpCodes]
    $marshal = [System.Runtime.InteropServices.Marshal]
    if ($script:IsCore) {
        $il.Emit($code::Ldarg_0)
        $il.Emit($code::Call, $marshal.GetMethod('PtrToStringUTF8', [type[]] @([IntPtr])))
    } else {
        # .NET Framework has no reader for UTF-8.
        $length = Add-NativeMethod $Type $script:LengthFunction[0] 'length' $script:LengthFunction[1] ([int], [IntPtr])
        $bytes = $il.DeclareLocal([byte[]])
        $il.Emit($code::Ldarg_0)
        $il.Emit($code::Call, $length)
        $il.Emit($code::Newarr, [byte])
        $il.Emit($code::Stloc, $bytes)
        $il.Emit($code::Ldarg_0)
        $il.Emit($code::Ldloc, $bytes)
        $il.Emit($code::Ldc_I4_0)
        $il.Emit($code::Ldloc, $bytes)
        $il.Emit($code::Ldlen)
        $il.Emit($code::Conv_I4)
        $il.Emit($code::Call, $marshal.GetMethod('Copy', [type[]] @([IntPtr], [byte[]], [int], [int])))
        $il.Emit($code::Call, [System.Text.Encoding].GetProperty('UTF8').GetGetMethod())
        $il.Emit($code::Ldloc, $bytes)
        $il.Emit($code::Callvirt, [System.Text.Encoding].GetMethod('GetString', [type[]] @(, [byte[]])))
    }
    # It stays on the stack while the native one is freed.
    $il.Emit($code::Ldarg_0)
    $il.Emit($code::Call, $Free)
    $il.Emit($code::Ret)
    $method
}
$script:LengthFunction = 'kernel32.dll', 'lstrlenA'

# A method for Get-ConfigurationText: whether a hashtable has these keys and values, key after value.
function script:Add-TableComparer($Type) {
    $il = $Type.DefineMethod('IsSameTable', 'Public, Static', [bool], [type[]] @([hashtable], [object[]])).GetILGenerator()
    $code = [System.Reflection.Emit.OpCodes]
    $entries = $il.DeclareLocal([System.Collections.IDictionaryEnumerator])
    $at = $il.DeclareLocal([int])
    $next = $il.DefineLabel()
    $end = $il.DefineLabel()
    $differs = $il.DefineLabel()
    $equals = [object].GetMethod('Equals', [type[]] @([object], [object]))
    # table.Count * 2 == kept.Length
    $il.Emit($code::Ldarg_0)
    $il.Emit($code::Callvirt, [hashtable].GetProperty('Count').GetGetMethod())
    $il.Emit($code::Ldc_I4_2)
    $il.Emit($code::Mul)
    $il.Emit($code::Ldarg_1)
    $il.Emit($code::Ldlen)
    $il.Emit($code::Conv_I4)
    $il.Emit($code::Bne_Un, $differs)
    $il.Emit($code::Ldarg_0)
    $il.Emit($code::Callvirt, [hashtable].GetMethod('GetEnumerator'))
    $il.Emit($code::Stloc, $entries)
    $il.MarkLabel($next)
    $il.Emit($code::Ldloc, $entries)
    $il.Emit($code::Callvirt, [System.Collections.IEnumerator].GetMethod('MoveNext'))
    $il.Emit($code::Brfalse, $end)
    foreach ($member in 'Key', 'Value') {
        # Equals(entries.Key, kept[at++])
        $il.Emit($code::Ldloc, $entries)
        $il.Emit($code::Callvirt, [System.Collections.IDictionaryEnumerator].GetProperty($member).GetGetMethod())
        $il.Emit($code::Ldarg_1)
        $il.Emit($code::Ldloc, $at)
        $il.Emit($code::Ldelem_Ref)
        $il.Emit($code::Call, $equals)
        $il.Emit($code::Brfalse, $differs)
        $il.Emit($code::Ldloc, $at)
        $il.Emit($code::Ldc_I4_1)
        $il.Emit($code::Add)
        $il.Emit($code::Stloc, $at)
    }
    $il.Emit($code::Br, $next)
    $il.MarkLabel($end)
    $il.Emit($code::Ldc_I4_1)
    $il.Emit($code::Ret)
    $il.MarkLabel($differs)
    $il.Emit($code::Ldc_I4_0)
    $il.Emit($code::Ret)
}

# A method for Get-ConfigurationText: whether environment variables have these values.
function script:Add-VariableComparer($Type) {
    $il = $Type.DefineMethod('IsSameEnvironment', 'Public, Static', [bool], [type[]] @([string[]], [string[]])).GetILGenerator()
    $code = [System.Reflection.Emit.OpCodes]
    $at = $il.DeclareLocal([int])
    $next = $il.DefineLabel()
    $end = $il.DefineLabel()
    $differs = $il.DefineLabel()
    $il.MarkLabel($next)
    $il.Emit($code::Ldloc, $at)
    $il.Emit($code::Ldarg_0)
    $il.Emit($code::Ldlen)
    $il.Emit($code::Conv_I4)
    $il.Emit($code::Bge, $end)
    # string.Equals(Environment.GetEnvironmentVariable(names[at]) + "", values[at]): one that is not there is like an empty one
    $il.Emit($code::Ldarg_0)
    $il.Emit($code::Ldloc, $at)
    $il.Emit($code::Ldelem_Ref)
    $il.Emit($code::Call, [System.Environment].GetMethod('GetEnvironmentVariable', [type[]] @([string])))
    $il.Emit($code::Ldstr, '')
    $il.Emit($code::Call, [string].GetMethod('Concat', [type[]] @([string], [string])))
    $il.Emit($code::Ldarg_1)
    $il.Emit($code::Ldloc, $at)
    $il.Emit($code::Ldelem_Ref)
    $il.Emit($code::Call, [string].GetMethod('Equals', [type[]] @([string], [string])))
    $il.Emit($code::Brfalse, $differs)
    $il.Emit($code::Ldloc, $at)
    $il.Emit($code::Ldc_I4_1)
    $il.Emit($code::Add)
    $il.Emit($code::Stloc, $at)
    $il.Emit($code::Br, $next)
    $il.MarkLabel($end)
    $il.Emit($code::Ldc_I4_1)
    $il.Emit($code::Ret)
    $il.MarkLabel($differs)
    $il.Emit($code::Ldc_I4_0)
    $il.Emit($code::Ret)
}
