//! What a cut came to against what was asked for, and why it is another share.

use crate::base::{Result, tensor};
use crate::graph::{Graph, Masks, count};

use super::event::candidates;
use super::recipe::Recipe;
use super::remarks::percent;
use super::target::Target;

/// Shares nearer than this are the same, beyond what whole units make of them; and where layers stay whole, which is told.
const CLOSE: [f64; 2] = [0.000_5, 0.01];
/// Layers that a sentence names one by one.
const NAMED: usize = 4;

/// A cut in numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Reached {
    /// Share that is cut, of what the sparsity counts.
    pub share: f64,
    /// What that is: `weights`, `channels`, `filters`, `multiply-adds`.
    pub of: &'static str,
    /// What a reader must know of it: layers that stay whole, a share that was missed.
    pub notes: Vec<String>,
}

/// What masks cut of a network, against a recipe's sparsity. `before` is what was cut when the recipe began.
///
/// # Errors
/// When the pattern does not fit the network.
pub fn reached(graph: &Graph, recipe: &Recipe, masks: &Masks, before: &Masks) -> Result<Reached> {
    let targets = candidates(graph, recipe)?;
    let (of, share) = (counted(recipe), share(graph, recipe, &targets, masks));
    let mut notes = Vec::new();
    let whole = whole(graph, recipe, &targets);
    if let (Some((_, m)), false) = (recipe.choice.pattern.part.groups(&recipe.choice.pattern.args), whole.is_empty()) {
        let stays = if whole.len() == 1 { "stays" } else { "stay" };
        notes.push(format!("{} {stays} whole: inputs there do not divide by {m}.", list(&whole)));
    }
    let wanted = f64::from(recipe.sparsity);
    let close = CLOSE[usize::from(!whole.is_empty())].max(rounding(graph, recipe, &targets));
    if (share - wanted).abs() > close && recipe.follows().is_none() {
        let why = reasons(graph, recipe, &targets, masks, before, share > wanted);
        let why = if why.is_empty() { "no cut comes nearer".into() } else { why.join(", and ") };
        notes.push(format!(
            "{:.1}% of the {of} are cut, not the {} asked for: {why}.",
            100.0 * share,
            percent(recipe.sparsity)
        ));
    }
    Ok(Reached { share, of, notes })
}

/// What the sparsity is a share of.
fn counted(recipe: &Recipe) -> &'static str {
    let pattern = recipe.choice.pattern.part;
    match () {
        () if recipe.choice.allocation.part.counts_macs() => "multiply-adds",
        () if pattern.bypasses() => "branches",
        () if pattern.physical() => "channels",
        () if pattern.channelwise() => "filters",
        () => "weights",
    }
}

fn share(graph: &Graph, recipe: &Recipe, targets: &[Target], masks: &Masks) -> f64 {
    let (mut cut, mut total) = (0.0, 0.0);
    let by_unit = recipe.choice.pattern.part.channelwise();
    for target in targets {
        let kept = target.kept(graph, masks);
        let (gone, all) = match target {
            Target::Weight { id, .. } if !by_unit => {
                let all = tensor::count(&graph.values[*id].shape);
                (all - masks.kept(*id, all), all)
            }
            _ => (kept.iter().filter(|kept| !**kept).count(), kept.len()),
        };
        let each =
            if recipe.choice.allocation.part.counts_macs() { macs(graph, target) / all.max(1) as f64 } else { 1.0 };
        cut += gone as f64 * each;
        total += all as f64 * each;
    }
    cut / f64::max(total, f64::MIN_POSITIVE)
}

/// How far whole units may be from a share: half of one in each layer.
fn rounding(graph: &Graph, recipe: &Recipe, targets: &[Target]) -> f64 {
    let costs = |target: &Target| {
        let whole =
            if recipe.choice.allocation.part.counts_macs() { macs(graph, target) } else { target.units() as f64 };
        (whole / target.units().max(1) as f64, whole)
    };
    let (halves, total) =
        targets.iter().map(costs).fold((0.0, 0.0), |(h, t), (unit, whole)| (h + 0.5 * unit, t + whole));
    halves / f64::max(total, f64::MIN_POSITIVE)
}

fn macs(graph: &Graph, target: &Target) -> f64 {
    let made = |id: usize| match target {
        Target::Weight { id: own, .. } => *own == id,
        Target::Channels(group) => group.makers.contains(&id),
    };
    graph.layers().filter(|&(_, id)| made(id)).map(|(node, _)| count::macs_of(graph, &graph.nodes[node]) as f64).sum()
}

