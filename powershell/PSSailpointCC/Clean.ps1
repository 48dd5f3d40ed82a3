# For PowerShell 7.3 and later: Windows PowerShell does not know the clean block, and cannot read this file.
#
# A pipeline can be ended while another of its commands runs: Ctrl+C, or an error or a break in the command that gives the
# names. No block of Invoke-CCRefreshIdentities is called then but this one. Without it the operation would stay, and go on
# with the names that it has got; and its journal would stay locked.
#
# The function is the same, with one block more. It is put together from the trees of both, because a function cannot be
# given a block afterwards.

$function = ${function:Invoke-CCRefreshIdentities}.Ast
$body = $function.Body
$clean = { clean { Stop-Stream $stream } }.Ast.CleanBlock

$newBody = [System.Management.Automation.Language.ScriptBlockAst]::new(
    $body.Extent, $null, $null, $body.ParamBlock.Copy(), $body.BeginBlock.Copy(), $body.ProcessBlock.Copy(), $body.EndBlock.Copy(), $clean.Copy(), $null)
$newFunction = [System.Management.Automation.Language.FunctionDefinitionAst]::new($function.Extent, $false, $false, $function.Name, $null, $newBody)

# Get-Help looks for the help in the text of the outermost block.
$file = $function
while ($null -ne $file.Parent) { $file = $file.Parent }
$statements = [System.Management.Automation.Language.StatementBlockAst]::new($function.Extent, [System.Management.Automation.Language.StatementAst[]] @($newFunction), $null)
$definition = [System.Management.Automation.Language.ScriptBlockAst]::new($file.Extent, $null, $statements, $false)
. $definition.GetScriptBlock()
