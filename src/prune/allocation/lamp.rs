//! LAMP: magnitudes made comparable across layers.

use crate::base::part::{Args, Meta, source};
use crate::base::{Result, order};

use super::{Allocation, Scored, rank};

crate::part!(Meta {
    id: "lamp",
    name: "LAMP",
    what: "Scores are measured against what is left above them in their layer; then all layers compete.",
    formula: "s'_u = s_u² / Σ_{v: s_v ≥ s_u} s_v²",
    sources: &[source("Lee et al., ICLR 2021", "https://arxiv.org/abs/2010.07611")],
    params: &[],
});

/// LAMP scores of one layer from its scores; the largest becomes 1.
///
/// The paper's scores are magnitudes. Where a criterion has signs, a score below zero is measured against the whole layer and
/// keeps its sign, so that the order of the scores is kept: -s² / Σ_v s_v².
pub fn normalise(scores: &[f32]) -> Vec<f32> {
    let mut out = vec![0.0; scores.len()];
    let square = |s: f32| f64::from(s) * f64::from(s);
    let share = |part: f64, whole: f64| if whole > 0.0 { (part / whole) as f32 } else { 0.0 };
    let whole: f64 = scores.iter().filter(|s| s.is_finite()).map(|&s| square(s)).sum();
    let mut above = 0.0f64;
    for i in order::falling(scores) {
        out[i] = match scores[i] {
            // What was cut earlier stays below everything.
            f32::NEG_INFINITY => f32::NEG_INFINITY,
            s if s < 0.0 => -share(square(s), whole),
            s => {
                above += square(s);
                share(square(s), above)
            }
        };
    }
    out
}

impl Allocation for Part {
    fn keep(&self, targets: &[Scored], sparsity: f32, _: &Args) -> Result<Vec<usize>> {
        let scores: Vec<Vec<f32>> = targets.iter().map(|t| normalise(&t.scores)).collect();
        Ok(rank(targets, &scores, &|_| 1.0, sparsity))
    }

    fn weights_only(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        assert_eq!(normalise(&[1.0, 2.0, 2.0]), [1.0 / 9.0, 1.0, 0.5]);
        assert_eq!(normalise(&[0.0, 0.0]), [0.0, 0.0]);
        assert_eq!(normalise(&[2.0, -1.0, -3.0]), [1.0, -1.0 / 14.0, -9.0 / 14.0], "signs keep their order");
    }
}