/// Layers that a rule of N and M leaves alone.
fn whole<'a>(graph: &'a Graph, recipe: &Recipe, targets: &[Target]) -> Vec<&'a str> {
    let ruled = recipe.choice.pattern.part.groups(&recipe.choice.pattern.args).is_some();
    let alone = |target: &Target| match target {
        Target::Weight { node, units, .. } if ruled && units.count == 1 => Some(*node),
        _ => None,
    };
    targets.iter().filter_map(alone).map(|node| graph.nodes[node].name.as_str()).collect()
}

/// What kept a cut from the share asked for.
fn reasons(
    graph: &Graph,
    recipe: &Recipe,
    targets: &[Target],
    masks: &Masks,
    before: &Masks,
    more: bool,
) -> Vec<String> {
    let mut why = Vec::new();
    let round = recipe.choice.pattern.part.round(&recipe.choice.pattern.args);
    if round > 1 {
        why.push(format!("widths are kept at multiples of {round}"));
    }
    let kept = |target: &Target, masks: &Masks| target.kept(graph, masks).iter().filter(|kept| **kept).count();
    let least = recipe.min_keep;
    let bound = |target: &Target| target.units() > least && kept(target, masks) == least.min(kept(target, before));
    if !more && least > 0 && targets.iter().any(bound) {
        why.push(format!("every layer keeps at least {least}"));
    }
    if more && !before.is_empty() {
        why.push("more than that was zero before, and stays so".into());
    }
    if !more && !whole(graph, recipe, targets).is_empty() {
        why.push("not every layer can be cut".into());
    }
    why
}

/// "a", "a and b", "a, b and 5 others".
fn list(names: &[&str]) -> String {
    match names {
        [one] => (*one).into(),
        [first @ .., last] if names.len() <= NAMED => format!("{} and {last}", first.join(", ")),
        _ => format!("{} and {} others", names[..NAMED.min(names.len())].join(", "), names.len().saturating_sub(NAMED)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prune::Settings;
    use crate::prune::event::cut;
    use crate::prune::probe::Evidence;
    use crate::zoo;

    fn notes(model: &str, text: &str) -> Result<(f64, Vec<String>)> {
        let settings: Settings =
            text.split(' ').filter_map(|pair| pair.split_once('=')).map(|(k, v)| (k.into(), v.into())).collect();
        let (graph, recipe) = (zoo::find(model)?.build(1)?, Recipe::read(&settings)?);
        let masks = cut(&graph, &recipe, Evidence::default(), &Masks::default(), recipe.sparsity)?;
        let Reached { share, notes, .. } = reached(&graph, &recipe, &masks, &Masks::default())?;
        Ok((share, notes))
    }

    #[test]
    fn a_share_that_is_met_needs_no_word() -> Result<()> {
        for text in [
            "sparsity=0.9",
            "sparsity=0.5 allocation=layer pattern=row criterion=l2-norm",
            "sparsity=0.5 pattern=channel criterion=l1-norm allocation=layer",
            "sparsity=0.9 allocation=macs",
            "sparsity=0 allocation=layer",
        ] {
            assert_eq!(notes("resnet14", text)?.1, [""; 0], "{text}");
        }
        Ok(())
    }

    #[test]
    fn what_is_overruled_or_missed_is_told_with_what_was_reached() -> Result<()> {
        let cases = [
            ("pattern=n:m allocation=layer", "conv1 stays whole: inputs there do not divide by 4."),
            ("pattern=n:m pattern.m=16 allocation=layer", "not the 87.5% asked for: not every layer can be cut."),
            ("pattern=channel criterion=l1-norm allocation=layer pattern.round=32 sparsity=0.9", "multiples of 32"),
            ("sparsity=0.99 min_keep=64 allocation=layer", "every layer keeps at least 64"),
        ];
        for (text, said) in cases {
            let model = if text.contains("m=16") { "mobilenet-small" } else { "resnet8" };
            let (share, notes) = notes(model, text)?;
            assert!(notes.iter().any(|note| note.contains(said)), "{text}: {notes:?}");
            let told = format!("{:.1}%", 100.0 * share);
            assert!(!said.contains("asked for:") || notes.iter().any(|note| note.starts_with(&told)), "{notes:?}");
        }
        Ok(())
    }
}
