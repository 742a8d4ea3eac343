//! The simulator's socket: it serves, refuses or cuts connections, and closes when it is dropped.

use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::sleep;

/// How connections are treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// They are served.
    Serve,
    /// New ones are refused, and the open ones are cut.
    Refuse,
    /// New ones are accepted and cut at once, and the open ones are cut.
    Cut,
}

/// The listening socket. Dropping it closes the socket and cuts every connection.
pub(super) struct Line {
    address: SocketAddr,
    orders: mpsc::Sender<(Order, oneshot::Sender<Infallible>)>,
    task: JoinHandle<()>,
}

impl Line {
    pub(super) async fn open(listen: SocketAddr, router: Router) -> io::Result<Self> {
        let listener = TcpListener::bind(listen).await?;
        let address = listener.local_addr()?;
        let (orders, inbox) = mpsc::channel(1);
        let acceptor = Acceptor {
            address,
            listener: Some(listener),
            order: Order::Serve,
            connections: JoinSet::new(),
            router,
        };
        Ok(Self {
            address,
            orders,
            task: tokio::spawn(acceptor.run(inbox)),
        })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Gives an order, and waits until it takes effect.
    pub(super) async fn order(&self, order: Order) {
        let (done, in_effect) = oneshot::channel();
        if self.orders.send((order, done)).await.is_ok() {
            // Nothing is ever sent: the acceptor drops its end once the order is in effect.
            let _ = in_effect.await;
        }
    }

    pub(super) async fn close(self) {
        drop(self.orders);
        let _ = self.task.await;
    }
}

struct Acceptor {
    address: SocketAddr,
    listener: Option<TcpListener>,
    order: Order,
    connections: JoinSet<()>,
    router: Router,
}

impl Acceptor {
    async fn run(mut self, mut inbox: mpsc::Receiver<(Order, oneshot::Sender<Infallible>)>) {
        loop {
            tokio::select! {
                // An order is applied before the next connection is accepted, which it may affect.
                biased;
                order = inbox.recv() => match order {
                    Some((order, done)) => {
                        self.apply(order).await;
                        drop(done);
                    }
                    None => return,
                },
                Some(_) = self.connections.join_next() => {}
                accepted = accept(self.listener.as_ref()) => match accepted {
                    Ok(stream) => self.connect(stream),
                    Err(_) => sleep(Duration::from_millis(10)).await, // such as: out of descriptors
                },
            }
        }
    }

    async fn apply(&mut self, order: Order) {
        if order == self.order {
            return;
        }
        self.order = order;
        self.connections.shutdown().await;
        if order == Order::Refuse {
            self.listener = None;
        } else if self.listener.is_none() {
            self.listener = Some(self.listen_again().await);
        }
    }

    /// Binds the same port again. Another socket may hold it for a moment, so this retries.
    async fn listen_again(&self) -> TcpListener {
        loop {
            match TcpListener::bind(self.address).await {
                Ok(listener) => return listener,
                Err(error) => {
                    tracing::warn!(%error, "The simulated portal waits for its port");
                    sleep(Duration::from_millis(50)).await;
                }
            }
        }
    }

    fn connect(&mut self, stream: TcpStream) {
        if self.order != Order::Serve {
            return;
        }
        let service = TowerToHyperService::new(self.router.clone());
        self.connections.spawn(async move {
            // A browser that goes away is not an error of the portal.
            let _ = http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

async fn accept(listener: Option<&TcpListener>) -> io::Result<TcpStream> {
    match listener {
        Some(listener) => listener.accept().await.map(|(stream, _)| stream),
        None => pending().await,
    }
}
