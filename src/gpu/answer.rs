//! What a callback of the GPU gives, as a future.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

/// A result that a callback gives and a future waits for.
#[derive(Clone, Debug, Default)]
pub struct Answer(Arc<Mutex<Waiting>>);

#[derive(Debug, Default)]
struct Waiting {
    result: Option<Result<(), String>>,
    waker: Option<Waker>,
}

impl Answer {
    /// Gives the result and wakes who waits for it.
    pub fn give(&self, result: Result<(), String>) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.result = Some(result);
        if let Some(waker) = state.waker.take() {
            waker.wake();
        }
    }
}

impl Future for Answer {
    type Output = Result<(), String>;

    fn poll(self: Pin<&mut Self>, context: &mut Context) -> Poll<Self::Output> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match state.result.take() {
            Some(result) => Poll::Ready(result),
            None => {
                state.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}
