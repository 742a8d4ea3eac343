//! Timeouts against slow clients. A client that sends its request slowly, or does not read the
//! response, occupies a connection that others need (denial of service: N60, docs/security.md).

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::BoxError;
use axum::body::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// A timer that can be started, cancelled and polled.
struct Timer {
    timeout: Duration,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Timer {
    fn new(timeout: Duration) -> Self {
        Self {
            timeout,
            sleep: None,
        }
    }

    /// Starts the timer unless it is running.
    fn start(&mut self) {
        self.sleep
            .get_or_insert_with(|| Box::pin(sleep(self.timeout)));
    }

    fn cancel(&mut self) {
        self.sleep = None;
    }

    /// Whether the timer was started and has expired. Wakes the task when it expires.
    fn has_expired(&mut self, cx: &mut Context<'_>) -> bool {
        let sleep = self.sleep.as_mut();
        sleep.is_some_and(|sleep| sleep.as_mut().poll(cx).is_ready())
    }
}

/// Counts the starts and ends of requests on a connection. The count is odd while a request is being
/// served.
#[derive(Clone, Default)]
pub(crate) struct RequestPhase(Arc<AtomicUsize>);

impl RequestPhase {
    /// Counts the start or the end of a request.
    pub(crate) fn advance(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// A stream that fails when the head of a request takes too long after its first byte, or when the
/// client stops reading the response. It may be idle between two requests, but not before the first.
pub(crate) struct TimedStream<T> {
    stream: T,
    turns: RequestPhase,
    seen_turn: usize,
    head_timer: Timer,
    write_timer: Timer,
}

impl<T> TimedStream<T> {
    pub(crate) fn new(stream: T, turns: RequestPhase, timeout: Duration) -> Self {
        let mut head_timer = Timer::new(timeout);
        head_timer.start();
        Self {
            stream,
            seen_turn: turns.count(),
            turns,
            head_timer,
            write_timer: Timer::new(timeout),
        }
    }

    /// Returns the result of a write, or `TimedOut` when the client has read nothing for too long.
    fn with_write_timeout<R>(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<R>>,
    ) -> Poll<io::Result<R>> {
        if written.is_ready() {
            self.write_timer.cancel();
            return written;
        }
        self.write_timer.start();
        if self.write_timer.has_expired(cx) {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        Poll::Pending
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for TimedStream<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let turn = self.turns.count();
        if turn != self.seen_turn {
            self.seen_turn = turn;
            self.head_timer.cancel();
        }
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        let serving = turn % 2 == 1;
        if read.is_ready() && !serving {
            self.head_timer.start();
        }
        if read.is_pending() && self.head_timer.has_expired(cx) {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        read
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for TimedStream<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.with_write_timeout(cx, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.with_write_timeout(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

/// A request body that must arrive completely in time. The time runs from the first read that has to
/// wait. Each piece is copied out of the connection's read buffer, which would otherwise stay allocated
/// as long as the piece.
pub(crate) struct TimedBody<B> {
    body: B,
    timer: Timer,
}

impl<B> TimedBody<B> {
    pub(crate) fn new(body: B, timeout: Duration) -> Self {
        Self {
            body,
            timer: Timer::new(timeout),
        }
    }
}

impl<B: Body<Data = Bytes, Error: Into<BoxError>> + Unpin> Body for TimedBody<B> {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        if frame.is_pending() {
            self.timer.start();
            if self.timer.has_expired(cx) {
                return Poll::Ready(Some(Err(io::Error::from(io::ErrorKind::TimedOut).into())));
            }
        }
        let compact = |frame: Frame<Bytes>| frame.map_data(|data| Bytes::copy_from_slice(&data));
        Poll::Ready(ready!(frame).map(|frame| frame.map(compact).map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
