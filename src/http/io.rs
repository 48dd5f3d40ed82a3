//! The threads that drive the connections, one for each host: a host whose answers never end holds up nobody else's.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Mutex, PoisonError};

use reqwest::Url;
use tokio::runtime::Handle;

use super::connect;
use crate::error::{Code, Error, Result};
use crate::host;

/// The maximum number of threads. Further hosts share them.
const THREADS: usize = 8;

static HOSTS: Mutex<Vec<(String, Handle)>> = Mutex::new(Vec::new());

/// The thread that drives the connections to the host of `url`, always the same one: connections are kept.
pub(super) fn thread_of(url: &Url) -> Result<Handle> {
    let origin = super::origin(url);
    let mut hosts = HOSTS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, thread)) = hosts.iter().find(|(host, _)| *host == origin) {
        return Ok(thread.clone());
    }
    if hosts.len() == THREADS {
        let mut hasher = DefaultHasher::new();
        origin.hash(&mut hasher);
        let (_, thread) = &hosts[(hasher.finish() % THREADS as u64) as usize];
        return Ok(thread.clone());
    }
    let thread = start()?;
    hosts.push((origin, thread.clone()));
    Ok(thread)
}

fn start() -> Result<Handle> {
    let start = || {
        let runtime = connect::runtime(connect::MAY_BLOCK)?;
        let handle = runtime.handle().clone();
        host::spawn_thread("pssailpointcc-io", move || {
            runtime.block_on(std::future::pending::<()>());
        })?;
        Ok(handle)
    };
    start().map_err(|error: std::io::Error| {
        Error::new(Code::Internal, format!("A thread for the network could not be started: {error}."))
    })
}
