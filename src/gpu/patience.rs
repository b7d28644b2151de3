//! Waiting for a GPU no longer than a visitor would: a browser may never answer, and says nothing then.

use std::future::Future;

/// How long an open GPU may take to answer, in milliseconds: a driver that hangs takes for ever, software some seconds.
pub const ANSWER: u32 = 30_000;
/// How long it may take to open one and have it answer once.
pub const OPEN: u32 = 4_000;

/// What a future gives, or nothing if it takes longer than some milliseconds. Natively nothing is waited for: the driver is
/// called and answers before it returns.
#[cfg(not(target_arch = "wasm32"))]
pub async fn within<F: Future>(_: u32, future: F) -> Option<F::Output> {
    Some(future.await)
}

/// What a future gives, or nothing if it takes longer than some milliseconds.
#[cfg(target_arch = "wasm32")]
pub async fn within<F: Future>(ms: u32, future: F) -> Option<F::Output> {
    use std::pin::pin;
    use std::task::Poll;

    let (mut work, mut late) = (pin!(future), pin!(crate::base::timer::Timer::new(ms)));
    std::future::poll_fn(move |context| match work.as_mut().poll(context) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending => late.as_mut().poll(context).map(|()| None),
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_given() {
        assert_eq!(pollster::block_on(within(1, std::future::ready(7))), Some(7));
    }
}
