function Set-ConfigurationApiKeyPrefix {
    <#
    .SYNOPSIS
    Sets the prefix of an API key in the configuration of this session.

    .DESCRIPTION
    Kept as the official module has it. This API takes bearer tokens, and no
    API key is sent.

    .PARAMETER Id
    Name of the security scheme.

    .PARAMETER ApiKeyPrefix
    The prefix.

    .EXAMPLE
    Set-ConfigurationApiKeyPrefix -Id "header" -ApiKeyPrefix "Bearer"

    Keeps a prefix under the name header.

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
        [string] $ApiKeyPrefix
    )

    process {
        . $script:UseCallerPreference
        if (-not $Id) {
            $record = New-ArgumentError '-Id is empty; it must name the security scheme.'
            Microsoft.PowerShell.Utility\Write-Error -ErrorRecord $record -ErrorAction Stop
        }
        if ($null -eq $script:Configuration['ApiKeyPrefix']) { $script:Configuration['ApiKeyPrefix'] = @{} }
        $script:Configuration['ApiKeyPrefix'][$Id] = $ApiKeyPrefix
    }
}
