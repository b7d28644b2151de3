//! The one test binary: the same sources natively and, in a dedicated worker of a headless browser, as wasm.
//! What takes minutes there runs natively only: `pins` holds that every method gives the same bits in both.

#[cfg(target_arch = "wasm32")]
wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_dedicated_worker);

mod boosted;
mod channels;
mod contract;
mod couple;
#[cfg(not(target_arch = "wasm32"))]
mod cover;
#[cfg(not(target_arch = "wasm32"))]
mod event;
mod file;
mod first;
mod golden;
#[cfg(feature = "gpu")]
mod gpu;
#[cfg(feature = "gpu")]
mod gpu_session;
#[cfg(feature = "gpu")]
mod gpu_train;
mod gradient;
#[cfg(not(target_arch = "wasm32"))]
mod house;
mod int8;
mod kernel;
#[cfg(not(target_arch = "wasm32"))]
mod phase;
mod pins;
mod plan;
mod search;
mod session;
mod several;
#[cfg(not(target_arch = "wasm32"))]
mod small;
#[cfg(not(target_arch = "wasm32"))]
mod solver;
mod survey;
mod text;
mod training;
#[cfg(not(target_arch = "wasm32"))]
mod types;
#[cfg(not(target_arch = "wasm32"))]
mod zeros;
