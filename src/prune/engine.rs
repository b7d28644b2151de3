//! One event: score the units, allocate, select exactly, mask.

use crate::base::{Error, Flat, Result, Tensor, order, tensor};
use crate::graph::{Graph, Masks, Role, count, couple::Group};

use super::allocation::{Allocation, Scored};
use super::criterion::{Criterion, Level};
use super::evidence::Evidence;
use super::layer::Layer;
use super::pattern::Pattern;
use super::recipe::Pick;
use super::target::{Rule, Target, channels};

/// What competes under a pattern.
///
/// # Errors
/// When the pattern does not fit a weight.
pub fn targets(graph: &Graph, pattern: &Pick<dyn Pattern>) -> Result<Vec<Target>> {
    if pattern.part.physical() {
        return channels(graph);
    }
    graph
        .layers()
        .map(|(node, id)| {
            let units = pattern
                .part
                .units(&graph.values[id].shape, &pattern.args)
                .map_err(|e| e.at(&graph.nodes[node].name))?;
            Ok(Target::Weight { node, id, units })
        })
        .collect()
}

/// Scores of all units, target by target.
///
/// # Errors
/// When a criterion does not apply, or gives a score that is not a number.
pub fn score(
    graph: &Graph,
    targets: &[Target],
    criterion: &Pick<dyn Criterion>,
    evidence: &Evidence,
    seed: u64,
) -> Result<Vec<Scored>> {
    let weight = |node: usize, id: usize| -> Result<Tensor> {
        let layer = Layer::new(graph, &graph.nodes[node], id, evidence, seed);
        let scores = criterion.part.score(&layer, &criterion.args)?;
        if scores.iter().any(|s| s.is_nan()) {
            let message =
                format!("{}: {} gives a score that is not a number", layer.name(), criterion.part.meta().name);
            return Err(Error::unsupported(message).hint("the weights or gradients are not finite: check the model"));
        }
        Ok(scores)
    };
    let node_of = |id: usize| graph.layers().find(|l| l.1 == id).map(|l| l.0);
    let by_unit = criterion.part.level() == Level::Channel;
    targets
        .iter()
        .map(|target| {
            let (scores, shape, macs, weights) = match target {
                Target::Weight { node, id, units } => {
                    let scores = weight(*node, *id)?;
                    let shape = graph.values[*id].shape.clone();
                    let scores = if by_unit { scores.flat().to_vec() } else { units.mean(scores.flat()) };
                    (scores, shape, count::macs_of(graph, &graph.nodes[*node]), units.of.len())
                }
                Target::Channels(group) => {
                    let mut sums = vec![(0.0f64, 0usize); group.units.len()];
                    let (mut macs, mut weights) = (0, 0);
                    for &id in &group.makers {
                        let Some(node) = node_of(id) else { continue };
                        macs += count::macs_of(graph, &graph.nodes[node]);
                        weights += tensor::count(&graph.values[id].shape);
                        let scores = weight(node, id)?;
                        let each = scores.len() / graph.values[id].shape[0];
                        for (unit, (sum, n)) in group.units.iter().zip(&mut sums) {
                            for &(_, _, index) in unit.slices.iter().filter(|s| s.0 == id && s.1 == 0) {
                                *sum += scores.flat()[index * each..(index + 1) * each]
                                    .iter()
                                    .map(|&s| f64::from(s))
                                    .sum::<f64>();
                                *n += each;
                            }
                        }
                    }
                    let shape = group.makers.first().map(|&id| graph.values[id].shape.clone()).unwrap_or_default();
                    (sums.into_iter().map(|(s, n)| (s / n.max(1) as f64) as f32).collect(), shape, macs, weights)
                }
            };
            Ok(Scored { name: target.name(graph), scores, shape, macs, weights })
        })
        .collect()
}

