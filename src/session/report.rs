//! Writing the record of a finished run.

use std::collections::BTreeMap;

use crate::base::tensor::count;
use crate::base::{Result, clock, keyed};
use crate::compile::{Timing, Why};
use crate::data::{Dataset, Task};
use crate::graph::{Graph, Masks, boosted, count as counts, factor};
use crate::io::{Network, compact};
use crate::prune::reached::reached;
use crate::prune::{event, method};
use crate::train::eval::Tally;
use crate::train::optim::UpdateRule;
use crate::zoo::Model;

use super::job::Job;
use super::record::{
    Accuracy, Changed, ChangedCounts, ClassRow, Environment, LayerRow, Macs, Record, Size, Speed, TextResult, Training,
};
use super::{Outcome, Session, executors, file, verdict};

/// Changed answers that a record lists.
const CHANGED: usize = 64;

impl Session {
    /// What a job leaves that has done all its stages: its file and, where it was a run, its networks. Gives its record.
    pub(super) fn finish(&mut self, job: &Job) -> Result<Record> {
        let digest = file::digest(&job.state.graph);
        self.file = Some(self.saved(job, &digest)?);
        let record = record(job, self, digest)?;
        let network = job.built.network.as_ref().unwrap_or(&job.state.graph).clone();
        let outcome = Outcome { masked: job.state.graph.clone(), masks: job.state.masks.clone(), network };
        self.outcome = job.asked.run.then_some(outcome);
        Ok(record)
    }

    fn saved(&self, job: &Job, digest: &str) -> Result<Vec<u8>> {
        if !job.asked.run {
            let origin = self.own_origin()?;
            return compact::write(Network { graph: &job.state.graph, masks: &self.zeros, origin: origin.as_ref() });
        }
        let (graph, masks) = match file::stored_whole(&job.asked.recipe) {
            true => (&job.state.graph, job.state.masks.clone()),
            false => job.pruned(),
        };
        let origin = self.origin_of(&job.asked.settings, digest.into())?;
        compact::write(Network { graph, masks: &masks, origin: Some(&origin) })
    }
}

