//! A moment to wait for in a browser.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use js_sys::Promise;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

use super::browser::{Scope, scope};

/// A future that is ready after some milliseconds. Dropped before that, it leaves no timer behind.
pub struct Timer {
    id: Option<i32>,
    rings: JsFuture,
}

impl Timer {
    /// Begins to wait.
    pub fn new(ms: u32) -> Self {
        let (ms, mut id) = (i32::try_from(ms).unwrap_or(i32::MAX), None);
        let promise = Promise::new(&mut |resolve, _| {
            id = match scope() {
                Some(Scope::Worker(at)) => at.set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, ms).ok(),
                Some(Scope::Window(at)) => at.set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, ms).ok(),
                None => None,
            };
            // Without timers there is no waiting: better too early than never.
            if id.is_none() {
                let _ = resolve.call0(&JsValue::NULL);
            }
        });
        Self { id, rings: promise.into() }
    }
}

impl Future for Timer {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context) -> Poll<()> {
        // A timer's promise is never refused.
        Pin::new(&mut self.rings).poll(context).map(drop)
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        match (self.id, scope()) {
            (Some(id), Some(Scope::Worker(at))) => at.clear_timeout_with_handle(id),
            (Some(id), Some(Scope::Window(at))) => at.clear_timeout_with_handle(id),
            _ => {}
        }
    }
}
