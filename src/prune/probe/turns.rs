//! How far residual branches turn the stream that they are added to.

use crate::base::{Flat, Result, Tensor};
use crate::graph::bypass::branches;
use crate::graph::couple::Bypass;
use crate::graph::op::channel_axis;
use crate::graph::run::{Overlay, Trace, Tracing};
use crate::graph::{Graph, ValueId};

use super::{Evidence, Finds, Probe, Scene, Sight};

/// Branches of a unit at most.
const MOST: usize = 8;

/// 1 - cos of the angle between the stream before some branches and behind them, a mean over tokens or pixels: by the value
/// behind, with the value before.
#[derive(Debug)]
pub struct Turns;

impl Finds for Turns {
    type Found = Vec<(ValueId, f64)>;
    const WHAT: &'static str = "how far branches turn the stream";
}

impl Turns {
    /// What was found of a run of branches.
    pub fn of(evidence: &Evidence, at: &Bypass) -> Option<f64> {
        evidence.of::<Self>(at.out)?.iter().find(|(by, _)| *by == at.by).map(|(_, turn)| *turn)
    }
}

impl Probe for Turns {
    fn sight(&self) -> Sight {
        Sight::Own
    }

    fn look(&self, scene: &Scene, evidence: &mut Evidence) -> Result<bool> {
        let (Some((x, _)), graph) = (scene.batch, scene.graph) else { return Ok(true) };
        let mut walk = match evidence.begun.take().and_then(|begun| begun.downcast::<Tracing>().ok()) {
            Some(walk) => walk,
            None => Box::new(Tracing::new(graph, Overlay::new(), x, scene.mode)?),
        };
        if !walk.step(graph)? {
            evidence.begun = Some(walk);
            return Ok(false);
        }
        for Bypass { out, by } in runs(graph) {
            let turn = turn(graph, &walk.trace, by, out)? / scene.batches as f64;
            let found = evidence.all::<Self>().entry(out).or_default();
            match found.iter_mut().find(|(before, _)| *before == by) {
                Some((_, sum)) => *sum += turn,
                None => found.push((by, turn)),
            }
        }
        Ok(true)
    }
}

/// All runs of branches that follow each other on one stream.
fn runs(graph: &Graph) -> Vec<Bypass> {
    let single: Vec<Bypass> =
        branches(graph, 1).into_iter().flat_map(|group| group.units).filter_map(|unit| unit.bypass).collect();
    let mut out = Vec::new();
    for (i, first) in single.iter().enumerate() {
        let mut end = first.out;
        out.push(*first);
        for next in single[i + 1..].iter().take(MOST - 1) {
            if next.by != end {
                break;
            }
            end = next.out;
            out.push(Bypass { out: end, by: first.by });
        }
    }
    out
}

/// 1 - cos of the angle between two values at each token or pixel, a mean over all.
fn turn(graph: &Graph, trace: &Trace, a: ValueId, b: ValueId) -> Result<f64> {
    let (a, b) = (trace.get(graph, a)?, trace.get(graph, b)?);
    let places = places(a);
    let dot = |x: &Tensor, y: &Tensor, place: &[usize; 3]| -> f64 {
        let [start, step, count] = *place;
        (0..count).map(|i| f64::from(x.flat()[start + i * step]) * f64::from(y.flat()[start + i * step])).sum()
    };
    let each = places.iter().map(|place| {
        let lengths = (dot(a, a, place) * dot(b, b, place)).sqrt();
        if lengths > 0.0 { 1.0 - dot(a, b, place) / lengths } else { 0.0 }
    });
    Ok(each.sum::<f64>() / places.len().max(1) as f64)
}

/// Each token of x [N, T, C] or pixel of [N, C, ...]: where its first channel lies, how far apart its channels are, and how many there are.
fn places(x: &Tensor) -> Vec<[usize; 3]> {
    let shape = x.shape();
    let axis = channel_axis(shape);
    let (channels, pixels): (usize, usize) = (shape[axis], shape[axis + 1..].iter().product());
    let outer: usize = shape[..axis].iter().product();
    (0..outer).flat_map(|i| (0..pixels).map(move |p| [i * channels * pixels + p, pixels, channels])).collect()
}
