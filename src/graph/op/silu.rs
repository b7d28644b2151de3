//! SiLU (swish): y = x σ(x).

use super::activation::{Curve, curve};
use crate::base::math::sigmoid;

/// x σ(x).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Silu;

curve!(Silu, "Silu");

impl Curve for Silu {
    fn y(&self, x: f32) -> f32 {
        x * sigmoid(x)
    }

    fn d(&self, x: f32) -> f32 {
        let s = sigmoid(x);
        s * (1.0 + x * (1.0 - s))
    }

    fn dd(&self, x: f32) -> f32 {
        let s = sigmoid(x);
        s * (1.0 - s) * (2.0 + x * (1.0 - 2.0 * s))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        assert!((Silu.y(1.0) - 0.731_06).abs() < 1e-5);
        super::super::activation::check(&Silu, &[-2.0, -0.5, 0.0, 0.7, 3.0]);
    }
}
