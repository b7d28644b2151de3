//! `secateur train`: from random weights to a file and a card.

use std::borrow::Cow;
use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use secateur::base::{Error, Result, Rng};
use secateur::data::{Dataset, Task};
use secateur::graph::{Graph, Masks, count, run};
use secateur::io::safetensors;
use secateur::train::eval::Tally;
use secateur::train::lr::Rate;
use secateur::train::optim::{Optimizer, UpdateRule};
use secateur::train::{Lesson, Loss, TrainPlan, Trainer};
use secateur::zoo::{self, Descent};
use serde_json::json;

use super::{files, say};

/// Options of `train`.
#[derive(Args)]
pub struct Options {
    /// The model, by id.
    model: String,
    /// Train on the full data set in --data; without it, on the subset of the checkout.
    #[arg(long, requires = "data")]
    full: bool,
    /// Folder with the IDX files of the data set.
    #[arg(long)]
    data: Option<PathBuf>,
    /// Folder that the weights and the card are written to.
    #[arg(long, default_value = "www/assets/models")]
    out: PathBuf,
    /// Passes over the training set; the model's own recipe says how many by default.
    #[arg(long)]
    epochs: Option<usize>,
    /// Seed of weights, order and augmentation.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Trains, tests on all test images, writes.
pub fn run(options: &Options) -> Result<()> {
    let model = zoo::find(&options.model)?;
    let folder = options.data.as_deref();
    let (train, test) = (files::dataset(model.data, "train", folder)?, files::dataset(model.data, "test", folder)?);
    if options.full && (train.len(), test.len()) != (60_000, 10_000) {
        let message = format!("--full wants 60,000 and 10,000 images and found {} and {}", train.len(), test.len());
        return Err(Error::setting("data", message).hint("give --data the folder of the original files"));
    }
    let mut graph = model.build(options.seed)?;
    let recipe = model.recipe;
    let epochs = options.epochs.unwrap_or(recipe.epochs);
    let per_epoch = train.len() / recipe.batch;
    let plan = TrainPlan {
        steps: epochs * per_epoch,
        batch: recipe.batch,
        rate: Rate::cosine(recipe.rate, per_epoch / 2),
        loss: Loss { smoothing: recipe.smoothing, ..Loss::CROSS_ENTROPY },
        augment: recipe.augment,
        seed: options.seed,
    };
    let start = Instant::now();
    let (descent, optimizer) = optimizer(recipe.descent, recipe.decay);
    fit(&mut graph, &train, plan, optimizer, per_epoch)?;
    let tally = test_on(&graph, &test)?;
    let (examples, of, text) = match test.card.task {
        Task::Classes => ("images", "images", false),
        Task::NextToken => ("windows", "characters", true),
    };
    say::line(format_args!("{}: {:.2}% of {} test {of}", model.name, 100.0 * tally.accuracy(), tally.n()))?;
    if text {
        say::line(format_args!("{:.4} bits per character", tally.bits()))?;
    }
    let interval = tally.interval();
    let card = json!({
        "id": model.id, "name": model.name, "what": model.what, "data": model.data,
        "license": "MIT OR Apache-2.0", "parameters": count::parameters(&graph), "macs": count::macs(&graph, &Masks::default()),
        "training": { (examples): train.len(), "epochs": epochs, "batch": recipe.batch, "seed": options.seed,
            "optimizer": descent, "rate": decimal(recipe.rate), "decay": decimal(recipe.decay),
            "mirror": recipe.augment.mirror, "shift": recipe.augment.shift, "minutes": start.elapsed().as_secs() / 60 },
        "test": { (of): tally.n(), "accuracy": tally.accuracy(), "low": interval.low, "high": interval.high,
            "bits": text.then(|| tally.bits()) },
        "command": format!("secateur train {} {}--seed {} --epochs {epochs}", model.id, if options.full { "--full --data DIR " } else { "" }, options.seed),
    });
    fs::create_dir_all(&options.out)?;
    fs::write(options.out.join(format!("{}.safetensors", model.id)), safetensors::write(&graph, None)?)?;
    let text = serde_json::to_string_pretty(&card).map_err(|e| Error::format(e.to_string()))?;
    fs::write(options.out.join(format!("{}.json", model.id)), text + "\n")?;
    Ok(())
}

/// What a descent is called, and its optimizer.
fn optimizer(descent: Descent, decay: f32) -> (&'static str, Optimizer) {
    let (name, mut optimizer) = match descent {
        Descent::Sgd => ("SGD, Nesterov momentum 0.9", Optimizer::sgd(0.9, decay)),
        Descent::AdamW => {
            let rule = UpdateRule::Adam { betas: [0.9, 0.999], epsilon: 1e-8, decoupled: true };
            ("AdamW, betas 0.9 and 0.999", Optimizer::new(rule, decay))
        }
    };
    optimizer.decay_all = false;
    (name, optimizer)
}

/// A number as it was written: 0.1, not the f32 next to it.
fn decimal(x: f32) -> f64 {
    x.to_string().parse().unwrap_or(f64::from(x))
}

/// The training loop with a bar and a line an epoch.
fn fit(graph: &mut Graph, train: &Dataset, plan: TrainPlan, optimizer: Optimizer, per_epoch: usize) -> Result<()> {
    let examples: Vec<usize> = (0..train.len()).collect();
    let bar = ProgressBar::new(plan.steps as u64);
    let style = "{elapsed_precise} {bar:30} {pos}/{len} steps, {eta} left {msg}";
    bar.set_style(ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()));
    let mut offsets = Rng::fork(plan.seed, "offset");
    let mut trainer = Trainer::new(plan, optimizer);
    let mut data = Cow::Borrowed(train);
    let (mut loss, mut hits) = (0.0, 0.0);
    while !trainer.finished() {
        // Windows of a text begin elsewhere in each pass.
        if trainer.done().is_multiple_of(per_epoch) {
            data = train.later(offsets.below(1 << 16));
        }
        let lesson = Lesson { data: &data, examples: &examples, teacher: None };
        let step = trainer.step(graph, &Masks::default(), &lesson)?;
        loss += step.loss;
        hits += step.accuracy;
        bar.inc(1);
        if trainer.done().is_multiple_of(per_epoch) {
            let n = per_epoch as f64;
            let line = format!(
                "epoch {}: loss {:.4}, training accuracy {:.2}%",
                trainer.done() / per_epoch,
                loss / n,
                100.0 * hits / n
            );
            if bar.is_hidden() {
                eprintln!("{line}")
            } else {
                bar.println(line)
            }
            (loss, hits) = (0.0, 0.0);
        }
    }
    bar.finish();
    Ok(())
}

fn test_on(graph: &Graph, test: &Dataset) -> Result<Tally> {
    let mut tally = Tally::default();
    for chunk in (0..test.len()).collect::<Vec<_>>().chunks(100) {
        tally.add(&run::run(graph, &test.batch(chunk))?, &test.labels(chunk));
    }
    Ok(tally)
}
