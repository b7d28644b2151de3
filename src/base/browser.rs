//! What the engine asks of the browser around it: the clock, and what is known of the device. It runs in a worker, and in the
//! bench in a window.

use js_sys::Reflect;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Performance, Window, WorkerGlobalScope};

/// The scope that the engine runs in.
pub enum Scope {
    /// A worker, as on the page.
    Worker(WorkerGlobalScope),
    /// A window, as in the bench.
    Window(Window),
}

/// Where this runs; nothing in a place that is neither.
pub fn scope() -> Option<Scope> {
    match js_sys::global().dyn_into::<WorkerGlobalScope>() {
        Ok(worker) => Some(Scope::Worker(worker)),
        Err(global) => global.dyn_into::<Window>().ok().map(Scope::Window),
    }
}

thread_local! {
    static PERFORMANCE: Option<Performance> = match scope() {
        Some(Scope::Worker(scope)) => scope.performance(),
        Some(Scope::Window(scope)) => scope.performance(),
        None => None,
    };
}

/// Milliseconds since the scope began; 0 for ever in a place without a clock.
pub fn now_ms() -> f64 {
    PERFORMANCE.with(|performance| performance.as_ref().map_or(0.0, Performance::now))
}

/// The browser's name for itself.
pub fn user_agent() -> String {
    let agent = match scope() {
        Some(Scope::Worker(scope)) => scope.navigator().user_agent(),
        Some(Scope::Window(scope)) => scope.navigator().user_agent(),
        None => return String::new(),
    };
    agent.unwrap_or_default()
}

/// Threads that the device can run at once, as far as the browser tells.
pub fn cores() -> usize {
    let cores = match scope() {
        Some(Scope::Worker(scope)) => scope.navigator().hardware_concurrency(),
        Some(Scope::Window(scope)) => scope.navigator().hardware_concurrency(),
        None => 1.0,
    };
    (cores as usize).max(1)
}

/// Whether the page is cross-origin isolated.
pub fn isolated() -> bool {
    let name = JsValue::from_str("crossOriginIsolated");
    Reflect::get(&js_sys::global(), &name).is_ok_and(|value| value.is_truthy())
}
