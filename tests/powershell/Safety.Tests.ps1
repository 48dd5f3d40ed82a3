Describe 'A refresh by filter' {
    BeforeAll {
        . "$PSScriptRoot/Support.ps1"
        $sandbox = Start-Sandbox
    }
    AfterAll { Stop-Sandbox $sandbox }
    BeforeEach {
        Clear-Sandbox $sandbox
        Reset-Session $sandbox
    }

    It 'needs no request: -Filter, with -RefreshArgs as <kind>' -ForEach @(
        @{ Kind = 'a hashtable'; Arguments = { @{ promoteAttributes = $true } } }
        @{ Kind = 'what Initialize-RefreshIdentitiesRequestRefreshArgs makes'; Arguments = { Initialize-RefreshIdentitiesRequestRefreshArgs -PromoteAttributes $true } }
        @{ Kind = 'what ConvertFrom-Json makes'; Arguments = { '{"promoteAttributes":true}' | ConvertFrom-Json } }
        @{ Kind = 'a generic dictionary'; Arguments = { $table = [System.Collections.Generic.Dictionary[string, object]]::new(); $table['promoteAttributes'] = $true; $table } }
        @{ Kind = 'JSON text'; Arguments = { '{"promoteAttributes":true}' } }
        @{ Kind = 'JSON text with a byte order mark and blanks'; Arguments = { [char] 0xFEFF + " {`"promoteAttributes`":true}`r`n" } }
    ) {
        $result = Invoke-CCRefreshIdentities -Filter 'uid == "amelie.roux"' -RefreshArgs (& $arguments)
        $result.type | Should -Be 'TASK_RESULT'
        $refresh = Get-Refresh $sandbox
        if (-not $Retired) { $refresh.body | Should -BeExactly '{"filter":"uid == \"amelie.roux\"","refreshArgs":{"promoteAttributes":true}}' }
        $refresh.refreshed.names | Should -Be 'amelie.roux'
    }

    It 'needs no arguments, and gives the service''s answer with -WithHttpInfo' {
        (Invoke-CCRefreshIdentities -Filter 'uid == "amelie.roux"' -WithHttpInfo).StatusCode | Should -Be $AcceptedStatus
        $null = Invoke-CCRefreshIdentities -Filter 'uid == "amelie.roux"' -RefreshArgs $null
        (Get-Refresh $sandbox).refreshed.names | Should -Be @('amelie.roux', 'amelie.roux')
        if (-not $Retired) { (Get-Refresh $sandbox).body | Should -BeExactly @('{"filter":"uid == \"amelie.roux\""}', '{"filter":"uid == \"amelie.roux\""}') }
    }

    It 'refuses <what> as -RefreshArgs' -ForEach @(
        @{ What = 'a number'; Value = 5 }
        @{ What = 'a list'; Value = @(@{ provision = $true }) }
        @{ What = 'an empty text'; Value = '' }
        @{ What = 'text that is no JSON'; Value = 'provision' }
        @{ What = 'a list as JSON text'; Value = '[{"provision":true}]' }
        @{ What = 'text that goes on behind its end'; Value = '{},"options":{"allowFullRefresh":true},"x":{}' }
        @{ What = 'text that brings a filter of its own'; Value = '{},"filter":null,"x":{}' }
        @{ What = 'text in single quotes that goes on behind its end'; Value = '{"a":"b","c":{}},"options":{"allowFullRefresh":true,"d":{"e":''f''}}' }
        @{ What = 'a whole request'; Value = @{ filter = 'uid == "amelie.roux"'; refreshArgs = @{} } }
        @{ What = 'a whole request as JSON text'; Value = '{"filter":"uid == \"amelie.roux\""}' }
    ) {
        foreach ($named in @{ Filter = 'uid == "amelie.roux"' }, @{ All = $true; Force = $true }) {
            { Invoke-CCRefreshIdentities @named -RefreshArgs $value } | Should -Throw '-RefreshArgs *' -ErrorId 'InvalidArgument,Invoke-CCRefreshIdentities'
        }
        @(Get-Refresh $sandbox).Count | Should -Be 0
    }

    It 'refuses a filter that matches <whom>, and says how many' -ForEach @(
        @{ Whom = 'nobody'; Filter = 'uid == "nobody"'; More = @{}; Id = 'NoMatch'; Matched = 0 }
        @{ Whom = 'everybody'; Filter = 'uid.notNull()'; More = @{}; Id = 'WouldRefreshAll'; Matched = 98 }
        @{ Whom = 'too many'; Filter = 'uid.in({"amelie.roux","john.smith","mary ann lee"})'; More = @{ MaxIdentities = 2 }; Id = 'TooManyMatches'; Matched = 3 }
    ) {
        foreach ($form in @{ Filter = $filter }, @{ RefreshIdentitiesRequest = @{ filter = $filter } }, @{ Body = ConvertTo-Json @{ filter = $filter } }) {
            $record = $null
            try { $null = Invoke-CCRefreshIdentities @form @more } catch { $record = $_ }
            $record.FullyQualifiedErrorId | Should -Be "$id,Invoke-CCRefreshIdentities"
            $record.Exception.Data['matched'] | Should -Be $matched
            $record.Exception.Data['sent'] | Should -Be 'no'
            $record.ErrorDetails.RecommendedAction | Should -Match 'Nothing was sent'
        }
        @(Get-Refresh $sandbox).Count | Should -Be 0
    }

    It 'goes out with -MaxIdentities where no more match' {
        $null = Invoke-CCRefreshIdentities -Filter 'uid.in({"amelie.roux","john.smith","mary ann lee"})' -MaxIdentities 3
        (Get-Refresh $sandbox).refreshed.names.Count | Should -Be 3
        { Invoke-CCRefreshIdentities -Filter 'uid == "amelie.roux"' -MaxIdentities 0 } | Should -Throw -ErrorId 'ParameterArgumentValidationError,*'
        @(Get-Refresh $sandbox).Count | Should -Be 1
    }

    It 'keeps the session''s MaxIdentities, unless the call says otherwise' {
        Set-Configuration -MaxIdentities 2
        (Get-Configuration).MaxIdentities | Should -Be 2
        $three = 'uid.in({"amelie.roux","john.smith","mary ann lee"})'
        { Invoke-CCRefreshIdentities -Filter $three } | Should -Throw -ErrorId 'TooManyMatches,*'
        { Invoke-CCRefreshIdentities -All -Force } | Should -Throw -ErrorId $(if ($Retired) { 'UnsupportedArgument,*' } else { 'TooManyMatches,*' })
        @(Get-Refresh $sandbox).Count | Should -Be 0
        $null = Invoke-CCRefreshIdentities -Filter $three -MaxIdentities 3
        Set-Configuration -MaxIdentities $null
        $null = Invoke-CCRefreshIdentities -Filter $three
        (Get-Configuration)['maxidentities'] = '1'
        { Invoke-CCRefreshIdentities -Filter $three } | Should -Throw -ErrorId 'TooManyMatches,*'
        @(Get-Refresh $sandbox).Count | Should -Be 2
    }

    It 'is sent without counting by -NoPreflight and by the session''s Preflight, and refreshes everybody where nobody matches' -Tag cc {
        # That it does, so that the other tests prove something.
        $null = Invoke-CCRefreshIdentities -Filter 'uid == "nobody"' -NoPreflight
        Set-Configuration -Preflight $false
        $null = Invoke-CCRefreshIdentities -RefreshIdentitiesRequest @{ filter = 'uid == "nobody"' }
        (Get-Refresh $sandbox).refreshed.scope | Should -Be @('everybody', 'everybody')
        @(Get-Arrival $sandbox search).Count | Should -Be 0
        { Invoke-CCRefreshIdentities -Filter 'uid == "nobody"' -NoPreflight:$false } | Should -Throw -ErrorId 'NoMatch,*'
        Set-Configuration -Preflight $null
        { Invoke-CCRefreshIdentities -Filter 'uid == "nobody"' } | Should -Throw -ErrorId 'NoMatch,*'
        { Invoke-CCRefreshIdentities -Filter 'uid = "amelie.roux"' -NoPreflight } | Should -Throw -ErrorId 'InvalidFilter,*'
        { Invoke-CCRefreshIdentities -NoPreflight } | Should -Throw -ErrorId 'WouldRefreshAll,*'
        @(Get-Refresh $sandbox).Count | Should -Be 2
    }

    It 'is sent unread by -SkipFilterCheck, which still is no way without a filter' -Tag cc {
        $null = Invoke-CCRefreshIdentities -Filter 'uid == "amelie.roux" && true' -SkipFilterCheck
        (Get-Refresh $sandbox).body | Should -BeExactly '{"filter":"uid == \"amelie.roux\" && true"}'
        Clear-Sandbox $sandbox
        foreach ($empty in @{ Filter = '' }, @{ Filter = $null }, @{ Filter = ' ' }, @{}, @{ RefreshIdentitiesRequest = $null }, @{ RefreshIdentitiesRequest = @{ filter = '' } }) {
            { Invoke-CCRefreshIdentities @empty -SkipFilterCheck } | Should -Throw -ErrorId '*,Invoke-CCRefreshIdentities'
        }
        @(Get-Arrival $sandbox).Count | Should -Be 0
        { Invoke-CCRefreshIdentities -Filter 'uid == "amelie.roux"' -SkipFilterCheck -MaxIdentities 5 } | Should -Throw '*-MaxIdentities cannot be kept: -SkipFilterCheck*'
    }

    It 'costs one request more' {
        $null = Invoke-CCRefreshIdentities -Filter 'uid == "amelie.roux"'
        Clear-Sandbox $sandbox
        $null = Invoke-CCRefreshIdentities -Filter 'uid == "amelie.roux"'
        (Get-Arrival $sandbox).endpoint | Should -Be @('search', $(if ($Retired) { 'process' } else { 'refresh' }))
    }

    It 'by a HELPDESK client works by a name, and else says what is left' -Tag cc {
        Set-Configuration -AccessToken '' -ClientId helpdesk-client -ClientSecret helpdesk-secret
        $null = Invoke-CCRefreshIdentities -Filter 'name == "amelie.roux"'
        (Get-Refresh $sandbox).refreshed.names | Should -Be 'amelie.roux'
        { Invoke-CCRefreshIdentities -Filter 'name == "nobody"' } | Should -Throw -ErrorId 'NoMatch,*'
        try { Invoke-CCRefreshIdentities -Filter 'department == "Sales"' } catch { $record = $_ }
        $record.FullyQualifiedErrorId | Should -Be 'Forbidden,Invoke-CCRefreshIdentities'
        $record.ErrorDetails.RecommendedAction | Should -Match 'name == "amelie.roux"'
        # process searches too, and nobody knows whether the filter matches anybody.
        $record.ErrorDetails.RecommendedAction | Should -Not -Match '-NoPreflight|-Backend'
        @(Get-Refresh $sandbox).Count | Should -Be 1
        $null = Invoke-CCRefreshIdentities -Filter 'department == "Sales"' -NoPreflight
        @(Get-Refresh $sandbox).refreshed.scope | Should -Be @('chosen', 'chosen')
    }

    It 'takes nothing from the pipeline' {
        { 'amelie.roux', @{ filter = 'uid == "smith"' } | Invoke-CCRefreshIdentities -Filter 'uid == "amelie.roux"' } | Should -Throw -ErrorId 'InputObjectNotBound,*'
        { 1..2 | Invoke-CCRefreshIdentities -All -Force } | Should -Throw -ErrorId 'InputObjectNotBound,*'
        1..2 | Invoke-CCRefreshIdentities -All -Force -ErrorAction SilentlyContinue
        @() | Invoke-CCRefreshIdentities -All -Force
        @(Get-Arrival $sandbox).Count | Should -Be 0
    }

    It 'tells with -Verbose how many matched' {
        "$(Invoke-CCRefreshIdentities -Filter 'uid == "amelie.roux"' -Verbose 4>&1)" | Should -Match "answered $AcceptedStatus .*(matched .*1|1 matched)"
    }

    It 'of a person whose name is a command for the terminal shows it as text' {
        $null = Invoke-Sandbox $sandbox POST '/sandbox/identities' (ConvertTo-Json @{ name = 'evil'; attributes = @{ uid = 'evil'; displayName = "a$([char] 27)[2Jb" } })
        $session = Invoke-Session @'
Import-Module $env:TEST_MODULE
Set-Configuration -BaseUrl $env:TEST_URL -AccessToken sandbox-token
Invoke-CCRefreshIdentities -Filter 'name == "evil"' -WhatIf
'@ -Environment @{ TEST_URL = $sandbox.Url }
        $session.Output | Should -Match 'evil'
        $session.Output | Should -Not -Match ([char] 27)
        $null = Invoke-Sandbox $sandbox DELETE '/sandbox/identities/evil'
    }
}

Describe 'A full refresh' {
    BeforeAll {
        . "$PSScriptRoot/Support.ps1"
        $sandbox = Start-Sandbox
        $number = 98

        # A console at which somebody answers.
        Add-Type -TypeDefinition @'
using System;
using System.Collections.Generic;
using System.Collections.ObjectModel;
using System.Globalization;
using System.Management.Automation;
using System.Management.Automation.Host;
using System.Security;

public class AnsweringInterface : PSHostUserInterface {
    public string Answer;
    public List<string> Asked = new List<string>();
    public override PSHostRawUserInterface RawUI { get { return null; } }
    public override int PromptForChoice(string caption, string message, Collection<ChoiceDescription> choices, int defaultChoice) {
        Asked.Add(caption + "|" + message);
        for (int i = 0; i < choices.Count; i++) { if (choices[i].Label == Answer) { return i; } }
        return defaultChoice;
    }
    public override Dictionary<string, PSObject> Prompt(string caption, string message, Collection<FieldDescription> descriptions) { throw new NotImplementedException(); }
    public override PSCredential PromptForCredential(string caption, string message, string user, string target) { throw new NotImplementedException(); }
    public override PSCredential PromptForCredential(string caption, string message, string user, string target, PSCredentialTypes types, PSCredentialUIOptions options) { throw new NotImplementedException(); }
    public override string ReadLine() { throw new NotImplementedException(); }
    public override SecureString ReadLineAsSecureString() { throw new NotImplementedException(); }
    public override void Write(string value) { }
    public override void Write(ConsoleColor foreground, ConsoleColor background, string value) { }
    public override void WriteLine(string value) { }
    public override void WriteErrorLine(string value) { }
    public override void WriteDebugLine(string value) { }
    public override void WriteProgress(long source, ProgressRecord record) { }
    public override void WriteVerboseLine(string value) { }
    public override void WriteWarningLine(string value) { }
}

public class AnsweringHost : PSHost {
    private readonly Guid id = Guid.NewGuid();
    private readonly AnsweringInterface ui = new AnsweringInterface();
    public AnsweringHost(string answer) { ui.Answer = answer; }
    public override CultureInfo CurrentCulture { get { return CultureInfo.InvariantCulture; } }
    public override CultureInfo CurrentUICulture { get { return CultureInfo.InvariantCulture; } }
    public override Guid InstanceId { get { return id; } }
    public override string Name { get { return "AnsweringHost"; } }
    public override PSHostUserInterface UI { get { return ui; } }
    public override Version Version { get { return new Version(1, 0); } }
    public override void EnterNestedPrompt() { }
    public override void ExitNestedPrompt() { }
    public override void NotifyBeginApplication() { }
    public override void NotifyEndApplication() { }
    public override void SetShouldExit(int exitCode) { }
}
'@

        # What somebody at a console is asked by a script, and what becomes of it.
        function Invoke-Answered([string] $Answer, [string] $Script) {
            $answering = [AnsweringHost]::new($Answer)
            $runspace = [runspacefactory]::CreateRunspace($answering)
            $runspace.Open()
            $shell = [powershell]::Create()
            $shell.Runspace = $runspace
            $null = $shell.AddScript('param($module, $url) Import-Module $module; Set-Configuration -BaseUrl $url -AccessToken sandbox-token').AddArgument($ModulePath).AddArgument($sandbox.Url).Invoke()
            $shell.Commands.Clear()
            $failure = $null
            $output = try { $shell.AddScript($Script).Invoke() } catch { $failure = $_.Exception.InnerException.ErrorRecord }
            $shell.Dispose()
            $runspace.Dispose()
            @{ Asked = $answering.UI.Asked; Output = @($output); Failure = $failure }
        }
    }
    AfterAll { Stop-Sandbox $sandbox }
    BeforeEach {
        Clear-Sandbox $sandbox
        Reset-Session $sandbox
    }

    It 'asks once with the tenant and its size, and goes on after yes' -Tag cc {
        foreach ($line in 'Invoke-CCRefreshIdentities -All', '$ConfirmPreference = "Low"; Invoke-CCRefreshIdentities -All', 'Invoke-CCRefreshIdentities -All -Confirm:$false',
            'Invoke-CCRefreshIdentities -All -Confirm', '$ConfirmPreference = "None"; Invoke-CCRefreshIdentities -All') {
            Clear-Sandbox $sandbox
            $answered = Invoke-Answered '&Yes' $line
            $answered.Failure | Should -Be $null
            $answered.Asked.Count | Should -Be 1 -Because $line
            $answered.Asked[0] | Should -Match ([regex]::Escape("Refresh ALL identities of $($sandbox.Url) ($number were counted)"))
            $answered.Output[0].type | Should -Be 'TASK_RESULT'
            (Get-Refresh $sandbox).body | Should -BeExactly '{}'
            (Get-Refresh $sandbox).refreshed.scope | Should -Be 'everybody'
        }
    }

    It 'is not sent after no' {
        foreach ($line in 'Invoke-CCRefreshIdentities -All', 'Invoke-CCRefreshIdentities -All -Confirm', 'Invoke-CCRefreshIdentities -All -Confirm:$false', 'Invoke-CCRefreshIdentities -All -Force -Confirm') {
            $answered = Invoke-Answered '&No' $line
            $answered.Asked.Count | Should -Be 1 -Because $line
            $answered.Output.Count | Should -Be 0
        }
        @(Get-Refresh $sandbox).Count | Should -Be 0
    }

    It 'with -Force is sent at once, with its arguments' -Tag cc {
        $answered = Invoke-Answered '&No' 'Invoke-CCRefreshIdentities -All -Force -RefreshArgs @{ promoteAttributes = $true }'
        $answered.Asked.Count | Should -Be 0
        (Get-Arrival $sandbox).endpoint | Should -Be 'refresh'
        (Get-Refresh $sandbox).body | Should -BeExactly '{"refreshArgs":{"promoteAttributes":true}}'
        (Get-Refresh $sandbox).refreshed.scope | Should -Be 'everybody'
    }

    It 'without -Force is refused where nobody can answer' {
        $session = Invoke-Session @'
Import-Module $env:TEST_MODULE
Set-Configuration -BaseUrl $env:TEST_URL -AccessToken sandbox-token
try { Invoke-CCRefreshIdentities -All } catch { $_.FullyQualifiedErrorId; $_.Exception.Message; $_.ErrorDetails.RecommendedAction; $_.Exception.Data['sent'] }
'@ -Environment @{ TEST_URL = $sandbox.Url }
        $lines = $session.Output.Trim() -split '\r?\n'
        $lines[0] | Should -Be 'WouldRefreshAll,Invoke-CCRefreshIdentities'
        $lines[1] | Should -Match ([regex]::Escape("ALL identities of $($sandbox.Url) ($number were counted)"))
        $lines[2] | Should -Match '-Force'
        $lines[3] | Should -Be 'no'
        @(Get-Refresh $sandbox).Count | Should -Be 0
    }

    It 'without -Force is refused where the host cannot ask' {
        # A runspace without a host, as in a job or a thread.
        $shell = [powershell]::Create()
        try {
            $null = $shell.AddScript('param($module, $url) Import-Module $module; Set-Configuration -BaseUrl $url -AccessToken sandbox-token; try { Invoke-CCRefreshIdentities -All } catch { $_.FullyQualifiedErrorId }')
            $shell.AddArgument($ModulePath).AddArgument($sandbox.Url).Invoke() | Should -Be 'WouldRefreshAll,Invoke-CCRefreshIdentities'
        } finally { $shell.Dispose() }
        @(Get-Refresh $sandbox).Count | Should -Be 0
    }

    It '-WhatIf, given or the caller''s preference, tells the number and sends nothing' {
        foreach ($line in 'Invoke-CCRefreshIdentities -All -WhatIf', 'Invoke-CCRefreshIdentities -All -Force -WhatIf', '$WhatIfPreference = $true; Invoke-CCRefreshIdentities -All -Force', '$WhatIfPreference = $true; Invoke-CCRefreshIdentities -All') {
            $session = Invoke-Session (@'
Import-Module $env:TEST_MODULE
Set-Configuration -BaseUrl $env:TEST_URL -AccessToken sandbox-token

'@ + $line) -Environment @{ TEST_URL = $sandbox.Url }
            $session.Output.Trim() | Should -BeExactly "What if: Refresh ALL identities of $($sandbox.Url) ($number were counted)" -Because $line
        }
        @(Get-Refresh $sandbox).Count | Should -Be 0
    }

    It 'tells the number also where the session counts no matches, and goes without it where search is refused' {
        Set-Configuration -Preflight $false
        { Invoke-CCRefreshIdentities -All } | Should -Throw "*($number were counted)*"
        Set-Configuration -AccessToken '' -ClientId noscope-client -ClientSecret noscope-secret -Preflight $null
        { Invoke-CCRefreshIdentities -All } | Should -Throw '*ALL identities of *, which could not be counted*'
        @(Get-Refresh $sandbox).Count | Should -Be 0
    }

    It 'of more than -MaxIdentities is refused' -Tag cc {
        { Invoke-CCRefreshIdentities -All -Force -MaxIdentities 97 } | Should -Throw -ErrorId 'TooManyMatches,*'
        @(Get-Refresh $sandbox).Count | Should -Be 0
        $null = Invoke-CCRefreshIdentities -All -Force -MaxIdentities 98
        @(Get-Refresh $sandbox).Count | Should -Be 1
    }

    It 'with pruneIdentities needs -AllowPruneAll as well, however the arguments are written: <value>' -ForEach @(
        @{ Value = @{ pruneIdentities = $true } }
        @{ Value = @{ pruneIdentities = 'True' } }
        @{ Value = '{"pruneIdentities":true}' }
        @{ Value = '{"prune\u0049dentities":"true"}' }
        @{ Value = [pscustomobject] @{ pruneIdentities = $true; provision = $false } }
    ) {
        try { Invoke-CCRefreshIdentities -All -Force -RefreshArgs $value } catch { $record = $_ }
        $record.FullyQualifiedErrorId | Should -Be 'WouldRefreshAll,Invoke-CCRefreshIdentities'
        $record.ErrorDetails.RecommendedAction | Should -Match '-AllowPruneAll'
        { Invoke-CCRefreshIdentities -All -Force -AllowPruneAll:$false -RefreshArgs $value } | Should -Throw -ErrorId 'WouldRefreshAll,*'
        { Invoke-CCRefreshIdentities -All -AllowPruneAll -RefreshArgs $value } | Should -Throw '*ALL identities*DELETE*no account*'
        @(Get-Refresh $sandbox).Count | Should -Be 0
    }

    It 'with pruneIdentities and -AllowPruneAll deletes' -Tag cc {
        $other = Start-Sandbox
        try {
            Set-Configuration -BaseUrl $other.Url
            $null = Invoke-CCRefreshIdentities -All -Force -AllowPruneAll -RefreshArgs @{ pruneIdentities = $true }
            @((Get-Refresh $other).refreshed.deleted).Count | Should -BeGreaterThan 0
        } finally { Stop-Sandbox $other }
    }

    It 'that is switched off is a request for nobody' {
        { Invoke-CCRefreshIdentities -All:$false -Force -RefreshArgs @{ provision = $true } } | Should -Throw -ErrorId 'WouldRefreshAll,*'
    }

    It 'is not meant by <line>' -ForEach @(
        @{ Line = 'Invoke-CCRefreshIdentities' }
        @{ Line = 'Invoke-CCRefreshIdentities -Force' }
        @{ Line = 'Invoke-CCRefreshIdentities -AllowPruneAll' }
        @{ Line = 'Invoke-CCRefreshIdentities -All:$false -Force' }
        @{ Line = 'Invoke-CCRefreshIdentities -RefreshArgs @{}' }
        @{ Line = 'Invoke-CCRefreshIdentities -RefreshArgs @{} -Force' }
        @{ Line = 'Invoke-CCRefreshIdentities -All -Force -Filter ''uid == "smith"''' }
        @{ Line = 'Invoke-CCRefreshIdentities -All -Force -RefreshIdentitiesRequest @{ filter = ''uid == "smith"'' }' }
        @{ Line = 'Invoke-CCRefreshIdentities -Filter '''' -RefreshArgs @{}' }
        @{ Line = 'Invoke-CCRefreshIdentities -Filter $null' }
        @{ Line = 'Invoke-CCRefreshIdentities -Filter @()' }
        @{ Line = 'Invoke-CCRefreshIdentities -Filter ''*''' }
        @{ Line = 'Invoke-CCRefreshIdentities -Filter @(''uid == "amelie.roux"'', ''uid == "smith"'')' }
        @{ Line = 'Invoke-CCRefreshIdentities -MaxIdentities 100' }
        @{ Line = 'Invoke-CCRefreshIdentities -RefreshIdentitiesRequest @{ All = $true }' }
        @{ Line = '[pscustomobject] @{ All = $true; Force = $true } | Invoke-CCRefreshIdentities' }
        @{ Line = '[pscustomobject] @{ Filter = $null; RefreshArgs = @{} } | Invoke-CCRefreshIdentities' }
    ) {
        $session = [powershell]::Create('CurrentRunspace').AddScript($line)
        $failed = $false
        try { $null = $session.Invoke(); $failed = $session.HadErrors } catch { $failed = $true }
        $failed | Should -BeTrue
        @(Get-Refresh $sandbox).Count | Should -Be 0
    }
}

Describe '-Confirm' {
    It 'and -WhatIf of a filter show the same words' {
        . "$PSScriptRoot/Support.ps1"
        $sandbox = Start-Sandbox
        try {
            Reset-Session $sandbox
            $words = Invoke-Session @'
Import-Module $env:TEST_MODULE
Set-Configuration -BaseUrl $env:TEST_URL -AccessToken sandbox-token
Invoke-CCRefreshIdentities -Filter 'department == "Sales"' -WhatIf
'@ -Environment @{ TEST_URL = $sandbox.Url }
            $words = $words.Output.Trim() -replace '^What if: '
            $words | Should -Match '^Refresh \d+ identities with department == "Sales" on .*: .*john\.smith \(John Smith\)'
            foreach ($line in 'Invoke-CCRefreshIdentities -Filter ''department == "Sales"'' -Confirm', '$ConfirmPreference = "Medium"; Invoke-CCRefreshIdentities -Filter ''department == "Sales"''') {
                $answering = [AnsweringHost]::new('&No')
                $runspace = [runspacefactory]::CreateRunspace($answering)
                $runspace.Open()
                $shell = [powershell]::Create()
                $shell.Runspace = $runspace
                $null = $shell.AddScript('param($module, $url) Import-Module $module; Set-Configuration -BaseUrl $url -AccessToken sandbox-token').AddArgument($ModulePath).AddArgument($sandbox.Url).Invoke()
                $shell.Commands.Clear()
                $null = $shell.AddScript($line).Invoke()
                $runspace.Dispose()
                $answering.UI.Asked.Count | Should -Be 1
                $answering.UI.Asked[0] | Should -Match ([regex]::Escape($words))
            }
            @(Get-Refresh $sandbox).Count | Should -Be 0
        } finally { Stop-Sandbox $sandbox }
    }
}
