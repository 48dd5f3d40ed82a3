//! Replaces secrets in text, in whatever way they are written there.

use std::sync::Arc;

use super::forms::{Forms, Needle};
use super::reading::{SPECIAL, Text};

/// Replaces the secrets of a call by `***`.
pub(crate) struct Mask {
    forms: Vec<Arc<Forms>>,
    /// Whether a byte can be one of the first of a secret ([`FIRST`] and the two bits after it), also in any case
    /// ([`ANY_CASE`]).
    begins: [u8; 256],
}

const FIRST: u8 = 1;
const ANY_CASE: u8 = 8;
/// It can stand for another character: what follows it does not count.
const ANY: u8 = 64;
/// It ends the text of a JSON string.
const END: u8 = 128;

/// Which secrets are replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    /// None: a word of the library itself.
    Own,
    /// In sentences of the library: those that do not occur there by chance.
    Strong,
    /// In texts of a server: all.
    All,
}

const MASKED: &[u8] = b"***";

impl Mask {
    pub(super) fn new(forms: Vec<Arc<Forms>>) -> Self {
        let some = forms.iter().filter(|forms| !forms.needles.is_empty());
        let mut tables = some.map(|forms| forms.begins.get_or_init(|| begins_of(&forms.needles)));
        // Most calls have one.
        let mut begins = tables.next().copied().unwrap_or([0; 256]);
        for table in tables {
            // Many at a time: this is done in each call.
            for (bytes, others) in begins.as_chunks_mut::<16>().0.iter_mut().zip(table.as_chunks::<16>().0) {
                *bytes = (u128::from_ne_bytes(*bytes) | u128::from_ne_bytes(*others)).to_ne_bytes();
            }
        }
        Self { forms, begins }
    }

    /// Whether there is nothing to replace.
    pub(crate) fn is_empty(&self) -> bool {
        self.forms.iter().all(|forms| forms.needles.is_empty())
    }

    /// Plain text without secrets.
    pub(crate) fn text(&self, text: &str) -> String {
        let mut masked = Vec::with_capacity(text.len());
        self.write(Text { bytes: text.as_bytes(), is_json: false, ignores_case: false }, Level::All, &mut masked);
        // Secrets are whole characters.
        String::from_utf8(masked).unwrap_or_else(|_| "***".to_owned())
    }

    /// Appends the content of a JSON string without secrets. It stays the content of a JSON string. Returns whether
    /// there was a secret.
    pub(crate) fn write_json(&self, content: &[u8], level: Level, into: &mut Vec<u8>) -> bool {
        self.write(Text { bytes: content, is_json: true, ignores_case: false }, level, into)
    }

    /// Whether a secret is in the text, in any case: clients write the names of headers in lower case.
    pub(crate) fn is_in(&self, text: &[u8], ignores_case: bool) -> bool {
        let text = Text { bytes: text, is_json: true, ignores_case };
        let first = if ignores_case { FIRST * ANY_CASE } else { FIRST };
        let (begin, end) = (first | ANY, first << 2 | ANY);
        // Which of the first three characters of a secret may have been read: a bit for each.
        let mut state = 0;
        let mut read = |byte: &u8| {
            state = (state << 1 | begin) & self.begins[usize::from(*byte)];
            state
        };
        // It begins at one of the last characters, or up to two before them.
        let ends_in =
            |from: usize, to: usize| (from.saturating_sub(2)..to).any(|at| self.find(text, at, Level::All).is_some());
        let (parts, rest) = text.bytes.as_chunks::<4>();
        for (number, [one, two, three, four]) in parts.iter().enumerate() {
            let read = read(one) | read(two) | read(three) | read(four);
            if read & end != 0 && ends_in(4 * number, 4 * number + 4) {
                return true;
            }
        }
        rest.iter().fold(0, |all, byte| all | read(byte)) & end != 0 && ends_in(4 * parts.len(), text.bytes.len())
    }

