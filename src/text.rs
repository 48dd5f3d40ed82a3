//! Helpers for text: the most similar name, text that is shortened and escaped, ends that are trimmed, encodings.

/// The most similar of `names`, if any is similar enough.
pub(crate) fn nearest<'n>(given: &str, names: &[&'n str]) -> Option<&'n str> {
    let given: String = given.chars().take(64).collect::<String>().to_lowercase();
    names
        .iter()
        .map(|name| (strsim::jaro_winkler(&given, &name.to_lowercase()), *name))
        .filter(|(similarity, _)| *similarity > 0.84)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

/// The name that differs from `given` in at most two letters, case ignored.
pub(crate) fn misspelt<'n>(given: &str, names: &[&'n str]) -> Option<&'n str> {
    let given: String = given.chars().take(64).collect::<String>().to_lowercase();
    names
        .iter()
        .map(|name| (strsim::damerau_levenshtein(&given, &name.to_lowercase()), *name))
        .filter(|(letters, _)| *letters <= 2)
        .min_by_key(|(letters, _)| *letters)
        .map(|(_, name)| name)
}

/// A caller's name for a message: shortened, control characters escaped.
pub(crate) fn printable(text: &str) -> String {
    shortened(text, 60)
}

/// At most `length` characters of `text`, control characters escaped.
pub(crate) fn shortened(text: &str, length: usize) -> String {
    let mut shown = String::new();
    for c in text.chars().take(length) {
        match c.is_control() {
            true => shown.extend(c.escape_default()),
            false => shown.push(c),
        }
    }
    if text.chars().nth(length).is_some() {
        shown.push_str("...");
    }
    shown
}

/// Without white space, line breaks and invisible characters (zero-width ones, a byte order mark) at the ends.
pub(crate) fn trim_invisible(text: &str) -> &str {
    text.trim_matches(|c: char| {
        c.is_whitespace() || c.is_control() || matches!(c, '\u{ad}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
    })
}

/// A name without line breaks, tabs, no-break blanks and invisible characters at its ends. Plain blanks alone stay,
/// because the value of an attribute may have them.
pub(crate) fn trim_copied(text: &str) -> &str {
    let trimmed = trim_invisible(text);
    if text.trim_matches(' ').len() == trimmed.len() { text } else { trimmed }
}

/// UTF-8, or UTF-16 as Windows PowerShell writes it, with or without a byte order mark.
pub(crate) fn decode(bytes: &[u8]) -> Result<String, String> {
    let utf16 = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        if bytes.len() % 2 == 1 {
            return Err("no UTF-16 text: half a character".to_owned());
        }
        let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
        let text = char::decode_utf16(units).collect::<Result<String, _>>();
        text.map_err(|_| "no UTF-16 text: half a character".to_owned())
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        // ASCII, as both formats begin, in two bytes.
        [first, 0, ..] if *first != 0 => utf16(bytes, u16::from_le_bytes),
        bytes => {
            let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
            let text = std::str::from_utf8(text);
            text.map(str::to_owned).map_err(|error| format!("no UTF-8 text, byte {}", error.valid_up_to() + 1))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_copying_leaves_at_the_ends_of_a_name_is_taken_off() {
        for (text, name) in [
            ("smith", "smith"),
            (" smith ", " smith "),
            ("smith\r\n", "smith"),
            ("\t smith \u{200b}", "smith"),
            ("\u{feff}smith\u{a0}", "smith"),
            ("a\u{200b}b\tc", "a\u{200b}b\tc"),
            (" ", " "),
            ("\u{a0} ", ""),
            ("", ""),
        ] {
            assert_eq!(trim_copied(text), name, "{text:?}");
        }
    }

    #[test]
    fn a_file_is_read_in_every_encoding_that_windows_writes() {
        let text = "{\"ClientId\":\"\u{e9}\u{1f600}\"}";
        let utf16 = |order: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(order).collect::<Vec<u8>>();
        let (little, big) = (utf16(u16::to_le_bytes), utf16(u16::to_be_bytes));
        for bytes in [
            text.as_bytes().to_vec(),
            [b"\xef\xbb\xbf", text.as_bytes()].concat(),
            [b"\xff\xfe".as_slice(), &little].concat(),
            [b"\xfe\xff".as_slice(), &big].concat(),
            little.clone(),
        ] {
            assert_eq!(decode(&bytes).as_deref(), Ok(text));
        }
        assert_eq!(decode(b"").as_deref(), Ok(""));
        assert!(decode(b"{\"a\":\"\xe9\"}").is_err_and(|why| why.contains("byte 7")));
        assert!(decode(b"\xff\xfe\x00\xd8").is_err());
    }
}
