Describe 'The surface' {
    BeforeAll {
        . "$PSScriptRoot/Support.ps1"
        Import-Module $ModulePath -Force
        $module = Get-Module PSSailpointCC

        # Name[!] [position] : type, in the order of the syntax.
        function Get-Surface([string] $Command, [string] $Set) {
            $common = [System.Management.Automation.PSCmdlet]::CommonParameters + [System.Management.Automation.PSCmdlet]::OptionalCommonParameters
            $sets = (Get-Command $Command).ParameterSets
            $chosen = if ($Set) { $sets | Where-Object Name -EQ $Set } else { $sets[0] }
            foreach ($parameter in $chosen.Parameters) {
                if ($parameter.Name -in $common) { continue }
                $text = $parameter.Name
                if ($parameter.IsMandatory) { $text += '!' }
                if ($parameter.Position -ge 0) { $text += " $($parameter.Position)" }
                $type = $parameter.ParameterType.Name
                if ($parameter.ParameterType.IsGenericType) { $type = $parameter.ParameterType.GetGenericArguments()[0].Name + '?' }
                $text += " $type"
                if ($parameter.ValueFromPipeline) { $text += ' <value' }
                if ($parameter.ValueFromPipelineByPropertyName) { $text += ' <property' }
                $text
            }
        }
    }

    It 'exports what the manifest names, and nothing else' {
        $manifest = Import-PowerShellDataFile "$ModulePath/PSSailpointCC.psd1"
        $module.ExportedFunctions.Keys | Sort-Object | Should -Be ($manifest.FunctionsToExport | Sort-Object)
        $module.ExportedAliases.Count | Should -Be 0
        $module.ExportedCmdlets.Count | Should -Be 0
        $module.ExportedVariables.Count | Should -Be 0
    }

    It 'names every export, without a wildcard' {
        $manifest = Import-PowerShellDataFile "$ModulePath/PSSailpointCC.psd1"
        foreach ($key in 'FunctionsToExport', 'CmdletsToExport', 'VariablesToExport', 'AliasesToExport') {
            $manifest.ContainsKey($key) | Should -BeTrue
            $manifest[$key] -join '' | Should -Not -Match '[*?]'
        }
        $manifest.CompatiblePSEditions | Should -Be @('Desktop', 'Core')
        $manifest.PowerShellVersion | Should -Be '5.1'
    }

    It 'has every documented name of the official module' {
        foreach ($name in 'Invoke-CCRefreshIdentities', 'Initialize-CCRefreshIdentitiesRequest', 'Initialize-CCRefreshIdentitiesRequestRefreshArgs',
            'ConvertFrom-CCJsonToRefreshIdentitiesRequest', 'ConvertFrom-CCJsonToRefreshIdentitiesRequestRefreshArgs', 'Get-CCConfiguration',
            'Set-CCConfiguration', 'Set-CCConfigurationApiKey', 'Set-CCConfigurationApiKeyPrefix', 'Set-CCConfigurationDefaultHeader',
            'Get-CCHostSetting', 'Get-CCUrlFromHostSetting') {
            $module.ExportedFunctions.Keys | Should -Contain $name
        }
    }

    It 'has <name> with these parameters' -ForEach @(
        @{
            Name    = 'Invoke-CCRefreshIdentities'; Set = 'Request'
            Surface = 'ContentType 0 String <property', 'RefreshIdentitiesRequest 1 Object <property', 'InputObject Object <value', 'PerIdentity SwitchParameter', 'WithHttpInfo SwitchParameter', 'MaxIdentities Int32', 'NoPreflight SwitchParameter', 'SkipFilterCheck SwitchParameter', 'Backend String', 'AllowBroader SwitchParameter', 'Wait SwitchParameter', 'WaitTimeoutSec Int32'
        }
        @{ Name = 'Invoke-CCRefreshIdentities'; Set = 'Filter'; Surface = 'Filter! String', 'RefreshArgs Object', 'WithHttpInfo SwitchParameter', 'MaxIdentities Int32', 'NoPreflight SwitchParameter', 'SkipFilterCheck SwitchParameter', 'Backend String', 'AllowBroader SwitchParameter', 'Wait SwitchParameter', 'WaitTimeoutSec Int32', 'JournalPath String', 'ResendUncertain SwitchParameter' }
        @{ Name = 'Invoke-CCRefreshIdentities'; Set = 'All'; Surface = 'All! SwitchParameter', 'RefreshArgs Object', 'Force SwitchParameter', 'AllowPruneAll SwitchParameter', 'WithHttpInfo SwitchParameter', 'MaxIdentities Int32', 'Backend String', 'AllowBroader SwitchParameter', 'Wait SwitchParameter', 'WaitTimeoutSec Int32' }
        @{ Name = 'Invoke-CCRefreshIdentities'; Set = 'Identity'; Surface = 'Identity! Object[]', 'PerIdentity SwitchParameter', 'IdentityAttribute String', 'RefreshArgs Object', 'WithHttpInfo SwitchParameter', 'MaxIdentities Int32', 'Backend String', 'AllowBroader SwitchParameter', 'Wait SwitchParameter', 'WaitTimeoutSec Int32', 'JournalPath String', 'ResendUncertain SwitchParameter' }
        @{ Name = 'Invoke-CCRefreshIdentities'; Set = 'Input'; Surface = 'ContentType 0 String', 'PerIdentity SwitchParameter', 'InputObject Object <value', 'IdentityAttribute String', 'RefreshArgs Object', 'WithHttpInfo SwitchParameter', 'MaxIdentities Int32', 'Backend String', 'AllowBroader SwitchParameter', 'Wait SwitchParameter', 'WaitTimeoutSec Int32', 'JournalPath String', 'ResendUncertain SwitchParameter' }
        @{ Name = 'Test-CCFilter'; Surface = 'Filter! 0 String <value <property', 'Detailed SwitchParameter' }
        @{ Name = 'Find-CCIdentity'; Surface = 'Filter! 0 String', 'First Int32' }
        @{ Name = 'Get-CCTask'; Set = 'Id'; Surface = , 'Id! 0 String[]' }
        @{ Name = 'Get-CCTask'; Set = 'Input'; Surface = , 'InputObject! Object <value' }
        @{ Name = 'Wait-CCTask'; Set = 'Id'; Surface = 'Id! 0 String[]', 'TimeoutSec Int32' }
        @{ Name = 'Wait-CCTask'; Set = 'Input'; Surface = 'InputObject! Object <value', 'TimeoutSec Int32' }
        @{ Name = 'Initialize-RefreshIdentitiesRequest'; Surface = 'VarFilter 0 String <property', 'RefreshArgs 1 PSObject <property' }
        @{
            Name    = 'Initialize-RefreshIdentitiesRequestRefreshArgs'
            Surface = 'CorrelateEntitlements 0 Boolean? <property', 'PromoteAttributes 1 Boolean? <property', 'RefreshManagerStatus 2 Boolean? <property', 'SynchronizeAttributes 3 Boolean? <property', 'PruneIdentities 4 Boolean? <property', 'Provision 5 Boolean? <property'
        }
        @{ Name = 'ConvertFrom-JsonToRefreshIdentitiesRequest'; Surface = , 'Json 0 String' }
        @{ Name = 'ConvertFrom-JsonToRefreshIdentitiesRequestRefreshArgs'; Surface = , 'Json 0 String' }
        @{ Name = 'Get-Configuration'; Surface = @() }
        @{
            Name    = 'Set-Configuration'
            Surface = 'BaseUrl 0 String', 'Username 1 String', 'Password 2 Object', 'ApiKey 3 Hashtable', 'ApiKeyPrefix 4 Hashtable', 'Cookie 5 String', 'AccessToken 6 Object', 'SkipCertificateCheck SwitchParameter', 'DefaultHeaders 7 Hashtable', 'Proxy 8 Object', 'PassThru SwitchParameter', 'ClientId String', 'ClientSecret Object', 'TokenUrl String', 'Preflight Boolean?', 'MaxIdentities Int32?', 'Backend String', 'ApiVersion String', 'AllowBroader Boolean?', 'RateLimit Hashtable', 'MaximumConcurrency Int32?', 'NoProxy String', 'CaFile String', 'TimeoutSec Double?', 'MaximumRetryCount Int32?', 'RetryIntervalSeconds Double?', 'Environment String'
        }
        @{ Name = 'Set-ConfigurationApiKey'; Surface = 'Id 0 String', 'ApiKey 1 String' }
        @{ Name = 'Set-ConfigurationApiKeyPrefix'; Surface = 'Id 0 String', 'ApiKeyPrefix 1 String' }
        @{ Name = 'Set-ConfigurationDefaultHeader'; Surface = 'Key 0 String', 'Value 1 String' }
        @{ Name = 'Get-HostSetting'; Surface = @() }
        @{ Name = 'Get-UrlFromHostSetting'; Surface = 'Index 0 Int32 <value', 'Variables 1 Hashtable' }
    ) {
        @(Get-Surface $name $set | Sort-Object) -join "`n" | Should -BeExactly (@($surface | Sort-Object) -join "`n")
        if ($name -notmatch '-CC') {
            @(Get-Surface ($name -replace '-', '-CC') | Sort-Object) -join "`n" | Should -BeExactly (@($surface | Sort-Object) -join "`n")
        }
    }

    It 'takes a documented request where no other set is named' {
        $command = Get-Command Invoke-CCRefreshIdentities
        $command.DefaultParameterSet | Should -Be 'Request'
        $command.ParameterSets.Name | Sort-Object | Should -Be @('All', 'Filter', 'Identity', 'Input', 'Request')
    }

    It 'takes -Body for -RefreshIdentitiesRequest' {
        (Get-Command Invoke-CCRefreshIdentities).Parameters['RefreshIdentitiesRequest'].Aliases | Should -Be 'Body'
    }

    It 'asks only when the session asks to be asked from medium impact on' {
        $binding = (Get-Command Invoke-CCRefreshIdentities).ScriptBlock.Attributes | Where-Object { $_ -is [System.Management.Automation.CmdletBindingAttribute] }
        $binding.SupportsShouldProcess | Should -BeTrue
        $binding.ConfirmImpact | Should -Be 'Medium'
    }

    It 'has each function under both names from one definition' {
        foreach ($name in $module.ExportedFunctions.Keys -match '-CC' -notmatch '-CC(RefreshIdentities|Filter|Identity|Task)$') {
            (Get-Command $name).Definition | Should -BeExactly (Get-Command ($name -replace '-CC', '-')).Definition
        }
    }

    It 'changes nothing in the session that imports it' {
        $session = Invoke-Session @'
$before = Get-Variable -Scope Global | Where-Object { $_.Name -match 'Preference$|^OutputEncoding$' } | ForEach-Object { "$($_.Name)=$($_.Value)" }
$modules = (Get-Module).Name
Import-Module $env:TEST_MODULE
$after = Get-Variable -Scope Global | Where-Object { $_.Name -match 'Preference$|^OutputEncoding$' } | ForEach-Object { "$($_.Name)=$($_.Value)" }
Compare-Object $before $after
# In a clone the functions are files, and Get-ChildItem lists them.
(Get-Module).Name | Where-Object { $_ -notin $modules -and $_ -ne 'Microsoft.PowerShell.Management' }
'@ -Environment @{ PSSAILPOINTCC_LIBRARY = '/nowhere/at/all' }
        $session.Error | Should -BeNullOrEmpty
        $session.Output.Trim() | Should -BeExactly 'PSSailpointCC'
    }
}
