//! https: a certificate authority of its own for each sandbox, and what follows from it.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::server::Tls;

/// The authority's certificate in a file of its own, deleted with this.
#[derive(Debug)]
pub(crate) struct CaFile(PathBuf);

impl CaFile {
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for CaFile {
    fn drop(&mut self) {
        // In the temporary folder it does no harm if it stays.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// A certificate for these names and addresses, by an authority that has been made for it.
pub(crate) fn make(names: Vec<String>, expired: bool, http2: bool) -> io::Result<(Tls, CaFile)> {
    let mut authority = CertificateParams::new(Vec::new()).map_err(io::Error::other)?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
    authority.distinguished_name.push(DnType::CommonName, "pssailpointcc sandbox authority");
    let authority_key = KeyPair::generate().map_err(io::Error::other)?;
    let authority_certificate = authority.self_signed(&authority_key).map_err(io::Error::other)?;
    let issuer = Issuer::new(authority, authority_key);

    let mut leaf = CertificateParams::new(names).map_err(io::Error::other)?;
    leaf.distinguished_name.push(DnType::CommonName, "pssailpointcc sandbox");
    if expired {
        leaf.not_before = rcgen::date_time_ymd(2019, 1, 2);
        leaf.not_after = rcgen::date_time_ymd(2020, 1, 2);
    }
    let leaf_key = KeyPair::generate().map_err(io::Error::other)?;
    let leaf_certificate = leaf.signed_by(&leaf_key, &issuer).map_err(io::Error::other)?;

    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(leaf_key.serialize_der()));
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_no_client_auth()
        .with_single_cert(vec![leaf_certificate.der().clone()], key)
        .map_err(io::Error::other)?;
    config.alpn_protocols = if http2 { vec![b"h2".to_vec(), b"http/1.1".to_vec()] } else { vec![b"http/1.1".to_vec()] };

    static NUMBER: AtomicU64 = AtomicU64::new(1);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let file = format!("pssailpointcc-sandbox-{}-{number}.pem", std::process::id());
    let path = std::env::temp_dir().join(file);
    std::fs::write(&path, authority_certificate.pem())?;
    Ok((Tls(TlsAcceptor::from(Arc::new(config))), CaFile(path)))
}
