Describe 'A secret' {
    BeforeAll {
        . "$PSScriptRoot/Support.ps1"
        $sandbox = Start-Sandbox
    }
    AfterAll { Stop-Sandbox $sandbox }

    It 'is in no stream, no error and no transcript, with -Verbose and -Debug' {
        Clear-Sandbox $sandbox
        # Whatever the service or a proxy does with it, it must not come back.
        foreach ($kind in 'echo', 'html', 'garbage', 'reset', 'cut_off', 'redirect', 'bad_json') { Add-Fault $sandbox @{ on = 'refresh'; kind = $kind } }
        foreach ($status in 400, 401, 401, 403, 404, 500, 503) { Add-Fault $sandbox @{ on = 'refresh'; kind = 'status'; status = $status } }
        $transcript = Join-Path $TestDrive 'transcript.txt'
        $session = Invoke-Session @'
$null = Start-Transcript -LiteralPath $env:TEST_TRANSCRIPT
Import-Module $env:TEST_MODULE -Verbose
$VerbosePreference = $DebugPreference = $InformationPreference = 'Continue'
Set-Configuration -BaseUrl $env:TEST_URL -Verbose -Debug
$configuration = Get-Configuration -Verbose -Debug
$configuration.MaximumRetryCount = 0
$configuration.TimeoutSec = 5
$request = @{ filter = 'uid == "amelie.roux"'; refreshArgs = @{ promoteAttributes = $true } }
function Invoke-All([int] $Times) {
    foreach ($time in 1..$Times) {
        try {
            Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $request -WithHttpInfo -Verbose -Debug | ConvertTo-Json -Depth 5
        } catch {
            $_ | Format-List * -Force | Out-String
            $_.Exception | Format-List * -Force | Out-String
            $_.ErrorDetails | Format-List * -Force | Out-String
            $_.Exception.Data | Out-String
            $_.ScriptStackTrace
            $_.Exception.ToString()
            $_.Exception.Response.Headers | ConvertTo-Json
            if ($null -ne $_.Exception.Response.Content) { $_.Exception.Response.Content.ReadAsStringAsync().Result }
        }
    }
}
$configuration.AccessToken = $env:TEST_TOKEN
Invoke-All 15
Set-Configuration -AccessToken '' -ClientId sandbox-client -ClientSecret $env:TEST_SECRET -Verbose -Debug
Invoke-All 2
Set-Configuration -ClientId nobody -Verbose -Debug
Invoke-All 1
Set-Configuration -ClientId '' -ClientSecret '' -DefaultHeaders @{ Authorization = "Bearer $env:TEST_TOKEN"; 'X-Api-Key' = $env:TEST_KEY } -Proxy $env:TEST_PROXY
Invoke-All 1
Set-Configuration -BaseUrl 'https://acme.api.identitynow.com' -Verbose
Invoke-All 1
Set-Configuration -BaseUrl "https://user:$env:TEST_KEY@acme.api.identitynow.com"
Invoke-All 1
$configuration.AccessTokn = $env:TEST_TOKEN
$configuration.TimeoutSec = $env:TEST_TOKEN
Invoke-All 1
$configuration.TimeoutSec = 5
$configuration.AccessToken = $env:TEST_TOKEN + "`n"
Invoke-All 1
$configuration.AccessToken = $env:TEST_TOKEN + [char] 0xD83D
Invoke-All 1
$configuration.AccessToken = @{ a = $env:TEST_TOKEN }
Invoke-All 1
$Error | Format-List * -Force | Out-String
$null = Stop-Transcript
'done'
'@ -Environment @{
            TEST_URL        = $sandbox.Url
            TEST_TRANSCRIPT = $transcript
            TEST_TOKEN      = 'sandbox-token'
            TEST_SECRET     = 'sandbox-secret'
            TEST_KEY        = 'very-secret-key'
            TEST_PROXY      = 'http://proxyuser:very-secret-key@127.0.0.1:9'
        }
        $session.Output | Should -Match '(?m)^done'
        $session.Output | Should -Match 'VERBOSE: '
        $session.Output | Should -Match 'DEBUG: '
        # Where a client's token was fetched, its text is none that a test knows: it is in the log.
        $tokens = foreach ($arrival in Get-Arrival $sandbox refresh) { (Get-ArrivalHeader $arrival Authorization) -replace '^Bearer ' }
        $tokens = @($tokens | Sort-Object -Unique)
        $tokens.Count | Should -BeGreaterOrEqual 2
        $written = Get-Content -LiteralPath $transcript -Raw
        $written.Length | Should -BeGreaterThan 10000
        foreach ($secret in $tokens + @('sandbox-token', 'sandbox-secret', 'very-secret-key')) {
            foreach ($text in $session.All, $written) {
                # As it is, joined over the lines that a console wraps, and in base64.
                $text.Contains($secret) | Should -BeFalse -Because "$secret is a secret"
                ($text -replace '\s').Contains($secret) | Should -BeFalse -Because "$secret is a secret"
                ($text -replace '\s').Contains([Convert]::ToBase64String([System.Text.Encoding]::ASCII.GetBytes($secret)).TrimEnd('=')) | Should -BeFalse
            }
        }
    }

    It 'is not on any command line or in the environment of the library' {
        Reset-Session $sandbox
        $null = Invoke-CCRefreshIdentities -RefreshIdentitiesRequest @{ filter = 'uid == "amelie.roux"' }
        foreach ($variable in [Environment]::GetEnvironmentVariables().GetEnumerator()) { "$($variable.Value)" | Should -Not -Match 'sandbox-token' }
    }
}
