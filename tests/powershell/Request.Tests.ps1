Describe 'A request' {
    BeforeAll {
        . "$PSScriptRoot/Support.ps1"
        $sandbox = Start-Sandbox
    }
    AfterAll { Stop-Sandbox $sandbox }
    BeforeEach {
        Clear-Sandbox $sandbox
        Reset-Session $sandbox
    }

    It 'of the documented page runs unchanged but for its filter' {
        Set-Configuration -BaseUrl $sandbox.Url -AccessToken ''
        # From here on as documented, with the sandbox's token and a filter that names somebody.
        # general setting of the PowerShell module, e.g. base URL, authentication, etc
        $Configuration = Get-Configuration
        # Configure OAuth2 access token for authorization: UserContextAuth
        $Configuration.AccessToken = "sandbox-token"

        # Configure OAuth2 access token for authorization: UserContextAuth
        $Configuration.AccessToken = "sandbox-token"

        $ContentType = "application/json" # String |  (optional)
        $RefreshIdentitiesRequestRefreshArgs = Initialize-RefreshIdentitiesRequestRefreshArgs -CorrelateEntitlements $true -PromoteAttributes $true -RefreshManagerStatus $false -SynchronizeAttributes $false -PruneIdentities $false -Provision $false
        $RefreshIdentitiesRequest = Initialize-RefreshIdentitiesRequest -VarFilter 'uid == "amelie.roux"' -RefreshArgs $RefreshIdentitiesRequestRefreshArgs # RefreshIdentitiesRequest |  (optional)

        # Refresh Identities
        try {
            $Result = Invoke-CCRefreshIdentities -ContentType $ContentType -RefreshIdentitiesRequest $RefreshIdentitiesRequest
        } catch {
            Write-Host ("Exception occurred when calling Invoke-CCRefreshIdentities: {0}" -f ($_.ErrorDetails | ConvertFrom-Json))
            Write-Host ("Response headers: {0}" -f ($_.Exception.Response.Headers | ConvertTo-Json))
        }

        $Result -is [System.Collections.Hashtable] | Should -BeTrue
        $Result.type | Should -Be 'TASK_RESULT'
        $refresh = @(Get-Refresh $sandbox)
        $refresh.Count | Should -Be 1
        $refresh.refreshed.names | Should -Be 'amelie.roux'
        Get-ArrivalHeader $refresh[0] 'Content-Type' | Should -Be 'application/json'
        Get-ArrivalHeader $refresh[0] 'Accept' | Should -Be 'application/json'
        Get-ArrivalHeader $refresh[0] 'Authorization' | Should -Be 'Bearer sandbox-token'
    }

    It 'of the documented page has the documented form' -Tag cc {
        $arguments = Initialize-RefreshIdentitiesRequestRefreshArgs -CorrelateEntitlements $true -PromoteAttributes $true -RefreshManagerStatus $false -SynchronizeAttributes $false -PruneIdentities $false -Provision $false
        $null = Invoke-CCRefreshIdentities -ContentType 'application/json' -RefreshIdentitiesRequest (Initialize-RefreshIdentitiesRequest -VarFilter 'uid == "amelie.roux"' -RefreshArgs $arguments)
        (Get-Refresh $sandbox).body | Should -BeExactly '{"filter":"uid == \"amelie.roux\"","refreshArgs":{"correlateEntitlements":true,"promoteAttributes":true,"refreshManagerStatus":false,"synchronizeAttributes":false,"pruneIdentities":false,"provision":false}}'
    }

    It 'goes out by position, by name and by -Body' {
        $request = @{ filter = 'uid == "amelie.roux"' }
        $null = Invoke-CCRefreshIdentities 'application/json' $request
        $null = Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $request
        $null = Invoke-CCRefreshIdentities -Body $request
        (Get-Refresh $sandbox).refreshed.names | Should -Be @('amelie.roux', 'amelie.roux', 'amelie.roux')
    }

    It 'is JSON whatever the content type says' {
        $null = Invoke-CCRefreshIdentities 'text/plain' @{ filter = 'uid == "amelie.roux"' }
        Get-ArrivalHeader (Get-Refresh $sandbox) 'Content-Type' | Should -Be 'application/json'
    }

    It 'may be <kind>' -ForEach @(
        @{ Kind = 'a hashtable'; Make = { @{ filter = 'uid == "amelie.roux"'; refreshArgs = @{ promoteAttributes = $true } } } }
        @{ Kind = 'an ordered dictionary'; Make = { [ordered] @{ filter = 'uid == "amelie.roux"'; refreshArgs = [ordered] @{ promoteAttributes = $true } } } }
        @{ Kind = 'a generic dictionary'; Make = { $table = [System.Collections.Generic.Dictionary[string, object]]::new(); $table['filter'] = 'uid == "amelie.roux"'; $table['refreshArgs'] = @{ promoteAttributes = $true }; $table } }
        @{ Kind = 'what ConvertFrom-Json makes'; Make = { '{"filter":"uid == \"amelie.roux\"","refreshArgs":{"promoteAttributes":true}}' | ConvertFrom-Json } }
        @{ Kind = 'JSON text'; Make = { '{"filter":"uid == \"amelie.roux\"","refreshArgs":{"promoteAttributes":true}}' } }
        @{ Kind = 'JSON text with a byte order mark and blanks'; Make = { [char] 0xFEFF + "  `r`n{ `"filter`": `"uid == \`"amelie.roux\`"`", `"refreshArgs`": {`"promoteAttributes`":true} }`n" } }
        @{ Kind = 'what ConvertFrom-JsonToRefreshIdentitiesRequest makes'; Make = { ConvertFrom-JsonToRefreshIdentitiesRequest '{"filter":"uid == \"amelie.roux\"","refreshArgs":{"promoteAttributes":true}}' } }
        @{ Kind = 'an object whose names are in another case'; Make = { [pscustomobject] @{ Filter = 'uid == "amelie.roux"'; RefreshArgs = @{ promoteAttributes = $true } } } }
    ) {
        $null = Invoke-CCRefreshIdentities -RefreshIdentitiesRequest (& $make)
        $refresh = @(Get-Refresh $sandbox)
        $refresh.Count | Should -Be 1
        $refresh.refreshed.names | Should -Be 'amelie.roux'
        if (-not $Retired) { $refresh.refreshed.arguments.promoteAttributes | Should -BeTrue }
    }

    It 'passes arguments on in their order, unknown ones and those written as text included' -Tag cc {
        $arguments = [ordered] @{ provision = 'True'; correlateEntitlements = 'true'; promoteAttributes = $true; refreshLinks = 'true'; count = 3; ratio = 0.5; nothing = $null }
        $null = Invoke-CCRefreshIdentities -RefreshIdentitiesRequest ([ordered] @{ refreshArgs = $arguments; filter = 'uid == "amelie.roux"' })
        (Get-Refresh $sandbox).body | Should -BeExactly '{"filter":"uid == \"amelie.roux\"","refreshArgs":{"provision":"True","correlateEntitlements":"true","promoteAttributes":true,"refreshLinks":"true","count":3,"ratio":0.5}}'
    }

    It 'leaves out what was not given' -Tag cc {
        $null = Invoke-CCRefreshIdentities -RefreshIdentitiesRequest (Initialize-RefreshIdentitiesRequest 'uid == "amelie.roux"' (Initialize-RefreshIdentitiesRequestRefreshArgs -Provision $false))
        (Get-Refresh $sandbox).body | Should -BeExactly '{"filter":"uid == \"amelie.roux\"","refreshArgs":{"provision":false}}'
    }

    It 'keeps five levels and more, empty lists and lists of one' -Tag cc {
        $deep = @{ a = @{ b = @{ c = @{ d = @{ e = @(@{ f = 'x' }) } } } } }
        $null = Invoke-CCRefreshIdentities -RefreshIdentitiesRequest @{ filter = 'uid == "amelie.roux"'; refreshArgs = [ordered] @{ deep = $deep; none = @(); one = @(1); two = @('a', $null) } }
        (Get-Refresh $sandbox).body | Should -BeExactly '{"filter":"uid == \"amelie.roux\"","refreshArgs":{"deep":{"a":{"b":{"c":{"d":{"e":[{"f":"x"}]}}}}},"none":[],"one":[1],"two":["a",null]}}'
    }

    It 'keeps <what>' -Tag cc -ForEach @(
        @{ What = 'accents, CJK and emoji'; Value = "Am$([char] 0xE9)lie $([char] 0x6F22)$([char] 0x5B57) $([char]::ConvertFromUtf32(0x1F600))" }
        @{ What = 'control characters, quotes and backslashes'; Value = "a`tb`r`nc`"d\e$([char] 0x1)$([char] 0x7F)$([char] 0x2028)" }
    ) {
        $null = Invoke-CCRefreshIdentities -RefreshIdentitiesRequest @{ filter = 'uid == "amelie.roux"'; refreshArgs = @{ note = $value } }
        (Get-Refresh $sandbox).refreshed.arguments.note | Should -BeExactly $value
    }

    It 'writes text that Get-Content has decorated as text, and dates as ISO 8601' -Tag cc {
        $file = Join-Path $TestDrive 'filter.txt'
        Set-Content -LiteralPath $file -Value 'uid == "amelie.roux"'
        $arguments = [ordered] @{ since = [datetime]::new(2026, 1, 2, 3, 4, 5, [DateTimeKind]::Utc); name = Get-Content -LiteralPath $file }
        $null = Invoke-CCRefreshIdentities -RefreshIdentitiesRequest @{ filter = Get-Content -LiteralPath $file; refreshArgs = $arguments }
        (Get-Refresh $sandbox).body | Should -BeExactly '{"filter":"uid == \"amelie.roux\"","refreshArgs":{"since":"2026-01-02T03:04:05Z","name":"uid == \"amelie.roux\""}}'
    }

    It 'is written the same in a culture with other numbers' -Tag cc {
        $culture = [cultureinfo]::CurrentCulture
        $other = [cultureinfo]::InvariantCulture.Clone()
        $other.NumberFormat.NumberDecimalSeparator = ','
        $other.NumberFormat.NegativeSign = '~'
        try {
            [cultureinfo]::CurrentCulture = $other
            $null = Invoke-CCRefreshIdentities -RefreshIdentitiesRequest @{ filter = 'uid == "amelie.roux"'; refreshArgs = [ordered] @{ a = -1.5; b = -2; c = [decimal] 3.25 } }
        } finally {
            [cultureinfo]::CurrentCulture = $culture
        }
        (Get-Refresh $sandbox).body | Should -Match ([regex]::Escape('{"a":-1.5,"b":-2,"c":3.25}'))
    }

    It 'answers with status and headers on -WithHttpInfo' {
        $result = Invoke-CCRefreshIdentities -RefreshIdentitiesRequest @{ filter = 'uid == "amelie.roux"' } -WithHttpInfo
        $result | Should -BeOfType [hashtable]
        $result.StatusCode | Should -BeOfType [int]
        $result.StatusCode | Should -Be $AcceptedStatus
        $result.Response.type | Should -Be 'TASK_RESULT'
        $result.Headers['CONTENT-type'] | Should -Match '^application/json'
        , $result.Headers['content-type'] | Should -BeOfType [string[]]
    }

    It 'is refused, and not sent, when it is <what>' -ForEach @(
        @{ What = 'nothing at all'; Call = { Invoke-CCRefreshIdentities }; Id = 'WouldRefreshAll' }
        @{ What = '$null'; Call = { Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $null }; Id = 'WouldRefreshAll' }
        @{ What = 'an empty hashtable'; Call = { Invoke-CCRefreshIdentities -RefreshIdentitiesRequest @{} }; Id = 'WouldRefreshAll' }
        @{ What = 'a request whose filter is $null'; Call = { Invoke-CCRefreshIdentities -RefreshIdentitiesRequest (Initialize-RefreshIdentitiesRequest -RefreshArgs @{ provision = $true }) }; Id = 'WouldRefreshAll' }
        @{ What = 'a request whose filter was an unset variable'; Call = { Invoke-CCRefreshIdentities -RefreshIdentitiesRequest (Initialize-RefreshIdentitiesRequest -VarFilter $null) }; Id = 'InvalidFilter|WouldRefreshAll|InvalidArgument' }
        @{ What = 'a request with a blank filter'; Call = { Invoke-CCRefreshIdentities -RefreshIdentitiesRequest @{ filter = '  ' } }; Id = 'InvalidFilter|WouldRefreshAll|InvalidArgument' }
        @{ What = 'in the place of the content type'; Call = { Invoke-CCRefreshIdentities @{ filter = 'uid == "amelie.roux"' } }; Id = 'WouldRefreshAll' }
        @{ What = 'empty text'; Call = { Invoke-CCRefreshIdentities -RefreshIdentitiesRequest '' }; Id = 'InvalidArgument' }
        @{ What = 'a filter in place of a request'; Call = { Invoke-CCRefreshIdentities -RefreshIdentitiesRequest 'uid == "amelie.roux"' }; Id = 'InvalidArgument' }
        @{ What = 'JSON text without a filter'; Call = { Invoke-CCRefreshIdentities -RefreshIdentitiesRequest ' { } ' }; Id = 'WouldRefreshAll' }
        @{ What = 'a JSON array'; Call = { Invoke-CCRefreshIdentities -RefreshIdentitiesRequest '[{"filter":"uid == \"amelie.roux\""}]' }; Id = 'InvalidArgument' }
        @{ What = 'JSON text that was cut off'; Call = { Invoke-CCRefreshIdentities -RefreshIdentitiesRequest '{"filter":"uid == \"amelie.roux\"","refreshArgs":{"provision":true}' }; Id = 'InvalidArgument' }
        @{ What = 'JSON text with an open string'; Call = { Invoke-CCRefreshIdentities -RefreshIdentitiesRequest '{"filter":"uid}' }; Id = 'InvalidArgument' }
        @{ What = 'two JSON objects'; Call = { Invoke-CCRefreshIdentities -RefreshIdentitiesRequest '{"filter":"uid == \"a\""},{"provision":true}' }; Id = 'InvalidArgument' }
        @{ What = 'JSON text that brings its own options'; Call = { Invoke-CCRefreshIdentities -RefreshIdentitiesRequest '{"options":{"allowFullRefresh":true}}' }; Id = 'InvalidArgument' }
        @{ What = 'JSON text that brings its own configuration'; Call = { Invoke-CCRefreshIdentities -RefreshIdentitiesRequest '{"filter":"uid == \"amelie.roux\"","configuration":{"baseUrl":"https://other.example"}}' }; Id = 'InvalidArgument' }
        @{ What = 'JSON text with a NUL in it'; Call = { Invoke-CCRefreshIdentities -RefreshIdentitiesRequest "{`"filter`":`"uid == \`"amelie.roux\`"`"}`0}" }; Id = 'InvalidArgument' }
        @{ What = 'an object that brings its own options'; Call = { Invoke-CCRefreshIdentities -RefreshIdentitiesRequest @{ options = @{ allowFullRefresh = $true } } }; Id = 'InvalidArgument' }
        @{ What = 'JSON text that brings its own options'; Call = { Invoke-CCRefreshIdentities -RefreshIdentitiesRequest '{"filter":null,"options":{"allowFullRefresh":true}}' }; Id = 'InvalidArgument' }
        @{ What = 'JSON text that brings its options in other letters'; Call = { Invoke-CCRefreshIdentities -RefreshIdentitiesRequest '{"\u006fptions":{"allowFullRefresh":true}}' }; Id = 'InvalidArgument' }
        @{ What = 'JSON text that brings its options twice'; Call = { Invoke-CCRefreshIdentities -RefreshIdentitiesRequest '{"options":{},"options":{"allowFullRefresh":true}}' }; Id = 'InvalidArgument' }
        @{ What = 'JSON text that goes on behind its end'; Call = { Invoke-CCRefreshIdentities -RefreshIdentitiesRequest '{"refreshArgs":{}},"options":{"allowFullRefresh":true},"x":{"y":1}' }; Id = 'InvalidArgument' }
        @{ What = 'JSON text that brings its own configuration'; Call = { Invoke-CCRefreshIdentities -RefreshIdentitiesRequest '{"filter":"uid == \"amelie.roux\"","configuration":{"baseUrl":"http://127.0.0.1:9"}}' }; Id = 'InvalidArgument' }
        @{ What = 'an object with a member that is not known'; Call = { Invoke-CCRefreshIdentities -RefreshIdentitiesRequest @{ filter = 'uid == "amelie.roux"'; filtre = 1 } }; Id = 'InvalidArgument' }
        @{ What = 'a number'; Call = { Invoke-CCRefreshIdentities -RefreshIdentitiesRequest 5 }; Id = 'InvalidArgument' }
        @{ What = 'a list'; Call = { Invoke-CCRefreshIdentities -RefreshIdentitiesRequest @(@{ filter = 'uid == "amelie.roux"' }) }; Id = 'InvalidArgument' }
        @{ What = 'a request whose filter is a list'; Call = { Invoke-CCRefreshIdentities -RefreshIdentitiesRequest @{ filter = @('uid == "amelie.roux"') } }; Id = 'InvalidArgument' }
        @{ What = 'a request whose arguments are text'; Call = { Invoke-CCRefreshIdentities -RefreshIdentitiesRequest @{ filter = 'uid == "amelie.roux"'; refreshArgs = 'provision' } }; Id = 'InvalidArgument' }
        @{ What = 'a request that holds itself'; Call = { $loop = @{ filter = 'uid == "amelie.roux"'; refreshArgs = @{} }; $loop.refreshArgs.loop = $loop; Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $loop }; Id = 'InvalidArgument' }
        @{ What = 'a request with half a character'; Call = { Invoke-CCRefreshIdentities -RefreshIdentitiesRequest @{ filter = "uid == `"$([char] 0xD83D)`"" } }; Id = 'InvalidArgument' }
        @{ What = 'a request with a number that JSON has not'; Call = { Invoke-CCRefreshIdentities -RefreshIdentitiesRequest @{ filter = 'uid == "amelie.roux"'; refreshArgs = @{ x = [double]::NaN } } }; Id = 'InvalidArgument' }
        @{ What = 'a request with a secure string in it'; Call = { Invoke-CCRefreshIdentities -RefreshIdentitiesRequest @{ filter = 'uid == "amelie.roux"'; refreshArgs = @{ x = [securestring]::new() } } }; Id = 'InvalidArgument' }
    ) {
        $record = $null
        try { $null = & $call } catch { $record = $_ }
        $record.FullyQualifiedErrorId | Should -Match "^($id),Invoke-CCRefreshIdentities$"
        $record.Exception.Data['sent'] | Should -Be 'no'
        $record.ErrorDetails.RecommendedAction + $record.Exception.Message | Should -Not -BeNullOrEmpty
        @(Get-Arrival $sandbox).Count | Should -Be 0
    }

    It 'that brings its own options is told so by name' {
        { Invoke-CCRefreshIdentities -RefreshIdentitiesRequest @{ filter = 'uid == "amelie.roux"'; Options = @{} } } | Should -Throw "*no member 'Options'*"
        foreach ($text in '{"options":{"allowFullRefresh":true}}', '{"filter":null, "\u006Fptions" : {}}', '{"refreshArgs":{"note":"}"},"options":null}') {
            { Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $text } | Should -Throw "*no member 'options'*"
        }
        { Invoke-CCRefreshIdentities -RefreshIdentitiesRequest '{"Configuration":{}}' } | Should -Throw "*no member 'Configuration'*"
    }

    It 'that this PowerShell cannot read is refused, since nobody knows its members' {
        # Too deep for any; and keys that differ by case only, which Windows PowerShell does not read.
        $deep = '{"options":{"allowFullRefresh":true},"x":' + ('[' * 1100) + (']' * 1100) + '}'
        { Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $deep } | Should -Throw '*cannot read*' -ErrorId 'InvalidArgument,*'
        foreach ($text in '{"options":{"allowFullRefresh":true},"a":1,"A":2}', '{"filter":"uid == \"amelie.roux\"","refreshArgs":{"n":1,"N":2},"Configuration":{}}') {
            { Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $text } | Should -Throw $(if ($Desktop) { '*cannot read*' } else { '*no member*' }) -ErrorId 'InvalidArgument,*'
        }
        # The hint says why, for arguments too.
        if ($Desktop) {
            try { Invoke-CCRefreshIdentities -Filter 'uid == "amelie.roux"' -RefreshArgs '{"provision":true,"Provision":false}' } catch { $record = $_ }
            $record.ErrorDetails.RecommendedAction | Should -Match 'keys that differ by case only'
        }
        @(Get-Arrival $sandbox).Count | Should -Be 0
    }

    It 'may speak of options where they are no member of its own' -Tag cc {
        $text = '{"filter":"uid == \"amelie.roux\" && !(displayName == \"options\")","refreshArgs":{"options":"configuration"}}'
        $null = Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $text
        (Get-Refresh $sandbox).body | Should -BeExactly $text
    }

    It 'whose filter cannot be read is refused' {
        $bad = [pscustomobject] @{ refreshArgs = @{} } | Add-Member -MemberType ScriptProperty -Name filter -Value { throw 'unreadable' } -PassThru
        { Invoke-CCRefreshIdentities -RefreshIdentitiesRequest $bad } | Should -Throw -ErrorId 'WouldRefreshAll,*'
        @(Get-Arrival $sandbox).Count | Should -Be 0
    }

    It 'in the place of the content type gets a hint' {
        try { Invoke-CCRefreshIdentities @{ filter = 'uid == "amelie.roux"' } } catch { $record = $_ }
        $record.ErrorDetails.RecommendedAction | Should -Match '-ContentType'
    }

    It 'works under strict mode, in the caller and in the module' {
        Set-StrictMode -Version Latest
        & (Get-Module PSSailpointCC) { Set-StrictMode -Version Latest }
        $configuration = Get-Configuration
        $configuration.AccessToken = 'sandbox-token'
        $result = Invoke-CCRefreshIdentities -RefreshIdentitiesRequest (Initialize-RefreshIdentitiesRequest 'uid == "amelie.roux"' (Initialize-RefreshIdentitiesRequestRefreshArgs $true)) -WithHttpInfo -Verbose -Debug 4> $null 5> $null
        $result.StatusCode | Should -Be $AcceptedStatus
        foreach ($bad in 'MyVarFilter', 'uid == "nobody"') {
            Add-Fault $sandbox @{ on = 'refresh'; kind = 'status'; status = 403 }
            try { Invoke-CCRefreshIdentities -RefreshIdentitiesRequest @{ filter = $bad } } catch { $record = $_ }
            # As in the documented catch block.
            $record.ErrorDetails | ConvertFrom-Json | Should -Not -BeNullOrEmpty
            $record.Exception.Response.Headers | ConvertTo-Json | Should -Not -BeNullOrEmpty
        }
        Set-Configuration -BaseUrl 'http://127.0.0.1:9'
        try { Invoke-CCRefreshIdentities -RefreshIdentitiesRequest @{ filter = 'uid == "amelie.roux"' } } catch { $record = $_ }
        $record.FullyQualifiedErrorId | Should -Match '^Connection,'
        $record.Exception.Response.Headers | ConvertTo-Json | Should -Be '{}'
        @($null, @{}, 'x = "y"' | Invoke-CCRefreshIdentities -ErrorAction Continue 2>&1).Count | Should -Be 3
        Set-Configuration -Proxy ([System.Net.WebProxy]::new('http://127.0.0.1:9'))
        (Get-Configuration).Unknown = 1
        { Invoke-CCRefreshIdentities -RefreshIdentitiesRequest @{ filter = 'uid == "amelie.roux"' } -WhatIf 3> $null } | Should -Throw -ErrorId 'Connection,*'
        Set-Configuration -BaseUrl $sandbox.Url -Proxy '' -MaxIdentities 10
        Invoke-CCRefreshIdentities -RefreshIdentitiesRequest @{ filter = 'uid == "amelie.roux"' } -WhatIf 3> $null
        Invoke-CCRefreshIdentities -Filter 'uid.contains("smith")' -RefreshArgs '{"provision":true}' -WhatIf 3> $null
        @(Find-CCIdentity 'uid == "amelie.roux"' -Verbose 3> $null 4> $null).Count | Should -Be 1
        'uid == "amelie.roux"', 'x' | Test-CCFilter -Verbose 4> $null | Should -Be $true, $false
        ('name == ""' | Test-CCFilter -Detailed).Position | Should -Be $null
    }
}

Describe 'The models' {
    BeforeAll {
        . "$PSScriptRoot/Support.ps1"
        Import-Module $ModulePath -Force
    }

    It 'have their members in the documented order, $null where not given' {
        $request = Initialize-RefreshIdentitiesRequest
        $request.PSObject.Properties.Name | Should -BeExactly @('filter', 'refreshArgs')
        $request.filter | Should -Be $null
        $arguments = Initialize-RefreshIdentitiesRequestRefreshArgs -PromoteAttributes $false
        $arguments.PSObject.Properties.Name | Should -BeExactly @('correlateEntitlements', 'promoteAttributes', 'refreshManagerStatus', 'synchronizeAttributes', 'pruneIdentities', 'provision')
        $arguments.promoteAttributes | Should -BeExactly $false
        $arguments.provision | Should -Be $null
    }

    It 'take their values by position and by property name' {
        (Initialize-RefreshIdentitiesRequestRefreshArgs $true $false $true $false $true $false | ConvertTo-Json -Compress) | Should -BeExactly '{"correlateEntitlements":true,"promoteAttributes":false,"refreshManagerStatus":true,"synchronizeAttributes":false,"pruneIdentities":true,"provision":false}'
        $arguments = [pscustomobject] @{ CorrelateEntitlements = $true }, [pscustomobject] @{ Provision = $false } | Initialize-RefreshIdentitiesRequestRefreshArgs
        $arguments[0].correlateEntitlements | Should -BeTrue
        $arguments[1].correlateEntitlements | Should -Be $null
        $arguments[1].provision | Should -BeExactly $false
        $requests = [pscustomobject] @{ VarFilter = 'a' }, [pscustomobject] @{ RefreshArgs = @{ x = 1 } } | Initialize-RefreshIdentitiesRequest
        $requests[0].filter | Should -Be 'a'
        $requests[1].filter | Should -BeExactly $null
        (Initialize-RefreshIdentitiesRequest -VarFilter $null).filter | Should -BeExactly ''
        $requests[1].refreshArgs.x | Should -Be 1
    }

    It 'are read from JSON text, and refuse members that they do not have' {
        $request = ConvertFrom-JsonToRefreshIdentitiesRequest -Json '{"refreshArgs":{"refreshLinks":"true"}}'
        $request.filter | Should -Be $null
        $request.refreshArgs.refreshLinks | Should -Be 'true'
        (ConvertFrom-JsonToRefreshIdentitiesRequestRefreshArgs '{"provision":true}').provision | Should -BeTrue
        foreach ($wrong in '{"Filter":"x"}', '{"filters":"x"}', '[]', '""', 'null', '', '{', '5') {
            { ConvertFrom-JsonToRefreshIdentitiesRequest $wrong } | Should -Throw -ErrorId 'InvalidArgument,ConvertFrom-JsonToRefreshIdentitiesRequest'
            { ConvertFrom-CCJsonToRefreshIdentitiesRequestRefreshArgs $wrong } | Should -Throw -ErrorId 'InvalidArgument,ConvertFrom-CCJsonToRefreshIdentitiesRequestRefreshArgs'
        }
        { ConvertFrom-JsonToRefreshIdentitiesRequestRefreshArgs '{"refreshLinks":true}' } | Should -Throw '*refreshLinks*'
    }

    It 'know the hosts of the specification' {
        $hosts = Get-HostSetting
        $hosts.Count | Should -Be 2
        $hosts[0].Url | Should -Be 'https://{tenant}.api.identitynow.com'
        Get-UrlFromHostSetting | Should -Be 'https://sailpoint.api.identitynow.com'
        0, 1 | Get-CCUrlFromHostSetting -Variables @{ tenant = 'acme'; apiUrl = 'x.example' } | Should -Be @('https://acme.api.identitynow.com', 'https://x.example')
        { Get-UrlFromHostSetting 2 } | Should -Throw -ErrorId 'InvalidArgument,Get-UrlFromHostSetting'
        { Get-UrlFromHostSetting -1 } | Should -Throw
    }
}
