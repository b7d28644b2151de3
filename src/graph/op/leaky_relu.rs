//! Leaky ReLU: y = x above zero, slope times x below.

use super::activation::{Curve, curve};

/// x above zero, `slope` x below.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LeakyRelu {
    /// Slope below zero.
    pub slope: f32,
}

curve!(LeakyRelu, "LeakyRelu");

impl Curve for LeakyRelu {
    fn y(&self, x: f32) -> f32 {
        x * self.d(x)
    }

    fn d(&self, x: f32) -> f32 {
        if x > 0.0 { 1.0 } else { self.slope }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        let op = LeakyRelu { slope: 0.1 };
        assert_eq!([-1.0, 0.0, 2.0].map(|x| op.y(x)), [-0.1, 0.0, 2.0]);
        super::super::activation::check(&op, &[-0.5, 0.7]);
    }
}
