//! Interprets the errors of the HTTP client.

use std::error::Error as StdError;
use std::time::{Duration, SystemTime};

use super::trust::UnknownIssuer;

/// The root cause of an error.
pub(crate) struct Cause {
    pub(crate) text: String,
    /// Why TLS failed.
    pub(crate) tls: Option<TlsProblem>,
    /// Why a proxy opened no tunnel.
    pub(crate) tunnel: Option<Tunnel>,
    /// REFUSED_STREAM, or GOAWAY for a stream that the server has not processed: RFC 9113, 8.7.
    pub(crate) not_processed: bool,
    /// The answer is not HTTP.
    pub(crate) is_not_http: bool,
}

/// Why TLS failed, for administrators: the end of a sentence, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TlsProblem {
    pub(crate) reason: String,
    pub(crate) hint: TlsHint,
}

/// What to do about a TLS error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TlsHint {
    /// The authority is not trusted.
    Authority,
    /// The dates of the certificate, or this machine's clock.
    Date,
    /// The certificate's names.
    Name,
    /// It is not TLS, or another port.
    Port,
    /// Nobody here can change it.
    Server,
}

/// What a proxy did with CONNECT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tunnel {
    /// No connection to the proxy.
    NotReached,
    /// 407.
    NeedsPassword,
    /// Another status.
    Refused,
    /// The connection ended.
    BrokeOff,
}

impl Cause {
    pub(crate) fn of(error: &(dyn StdError + 'static)) -> Self {
        let mut cause = Self { text: String::new(), tls: None, tunnel: None, not_processed: false, is_not_http: false };
        let mut next = Some(error);
        while let Some(error) = next {
            cause.text = error.to_string();
            cause.tunnel = cause.tunnel.or_else(|| Tunnel::of(&cause.text));
            if let Some(tls) = tls_error(error) {
                cause.tls = Some(TlsProblem::of(tls));
            }
            if let Some(h2) = error.downcast_ref::<h2::Error>() {
                let refused = h2.is_reset() && h2.reason() == Some(h2::Reason::REFUSED_STREAM);
                let going_away = h2.is_go_away() && h2.reason() == Some(h2::Reason::NO_ERROR);
                cause.not_processed |= h2.is_remote() && (refused || going_away);
            }
            if let Some(http) = error.downcast_ref::<hyper::Error>() {
                cause.is_not_http |= http.is_parse();
            }
            next = error.source();
        }
        cause
    }
}

impl Tunnel {
    /// By the client's text, because the type is private.
    fn of(text: &str) -> Option<Self> {
        Some(match text.strip_prefix("tunnel error: ")? {
            "failed to create underlying connection" => Self::NotReached,
            "proxy authorization required" => Self::NeedsPassword,
            "unsuccessful" | "proxy response headers too long" => Self::Refused,
            _ => Self::BrokeOff,
        })
    }
}

/// `source` skips the error that an I/O error wraps, which may be another I/O error.
fn tls_error<'e>(error: &'e (dyn StdError + 'static)) -> Option<&'e rustls::Error> {
    match error.downcast_ref::<std::io::Error>() {
        Some(io) => tls_error(io.get_ref()?),
        None => error.downcast_ref(),
    }
}

impl TlsProblem {
    fn of(error: &rustls::Error) -> Self {
        use rustls::{AlertDescription as Alert, CertificateError as Fault, Error as Tls};
        let (reason, hint) = match error {
            Tls::InvalidCertificate(Fault::UnknownIssuer) => {
                ("its certificate was not issued by an authority that is trusted here".to_owned(), TlsHint::Authority)
            }
            Tls::InvalidCertificate(Fault::Other(other)) => match other.0.downcast_ref::<UnknownIssuer>() {
                Some(UnknownIssuer { issuer, is_self_signed: true }) => (
                    format!(
                        "its certificate is signed by itself, \"{issuer}\", and not by an authority that is trusted here"
                    ),
                    TlsHint::Authority,
                ),
                Some(UnknownIssuer { issuer, .. }) => (
                    format!("its certificate was issued by \"{issuer}\", which is not trusted here"),
                    TlsHint::Authority,
                ),
                None => (format!("its certificate is not accepted: {error}"), TlsHint::Server),
            },
            Tls::InvalidCertificate(Fault::Expired) => ("its certificate has expired".to_owned(), TlsHint::Date),
            Tls::InvalidCertificate(Fault::ExpiredContext { not_after, .. }) => {
                (format!("its certificate has expired on {}", date(not_after.as_secs())), TlsHint::Date)
            }
            Tls::InvalidCertificate(Fault::NotValidYet) => {
                ("its certificate is not valid yet".to_owned(), TlsHint::Date)
            }
            Tls::InvalidCertificate(Fault::NotValidYetContext { not_before, .. }) => {
                (format!("its certificate is not valid before {}", date(not_before.as_secs())), TlsHint::Date)
            }
            Tls::InvalidCertificate(Fault::NotValidForName) => {
                ("its certificate is for another host name".to_owned(), TlsHint::Name)
            }
            Tls::InvalidCertificate(Fault::NotValidForNameContext { presented, .. }) => {
                (format!("its certificate is for another host name: {}", listed(presented)), TlsHint::Name)
            }
            Tls::InvalidCertificate(Fault::Revoked) => ("its certificate was revoked".to_owned(), TlsHint::Server),
            Tls::InvalidMessage(_) => ("what listens there does not speak TLS".to_owned(), TlsHint::Port),
            Tls::AlertReceived(Alert::HandshakeFailure | Alert::ProtocolVersion) => (
                "it speaks no version of TLS, or no cipher, that is safe enough (TLS 1.2 and 1.3 are)".to_owned(),
                TlsHint::Server,
            ),
            other => (format!("{other}"), TlsHint::Server),
        };
        Self { reason, hint }
    }
}

fn date(seconds: u64) -> String {
    httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds.min(i32::MAX as u64 * 8)))
}

/// The names of a certificate, at most five, without the quotes and types of their `Debug` form.
fn listed(names: &[String]) -> String {
    let plain = |name: &String| {
        let name = name.split_once('"').map_or(name.as_str(), |(_, rest)| rest.trim_end_matches([')', '"']));
        name.to_owned()
    };
    let mut listed: Vec<String> = names.iter().take(5).map(plain).collect();
    if names.len() > 5 {
        listed.push("...".to_owned());
    }
    if listed.is_empty() { "it has none".to_owned() } else { listed.join(", ") }
}
