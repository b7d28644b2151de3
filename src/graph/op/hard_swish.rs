//! Hard swish: y = x min(max(x + 3, 0), 6) / 6 (Howard et al., ICCV 2019).

use super::activation::{Curve, curve};

/// x times a hard sigmoid.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct HardSwish;

curve!(HardSwish, "HardSwish");

impl Curve for HardSwish {
    fn y(&self, x: f32) -> f32 {
        x * (x + 3.0).clamp(0.0, 6.0) / 6.0
    }

    fn d(&self, x: f32) -> f32 {
        if x <= -3.0 {
            0.0
        } else if x < 3.0 {
            (2.0 * x + 3.0) / 6.0
        } else {
            1.0
        }
    }

    fn dd(&self, x: f32) -> f32 {
        if x > -3.0 && x < 3.0 { 1.0 / 3.0 } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        assert_eq!([-4.0, 0.0, 3.0, 5.0].map(|x| HardSwish.y(x)), [0.0, 0.0, 3.0, 5.0]);
        super::super::activation::check(&HardSwish, &[-4.0, -0.5, 0.7, 4.0]);
    }
}
