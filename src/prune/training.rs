//! How networks are trained between and after the cuts: settings that all recoveries share, so that methods can be compared on
//! one budget.

use crate::base::Result;
use crate::base::part::{Param, ParamKind, Settings};
use crate::train::optim::{Optimizer, UpdateRule};

/// Steps over the whole run.
pub static STEPS: Param = Param {
    key: "training.steps",
    label: "Steps in all",
    what: "Training steps of the whole run, shared out evenly where there are several rounds; own leaves it to recovery.steps, after each cut.",
    kind: ParamKind::Own { whole: true, min: 1.0, max: 100_000.0, log: true },
};
/// The same in passes over the training images.
pub static EPOCHS: Param = Param {
    key: "training.epochs",
    label: "Epochs in all",
    what: "The same in passes over the training images; where both are given, the steps count.",
    kind: ParamKind::Own { whole: false, min: 0.01, max: 200.0, log: true },
};
/// Learning rate.
pub static RATE: Param = Param {
    key: "training.lr",
    label: "Learning rate",
    what: "Highest learning rate of every training in the run; own leaves it to recovery.lr.",
    kind: ParamKind::Own { whole: false, min: 0.000_1, max: 1.0, log: true },
};
/// Images of a batch.
pub static BATCH: Param = Param {
    key: "training.batch",
    label: "Batch size",
    what: "Training images of a step.",
    kind: ParamKind::Int { default: 64, min: 1, max: 1024 },
};
/// The optimizer.
pub static OPTIMIZER: Param = Param {
    key: "training.optimizer",
    label: "Optimizer",
    what: "SGD with Nesterov momentum, Adam, or Adam with decoupled decay.",
    kind: ParamKind::Choice { default: "sgd", of: &["sgd", "adam", "adamw"] },
};
/// Momentum.
pub static MOMENTUM: Param = Param {
    key: "training.momentum",
    label: "Momentum",
    what: "Of SGD; Adam has 0.9 and 0.999.",
    kind: ParamKind::Float { default: 0.9, min: 0.0, max: 0.999, log: false },
};
/// Weight decay.
pub static DECAY: Param = Param {
    key: "training.decay",
    label: "Weight decay",
    what: "Of weights, not of biases and norms; own is what the network was trained with.",
    kind: ParamKind::Own { whole: false, min: 0.0, max: 0.1, log: false },
};
/// Variation of the images.
pub static AUGMENT: Param = Param {
    key: "training.augment",
    label: "Augmentation",
    what: "Shifted and mirrored images as the network was trained with, or images as they are.",
    kind: ParamKind::Choice { default: "own", of: &["own", "none"] },
};

/// All of them, in the order of the form.
pub static TRAINING: &[&Param] = &[&STEPS, &EPOCHS, &RATE, &BATCH, &OPTIMIZER, &MOMENTUM, &DECAY, &AUGMENT];

/// What a sweep gives every method unless it is told otherwise, so that they are compared on equal terms.
pub static BUDGET: &[(&str, &str)] = &[("training.steps", "200"), ("training.lr", "0.02")];

/// How training is done.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrainingSettings {
    /// Steps of the whole run, where they are not the method's own.
    pub steps: Option<usize>,
    /// Passes over the training images of the whole run, likewise.
    pub epochs: Option<f32>,
    /// Highest learning rate, likewise.
    pub rate: Option<f32>,
    /// Images of a step.
    pub batch: usize,
    /// The optimizer.
    pub optimizer: &'static str,
    /// Of SGD.
    pub momentum: f32,
    /// Weight decay, where it is not the network's own.
    pub decay: Option<f32>,
    /// Whether images are varied as the network was trained with.
    pub augment: bool,
}

impl TrainingSettings {
    /// Reads settings.
    ///
    /// # Errors
    /// When a value is out of range.
    pub fn read(settings: &Settings) -> Result<Self> {
        Ok(Self {
            steps: STEPS.of(settings)?.own().map(|steps| steps as usize),
            epochs: EPOCHS.of(settings)?.own(),
            rate: RATE.of(settings)?.own(),
            batch: BATCH.of(settings)?.whole(),
            optimizer: OPTIMIZER.of(settings)?.word(),
            momentum: MOMENTUM.of(settings)?.float(),
            decay: DECAY.of(settings)?.own(),
            augment: AUGMENT.of(settings)?.word() == "own",
        })
    }

    /// All settings.
    pub fn settings(&self) -> impl Iterator<Item = (String, String)> {
        let own = |value: Option<f32>| value.map_or_else(|| "own".into(), |x| x.to_string());
        let texts = [
            (&STEPS, self.steps.map_or_else(|| "own".into(), |steps| steps.to_string())),
            (&EPOCHS, own(self.epochs)),
            (&RATE, own(self.rate)),
            (&BATCH, self.batch.to_string()),
            (&OPTIMIZER, self.optimizer.to_string()),
            (&MOMENTUM, self.momentum.to_string()),
            (&DECAY, own(self.decay)),
            (&AUGMENT, if self.augment { "own" } else { "none" }.into()),
        ];
        texts.into_iter().map(|(param, text)| (param.key.into(), text))
    }

    /// Steps of the whole run with so many training images, where they are not the method's own.
    pub fn total(&self, images: usize) -> Option<usize> {
        let epochs = |epochs: f32| {
            let batch = self.batch.min(images.max(1));
            ((f64::from(epochs) * images as f64 / batch as f64).round() as usize).max(1)
        };
        self.steps.or_else(|| self.epochs.map(epochs))
    }

    /// A fresh optimizer, with a network's own decay where none is set.
    pub fn optimizer(&self, own_decay: f32) -> Optimizer {
        let decay = self.decay.unwrap_or(own_decay);
        let adam = |decoupled: bool| UpdateRule::Adam { betas: [0.9, 0.999], epsilon: 1e-8, decoupled };
        let mut optimizer = match self.optimizer {
            "adam" => Optimizer::new(adam(false), decay),
            "adamw" => Optimizer::new(adam(true), decay),
            _ => Optimizer::sgd(self.momentum, decay),
        };
        optimizer.decay_all = false;
        optimizer
    }
}
