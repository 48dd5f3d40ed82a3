//! HTTP clients, one for each set of transport settings.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Client;

use super::cause::Cause;
use super::dns::Resolver;
use crate::cache::Cache;
use crate::config::Transport;
use crate::error::{Code, Error, Result};

/// Shorter than servers' keep-alive, so that the server does not close a connection just as it is reused.
const IDLE: Duration = Duration::from_secs(4);

/// A larger file is not a certificate bundle.
const MAXIMUM_FILE_BYTES: u64 = 8 << 20;

/// The maximum number of clients.
const CLIENTS: usize = 16;

static MADE: Cache<Transport, Client> = Cache::new(CLIENTS);

/// Drops all clients; their connections close as soon as no exchange uses them.
pub(crate) fn forget_clients() {
    MADE.retain(|_| false);
}

/// The client for these transport settings, created on first use.
pub(crate) fn client(transport: &Transport) -> Result<Client> {
    if let Some(client) = MADE.get(|of| of == transport) {
        return Ok(client);
    }
    // Not under the lock: reading files may take long.
    let client = build(transport)?;
    Ok(MADE.get_or_insert_with(transport.clone(), || client))
}

fn build(transport: &Transport) -> Result<Client> {
    let mut builder = Client::builder()
        .connect_timeout(transport.connect_timeout)
        .pool_idle_timeout(IDLE)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .dns_resolver(Arc::new(Resolver))
        .no_proxy();
    if let Some(proxy) = &transport.proxy {
        let exempt = format!("localhost,127.0.0.0/8,::1,{}", transport.no_proxy.as_deref().unwrap_or_default());
        let proxy = reqwest::Proxy::all(proxy.reveal())
            .map_err(|_| Error::invalid_argument("proxy is no http: or https: URL."))?
            .no_proxy(reqwest::NoProxy::from_string(&exempt));
        builder = builder.proxy(proxy);
    }
    if !transport.https {
        // No certificate is checked: the system's store is not needed.
        builder = builder.tls_certs_only([]);
    } else if transport.skip_certificate_check {
        builder = builder.tls_danger_accept_invalid_certs(true);
    } else if let Some(path) = &transport.ca_file {
        builder = builder.tls_certs_merge(certificates(path)?);
    }
    builder.build().map_err(|error| {
        let cause = Cause::of(&error);
        Error::new(Code::Tls, format!("Encrypted connections cannot be set up: {}.", cause.tls.unwrap_or(cause.text)))
            .hint(
                "This system's certificate store seems to be missing or empty (on Linux, the package ca-certificates).",
            )
    })
}

fn certificates(path: &str) -> Result<Vec<reqwest::Certificate>> {
    let refused = |reason: String| {
        Error::invalid_argument(format!("caFile {path} {reason}."))
            .hint("A file with at least one certificate in PEM form is needed.")
    };
    // A pipe or a device might block.
    match std::fs::metadata(path) {
        Ok(file) if file.is_file() && file.len() <= MAXIMUM_FILE_BYTES => {}
        Ok(_) => return Err(refused(format!("is no file of at most {MAXIMUM_FILE_BYTES} bytes"))),
        Err(error) => return Err(refused(format!("cannot be read: {error}"))),
    }
    let bytes = std::fs::read(path).map_err(|error| refused(format!("cannot be read: {error}")))?;
    match reqwest::Certificate::from_pem_bundle(&bytes) {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        _ => Err(refused("holds no certificate".to_owned())),
    }
}
