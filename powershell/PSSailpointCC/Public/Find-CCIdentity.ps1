function Find-CCIdentity {
    <#
    .SYNOPSIS
    Finds the identities that a refresh with a filter would touch. Changes nothing.

    .DESCRIPTION
    Asks search for all that may match, evaluates each by the filter's
    own meaning, and returns those that match, as they come: any number of them,
    by pages. It asks for no further page when the pipeline has had enough.

    Whom only the service itself can evaluate (upper and lower case, missing
    values, lists) is not returned; a warning says how many they are. Nobody
    at all is no error here, but a refresh with such a filter is refused.

    -Verbose says how many match in all.

    .PARAMETER Filter
    In SailPoint's filter language, such as 'department == "Sales"'.

    .PARAMETER First
    Returns no more than so many, and asks for no more.

    .EXAMPLE
    Find-CCIdentity 'uid == "amelie.roux"'

    Finds one person.

    .EXAMPLE
    Find-CCIdentity -Filter 'department == "Sales" && inactive == false' -First 5 | Format-Table Name, DisplayName

    Shows five of those whom a refresh would touch.

    .OUTPUTS
    PSSailpointCC.Identity

    .LINK
    Invoke-CCRefreshIdentities

    .LINK
    Test-CCFilter
    #>
    [CmdletBinding()]
    [OutputType('PSSailpointCC.Identity')]
    param(
        [Parameter(Mandatory, Position = 0)]
        [AllowNull()]
        [AllowEmptyString()]
        [string] $Filter,

        [ValidateRange(1, 2147483647)]
        [int] $First = 2147483647
    )

    process {
        . $script:UseCallerPreference
        $head = $configuration = $answer = $problem = $null
        $left = $First
        # The first page comes soon; the later ones are as large as one request of the library's own.
        $limit = [Math]::Min($left, 250)
        while ($true) {
            try {
                if ($null -eq $head) {
                    $head = '"filter":' + (ConvertTo-JsonText $Filter) + ',"limit":'
                    $configuration = ',"configuration":' + (Get-ConfigurationText $PSCmdlet)
                }
                $after = ''
                if ($null -ne $answer) { $after = ',"after":' + (ConvertTo-JsonText $answer['after']) }
                $isFirst = $null -eq $answer
                $answer = Invoke-Operation 'cc_find_identities' ($head + $limit + $after + $configuration) $PSCmdlet
                # Not thrown, because $Error would keep it in spite of Ignore.
                if (-not $answer['ok']) {
                    $problem = Update-ErrorRecord (New-ErrorRecord $answer['error']) $Filter '' 'no' $PSCmdlet
                } elseif ($isFirst) {
                    Microsoft.PowerShell.Utility\Write-Verbose -Message ('{0}: {1} match, of {2} more only the service can tell.' -f $answer['baseUrl'], $answer['total'], $answer['undecided'])
                    if ($answer['undecided'] -gt 0) { Microsoft.PowerShell.Utility\Write-Warning -Message ('Search finds {0} more, and only the service can tell whether the filter matches them.' -f $answer['undecided']) }
                }
            } catch {
                $problem = Update-ErrorRecord $_ $Filter '' 'no' $PSCmdlet
            }
            if ($null -ne $problem) {
                # Also where a warning is to end the command.
                if ((Test-EndsCommand $CallerErrorAction $PSCmdlet) -or $problem.Exception -is [System.Management.Automation.ActionPreferenceStopException]) { Microsoft.PowerShell.Utility\Write-Error -ErrorRecord $problem -ErrorAction Stop }
                Write-Outcome @{ Result = @(); Problem = @($problem) } $PSCmdlet $CallerErrorAction
                return
            }
            # Outside the try: an error of the next command in the pipeline is not this one's.
            foreach ($person in $answer['identities']) {
                [pscustomobject] @{ PSTypeName = 'PSSailpointCC.Identity'; Id = $person['id']; Name = $person['name']; DisplayName = $person['displayName'] }
            }
            $left -= @($answer['identities']).Count
            if ($left -le 0 -or $null -eq $answer['after']) { return }
            $limit = [Math]::Min($left, 2499)
        }
    }
}
