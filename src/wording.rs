//! Names that differ between the interfaces: an option is `options.backend = process` in C and `-Backend process` in
//! PowerShell. Texts hold a placeholder until they leave, and then the name that the caller knows.

use serde::Deserialize;

/// Whose names texts use.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Client {
    #[default]
    C,
    PowerShell,
}

impl Client {
    /// What the member `client` may be.
    pub(crate) const WORDS: [(&str, Self); 2] = [("c", Self::C), ("powershell", Self::PowerShell)];

    /// The client that a request names; C where it is no request.
    pub(crate) fn of(text: &str) -> Self {
        #[derive(Deserialize)]
        struct Request<'a> {
            client: Option<&'a str>,
        }
        // Few requests have the word, and the others need not be read twice.
        if !text.contains("\"client\"") {
            return Self::C;
        }
        let client = serde_json::from_str(text).ok().and_then(|Request { client }| client);
        Self::WORDS.iter().find(|(word, _)| client == Some(word)).map_or(Self::C, |(_, client)| *client)
    }
}

/// Around the key of a name. A character for private use: no text that means something has it.
const MARK: &str = "\u{e000}";

macro_rules! terms {
    ($($key:ident: $c:literal, $powershell:literal;)*) => {
        $(pub(crate) const $key: &str = concat!("\u{e000}", stringify!($key), "\u{e000}");)*

        /// Key, name in C, name in PowerShell.
        const TERMS: &[(&str, &str, &str)] = &[$((stringify!($key), $c, $powershell)),*];
    };
}

// No name may hold a quote or a backslash: they are put into JSON text.
terms! {
    NO_PREFLIGHT: "options.preflight = false", "-NoPreflight";
    PREFLIGHT_TRUE: "options.preflight", "-NoPreflight:$false";
    SKIP_FILTER_CHECK: "options.skipFilterCheck", "-SkipFilterCheck";
    ALLOW_FULL_REFRESH: "options.allowFullRefresh", "-All";
    ALLOW_PRUNE_ALL: "options.allowPruneAll", "-AllowPruneAll";
    MAX_IDENTITIES: "maxIdentities", "-MaxIdentities";
    OPTION_MAX_IDENTITIES: "options.maxIdentities", "-MaxIdentities";
    BACKEND_PROCESS: "options.backend = process", "-Backend process";
    ALLOW_BROADER: "options.allowBroader", "-AllowBroader";
    ALLOW_BROADER_ALWAYS: "the configuration's allowBroader", "Set-Configuration -AllowBroader $true";
    IDENTITY_ATTRIBUTE: "identityAttribute", "-IdentityAttribute";
    TOTAL_TIMEOUT: "options.totalTimeoutSec", "TotalTimeoutSec";
    JOURNAL: "options.journal", "-JournalPath";
    RESEND_UNCERTAIN: "options.resendUncertain", "-ResendUncertain";
    FOLLOW_TASK: "cc_get_task", "Wait-CCTask";
    CONFIGURE: "cc_configure", "Set-Configuration";
}

/// Puts the client's names into JSON text, in place of the placeholders.
pub(crate) fn render(text: Vec<u8>, client: Client) -> Vec<u8> {
    let has_mark = text.windows(MARK.len()).any(|window| window == MARK.as_bytes());
    if !has_mark {
        return text;
    }
    // JSON text is UTF-8.
    let text = String::from_utf8(text).unwrap_or_default();
    let mut rendered = String::with_capacity(text.len());
    let mut parts = text.split(MARK).peekable();
    let mut is_key = false;
    while let Some(part) = parts.next() {
        let term = TERMS.iter().find(|(key, ..)| is_key && parts.peek().is_some() && *key == part);
        match term {
            Some((_, c, powershell)) => {
                rendered.push_str(if client == Client::C { c } else { powershell });
                is_key = false;
            }
            None => {
                // The mark was not ours: the one before this part stays.
                if is_key {
                    rendered.push_str(MARK);
                }
                rendered.push_str(part);
                is_key = true;
            }
        }
    }
    rendered.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(text: &str, client: Client) -> String {
        String::from_utf8(render(text.into(), client)).expect("UTF-8")
    }

    #[test]
    fn a_text_has_the_names_of_its_reader() {
        let text = format!("Leave {NO_PREFLIGHT} out, or give {MAX_IDENTITIES}.");
        assert_eq!(rendered(&text, Client::C), "Leave options.preflight = false out, or give maxIdentities.");
        assert_eq!(rendered(&text, Client::PowerShell), "Leave -NoPreflight out, or give -MaxIdentities.");
    }

    #[test]
    fn a_mark_of_somebody_else_stays() {
        for text in ["a\u{e000}b", "\u{e000}", "\u{e000}\u{e000}x", "a\u{e000}NONE\u{e000}b", "plain"] {
            assert_eq!(rendered(text, Client::C), text);
        }
        let mixed = format!("a\u{e000}b {JOURNAL}");
        assert_eq!(rendered(&mixed, Client::C), "a\u{e000}b options.journal");
    }

    #[test]
    fn no_name_breaks_json() {
        for (_, c, powershell) in TERMS {
            assert!(!c.contains(['"', '\\']) && !powershell.contains(['"', '\\']));
        }
    }

    #[test]
    fn the_client_is_a_member_of_the_request() {
        assert_eq!(Client::of(r#"{"filter":"x","client":"powershell"}"#), Client::PowerShell);
        assert_eq!(Client::of(r#"{"filter":"\"client\":\"powershell\""}"#), Client::C);
        assert_eq!(Client::of("no JSON \"client\""), Client::C);
    }
}
