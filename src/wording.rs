//! Option names differ between the interfaces: `options.backend = process` in C is `-Backend process` in PowerShell.
//! Messages hold placeholders, which are replaced by the caller's names when the answer is written.

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
    ("api-version", "apiVersion", "ApiVersion"),
    ("set-api-version", "The configuration's apiVersion", "Set-Configuration -ApiVersion"),
];

/// Replaces the placeholders in JSON text by the client's names.
pub(crate) fn render(text: Vec<u8>, client: Client) -> Vec<u8> {
    let mut bytes = [0; 4];
    let open = OPEN.encode_utf8(&mut bytes).as_bytes();
    if !text.windows(open.len()).any(|window| window == open) {
        return text;
    }
    // JSON text is UTF-8.
    let text = String::from_utf8(text).unwrap_or_default();
    let mut rendered = String::with_capacity(text.len());
    let mut parts = text.split(OPEN);
    rendered.extend(parts.next());
    for part in parts {
        let replaced = part.split_once(CLOSE).and_then(|(key, rest)| {
            let (_, c, powershell) = TERMS.iter().find(|(known, ..)| *known == key)?;
            Some((if client == Client::C { c } else { powershell }, rest))
        });
        match replaced {
            Some((name, rest)) => rendered.extend([*name, rest]),
            // Text from elsewhere.
            None => {
                rendered.push(OPEN);
                rendered.push_str(part);
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
    fn a_message_uses_the_names_of_its_client() {
        let text = "Leave ⟦no-preflight⟧ out, or ⟦raise-max⟧.";
        assert_eq!(rendered(text, Client::C), "Leave options.preflight = false out, or raise maxIdentities.");
        assert!(rendered(text, Client::PowerShell).starts_with("Leave -NoPreflight out, or raise -MaxIdentities"));
    }

    #[test]
    fn brackets_from_elsewhere_stay() {
        for text in ["a⟦b", "⟦", "⟦⟦x⟧", "a⟦none⟧b", "plain"] {
            assert_eq!(rendered(text, Client::C), text);
        }
        assert_eq!(rendered("a⟦b ⟦journal⟧", Client::C), "a⟦b options.journal");
    }

    #[test]
    fn no_name_breaks_json_and_every_name_is_used() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut folders = vec![root];
        let mut used = std::collections::BTreeSet::new();
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
                if entry.is_dir() {
                    folders.push(entry);
                } else if entry.extension().is_some_and(|kind| kind == "rs") && !entry.ends_with("wording.rs") {
                    let text = std::fs::read_to_string(entry).expect("UTF-8");
                    let keys = text.split(OPEN).skip(1).filter_map(|part| part.split_once(CLOSE));
                    used.extend(keys.map(|(key, _)| key.to_owned()));
                }
            }
        }
        let known: std::collections::BTreeSet<String> = TERMS.iter().map(|(key, ..)| (*key).to_owned()).collect();
        assert_eq!(used, known);
        assert!(TERMS.iter().all(|(_, c, powershell)| !c.contains(['"', '\\']) && !powershell.contains(['"', '\\'])));
    }

    #[test]
    fn the_client_is_a_member_of_the_request() {
        assert_eq!(Client::of(r#"{"filter":"x","client":"powershell"}"#), Client::PowerShell);
        assert_eq!(Client::of(r#"{"filter":"\"client\":\"powershell\""}"#), Client::C);
        assert_eq!(Client::of("no JSON \"client\""), Client::C);
    }
}