/// The record of a job whose file the session holds.
fn record(job: &Job, session: &mut Session, digest: String) -> Result<Record> {
    let (batch, took) = (job.asked.recipe.running.batch, job.sharing.took());
    let mut speed =
        job.timed.speed.clone().unwrap_or_else(|| Speed { ratio: 1.0, low: 1.0, high: 1.0, batch, ..Speed::default() });
    if !job.asked.run {
        (speed.pruned_ms, speed.ratio) = (speed.dense_ms, 1.0);
    }
    let (plans, uploaded) = session.dense(batch, job.threads)?;
    let fastest = plans.iter().find(|plan| plan.threads == speed.dense_threads).or(plans.first());
    let dense_us = match (uploaded.filter(|_| speed.dense_executor == "gpu"), fastest) {
        (Some(dense), _) => times(dense.executor.layers().iter().cloned()),
        (None, Some(plan)) => times(plan.layers()),
        (None, None) => BTreeMap::new(),
    };
    let uploaded = job.built.uploaded.as_ref().or(uploaded);
    let chosen: Vec<Timing> = match (uploaded.filter(|_| speed.executor == "gpu"), job.plan()) {
        (Some(pruned), _) => pruned.executor.layers().to_vec(),
        (None, Some(plan)) => plan.layers().collect(),
        (None, None) => Vec::new(),
    };
    let (model, dense) = session.network()?;
    let (Some(test), Some(baseline)) = (&session.test, &session.baseline) else {
        return Err(crate::base::Error::state("nothing was measured"));
    };
    let before = &baseline.tally;
    let after = if job.asked.run { &job.tested.after } else { before };
    let network = job.built.network.as_ref().unwrap_or(&job.state.graph);
    let masks = if job.built.network.is_some() { Masks::default() } else { job.state.masks.clone() };
    let text = (test.card.task == Task::NextToken).then(|| TextResult {
        bits_before: before.bits(),
        bits_after: after.bits(),
        written: job.written(test),
    });
    let per_image = job.per_image();
    let pruned = per_image.map_or_else(|| counts::macs(network, &masks), |each| each.macs.mean.round() as u64);
    let layers = layers(job, dense, network, chosen, &dense_us)?;
    let mut accuracy = accuracy(before, after);
    accuracy.float = (job.tested.float.n() > 0).then(|| job.tested.float.accuracy());
    let size = Size {
        parameters: counts::parameters(dense),
        nonzero: counts::nonzero(network),
        bytes_dense: session.bytes_dense()?,
        bytes_stored: session.file().map_or(0, <[u8]>::len),
    };
    // Where branches leave, the stream beside them goes on: no layer stands empty in its way.
    let bypasses = job.asked.recipe.choice.pattern.part.bypasses();
    let collapsed = if bypasses { Vec::new() } else { event::collapsed(&job.state.graph, &job.state.masks) };
    let changed = changed(test, before, after);
    // What differs from what was asked for comes first.
    let mut notes: Vec<String> =
        verdict::fewer_threads(job.asked.recipe.running.threads, job.threads, &session.environment)
            .into_iter()
            .collect();
    if job.asked.run {
        notes.extend(job.asked.recipe.remarks.iter().cloned());
        notes.extend(reached(&job.state.graph, &job.asked.recipe, &job.state.masks, &job.before)?.notes);
    }
    let search = &job.asked.recipe.choice.search;
    if let (Some((target, _)), Some(_)) = (search.part.target(&search.args), job.found()) {
        notes.extend(verdict::missed(target, &speed));
    }
    notes.extend(job.found().map(|found| {
        let shares = found.shares;
        format!("The search is this machine's; search=none allocation=given allocation.shares={shares} gives the same weights anywhere.")
    }));
    notes.extend(verdict::fewer_are_faster(&speed, job.threads));
    notes.extend(speed.doubt.clone());
    notes.extend(verdict::bytes(&layers, &accuracy, job.asked.recipe.running.int8()));
    if job.asked.run {
        notes.extend(verdict::chance(&accuracy, test.card));
        notes.extend(per_image.map(|each| verdict::per_image(&each, counts::macs(dense, &Masks::default()))));
        notes.extend(verdict::notes(&layers, &speed, &collapsed));
    }
    notes.extend(session.idle_phase(&job.asked.recipe).filter(|_| job.asked.run));
    notes.extend(executors::halves(&accuracy, &session.environment, &job.asked.recipe));
    notes.extend(executors::notes(&speed, &session.environment, &took));
    notes.extend(session.gpu.missing(&job.asked.recipe));
    notes.extend(job.sharing.left().iter().cloned());
    let environment = Environment {
        threads: job.threads,
        executor: speed.executor.clone(),
        gpu_took_part: took.iter().map(|part| (*part).into()).collect(),
        ..session.environment.clone()
    };
    Ok(Record {
        format: 1,
        job: if job.asked.run { "run" } else { "baseline" }.into(),
        model: model.id.into(),
        data: test.card.id.into(),
        method: method::of(&job.asked.settings).map(|method| method.id.into()),
        recipe: job.asked.settings.clone(),
        seed: job.asked.recipe.seed,
        training: training(job, session, model),
        macs: Macs { dense: counts::macs(dense, &Masks::default()), pruned },
        per_image,
        verdict: if job.asked.run { verdict::verdict(&accuracy, &size, &speed, text.as_ref()) } else { String::new() },
        text,
        notes,
        accuracy,
        size,
        speed,
        layers,
        environment,
        digest,
        source: session.source.clone(),
        classes: classes(test, before, after),
        changed_total: changed.len(),
        changed_counts: counts_of(&changed),
        changed: changed.into_iter().take(CHANGED).collect(),
        timeline: job.way.timeline.clone(),
        curve: job.curve.clone(),
        shown: job.shown.clone(),
        search: job.found(),
        seconds: (clock::now_ms() - job.started) / 1e3,
    })
}

/// Examples whose answer changed; of a text there are no examples that one could show.
fn changed(test: &Dataset, before: &Tally, after: &Tally) -> Vec<Changed> {
    if test.card.task == Task::NextToken {
        return Vec::new();
    }
    let labels = test.labels(&(0..test.len()).collect::<Vec<_>>());
    let answers = before.answers.iter().zip(&after.answers).zip(labels).enumerate();
    answers
        .filter(|(_, ((before, after), _))| before != after)
        .map(|(index, ((&before, &after), label))| Changed { index, label, before, after })
        .collect()
}

/// Changed answers by what became of them.
fn counts_of(changed: &[Changed]) -> ChangedCounts {
    let mut counts = ChangedCounts::default();
    for each in changed {
        match (each.before == each.label, each.after == each.label) {
            (true, _) => counts.lost += 1,
            (_, true) => counts.gained += 1,
            _ => counts.other += 1,
        }
    }
    counts
}

