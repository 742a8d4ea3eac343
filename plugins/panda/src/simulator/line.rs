//! The simulator's socket: listening, refusing or cutting, and done when its owner is.

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

/// What becomes of connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// They are served.
    Serve,
    /// They are refused, and the open ones are cut.
    Refuse,
    /// They are accepted and cut, as are the open ones.
    Cut,
}

/// The way in. Dropping it closes the socket and cuts every connection.
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
        let operator = Operator {
            address,
            listener: Some(listener),
            order: Order::Serve,
            connections: JoinSet::new(),
            router,
        };
        Ok(Self {
            address,
            orders,
            task: tokio::spawn(operator.run(inbox)),
        })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Gives an order, and waits until it holds.
    pub(super) async fn order(&self, order: Order) {
        let (done, holds) = oneshot::channel();
        if self.orders.send((order, done)).await.is_ok() {
            // Nothing is ever sent: the operator drops its end when the order holds.
            let _ = holds.await;
        }
    }

    pub(super) async fn close(self) {
        drop(self.orders);
        let _ = self.task.await;
    }
}

struct Operator {
    address: SocketAddr,
    listener: Option<TcpListener>,
    order: Order,
    connections: JoinSet<()>,
    router: Router,
}

impl Operator {
    async fn run(mut self, mut inbox: mpsc::Receiver<(Order, oneshot::Sender<Infallible>)>) {
        loop {
            tokio::select! {
                // An order comes before the next connection, which it may be about.
                biased;
                order = inbox.recv() => match order {
                    Some((order, done)) => {
                        self.follow(order).await;
                        drop(done);
                    }
                    None => return,
                },
                Some(_) = self.connections.join_next() => {}
                accepted = accept(self.listener.as_ref()) => match accepted {
                    Ok(stream) => self.connect(stream),
                    Err(_) => sleep(Duration::from_millis(10)).await, // out of descriptors, say
                },
            }
        }
    }

    async fn follow(&mut self, order: Order) {
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

    /// The port was free to be taken meanwhile, if only by a connection for a moment.
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
            // A browser that goes away is no failure of the portal.
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
