//! Connections whose setup may block the thread.
//!
//! Windows and macOS check certificates themselves. They may fetch intermediates and revocation data from the network for
//! 10 s and longer, and the thread waits for them. On the thread that drives all connections, this would hold up all
//! calls of the process.

use tokio::runtime::{Builder, Runtime};

#[cfg(any(windows, target_vendor = "apple", test))]
pub(super) use self::off_thread::OffThread;
use crate::host;

/// Whether this system's check of a certificate may wait for the network.
pub(super) const MAY_BLOCK: bool = cfg!(any(windows, target_vendor = "apple"));

/// The runtime of all connections, with one thread. If connections may block it, another thread can take its place.
pub(super) fn runtime(may_block: bool) -> std::io::Result<Runtime> {
    let mut builder = match may_block {
        // The scheduler of several threads is left out of the library elsewhere.
        #[cfg(any(windows, target_vendor = "apple", test))]
        true => Builder::new_multi_thread(),
        _ => Builder::new_current_thread(),
    };
    builder.worker_threads(1).thread_name("pssailpointcc-io").on_thread_start(host::silence_thread);
    host::with_signals_blocked(|| builder.enable_io().enable_time().build())
}

#[cfg(any(windows, target_vendor = "apple", test))]
mod off_thread {
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use tower_layer::Layer;
    use tower_service::Service;

    /// Lets another thread drive the other connections during each step of a connection's setup. Needs the runtime for
    /// connections that may block.
    #[derive(Debug, Clone)]
    pub(in crate::http) struct OffThread;

    #[derive(Debug, Clone)]
    pub(in crate::http) struct Connector<S>(S);

    pub(in crate::http) struct Connecting<F>(Pin<Box<F>>);

    impl<S> Layer<S> for OffThread {
        type Service = Connector<S>;

        fn layer(&self, inner: S) -> Self::Service {
            Connector(inner)
        }
    }

    impl<R, S: Service<R>> Service<R> for Connector<S> {
        type Response = S::Response;
        type Error = S::Error;
        type Future = Connecting<S::Future>;

        fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
            self.0.poll_ready(context)
        }

        fn call(&mut self, request: R) -> Self::Future {
            Connecting(Box::pin(self.0.call(request)))
        }
    }

    impl<F: Future> Future for Connecting<F> {
        type Output = F::Output;

        fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
            tokio::task::block_in_place(|| self.0.as_mut().poll(context))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;
    use std::pin::Pin;
    use std::sync::mpsc::{self, Receiver};
    use std::sync::{Arc, Mutex};
    use std::task::{Context, Poll};
    use std::time::Duration;

    use tower_layer::Layer;
    use tower_service::Service;

    use super::*;

    /// Blocks the thread during the setup of each connection to this port, until it is told to go on.
    #[derive(Clone)]
    struct Slow(Arc<Mutex<Receiver<()>>>);

    #[derive(Clone)]
    struct SlowConnector<S>(S, Slow);

    impl<S> Layer<S> for Slow {
        type Service = SlowConnector<S>;

        fn layer(&self, inner: S) -> Self::Service {
            SlowConnector(inner, self.clone())
        }
    }

    impl<R, S> Service<R> for SlowConnector<S>
    where
        S: Service<R, Future: Send + 'static>,
    {
        type Response = S::Response;
        type Error = S::Error;
        type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

        fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
            self.0.poll_ready(context)
        }

        fn call(&mut self, request: R) -> Self::Future {
            let (connecting, go_on) = (self.0.call(request), Arc::clone(&self.1.0));
            Box::pin(async move {
                let gone_on = go_on.lock().expect("no panic").recv_timeout(Duration::from_secs(60));
                gone_on.expect("the other connection was served meanwhile");
                connecting.await
            })
        }
    }

    /// A server that answers each connection once.
    fn server() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        std::thread::spawn(move || {
            for mut connection in listener.incoming().flatten() {
                let _ = connection.read(&mut [0; 4096]);
                let _ = connection.write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n");
            }
        });
        url
    }

    #[test]
    fn a_connection_that_blocks_the_thread_holds_up_no_other() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (go_on, waits) = mpsc::channel();
        let client = || reqwest::Client::builder().no_proxy().tls_certs_only([]);
        let slow = client().connector_layer(Slow(Arc::new(Mutex::new(waits)))).connector_layer(OffThread);
        let slow = slow.build().expect("a client");
        let quick = client().build().expect("a client");
        let runtime = runtime(true).expect("a runtime");
        let (begun, has_begun) = mpsc::channel();
        let url = server();
        let blocked = runtime.spawn({
            let request = slow.get(&url);
            async move {
                begun.send(()).expect("somebody waits");
                request.send().await
            }
        });
        has_begun.recv().expect("it begins");
        let served = runtime.spawn(quick.get(&url).send());
        let (done, is_done) = mpsc::channel();
        runtime.spawn(async move { done.send(served.await) });
        let served = is_done.recv_timeout(Duration::from_secs(50)).expect("it is not held up");
        assert_eq!(served.expect("no panic").expect("an answer").status(), 204);
        go_on.send(()).expect("somebody waits");
        let slow = runtime.block_on(blocked).expect("no panic").expect("an answer");
        assert_eq!(slow.status(), 204);
    }
}
