//! Floor 3: the networks this project ships, as architectures; their weights are files beside the page.

mod chars;
mod lenet;
mod mobilenet;
mod resnet;
mod vgg;
mod vit;

use serde::Serialize;
use ts_rs::TS;

use crate::base::{Error, Result};
use crate::data::augment::Augment;
use crate::graph::op;
use crate::graph::{Builder, Graph, ValueId};

/// The seed that the shipped weights were drawn from.
const SEED: u64 = 1;

/// What a network is, and how its weights were trained.
#[derive(Debug, Serialize, TS)]
#[ts(rename = "ModelRow")]
pub struct Model {
    /// Stable name.
    pub id: &'static str,
    /// Name for people.
    pub name: &'static str,
    /// What it is, in one sentence.
    pub what: &'static str,
    /// The data set it was trained on.
    pub data: &'static str,
    /// Shape of an example, [C, H, W], or `[T]` of tokens.
    pub input: &'static [usize],
    /// Number of classes.
    pub classes: usize,
    /// Whether it computes on tokens: what that takes, a page fetches first.
    pub tokens: bool,
    /// How `secateur train` trains it.
    #[serde(skip)]
    pub recipe: TrainingRecipe,
    #[serde(skip)]
    build: fn(u64) -> Result<Graph>,
}

/// How weights follow their gradients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Descent {
    /// SGD with Nesterov momentum 0.9: for convolutions.
    Sgd,
    /// AdamW with running means over 10 and 1,000 steps: for transformers.
    AdamW,
}

/// A training recipe under a warmed-up cosine.
#[derive(Clone, Copy, Debug)]
pub struct TrainingRecipe {
    /// How weights follow their gradients.
    pub descent: Descent,
    /// Passes over the training set.
    pub epochs: usize,
    /// Examples in a batch.
    pub batch: usize,
    /// Highest learning rate.
    pub rate: f32,
    /// L2 weight decay.
    pub decay: f32,
    /// Label smoothing.
    pub smoothing: f32,
    /// Variation of the images.
    pub augment: Augment,
}

/// Clothes look the same mirrored; digits do not.
const CLOTHES: Augment = Augment { mirror: true, shift: 2 };
const NONE: Augment = Augment { mirror: false, shift: 0 };
const DIGITS: Augment = Augment { mirror: false, shift: 2 };

