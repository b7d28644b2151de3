//! Training on a GPU against training on the processor, step for step. A GPU adds up in another order: the gradients of one step
//! agree within `GRADIENT` of the largest of a parameter, losses within `LOSS` of their size for every step so far, and
//! parameters after some steps within `PARAMETER` of the largest. Masked weights are exactly zero.

mod gradient;
mod look;

use secateur::base::error::ErrorKind;
use secateur::base::{Error, Flat, Result, Rng, Tensor, tensor};
use secateur::gpu::{Device, Learner};
use secateur::graph::build::Square;
use secateur::graph::op::{self, Mode, Window};
use secateur::graph::{Builder, Graph, Masks, Role, ValueId, count, run};
use secateur::train::Loss;
use secateur::train::grad::learn;
use secateur::train::loss::LossTarget;
use secateur::train::optim::{Optimizer, UpdateRule};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::gpu::{device, models};
use crate::plan::{cut, noise};
use gradient::around;

const GRADIENT: f32 = 1e-4;
const LOSS: f64 = 2e-5;
const PARAMETER: f32 = 1e-2;

/// A network in training on the processor.
#[derive(Clone)]
struct Processor {
    graph: Graph,
    masks: Masks,
    optimizer: Optimizer,
    loss: Loss,
}

/// Examples with their labels, and a teacher's answers.
struct Batch {
    x: Tensor,
    labels: Vec<usize>,
    teacher: Option<Tensor>,
}

impl Processor {
    fn new(graph: Graph, share: f32, optimizer: Optimizer) -> Result<Self> {
        let masks = if share > 0.0 { cut(&graph, share) } else { Masks::default() };
        let mut graph = graph;
        masks.apply(&mut graph)?;
        Ok(Self { graph, masks, optimizer, loss: Loss::CROSS_ENTROPY })
    }

    /// What the trainer does in a step.
    fn step(&mut self, batch: &Batch, rate: f32) -> Result<f64> {
        let target = LossTarget { labels: &batch.labels, teacher: batch.teacher.as_ref() };
        let learned = learn(&self.graph, &batch.x, &target, &self.loss, Mode::train(0), &self.masks)?;
        self.optimizer.step(&mut self.graph, &learned.grads, &self.masks, rate)?;
        for (id, data) in learned.trace.updates {
            *self.graph.data_mut(id)? = data;
        }
        Ok(learned.loss)
    }

    async fn upload(&self, device: &Device, batch: usize) -> Result<Learner> {
        Learner::new(device.clone(), &self.graph, &self.masks, &self.optimizer, self.loss, batch).await
    }

    /// A batch of noise that this network takes.
    fn batch(&self, n: usize, seed: u64) -> Batch {
        let values = &self.graph.values;
        let (input, classes) = (&values[self.graph.input()].shape, values[self.graph.output()].shape[1]);
        let mut rng = Rng::new(seed + 1);
        let x = noise(&[&[n], &input[1..]].concat(), seed);
        Batch { x, labels: (0..n).map(|_| rng.below(classes)).collect(), teacher: None }
    }
}

/// Compares numbers, relative to the largest.
fn close(what: &str, got: &Tensor, want: &Tensor, tolerance: f32) {
    assert_eq!(got.shape(), want.shape(), "{what}");
    let top = want.iter().fold(1e-6f32, |m, x| m.max(x.abs()));
    for (i, (g, w)) in got.iter().zip(want).enumerate() {
        assert!((g - w).abs() <= tolerance * top, "{what}: number {i} is {g}, not {w} (largest {top})");
    }
}

fn near(what: &str, got: f64, want: f64, tolerance: f64) {
    assert!((got - want).abs() <= tolerance * want.abs().max(1.0), "{what}: the loss is {got}, not {want}");
}

/// Checks that masked weights and what the optimizer remembers of them are exactly zero.
fn masked(what: &str, p: &Processor) -> Result<()> {
    for (id, mask) in p.masks.iter() {
        let memory = p.optimizer.memory(id).into_iter().flatten();
        for data in std::iter::once(p.graph.data(id)?).chain(memory) {
            let cut = data.flat().iter().zip(mask).filter(|(_, keep)| **keep == 0);
            assert!(cut.into_iter().all(|(w, _)| w.to_bits() == 0), "{what}: {}", p.graph.values[id].name);
        }
        let left = p.graph.data(id)?.iter().any(|&w| w != 0.0);
        assert!(left || mask.iter().all(|&keep| keep == 0), "{what}: all of {} is zero", p.graph.values[id].name);
    }
    Ok(())
}

