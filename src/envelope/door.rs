//! The one door: the JSON text of every envelope passes it, and leaves without secrets.
//!
//! It works on the text, member by member, and not on parsed values: a body may hold numbers and escapes that no value
//! can hold, and what has no secret in it stays as it came. What a member holds decides which secrets are replaced. A
//! member that is not listed here holds a server's text.

use std::ops::Range;

use crate::secret::{Level, Mask};

/// Words and addresses of the library, of which no server decides.
const OWN: &[&str] = &[
    "backend",
    "baseUrl",
    "call",
    "code",
    "identityAttribute",
    "method",
    "outcome",
    "phase",
    "reason",
    "sent",
    "state",
    "url",
];

/// Sentences of the library, and texts of the caller: a secret that is an ordinary word stays.
const SENTENCES: &[&str] =
    &["fallback", "filter", "hint", "identities", "identity", "message", "unmatched", "warnings"];

/// Objects of a server, whose members' names are texts of a server too.
const OBJECTS: &[&str] = &["body", "headers", "task"];

/// An object or array that is being read.
struct Frame<'t> {
    is_object: bool,
    /// Whether a server has written it.
    is_foreign: bool,
    /// The member that it is the value of; for an array's values, the array's.
    name: &'t [u8],
}

/// The envelope without secrets.
pub(super) fn without_secrets(envelope: Vec<u8>, mask: &Mask) -> Vec<u8> {
    // Nearly all envelopes are done with this: no secret is anywhere in the text, whatever a member holds.
    if mask.is_empty() || !mask.is_in(&envelope, true) {
        return envelope;
    }
    let mut written = Written::default();
    let mut stack: Vec<Frame<'_>> = Vec::new();
    let mut names = Names::default();
    // The name of the member that is being read, and whether its value comes next.
    let (mut name, mut is_value): (&[u8], bool) = (b"", true);
    let mut at = 0;
    while let Some(byte) = envelope.get(at) {
        let (end, may_hold) = match byte {
            b'"' => mask.string_end(&envelope, at),
            _ => (token_end(&envelope, at), true),
        };
        let place = at..end;
        let token = &envelope[place.clone()];
        at = place.end;
        let (is_object, is_foreign) = stack.last().map_or((false, false), |top| (top.is_object, top.is_foreign));
        match byte {
            b'{' | b'[' => {
                let parent = stack.last().map_or(b"".as_slice(), |top| top.name);
                let begins = OBJECTS.iter().any(|known| known.as_bytes() == name) && parent != b"plan";
                stack.push(Frame { is_object: *byte == b'{', is_foreign: is_foreign || begins, name });
                is_value = *byte == b'[';
            }
            b'}' | b']' => name = stack.pop().map_or(b"", |frame| frame.name),
            b':' | b',' => {
                is_value = *byte == b':' || !is_object;
                if let (b',', Some(top)) = (byte, stack.last()) {
                    name = top.name;
                }
            }
            b'"' if !is_value => {
                name = &token[1..token.len() - 1];
                let is_header = stack.last().is_some_and(|top| top.name == b"headers");
                if !may_hold && !is_header {
                    continue;
                }
                let level = if is_foreign { Level::All } else { Level::Strong };
                if let Some(masked) = names.masked(name, level, is_header, mask) {
                    written.replace(&envelope, place, &masked);
                }
            }
            b'"' if !may_hold => {}
            b'"' => {
                let level = if is_foreign { Level::All } else { level(name, &stack) };
                let mut masked = b"\"".to_vec();
                if mask.write_json(&token[1..token.len() - 1], level, &mut masked) {
                    masked.push(b'"');
                    written.replace(&envelope, place, &masked);
                }
            }
            // A number of a server can be a secret; one of the library cannot.
            _ if is_foreign && mask.is_in(token, false) => written.replace(&envelope, place, b"\"***\""),
            _ => {}
        }
    }
    drop(stack);
    written.finish(envelope)
}

/// The text with what was replaced. Without a replacement nothing is copied: an answer can be long.
#[derive(Default)]
struct Written {
    text: Vec<u8>,
    /// How much of the original has been copied or replaced.
    copied: usize,
}

impl Written {
    fn replace(&mut self, original: &[u8], place: Range<usize>, by: &[u8]) {
        if self.copied == 0 {
            self.text.reserve(original.len());
        }
        self.text.extend_from_slice(&original[self.copied..place.start]);
        self.text.extend_from_slice(by);
        self.copied = place.end;
    }

