//! HTTP clients, one for each set of transport settings.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Client;

use super::cause::Cause;
#[cfg(any(windows, target_vendor = "apple"))]
use super::connect::OffThread;
use super::dns::Resolver;
use super::{io, trust};
use crate::cache::Cache;
use crate::config::Transport;
use crate::error::{Code, Error, Result};

/// Shorter than servers' keep-alive, so that the server does not close a connection just as it is reused.
const IDLE: Duration = Duration::from_secs(4);

/// The maximum number of clients.
const CLIENTS: usize = 16;

/// The settings of a client, and the content of its `caFile`: a file that has changed makes another client.
type Key = (Transport, Option<Vec<u8>>);

static MADE: Cache<Key, Client> = Cache::new(CLIENTS);

/// Drops all clients; their connections close as soon as no exchange uses them.
pub(crate) fn forget_clients() {
    MADE.retain(|_| false);
    io::tend();
}

/// The client for these transport settings, created on first use.
pub(crate) fn client(transport: &Transport) -> Result<Client> {
    let checks = transport.https && !transport.skip_certificate_check;
    let ca_file = transport.ca_file.as_deref().filter(|_| checks).map(trust::read_ca_file).transpose()?;
    if let Some(client) = MADE.get(|(of, file)| of == transport && *file == ca_file) {
        return Ok(client);
    }
    // Not under the lock: reading files may take long.
    let client = build(transport, ca_file.as_deref())?;
    Ok(MADE.get_or_insert_with((transport.clone(), ca_file), || client))
}

fn build(transport: &Transport, ca_file: Option<&[u8]>) -> Result<Client> {
    // Fails if the host or another call has installed a provider, which works as well.
    let _ = trust::provider().install_default();
    let mut builder = Client::builder()
        .connect_timeout(transport.connect_timeout)
        .pool_idle_timeout(IDLE)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .dns_resolver(Arc::new(Resolver))
        .no_proxy();
    if transport.proxy.is_some() {
        let transport = transport.clone();
        let proxy_for = move |url: &reqwest::Url| transport.proxy_for(url).map(|proxy| proxy.url().to_owned());
        builder = builder.proxy(reqwest::Proxy::custom(proxy_for));
    }
    if !transport.https {
        // No certificate is checked: the system's store is not needed.
        builder = builder.tls_certs_only([]);
    } else if transport.skip_certificate_check {
        builder = builder.tls_danger_accept_invalid_certs(true);
    } else {
        let own = match (&transport.ca_file, ca_file) {
            (Some(path), Some(bytes)) => trust::certificates(path, bytes)?,
            _ => Vec::new(),
        };
        builder = builder.tls_backend_preconfigured(trust::tls(transport, &own)?);
    }
    #[cfg(any(windows, target_vendor = "apple"))]
    if transport.https {
        builder = builder.connector_layer(OffThread);
    }
    builder.build().map_err(|error| {
        let cause = Cause::of(&error);
        let text = cause.tls.map_or(cause.text, |problem| problem.reason);
        Error::new(Code::Tls, format!("Encrypted connections cannot be set up: {text}."))
    })
}
