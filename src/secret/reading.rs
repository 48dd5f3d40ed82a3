//! Every way to read a text in which secrets are sought: as it is, and through encodings.

use std::collections::HashSet;

use super::forms::Needle;

/// A text in which secrets are sought.
#[derive(Clone, Copy)]
pub(super) struct Text<'t> {
    pub(super) bytes: &'t [u8],
    /// Whether it is the content of a JSON string, whose escapes must stay whole.
    pub(super) is_json: bool,
    pub(super) ignores_case: bool,
}

/// The characters that can stand for another one.
pub(super) const SPECIAL: &[u8] = b"\\%&+";

/// How many encodings may lie upon each other: a JSON text in a JSON text in a URL.
const LAYERS: usize = 3;

/// Messages are cut to a length, and end with these dots then: what stands before them may be part of a secret.
const CUT: &[u8] = b"...";

/// The shortest beginning of a secret that is replaced before [`CUT`].
const SHORTEST_BEGINNING: usize = 4;

impl Text<'_> {
    /// The end of a secret that begins at a place.
    pub(super) fn end_of(self, Needle { bytes: needle, .. }: &Needle, at: usize) -> Option<usize> {
        // Plain characters have one reading: in nearly all places there is no secret as soon as one differs.
        let plain = self.plain_length(needle, at)?;
        let mut current = (at + plain, plain);
        // A character that is read in several ways, such as a backslash, leads to several states.
        let (mut others, mut seen) = (Vec::new(), HashSet::new());
        let mut steps = 0;
        loop {
            let (at, matched) = current;
            steps += 1;
            if steps > 4 * needle.len() + 64 {
                // Too many ways to read it: what was read is replaced.
                return Some(at);
            }
            if matched == needle.len()
                || matched >= SHORTEST_BEGINNING && self.bytes.get(at..).is_some_and(|rest| rest.starts_with(CUT))
            {
                return Some(at);
            }
            let mut next = None;
            self.units(at, LAYERS, &mut |unit, end| {
                let expected = needle.get(matched..matched + unit.len());
                let is_equal = expected.is_some_and(|expected| match self.ignores_case {
                    true => expected.eq_ignore_ascii_case(unit),
                    false => expected == unit,
                });
                let state = (end, matched + unit.len());
                if is_equal && next.is_none() {
                    next = Some(state);
                } else if is_equal && next != Some(state) && seen.insert(state) {
                    others.push(state);
                }
            });
            current = next.or_else(|| others.pop())?;
        }
    }

    /// How many characters of a secret stand at a place as they are, until one that has to be looked at closely. `None`:
    /// another one stands there.
    fn plain_length(self, needle: &[u8], at: usize) -> Option<usize> {
        let text = self.bytes.get(at..)?;
        for (length, expected) in needle.iter().enumerate() {
            match text.get(length)? {
                byte if SPECIAL.contains(byte) => return Some(length),
                b'.' if length >= SHORTEST_BEGINNING => return Some(length),
                byte if byte != expected && !(self.ignores_case && byte.eq_ignore_ascii_case(expected)) => return None,
                _ => {}
            }
        }
        Some(needle.len())
    }

    /// Every way to read a character at a place, with its end: as it is, and through up to `layers` encodings.
    fn units(self, at: usize, layers: usize, then: &mut dyn FnMut(&[u8], usize)) {
        if layers > 0 {
            return self.units(at, layers - 1, &mut |unit, end| {
                then(unit, end);
                match unit {
                    b"\\" => self.backslash(end, Some(layers - 1), then),
                    b"%" => self.percent(end, layers - 1, then),
                    b"&" => self.entity(end, layers - 1, then),
                    _ => {}
                }
            });
        }
        let Some(byte) = self.bytes.get(at) else { return };
        if self.is_json && *byte == b'\\' {
            return self.backslash(at + 1, None, then);
        }
        then(&[*byte], at + 1);
        if *byte == b'+' {
            then(b" ", at + 1);
        }
    }

    /// After a backslash: the escapes of JSON, and those of languages like it. `layers`: how the characters after it are
    /// read; `None` for the escapes of the text itself.
    fn backslash(self, at: usize, layers: Option<usize>, then: &mut dyn FnMut(&[u8], usize)) {
        let mut character = |code: u32, end: usize| {
            let mut buffer = [0; 4];
            if let Some(character) = char::from_u32(code) {
                then(character.encode_utf8(&mut buffer).as_bytes(), end);
            }
        };
        let read = |unit: &[u8], at: usize| match unit {
            b"u" if self.bytes.get(at) == Some(&b'{') => {
                let length = self.bytes[at..].iter().take(8).position(|byte| *byte == b'}')?;
                Some((self.hex(at + 1, length.checked_sub(1)?, None)?.0, at + length + 1))
            }
            b"u" => {
                let (code, end) = self.hex(at, 4, layers)?;
                if !(0xd800..0xdc00).contains(&code) {
                    return Some((code, end));
                }
                // The second half follows its own backslash.
                let (backslash, end) = self.deepest(end, layers)?;
                let (_, end) = self.deepest(end, layers).filter(|(letter, _)| (backslash, *letter) == (b'\\', b'u'))?;
                let (second, end) = self.hex(end, 4, layers)?;
                let second = second.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
                Some((0x10000 + ((code - 0xd800) << 10 | second), end))
            }
            b"x" => self.hex(at, 2, layers),
            b"n" => Some((0x0a, at)),
            b"t" => Some((0x09, at)),
            b"r" => Some((0x0d, at)),
            b"b" => Some((0x08, at)),
            b"f" => Some((0x0c, at)),
            [byte] if !byte.is_ascii_alphanumeric() => Some((u32::from(*byte), at)),
            _ => None,
        };
        let mut then_character = |unit: &[u8], end: usize| {
            if let Some((code, end)) = read(unit, end) {
                character(code, end);
            }
        };
        match layers {
            Some(layers) => self.units(at, layers, &mut then_character),
            None => _ = self.bytes.get(at..at + 1).map(|unit| then_character(unit, at + 1)),
        }
    }

    /// After a percent sign: a byte, or a code unit of JavaScript's `escape`.
    fn percent(self, at: usize, layers: usize, then: &mut dyn FnMut(&[u8], usize)) {
        if let Some((b'u' | b'U', digits)) = self.deepest(at, Some(layers))
            && let Some((code, end)) = self.hex(digits, 4, Some(layers))
            && let Some(character) = char::from_u32(code)
        {
            then(character.encode_utf8(&mut [0; 4]).as_bytes(), end);
        }
        if let Some((value, end)) = self.hex(at, 2, Some(layers)) {
            // Two digits are at most a byte.
            then(&[value as u8], end);
        }
    }

    /// After an ampersand: a character of HTML or XML.
    fn entity(self, at: usize, layers: usize, then: &mut dyn FnMut(&[u8], usize)) {
        let (mut name, mut at) = (String::new(), at);
        while name.len() < LONGEST_ENTITY {
            let Some((byte, end)) = self.deepest(at, Some(layers)) else { break };
            if !byte.is_ascii_alphanumeric() && byte != b'#' {
                // The semicolon may be missing after a number.
                at = if byte == b';' { end } else { at };
                break;
            }
            name.push(char::from(byte));
            at = end;
        }
        let code = match name.strip_prefix('#') {
            Some(number) => match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok(),
                None => number.parse().ok(),
            },
            None => ENTITIES.iter().find(|(known, _)| *known == name).map(|(_, character)| u32::from(*character)),
        };
        let mut buffer = [0; 4];
        if let Some(character) = code.and_then(char::from_u32) {
            then(character.encode_utf8(&mut buffer).as_bytes(), at);
        }
    }

    /// A number of so many digits, and its end.
    fn hex(self, at: usize, digits: usize, layers: Option<usize>) -> Option<(u32, usize)> {
        (0..digits).try_fold((0, at), |(value, at), _| {
            let (byte, end) = self.deepest(at, layers)?;
            Some((value << 4 | char::from(byte).to_digit(16)?, end))
        })
    }

    /// A character, read through as many encodings as it has.
    fn deepest(self, at: usize, layers: Option<usize>) -> Option<(u8, usize)> {
        let Some(layers) = layers else { return Some((*self.bytes.get(at)?, at + 1)) };
        let mut read = None;
        self.units(at, layers, &mut |unit, end| read = unit.first().map(|byte| (*byte, end)));
        read
    }
}

const LONGEST_ENTITY: usize = 12;

/// The characters of ASCII that HTML has names for.
const ENTITIES: [(&str, char); 36] = [
    ("amp", '&'),
    ("AMP", '&'),
    ("lt", '<'),
    ("LT", '<'),
    ("gt", '>'),
    ("GT", '>'),
    ("quot", '"'),
    ("QUOT", '"'),
    ("apos", '\''),
    ("Tab", '\t'),
    ("NewLine", '\n'),
    ("excl", '!'),
    ("num", '#'),
    ("dollar", '$'),
    ("percnt", '%'),
    ("lpar", '('),
    ("rpar", ')'),
    ("ast", '*'),
    ("plus", '+'),
    ("comma", ','),
    ("period", '.'),
    ("sol", '/'),
    ("colon", ':'),
    ("semi", ';'),
    ("equals", '='),
    ("quest", '?'),
    ("commat", '@'),
    ("lsqb", '['),
    ("bsol", '\\'),
    ("rsqb", ']'),
    ("Hat", '^'),
    ("lowbar", '_'),
    ("grave", '`'),
    ("lcub", '{'),
    ("verbar", '|'),
    ("rcub", '}'),
];