    fn write(&self, text: Text<'_>, level: Level, into: &mut Vec<u8>) -> bool {
        let bytes = text.bytes;
        let (mut at, mut copied, mut found) = (0, 0, false);
        // The last plain byte before `at`.
        let mut plain_before = None;
        while level != Level::Own && at < bytes.len() {
            // Nearly all bytes; those with a backslash begin a secret.
            if self.begins[usize::from(bytes[at])] & FIRST == 0 {
                plain_before = Some(at);
                at += 1;
                continue;
            }
            if let Some((end, is_base64)) = self.find(text, at, level) {
                let is_base64_byte =
                    |at: usize| bytes.get(at).is_some_and(|b| b.is_ascii_alphanumeric() || b"+/-_=".contains(b));
                let from = plain_before.filter(|before| is_base64 && *before >= copied && is_base64_byte(*before));
                into.extend_from_slice(&bytes[copied..from.unwrap_or(at)]);
                into.extend_from_slice(MASKED);
                at = if is_base64 && is_base64_byte(end) { end + 1 } else { end };
                (copied, found, plain_before) = (at, true, None);
                continue;
            }
            let next = if text.is_json && bytes[at] == b'\\' { json_escape_end(bytes, at) } else { at + 1 };
            plain_before = (next == at + 1).then_some(at);
            at = next;
        }
        into.extend_from_slice(&bytes[copied..]);
        found
    }

    /// The end of the JSON string that begins at a place, and whether there can be a secret in it: there is none in nearly all
    /// of them.
    pub(crate) fn string_end(&self, text: &[u8], at: usize) -> (usize, bool) {
        let (mut end, mut may_hold) = (at + 1, false);
        while let Some(byte) = text.get(end) {
            let class = self.begins[usize::from(*byte)];
            end += 1;
            if class & (FIRST | END) == 0 {
                continue;
            }
            match byte {
                b'"' if class & END != 0 => break,
                b'\\' => (may_hold, end) = (true, end + 1),
                _ => may_hold = may_hold || self.may_begin(text, end - 1, 1),
            }
        }
        (end.min(text.len()), may_hold)
    }

    /// Whether a secret can begin at a place, by three characters. `case`: 1 or [`ANY_CASE`].
    fn may_begin(&self, text: &[u8], at: usize, case: u8) -> bool {
        let mut place = FIRST * case;
        for byte in text[at..].iter().take(3) {
            let class = self.begins[usize::from(*byte)];
            if class & ANY != 0 || class & place == 0 {
                return class & ANY != 0;
            }
            place <<= 1;
        }
        // Fewer are no secret.
        place == (FIRST * case) << 3
    }

    /// The end of the longest secret that begins at a place, and whether it is base64.
    fn find(&self, text: Text<'_>, at: usize, level: Level) -> Option<(usize, bool)> {
        if !self.may_begin(text.bytes, at, if text.ignores_case { ANY_CASE } else { 1 }) {
            return None;
        }
        let needles = self.forms.iter().flat_map(|forms| &forms.needles);
        let candidates = needles.filter(|needle| needle.is_strong || level == Level::All);
        candidates.filter_map(|needle| Some((text.end_of(needle, at)?, needle.is_base64))).max_by_key(|(end, _)| *end)
    }
}

/// The bytes that the first three characters of these secrets can be, in any case too.
fn begins_of(needles: &[Needle]) -> [u8; 256] {
    let mut begins = [0; 256];
    for needle in needles {
        for (byte, place) in needle.bytes.iter().zip([FIRST, FIRST << 1, FIRST << 2]) {
            begins[usize::from(*byte)] |= place;
            for byte in [byte.to_ascii_lowercase(), byte.to_ascii_uppercase()] {
                begins[usize::from(byte)] |= place * ANY_CASE;
            }
        }
    }
    SPECIAL.iter().for_each(|byte| begins[usize::from(*byte)] = !END);
    begins[usize::from(b'"')] |= END;
    begins
}

