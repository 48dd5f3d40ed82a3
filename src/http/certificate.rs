//! The names in a certificate, for messages. Reads just enough of DER (X.690) for that; whether a certificate is valid is
//! the verifier's to say.

/// The issuer and the subject of a certificate, as in "Example Authority (Example Inc.)".
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Names {
    pub(crate) issuer: String,
    pub(crate) subject: String,
}

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const OBJECT_IDENTIFIER: u8 = 0x06;
/// The tag of the optional version.
const VERSION: u8 = 0xa0;

/// 2.5.4.3 and 2.5.4.10.
const COMMON_NAME: &[u8] = &[0x55, 4, 3];
const ORGANIZATION: &[u8] = &[0x55, 4, 10];

pub(crate) fn names(certificate: &[u8]) -> Option<Names> {
    let (certificate, _) = value(certificate, SEQUENCE)?;
    let (mut fields, _) = value(certificate, SEQUENCE)?;
    if fields.first() == Some(&VERSION) {
        fields = element(fields)?.2;
    }
    // The serial number and the algorithm.
    let rest = element(element(fields)?.2)?.2;
    let (issuer, rest) = value(rest, SEQUENCE)?;
    // The validity.
    let rest = element(rest)?.2;
    let (subject, _) = value(rest, SEQUENCE)?;
    Some(Names { issuer: name(issuer)?, subject: name(subject)? })
}

/// The common name, and the organization in parentheses.
fn name(mut relative_names: &[u8]) -> Option<String> {
    let (mut common, mut organization) = (None, None);
    while !relative_names.is_empty() {
        let (attributes, rest) = value(relative_names, SET)?;
        relative_names = rest;
        let (attribute, _) = value(attributes, SEQUENCE)?;
        let (kind, text) = value(attribute, OBJECT_IDENTIFIER)?;
        let (tag, text, _) = element(text)?;
        match kind {
            COMMON_NAME => common = Some(decoded(tag, text)),
            ORGANIZATION => organization = Some(decoded(tag, text)),
            _ => {}
        }
    }
    match (common, organization) {
        (Some(common), Some(organization)) => Some(format!("{common} ({organization})")),
        (common, organization) => common.or(organization),
    }
}

fn decoded(tag: u8, text: &[u8]) -> String {
    const BMP_STRING: u8 = 0x1e;
    let text = match tag {
        BMP_STRING => {
            let units: Vec<u16> = text.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
            String::from_utf16_lossy(&units)
        }
        _ => String::from_utf8_lossy(text).into_owned(),
    };
    crate::text::printable(&text)
}

/// The content of the first element, which must have this tag, and what follows it.
fn value(der: &[u8], wanted: u8) -> Option<(&[u8], &[u8])> {
    let (tag, content, rest) = element(der)?;
    (tag == wanted).then_some((content, rest))
}

/// The tag and the content of the first element, and what follows it.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = der.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match *first {
        short @ 0..0x80 => (usize::from(short), rest),
        long => {
            let (bytes, rest) = rest.split_at_checked(usize::from(long & 0x7f))?;
            let add = |length: usize, byte: &u8| length.checked_mul(256)?.checked_add(usize::from(*byte));
            (bytes.iter().try_fold(0, add)?, rest)
        }
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((*tag, content, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_certificate_has_no_names() {
        for bytes in [
            &b""[..],
            b"\x30",
            b"\x30\x82",
            b"\x30\xff\xff\xff\xff\xff\xff\xff\xff\xff",
            b"\x30\x03\x30\x01\xa0",
            b"text",
        ] {
            assert_eq!(names(bytes), None);
        }
    }
}