/// Some steps here and there; losses agree. Gives the losses.
async fn race(what: &str, device: &Device, mut here: Processor, batches: &[Batch], rate: f32) -> Result<Vec<f64>> {
    let mut there = here.clone();
    let mut learner = there.upload(device, batches[0].labels.len()).await.map_err(|error| error.at(what))?;
    let mut losses = Vec::new();
    for (step, batch) in batches.iter().enumerate() {
        let learnt = learner.step(&batch.x, &batch.labels, batch.teacher.as_ref(), rate).await;
        let learnt = learnt.map_err(|error| error.at(what))?;
        let want = here.step(batch, rate)?;
        // Where rounding flips a ReLU, the two go apart a little; steps carry that on.
        near(&format!("{what}, step {step}"), learnt.loss, want, LOSS * (1 + step) as f64);
        losses.push(learnt.loss);
    }
    learner.pull(&mut there.graph, &mut there.optimizer).await.map_err(|error| error.at(what))?;
    masked(what, &there)?;
    for (id, value) in here.graph.parameters() {
        close(&format!("{what}, {}", value.name), there.graph.data(id)?, here.graph.data(id)?, PARAMETER);
    }
    assert_eq!(there.optimizer.steps(), here.optimizer.steps(), "{what}");
    Ok(losses)
}

#[wasm_bindgen_test(unsupported = pollster::test)]
async fn gpu_trains_every_model_of_the_zoo() -> Result<()> {
    let Some(device) = device().await else { return Ok(()) };
    async {
        for model in models() {
            let processor = Processor::new(model.build(3)?, 0.5, Optimizer::sgd(0.9, 5e-4))?;
            // One image is work enough for a GPU in software where a network has many multiply-adds.
            let n = if count::macs(&processor.graph, &Masks::default()) > 1_000_000 { 1 } else { 4 };
            let batches = [processor.batch(n, 20), processor.batch(n, 21)];
            let calls = processor.upload(&device, n).await?.dispatches();
            println!("{}: {calls} dispatches a step", model.id);
            race(model.id, &device, processor, &batches, 0.01).await?;
            // Three layers and two activations; the loss; back through them, but not to the images; the optimizer.
            assert!(model.id != "lenet-300-100" || calls == 5 + 1 + (3 + 1 + 3 + 1 + 2) + 1, "{calls} dispatches");
        }
        Ok(())
    }
    .await
}

/// A small residual network with batch norm.
fn small() -> Result<Graph> {
    let mut build = Builder::new(&[1, 8, 8], 3);
    let x = build.input();
    let square = |stride| Square { out: 8, kernel: 3, stride, pad: 1 };
    let x = build.conv("a", x, square(2), false)?;
    let x = build.batch_norm("a.bn", x)?;
    let x = build.node("a.relu", op::Relu, &[x])?;
    let y = build.conv("b", x, square(1), false)?;
    let y = build.batch_norm("b.bn", y)?;
    let y = build.node("sum", op::Add, &[y, x])?;
    let y = build.node("b.relu", op::Relu, &[y])?;
    let y = build.node("pool", op::AvgPool { window: Window::square(2), count_pad: true }, &[y])?;
    let y = build.node("flatten", op::Flatten, &[y])?;
    let y = build.linear("c", y, 4)?;
    Ok(build.finish(y))
}

/// Noise with a bright quarter, which is the label.
fn lesson(processor: &Processor, n: usize, seed: u64) -> Batch {
    let mut batch = processor.batch(n, seed);
    for (image, &label) in batch.x.flat_mut().chunks_mut(64).zip(&batch.labels) {
        for (i, pixel) in image.iter_mut().enumerate() {
            *pixel += if label == i / 32 * 2 + i % 8 / 4 { 2.0 } else { 0.0 };
        }
    }
    batch
}

#[wasm_bindgen_test(unsupported = pollster::test)]
async fn gpu_learns_as_the_processor_does_for_fifty_steps() -> Result<()> {
    let Some(device) = device().await else { return Ok(()) };
    let processor = Processor::new(small()?, 0.4, Optimizer::sgd(0.9, 1e-3))?;
    let batches: Vec<Batch> = (0..50).map(|step| lesson(&processor, 8, 100 + step)).collect();
    let losses = race("fifty steps", &device, processor, &batches, 0.02).await?;
    let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len() as f64;
    assert!(mean(&losses[45..]) < 0.5 * mean(&losses[..5]), "nothing was learned: {losses:?}");
    Ok(())
}

