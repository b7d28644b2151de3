//! Every pair of parts that go together does so in some run: recipes that cover all pairs, walked to their end on small networks.

use std::collections::BTreeSet;

use secateur::base::{Flat, Result};
use secateur::prune::axis::{AXES, parts};
use secateur::prune::recipe::Recipe;

use super::phase::alone;
use super::session::settings;

/// A part of an axis, by name.
type Chosen = (&'static str, &'static str);

/// Little of everything: what is asked for here is whether parts get along, not what comes of it.
const LITTLE: &str = "sparsity=0.5 calibration=16 training.batch=8 training.steps=2";

/// And of what single parts would do often.
const FEW: [(&str, &str); 2] = [("iterative", "schedule.rounds=2"), ("bn-recalibrate", "recovery.batches=2")];

fn text(chosen: &[Chosen]) -> String {
    let few = |part: &str| FEW.iter().find(|(often, _)| *often == part).map_or("", |(_, few)| few);
    chosen.iter().fold(LITTLE.to_owned(), |text, (axis, part)| format!("{text} {axis}={part} {}", few(part)))
}

fn goes(chosen: &[Chosen]) -> bool {
    Recipe::read(&settings(&text(chosen))).is_ok()
}

fn pair(a: Chosen, b: Chosen) -> (Chosen, Chosen) {
    if a < b { (a, b) } else { (b, a) }
}

/// Recipes in which every pair that goes together stands at least once: each begins with a pair that is still missing, and takes of
/// each other axis the part that brings most of what is missing.
fn covering() -> Vec<Vec<Chosen>> {
    let of = |axis: &'static str| parts(axis).into_iter().map(move |meta| (axis, meta.id));
    let all: Vec<Chosen> = AXES.iter().flat_map(|axis| of(axis.id)).collect();
    let apart = |a: &Chosen, b: &Chosen| a.0 != b.0;
    let pairs = all.iter().flat_map(|&a| all.iter().filter(move |b| a < **b && apart(&a, b)).map(move |&b| (a, b)));
    let mut missing: BTreeSet<(Chosen, Chosen)> = pairs.filter(|&(a, b)| goes(&[a, b])).collect();
    let mut recipes = Vec::new();
    while let Some((a, b)) = missing.first().copied() {
        let mut recipe = vec![a, b];
        for axis in AXES.iter().filter(|axis| ![a.0, b.0].contains(&axis.id)) {
            let brings = |part: Chosen| recipe.iter().filter(|&&other| missing.contains(&pair(part, other))).count();
            let mut offers: Vec<Chosen> = of(axis.id).collect();
            offers.sort_by_key(|&part| std::cmp::Reverse(brings(part)));
            let fits = offers.into_iter().find(|&part| goes(&[&recipe[..], &[part]].concat()));
            recipe.extend(fits);
        }
        for (i, &one) in recipe.iter().enumerate() {
            recipe[..i].iter().for_each(|&other| {
                missing.remove(&pair(one, other));
            });
        }
        recipes.push(recipe);
    }
    recipes
}

/// The quickest network that has what a recipe needs: branches, batch norms, layers that are narrow enough to be solved for.
fn network(recipe: &[Chosen]) -> &'static str {
    let chose = |part: &str| recipe.iter().any(|(_, chosen)| *chosen == part);
    let solves = recipe.iter().any(|(axis, part)| *axis == "solver" && *part != "none");
    match () {
        () if chose("branch") => "resnet8",
        () if solves || ["bn-scale", "bn-l1", "low-rank", "fbs"].into_iter().any(chose) => "mobilenet-small",
        () => "lenet-5",
    }
}

#[test]
fn every_pair_of_parts_runs_together() -> Result<()> {
    let (mut ran, mut refused) = (0, Vec::new());
    for recipe in covering() {
        let text = text(&recipe);
        let (state, _) = match alone(network(&recipe), &text, 80) {
            Ok(left) => left,
            // What a network does not have is said when it is looked at.
            Err(error) => {
                assert!(!error.hint.is_empty(), "{text}: {error}");
                refused.push(format!("{text}: {error}"));
                continue;
            }
        };
        for (id, mask) in state.masks.iter() {
            let numbers = state.graph.data(id)?.flat();
            assert_eq!(numbers.len(), mask.len(), "{text}: a mask of another size");
            let zero = numbers.iter().zip(mask).all(|(x, keep)| *keep == 1 || x.to_bits() == 0);
            assert!(zero, "{text}: a cut weight is not zero");
        }
        state.graph.check_finite().map_err(|e| e.at(&text))?;
        ran += 1;
    }
    println!("{ran} recipes ran; refused: {refused:#?}");
    assert!(ran > 100 && refused.len() * 20 < ran, "{ran} ran, and refused were {refused:#?}");
    Ok(())
}
