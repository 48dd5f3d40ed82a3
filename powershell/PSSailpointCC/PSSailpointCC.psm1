$script:ModuleRoot = $PSScriptRoot
$script:IsCore = $PSVersionTable.PSEdition -eq 'Core'
# Where to look for a library beside the module's own folder: nowhere, because anybody may create a folder there.
$script:CloneTarget = @()

# Private functions are read when they are needed, because reading them would be most of an import: the folder Private at
# the first call of a command, the folder Late when one of its functions is called.
$script:IsPrivateRead = $false
$script:IsLateRead = $false

function Import-PrivateFunction {
    if ($script:IsPrivateRead) { return }
    Read-FunctionFile Private
    $script:IsPrivateRead = $true
}

function Import-LateFunction {
    if ($script:IsLateRead) { return }
    Read-FunctionFile Late
    $script:IsLateRead = $true
}

# They define functions of the scope "script", which is the module's.
function Read-FunctionFile([string] $Folder) {
    foreach ($file in Get-FunctionFile $Folder) {
        try { . $file } catch [System.Management.Automation.CommandNotFoundException] { throw "The file $file is gone. $(Get-UpdateHint $Folder)" }
    }
    # In a package each file tells of its version, and defines nothing if it is another one.
    if ($script:FileVersion -ne $script:OwnVersion) { throw "The file $file is of version $script:FileVersion, and this session has version $script:OwnVersion. $(Get-UpdateHint $Folder)" }
}

function Get-UpdateHint([string] $Folder) {
    $sent = 'Whether this call has sent a refresh is not known: look at the tenant before you repeat it.'
    if ($Folder -eq 'Private') { $sent = 'Nothing was sent by this call.' }
    "PSSailpointCC was updated or removed after this session had loaded it. Start a new session. $sent"
}
$script:OwnVersion = $script:FileVersion = $null

# Defines Invoke-CCRefreshIdentities without its clean block.
function Read-RefreshWithoutClean {
    if ($ExecutionContext.SessionState.LanguageMode -eq 'FullLanguage') {
        $text = [System.IO.File]::ReadAllText($refresh) -creplace '(?m)^    clean \{ .+ \}\r?\n'
        $tokens = $problems = $null
        . ([System.Management.Automation.Language.Parser]::ParseInput($text, $refresh, [ref] $tokens, [ref] $problems).GetScriptBlock())
    } else {
        function Invoke-CCRefreshIdentities {
            [CmdletBinding()]
            param([Parameter(ValueFromRemainingArguments)] $Rest)
            # Says that the language mode does not allow what the module does.
            . $script:UseCallerPreference
        }
    }
}

# The first statement of each command. Private/Preference.ps1 replaces it.
$script:UseCallerPreference = {
    Import-PrivateFunction
    . $script:UseCallerPreference
}

#region files: in the package, the public functions stand here, and the others in one file for each folder
function Get-FunctionFile([string] $Folder) {
    # No cmdlet: the first one that a session uses loads a module, which takes longer than this import.
    if ($ExecutionContext.SessionState.LanguageMode -eq 'FullLanguage') { return [System.IO.Directory]::GetFiles("$script:ModuleRoot/$Folder", '*.ps1') }
    # No -Path: brackets in the folder's name are not a pattern.
    (Get-ChildItem -LiteralPath "$script:ModuleRoot/$Folder" -Filter *.ps1).FullName
}

foreach ($file in Get-FunctionFile Public) { if ($file -notlike '*Invoke-CCRefreshIdentities.ps1') { . $file } }
$refresh = "$PSScriptRoot/Public/Invoke-CCRefreshIdentities.ps1"
# A clone's builds.
$script:CloneTarget = '../../target/release', '../../target/debug'
#endregion files

# It has a clean block, which Windows PowerShell cannot read.
if ($script:IsCore) { . $refresh } else { . Read-RefreshWithoutClean }

# Each documented name under the official module's name too: CC behind the hyphen. One body, two functions: an alias
# of ours for Get-Configuration would be taken by other modules' own calls.
${function:Initialize-CCRefreshIdentitiesRequest} = ${function:Initialize-RefreshIdentitiesRequest}
${function:Initialize-CCRefreshIdentitiesRequestRefreshArgs} = ${function:Initialize-RefreshIdentitiesRequestRefreshArgs}
${function:ConvertFrom-CCJsonToRefreshIdentitiesRequest} = ${function:ConvertFrom-JsonToRefreshIdentitiesRequest}
${function:ConvertFrom-CCJsonToRefreshIdentitiesRequestRefreshArgs} = ${function:ConvertFrom-JsonToRefreshIdentitiesRequestRefreshArgs}
${function:Get-CCConfiguration} = ${function:Get-Configuration}
${function:Set-CCConfiguration} = ${function:Set-Configuration}
${function:Set-CCConfigurationApiKey} = ${function:Set-ConfigurationApiKey}
${function:Set-CCConfigurationApiKeyPrefix} = ${function:Set-ConfigurationApiKeyPrefix}
${function:Set-CCConfigurationDefaultHeader} = ${function:Set-ConfigurationDefaultHeader}
${function:Get-CCHostSetting} = ${function:Get-HostSetting}
${function:Get-CCUrlFromHostSetting} = ${function:Get-UrlFromHostSetting}
