//! Floor 0: errors, tensors, random numbers, mathematics, statistics, ranking, parts, threads and the clock.

#[cfg(target_arch = "wasm32")]
pub mod browser;
pub mod clock;
pub mod error;
pub mod lloyd;
pub mod math;
pub mod order;
pub mod part;
pub mod rng;
pub mod sampling;
pub mod square;
pub mod stats;
pub mod svd;
pub mod team;
pub mod tensor;
#[cfg(all(target_arch = "wasm32", feature = "gpu"))]
pub mod timer;

pub use error::{Error, Result};
pub use rng::Rng;
pub use tensor::{Flat, Shape, Tensor};

use std::collections::BTreeMap;

/// A map from pairs. `collect` would sort them first, and bring a sort of its own for every type into the page's download.
pub fn keyed<K: Ord, V>(pairs: impl Iterator<Item = (K, V)>) -> BTreeMap<K, V> {
    let mut map = BTreeMap::new();
    for (key, value) in pairs {
        map.insert(key, value);
    }
    map
}