#[wasm_bindgen_test(unsupported = pollster::test)]
async fn gpu_has_every_loss_and_optimizer() -> Result<()> {
    let Some(device) = device().await else { return Ok(()) };
    let teacher = small()?;
    let losses = [
        Loss { smoothing: 0.1, ..Loss::CROSS_ENTROPY },
        Loss { temperature: 3.0, ..Loss::CROSS_ENTROPY },
        Loss { distil: Some((0.7, 4.0)), smoothing: 0.2, temperature: 1.0 },
    ];
    let adam = |decoupled| UpdateRule::Adam { betas: [0.9, 0.99], epsilon: 1e-6, decoupled };
    let sgd = |momentum, dampening, nesterov| UpdateRule::Sgd { momentum, dampening, nesterov };
    let rules = [sgd(0.9, 0.0, true), sgd(0.9, 0.4, false), sgd(0.0, 0.0, false), adam(false), adam(true)];
    async {
        for (i, rule) in rules.into_iter().enumerate() {
            let mut processor = Processor::new(small()?, 0.4, Optimizer::new(rule, 0.1))?;
            processor.optimizer.decay_all = i % 2 == 0;
            processor.loss = losses[i % 3];
            let batches: Result<Vec<Batch>> = (0..4)
                .map(|step| {
                    let batch = lesson(&processor, 4, step);
                    // Distillation goes on without a teacher's answers where there are none.
                    let answers = (step != 1).then(|| run::run(&teacher, &batch.x)).transpose()?;
                    Ok(Batch { teacher: answers, ..batch })
                })
                .collect();
            race(&format!("{rule:?}, {:?}", processor.loss), &device, processor, &batches?, 0.01).await?;
        }
        Ok(())
    }
    .await
}

#[wasm_bindgen_test(unsupported = pollster::test)]
async fn gpu_and_processor_take_turns() -> Result<()> {
    let Some(device) = device().await else { return Ok(()) };
    let rule = UpdateRule::Sgd { momentum: 0.8, dampening: 0.3, nesterov: false };
    for rule in [rule, UpdateRule::Adam { betas: [0.9, 0.99], epsilon: 1e-6, decoupled: true }] {
        let mut here = Processor::new(small()?, 0.4, Optimizer::new(rule, 1e-2))?;
        let mut there = here.clone();
        let batches: Vec<Batch> = (0..9).map(|step| lesson(&here, 4, step)).collect();
        let mut want = Vec::new();
        for (step, batch) in batches.iter().enumerate() {
            if step == 6 {
                // More is cut on the way.
                here.masks = cut(&here.graph, 0.7);
                here.masks.apply(&mut here.graph)?;
            }
            want.push(here.step(batch, 0.02)?);
        }
        let got: Result<Vec<f64>> = async {
            let mut learner = there.upload(&device, 4).await?;
            // Nothing changes by going there and back.
            let (mut graph, mut optimizer) = (there.graph.clone(), there.optimizer.clone());
            learner.pull(&mut graph, &mut optimizer).await?;
            for (id, value) in there.graph.parameters() {
                assert_eq!(graph.data(id)?, there.graph.data(id)?, "{}", value.name);
                assert!(optimizer.memory(id).is_none(), "{} has been forgotten before it was learned", value.name);
            }
            let mut got = Vec::new();
            for batch in &batches[..3] {
                got.push(learner.step(&batch.x, &batch.labels, None, 0.02).await?.loss);
            }
            learner.pull(&mut there.graph, &mut there.optimizer).await?;
            masked("after three steps", &there)?;
            for batch in &batches[3..6] {
                got.push(there.step(batch, 0.02)?);
            }
            there.masks = cut(&there.graph, 0.7);
            there.masks.apply(&mut there.graph)?;
            learner.push(&there.graph, &there.masks, &there.optimizer)?;
            for batch in &batches[6..] {
                got.push(learner.step(&batch.x, &batch.labels, None, 0.02).await?.loss);
            }
            learner.pull(&mut there.graph, &mut there.optimizer).await?;
            masked("after nine steps", &there)?;
            Ok(got)
        }
        .await;
        for (step, (got, want)) in got?.into_iter().zip(want).enumerate() {
            near(&format!("{rule:?}, step {step}"), got, want, LOSS * (1 + step) as f64);
        }
        for (id, value) in here.graph.parameters() {
            close(&format!("{rule:?}, {}", value.name), there.graph.data(id)?, here.graph.data(id)?, PARAMETER);
        }
    }
    Ok(())
}

