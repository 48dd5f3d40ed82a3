function Wait-CCTask {
    <#
    .SYNOPSIS
    Waits until the task of a refresh has ended, and tells how.

    .DESCRIPTION
    Shows as progress how the task gets on. Then everybody in a piped result
    who was not refreshed by it is an error. A task that ended with a warning
    is a warning; one that failed is an error with the task's messages, and
    so is the end of the time, after which the task goes on: call it again.
    A new task may be unknown to the service for 30 seconds; one that stays
    unknown is an error NotFound.

    .PARAMETER Id
    Of the task, or of several.

    .PARAMETER InputObject
    From the pipeline: what Invoke-CCRefreshIdentities returns, or ids.

    .PARAMETER TimeoutSec
    Waits no longer than so many seconds, 3600 where not given.

    .EXAMPLE
    Invoke-CCRefreshIdentities -Identity amelie.roux | Wait-CCTask

    Refreshes one person, and waits until that is done. So does -Wait.

    .EXAMPLE
    $result = Invoke-CCRefreshIdentities -Identity amelie.roux
    Wait-CCTask -Id $result.TaskId -TimeoutSec 600

    Waits ten minutes at the most.

    .INPUTS
    System.Object

    .OUTPUTS
    PSSailpointCC.Task

    Id, State (Running, Succeeded, Warning, Failed), Percent, Messages, and
    Task, which is the service's own object.

    .LINK
    Invoke-CCRefreshIdentities

    .LINK
    Get-CCTask
    #>
    [CmdletBinding(DefaultParameterSetName = 'Id')]
    [OutputType('PSSailpointCC.Task')]
    param(
        [Parameter(Mandatory, Position = 0, ParameterSetName = 'Id')]
        [string[]] $Id,

        [Parameter(Mandatory, ValueFromPipeline, ParameterSetName = 'Input')]
        [AllowNull()]
        [AllowEmptyString()]
        [object] $InputObject,

        [ValidateRange(1, 31536000)]
        [int] $TimeoutSec
    )

    begin {
        . $script:UseCallerPreference
        # It has the block that is dot-sourced below.
        Import-LateFunction
        $told = [System.Collections.Generic.HashSet[string]]::new()
    }

    process {
        $wait = ',"wait":true'
        if ($TimeoutSec) { $wait += ',"waitTimeoutSec":' + $TimeoutSec }
        . $script:TellTask
    }
}
