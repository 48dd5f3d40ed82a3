//! A connection's bytes, and the ways in which a connection can end badly.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::server::TlsStream;

/// The stream below HTTP. hyper has one handle of it, the task that drives hyper another, so that bytes of our own
/// can be written once hyper is gone.
#[derive(Clone)]
pub(crate) struct Wire {
    shared: Arc<Mutex<State>>,
    /// Sees what was read before hyper does; `true` keeps it from hyper, for ever.
    watch: Arc<Watch>,
}

type Watch = dyn Fn(&[u8]) -> bool + Send + Sync;

struct State {
    stream: Stream,
    active: Instant,
}

pub(crate) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// How a connection ends.
#[derive(Clone, Debug)]
pub(crate) enum Ending {
    /// As it should.
    Close,
    /// RST.
    Reset,
    /// These bytes, one at a time if there is a pace, and then as it should.
    Bytes(Vec<u8>, Option<Duration>),
    /// These bytes again and again, until the client closes it.
    Flood(&'static [u8]),
}

impl Wire {
    pub(crate) fn new(stream: Stream, watch: impl Fn(&[u8]) -> bool + Send + Sync + 'static) -> Self {
        Self { shared: Arc::new(Mutex::new(State { stream, active: Instant::now() })), watch: Arc::new(watch) }
    }

    /// When it last carried anything.
    pub(crate) fn last_active(&self) -> Instant {
        self.state().active
    }

    pub(crate) async fn end(mut self, ending: Ending) {
        // Errors here mean that the client was faster in closing it.
        match ending {
            Ending::Close => {
                let _ = self.shutdown().await;
            }
            Ending::Reset => {
                let state = self.state();
                let tcp = match &state.stream {
                    Stream::Plain(tcp) => tcp,
                    Stream::Tls(tls) => tls.get_ref().0,
                };
                let _ = tcp.set_zero_linger();
            }
            Ending::Bytes(bytes, None) => {
                let _ = self.write_all(&bytes).await;
                let _ = self.shutdown().await;
            }
            Ending::Bytes(bytes, Some(pace)) => {
                for byte in bytes {
                    if self.write_all(&[byte]).await.is_err() || self.flush().await.is_err() {
                        return;
                    }
                    tokio::time::sleep(pace).await;
                }
                let _ = self.shutdown().await;
            }
            Ending::Flood(bytes) => {
                let many = bytes.repeat(4_096);
                while self.write_all(&many).await.is_ok() {}
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AsyncRead for Wire {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let poll = {
            let mut state = self.state();
            let poll = match &mut state.stream {
                Stream::Plain(tcp) => Pin::new(tcp).poll_read(context, buffer),
                Stream::Tls(tls) => Pin::new(tls).poll_read(context, buffer),
            };
            if poll.is_ready() {
                state.active = Instant::now();
            }
            poll
        };
        let fresh = &buffer.filled()[before..];
        // Pending without a waker: whoever keeps the bytes back also ends the connection.
        if !fresh.is_empty() && (self.watch)(fresh) { Poll::Pending } else { poll }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut state = self.state();
        state.active = Instant::now();
        match &mut state.stream {
            Stream::Plain(tcp) => Pin::new(tcp).poll_write(context, bytes),
            Stream::Tls(tls) => Pin::new(tls).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.state().stream {
            Stream::Plain(tcp) => Pin::new(tcp).poll_flush(context),
            Stream::Tls(tls) => Pin::new(tls).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.state().stream {
            Stream::Plain(tcp) => Pin::new(tcp).poll_shutdown(context),
            Stream::Tls(tls) => Pin::new(tls).poll_shutdown(context),
        }
    }
}
