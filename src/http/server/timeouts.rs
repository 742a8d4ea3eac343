//! A connection whose other end has to keep up (N60): whoever drips a request or does not read the
//! answer holds a place that others need.

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

/// A moment that is set, missed or called off.
struct Deadline {
    patience: Duration,
    at: Option<Pin<Box<Sleep>>>,
}

impl Deadline {
    fn of(patience: Duration) -> Self {
        Self { patience, at: None }
    }

    fn set(&mut self) {
        self.at
            .get_or_insert_with(|| Box::pin(sleep(self.patience)));
    }

    fn call_off(&mut self) {
        self.at = None;
    }

    /// Whether it is set and has passed; wakes the task when it does.
    fn has_passed(&mut self, cx: &mut Context<'_>) -> bool {
        let at = self.at.as_mut();
        at.is_some_and(|at| at.as_mut().poll(cx).is_ready())
    }
}

/// Counts when a connection begins to serve a request, and when it has: odd in between.
#[derive(Clone, Default)]
pub(crate) struct Turns(Arc<AtomicUsize>);

impl Turns {
    /// A request has come, or was answered.
    pub(crate) fn turn(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// A stream that fails when the head of a request takes too long from its first byte on, or when
/// nothing is taken of an answer. Between two requests it may rest; a new one may not.
pub(crate) struct Patient<T> {
    stream: T,
    turns: Turns,
    turn: usize,
    head: Deadline,
    taken: Deadline,
}

impl<T> Patient<T> {
    pub(crate) fn new(stream: T, turns: Turns, patience: Duration) -> Self {
        let mut head = Deadline::of(patience);
        head.set();
        Self {
            stream,
            turn: turns.count(),
            turns,
            head,
            taken: Deadline::of(patience),
        }
    }

    /// Passes on what came of writing, unless nothing has come of it for too long.
    fn taken<R>(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<R>>,
    ) -> Poll<io::Result<R>> {
        if written.is_ready() {
            self.taken.call_off();
            return written;
        }
        self.taken.set();
        if self.taken.has_passed(cx) {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        Poll::Pending
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Patient<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let turn = self.turns.count();
        if turn != self.turn {
            self.turn = turn;
            self.head.call_off();
        }
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        let serving = turn % 2 == 1;
        if read.is_ready() && !serving {
            self.head.set();
        }
        if read.is_pending() && self.head.has_passed(cx) {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        read
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Patient<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.taken(cx, written)
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
        self.taken(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

/// A body that has to arrive whole in time, from when it is first asked for.
pub(crate) struct InTime<B> {
    body: B,
    whole: Deadline,
}

impl<B> InTime<B> {
    pub(crate) fn new(body: B, patience: Duration) -> Self {
        Self {
            body,
            whole: Deadline::of(patience),
        }
    }
}

impl<B: Body<Data = Bytes, Error: Into<BoxError>> + Unpin> Body for InTime<B> {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        if frame.is_pending() {
            self.whole.set();
            if self.whole.has_passed(cx) {
                return Poll::Ready(Some(Err(io::Error::from(io::ErrorKind::TimedOut).into())));
            }
        }
        Poll::Ready(ready!(frame).map(|frame| frame.map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
