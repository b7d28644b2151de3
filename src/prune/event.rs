//! One pruning event: targets, evidence, scores, allocation, selection, masks. Runs, the page's preview and the contract tests
//! call the same.

use crate::base::part::{Args, words};
use crate::base::{Error, Flat, Result, Tensor, order, tensor};
use crate::graph::op::OpKind;
use crate::graph::{Graph, Masks, Node, Role, ValueId, count, couple::Group};

use super::allocation::{Allocation, Scored};
use super::axis::Pick;
use super::criterion::{self, Criterion, Level};
use super::layer::Layer;
use super::pattern::Pattern;
use super::probe::{self, Evidence};
use super::recipe::{Recipe, SPARE};
use super::target::{SelectRule, Target};

/// What competes under a pattern.
///
/// # Errors
/// When the pattern does not fit a weight, or the network has nothing that it could cut.
pub fn targets(graph: &Graph, pattern: &Pick<dyn Pattern>) -> Result<Vec<Target>> {
    let (part, mut out) = (pattern.part, Vec::new());
    if part.physical() {
        out = part.groups_of(graph, &pattern.args)?.into_iter().map(Target::Channels).collect();
    } else {
        // Where whole channels go, the layer that gives the answers is left out: it would lose classes.
        let spared = if part.channelwise() { graph.answering() } else { Vec::new() };
        for (node, id) in graph.layers().filter(|(_, id)| !spared.contains(id)) {
            let units =
                part.units(&graph.values[id].shape, &pattern.args).map_err(|e| e.at(&graph.nodes[node].name))?;
            let along = if part.channelwise() { along(graph, &graph.nodes[node]) } else { Vec::new() };
            out.push(Target::Weight { node, id, units, along });
        }
    }
    if out.is_empty() {
        let what = format!("{} finds nothing in this network that can go", part.meta().name);
        return Err(Error::setting("pattern", what).hint("choose another pattern, or a network with more layers"));
    }
    Ok(out)
}

/// What competes under a recipe: what the pattern finds, without the layers that are spared.
///
/// # Errors
/// As for [`targets`]; and when there is no such layer, or all are spared.
pub fn candidates(graph: &Graph, recipe: &Recipe) -> Result<Vec<Target>> {
    let spared = spared(graph, &recipe.spare)?;
    let mut out = targets(graph, &recipe.choice.pattern)?;
    out.retain_mut(|target| match target {
        Target::Weight { id, .. } => !spared.contains(id),
        Target::Channels(group) if group.bypasses() => {
            // Branches share no weight: one that holds a spared layer stays, and the others still compete.
            group.units.retain(|unit| !unit.slices.iter().any(|(id, ..)| spared.contains(id)));
            !group.units.is_empty()
        }
        Target::Channels(group) => !group.makers.iter().any(|id| spared.contains(id)),
    });
    if out.is_empty() {
        let what = format!("with spare={} nothing is left that can go", recipe.spare);
        return Err(Error::setting(SPARE.key, what).hint("spare fewer layers"));
    }
    Ok(out)
}

/// The weights that a list of names spares.
///
/// # Errors
/// When there is no layer of a name.
pub fn spared(graph: &Graph, text: &str) -> Result<Vec<ValueId>> {
    let layers: Vec<(usize, ValueId)> = graph.layers().collect();
    let named = |word: &str| layers.iter().find(|(node, _)| graph.nodes[*node].name == word);
    let mut out = Vec::new();
    for word in words(text).filter(|word| *word != "none") {
        let found = match word {
            "first" => named(word).or(layers.first()),
            "last" => named(word).or(layers.last()),
            _ => named(word),
        };
        let Some((_, id)) = found else {
            let names: Vec<&str> = layers.iter().map(|(node, _)| graph.nodes[*node].name.as_str()).collect();
            return Err(Error::setting(SPARE.key, format!("spare: there is no layer '{word}'"))
                .hint(format!("take none, first, last, or some of {}", names.join(", "))));
        };
        out.push(*id);
    }
    Ok(out)
}

