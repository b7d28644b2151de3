//! Tanh.

use super::activation::{Curve, curve};
use crate::base::math;

/// Hyperbolic tangent.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tanh;

curve!(Tanh, "Tanh");

impl Curve for Tanh {
    fn y(&self, x: f32) -> f32 {
        math::tanh(x)
    }

    fn d(&self, x: f32) -> f32 {
        let t = math::tanh(x);
        1.0 - t * t
    }

    fn dd(&self, x: f32) -> f32 {
        let t = math::tanh(x);
        -2.0 * t * (1.0 - t * t)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        assert_eq!(Tanh.y(0.0), 0.0);
        super::super::activation::check(&Tanh, &[-2.0, 0.0, 0.7]);
    }
}
