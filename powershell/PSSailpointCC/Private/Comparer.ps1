# Compares what the text of the configuration was made of with what is there now. Emitted, because a script would take longer
# than to make the text anew; and not for the first calls, because emitting takes as long as some hundred comparisons.

# The type with the methods IsSameTable and IsSameEnvironment; one for all runspaces.
function script:New-ComparerType {
    $key = 'PSSailpointCC {0} comparer' -f $ExecutionContext.SessionState.Module.Version
    $comparer = [AppDomain]::CurrentDomain.GetData($key)
    if ($null -eq $comparer) {
        $type = New-EmittedType 'PSSailpointCC.Comparer'
        Add-TableComparer $type
        Add-VariableComparer $type
        $comparer = [type] $type.CreateType()
        [AppDomain]::CurrentDomain.SetData($key, $comparer)
    }
    $comparer
}

# A method: whether a hashtable has these keys and values, key after value.
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
        # Equals(kept[at++], entries.Key): a text decides by its characters, where a PSObject would convert and compare by
        # the culture.
        $il.Emit($code::Ldarg_1)
        $il.Emit($code::Ldloc, $at)
        $il.Emit($code::Ldelem_Ref)
        $il.Emit($code::Ldloc, $entries)
        $il.Emit($code::Callvirt, [System.Collections.IDictionaryEnumerator].GetProperty($member).GetGetMethod())
        $il.Emit($code::Call, $equals)
        $il.Emit($code::Brfalse, $differs)
        Add-Step $il $at
    }
    Add-LoopEnd $il $next $end $differs
}

# A method: whether environment variables have these values.
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
    Add-Step $il $at
    Add-LoopEnd $il $next $end $differs
}

# at++
function script:Add-Step($Il, $At) {
    $code = [System.Reflection.Emit.OpCodes]
    $Il.Emit($code::Ldloc, $At)
    $Il.Emit($code::Ldc_I4_1)
    $Il.Emit($code::Add)
    $Il.Emit($code::Stloc, $At)
}

# The next turn; true at the end, false where something differs.
function script:Add-LoopEnd($Il, $Next, $End, $Differs) {
    $code = [System.Reflection.Emit.OpCodes]
    $Il.Emit($code::Br, $Next)
    $Il.MarkLabel($End)
    $Il.Emit($code::Ldc_I4_1)
    $Il.Emit($code::Ret)
    $Il.MarkLabel($Differs)
    $Il.Emit($code::Ldc_I4_0)
    $Il.Emit($code::Ret)
}