/// Scores of all units, target by target.
///
/// # Errors
/// When a criterion does not apply, or gives NaN as a score.
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
            let message = format!("{}: {} gives NaN as a score", layer.name(), criterion.part.meta().name);
            return Err(Error::unsupported(message).hint("the weights or gradients are not finite: check the model"));
        }
        Ok(scores)
    };
    let node_of = |id: usize| graph.layers().find(|l| l.1 == id).map(|l| l.0);
    let by_unit = criterion.part.level() == Level::Channel;
    let by_branch = criterion.part.level() == Level::Branch;
    targets
        .iter()
        .map(|target| {
            let (scores, shape, macs, weights) = match target {
                Target::Weight { node, id, units, .. } => {
                    let scores = weight(*node, *id)?;
                    let shape = graph.values[*id].shape.clone();
                    let scores = if by_unit { scores.flat().to_vec() } else { units.mean(scores.flat()) };
                    (scores, shape, count::macs_of(graph, &graph.nodes[*node]), units.of.len())
                }
                Target::Channels(group) => {
                    let mut sums: Vec<(f64, usize)> = vec![(0.0, 0); group.units.len()];
                    let branches = group.units.iter().map(|unit| unit.bypass).zip(&mut sums).filter(|_| by_branch);
                    for (at, sum) in branches {
                        let at = at.ok_or_else(|| Error::unsupported("a unit that is no branch"))?;
                        *sum = (f64::from(criterion.part.branch(&at, evidence)?), 1);
                    }
                    let (mut macs, mut weights) = (0, 0);
                    for &id in &group.makers {
                        let Some(node) = node_of(id) else { continue };
                        macs += count::macs_of(graph, &graph.nodes[node]);
                        weights += tensor::count(&graph.values[id].shape);
                        if by_branch {
                            continue;
                        }
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

/// Whether each layer that takes part has what the criterion looks at, as far as that can be known before a run.
///
/// # Errors
/// When one has not, or the pattern does not fit; the message names the layer.
pub fn ask(graph: &Graph, targets: &[Target], criterion: &Pick<dyn Criterion>) -> Result<()> {
    let evidence = Evidence::default();
    for (node, id) in graph.layers() {
        let takes_part = |target: &Target| match target {
            Target::Weight { id: own, .. } => *own == id,
            Target::Channels(group) => group.makers.contains(&id),
        };
        if targets.iter().any(takes_part) {
            criterion.part.ask(&Layer::new(graph, &graph.nodes[node], id, &evidence, 0))?;
        }
    }
    Ok(())
}

/// One event: masks for a sparsity. What earlier events cut stays cut and takes no part.
///
/// # Errors
/// When the pattern, the criterion or the allocation does not fit the network.
pub fn cut(graph: &Graph, recipe: &Recipe, mut evidence: Evidence, old: &Masks, sparsity: f32) -> Result<Masks> {
    evidence.cut = old.clone();
    let targets = candidates(graph, recipe)?;
    let mut scored = score(graph, &targets, &recipe.choice.criterion, &evidence, recipe.seed)?;
    forbid(graph, &targets, old, &mut scored);
    let keep = allocate(&scored, &recipe.choice.allocation, sparsity, recipe.min_keep)?;
    let mut new = masks(graph, &targets, &scored, &keep, recipe.choice.pattern.part.round(&recipe.choice.pattern.args));
    new.hold(old);
    Ok(new)
}

/// What stands in for a recipe's scores where they cannot be had at once, without any image: and why.
pub fn stand_in(recipe: &Recipe) -> Option<(Pick<dyn Criterion>, &'static str)> {
    let criterion = recipe.choice.criterion.part;
    let why = if probe::see_examples(criterion.probes()) {
        "Magnitudes stand in: this criterion looks at images."
    } else if !criterion.probes().is_empty() {
        "Magnitudes stand in: this criterion takes its scores in many rounds."
    } else if recipe.choice.schedule.part.untrained() && criterion.reads_weights() {
        "Trained weights stand in: the run draws new ones first."
    } else {
        return None;
    };
    let part = criterion::stand_in(criterion.level());
    Some((Pick { part, args: Args::defaults(part.meta()) }, why))
}

/// Why nothing can be said of a cut before a run makes it, where that is so.
pub fn unforeseen(recipe: &Recipe) -> Option<String> {
    // Where each image chooses, there is nothing to foresee.
    let chooses = recipe.choice.runtime.part.density(&recipe.choice.runtime.args).is_some();
    let more = if chooses { "" } else { ": how much that is, and where, shows when it runs" };
    recipe.follows().map(|why| format!("{why}{more}."))
}

/// Units to keep of each target for a sparsity, at least `least` of each as far as there are so many.
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
    Ok(keep.iter().zip(scored).map(|(&k, s)| k.max(least).min(s.alive())).collect())
}

/// Selects exactly `keep` units by score, or all that are left where there are fewer; ties go to the lower index. A unit that
/// was cut earlier never comes back, whatever count is asked for.
pub fn select(scores: &[f32], keep: usize, rule: SelectRule) -> Vec<bool> {
    let mut out = vec![false; scores.len()];
    let mut best = |from: usize, len: usize, keep: usize| {
        let pairs = (from..from + len).map(|i| (scores[i], i)).filter(|(score, _)| *score != f32::NEG_INFINITY);
        order::highest(pairs, keep).into_iter().for_each(|i| out[i] = true);
    };
    match rule {
        SelectRule::Free => best(0, scores.len(), keep),
        SelectRule::Groups { n, m } => (0..scores.len()).step_by(m).for_each(|i| best(i, m.min(scores.len() - i), n)),
        SelectRule::Rows(rows) => {
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
            Target::Channels(_) => SelectRule::Free,
        };
        // Widths are rounded to the nearest multiple, never to nothing, and never up to channels that are gone.
        let keep = if round > 1 { ((keep + round / 2) / round * round).max(round).min(scored.alive()) } else { keep };
        let mut kept = select(&scored.scores, keep, rule);
        if let Target::Channels(group) = target
            && !group.bypasses()
        {
            spare(group, &scored.scores, &mut kept);
        }
        target.mask(graph, &kept, &mut masks);
    }
    masks
}

/// A weight that makes some of a group's channels keeps the best of them, however low the group ranks it.
fn spare(group: &Group, scores: &[f32], kept: &mut [bool]) {
    for &maker in &group.makers {
        let made = |u: &usize| {
            scores[*u] != f32::NEG_INFINITY && group.units[*u].slices.iter().any(|s| s.0 == maker && s.1 == 0)
        };
        let own: Vec<usize> = (0..kept.len()).filter(made).collect();
        let best = own.iter().copied().reduce(|a, b| if scores[b] > scores[a] { b } else { a });
        if let Some(best) = best.filter(|_| own.iter().all(|&u| !kept[u])) {
            kept[best] = true;
        }
    }
}

/// Bias of a layer, and scale and shift of the batch norm behind it: where nothing but operators that leave zero at zero stand
/// between, a channel sends on a constant unless these go with it.
fn along(graph: &Graph, node: &Node) -> Vec<ValueId> {
    let mut out: Vec<ValueId> = node.ins.iter().copied().filter(|&id| graph.values[id].role == Role::Bias).collect();
    let mut at = node;
    loop {
        let mut readers = graph.readers(at.out);
        let (Some(reader), None) = (readers.next(), readers.next()) else { return out };
        match reader.op {
            OpKind::BatchNorm(_) => {
                out.extend(reader.ins.iter().copied().filter(|&id| graph.values[id].role == Role::Bias));
                return out;
            }
            OpKind::Relu(_) | OpKind::LeakyRelu(_) | OpKind::Dropout(_) | OpKind::Identity(_) => at = reader,
            _ => return out,
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
