$script:ModuleRoot = $PSScriptRoot

#region functions: in the package, the text of these files stands here
foreach ($folder in 'Private', 'Public') {
    foreach ($file in Get-ChildItem -Path "$PSScriptRoot/$folder/*.ps1") {
        . $file.FullName
    }
}
#endregion functions

# Each documented name under the official module's name too: CC behind the hyphen. One body, two functions: an alias
# of ours for Get-Configuration would be taken by other modules' own calls.
foreach ($name in @(
        'Initialize-RefreshIdentitiesRequest'
        'Initialize-RefreshIdentitiesRequestRefreshArgs'
        'ConvertFrom-JsonToRefreshIdentitiesRequest'
        'ConvertFrom-JsonToRefreshIdentitiesRequestRefreshArgs'
        'Get-Configuration'
        'Set-Configuration'
        'Set-ConfigurationApiKey'
        'Set-ConfigurationApiKeyPrefix'
        'Set-ConfigurationDefaultHeader'
        'Get-HostSetting'
        'Get-UrlFromHostSetting'
    )) {
    Set-Item -Path ('function:' + ($name -replace '-', '-CC')) -Value (Get-Item -Path "function:$name").ScriptBlock
}
