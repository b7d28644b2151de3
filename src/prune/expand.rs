//! A recipe spelled out: all phases of a run, before anything runs.

use super::phase::{Boosting, Cut, Early, Factor, Phase, Recalibrate, Reinit, Rewind, Seek, Share, Train};
use super::recipe::Recipe;
use super::recovery::{Back, Retraining};
use super::rhythm::Rhythm;

/// All phases of a recipe with so many training images, in order.
pub fn expand(recipe: &Recipe, images: usize) -> Vec<Box<dyn Phase>> {
    let choice = &recipe.choice;
    let after = choice.recovery.part.after(&choice.recovery.args);
    let rhythm = choice.schedule.part.rhythm(recipe.sparsity, &choice.schedule.args);
    let rounds = match &rhythm {
        Rhythm::Rounds(shares) => shares.len(),
        _ => 1,
    };
    let pressing = choice.penalty.part.training(&choice.penalty.args);
    let first = usize::from(pressing.is_some());
    let tying = choice.fusion.part.training(&choice.fusion.args);
    let trainings = first + if after.train.is_some() { rounds } else { 0 } + usize::from(tying.is_some());
    let training = |round| after.train.as_ref().map(|own| trained(recipe, own, images, first + round, trainings));
    let mut phases: Vec<Box<dyn Phase>> = Vec::new();
    // The test of the network as it is comes first in a run: the seed of a training has counted it from the beginning.
    let seed = |phases: &Vec<Box<dyn Phase>>| recipe.seed.wrapping_add(1 + phases.len() as u64);
    let back = after.rewind.map(|back| if let Back::Step(step) = back { Some(step) } else { None });
    if let (Some(Some(stop)), Some(own)) = (back, training(0)) {
        let early = Train::new(Retraining { steps: own.steps.max(stop), ..own }, seed(&phases));
        phases.push(Box::new(Early::new(early.until(stop))));
    }
    if let Some((own, hook)) = &pressing {
        let own = trained(recipe, own, images, 0, trainings);
        let label = format!("Train with {}", choice.penalty.part.meta().name);
        phases.push(Box::new(Train::new(own, seed(&phases)).with(label, hook.clone())));
    }
    if choice.schedule.part.untrained() {
        phases.push(Box::new(Reinit));
    }
    for round in 0..rounds {
        // A gate cuts by itself.
        if let Some(energy) = choice.fusion.part.energy(&choice.fusion.args) {
            phases.push(Box::new(Factor::new(energy)));
        } else if let Some(density) = choice.runtime.part.density(&choice.runtime.args) {
            phases.push(Box::new(Boosting::new(density)));
        } else if let (Rhythm::Rounds(shares), false) = (&rhythm, choice.gate.part.gates()) {
            let (part, args) = (choice.criterion.part, &choice.criterion.args);
            let cut = Cut::new(shares[round], part.rounds(args), part.meta().name);
            phases.push(Box::new(if choice.search.part.searches() { cut.as_found() } else { cut }));
        }
        if let Some(to) = back {
            phases.push(Box::new(Rewind { to }));
        }
        if let Some(batches) = after.recalibrate {
            phases.push(Box::new(Recalibrate::new(batches)));
        }
        if let Some(own) = training(round) {
            let train = Train::new(own, seed(&phases));
            phases.push(Box::new(match &rhythm {
                Rhythm::Rounds(_) if choice.gate.part.gates() => train.gated(choice.gate.part.meta().name),
                Rhythm::Rounds(_) => train,
                _ => train.cutting(rhythm.clone()),
            }));
        }
    }
    if let Some(count) = choice.fusion.part.centroids(&choice.fusion.args) {
        phases.push(Box::new(Share::new(count)));
        if let Some((own, hook)) = tying {
            // A shared number's gradient is a sum over many weights: the rate is its own, whatever other trainings have.
            let own = Retraining { rate: own.rate, ..trained(recipe, &own, images, trainings - 1, trainings) };
            phases.push(Box::new(Train::new(own, seed(&phases)).with("Train the shared numbers".into(), hook)));
        }
    }
    // Times differ from machine to machine; the rest is the same wherever its shares are written down.
    if let Some((target, corrections)) = choice.search.part.target(&choice.search.args) {
        phases.insert(0, Box::new(Seek::new(target, corrections)));
    }
    phases
}

/// The training of a round: its own, but for what is set for the whole run. All rounds get the same share of the run's steps, the
/// first ones what does not divide.
fn trained(recipe: &Recipe, own: &Retraining, images: usize, round: usize, rounds: usize) -> Retraining {
    let settings = &recipe.training;
    let share = |steps: usize| (steps / rounds + usize::from(round < steps % rounds)).max(1);
    Retraining {
        steps: settings.total(images).map_or(own.steps, share),
        rate: settings.rate.unwrap_or(own.rate),
        distil: own.distil,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Result;
    use crate::base::part::Settings;

    fn stages(text: &str) -> Result<Vec<(String, usize)>> {
        let settings: Settings =
            text.split(' ').filter_map(|pair| pair.split_once('=')).map(|(k, v)| (k.into(), v.into())).collect();
        let told = |phase: Box<dyn Phase>| (phase.stage().kind, phase.stage().steps);
        Ok(expand(&Recipe::read(&settings)?, 640).into_iter().map(told).collect())
    }

    fn steps(text: &str) -> Result<Vec<usize>> {
        Ok(stages(text)?.into_iter().filter(|(kind, _)| kind == "train").map(|(_, steps)| steps).collect())
    }

    #[test]
    fn a_budget_is_shared_by_all_rounds() -> Result<()> {
        assert_eq!(steps("method=global-magnitude")?, [100], "the method's own");
        assert_eq!(steps("method=snip training.steps=50")?, [50]);
        assert_eq!(steps("method=imp schedule.rounds=4 training.steps=50")?, [13, 13, 12, 12]);
        assert_eq!(steps("method=gmp training.epochs=2 training.batch=64")?, [20]);
        assert_eq!(steps("method=gmp training.epochs=2 training.steps=7")?, [7]);
        let shared = "method=deep-compression fusion.steps=20 recovery.steps=30";
        assert_eq!(steps(shared)?, [30, 20], "shared numbers have steps of their own");
        assert_eq!(steps(&format!("{shared} training.steps=50"))?, [25, 25], "or their part of the budget");
        assert_eq!(steps("method=wanda training.steps=50")?, [0; 0], "what does not train does not begin to");
        Ok(())
    }

    #[test]
    fn phases_come_in_their_order() -> Result<()> {
        let kinds =
            |text: &str| -> Result<Vec<String>> { Ok(stages(text)?.into_iter().map(|(kind, _)| kind).collect()) };
        assert_eq!(kinds("schedule=before")?, ["reinit", "prune", "train"]);
        assert_eq!(kinds("schedule=cubic")?, ["train"]);
        assert_eq!(kinds("fusion=low-rank")?, ["fuse", "train"], "in place of a cut");
        assert_eq!(kinds("runtime=fbs")?, ["boost", "train"], "in place of a cut");
        assert_eq!(kinds("fusion=kmeans")?, ["prune", "train", "fuse"], "behind all else");
        assert_eq!(kinds("fusion=kmeans fusion.steps=9 recovery=none")?, ["prune", "fuse", "train"]);
        let twice = "schedule=iterative schedule.rounds=2 recovery=rewind recovery.to=5";
        assert_eq!(kinds(twice)?, ["train", "prune", "rewind", "train", "prune", "rewind", "train"]);
        Ok(())
    }
}