/// What the GPU says to a network whose middle is built so.
async fn refusal(device: &Device, middle: impl FnOnce(&mut Builder, ValueId) -> Result<ValueId>) -> Result<Error> {
    let processor = around([4, 3, 3], middle)?;
    Ok(processor.upload(device, 2).await.map(drop).expect_err("a network that no kernel trains was taken"))
}

#[wasm_bindgen_test(unsupported = pollster::test)]
async fn gpu_refuses_what_it_cannot_train() -> Result<()> {
    let Some(device) = device().await else { return Ok(()) };
    async {
        let dropout = refusal(&device, |build, x| build.node("tried", op::Dropout { p: 0.1 }, &[x])).await?;
        assert!(dropout.kind == ErrorKind::Unsupported && dropout.message.contains("tried"), "{dropout}");
        assert!(dropout.message.contains("Dropout") && dropout.hint.contains("processor"), "{dropout}");
        let wide = refusal(&device, |build, x| {
            let y = build.node("mean", op::GlobalPool, &[x])?;
            build.node("tried", op::Add, &[x, y])
        });
        let wide = wide.await?;
        assert!(wide.kind == ErrorKind::Unsupported && wide.message.contains("shapes"), "{wide}");
        let shared = refusal(&device, |build, x| {
            let w = build.parameter("tried.weight".into(), Role::Weight, noise(&[4, 4, 1, 1], 1));
            let conv = op::Conv { stride: [1; 2], pad: [0; 2], dilation: [1; 2] };
            let x = build.node("a", conv, &[x, w])?;
            build.node("b", conv, &[x, w])
        });
        let shared = shared.await?;
        assert!(shared.kind == ErrorKind::Unsupported && shared.message.contains("tried.weight"), "{shared}");
        Ok(())
    }
    .await
}

#[wasm_bindgen_test(unsupported = pollster::test)]
async fn a_gpu_that_fails_in_training_says_so() -> Result<()> {
    let Some(device) = device().await else { return Ok(()) };
    let mut processor = Processor::new(small()?, 0.4, Optimizer::sgd(0.9, 0.0))?;
    let batch = lesson(&processor, 2, 1);
    async {
        let mut learner = processor.upload(&device, 2).await?;
        learner.step(&batch.x, &batch.labels, None, 0.1).await?;
        let one = lesson(&processor, 1, 1);
        assert!(learner.step(&one.x, &one.labels, None, 0.1).await.is_err(), "half a batch was taken");
        assert!(learner.step(&batch.x, &[0, 4], None, 0.1).await.is_err_and(|error| error.message.contains("label 4")));
        assert!(learner.step(&batch.x, &[0, 1], Some(&batch.x), 0.1).await.is_err(), "images were taken for answers");
        let adam = Optimizer::new(UpdateRule::Adam { betas: [0.9, 0.99], epsilon: 1e-6, decoupled: true }, 0.0);
        assert!(learner.push(&processor.graph, &processor.masks, &adam).is_err(), "another rule was taken");
        let mut narrow = processor.graph.clone();
        let weight = narrow.find("c.weight").ok_or_else(|| Error::state("no layer c"))?;
        *narrow.data_mut(weight)? = tensor::zeros(&[4, 7]);
        let refused = learner.push(&narrow, &processor.masks, &processor.optimizer);
        assert!(refused.is_err_and(|error| error.message.contains("c.weight")), "a narrower network was taken");
        let high = batch.x.mapv(|_| f32::MAX);
        let diverged = learner.step(&high, &batch.labels, None, 0.1).await.map(drop);
        assert!(diverged.is_err_and(|error| error.kind == ErrorKind::Diverged), "a loss of NaN was taken");
        device.destroy();
        let lost = learner.step(&batch.x, &batch.labels, None, 0.1).await.map(drop);
        assert!(lost.is_err_and(|error| error.hint.contains("processor")), "a GPU that is gone answered");
        let lost = learner.pull(&mut processor.graph, &mut processor.optimizer).await;
        assert!(lost.is_err(), "a GPU that is gone gave parameters");
        Ok(())
    }
    .await
}
