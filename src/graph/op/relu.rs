//! ReLU: y = max(x, 0), NaN where x is. At zero the slope is 0, as in PyTorch.

use super::activation::{Curve, curve};

/// max(x, 0).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Relu;

curve!(Relu, "Relu");

impl Curve for Relu {
    fn y(&self, x: f32) -> f32 {
        if x < 0.0 { 0.0 } else { x }
    }

    fn d(&self, x: f32) -> f32 {
        if x > 0.0 { 1.0 } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        assert_eq!([-1.0, 0.0, 2.0].map(|x| Relu.y(x)), [0.0, 0.0, 2.0]);
        super::super::activation::check(&Relu, &[-0.5, 0.7]);
    }
}
