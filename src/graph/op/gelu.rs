//! GELU: y = x Φ(x), Φ the normal distribution; exact, or with the tanh approximation of Hendrycks and Gimpel (2016).

use super::activation::{Curve, curve};
use crate::base::math;
use std::f32::consts::FRAC_1_SQRT_2;

/// x Φ(x).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Gelu {
    /// Whether Φ is approximated by a tanh.
    pub tanh: bool,
}

/// sqrt(2 / pi).
const ROOT: f32 = 0.797_884_6;
const CUBIC: f32 = 0.044_715;

/// Density of the normal distribution.
fn density(x: f32) -> f32 {
    0.5 * ROOT * math::exp(-0.5 * x * x)
}

curve!(Gelu, "Gelu");

impl Curve for Gelu {
    fn y(&self, x: f32) -> f32 {
        if self.tanh {
            0.5 * x * (1.0 + math::tanh(ROOT * (x + CUBIC * x * x * x)))
        } else {
            0.5 * x * (1.0 + math::erf(x * FRAC_1_SQRT_2))
        }
    }

    fn d(&self, x: f32) -> f32 {
        if self.tanh {
            let t = math::tanh(ROOT * (x + CUBIC * x * x * x));
            0.5 * (1.0 + t) + 0.5 * x * (1.0 - t * t) * ROOT * (1.0 + 3.0 * CUBIC * x * x)
        } else {
            0.5 * (1.0 + math::erf(x * FRAC_1_SQRT_2)) + x * density(x)
        }
    }

    fn dd(&self, x: f32) -> f32 {
        if self.tanh {
            let t = math::tanh(ROOT * (x + CUBIC * x * x * x));
            let (u, du) = (ROOT * (1.0 + 3.0 * CUBIC * x * x), 6.0 * ROOT * CUBIC * x);
            (1.0 - t * t) * (u + 0.5 * x * du - x * t * u * u)
        } else {
            density(x) * (2.0 - x * x)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        for op in [Gelu { tanh: false }, Gelu { tanh: true }] {
            assert_eq!(op.y(0.0), 0.0);
            assert!((op.y(1.0) - 0.841_3).abs() < 2e-4, "{}", op.y(1.0));
            super::super::activation::check(&op, &[-2.0, -0.5, 0.0, 0.7, 3.0]);
        }
    }
}
