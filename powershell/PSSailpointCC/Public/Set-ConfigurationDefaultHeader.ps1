function Set-ConfigurationDefaultHeader {
    <#
    .SYNOPSIS
    Sets a header that each request of this session carries.

    .DESCRIPTION
    It wins over the header that the module would send; an Authorization
    header stands in place of any token.

    .PARAMETER Key
    Name of the header.

    .PARAMETER Value
    Value of the header.

    .EXAMPLE
    Set-ConfigurationDefaultHeader -Key "X-Correlation-Id" -Value "4711"

    Sends the header with each request.

    .OUTPUTS
    None

    .LINK
    Get-Configuration
    #>
    [Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSUseShouldProcessForStateChangingFunctions', '', Justification = 'Changes a variable of the session.')]
    [CmdletBinding()]
    param(
        [Parameter(Position = 0)]
        [string] $Key,

        [Parameter(Position = 1)]
        [AllowEmptyString()]
        [string] $Value
    )

    process {
        . $script:UseCallerPreference
        if (-not $Key) {
            $record = New-ArgumentError '-Key is empty; it must name the header.'
            Microsoft.PowerShell.Utility\Write-Error -ErrorRecord $record -ErrorAction Stop
        }
        if ($null -eq $script:Configuration['DefaultHeaders']) { $script:Configuration['DefaultHeaders'] = @{} }
        $script:Configuration['DefaultHeaders'][$Key] = $Value
    }
}