/// The end of an escape of JSON text. Two halves of a character are one escape.
fn json_escape_end(text: &[u8], at: usize) -> usize {
    let length = if text.get(at + 1) == Some(&b'u') { 6 } else { 2 };
    (at + length).min(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "pA+s/w\"o\\r d&1=é😀%41";

    fn mask(secrets: &[&str]) -> Mask {
        let mut forms = Forms::default();
        secrets.iter().for_each(|secret| forms.add_client("client", secret));
        Mask::new(vec![Arc::new(forms)])
    }

    fn percent(text: &str, upper: bool) -> String {
        let one = |byte: &u8| if upper { format!("%{byte:02X}") } else { format!("%{byte:02x}") };
        let kept = |byte: &u8| byte.is_ascii_alphanumeric();
        text.as_bytes().iter().map(|byte| if kept(byte) { char::from(*byte).to_string() } else { one(byte) }).collect()
    }

    fn json(text: &str) -> String {
        serde_json::to_string(text).expect("text").trim_matches('"').to_owned()
    }

    fn escaped(text: &str) -> String {
        text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect()
    }

    fn html(text: &str) -> String {
        let named = text.replace('&', "&amp;").replace('"', "&quot;");
        named.replace('+', "&#43;").replace('é', "&#xE9;").replace('/', "&sol;")
    }

    #[test]
    fn a_secret_is_found_in_every_form_and_in_forms_of_forms() {
        let mask = mask(&[SECRET]);
        let encode: [fn(&str) -> String; 7] = [
            str::to_owned,
            |text| percent(text, true),
            |text| percent(text, false),
            |text| percent(text, true).replace("%20", "+"),
            json,
            escaped,
            html,
        ];
        for outer in encode {
            for inner in encode {
                let written = outer(&inner(SECRET));
                assert_eq!(mask.text(&format!("a {written} z")), "a *** z", "{written}");
                // The same as a JSON string.
                let mut content = Vec::new();
                assert!(mask.write_json(json(&format!("a {written} z")).as_bytes(), Level::All, &mut content));
                assert_eq!(String::from_utf8_lossy(&content), "a *** z", "{written}");
            }
        }
    }

    #[test]
    fn base64_is_found_at_each_alignment_in_both_alphabets() {
        let (secret, alphabets) = ("~~~s3cret???>>>~~", [b"+/", b"-_"]);
        let mask = mask(&[secret]);
        for before in ["", "a", "id", "id:"] {
            let bytes = format!("{before}{secret}tail");
            for alphabet in alphabets {
                let text = base64(bytes.as_bytes(), alphabet);
                let masked = mask.text(&text);
                assert!(masked.contains("***"), "{text}");
                let at = masked.find('*').expect("masked");
                assert!(at <= before.len() * 4 / 3, "{masked}");
            }
        }
    }

    fn base64(bytes: &[u8], last: &[u8; 2]) -> String {
        let mut alphabet: Vec<u8> = (b'A'..=b'Z').chain(b'a'..=b'z').chain(b'0'..=b'9').collect();
        alphabet.extend(last);
        let group = |three: &[u8]| {
            let bits =
                three.iter().fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte)) << (8 * (3 - three.len()));
            (0..=three.len()).map(|at| char::from(alphabet[bits >> (18 - 6 * at) & 63])).collect::<String>()
        };
        bytes.chunks(3).map(group).collect()
    }

    #[test]
    fn json_stays_json_and_what_holds_no_secret_stays_as_it_is() {
        let mask = mask(&["nsecret-1", "u0041-s3cret", "back\\slash1\\"]);
        for (content, masked) in [
            (r"\nsecret-1", r"\nsecret-1"),
            (r"\u0041-s3cret", r"\u0041-s3cret"),
            (r"\\nsecret-1", r"\\***"),
            (r"back\\slash1\\", "***"),
            (r"back\u005cslash1\u005C", "***"),
            (r"\ud800\udfff\ud800 \/", r"\ud800\udfff\ud800 \/"),
            ("", ""),
        ] {
            let mut written = Vec::new();
            mask.write_json(content.as_bytes(), Level::All, &mut written);
            let written = String::from_utf8(written).expect("UTF-8");
            assert_eq!(written, masked, "{content}");
        }
    }

    #[test]
    fn the_beginning_of_a_secret_in_a_text_that_was_cut_is_replaced() {
        assert_eq!(mask(&["s3cret-of-the-client"]).text("It says s3cret-of... and"), "It says ***... and");
    }

    #[test]
    fn words_are_replaced_in_texts_of_a_server_only_and_the_shortest_nowhere() {
        let mask = mask(&["refresh", "abc"]);
        let written = |level| {
            let mut written = Vec::new();
            mask.write_json(b"the refresh abc", level, &mut written);
            String::from_utf8(written).expect("UTF-8")
        };
        assert_eq!(written(Level::Own), "the refresh abc");
        assert_eq!(written(Level::Strong), "the refresh abc");
        assert_eq!(written(Level::All), "the *** abc");
    }

    #[test]
    fn a_text_of_many_backslashes_takes_no_long_time_and_no_stack() {
        let secret = "\\".repeat(30) + "1";
        let text = "\\".repeat(300);
        let mask = mask(&[&secret]);
        let masked = std::thread::Builder::new().stack_size(128 << 10).spawn(move || mask.text(&text));
        assert!(masked.expect("started").join().expect("no overflow").len() <= 300);
    }
}
