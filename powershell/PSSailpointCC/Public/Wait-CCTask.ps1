function Wait-CCTask {
    <#
    .SYNOPSIS
    Waits until the task of a refresh has ended, and tells how.

    .DESCRIPTION
    Shows as progress how the task gets on. Then everybody in a piped result
    who was not refreshed by it is an error. A task that ended with a warning
    is a warning; one that failed is an error with the task's messages, and
    so is the end of the time, after which the task goes on: call it again.

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

    process {
        . $script:UseCallerPreference
        $values = $Id
        if ($PSCmdlet.ParameterSetName -eq 'Input') { $values = , $InputObject }
        $wait = ',"wait":true'
        if ($TimeoutSec) { $wait += ',"waitTimeoutSec":' + $TimeoutSec }
        $left = $null
        foreach ($task in @(foreach ($value in $values) { Resolve-Task $value })) {
            if ($task -is [System.Management.Automation.ErrorRecord]) {
                $ErrorActionPreference = $CallerErrorAction
                $PSCmdlet.WriteError($task)
                $ErrorActionPreference = 'Stop'
                continue
            }
            $outcome = Get-TaskOutcome $task $wait $PSCmdlet
            # Outside any try: an error of the next command in the pipeline is not this one's. Its break or continue leaves
            # the nearest loop, and is to end the pipeline.
            $left = 'break'
            foreach ($turn in 1, 2) { if ($turn -eq 1) { $outcome.Result; $left = $null } elseif ($left) { $left = 'continue' } }
            if ($left) { break }
            $ErrorActionPreference = $CallerErrorAction
            foreach ($problem in $outcome.Problem) { $PSCmdlet.WriteError($problem) }
            $ErrorActionPreference = 'Stop'
            if ($null -ne $outcome.Failure) { Microsoft.PowerShell.Utility\Write-Error -ErrorRecord $outcome.Failure -ErrorAction Stop }
        }
        if ($left -eq 'break') { break } elseif ($left) { continue }
    }
}
