//! Option names differ between the interfaces: `options.backend = process` in C is `-Backend process` in PowerShell.
//! Messages hold placeholders, which are replaced by the caller's names when the answer is written. `⟦=name⟧` is a member of
//! the configuration, which PowerShell writes with a capital.

use std::borrow::Cow;

use serde::Deserialize;

/// The interface whose names messages use.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Client {
    #[default]
    C,
    PowerShell,
}

impl Client {
    /// The values of the member `client`.
    pub(crate) const WORDS: [(&str, Self); 2] = [("c", Self::C), ("powershell", Self::PowerShell)];

    /// The client that a request names; C if the text is not a request.
    pub(crate) fn of(text: &str) -> Self {
        #[derive(Deserialize)]
        struct Request<'a> {
            client: Option<&'a str>,
        }
        // Most requests lack the word; this saves a second parse.
        if !text.contains("\"client\"") {
            return Self::C;
        }
        let client = serde_json::from_str(text).ok().and_then(|Request { client }| client);
        Self::WORDS.iter().find(|(word, _)| client == Some(word)).map_or(Self::C, |(_, client)| *client)
    }
}

/// These enclose the key of a name, as in "Leave ⟦no-preflight⟧ out".
const OPEN: char = '⟦';
const CLOSE: char = '⟧';

/// Key, name in C, name in PowerShell. A name has no quote and no backslash, because it is inserted into JSON text.
const TERMS: &[(&str, &str, &str)] = &[
    ("no-preflight", "options.preflight = false", "-NoPreflight"),
    ("skip-filter-check", "options.skipFilterCheck", "-SkipFilterCheck"),
    (
        "skip-and-preflight",
        "options.skipFilterCheck and options.preflight = true",
        "-SkipFilterCheck and -NoPreflight:$false",
    ),
    ("everybody", "options.allowFullRefresh", "-All in place of the filter"),
    ("prune-all", "options.allowPruneAll", "-AllowPruneAll"),
    ("option-max", "options.maxIdentities", "-MaxIdentities"),
    ("max", "maxIdentities", "-MaxIdentities"),
    ("raise-max", "raise maxIdentities", "raise -MaxIdentities (for the session: Set-Configuration -MaxIdentities)"),
    ("backend-process", "options.backend = process", "-Backend process"),
    ("allow-broader", "options.allowBroader", "-AllowBroader"),
    (
        "always-broader",
        "for all calls the configuration's allowBroader",
        "for the session Set-Configuration -AllowBroader $true",
    ),
    ("identity-attribute", "identityAttribute", "-IdentityAttribute"),
    ("total-timeout", "options.totalTimeoutSec", "the total time"),
    ("journal", "options.journal", "-JournalPath"),
    ("resend-uncertain", "options.resendUncertain", "-ResendUncertain"),
    ("calls", "the answer's calls", "Exception.Data['calls'] of this error"),
    ("follow-task", "cc_get_task", "Wait-CCTask -Id"),
    ("configure", "cc_configure", "Set-Configuration"),
    ("find", "cc_find_identities", "Find-CCIdentity"),
    ("refresh", "cc_refresh_identities", "Invoke-CCRefreshIdentities"),
    ("start", "cc_operation_start", "Invoke-CCRefreshIdentities"),
    ("send", "cc_operation_send", "the pipeline"),
    ("await", "cc_operation_wait", "the command"),
    ("dry-run", "options.dryRun", "-WhatIf"),
    (
        "timeouts",
        "timeoutSec and options.totalTimeoutSec set the limit",
        "Set-Configuration -TimeoutSec sets the limit",
    ),
    (
        "rate-limits",
        "options.totalTimeoutSec and rateLimit set the limits",
        "Set-Configuration -RateLimit sets the limit",
    ),
    ("call-configuration", "the configuration of the call", "this session's configuration (Set-Configuration)"),
    (
        "the-configuration",
        "the configuration of the call and of cc_configure",
        "this session's configuration (Set-Configuration)",
    ),
    (
        "give-credentials",
        "Give baseUrl, and accessToken or clientId and clientSecret, in the configuration of the call or by cc_configure.",
        "Give them by Set-Configuration: -BaseUrl, and -AccessToken or -ClientId and -ClientSecret.",
    ),
    ("give-base-url", "Give baseUrl beside the credentials.", "Give it by Set-Configuration -BaseUrl."),
    (
        "runspace",
        "The configuration of cc_configure holds for all threads of this process.",
        "The configuration belongs to the runspace: inside ForEach-Object -Parallel, Start-ThreadJob and Start-Job call \
         Set-Configuration again, or set SAIL_BASE_URL, SAIL_CLIENT_ID and SAIL_CLIENT_SECRET.",
    ),
    (
        "secure-strings",
        "Give the text itself.",
        "AccessToken, ClientSecret and the values of DefaultHeaders may be SecureStrings; everything else is text.",
    ),
    ("api-version", "apiVersion", "ApiVersion"),
    ("set-api-version", "The configuration's apiVersion", "Set-Configuration -ApiVersion"),
];

