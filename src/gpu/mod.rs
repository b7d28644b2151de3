//! Floor 4: a compiled program on a GPU, through WebGPU in a browser and Vulkan elsewhere.
//!
//! What [`crate::compile`] lowers and places, two executors can run: [`crate::compile::Plan`] on the processor, and
//! [`Executor`] here. They share fused layers, layouts and buffers; only kernels differ. A GPU adds up in another order and
//! fuses multiply-adds as it likes, so its answers are close to the processor's and not the same bits. [`Learner`] trains
//! networks there and [`Calibrator`] looks at what examples do in them, as [`crate::train`] does on the processor.

mod answer;
mod depthwise;
mod device;
mod each;
mod executor;
mod forms;
mod learn;
mod maker;
mod nm;
mod pack;
mod patience;
mod precision;
mod probe;
mod trial;
mod weighted;
mod wgsl;

pub use device::Device;
pub use executor::Executor;
pub use learn::{Calibrator, Learner, Learnt};
pub use precision::Precision;
pub use probe::{Limits, probe};
