//! A forward proxy that tunnels (CONNECT) everything to one address, or refuses to.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// It listens until the process ends.
pub(crate) struct Proxy {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    /// Leads to the tenant at this url.
    pub(crate) fn to(url: &str) -> Self {
        let (_, address) = url.split_once("://").expect("a scheme");
        Self::start(Some(address.parse().expect("an address")), "HTTP/1.1 200 Connection established\r\n\r\n")
    }

    /// Answers so, and leads nowhere. An empty answer closes the connection.
    pub(crate) fn answering(answer: &str) -> Self {
        Self::start(None, answer)
    }

    fn start(tenant: Option<SocketAddr>, answer: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (answer, heads) = (answer.to_owned(), Arc::clone(&asked));
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (answer, heads) = (answer.clone(), Arc::clone(&heads));
                thread::spawn(move || serve(client, tenant, &answer, &heads));
            }
        });
        Self { address, asked }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The head of each request, in order.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("no thread panics while it holds it").clone()
    }
}

/// Serves a connection. What fails here the client notices by itself.
fn serve(client: TcpStream, tenant: Option<SocketAddr>, answer: &str, heads: &Mutex<Vec<String>>) -> Option<()> {
    let mut reader = BufReader::new(client.try_clone().ok()?);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    heads.lock().expect("no thread panics while it holds it").push(head);
    let server = match tenant {
        Some(address) => Some(TcpStream::connect(address).ok()?),
        None => None,
    };
    (&client).write_all(answer.as_bytes()).ok()?;
    let server = server?;
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (mut from, mut to) = (server.try_clone().ok()?, client.try_clone().ok()?);
    let back = thread::spawn(move || {
        let _ = std::io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Both);
    });
    let _ = std::io::copy(&mut reader, &mut &server);
    let _ = server.shutdown(Shutdown::Both);
    back.join().ok()
}
