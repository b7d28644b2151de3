//! Time. Work that is cut into slices asks a clock, and tests give it one of their own.

/// Milliseconds since some moment, never going back.
#[cfg(target_arch = "wasm32")]
pub fn now_ms() -> f64 {
    use wasm_bindgen::prelude::*;

    #[wasm_bindgen]
    extern "C" {
        #[wasm_bindgen(js_namespace = performance)]
        fn now() -> f64;
    }
    now()
}

/// Milliseconds since the process first asked, never going back.
#[cfg(not(target_arch = "wasm32"))]
pub fn now_ms() -> f64 {
    use std::{sync::OnceLock, time::Instant};

    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed().as_secs_f64() * 1e3
}

/// The smallest step by which the clock moves, in milliseconds: browsers coarsen it on purpose.
pub fn step_ms() -> f64 {
    (0..5)
        .map(|_| {
            let start = now_ms();
            loop {
                let now = now_ms();
                if now > start {
                    break now - start;
                }
            }
        })
        .fold(f64::INFINITY, f64::min)
}
