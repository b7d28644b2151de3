//! ERK: layers with many weights for their channels are cut more.

use crate::base::Result;
use crate::base::part::{Args, Meta, source};
use crate::base::tensor::count;

use super::{Allocation, Scored};

crate::part!(Meta {
    id: "erk",
    name: "Erdős–Rényi kernel",
    what: "Density by the shape of a layer: wide layers are cut more, narrow ones less.",
    formula: "density_l = min(1, ε (out + in + kh + kw) / (out in kh kw))",
    sources: &[
        source("Mocanu et al., Nature Communications 2018", "https://arxiv.org/abs/1707.04780"),
        source("Evci et al., ICML 2020", "https://arxiv.org/abs/1911.11134"),
    ],
    params: &[],
});

/// Densities of layers of some shapes for a sparsity over all their weights.
///
/// Layers that would get more than all their weights are dense, and ε is solved anew for the others. The total is that of
/// cutting the share from each layer, rounded down to whole weights, as the public code of RigL counts it.
pub fn densities(shapes: &[&[usize]], sparsity: f32) -> Vec<f64> {
    let raw: Vec<f64> = shapes.iter().map(|s| s.iter().sum::<usize>() as f64 / count(s) as f64).collect();
    let mut dense = vec![false; shapes.len()];
    // Six decimals: 0.9 as f32 is a little less, and would round down to one weight fewer.
    let share = (f64::from(sparsity) * 1e6).round() / 1e6;
    let kept: f64 = shapes.iter().map(|s| count(s) as f64 - (share * count(s) as f64).floor()).sum();
    loop {
        let full: f64 = (0..shapes.len()).filter(|&i| dense[i]).map(|i| count(shapes[i]) as f64).sum();
        let open: f64 = (0..shapes.len()).filter(|&i| !dense[i]).map(|i| raw[i] * count(shapes[i]) as f64).sum();
        let epsilon = if open > 0.0 { (kept - full) / open } else { 0.0 };
        let top = (0..shapes.len()).filter(|&i| !dense[i]).map(|i| raw[i]).fold(0.0, f64::max);
        if epsilon * top <= 1.0 {
            return (0..shapes.len()).map(|i| if dense[i] { 1.0 } else { (epsilon * raw[i]).max(0.0) }).collect();
        }
        // All layers with the largest raw value become dense together.
        (0..shapes.len()).filter(|&i| raw[i] == top).for_each(|i| dense[i] = true);
    }
}

impl Allocation for Part {
    fn keep(&self, targets: &[Scored], sparsity: f32, _: &Args) -> Result<Vec<usize>> {
        let shapes: Vec<&[usize]> = targets.iter().map(|t| t.shape.as_slice()).collect();
        let keep = |(density, t): (f64, &Scored)| (density * t.scores.len() as f64).round_ties_even() as usize;
        Ok(densities(&shapes, sparsity).into_iter().zip(targets).map(keep).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn narrow_layers_stay_dense_and_the_total_holds() {
        let shapes: [&[usize]; 3] = [&[16, 1, 3, 3], &[64, 32, 3, 3], &[10, 64]];
        let densities = densities(&shapes, 0.9);
        assert_eq!(densities[0], 1.0);
        let kept: f64 = densities.iter().zip(shapes).map(|(d, s)| d * count(s) as f64).sum();
        let want: usize = shapes.iter().map(|s| count(s) - count(s) * 9 / 10).sum();
        assert!((kept - want as f64).abs() < 1e-6, "{densities:?}");
    }
}
