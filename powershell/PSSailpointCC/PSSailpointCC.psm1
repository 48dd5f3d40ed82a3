$script:ModuleRoot = $PSScriptRoot
# Where to look for a library beside the module's own folder: nowhere, because anybody may create a folder there.
$script:CloneTarget = @()

#region functions: in the package, the text of these files stands here
foreach ($folder in 'Private', 'Public') {
    # No -Path: brackets in the folder's name are not a pattern.
    foreach ($file in Get-ChildItem -LiteralPath "$PSScriptRoot/$folder" -Filter *.ps1) {
        . $file.FullName
    }
}
# A clone's builds.
$script:CloneTarget = '../../target/release', '../../target/debug'
#endregion functions

# With syntax that Windows PowerShell cannot read.
$version = $PSVersionTable.PSVersion
if (($version.Major -gt 7 -or ($version.Major -eq 7 -and $version.Minor -ge 3)) -and $ExecutionContext.SessionState.LanguageMode -eq 'FullLanguage') { . "$PSScriptRoot/Clean.ps1" }

# Each documented name under the official module's name too: CC behind the hyphen. One body, two functions: an alias
# of ours for Get-Configuration would be taken by other modules' own calls. No cmdlet: the first one that a session uses
# loads a module, which takes longer than everything here.
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
