//! What one setting takes from another: told before a run and in its record, and locked in the form.

use std::collections::BTreeMap;

use super::Settings;
use super::recipe::{Recipe, SPARSITY};
use super::training::{EPOCHS, RATE, STEPS, TRAINING, TrainingSettings};

impl Recipe {
    /// Lets the pattern have its own share, where it has one. Settings that others overrule or that nothing reads, in a
    /// sentence each.
    pub(super) fn overrule(&mut self, settings: &Settings) -> Vec<String> {
        let mut out = Vec::new();
        if let Some(fixed) = self.choice.pattern.part.sparsity(&self.choice.pattern.args) {
            let asked = std::mem::replace(&mut self.sparsity, fixed);
            // A share that was written down and read back differs in its last digits.
            if settings.contains_key(SPARSITY.key) && (asked - fixed).abs() > 1e-4 {
                let (name, fixed, asked) = (self.pattern_name(), percent(fixed), percent(asked));
                out.push(format!("{name} always cuts {fixed}: the {asked} asked for was not used."));
            }
        }
        if let (Some(why), true) = (self.follows(), settings.contains_key(SPARSITY.key)) {
            out.push(format!("{why}: the {} asked for was not used.", percent(self.sparsity)));
        }
        out.extend(self.unused(settings));
        out
    }

    /// Why the share that is cut is no matter of the sparsity asked for, where that is so.
    pub fn follows(&self) -> Option<String> {
        let (gate, search) = (self.choice.gate.part, &self.choice.search);
        if gate.follows() {
            return Some(format!("{} cuts what its thresholds come to", gate.meta().name));
        }
        let fusion = &self.choice.fusion;
        if fusion.part.energy(&fusion.args).is_some() {
            return Some(format!("{} leaves out what its share of the energy comes to", fusion.part.meta().name));
        }
        let runtime = &self.choice.runtime;
        if let Some(density) = runtime.part.density(&runtime.args) {
            let name = runtime.part.meta().name;
            return Some(format!(
                "{name} cuts no weight: each image runs {} of each layer's channels",
                percent(density as f32)
            ));
        }
        let (target, _) = search.part.target(&search.args)?;
        Some(format!("{} cuts what makes the network {target}× faster here", search.part.meta().name))
    }

    /// Settings for training that nothing reads, in a sentence each.
    fn unused(&self, settings: &Settings) -> Vec<String> {
        let given = |key: &str| settings.get(key).is_some_and(|value| value != "own");
        let recovery = &self.choice.recovery;
        let trains = recovery.part.after(&recovery.args).train.is_some();
        if !trains && TRAINING.iter().any(|param| given(param.key) && param.key != RATE.key) {
            let name = recovery.part.meta().name;
            return vec![format!("This recipe does not train ({name}): no training step was made.")];
        }
        let pairs = [(&STEPS, "recovery.steps"), (&EPOCHS, "recovery.steps"), (&RATE, "recovery.lr")];
        let both = pairs.iter().filter(|(param, own)| trains && given(param.key) && given(own));
        let mut out: Vec<String> =
            both.map(|(param, own)| format!("{} counts for the whole run: {own} was not used.", param.key)).collect();
        if trains && given(STEPS.key) && given(EPOCHS.key) {
            out.push(format!("{} counts: {} was not used.", STEPS.key, EPOCHS.key));
        }
        out
    }

    /// Settings that the others fix, by key, each with a sentence that says why.
    pub fn fixed(&self) -> BTreeMap<&'static str, String> {
        let mut out = BTreeMap::new();
        if let Some(share) = self.choice.pattern.part.sparsity(&self.choice.pattern.args) {
            out.insert(SPARSITY.key, format!("{} always cuts {}.", self.pattern_name(), percent(share)));
        }
        if let Some(why) = self.follows() {
            out.insert(SPARSITY.key, format!("{why}."));
        }
        if self.choice.search.part.searches() {
            out.insert("allocation", "The search gives each layer its share.".into());
        }
        let TrainingSettings { steps, epochs, rate, .. } = self.training;
        if steps.is_some() || epochs.is_some() {
            out.insert("recovery.steps", "The steps of the whole run are set under Training.".into());
        }
        if rate.is_some() {
            out.insert("recovery.lr", "The learning rate of the whole run is set under Training.".into());
        }
        out
    }

    /// The pattern's name, with its numbers where it has N and M.
    pub fn pattern_name(&self) -> String {
        match self.choice.pattern.part.groups(&self.choice.pattern.args) {
            Some((n, m)) => format!("{n}:{m}"),
            None => self.choice.pattern.part.meta().name.into(),
        }
    }
}

/// A share without needless decimals: 50%, 87.5%.
pub fn percent(share: f32) -> String {
    format!("{}%", (f64::from(share) * 1e4).round() / 1e2)
}
