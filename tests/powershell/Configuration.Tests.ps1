Describe 'The configuration' {
    BeforeAll {
        . "$PSScriptRoot/Support.ps1"
        $sandbox = Start-Sandbox
        $request = @{ filter = 'uid == "amelie.roux"' }
        $variables = 'SAIL_BASE_URL', 'SAIL_CLIENT_ID', 'SAIL_CLIENT_SECRET', 'HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'https_proxy', 'NO_PROXY', 'SSL_CERT_FILE'
        function Get-DefaultProxy { if ($Desktop) { [System.Net.WebRequest]::DefaultWebProxy } else { [System.Net.Http.HttpClient]::DefaultProxy } }
        function Set-DefaultProxy($Proxy) { if ($Desktop) { [System.Net.WebRequest]::DefaultWebProxy = $Proxy } else { [System.Net.Http.HttpClient]::DefaultProxy = $Proxy } }
        $defaultProxy = Get-DefaultProxy
        $realHome = [Environment]::GetEnvironmentVariable($HomeVariable)
    }
    AfterAll { Stop-Sandbox $sandbox }
    BeforeEach {
        Clear-Sandbox $sandbox
        Reset-Session $null
        # No config.json and no config.yaml but those of the test.
        $folder = New-Item -ItemType Directory -Path (Join-Path $TestDrive ([guid]::NewGuid()))
        $ownHome = Join-Path $folder 'home'
        [Environment]::SetEnvironmentVariable($HomeVariable, $ownHome)
        $null = New-Item -ItemType Directory -Path (Join-Path $ownHome '.sailpoint') -Force
        Push-Location -LiteralPath $folder
    }
    AfterEach {
        Pop-Location
        [Environment]::SetEnvironmentVariable($HomeVariable, $realHome)
        foreach ($name in $variables) { [Environment]::SetEnvironmentVariable($name, $null) }
    }

    It 'is one live hashtable with keys in any case' {
        $configuration = Get-Configuration
        $configuration | Should -BeOfType [hashtable]
        $configuration.baseURL = $sandbox.Url
        $configuration['ACCESSTOKEN'] = 'sandbox-token'
        [object]::ReferenceEquals((Get-CCConfiguration), $configuration) | Should -BeTrue
        (Get-Configuration).BaseUrl | Should -Be $sandbox.Url
        (Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $request).type | Should -Be 'TASK_RESULT'
        $configuration.AccessToken = 'expired-token'
        { Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $request } | Should -Throw -ErrorId 'Unauthorized,*'
    }

    It 'has the official keys, and no secret, from the beginning' {
        $env:SAIL_BASE_URL = $sandbox.Url
        $env:SAIL_CLIENT_ID = 'sandbox-client'
        $env:SAIL_CLIENT_SECRET = 'sandbox-secret'
        $configuration = Get-Configuration
        foreach ($key in 'BaseUrl', 'Username', 'Password', 'AccessToken', 'Cookie', 'DefaultHeaders', 'ApiKey', 'ApiKeyPrefix', 'SkipCertificateCheck', 'Proxy', 'TokenUrl', 'ClientId', 'ClientSecret', 'MaximumRetryCount', 'RetryIntervalSeconds') {
            $configuration.ContainsKey($key) | Should -BeTrue -Because $key
        }
        $configuration.DefaultHeaders | Should -BeOfType [hashtable]
        $configuration.SkipCertificateCheck | Should -BeExactly $false
        $configuration.AccessToken, $configuration.ClientId, $configuration.ClientSecret | Should -Be @($null, $null, $null)
        $configuration.BaseUrl | Should -Be $sandbox.Url
    }

    It 'shows the placeholder where nothing is set, and asks for credentials at the call' {
        (Get-Configuration).BaseUrl | Should -Be 'https://sailpoint.api.identitynow.com'
        { Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $request } | Should -Throw -ErrorId 'NotConfigured,Invoke-CCRefreshIdentities'
        # The documented page sets the token alone.
        (Get-Configuration).AccessToken = 'sandbox-token'
        { Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $request } | Should -Throw -ErrorId 'NotConfigured,Invoke-CCRefreshIdentities'
    }

    It 'takes variables that were set after the import, and forgets them with the variable' {
        $env:SAIL_BASE_URL = $sandbox.Url
        $env:SAIL_CLIENT_ID = 'sandbox-client'
        $env:SAIL_CLIENT_SECRET = 'sandbox-secret'
        $null = Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $request
        @(Get-Refresh $sandbox).Count | Should -Be 1
        (Get-Configuration).BaseUrl | Should -Be $sandbox.Url
        foreach ($name in $variables) { [Environment]::SetEnvironmentVariable($name, $null) }
        (Get-Configuration).BaseUrl | Should -Be 'https://sailpoint.api.identitynow.com'
        { Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $request } | Should -Throw -ErrorId 'NotConfigured,*'
    }

    It 'takes config.json from the location of the session, not of the process' {
        Set-Content -LiteralPath config.json -Value (@{ baseURL = $sandbox.Url; ClientID = 'sandbox-client'; clientsecret = 'sandbox-secret' } | ConvertTo-Json)
        [Environment]::CurrentDirectory | Should -Not -Be $folder.FullName
        $null = Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $request
        @(Get-Refresh $sandbox).Count | Should -Be 1
        (Get-Configuration).BaseUrl | Should -Be $sandbox.Url
        Push-Location -LiteralPath $TestDrive
        try {
            (Get-Configuration).BaseUrl | Should -Be 'https://sailpoint.api.identitynow.com'
        } finally { Pop-Location }
        # Also from where there is no file system.
        Push-Location -Path Env:
        try {
            $null = Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $request
        } finally { Pop-Location }
        @(Get-Refresh $sandbox).Count | Should -Be 2
    }

    It 'never sends the session''s token where a config.json says' {
        Set-Content -LiteralPath config.json -Value (@{ BaseUrl = $sandbox.Url; ClientId = 'sandbox-client'; ClientSecret = 'sandbox-secret' } | ConvertTo-Json)
        $configuration = Get-Configuration
        $configuration.BaseUrl | Should -Be $sandbox.Url
        $configuration.AccessToken = 'sandbox-token'
        { Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $request } | Should -Throw -ErrorId 'NotConfigured,*'
        # Not through Set-Configuration either, when the value is the one that was only shown.
        Set-Configuration -BaseUrl $configuration.BaseUrl
        { Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $request } | Should -Throw -ErrorId 'NotConfigured,*'
        @(Get-Arrival $sandbox).Count | Should -Be 0
    }

    It 'takes an address that the session sets, though a config.json names the same' {
        Set-Content -LiteralPath config.json -Value (@{ BaseUrl = $sandbox.Url; ClientId = 'sandbox-client'; ClientSecret = 'sandbox-secret' } | ConvertTo-Json)
        $configuration = Get-Configuration
        $configuration.BaseUrl = 'http' + $sandbox.Url.Substring(4)
        $configuration.AccessToken = 'sandbox-token'
        $null = Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $request
        @(Get-Refresh $sandbox).Count | Should -Be 1
    }

    It 'takes config.yaml from the home directory' {
        Set-Content -LiteralPath "$ownHome/.sailpoint/config.yaml" -Value @"
activeenvironment: sandbox
environments:
  sandbox:
    baseurl: $($sandbox.Url)
    pat:
      clientid: sandbox-client
      clientsecret: sandbox-secret
  other:
    baseurl: https://other.example
"@
        $null = Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $request
        @(Get-Refresh $sandbox).Count | Should -Be 1
        (Get-Configuration).BaseUrl | Should -Be $sandbox.Url
        # Credentials of the session, the address of the file.
        Set-Configuration -AccessToken sandbox-token
        $null = Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $request
        @(Get-Refresh $sandbox).Count | Should -Be 2
        (Get-Configuration).Environment = 'nonesuch'
        { Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $request } | Should -Throw -ErrorId 'NotConfigured,*'
    }

    It 'fetches a token for a client once' {
        Set-Configuration -BaseUrl $sandbox.Url -ClientId sandbox-client -ClientSecret sandbox-secret
        1..3 | ForEach-Object { $null = Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $request }
        @(Get-Refresh $sandbox).Count | Should -Be 3
        @(Get-Arrival $sandbox token).Count | Should -BeLessOrEqual 1
    }

    It 'takes secrets as SecureString, and does not show them' {
        $token = ConvertTo-SecureString 'sandbox-token' -AsPlainText -Force
        Set-Configuration -BaseUrl $sandbox.Url -AccessToken $token
        $null = Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $request
        (Get-Configuration | Out-String) | Should -Not -Match 'sandbox-token'
        Set-Configuration -AccessToken $null -ClientId sandbox-client -ClientSecret (ConvertTo-SecureString 'sandbox-secret' -AsPlainText -Force)
        $null = Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $request
        @(Get-Refresh $sandbox).Count | Should -Be 2
        { Set-Configuration -AccessToken 5 } | Should -Throw -ErrorId 'InvalidArgument,Set-Configuration'
    }

    It 'is changed by Set-Configuration where it says so, and nowhere else' {
        Set-Configuration -BaseUrl $sandbox.Url -AccessToken sandbox-token -SkipCertificateCheck -DefaultHeaders @{ 'X-One' = '1' } -Proxy 'http://127.0.0.1:9'
        Set-Configuration -Username somebody
        $configuration = Set-CCConfiguration -PassThru
        $configuration.SkipCertificateCheck | Should -BeTrue
        $configuration.AccessToken | Should -Be 'sandbox-token'
        $configuration.DefaultHeaders['x-one'] | Should -Be '1'
        $configuration.Proxy | Should -Be 'http://127.0.0.1:9'
        $configuration.Username | Should -Be 'somebody'
        Set-Configuration -SkipCertificateCheck:$false -AccessToken '' -Proxy $null
        $configuration.SkipCertificateCheck | Should -BeExactly $false
        $configuration.AccessToken | Should -Be $null
        $configuration.Proxy | Should -Be $null
        $configuration.Username | Should -Be 'somebody'
    }

    It 'has live inner hashtables' {
        Set-Configuration -BaseUrl $sandbox.Url -AccessToken sandbox-token
        Set-ConfigurationDefaultHeader 'X-One' 'first'
        (Get-Configuration).DefaultHeaders['X-Two'] = 'second'
        Set-ConfigurationApiKey header secret-key
        Set-CCConfigurationApiKeyPrefix header Bearer
        (Get-Configuration).ApiKey['header'] | Should -Be 'secret-key'
        (Get-Configuration).ApiKeyPrefix['header'] | Should -Be 'Bearer'
        $null = Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $request
        $refresh = Get-Refresh $sandbox
        Get-ArrivalHeader $refresh 'x-one' | Should -Be 'first'
        Get-ArrivalHeader $refresh 'x-two' | Should -Be 'second'
        $refresh.headers | ConvertTo-Json -Depth 5 | Should -Not -Match 'secret-key'
        { Set-ConfigurationDefaultHeader '' x } | Should -Throw -ErrorId 'InvalidArgument,Set-ConfigurationDefaultHeader'
    }

    It 'is the same text for the library until <what> changes' -ForEach @(
        @{ What = 'a value'; Change = { (Get-Configuration).AccessToken = 'other-token' }; Shows = '"accessToken":"other-token"' }
        @{ What = 'a value that Set-Configuration sets'; Change = { Set-Configuration -MaxIdentities 7 }; Shows = '"maxIdentities":7' }
        @{ What = 'the set of keys'; Change = { (Get-Configuration).Remove('RateLimit') }; Lacks = 'rateLimit' }
        @{ What = 'the address'; Change = { (Get-Configuration).BaseUrl = 'http://127.0.0.1:9' }; Shows = '"baseUrl":"http://127.0.0.1:9"' }
        @{ What = 'a header'; Change = { (Get-Configuration).DefaultHeaders['X-One'] = '2' }; Shows = '"X-One":"2"' }
        @{ What = 'the set of headers'; Change = { (Get-Configuration).DefaultHeaders.Clear() }; Lacks = 'X-One' }
        @{ What = 'the rate limit'; Change = { (Get-Configuration).RateLimit.requests = 11 }; Shows = '"requests":11' }
        @{ What = 'what stands in which of two tables'; Before = { (Get-Configuration).DefaultHeaders = @{ a = 'c'; b = 'd' }; (Get-Configuration).RateLimit = @{} }
            Change = { $headers = (Get-Configuration).DefaultHeaders; $words = @($headers.Keys) + @($headers.Values); $headers.Clear(); $headers[$words[0]] = $words[1]; (Get-Configuration).RateLimit[$words[2]] = $words[3] }
        }
        @{ What = 'a variable'; Change = { $env:SAIL_CLIENT_ID = 'me' }; Shows = '"SAIL_CLIENT_ID":"me"' }
        @{ What = 'a proxy variable'; Change = { $env:https_proxy = 'http://127.0.0.1:9' }; Shows = '"http://127.0.0.1:9"' }
        @{ What = 'the home directory'; Change = { Set-Item "env:$HomeVariable" 'elsewhere' }; Shows = '":"elsewhere"' }
        @{ What = 'the location'; Change = { Set-Location -LiteralPath (New-Item -ItemType Directory (Join-Path $TestDrive ([guid]::NewGuid()))) }; Shows = '"directory":"' }
        @{ What = 'a flag, from a text to a value of a pipeline'; Before = { (Get-Configuration).Preflight = 'false' }; Change = { (Get-Configuration).Preflight = Write-Output $true }; Shows = '"preflight":true' }
        @{ What = 'a text, to one of a pipeline'; Change = { (Get-Configuration).AccessToken = Write-Output "sandbox-token$([char] 0x301)" }; Shows = "`"accessToken`":`"sandbox-token$([char] 0x301)`"" }
        @{ What = 'a SecureString'; IsFixed = $false; Before = { (Get-Configuration).AccessToken = ConvertTo-SecureString 'sandbox-toke' -AsPlainText -Force }; Change = { (Get-Configuration).AccessToken.AppendChar('n') }; Shows = '"accessToken":"sandbox-token"' }
        @{ What = 'a proxy object'; IsFixed = $false; Before = { (Get-Configuration).Proxy = [System.Net.WebProxy]::new('http://127.0.0.1:8') }; Change = { (Get-Configuration).Proxy.Address = 'http://127.0.0.1:9' }; Shows = '"proxy":"http://127.0.0.1:9' }
    ) {
        $location = Get-Location
        $homeBefore = [Environment]::GetEnvironmentVariable($HomeVariable)
        $proxyBefore = $env:https_proxy
        $text = { & (Get-Module PSSailpointCC) { Get-ConfigurationText $null } }
        try {
            Set-Configuration -BaseUrl $sandbox.Url -AccessToken sandbox-token -DefaultHeaders @{ 'X-One' = '1' } -RateLimit @{ requests = 10; seconds = 1 }
            # Proxies are asked for where the address is not a loopback one.
            if ($what -eq 'a proxy object') { Set-Configuration -BaseUrl 'https://acme.invalid' }
            $null = Test-CCFilter 'uid == "amelie.roux"'
            if ($before) { & $before }
            # It is kept from the sixth on.
            foreach ($turn in 1..6) { $first = & $text }
            [object]::ReferenceEquals($first, (& $text)) | Should -Be ($null -eq $isFixed)
            & $change
            $second = & $text
            if ($shows) { $second.Contains($shows) | Should -BeTrue -Because $second }
            if ($lacks) { $second | Should -Not -Match $lacks }
            $second | Should -Not -BeExactly $first
        } finally {
            Set-Location $location
            [Environment]::SetEnvironmentVariable($HomeVariable, $homeBefore)
            $env:https_proxy = $proxyBefore
        }
    }

    It 'keeps username, password, cookie and keys to itself, and does not take them for credentials' {
        $configuration = Get-Configuration
        $configuration.BaseUrl = $sandbox.Url
        $configuration.Username = 'u'; $configuration.Password = 'p'; $configuration.Cookie = 'c'; $configuration.ApiKey = @{ a = 'b' }
        $configuration.Token = 'sandbox-token'; $configuration.TokenExpiration = [datetime]::UtcNow.AddHours(1)
        { Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $request 3>&1 } | Should -Throw -ErrorId 'NotConfigured,*'
        @(Get-Arrival $sandbox).Count | Should -Be 0
    }

    It 'takes an Authorization header in place of a token' {
        Set-Configuration -BaseUrl $sandbox.Url -DefaultHeaders @{ Authorization = 'Bearer sandbox-token' }
        $null = Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $request
        @(Get-Refresh $sandbox).Count | Should -Be 1
        @(Get-Arrival $sandbox token).Count | Should -Be 0
    }

    It 'warns of a key that is not known, with the nearest one' {
        Set-Configuration -BaseUrl $sandbox.Url -AccessToken sandbox-token
        (Get-Configuration).TimoutSec = 5
        $warnings = $null
        $null = Invoke-CCRefreshIdentities -RefreshIdentitiesRequest @{ filter = $request.filter; refreshArgs = $AllArguments } -WarningVariable warnings -WarningAction SilentlyContinue
        $warnings.Count | Should -Be 1
        $warnings[0] | Should -Match 'TimoutSec'
        $warnings[0] | Should -Match "'TimeoutSec'"
        @(Get-Refresh $sandbox).Count | Should -Be 1
    }

    It 'takes an empty list, object or text as not set' {
        Set-Configuration -BaseUrl $sandbox.Url -AccessToken sandbox-token
        $configuration = Get-Configuration
        foreach ($empty in @(), [pscustomobject] @{}, '') {
            foreach ($name in 'DefaultHeaders', 'TimeoutSec', 'ClientId', 'SkipCertificateCheck') { $configuration[$name] = $empty }
            (Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $request).Matched | Should -Be 1
        }
    }

    It 'takes numbers, also as text, and names a value that is none' {
        Set-Configuration -BaseUrl $sandbox.Url -AccessToken sandbox-token
        $configuration = Get-Configuration
        $configuration.TimeoutSec = '0.2'
        Add-Fault $sandbox @{ on = 'refresh'; kind = 'slow'; delayMs = 5000 }
        { Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $request } | Should -Throw -ErrorId 'Timeout,*'
        $configuration.TimeoutSec = 'soon'
        { Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $request } | Should -Throw '*timeoutSec*'
    }

    It 'reaches the tenant through a proxy with credentials, given as <kind>' -ForEach @(
        @{ Kind = 'an address'; Make = { param($address) "http://user:pa%20ss@$address" } }
        @{ Kind = 'a WebProxy'; Make = { param($address) $proxy = [System.Net.WebProxy]::new("http://$address"); $proxy.Credentials = [System.Net.NetworkCredential]::new('user', 'pa ss'); $proxy } }
        @{ Kind = 'the default of .NET programs, which is the system''s'; Make = { param($address) $proxy = [System.Net.WebProxy]::new("http://$address"); $proxy.Credentials = [System.Net.NetworkCredential]::new('user', 'pa ss'); Set-DefaultProxy $proxy } }
    ) {
        # A proxy that notes what it is asked, and refuses.
        $listener = [System.Net.Sockets.TcpListener]::new([ipaddress]::Loopback, 0)
        $listener.Start()
        try {
            $accept = $listener.AcceptTcpClientAsync()
            Set-Configuration -BaseUrl 'https://acme.api.identitynow.com' -AccessToken sandbox-token -Proxy (& $make "127.0.0.1:$($listener.LocalEndpoint.Port)")
            (Get-Configuration).MaximumRetryCount = 0
            (Get-Configuration).TimeoutSec = 5
            $job = [powershell]::Create().AddScript({
                    param($accept)
                    $client = $accept.GetAwaiter().GetResult()
                    $stream = $client.GetStream()
                    $buffer = [byte[]]::new(65536)
                    $length = $stream.Read($buffer, 0, $buffer.Length)
                    $answer = [System.Text.Encoding]::ASCII.GetBytes("HTTP/1.1 407 Proxy Authentication Required`r`nContent-Length: 0`r`nConnection: close`r`n`r`n")
                    $stream.Write($answer, 0, $answer.Length)
                    $client.Close()
                    [System.Text.Encoding]::ASCII.GetString($buffer, 0, $length)
                }).AddArgument($accept)
            $running = $job.BeginInvoke()
            { Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $request } | Should -Throw '*The proxy http://127.0.0.1:* has refused the user name or the password*'
            $asked = $job.EndInvoke($running)[0]
        } finally {
            $listener.Stop()
            Set-DefaultProxy $defaultProxy
        }
        $asked | Should -Match '^CONNECT acme\.api\.identitynow\.com:443'
        $asked | Should -Match ('(?im)^Proxy-Authorization: Basic ' + [regex]::Escape([Convert]::ToBase64String([System.Text.Encoding]::ASCII.GetBytes('user:pa ss'))))
    }

    It 'uses the default proxy of .NET programs for no tenant that it exempts, and reports it nowhere' {
        try {
            $proxy = [System.Net.WebProxy]::new("http://user:pa%20ss@127.0.0.1:9", $true, @('acme\.api\.identitynow\.com', 'no-such-tenant\.invalid'))
            Set-DefaultProxy $proxy
            Set-Configuration -BaseUrl $sandbox.Url -AccessToken sandbox-token
            $null = Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $request
            @(Get-Refresh $sandbox).Count | Should -Be 1
            Set-Configuration -BaseUrl 'https://no-such-tenant.invalid'
            { Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $request } | Should -Throw -ErrorId 'HostNotFound,*'
            (Get-Configuration | Out-String) | Should -Not -Match 'pa%20ss|pa ss'
        } finally { Set-DefaultProxy $defaultProxy }
    }

    if ([System.Environment]::OSVersion.Platform -eq 'Win32NT') {
        # To .NET under wine, these settings name no proxy.
        It 'uses the proxy of Windows'' Internet Settings, as it is when the session starts' -Tag not-wine {
            $settings = 'HKCU:\Software\Microsoft\Windows\CurrentVersion\Internet Settings'
            $before = Get-ItemProperty -Path $settings
            $listener = [System.Net.Sockets.TcpListener]::new([ipaddress]::Loopback, 0)
            $listener.Start()
            try {
                Set-ItemProperty -Path $settings -Name ProxyServer -Value "127.0.0.1:$($listener.LocalEndpoint.Port)"
                Set-ItemProperty -Path $settings -Name ProxyEnable -Value 1
                $session = Invoke-Session @'
Import-Module $env:TEST_MODULE
Set-Configuration -BaseUrl 'https://no-such-tenant.invalid' -AccessToken sandbox-token
(Get-Configuration).MaximumRetryCount = 0
(Get-Configuration).TimeoutSec = 2
try { Invoke-CCRefreshIdentities -Identity amelie.roux } catch { $_.FullyQualifiedErrorId }
'@
                $session.Output | Should -Not -Match 'HostNotFound'
                $listener.Pending() | Should -BeTrue -Because $session.All
            } finally {
                $listener.Stop()
                foreach ($name in 'ProxyServer', 'ProxyEnable') {
                    if ($null -eq $before.$name) { Remove-ItemProperty -Path $settings -Name $name } else { Set-ItemProperty -Path $settings -Name $name -Value $before.$name }
                }
            }
        }
    }

    It 'belongs to the runspace: two of them never see each other''s tenant or token' {
        $other = Start-Sandbox
        try {
            $script = {
                param($module, $url, $token, $turns)
                Import-Module $module
                $configuration = Get-Configuration
                $configuration.BaseUrl = $url
                $configuration.AccessToken = $token
                foreach ($turn in 1..$turns) { $null = Invoke-CCRefreshIdentities -RefreshIdentitiesRequest @{ filter = 'uid == "amelie.roux"' } }
                (Get-Configuration).BaseUrl
            }
            $sessions = foreach ($tenant in $sandbox, $other) {
                $session = [powershell]::Create().AddScript($script).AddArgument($ModulePath).AddArgument($tenant.Url).AddArgument('sandbox-token').AddArgument(20)
                @{ Session = $session; Running = $session.BeginInvoke() }
            }
            $urls = foreach ($item in $sessions) {
                $item.Session.EndInvoke($item.Running)
                $item.Session.Streams.Error.Count | Should -Be 0
            }
            $urls | Should -Be @($sandbox.Url, $other.Url)
            @(Get-Refresh $sandbox).Count | Should -Be 20
            @(Get-Refresh $other).Count | Should -Be 20
            # And this session has neither.
            (Get-Configuration).BaseUrl | Should -Be 'https://sailpoint.api.identitynow.com'
            { Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $request } | Should -Throw -ErrorId 'NotConfigured,*'
        } finally { Stop-Sandbox $other }
    }

    It 'says which half is there and which is missing, in <where>' -ForEach @(
        @{ Where = 'the environment'; Set = { $env:SAIL_CLIENT_ID = 'me'; $env:SAIL_CLIENT_SECRET = 'hunter2' }; Says = '*client id (SAIL_CLIENT_ID) and a client secret (SAIL_CLIENT_SECRET) but no base URL (SAIL_BASE_URL) in the environment*' }
        @{ Where = 'config.json'; Set = { Set-Content config.json '{"ClientID":"me","clientsecret":"hunter2"}' }; Says = '*client id (ClientId) and a client secret (ClientSecret) but no base URL (BaseUrl) in ./config.json*' }
        @{ Where = 'config.json of Windows PowerShell'; Set = { [System.IO.File]::WriteAllText((Join-Path $PWD.ProviderPath 'config.json'), '{"ClientID":"me","BaseUrl":"https://acme.api.identitynow.com"}', [System.Text.Encoding]::Unicode) }; Says = '*client id (ClientId) and a base URL (BaseUrl) but no client secret (ClientSecret) in ./config.json*' }
        @{ Where = 'the session'; Set = { Set-Configuration -ClientId me }; Says = '*client id (ClientId) but no client secret (ClientSecret) in this session''s configuration*' }
    ) {
        & $set
        $record = $null
        try { Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $request } catch { $record = $_ }
        $record.FullyQualifiedErrorId | Should -Be 'NotConfigured,Invoke-CCRefreshIdentities'
        $record.Exception.Message | Should -BeLike $says
        $record.ErrorDetails.RecommendedAction | Should -Match '^Give '
        ($record.Exception.Message + $record.ErrorDetails.RecommendedAction) | Should -Not -MatchExactly 'hunter2|cc_|options\.|clientId'
    }

    It 'belongs to the runspace, and an error in another one says so' {
        Set-Configuration -BaseUrl $sandbox.Url -AccessToken sandbox-token
        $session = [powershell]::Create().AddScript({
                param($module)
                Import-Module $module
                try { Invoke-CCRefreshIdentities -RefreshIdentitiesRequest @{ filter = 'uid == "amelie.roux"' } } catch { $_.ErrorDetails.RecommendedAction }
            }).AddArgument($ModulePath)
        $hint = $session.Invoke()[0]
        $hint | Should -Match 'belongs to the runspace.*ForEach-Object -Parallel.*Set-Configuration'
        $hint | Should -Match 'Set-Configuration: -BaseUrl, and -AccessToken or -ClientId and -ClientSecret'
        $hint | Should -Not -MatchExactly 'cc_|accessToken'
    }

    It 'refuses a variable that cannot be used as a proxy: <value>' -ForEach @(
        @{ Value = 'http://CORP\me:hunter2@proxy.example:8080' }
        @{ Value = 'http://me:hunter2#1@proxy.example:8080' }
        @{ Value = 'socks5://me:hunter2@proxy.example:1080' }
        @{ Value = 'http://' }
    ) {
        $env:HTTPS_PROXY = $value
        Set-Configuration -BaseUrl 'https://acme.invalid' -AccessToken sandbox-token
        $record = $null
        try { Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $request } catch { $record = $_ }
        $record.FullyQualifiedErrorId | Should -Be 'InvalidArgument,Invoke-CCRefreshIdentities'
        $record.Exception.Message | Should -Match '^HTTPS_PROXY cannot be used'
        $record.ErrorDetails.RecommendedAction | Should -Match 'percent-encoded.*%5C'
        ($record | Out-String) | Should -Not -Match 'hunter2'
        # Not needed: a loopback address.
        Set-Configuration -BaseUrl $sandbox.Url
        $null = Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $request
    }

    It 'does not send the session''s headers to an address that only a file names' {
        Set-Content -LiteralPath config.json -Value (@{ BaseUrl = $sandbox.Url; ClientId = 'sandbox-client'; ClientSecret = 'sandbox-secret' } | ConvertTo-Json)
        Set-ConfigurationDefaultHeader 'X-Api-Key' 'hunter2'
        $record = $null
        try { Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $request } catch { $record = $_ }
        $record.FullyQualifiedErrorId | Should -Be 'NotConfigured,Invoke-CCRefreshIdentities'
        $record.Exception.Message | Should -Match '^DefaultHeaders \(x-api-key\) would be sent to'
        @(Get-Arrival $sandbox).Count | Should -Be 0
        (Get-Configuration).BaseUrl | Should -Be $sandbox.Url
        (Get-Configuration).DefaultHeaders = @{}
        Set-Configuration -TimeoutSec 7
        $null = Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $request
    }

    It 'says which member is a SecureString where text belongs' {
        $secure = ConvertTo-SecureString 'hunter2' -AsPlainText -Force
        foreach ($name in 'BaseUrl', 'ClientId', 'TokenUrl', 'NoProxy', 'CaFile', 'Environment') {
            $parameters = @{ $name = $secure }
            { Set-Configuration @parameters } | Should -Throw "-$name is a SecureString*" -ErrorId 'InvalidArgument,Set-Configuration'
        }
        Set-Configuration -BaseUrl $sandbox.Url -AccessToken sandbox-token
        foreach ($name in 'ClientId', 'UserAgent', 'MaxIdentities') {
            (Get-Configuration)[$name] = $secure
            { Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $request } | Should -Throw "$name is a SecureString*" -ErrorId 'InvalidArgument,*'
            (Get-Configuration).Remove($name)
        }
        (Get-Configuration).DefaultHeaders['X-Key'] = $secure
        $null = Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $request
        Get-ArrivalHeader (Get-Refresh $sandbox) 'x-key' | Should -Be 'hunter2'
    }

    It 'takes what was copied with blanks around it' {
        Set-Configuration -BaseUrl " $($sandbox.Url)`n" -ClientId "sandbox-client`t" -ClientSecret "$([char] 0xa0)sandbox-secret$([char] 0x200b)"
        $null = Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $request
        $result = Invoke-CCRefreshIdentities -Identity " amelie.roux$([char] 0x200b)`r`n" -RefreshArgs @{}
        $result | Should -Not -BeNullOrEmpty
        @(Get-Refresh $sandbox).Count | Should -Be 2
        Invoke-CCRefreshIdentities -Identity 'amelie.roux ' -RefreshArgs @{} -ErrorVariable problem -ErrorAction SilentlyContinue
        $problem[-1].ErrorDetails.RecommendedAction | Should -Match 'begins or ends with a blank'
    }

    It 'has parameters for limits, proxy exceptions, authorities and the environment' {
        Set-Configuration -NoProxy '*.example' -CaFile company.pem -TimeoutSec 30 -MaximumRetryCount 2 -RetryIntervalSeconds 0.5 -Environment test
        $configuration = Get-Configuration
        $configuration.NoProxy, $configuration.TimeoutSec, $configuration.MaximumRetryCount, $configuration.RetryIntervalSeconds, $configuration.Environment | Should -Be '*.example', 30, 2, 0.5, 'test'
        $configuration.CaFile | Should -Be (Join-Path $folder 'company.pem')
        Set-Configuration -NoProxy '' -CaFile '' -TimeoutSec $null -MaximumRetryCount $null -RetryIntervalSeconds $null -Environment ''
        foreach ($name in 'NoProxy', 'CaFile', 'TimeoutSec', 'MaximumRetryCount', 'RetryIntervalSeconds', 'Environment') { $configuration[$name] | Should -Be $null -Because $name }
        Set-Configuration -BaseUrl $sandbox.Url -AccessToken sandbox-token -TimeoutSec 0.2
        Add-Fault $sandbox @{ on = 'refresh'; kind = 'slow'; delayMs = 5000 }
        { Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $request } | Should -Throw -ErrorId 'Timeout,*'
    }

    It 'keeps the keys of the official SDK 2 without a warning' {
        Set-Configuration -BaseUrl $sandbox.Url -AccessToken sandbox-token
        $configuration = Get-Configuration
        $configuration.Experimental = $true; $configuration.ConsumerIdentifier = 'x'; $configuration.ConsumerVersion = '1'; $configuration.NermBaseUrl = 'https://x'
        $warnings = $null
        $null = Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $request -WarningVariable warnings
        # Of the successor there is one about the arguments.
        @($warnings | Where-Object { "$_" -match 'Experimental|Consumer|Nerm|has a key' }) | Should -BeNullOrEmpty
    }

    It 'takes SSL_CERT_FILE from the session, and names it where it holds no certificate' {
        # Windows and macOS have a store that is no file.
        if (-not $OnLinux) { return }
        $secure = Start-Sandbox @('--https')
        try {
            Set-Configuration -BaseUrl $secure.Url -AccessToken sandbox-token
            $env:SSL_CERT_FILE = $secure.CaFile
            $null = Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $request
            $env:SSL_CERT_FILE = Join-Path $folder 'empty.pem'
            Set-Content -LiteralPath $env:SSL_CERT_FILE ''
            { Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $request } | Should -Throw '*SSL_CERT_FILE names*empty.pem, which holds no certificate*' -ErrorId 'Tls,*'
        } finally { Stop-Sandbox $secure }
    }

    It 'says whose Get-Configuration it is, where another module has taken the name' {
        $null = New-Module -Name Other -ScriptBlock { function Get-Configuration { @{} } } | Import-Module -Force
        try {
            (Get-Configuration).AccessToken = 'sandbox-token'
            try { Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $request } catch { $record = $_ }
            $record.FullyQualifiedErrorId | Should -Match '^NotConfigured'
            $record.ErrorDetails.RecommendedAction | Should -Match "'Other'.*PSSailpointCC\\Get-Configuration"
        } finally { Remove-Module Other }
    }
}