/// Replaces the placeholders in JSON text by the client's names.
pub(crate) fn render(text: Vec<u8>, client: Client) -> Vec<u8> {
    let mut bytes = [0; 4];
    let open = OPEN.encode_utf8(&mut bytes).as_bytes();
    // Its first byte is rare.
    if memchr::memchr(open[0], &text).is_none() || !text.windows(open.len()).any(|window| window == open) {
        return text;
    }
    // JSON text is UTF-8.
    let text = String::from_utf8(text).unwrap_or_default();
    let mut rendered = String::with_capacity(text.len());
    let mut parts = text.split(OPEN);
    rendered.extend(parts.next());
    for part in parts {
        let replaced = part.split_once(CLOSE).and_then(|(key, rest)| Some((name_for(key, client)?, rest)));
        match replaced {
            Some((name, rest)) => rendered.extend([&*name, rest]),
            // Text from elsewhere.
            None => {
                rendered.push(OPEN);
                rendered.push_str(part);
            }
        }
    }
    rendered.into_bytes()
}

/// What stands for a placeholder.
fn name_for(key: &str, client: Client) -> Option<Cow<'static, str>> {
    if let Some(member) = key.strip_prefix('=').filter(|member| member.bytes().all(|b| b.is_ascii_alphabetic())) {
        let capitals = if client == Client::C { 0 } else { 1.min(member.len()) };
        return Some(Cow::Owned(member[..capitals].to_ascii_uppercase() + &member[capitals..]));
    }
    let (_, c, powershell) = TERMS.iter().find(|(known, ..)| *known == key)?;
    Some(Cow::Borrowed(if client == Client::C { c } else { powershell }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(text: &str, client: Client) -> String {
        String::from_utf8(render(text.into(), client)).expect("UTF-8")
    }

    #[test]
    fn a_message_uses_the_names_of_its_client() {
        let text = "Leave ⟦no-preflight⟧ out, or ⟦raise-max⟧.";
        assert_eq!(rendered(text, Client::C), "Leave options.preflight = false out, or raise maxIdentities.");
        assert!(rendered(text, Client::PowerShell).starts_with("Leave -NoPreflight out, or raise -MaxIdentities"));
        assert_eq!(rendered("⟦=timeoutSec⟧", Client::C), "timeoutSec");
        assert_eq!(rendered("⟦=timeoutSec⟧", Client::PowerShell), "TimeoutSec");
    }

    #[test]
    fn brackets_from_elsewhere_stay() {
        for text in ["a⟦b", "⟦", "⟦⟦x⟧", "a⟦none⟧b", "a⟦= ⟧b", "plain"] {
            assert_eq!(rendered(text, Client::C), text);
        }
        assert_eq!(rendered("a⟦b ⟦journal⟧", Client::C), "a⟦b options.journal");
    }

    /// The source files, without their tests.
    fn sources() -> Vec<(String, String)> {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut folders = vec![root];
        let mut sources = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
                if entry.is_dir() {
                    folders.push(entry);
                } else if entry.extension().is_some_and(|kind| kind == "rs") && !entry.ends_with("wording.rs") {
                    let text = std::fs::read_to_string(&entry).expect("UTF-8");
                    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
                    sources.push((entry.display().to_string(), code.to_owned()));
                }
            }
        }
        sources
    }

    #[test]
    fn no_name_breaks_json_and_every_name_is_used() {
        let mut used = std::collections::BTreeSet::new();
        let members = include_str!("config/members.rs");
        for (_, text) in sources() {
            let keys = text.split(OPEN).skip(1).filter_map(|part| part.split_once(CLOSE));
            used.extend(keys.map(|(key, _)| key.to_owned()));
        }
        used.retain(|key| match key.strip_prefix('=') {
            Some(member) => {
                assert!(members.contains(&format!("\"{member}\": ")), "{member} is no member of the configuration");
                false
            }
            None => true,
        });
        let known: std::collections::BTreeSet<String> = TERMS.iter().map(|(key, ..)| (*key).to_owned()).collect();
        assert_eq!(used, known);
        assert!(TERMS.iter().all(|(_, c, powershell)| !c.contains(['"', '\\']) && !powershell.contains(['"', '\\'])));
    }

    #[test]
    fn no_text_of_a_message_names_a_function_or_an_option_of_one_interface() {
        for (file, text) in sources() {
            for (number, line) in text.lines().enumerate() {
                let line = line.trim();
                // The names themselves stand alone between quotes, in the tables of functions.
                let strings = line.split('"').skip(1).step_by(2).filter(|text| text.contains(' '));
                let text: Vec<&str> = if line.starts_with("//") { Vec::new() } else { strings.collect() };
                let text = text.join(" ");
                for name in ["cc_", "options.", "Set-Config", "Get-Config", "-CC", "totalTimeoutSec"] {
                    assert!(!text.contains(name), "{file}:{}: {name} in {text:?}", number + 1);
                }
            }
        }
    }

    #[test]
    fn the_client_is_a_member_of_the_request() {
        assert_eq!(Client::of(r#"{"filter":"x","client":"powershell"}"#), Client::PowerShell);
        assert_eq!(Client::of(r#"{"filter":"\"client\":\"powershell\""}"#), Client::C);
        assert_eq!(Client::of("no JSON \"client\""), Client::C);
    }
}
