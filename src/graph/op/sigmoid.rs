//! Sigmoid: y = 1 / (1 + e^-x).

use super::activation::{Curve, curve};
use crate::base::math;

/// The logistic function.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sigmoid;

curve!(Sigmoid, "Sigmoid");

impl Curve for Sigmoid {
    fn y(&self, x: f32) -> f32 {
        math::sigmoid(x)
    }

    fn d(&self, x: f32) -> f32 {
        let s = math::sigmoid(x);
        s * (1.0 - s)
    }

    fn dd(&self, x: f32) -> f32 {
        let s = math::sigmoid(x);
        s * (1.0 - s) * (1.0 - 2.0 * s)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        assert_eq!(Sigmoid.y(0.0), 0.5);
        super::super::activation::check(&Sigmoid, &[-2.0, 0.0, 0.7]);
    }
}
