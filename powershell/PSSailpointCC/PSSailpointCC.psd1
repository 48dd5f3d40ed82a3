@{
    RootModule           = 'PSSailpointCC.psm1'
    ModuleVersion        = '0.1.0'
    GUID                 = '5b5ba2a4-5c0d-4c0e-9d3a-6a3f6f0f4c1e'
    Author               = 'The PSSailpointCC authors'
    Copyright            = '(c) The PSSailpointCC authors. MIT License.'
    Description          = 'Refreshes identities in SailPoint Identity Security Cloud, and never more of them than were asked for.'
    PowerShellVersion    = '5.1'
    CompatiblePSEditions = @('Desktop', 'Core')
    FunctionsToExport    = @(
        'Invoke-CCRefreshIdentities'
        'Test-CCFilter'
        'Find-CCIdentity'
        'Get-CCTask'
        'Wait-CCTask'

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

        'Initialize-CCRefreshIdentitiesRequest'
        'Initialize-CCRefreshIdentitiesRequestRefreshArgs'
        'ConvertFrom-CCJsonToRefreshIdentitiesRequest'
        'ConvertFrom-CCJsonToRefreshIdentitiesRequestRefreshArgs'
        'Get-CCConfiguration'
        'Set-CCConfiguration'
        'Set-CCConfigurationApiKey'
        'Set-CCConfigurationApiKeyPrefix'
        'Set-CCConfigurationDefaultHeader'
        'Get-CCHostSetting'
        'Get-CCUrlFromHostSetting'
    )
    CmdletsToExport      = @()
    VariablesToExport    = @()
    AliasesToExport      = @()
    PrivateData          = @{
        PSData = @{
            Tags       = @('SailPoint', 'IdentityNow', 'IdentitySecurityCloud', 'Identity', 'PSEdition_Desktop', 'PSEdition_Core', 'Windows', 'Linux', 'MacOS')
            LicenseUri = 'https://opensource.org/license/mit'
        }
    }
}
