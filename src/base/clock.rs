//! Time, and how finely it can be told.

use std::sync::atomic::{AtomicU64, Ordering};

/// Milliseconds since some moment, never going back.
#[cfg(target_arch = "wasm32")]
pub fn now_ms() -> f64 {
    super::browser::now_ms()
}

/// Milliseconds since the process first asked, never going back.
#[cfg(not(target_arch = "wasm32"))]
pub fn now_ms() -> f64 {
    use std::{sync::OnceLock, time::Instant};

    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed().as_secs_f64() * 1e3
}

/// The step that was found last, as bits of a number; 0 before any was.
static STEP: AtomicU64 = AtomicU64::new(0);

/// The smallest step by which the clock moves, in milliseconds, looked for anew: browsers coarsen it on purpose.
pub fn find_step() -> f64 {
    let edge = || {
        let start = now_ms();
        // A clock that stands still must not hold up everything.
        (0..1_000_000_000u64).map(|_| now_ms()).find(|&now| now > start).map_or(1.0, |now| now - start)
    };
    let step = (0..5).map(|_| edge()).fold(f64::INFINITY, f64::min);
    STEP.store(step.to_bits(), Ordering::Relaxed);
    step
}

/// The step that was found last; looked for if none was.
pub fn step_ms() -> f64 {
    match f64::from_bits(STEP.load(Ordering::Relaxed)) {
        0.0 => find_step(),
        step => step,
    }
}