/// All networks; the first is what the page opens on.
pub static ALL: &[Model] = &[
    Model {
        id: "resnet8",
        name: "ResNet-8",
        what: "Three residual blocks of 16, 32 and 64 channels with batch norm: small, and hard to prune without noticing.",
        data: "fashion-mnist",
        input: &[1, 28, 28],
        classes: 10,
        tokens: false,
        recipe: TrainingRecipe {
            descent: Descent::Sgd,
            epochs: 12,
            batch: 64,
            rate: 0.1,
            decay: 5e-4,
            smoothing: 0.0,
            augment: CLOTHES,
        },
        build: |seed| resnet::build(seed, 16, 1),
    },
    Model {
        id: "resnet14",
        name: "ResNet-14",
        what: "Six residual blocks of 24, 48 and 96 channels with batch norm: wide enough that most weights can go.",
        data: "fashion-mnist",
        input: &[1, 28, 28],
        classes: 10,
        tokens: false,
        recipe: TrainingRecipe {
            descent: Descent::Sgd,
            epochs: 9,
            batch: 64,
            rate: 0.1,
            decay: 5e-4,
            smoothing: 0.0,
            augment: CLOTHES,
        },
        build: |seed| resnet::build(seed, 24, 2),
    },
    Model {
        id: "vgg-small",
        name: "VGG small",
        what: "Six plain 3x3 convolutions with batch norm and three max pools.",
        data: "fashion-mnist",
        input: &[1, 28, 28],
        classes: 10,
        tokens: false,
        recipe: TrainingRecipe {
            descent: Descent::Sgd,
            epochs: 8,
            batch: 64,
            rate: 0.05,
            decay: 5e-4,
            smoothing: 0.0,
            augment: CLOTHES,
        },
        build: vgg::build,
    },
    Model {
        id: "mobilenet-small",
        name: "MobileNet small",
        what: "Depthwise and pointwise convolutions in turn: little arithmetic, most of it in 1x1 layers.",
        data: "fashion-mnist",
        input: &[1, 28, 28],
        classes: 10,
        tokens: false,
        recipe: TrainingRecipe {
            descent: Descent::Sgd,
            epochs: 12,
            batch: 64,
            rate: 0.1,
            decay: 2e-4,
            smoothing: 0.0,
            augment: CLOTHES,
        },
        build: mobilenet::build,
    },
    Model {
        id: "vit-small",
        name: "ViT small",
        what: "A vision transformer: 49 tokens, four blocks of four attention heads, behind two strided convolutions.",
        data: "fashion-mnist",
        input: &[1, 28, 28],
        classes: 10,
        tokens: true,
        recipe: TrainingRecipe {
            descent: Descent::AdamW,
            epochs: 12,
            batch: 64,
            rate: 2e-3,
            decay: 0.05,
            smoothing: 0.0,
            augment: CLOTHES,
        },
        build: vit::build,
    },
    Model {
        id: "char-small",
        name: "Character model",
        what: "A transformer that says which character comes next: 64 characters of context, four blocks of four attention heads.",
        data: "austen",
        input: &[chars::WINDOW],
        classes: chars::CHARACTERS,
        tokens: true,
        recipe: TrainingRecipe {
            descent: Descent::AdamW,
            epochs: 12,
            batch: 32,
            rate: 2e-3,
            decay: 0.05,
            smoothing: 0.0,
            augment: NONE,
        },
        build: chars::build,
    },
    Model {
        id: "lenet-5",
        name: "LeNet-5",
        what: "Two 5x5 convolutions and two linear layers, 431,080 parameters: the network of the early pruning papers.",
        data: "mnist",
        input: &[1, 28, 28],
        classes: 10,
        tokens: false,
        recipe: TrainingRecipe {
            descent: Descent::Sgd,
            epochs: 10,
            batch: 64,
            rate: 0.02,
            decay: 5e-4,
            smoothing: 0.0,
            augment: DIGITS,
        },
        build: lenet::five,
    },
    Model {
        id: "lenet-300-100",
        name: "LeNet-300-100",
        what: "Three linear layers, 266,610 parameters: the other network of the early pruning papers.",
        data: "mnist",
        input: &[1, 28, 28],
        classes: 10,
        tokens: false,
        recipe: TrainingRecipe {
            descent: Descent::Sgd,
            epochs: 25,
            batch: 64,
            rate: 0.05,
            decay: 1e-4,
            smoothing: 0.0,
            augment: Augment { mirror: false, shift: 1 },
        },
        build: lenet::mlp,
    },
];

impl Model {
    /// The network with weights drawn from a seed.
    ///
    /// # Errors
    /// Never for the models of this crate; a test builds them all.
    pub fn build(&self, seed: u64) -> Result<Graph> {
        (self.build)(seed)
    }

    /// The network with the weights that it was trained from: rewinding goes back to them.
    ///
    /// # Errors
    /// As for [`Model::build`].
    pub fn initial(&self) -> Result<Graph> {
        self.build(SEED)
    }
}

/// The model with an id.
///
/// # Errors
/// When there is none; the message lists those there are.
pub fn find(id: &str) -> Result<&'static Model> {
    ALL.iter().find(|model| model.id == id).ok_or_else(|| {
        let known: Vec<&str> = ALL.iter().map(|model| model.id).collect();
        Error::setting("model", format!("unknown model '{id}'")).hint(format!("choose one of {}", known.join(", ")))
    })
}

/// Global pool, flatten and the classifier.
fn head(b: &mut Builder, x: ValueId, classes: usize) -> Result<ValueId> {
    let pooled = b.node("pool", op::GlobalPool, &[x])?;
    let flat = b.node("flatten", op::Flatten, &[pooled])?;
    b.linear("fc", flat, classes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::count;

    #[test]
    fn every_model_builds_and_has_the_size_it_says() -> Result<()> {
        for model in ALL {
            let graph = model.build(1)?;
            assert_eq!(graph.values[graph.output()].shape.last(), Some(&model.classes), "{}", model.id);
            assert_eq!(graph.values[graph.input()].shape[1..], *model.input, "{}", model.id);
        }
        assert_eq!(count::parameters(&find("lenet-300-100")?.build(1)?), 266_610);
        assert_eq!(count::parameters(&find("lenet-5")?.build(1)?), 431_080);
        assert!(find("alexnet").is_err());
        Ok(())
    }
}
