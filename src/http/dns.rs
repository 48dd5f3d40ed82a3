//! Look-ups of hosts, by the system's resolver.
//!
//! The system's function blocks, for half a minute where no name server answers, and cannot be cancelled. At most
//! [`THREADS`] run at the same time, and all who wait for the same host share one.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::{Mutex, MutexGuard, PoisonError};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::watch;

use crate::host;

/// The resolver of all clients.
#[derive(Debug)]
pub(super) struct Resolver;

/// The maximum number of concurrent look-ups.
const THREADS: usize = 8;

type Answer = Result<Vec<SocketAddr>, String>;

struct LookUps {
    /// The look-ups that wait or run, by host.
    hosts: BTreeMap<String, watch::Receiver<Option<Answer>>>,
    queue: VecDeque<(String, watch::Sender<Option<Answer>>)>,
    threads: usize,
}

static LOOK_UPS: Mutex<LookUps> = Mutex::new(LookUps { hosts: BTreeMap::new(), queue: VecDeque::new(), threads: 0 });

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let mut answer = join(name.as_str());
        Box::pin(async move {
            let answer = answer.wait_for(Option::is_some).await.map(|answer| answer.clone());
            match answer {
                Ok(Some(Ok(addresses))) => Ok(Box::new(addresses.into_iter()) as Addrs),
                Ok(Some(Err(why))) => Err(io::Error::other(why).into()),
                Ok(None) | Err(_) => Err(io::Error::other("the look-up was given up").into()),
            }
        })
    }
}

/// The look-up of a host: the one that waits or runs, or a new one.
fn join(host: &str) -> watch::Receiver<Option<Answer>> {
    let mut look_ups = look_ups();
    if let Some(answer) = look_ups.hosts.get(host) {
        return answer.clone();
    }
    let (sender, answer) = watch::channel(None);
    look_ups.hosts.insert(host.to_owned(), answer.clone());
    look_ups.queue.push_back((host.to_owned(), sender));
    if look_ups.threads < THREADS {
        look_ups.threads += 1;
        if let Err(error) = host::spawn_thread("pssailpointcc-dns", work) {
            look_ups.threads -= 1;
            // Other threads will do it, if there are any.
            while look_ups.threads == 0
                && let Some((host, sender)) = look_ups.queue.pop_front()
            {
                look_ups.hosts.remove(&host);
                sender.send_replace(Some(Err(format!("no thread could be started: {error}"))));
            }
        }
    }
    answer
}

/// Looks hosts up until none waits.
fn work() {
    let mut look_ups = look_ups();
    while let Some((host, sender)) = look_ups.queue.pop_front() {
        // One is kept in `hosts`: with no other, nobody waits any more.
        if sender.receiver_count() > 1 {
            drop(look_ups);
            let answer = (host.as_str(), 0).to_socket_addrs().map(Iterator::collect).map_err(|error| error.to_string());
            look_ups = self::look_ups();
            sender.send_replace(Some(answer));
        }
        look_ups.hosts.remove(&host);
    }
    look_ups.threads -= 1;
}

fn look_ups() -> MutexGuard<'static, LookUps> {
    LOOK_UPS.lock().unwrap_or_else(PoisonError::into_inner)
}
