//! Which certificates are trusted: the system's, and those of `caFile`.

#[cfg(not(any(windows, target_vendor = "apple")))]
use std::path::Path;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, KeyProvider};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::sign::SigningKey;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, OtherError, RootCertStore, SignatureScheme};

use super::certificate;
use crate::config::Transport;
use crate::error::{Code, Error, Result};
use crate::text::decode;

/// A larger file is not a certificate bundle.
const MAXIMUM_FILE_BYTES: u64 = 8 << 20;

const NO_STORE: &str = "Install the system's certificates (on Linux, the package ca-certificates), or name a file with the authorities to \
                        trust: ⟦=caFile⟧, or the variable SSL_CERT_FILE (PEM).";

/// The TLS settings of a client that trusts the system's authorities and these.
pub(crate) fn tls(transport: &Transport, own: &[CertificateDer<'static>]) -> Result<ClientConfig> {
    let provider = CryptoProvider::get_default().cloned().unwrap_or_else(|| Arc::new(provider()));
    let inner = verifier(transport, own, Arc::clone(&provider))?;
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| no_tls(&error.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Verifier { inner }))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// rustls's provider, without the code that signs with a private key: no certificate of a client is ever sent.
// With a single call of `default_provider` the linker sees that nobody uses its key provider.
#[inline(never)]
pub(super) fn provider() -> CryptoProvider {
    CryptoProvider { key_provider: &NoKeys, ..rustls::crypto::ring::default_provider() }
}

#[derive(Debug)]
struct NoKeys;

impl KeyProvider for NoKeys {
    fn load_private_key(&self, _: PrivateKeyDer<'static>) -> Result<Arc<dyn SigningKey>, rustls::Error> {
        Err(rustls::Error::General("certificates of clients are not supported".to_owned()))
    }
}

/// Where the certificates of authorities come from, for errors.
pub(crate) fn describe(transport: &Transport) -> String {
    let system = match (&transport.ssl_cert_file, &transport.ssl_cert_dir) {
        _ if cfg!(any(windows, target_vendor = "apple")) => "this system's store".to_owned(),
        (Some(file), None) => format!("SSL_CERT_FILE ({file})"),
        (None, Some(folder)) => format!("SSL_CERT_DIR ({folder})"),
        (Some(file), Some(folder)) => format!("SSL_CERT_FILE ({file}) and SSL_CERT_DIR ({folder})"),
        (None, None) => "this system's store".to_owned(),
    };
    match &transport.ca_file {
        Some(path) => format!("{system} and ⟦=caFile⟧ ({path})"),
        None => system,
    }
}

#[cfg(any(windows, target_vendor = "apple"))]
fn verifier(
    _: &Transport,
    own: &[CertificateDer<'static>],
    provider: Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>> {
    use rustls_platform_verifier::Verifier;
    // Roots of our own cost a second chain for each certificate that is not trusted.
    let verifier = match own.is_empty() {
        true => Verifier::new(provider),
        false => Verifier::new_with_extra_roots(own.iter().cloned(), provider),
    };
    verifier.map(|verifier| Arc::new(verifier) as _).map_err(|error| no_tls(&error.to_string()))
}

#[cfg(not(any(windows, target_vendor = "apple")))]
fn verifier(
    transport: &Transport,
    own: &[CertificateDer<'static>],
    provider: Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(own.iter().cloned());
    roots.add_parsable_certificates(system_certificates(transport)?);
    if roots.is_empty() {
        return Err(no_tls("this system has no certificates of authorities"));
    }
    let verifier = rustls::client::WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build();
    verifier.map(|verifier| verifier as _).map_err(|error| no_tls(&error.to_string()))
}

/// The certificates that `SSL_CERT_FILE` and `SSL_CERT_DIR` name, or the system's. A variable that gives none is an
/// error: the system's in their place would be others than those that were asked for.
#[cfg(not(any(windows, target_vendor = "apple")))]
fn system_certificates(transport: &Transport) -> Result<Vec<CertificateDer<'static>>> {
    let mut found = Vec::new();
    if let Some(path) = &transport.ssl_cert_file {
        let bytes = read(path).map_err(|why| bad_variable("SSL_CERT_FILE", path, &why))?;
        // What is not understood in a system's bundle is left out, as everywhere.
        let text = decode(&bytes).map_or(bytes, String::into_bytes);
        let certificates: Vec<_> =
            CertificateDer::pem_slice_iter(&text).filter_map(|certificate| certificate.ok()).collect();
        if certificates.is_empty() {
            return Err(bad_variable("SSL_CERT_FILE", path, "holds no certificate"));
        }
        found.extend(certificates);
    }
    if let Some(folders) = &transport.ssl_cert_dir {
        let before = found.len();
        for folder in std::env::split_paths(folders) {
            found.extend(rustls_native_certs::load_certs_from_paths(None, Some(&folder)).certs);
        }
        if found.len() == before && transport.ssl_cert_file.is_none() {
            return Err(bad_variable("SSL_CERT_DIR", folders, "holds no certificate"));
        }
    }
    if transport.ssl_cert_file.is_some() || transport.ssl_cert_dir.is_some() {
        return Ok(found);
    }
    let bundle = BUNDLES.iter().map(Path::new).find(|path| path.exists());
    let folder = FOLDERS.iter().map(Path::new).find(|path| path.exists());
    Ok(rustls_native_certs::load_certs_from_paths(bundle, folder).certs)
}

/// Where the systems keep their authorities. Named here, because the crates that know the places also read the process's
/// environment.
#[cfg(not(any(windows, target_vendor = "apple")))]
const BUNDLES: [&str; 9] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/cacert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/usr/local/etc/ssl/cert.pem",
    "/usr/local/share/certs/ca-root-nss.crt",
    "/etc/openssl/certs/ca-certificates.crt",
];
#[cfg(not(any(windows, target_vendor = "apple")))]
const FOLDERS: [&str; 3] = ["/etc/ssl/certs", "/etc/pki/tls/certs", "/etc/openssl/certs"];

#[cfg(not(any(windows, target_vendor = "apple")))]
fn bad_variable(variable: &str, path: &str, why: &str) -> Error {
    Error::new(Code::Tls, format!("{variable} names {path}, which {why}: no server can be trusted."))
        .hint("Name a file with certificates of authorities in PEM form, or remove the variable: then this system's store is used.")
}

fn no_tls(why: &str) -> Error {
    Error::new(Code::Tls, format!("Encrypted connections cannot be set up: {why}.")).hint(NO_STORE)
}

/// The content of a `caFile`.
pub(crate) fn read_ca_file(path: &str) -> Result<Vec<u8>> {
    read(path).map_err(|why| bad_ca_file(path, &why))
}

/// The certificates of a `caFile`. One that cannot be used is an error: trust in it would be lost silently.
pub(crate) fn certificates(path: &str, bytes: &[u8]) -> Result<Vec<CertificateDer<'static>>> {
    if bytes.starts_with(&[0x30, 0x82]) {
        return Err(bad_ca_file(path, "is in DER form, not in PEM form"));
    }
    let text = decode(bytes).map_err(|why| bad_ca_file(path, &format!("is {why}")))?;
    let mut found = Vec::new();
    for (index, certificate) in CertificateDer::pem_slice_iter(text.as_bytes()).enumerate() {
        let certificate =
            certificate.ok().filter(|certificate| RootCertStore::empty().add(certificate.clone()).is_ok());
        let Some(certificate) = certificate else {
            return Err(bad_ca_file(
                path,
                &format!("is malformed: certificate {}{}", index + 1, line_of(&text, index)),
            ));
        };
        found.push(certificate);
    }
    if found.is_empty() {
        return Err(bad_ca_file(path, "holds no certificate"));
    }
    Ok(found)
}

/// Where a certificate begins.
fn line_of(text: &str, index: usize) -> String {
    let begins = |(_, line): &(usize, &str)| line.starts_with("-----BEGIN CERTIFICATE-----");
    let line = text.lines().enumerate().filter(begins).nth(index);
    line.map_or_else(String::new, |(number, _)| format!(", which begins at line {},", number + 1))
        .trim_end_matches(',')
        .to_owned()
}

fn bad_ca_file(path: &str, why: &str) -> Error {
    Error::invalid_argument(format!("⟦=caFile⟧ {path} {why}."))
        .hint("A file with at least one certificate in PEM form is needed (openssl x509 -inform der -in FILE makes it of another one).")
}

/// The content of a file, or why there is none.
fn read(path: &str) -> Result<Vec<u8>, String> {
    // A pipe or a device might block.
    match std::fs::metadata(path) {
        Ok(file) if file.is_file() && file.len() <= MAXIMUM_FILE_BYTES => {}
        Ok(_) => return Err(format!("is no file of at most {MAXIMUM_FILE_BYTES} bytes")),
        Err(error) => return Err(format!("cannot be read: {error}")),
    }
    std::fs::read(path).map_err(|error| format!("cannot be read: {error}"))
}

/// The reason for an unknown issuer, with the names in the certificates.
#[derive(Debug, Clone)]
pub(crate) struct UnknownIssuer {
    /// Of the last certificate that the server sent.
    pub(crate) issuer: String,
    pub(crate) is_self_signed: bool,
}

impl std::fmt::Display for UnknownIssuer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "unknown issuer: {}", self.issuer)
    }
}

impl std::error::Error for UnknownIssuer {}

/// Verifies as `inner` does, and adds the issuer's name to the error.
#[derive(Debug)]
struct Verifier {
    inner: Arc<dyn ServerCertVerifier>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verified = self.inner.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        verified.map_err(|error| match error {
            rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
                let last = intermediates.last().unwrap_or(end_entity);
                let Some(names) = certificate::names(last) else { return error };
                let reason = UnknownIssuer { is_self_signed: names.issuer == names.subject, issuer: names.issuer };
                CertificateError::Other(OtherError(Arc::new(reason))).into()
            }
            error => error,
        })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}