/// What training came to.
fn training(job: &Job, session: &Session, model: &Model) -> Training {
    let recipe = &job.asked.recipe.training;
    let rates = job.phases().filter_map(|phase| phase.rate());
    let optimizer = recipe.optimizer(model.recipe.decay);
    Training {
        steps: job.curve.len(),
        images: session.learnt_from(),
        batch: recipe.batch,
        lr: rates.fold(None, |most: Option<f32>, rate| Some(most.map_or(rate, |most| most.max(rate)))),
        optimizer: recipe.optimizer.into(),
        momentum: if let UpdateRule::Sgd { momentum, .. } = optimizer.rule { Some(momentum) } else { None },
        decay: optimizer.decay,
        augment: recipe.augment,
    }
}

/// Times of the chosen kernels, by layer.
fn times(layers: impl Iterator<Item = Timing>) -> BTreeMap<String, f64> {
    keyed(layers.filter_map(|l| Some((l.name, l.why.candidates.first()?.us))))
}

fn accuracy(before: &Tally, after: &Tally) -> Accuracy {
    let (b, a) = (before.interval(), after.interval());
    let top5 = |t: &Tally| t.top5 as f64 / t.n().max(1) as f64;
    Accuracy {
        before: before.accuracy(),
        after: after.accuracy(),
        low: a.low,
        high: a.high,
        float: None,
        n: after.n(),
        before_low: b.low,
        before_high: b.high,
        top5_before: top5(before),
        top5_after: top5(after),
    }
}

fn layers(
    job: &Job,
    dense: &Graph,
    network: &Graph,
    chosen: Vec<Timing>,
    dense_us: &BTreeMap<String, f64>,
) -> Result<Vec<LayerRow>> {
    let chosen = keyed(chosen.into_iter().map(|l| (l.name, l.why)));
    let rows = dense.layers().map(|(node, id)| {
        let name = dense.nodes[node].name.clone();
        let total = count(&dense.values[id].shape);
        // Networks that lost channels, or have two layers in place of one, keep the numbers of their values: the same id finds
        // the smaller weight.
        let shape = network.values[id].shape.clone();
        let low = factor::became_two(dense, network, &name);
        let kept = match low {
            Some(low) => count(&shape) + count(&network.values[low].shape),
            None if job.built.network.is_some() => count(&shape),
            None => job.state.masks.kept(id, total),
        };
        let why = chosen.get(&name).cloned().unwrap_or_default();
        let first = low.and_then(|low| chosen.get(network.values[low].name.trim_end_matches(".weight")));
        let us = |why: &Why| why.candidates.first().map_or(0.0, |c| c.us);
        let mut row = LayerRow {
            sparsity: 1.0 - kept as f64 / total.max(1) as f64,
            kernel: why.candidates.first().map_or_else(String::new, |c| c.kernel.clone()),
            why: String::new(),
            dense_us: dense_us.get(&name).copied().unwrap_or(0.0),
            pruned_us: us(&why) + first.map_or(0.0, us),
            candidates: why.candidates,
            name,
            shape,
            kept,
            total,
        };
        row.why = match low {
            Some(low) => verdict::two(network.values[low].shape[0], &row, first.map_or(0.0, us)),
            None => match boosted::running(network, &row.name) {
                Some(kept) => verdict::chosen(kept, &row),
                None => verdict::why(&row),
            },
        };
        row
    });
    Ok(rows.collect())
}

fn classes(test: &Dataset, before: &Tally, after: &Tally) -> Vec<ClassRow> {
    if test.card.task == Task::NextToken {
        return Vec::new();
    }
    let labels = test.labels(&(0..test.len()).collect::<Vec<_>>());
    let share = |tally: &Tally, class: usize| {
        let of: Vec<usize> = (0..labels.len()).filter(|&i| labels[i] == class).collect();
        let hits = of.iter().filter(|&&i| tally.answers.get(i) == Some(&class)).count();
        (of.len(), (!of.is_empty()).then(|| hits as f64 / of.len() as f64))
    };
    let row = |(class, label): (usize, &&str)| {
        let (n, before) = share(before, class);
        ClassRow { label: (*label).into(), n, before, after: share(after, class).1 }
    };
    test.card.classes.iter().enumerate().map(row).collect()
}
