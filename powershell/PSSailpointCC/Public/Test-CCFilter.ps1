function Test-CCFilter {
    <#
    .SYNOPSIS
    Tests whether a text is a filter, and tells what it says. Asks no server.

    .DESCRIPTION
    Returns $true for a filter that Invoke-CCRefreshIdentities would read,
    and $false for any other text; a wrong filter is no error. Whether the
    filter matches anybody is another question: see Find-CCIdentity.

    What is legal and seldom meant, such as name == "", is a warning.
    -Verbose says of a wrong filter what is wrong with it, and what was
    probably meant.

    .PARAMETER Filter
    The text. Several come from the pipeline; objects give it by their
    property Filter.

    .PARAMETER Detailed
    Returns an object for each filter, with Filter, IsValid, Canonical (the
    same filter in its one form), Attributes (the names in it, which must be
    searchable in the tenant), Message, Position (in characters from 0) and
    Hint of what is wrong, Warnings, and Undecidable (the parts that only
    the service itself can evaluate, so that nobody can be counted by them
    before sending). The warnings are not written then.

    .EXAMPLE
    Test-CCFilter 'uid == "amelie.roux"'

    True.

    .EXAMPLE
    Test-CCFilter -Filter 'uid == "amelie.roux","john.smith"' -Detailed | Format-List Message, Position, Hint

    Shows what is wrong with a filter, where, and what was probably meant.

    .EXAMPLE
    'uid == "amelie.roux"', 'uid = "amelie.roux"' | Test-CCFilter -Detailed | Where-Object IsValid -EQ $false

    Gives the wrong ones of several filters.

    .INPUTS
    System.String

    .OUTPUTS
    System.Boolean

    .OUTPUTS
    PSSailpointCC.FilterCheck

    .LINK
    Find-CCIdentity

    .LINK
    about_PSSailpointCC
    #>
    [CmdletBinding()]
    [OutputType([bool])]
    [OutputType('PSSailpointCC.FilterCheck')]
    param(
        [Parameter(Mandatory, Position = 0, ValueFromPipeline, ValueFromPipelineByPropertyName)]
        [AllowNull()]
        [AllowEmptyString()]
        [string] $Filter,

        [switch] $Detailed
    )

    process {
        . $script:UseCallerPreference
        $check = $null
        try {
            $check = Get-FilterCheck $Filter
        } catch {
            $check = $_
        }
        if ($check -is [System.Management.Automation.ErrorRecord]) {
            if (Test-EndsCommand $CallerErrorAction $PSCmdlet) { Microsoft.PowerShell.Utility\Write-Error -ErrorRecord $check -ErrorAction Stop }
            Write-Outcome @{ Result = @(); Problem = @($check) } $PSCmdlet $CallerErrorAction
            return
        }
        if ($Detailed) { return $check }
        foreach ($warning in $check.Warnings) { Microsoft.PowerShell.Utility\Write-Warning -Message $warning }
        if (-not $check.IsValid) { Microsoft.PowerShell.Utility\Write-Verbose -Message ("{0}`n{1}" -f $check.Message, $check.Hint).TrimEnd() }
        $check.IsValid
    }
}
