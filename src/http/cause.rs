//! Interprets the errors of the HTTP client.

use std::error::Error as StdError;

/// The root cause of an error.
pub(crate) struct Cause {
    pub(crate) text: String,
    /// Why TLS failed, for administrators.
    pub(crate) tls: Option<String>,
    /// REFUSED_STREAM, or GOAWAY for a stream that the server has not processed: RFC 9113, 8.7.
    pub(crate) not_processed: bool,
    /// The answer is not HTTP.
    pub(crate) is_not_http: bool,
}

impl Cause {
    pub(crate) fn of(error: &(dyn StdError + 'static)) -> Self {
        let mut cause = Self { text: String::new(), tls: None, not_processed: false, is_not_http: false };
        let mut next = Some(error);
        while let Some(error) = next {
            cause.text = error.to_string();
            if let Some(tls) = tls_error(error) {
                cause.tls = Some(tls_reason(tls));
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

/// `source` skips the error that an I/O error wraps, which may be another I/O error.
fn tls_error<'e>(error: &'e (dyn StdError + 'static)) -> Option<&'e rustls::Error> {
    match error.downcast_ref::<std::io::Error>() {
        Some(io) => tls_error(io.get_ref()?),
        None => error.downcast_ref(),
    }
}

/// The reason of a TLS error, for administrators.
fn tls_reason(error: &rustls::Error) -> String {
    use rustls::{CertificateError as Fault, Error as Tls};
    let reason = match error {
        Tls::InvalidCertificate(Fault::UnknownIssuer) => {
            "its certificate was not issued by an authority that this system trusts"
        }
        Tls::InvalidCertificate(Fault::Expired | Fault::ExpiredContext { .. }) => "its certificate has expired",
        Tls::InvalidCertificate(Fault::NotValidYet | Fault::NotValidYetContext { .. }) => {
            "its certificate is not valid yet (is this machine's clock right?)"
        }
        Tls::InvalidCertificate(Fault::NotValidForName | Fault::NotValidForNameContext { .. }) => {
            "its certificate is for another host name"
        }
        Tls::InvalidCertificate(Fault::Revoked) => "its certificate was revoked",
        Tls::InvalidMessage(_) => "what listens there does not speak TLS",
        other => return format!("{other}"),
    };
    reason.to_owned()
}
