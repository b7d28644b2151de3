//! Checking settings before anything runs: what is wrong, what would clash, what a run would do.

use std::collections::BTreeMap;

use serde::Serialize;
use ts_rs::TS;

use crate::base::{Error, Result};
use crate::data;
use crate::graph::ValueId;
use crate::prune::axis::{AXES, parts};
use crate::prune::expand::expand;
use crate::prune::solver;
use crate::prune::told::Stage;
use crate::prune::{Recipe, Settings, event, method};
use crate::zoo;

use super::{Session, plan};

/// What a check of settings says.
#[derive(Debug, Serialize, TS)]
pub struct Check {
    /// Whether a run can start.
    pub ok: bool,
    /// What is wrong.
    pub errors: Vec<Error>,
    /// Parts that do not go with the rest or with this network, with reasons, by axis.
    pub disabled: BTreeMap<String, BTreeMap<String, String>>,
    /// Settings that other settings fix, with reasons, by key.
    pub fixed: BTreeMap<&'static str, String>,
    /// The settings, completed.
    pub settings: Settings,
    /// The method: the one that is named, else the one whose choices these are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub method: Option<&'static str>,
    /// Keys of settings that are not as the method has them, where they say what it is.
    pub changed: Vec<String>,
    /// What a run would do.
    pub timeline: Vec<Stage>,
    /// What is worth knowing beforehand.
    pub warnings: Vec<String>,
}

impl Session {
    /// Checks settings, says what does not go together and what a run would do.
    pub fn check(&self, settings: &Settings) -> Check {
        let mut check = Check {
            ok: true,
            errors: Vec::new(),
            disabled: self.disabled(settings),
            fixed: BTreeMap::new(),
            settings: settings.clone(),
            method: None,
            changed: Vec::new(),
            timeline: Vec::new(),
            warnings: Vec::new(),
        };
        match self.read(settings) {
            Ok(recipe) => {
                check.settings.extend(recipe.settings());
                if let Some(method) = method::of(&check.settings) {
                    check.method = Some(method.id);
                    check.changed = method.changed_by(settings);
                }
                if let Ok((model, _)) = self.network() {
                    check.settings.entry("model".into()).or_insert_with(|| model.id.into());
                    check.settings.entry("data".into()).or_insert_with(|| model.data.into());
                }
                check.fixed = recipe.fixed();
                check.timeline = plan::stages(&recipe, self.around(&recipe));
                check.warnings.extend(recipe.remarks.iter().cloned());
                check.warnings.extend(self.gpu.missing(&recipe));
                check.warnings.extend(self.idle_phase(&recipe));
                check.warnings.extend(self.slow_solver(&recipe));
                if recipe.sparsity == 0.0 {
                    check
                        .warnings
                        .push("A sparsity of 0 cuts nothing: the run shows what the recovery alone does.".into());
                }
                if recipe.min_keep == 0 {
                    check
                        .warnings
                        .push("With nothing kept at least, a layer may be emptied and the network cut through.".into());
                }
            }
            Err(error) => {
                check.ok = false;
                check.errors.push(error);
            }
        }
        check
    }

    /// Settings as a recipe, if the model can serve it.
    pub(super) fn read(&self, settings: &Settings) -> Result<Recipe> {
        let named = settings.get("model").map(|id| zoo::find(id)).transpose()?;
        let open = || self.network().ok().map(|(model, _)| model);
        if let (Some(id), Some(model)) = (settings.get("data"), named.or_else(open)) {
            let set = data::find(id)?;
            if set.id != model.data {
                let of: Vec<&str> =
                    zoo::ALL.iter().filter(|model| model.data == set.id).map(|model| model.id).collect();
                return Err(Error::setting(
                    "data",
                    format!("{} was not trained on {}, data={id}", model.name, set.name),
                )
                .hint(format!("leave data out, or choose a model that was: {}", of.join(", "))));
            }
        }
        let recipe = Recipe::read(settings)?;
        self.fits(&recipe)?;
        self.has_start(&recipe)?;
        Ok(recipe)
    }

    /// Whether the open network has what a recipe will ask of it: every layer that takes part is asked what the run will ask.
    fn fits(&self, recipe: &Recipe) -> Result<()> {
        let Ok((_, graph)) = self.network() else { return Ok(()) };
        let named = |key: &str, error: Error| Error { key: error.key.clone().or(Some(key.into())), ..error };
        let targets = event::candidates(graph, recipe).map_err(|error| named("pattern", error))?;
        event::ask(graph, &targets, &recipe.choice.criterion).map_err(|error| named("criterion", error))?;
        recipe.choice.runtime.part.ask(graph).map_err(|error| named("runtime", error))?;
        recipe.choice.penalty.part.ask(graph).map_err(|error| named("penalty", error))
    }

    /// What to say where a phase does nothing to the open network.
    pub(super) fn idle_phase(&self, recipe: &Recipe) -> Option<String> {
        let (_, graph) = self.network().ok()?;
        expand(recipe, 0).iter().find_map(|phase| phase.idle(graph)).map(String::from)
    }

    /// How long a solver will take that takes long: by its arithmetic, and by how fast this machine was found to do such.
    pub(super) fn slow_solver(&self, recipe: &Recipe) -> Option<String> {
        let (_, graph) = self.network().ok()?;
        let solver = recipe.choice.solver.part;
        let work = |(_, id): (usize, ValueId)| {
            let shape = &graph.values[id].shape;
            solver.work(shape[0], shape[1..].iter().product())
        };
        let work: f64 = graph.layers().map(work).sum();
        if work == 0.0 {
            return None;
        }
        let seconds = work / *self.pace.get_or_init(solver::pace) / 1e3;
        (seconds >= 1.5).then(|| format!("{} takes about {seconds:.0} s here for each cut.", solver.meta().name))
    }

    /// Whether a run wants the training images.
    ///
    /// # Errors
    /// When the settings are wrong.
    pub fn needs_training_images(&self, settings: &Settings) -> Result<bool> {
        Ok(plan::needs_images(&self.read(settings)?))
    }

    /// For each axis, the parts that would clash with the other choices or with the network, and why.
    fn disabled(&self, settings: &Settings) -> BTreeMap<String, BTreeMap<String, String>> {
        let mut out = BTreeMap::new();
        if Recipe::read(settings).is_err() {
            return out;
        }
        for axis in AXES {
            let mut reasons = BTreeMap::new();
            for part in parts(axis.id) {
                let mut trial: Settings = settings.clone();
                trial.retain(|key, _| !key.starts_with(&format!("{}.", axis.id)));
                trial.insert(axis.id.into(), part.id.into());
                // What a network lacks is a matter of what is cut and by which scores.
                let asks = ["pattern", "criterion", "penalty"].contains(&axis.id);
                let read = Recipe::read(&trial);
                if let Err(error) = read.and_then(|recipe| if asks { self.fits(&recipe) } else { Ok(()) }) {
                    // Only clashes count: a value out of range elsewhere is not this part's fault.
                    if error.key.as_deref().is_some_and(|key| AXES.iter().any(|a| a.id == key)) {
                        reasons.insert(part.id.to_string(), error.message);
                    }
                }
            }
            if !reasons.is_empty() {
                out.insert(axis.id.to_string(), reasons);
            }
        }
        out
    }
}
