//! The byte sequences that reveal a secret. [`Mask`](super::Mask) finds each in every escaped form.

use std::fmt;
use std::sync::OnceLock;

/// The byte sequences of one or several secrets.
#[derive(Default)]
pub(crate) struct Forms {
    pub(super) needles: Vec<Needle>,
    /// What they begin with: made by [`Mask`](super::Mask), once for all calls.
    pub(super) begins: OnceLock<[u8; 256]>,
}

pub(super) struct Needle {
    pub(super) bytes: Vec<u8>,
    /// Whether the sequence does not occur in ordinary sentences.
    pub(super) is_strong: bool,
    /// Whether the sequence is a part of base64 text: the characters beside it hold bits of the secret.
    pub(super) is_base64: bool,
}

/// Shorter secrets occur in texts by chance.
const SHORTEST: usize = 4;

/// Shorter values of headers, and shorter words, are no secrets or occur by chance.
const SHORTEST_STRONG: usize = 8;

/// Shorter parts of base64 text occur in texts by chance.
const SHORTEST_BASE64: usize = 6;

impl Forms {
    /// Adds a credential, such as a token or a password.
    pub(crate) fn add_credential(&mut self, secret: &str) {
        let is_word = secret.chars().all(char::is_alphabetic);
        self.add(secret, secret.len() >= SHORTEST_STRONG && !is_word);
    }

    /// Adds a client's secret, and its form in Basic credentials.
    pub(crate) fn add_client(&mut self, id: &str, secret: &str) {
        if secret.len() >= SHORTEST {
            self.add_credential(&format!("{id}:{secret}"));
        }
        self.add_credential(secret);
        let encoded: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        if encoded != secret {
            self.add_credential(&encoded);
        }
    }

    /// Adds the value of a header, which may be a secret whatever the header's name is.
    pub(crate) fn add_header(&mut self, value: &str) {
        if value.len() < SHORTEST_STRONG {
            return;
        }
        let mixed = |value: &str| {
            value.bytes().any(|byte| byte.is_ascii_digit()) && value.bytes().any(|byte| byte.is_ascii_alphabetic())
        };
        self.add(value, mixed(value));
        // Without the scheme; the user and the password of Basic; each value of a list such as Cookie.
        if let Some((scheme, rest)) = value.split_once(' ')
            && !rest.trim().is_empty()
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        {
            let rest = rest.trim();
            self.add_credential(rest);
            if let Some(decoded) = decode_base64(rest).and_then(|decoded| String::from_utf8(decoded).ok())
                && let Some((_, password)) = decoded.split_once(':')
            {
                self.add_credential(&decoded);
                self.add_credential(password);
            }
        }
        for part in value.split([';', ',']).filter_map(|part| part.split_once('=')) {
            let part = part.1.trim().trim_matches('"');
            if part.len() >= SHORTEST_STRONG {
                self.add(part, mixed(part));
            }
        }
    }

    /// Adds the user and the password of an address, decoded and as they are written.
    pub(crate) fn add_url(&mut self, url: &str) {
        let Some((user_info, _)) = url.split_once("://").and_then(|(_, rest)| rest.split('/').next()?.rsplit_once('@'))
        else {
            return;
        };
        let decode = |text: &str| decode_percent(text);
        let (user, password) = user_info.split_once(':').unwrap_or((user_info, ""));
        self.add_client(&decode(user), &decode(password));
        self.add_credential(user_info);
    }

    fn add(&mut self, secret: &str, is_strong: bool) {
        if secret.len() < SHORTEST || self.needles.iter().any(|needle| needle.bytes == secret.as_bytes()) {
            return;
        }
        self.begins = OnceLock::new();
        self.needles.push(Needle { bytes: secret.as_bytes().to_vec(), is_strong, is_base64: false });
        let lower: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
        let upper = lower.to_ascii_uppercase();
        for bytes in [lower.into_bytes(), upper.into_bytes()] {
            self.needles.push(Needle { bytes, is_strong, is_base64: false });
        }
        for alphabet in [STANDARD, URL_SAFE] {
            for offset in 0..3 {
                let bytes = base64_within(secret.as_bytes(), offset, alphabet);
                if bytes.len() >= SHORTEST_BASE64 && !self.needles.iter().any(|needle| needle.bytes == bytes) {
                    self.needles.push(Needle { bytes, is_strong, is_base64: true });
                }
            }
        }
    }
}

impl fmt::Debug for Forms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL_SAFE: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The characters of base64 text that `bytes` determine alone, after `offset` other bytes.
fn base64_within(bytes: &[u8], offset: usize, alphabet: &[u8; 64]) -> Vec<u8> {
    let bit = |at: usize| bytes[at / 8] >> (7 - at % 8) & 1;
    let first = (offset * 8).div_ceil(6);
    let last = (offset + bytes.len()) * 8 / 6;
    let sextet = |at: usize| (0..6).fold(0, |value, of| value << 1 | usize::from(bit(at * 6 + of - offset * 8)));
    (first..last).map(|at| alphabet[sextet(at)]).collect()
}

fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let (mut bytes, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    for byte in text.trim_end_matches('=').bytes() {
        let value = [STANDARD, URL_SAFE].iter().find_map(|alphabet| alphabet.iter().position(|of| *of == byte))?;
        // At most 63.
        bits = bits << 6 | value as u32;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count & 0xff) as u8);
        }
    }
    Some(bytes)
}

fn decode_percent(text: &str) -> String {
    let plus = text.replace('+', "%2B");
    form_urlencoded::parse(format!("x={plus}").replace('&', "%26").as_bytes())
        .next()
        .map_or_else(String::new, |(_, value)| value.into_owned())
}
