Describe 'An error' {
    BeforeAll {
        . "$PSScriptRoot/Support.ps1"
        $sandbox = Start-Sandbox
        $request = @{ filter = 'uid == "amelie.roux"' }

        # The documented catch block, its lines collected in place of Write-Host.
        function Invoke-Documented($RefreshIdentitiesRequest) {
            $Result = 'old'
            try {
                $Result = Invoke-CCRefreshIdentities -ContentType 'application/json' -RefreshIdentitiesRequest $RefreshIdentitiesRequest
                "no error: $Result"
            } catch {
                "Exception occurred when calling Invoke-CCRefreshIdentities: {0}" -f ($_.ErrorDetails | ConvertFrom-Json)
                "Response headers: {0}" -f ($_.Exception.Response.Headers | ConvertTo-Json)
                $script:record = $_
            }
        }
    }
    AfterAll { Stop-Sandbox $sandbox }
    BeforeEach {
        Clear-Sandbox $sandbox
        Reset-Session $sandbox
        $script:record = $null
        # Waiting is the library's business; here it only takes time.
        (Get-Configuration).MaximumRetryCount = 0
    }

    It 'of status <status> works in the documented catch block' -ForEach @(
        @{ Status = 400; Code = 'http_status'; Id = 'HttpStatus'; Category = 'InvalidResult' }
        @{ Status = 401; Code = 'unauthorized'; Id = 'Unauthorized'; Category = 'AuthenticationError' }
        @{ Status = 403; Code = 'forbidden'; Id = 'Forbidden'; Category = 'PermissionDenied' }
        @{ Status = 404; Code = 'not_found'; Id = 'NotFound'; Category = 'ObjectNotFound' }
        @{ Status = 410; Code = 'gone'; Id = 'Gone'; Category = 'ResourceUnavailable' }
        @{ Status = 429; Code = 'rate_limited'; Id = 'RateLimited'; Category = 'LimitsExceeded' }
        @{ Status = 500; Code = 'http_status'; Id = 'HttpStatus'; Category = 'InvalidResult' }
        @{ Status = 503; Code = 'http_status'; Id = 'HttpStatus'; Category = 'InvalidResult' }
    ) {
        $fault = @{ on = 'refresh'; kind = 'status'; status = $status; times = 0 }
        if ($status -eq 429) { $fault.retryAfter = 7 }
        Add-Fault $sandbox $fault
        # Where /cc is no more, this is what its successor says too.
        $fault.on = 'process'
        Add-Fault $sandbox $fault
        $lines = Invoke-Documented $request
        $lines.Count | Should -Be 2
        $lines[0] | Should -Match '^Exception occurred when calling Invoke-CCRefreshIdentities: @\{.+\}$'
        $headers = $lines[1] -replace '^Response headers: ' | ConvertFrom-Json
        if ($Desktop) { $headers.'content-type' | Should -Match 'json' } else { $headers.Key | Should -Contain 'Date' }
        $record.FullyQualifiedErrorId | Should -Be "$id,Invoke-CCRefreshIdentities"
        $record.CategoryInfo.Category | Should -Be $category
        # The type of the web cmdlets; theirs on Windows PowerShell cannot be made.
        $record.Exception.GetType().FullName | Should -Be $(if ($Desktop) { 'System.InvalidOperationException' } else { 'Microsoft.PowerShell.Commands.HttpResponseException' })
        [int] $record.Exception.Response.StatusCode | Should -Be $status
        $record.Exception.Data['code'] | Should -Be $code
        $record.Exception.Data['sent'] | Should -BeIn 'no', 'maybe', 'yes'
        $record.Exception.Message | Should -Match "$status"
        $record.Exception.Message | Should -Match ([regex]::Escape($sandbox.Url))
        $record.ErrorDetails.RecommendedAction | Should -Match ([regex]::Escape($record.Exception.Message))
        $record.TargetObject | Should -Be $request
        if ($status -notin 401, 429) { $record.Exception.Data['trackingId'] | Should -Not -BeNullOrEmpty }
        if ($status -eq 429) {
            $retryAfter = if ($Desktop) { $record.Exception.Response.Headers['Retry-After'] } else { $record.Exception.Response.Headers.RetryAfter.Delta.TotalSeconds }
            $retryAfter | Should -Be 7
        }
        # The service's own JSON.
        $details = $record.ErrorDetails.Message | ConvertFrom-Json
        if ($status -in 400, 403, 404, 500) { $details.messages[0].text | Should -Not -BeNullOrEmpty }
        if ($status -eq 401) { $details.error | Should -Not -BeNullOrEmpty }
    }

    It 'of a filter works in the documented catch block, with a caret in the recommendation' {
        $lines = Invoke-Documented (Initialize-RefreshIdentitiesRequest -VarFilter 'MyVarFilter')
        $lines[0] | Should -Match 'MyVarFilter.*code=invalid_filter; sent=no'
        $lines[1] | Should -Be 'Response headers: {}'
        $record.FullyQualifiedErrorId | Should -Be 'InvalidFilter,Invoke-CCRefreshIdentities'
        $record.ErrorDetails.Message | Should -Match '^\{"message":"[^"]+","code":"invalid_filter","sent":"no"'
        $record.ErrorDetails.RecommendedAction | Should -Match '(?m)^\s*\^'
        $record.Exception.Message | Should -Be ($record.ErrorDetails.Message | ConvertFrom-Json).message
        @(Get-Arrival $sandbox).Count | Should -Be 0
    }

    It 'of a refused connection works in the documented catch block' {
        $listener = [System.Net.Sockets.TcpListener]::new([ipaddress]::Loopback, 0)
        $listener.Start()
        $port = $listener.LocalEndpoint.Port
        $listener.Stop()
        Set-Configuration -BaseUrl "http://127.0.0.1:$port"
        $lines = Invoke-Documented $request
        $lines[0] | Should -Match "127\.0\.0\.1:$port.*code=connection; sent=no"
        $lines[1] | Should -Match '^Response headers: (null|\{\})$'
        $record.CategoryInfo.Category | Should -Be 'ConnectionError'
        $record.ErrorDetails.RecommendedAction | Should -Not -BeNullOrEmpty
    }

    It 'of a host that does not exist names it' {
        Set-Configuration -BaseUrl 'https://no-such-tenant.invalid'
        $null = Invoke-Documented $request
        $record.Exception.Message | Should -Match 'no-such-tenant\.invalid'
        $record.Exception.Data['sent'] | Should -Be 'no'
        $record.CategoryInfo.Category | Should -Be 'ConnectionError'
    }

    Context 'of a certificate' {
        BeforeAll { $secure = Start-Sandbox @('--https') }
        AfterAll { Stop-Sandbox $secure }
        BeforeEach { Set-Configuration -BaseUrl $secure.Url }

        It 'works in the documented catch block, and SkipCertificateCheck makes it go away' {
            $lines = Invoke-Documented $request
            $lines[0] | Should -Match 'code=tls; sent=no'
            $record.FullyQualifiedErrorId | Should -Be 'Tls,Invoke-CCRefreshIdentities'
            Set-Configuration -SkipCertificateCheck
            (Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $request).type | Should -Be 'TASK_RESULT'
        }

        # wine refuses the configuration of a chain engine that has roots of its own.
        It 'goes away with CaFile' -Tag not-wine {
            # A path from the session's location, which is not the process's.
            Push-Location -LiteralPath (Split-Path $secure.CaFile)
            try {
                (Get-Configuration).CaFile = Split-Path $secure.CaFile -Leaf
                (Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $request).type | Should -Be 'TASK_RESULT'
            } finally { Pop-Location }
        }
    }

    It 'after the fault <kind> says sent: <sent>, and nothing is sent twice' -ForEach @(
        @{ Kind = 'reset_before'; Sent = 'no|maybe' }
        @{ Kind = 'reset'; Sent = 'maybe' }
        @{ Kind = 'reset_unexecuted'; Sent = 'maybe' }
        @{ Kind = 'cut_off'; Sent = 'yes|maybe' }
        @{ Kind = 'garbage'; Sent = 'maybe' }
        @{ Kind = 'redirect'; Sent = 'yes|maybe' }
        @{ Kind = 'slow'; Sent = 'maybe' }
    ) {
        (Get-Configuration).TimeoutSec = 0.5
        Add-Fault $sandbox @{ on = 'refresh'; kind = $kind; times = 0; delayMs = 3000 }
        $null = Invoke-Documented $request
        $record | Should -Not -BeNullOrEmpty
        $record.Exception.Data['sent'] | Should -Match "^($sent)$"
        @(Get-Refresh $sandbox).Count | Should -BeLessOrEqual 1
    }

    It 'of a body that is not JSON has our JSON in ErrorDetails' {
        Add-Fault $sandbox @{ on = 'refresh'; kind = 'html'; status = 502; times = 0 }
        $null = Invoke-Documented $request
        ($record.ErrorDetails.Message | ConvertFrom-Json).message | Should -Be $record.Exception.Message
        [int] $record.Exception.Response.StatusCode | Should -Be 502
        if (-not $Desktop) { $record.Exception.Response.Content.ReadAsStringAsync().Result | Should -Match '<html' }
    }

    It 'of a wrong client secret tells who was refused' {
        Set-Configuration -AccessToken '' -ClientId sandbox-client -ClientSecret wrong
        $null = Invoke-Documented $request
        $record.FullyQualifiedErrorId | Should -Match '^(Unauthorized|HttpStatus),'
        $record.Exception.Data['sent'] | Should -Be 'no'
        @(Get-Refresh $sandbox).Count | Should -Be 0
    }

    It 'leaves the old result untouched and stands at the caller''s line' {
        $result = 'old'
        try { $result = Invoke-CCRefreshIdentities } catch { $record = $_ }
        $result | Should -Be 'old'
        $record.InvocationInfo.ScriptName | Should -Match 'Errors\.Tests\.ps1$'
        $record.InvocationInfo.Line | Should -Match 'Invoke-CCRefreshIdentities'
    }

    It 'has its message once in $Error' {
        $Error.Clear()
        try { Invoke-CCRefreshIdentities } catch { $null }
        @($Error | Where-Object { "$_" -match 'would refresh' -or $_.FullyQualifiedErrorId -match 'WouldRefreshAll' }).Count | Should -BeLessOrEqual 2
    }

    It 'ends a script that does not catch it, and shows the message and what to do' {
        $session = Invoke-Session @'
Import-Module $env:TEST_MODULE
Set-Configuration -BaseUrl $env:TEST_URL -AccessToken sandbox-token
$Result = 'old'
$Result = Invoke-CCRefreshIdentities -RefreshIdentitiesRequest @{ filter = 'MyVarFilter' }
"went on with $Result"
'@ -Environment @{ TEST_URL = $sandbox.Url }
        $session.ExitCode | Should -Be 1
        $session.Output | Should -Not -Match 'went on'
        $shown = Join-Line $session.Error
        $shown | Should -Match '^Invoke-CCRefreshIdentities: .*MyVarFilter'
        $shown | Should -Match 'uid == "amelie\.roux"'
    }

    It 'ends a script also where the session says <preference>' -ForEach @(
        @{ Preference = 'SilentlyContinue' }
        @{ Preference = 'Continue' }
        @{ Preference = 'Ignore' }
    ) {
        Add-Fault $sandbox @{ on = 'refresh'; kind = 'status'; status = 500; times = 0 }
        $reached = $false
        $caught = $false
        try {
            & {
                $ErrorActionPreference = $preference
                $null = Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $request
            }
            $reached = $true
        } catch { $caught = $true }
        $caught | Should -BeTrue
        $reached | Should -BeFalse
        @(Get-Refresh $sandbox).Count | Should -Be 1

        $caught = $false
        try { $null = Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $request -ErrorAction $preference } catch { $caught = $true }
        $caught | Should -BeTrue
    }

    It 'is once in $Error, and in -ErrorVariable with its code: <what>' -ForEach @(
        @{ What = 'a foreign member'; Wrong = @{ options = 1 } }
        @{ What = 'a list'; Wrong = @(1, 2) }
        @{ What = 'a number that JSON has not'; Wrong = @{ filter = 'uid == "smith"'; refreshArgs = @{ a = [double]::NaN } } }
        @{ What = 'half a character'; Wrong = @{ filter = "uid == `"$([char] 0xD800)`"" } }
    ) {
        $global:Error.Clear()
        try { $null = Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $wrong -NoPreflight -ErrorVariable told } catch { $record = $_ }
        $record.FullyQualifiedErrorId | Should -Be 'InvalidArgument,Invoke-CCRefreshIdentities'
        $record.Exception.Data['sent'] | Should -Be 'no'
        $told[0].Exception.Data['code'] | Should -Be 'invalid_argument'
        @($global:Error | Where-Object { "$_" -match 'InvokeReturnAsIs' }) | Should -BeNullOrEmpty
        @($global:Error | Where-Object FullyQualifiedErrorId -Like 'InvalidArgument*').Count | Should -Be 1
        @(Get-Refresh $sandbox).Count | Should -Be 0
    }

    It 'of a preference, in the middle of a call, says what was sent' {
        Add-Fault $sandbox @{ on = 'refresh'; kind = 'slow'; delayMs = 2000; times = 0 }
        $record = $null
        $before = $global:ProgressPreference
        try {
            $global:ProgressPreference = 'Stop'
            $null = Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $request -NoPreflight
        } catch { $record = $_ } finally { $global:ProgressPreference = $before }
        $record.Exception.Message | Should -Match 'ProgressPreference'
        $record.Exception.Data['sent'] | Should -Be 'maybe'
        @($record.Exception.Data['results']).Count | Should -Be 0
    }
}