/// Puts units that were cut earlier below all others, so that they stay cut.
pub fn forbid(graph: &Graph, targets: &[Target], masks: &Masks, scored: &mut [Scored]) {
    for (target, scored) in targets.iter().zip(scored) {
        for (score, kept) in scored.scores.iter_mut().zip(target.kept(graph, masks)) {
            if !kept {
                *score = f32::NEG_INFINITY;
            }
        }
    }
}

/// Units to keep of each target for a sparsity, at least `least` of each.
///
/// # Errors
/// When the allocation cannot serve.
pub fn allocate(
    scored: &[Scored],
    allocation: &Pick<dyn Allocation>,
    sparsity: f32,
    least: usize,
) -> Result<Vec<usize>> {
    let keep = allocation.part.keep(scored, sparsity, &allocation.args)?;
    Ok(keep.iter().zip(scored).map(|(&k, s)| k.max(least).min(s.scores.len())).collect())
}

/// Selects exactly `keep` units by score; ties go to the lower index.
pub fn select(scores: &[f32], keep: usize, rule: Rule) -> Vec<bool> {
    let mut out = vec![false; scores.len()];
    let mut best = |from: usize, len: usize, keep: usize| {
        let pairs = (from..from + len).map(|i| (scores[i], i));
        order::highest(pairs, keep).into_iter().for_each(|i| out[i] = true);
    };
    match rule {
        Rule::Free => best(0, scores.len(), keep),
        Rule::Groups { n, m } => (0..scores.len()).step_by(m).for_each(|i| best(i, m.min(scores.len() - i), n)),
        Rule::Rows(rows) => {
            let len = scores.len() / rows.max(1);
            // What does not divide goes to the first rows, one each.
            (0..rows).for_each(|r| best(r * len, len, keep / rows + usize::from(r < keep % rows)));
        }
    }
    out
}

/// Masks for kept units.
pub fn masks(graph: &Graph, targets: &[Target], scored: &[Scored], keep: &[usize], round: usize) -> Masks {
    let mut masks = Masks::default();
    for ((target, scored), &keep) in targets.iter().zip(scored).zip(keep) {
        let rule = match target {
            Target::Weight { units, .. } => units.rule,
            Target::Channels(_) => Rule::Free,
        };
        // Widths are rounded to the nearest multiple, and never to nothing.
        let keep =
            if round > 1 { ((keep + round / 2) / round * round).max(round).min(scored.scores.len()) } else { keep };
        let mut kept = select(&scored.scores, keep, rule);
        if let Target::Channels(group) = target {
            spare(group, &scored.scores, &mut kept);
        }
        target.mask(graph, &kept, &mut masks);
    }
    masks
}

/// A weight that makes some of a group's channels keeps the best of them, however low the group ranks it.
fn spare(group: &Group, scores: &[f32], kept: &mut [bool]) {
    for &maker in &group.makers {
        let made = |u: &usize| group.units[*u].slices.iter().any(|s| s.0 == maker && s.1 == 0);
        let own: Vec<usize> = (0..kept.len()).filter(made).collect();
        let best = own.iter().copied().reduce(|a, b| if scores[b] > scores[a] { b } else { a });
        if let Some(best) = best.filter(|_| own.iter().all(|&u| !kept[u])) {
            kept[best] = true;
        }
    }
}

/// Share of weights that masks cut, of all weights.
pub fn sparsity(graph: &Graph, masks: &Masks) -> f64 {
    let (mut kept, mut total) = (0, 0);
    for (_, value) in graph.values.iter().enumerate().filter(|(_, v)| v.role == Role::Weight) {
        total += tensor::count(&value.shape);
    }
    for (_, id) in graph.layers() {
        kept += masks.kept(id, tensor::count(&graph.values[id].shape));
    }
    1.0 - kept as f64 / total.max(1) as f64
}

/// Names the layers in which nothing is left.
pub fn collapsed(graph: &Graph, masks: &Masks) -> Vec<String> {
    let empty = |id: usize| masks.get(id).is_some_and(|mask| mask.iter().all(|&m| m == 0));
    graph.layers().filter(|&(_, id)| empty(id)).map(|(node, _)| graph.nodes[node].name.clone()).collect()
}
