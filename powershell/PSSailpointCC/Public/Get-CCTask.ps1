function Get-CCTask {
    <#
    .SYNOPSIS
    Gets how the task of a refresh gets on, without waiting.

    .DESCRIPTION
    A refresh is done by the service as a task, whose id is in the result of
    Invoke-CCRefreshIdentities. Asks once; a task that has failed is no
    error here, but a state. After its end everybody in a piped result who
    was not refreshed by it is an error.

    .PARAMETER Id
    Of the task, or of several.

    .PARAMETER InputObject
    From the pipeline: what Invoke-CCRefreshIdentities returns, or ids.

    .EXAMPLE
    Invoke-CCRefreshIdentities -Identity amelie.roux | Get-CCTask

    Refreshes one person, and shows where its task stands.

    .EXAMPLE
    $result = Invoke-CCRefreshIdentities -Identity amelie.roux
    (Get-CCTask -Id $result.TaskId).State

    The same by the task's id: Running, at first.

    .INPUTS
    System.Object

    .OUTPUTS
    PSSailpointCC.Task

    Id, State (Running, Succeeded, Warning, Failed), Percent, Messages, and
    Task, which is the service's own object.

    .LINK
    Invoke-CCRefreshIdentities

    .LINK
    Wait-CCTask
    #>
    [CmdletBinding(DefaultParameterSetName = 'Id')]
    [OutputType('PSSailpointCC.Task')]
    param(
        [Parameter(Mandatory, Position = 0, ParameterSetName = 'Id')]
        [string[]] $Id,

        [Parameter(Mandatory, ValueFromPipeline, ParameterSetName = 'Input')]
        [AllowNull()]
        [AllowEmptyString()]
        [object] $InputObject
    )

    begin {
        . $script:UseCallerPreference
        # It has the block that is dot-sourced below.
        Import-LateFunction
        $told = [System.Collections.Generic.HashSet[string]]::new()
    }

    process {
        $wait = ''
        . $script:TellTask
    }
}
