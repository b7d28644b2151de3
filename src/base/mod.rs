//! Floor 0: errors, tensors, random numbers, mathematics, statistics, parts and the clock.

pub mod clock;
pub mod error;
pub mod math;
pub mod part;
pub mod rng;
pub mod stats;
pub mod tensor;

pub use error::{Error, Result};
pub use rng::Rng;
pub use tensor::{Flat, Shape, Tensor};