    fn finish(mut self, original: Vec<u8>) -> Vec<u8> {
        if self.copied == 0 {
            return original;
        }
        self.text.extend_from_slice(&original[self.copied..]);
        self.text
    }
}

/// How the text of a member is masked.
fn level(name: &[u8], stack: &[Frame<'_>]) -> Level {
    let is_one_of = |known: &[&str]| known.iter().any(|known| known.as_bytes() == name);
    // A plan's body is the caller's own.
    let is_of_plan = stack.get(1).is_some_and(|frame| frame.name == b"plan")
        && (name == b"body" || stack.get(2).is_some_and(|frame| frame.name == b"body"));
    if is_one_of(OWN) {
        Level::Own
    } else if is_one_of(SENTENCES) || is_of_plan {
        Level::Strong
    } else {
        Level::All
    }
}

/// The names of members that had a secret in them: two that become the same get a number, since JSON readers refuse a
/// name that stands twice.
#[derive(Default)]
struct Names(Vec<Vec<u8>>);

impl Names {
    /// The name, with its quotes, if there is a secret in it.
    fn masked(&mut self, name: &[u8], level: Level, is_header: bool, mask: &Mask) -> Option<Vec<u8>> {
        let mut masked = b"\"".to_vec();
        if is_header && mask.is_in(name, true) {
            masked.extend_from_slice(b"***");
        } else if !mask.write_json(name, level, &mut masked) {
            return None;
        }
        let before = self.0.iter().filter(|other| **other == masked).count();
        self.0.push(masked.clone());
        if before > 0 {
            masked.extend_from_slice((before + 1).to_string().as_bytes());
        }
        masked.push(b'"');
        Some(masked)
    }
}

/// The end of the token that begins at a place, if it is no string: a character of the structure, or anything else up to the
/// next of them.
fn token_end(text: &[u8], at: usize) -> usize {
    match text[at] {
        b'{' | b'}' | b'[' | b']' | b':' | b',' | b' ' | b'\t' | b'\r' | b'\n' => at + 1,
        _ => {
            let rest = &text[at..];
            let length = rest.iter().position(|byte| b"\"{}[]:, \t\r\n".contains(byte));
            at + length.unwrap_or(rest.len()).max(1)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::secret::{Forms, Secrets};

    fn passed(envelope: &str) -> String {
        let mut forms = Forms::default();
        forms.add_credential("s3cret-1");
        forms.add_credential("secret");
        forms.add_credential("message");
        forms.add_credential("12345678");
        let secrets = Secrets::default();
        secrets.add(&Arc::new(forms));
        String::from_utf8(without_secrets(envelope.into(), &secrets.mask())).expect("UTF-8")
    }

    #[test]
    fn a_member_that_is_not_listed_holds_a_server_s_text() {
        assert_eq!(passed(r#"{"ok":true,"new":"a secret"}"#), r#"{"ok":true,"new":"a ***"}"#);
        assert_eq!(passed(r#"{"new":[{"newer":["s3cret-1"]}]}"#), r#"{"new":[{"newer":["***"]}]}"#);
    }

    #[test]
    fn an_ordinary_word_stays_in_sentences_and_in_the_library_s_own_names() {
        for same in [
            r#"{"ok":false,"error":{"code":"secret","message":"The secret of 12","hint":"message"},"totals":{"a":12345678}}"#,
            r#"{"warnings":["a secret"],"calls":[{"identities":["secret"],"reason":"message"}]}"#,
            r#"{"plan":{"body":{"filter":"uid == \"secret\""}}}"#,
            r#"{"plan":{"body":"{\"filter\":\"secret\"}"}}"#,
        ] {
            assert_eq!(passed(same), same);
        }
        assert_eq!(passed(r#"{"message":"a s3cret-1"}"#), r#"{"message":"a ***"}"#);
    }

    #[test]
    fn a_server_s_object_is_masked_whole_with_its_names_and_numbers() {
        let given = r#"{"response":{"status":12345678,"headers":{"x-S3CRET-1":["1"],"s3cret-1":["secret"]},"body":{"secret":[1e999,-12345678.0,true,{"secret":"\ud800"}],"secret":1}}}"#;
        let masked = r#"{"response":{"status":12345678,"headers":{"***":["1"],"***2":["***"]},"body":{"***3":[1e999,"***",true,{"***4":"\ud800"}],"***5":1}}}"#;
        assert_eq!(passed(given), masked);
        let same = r#"{"task":{ "a" : [1.50,{}, [ ],"\u00e9\/"],"a":null}  }"#;
        assert_eq!(passed(same), same);
    }
}
