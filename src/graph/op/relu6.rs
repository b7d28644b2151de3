//! ReLU6: y = min(max(x, 0), 6). At the kinks the slope is 0, as in PyTorch.

use super::activation::{Curve, curve};

/// min(max(x, 0), 6).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Relu6;

curve!(Relu6, "Clip");

impl Curve for Relu6 {
    fn y(&self, x: f32) -> f32 {
        x.clamp(0.0, 6.0)
    }

    fn d(&self, x: f32) -> f32 {
        if x > 0.0 && x < 6.0 { 1.0 } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        assert_eq!([-1.0, 2.0, 7.0].map(|x| Relu6.y(x)), [0.0, 2.0, 6.0]);
        super::super::activation::check(&Relu6, &[-0.5, 0.7, 6.5]);
    }
}
