//! A recipe spelled out: all phases of a run, before anything runs.

use super::phase::{Phase, Train};
use super::recipe::Recipe;

/// All phases of a recipe with so many training images, in order.
pub fn expand(recipe: &Recipe, images: usize) -> Vec<Phase> {
    let (recovery, training) = (&recipe.choice.recovery, &recipe.training);
    let mut after = recovery.part.after(&recovery.args);
    let spread =
        |after: &[Phase]| recipe.choice.schedule.part.expand(recipe.sparsity, after, &recipe.choice.schedule.args);
    if let Some(rate) = training.rate {
        after.iter_mut().filter_map(Phase::training).for_each(|train| train.rate = rate);
    }
    if let Some(steps) = training.total(images) {
        // Schedules place their cuts by the steps that there are: each round is told its share before it is spread.
        let rounds = spread(&after).iter_mut().filter_map(Phase::training).count().max(1);
        after.iter_mut().filter_map(Phase::training).for_each(|train| train.steps = (steps / rounds).max(1));
        let mut phases = spread(&after);
        share_out(&mut phases, steps);
        after = phases;
    } else {
        after = spread(&after);
    }
    let first = after.iter_mut().find_map(Phase::training).cloned();
    match (recovery.part.early(&recovery.args), first) {
        (Some(stop), Some(train)) => {
            std::iter::once(Phase::Early(Train { stop: Some(stop), steps: train.steps.max(stop), ..train }))
                .chain(after)
                .collect()
        }
        _ => after,
    }
}

/// Gives each training of some phases its share of the steps: all alike, the first ones what does not divide.
fn share_out(phases: &mut [Phase], steps: usize) {
    let rounds = phases.iter().filter(|phase| matches!(phase, Phase::Train(_))).count().max(1);
    for (i, train) in phases.iter_mut().filter_map(Phase::training).enumerate() {
        train.steps = (steps / rounds + usize::from(i < steps % rounds)).max(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Result;
    use crate::base::part::Settings;

    fn steps(text: &str) -> Result<Vec<usize>> {
        let settings: Settings =
            text.split(' ').filter_map(|pair| pair.split_once('=')).map(|(k, v)| (k.into(), v.into())).collect();
        let trained = |mut phase: Phase| phase.training().map(|train| train.steps);
        Ok(expand(&Recipe::read(&settings)?, 640).into_iter().filter_map(trained).collect())
    }

    #[test]
    fn a_budget_is_shared_by_all_rounds() -> Result<()> {
        assert_eq!(steps("method=global-magnitude")?, [100], "the method's own");
        assert_eq!(steps("method=snip training.steps=50")?, [50]);
        assert_eq!(steps("method=imp schedule.rounds=4 training.steps=50")?, [13, 13, 12, 12]);
        assert_eq!(steps("method=gmp training.epochs=2 training.batch=64")?, [20]);
        assert_eq!(steps("method=gmp training.epochs=2 training.steps=7")?, [7]);
        assert_eq!(steps("method=wanda training.steps=50")?, [0; 0], "what does not train does not begin to");
        Ok(())
    }

    #[test]
    fn a_gradual_cut_ends_within_its_budget() -> Result<()> {
        let settings = [("method", "gmp"), ("training.steps", "40")].map(|(k, v)| (k.to_string(), v.to_string()));
        for phase in expand(&Recipe::read(&settings.into())?, 640) {
            if let Phase::Train(train) = phase {
                assert!(train.ramp.is_some_and(|ramp| ramp.end < 40), "{train:?}");
            }
        }
        Ok(())
    }
}
