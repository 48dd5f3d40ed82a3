function Set-ConfigurationApiKey {
    <#
    .SYNOPSIS
    Sets an API key in the configuration of this session.

    .DESCRIPTION
    Kept as the official module has it. This API takes bearer tokens, and no
    API key is sent.

    .PARAMETER Id
    Name of the security scheme.

    .PARAMETER ApiKey
    The key.

    .EXAMPLE
    Set-ConfigurationApiKey -Id "header" -ApiKey "YOUR_API_KEY"

    Keeps a key under the name header.

    .OUTPUTS
    None

    .LINK
    Get-Configuration
    #>
    [Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSUseShouldProcessForStateChangingFunctions', '', Justification = 'Changes a variable of the session.')]
    [CmdletBinding()]
    param(
        [Parameter(Position = 0)]
        [string] $Id,

        [Parameter(Position = 1)]
        [AllowEmptyString()]
        [string] $ApiKey
    )

    process {
        . $script:UseCallerPreference
        if (-not $Id) {
            $record = New-ArgumentError '-Id is empty; it must name the security scheme.'
            Microsoft.PowerShell.Utility\Write-Error -ErrorRecord $record -ErrorAction Stop
        }
        if ($null -eq $script:Configuration['ApiKey']) { $script:Configuration['ApiKey'] = @{} }
        $script:Configuration['ApiKey'][$Id] = $ApiKey
    }
}
