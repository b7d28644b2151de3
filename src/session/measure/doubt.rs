//! Ratios that the arithmetic does not explain.

use crate::session::record::Speed;

/// A ratio further from what the arithmetic explains than this was made by something else: kernels on few weights are slower
/// a weight and not faster, but what no longer fits a cache can cost the dense side some more.
const EXPLAINED: f64 = 1.3;

/// Why a ratio is not to be believed, where multiply-adds went down by `fewer` times.
pub fn doubt(speed: &Speed, fewer: f64) -> Option<String> {
    let fewer = fewer.max(1.0);
    if speed.low > EXPLAINED * fewer {
        return Some(format!(
            "The speed is doubtful: {:.1} times faster is more than {fewer:.1} times fewer multiply-adds explain. Something \
             else kept this machine busy; measure again when it is at rest.",
            speed.ratio
        ));
    }
    (speed.high < 1.0 / EXPLAINED).then(|| {
        format!(
            "The speed is doubtful: each layer was given its fastest kernel, dense ones included, and yet the whole came out \
             {:.1} times slower. Something else kept this machine busy; measure again when it is at rest.",
            1.0 / speed.ratio
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_arithmetic_does_not_explain_is_doubted() {
        let speed = |ratio: f64| Speed { ratio, low: 0.95 * ratio, high: 1.05 * ratio, ..Speed::default() };
        for (ratio, fewer, doubted) in [
            (797.0, 10.0, true),
            (8.0, 10.0, false),
            (11.0, 10.0, false),
            (20.0, 10.0, true),
            (0.3, 10.0, true),
            (0.97, 1.0, false),
        ] {
            assert_eq!(doubt(&speed(ratio), fewer).is_some(), doubted, "{ratio} of {fewer}");
        }
    }
}
