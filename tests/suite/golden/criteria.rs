//! Criteria, allocations, patterns and regrowing.

use secateur::base::part::Args;
use secateur::base::{Error, Flat, Result, Tensor, tensor};
use secateur::graph::op::Mode;
use secateur::graph::{Builder, Graph, Masks, ValueId};
use secateur::prune::allocation::{Scored, lamp_scores};
use secateur::prune::axis::Pick;
use secateur::prune::criterion::{self, Criterion};
use secateur::prune::gather::{How, gather};
use secateur::prune::layer::Layer;
use secateur::prune::probe::{Batch, Evidence};
use secateur::prune::{Settings, event, pattern, recipe::Recipe, regrow};
use serde_json::Value;

use super::case::{Case, read};
use super::layers::flat;
use super::named;
use super::network::{LAYERS, norm_of, tiny, weight};

/// Scores of a criterion, layer by layer.
fn scores(graph: &Graph, id: &str, batches: &[Batch], mode: Mode, temperature: f32) -> Result<Vec<Tensor>> {
    let part = named(criterion::ALL, id)?;
    let evidence = gather(graph, batches, How { probes: part.probes(), mode, temperature })?;
    by_layer(graph, part, &evidence)
}

fn by_layer(graph: &Graph, part: &'static dyn Criterion, evidence: &Evidence) -> Result<Vec<Tensor>> {
    let of = |(node, id): (usize, ValueId)| {
        part.score(&Layer::new(graph, &graph.nodes[node], id, evidence, 1), &Args::defaults(part.meta()))
    };
    graph.layers().map(of).collect()
}

fn whole(case: &Case) -> Result<Vec<Batch>> {
    Ok(vec![(case.tensor("x")?, case.list("y")?)])
}

/// The `keep` highest of all scores, as one mask over all layers.
fn top(scores: &[Tensor], keep: usize) -> (Vec<bool>, Vec<f32>, f32) {
    let all: Vec<f32> = scores.iter().flat_map(|s| s.iter().copied()).collect();
    let mask = event::select(&all, keep, secateur::prune::target::SelectRule::Free);
    let lowest = all.iter().zip(&mask).filter(|(_, m)| **m).map(|(s, _)| *s).fold(f32::INFINITY, f32::min);
    (mask, all, lowest)
}

/// Masks of all layers, one after the other.
fn joined(case: &Case, key: &str) -> Result<Vec<f32>> {
    let mut out = Vec::new();
    for layer in LAYERS {
        out.extend(flat(case.want(&format!("{key}/{layer}"))?)?);
    }
    Ok(out)
}

pub fn snip(case: &Case) -> Result<()> {
    let graph = tiny(case)?;
    for (key, mode) in [("eval", Mode::EVAL), ("train", Mode::train(0))] {
        let raw = scores(&graph, "snip", &whole(case)?, mode, 1.0)?;
        let total: f64 = raw.iter().flat_map(|s| s.iter()).map(|&s| f64::from(s)).sum();
        let scaled: Vec<Tensor> = raw.iter().map(|s| s.mapv(|s| (f64::from(s) / total) as f32)).collect();
        for (layer, s) in LAYERS.iter().zip(&scaled) {
            case.meets(&format!("{key}/scores/{layer}"), s.flat())?;
        }
        let n: usize = raw.iter().map(|s| s.len()).sum();
        let keep = (n as f32 * case.number("keep_fraction").unwrap_or(0.2)).round_ties_even() as usize;
        let (mask, all, lowest) = top(&scaled, keep);
        let name = case
            .want(key)?
            .as_object()
            .into_iter()
            .flatten()
            .map(|(k, _)| k.clone())
            .find(|k| k.starts_with("mask"))
            .unwrap_or_default();
        case.masks(key, &mask, &joined(case, &format!("{key}/{name}"))?, &all, lowest)?;
    }
    Ok(())
}

pub fn synflow(case: &Case) -> Result<()> {
    let graph = tiny(case)?;
    let first = scores(&graph, "synflow", &[], Mode::EVAL, 1.0)?;
    for (layer, s) in LAYERS.iter().zip(&first) {
        case.meets(&format!("scores_first_pass/{layer}"), s.flat())?;
    }
    let (n, density) = (first.iter().map(|s| s.len()).sum::<usize>(), case.number("density").unwrap_or(0.1));
    for rounds in case.list("iterations")? {
        let mut masked = graph.clone();
        let mut keep = Vec::new();
        for round in 1..=rounds {
            let target = f64::from(density).powf(round as f64 / rounds as f64);
            // The authors remove the int((1 - density) n) lowest.
            let removed = ((1.0 - target) * n as f64) as usize;
            (keep, _, _) = top(&scores(&masked, "synflow", &[], Mode::EVAL, 1.0)?, n - removed);
            let mut at = 0;
            for layer in LAYERS {
                let w = masked.data_mut(weight(&graph, layer)?)?;
                for (x, keep) in w.flat_mut().iter_mut().zip(&keep[at..]) {
                    *x = if *keep { *x } else { 0.0 };
                }
                at += w.len();
            }
        }
        let want = joined(case, &format!("mask_density{density}_iters{rounds}"))?;
        let wrong = keep.iter().zip(&want).filter(|(k, w)| **k != (**w == 1.0)).count();
        // In f32 a few scores may fall on the other side of one of many thresholds; each flip also moves its opposite.
        if wrong > 2 + 2 * usize::from(rounds > 1) {
            return Err(Error::unsupported(format!("{rounds} rounds: {wrong} of {n} weights differ")));
        }
    }
    Ok(())
}

pub fn grasp(case: &Case) -> Result<()> {
    let graph = tiny(case)?;
    for (key, temperature) in [("eval_T1_fullbatch", 1.0), ("eval_T200_fullbatch", 200.0)] {
        let got = scores(&graph, "grasp", &whole(case)?, Mode::EVAL, temperature)?;
        for (layer, s) in LAYERS.iter().zip(&got) {
            // The authors' score is -w Hg and the largest go: ours is its negative.
            relative(case, &format!("{key}/score_minus_wHg/{layer}"), s.mapv(|s| -s).flat())?;
        }
    }
    let (order, half) = (case.list("author_sample_order")?, case.number("author_half").unwrap_or(0.0) as usize);
    let (x, y) = (case.tensor("x")?, case.list("y")?);
    let pick = |of: &[usize]| {
        (x.select(ndarray::Axis(0), of).as_standard_layout().into_owned(), of.iter().map(|&i| y[i]).collect())
    };
    let halves: [Batch; 2] = [pick(&order[..half]), pick(&order[half..])];
    let got = scores(&graph, "grasp", &halves, Mode::train(0), 200.0)?;
    for (layer, s) in LAYERS.iter().zip(&got) {
        // Ours is the mean over the halves, in gradient and product; the authors add up: four times as much.
        relative(case, &format!("author_train_T200/score_minus_wHg/{layer}"), s.mapv(|s| -4.0 * s).flat())?;
    }
    Ok(())
}

/// Tiny numbers: only the relative tolerance counts, against the largest of all.
fn relative(case: &Case, key: &str, got: &[f32]) -> Result<()> {
    let want = read(case.want(key)?)?;
    let top = want.iter().fold(f32::MIN_POSITIVE, |m, x| m.max(x.abs()));
    let scale = |x: &[f32]| x.iter().map(|v| v / top).collect::<Vec<f32>>();
    case.close(key, &scale(got), &scale(want.flat()))
}

pub fn fisher(case: &Case) -> Result<()> {
    let graph = tiny(case)?;
    let got = scores(&graph, "fisher", &whole(case)?, Mode::EVAL, 1.0)?;
    LAYERS.iter().zip(&got).try_for_each(|(layer, s)| case.meets(&format!("obd_fisher_score/{layer}"), s.flat()))
}

/// A recipe from settings as text.
fn recipe(text: &str) -> Result<Recipe> {
    let pairs = text.split_whitespace().filter_map(|pair| pair.split_once('='));
    Recipe::read(&pairs.map(|(k, v)| (k.to_string(), v.to_string())).collect::<Settings>())
}

/// Masks of a recipe on a network, without evidence.
fn masks(graph: &Graph, recipe: &Recipe) -> Result<Masks> {
    let targets = event::targets(graph, &recipe.choice.pattern)?;
    let scored = event::score(graph, &targets, &recipe.choice.criterion, &Evidence::default(), 1)?;
    let keep = event::allocate(&scored, &recipe.choice.allocation, recipe.sparsity, 1)?;
    Ok(event::masks(graph, &targets, &scored, &keep, 1))
}

pub fn magnitude(case: &Case) -> Result<()> {
    let graph = tiny(case)?;
    for sparsity in case.tensor("sparsity")?.iter() {
        for (key, allocation) in [("global", "global"), ("layerwise", "layer")] {
            let masks =
                masks(&graph, &recipe(&format!("criterion=magnitude allocation={allocation} sparsity={sparsity}"))?)?;
            for layer in LAYERS {
                let id = weight(&graph, layer)?;
                let w = graph.data(id)?.mapv(f32::abs);
                let keep: Vec<bool> = masks.get(id).unwrap_or(&[]).iter().map(|&m| m == 1).collect();
                let lowest = w.iter().zip(&keep).filter(|(_, k)| **k).map(|(w, _)| *w).fold(f32::INFINITY, f32::min);
                let name = format!("{key}_{sparsity}/mask/{layer}");
                case.masks(&name, &keep, &flat(case.want(&name)?)?, w.flat(), lowest)?;
            }
        }
    }
    Ok(())
}

pub fn lamp(case: &Case) -> Result<()> {
    let graph = tiny(case)?;
    for layer in LAYERS {
        let w = graph.data(weight(&graph, layer)?)?.mapv(f32::abs);
        case.meets(&format!("scores/{layer}"), &lamp_scores(w.flat()))?;
    }
    for sparsity in case.tensor("sparsity")?.iter() {
        let masks = masks(&graph, &recipe(&format!("criterion=magnitude allocation=lamp sparsity={sparsity}"))?)?;
        let kept = |layer: &&str| -> Result<f32> {
            let id = weight(&graph, layer)?;
            Ok(masks.kept(id, graph.data(id)?.len()) as f32)
        };
        for layer in LAYERS {
            let want = case.want(&format!("sparsity_{sparsity}/kept/{layer}"))?.as_f64().unwrap_or(-1.0) as f32;
            if (kept(&layer)? - want).abs() > 0.5 {
                return Err(Error::unsupported(format!(
                    "sparsity {sparsity}, {layer}: {} kept, {want} listed",
                    kept(&layer)?
                )));
            }
        }
    }
    Ok(())
}

pub fn erk(case: &Case) -> Result<()> {
    let part = named(secateur::prune::allocation::ALL, "erk")?;
    let shapes = LAYERS.iter().map(|l| case.list(&format!("shapes_OIHW/{l}"))).collect::<Result<Vec<_>>>()?;
    // Many units a layer, so that rounding to whole units does not hide the density.
    let scored: Vec<Scored> = shapes
        .iter()
        .map(|shape| Scored {
            name: String::new(),
            scores: vec![0.0; 1_000_000],
            shape: shape.clone(),
            macs: 1,
            weights: 1,
        })
        .collect();
    for sparsity in case.tensor("sparsity")?.iter() {
        let keep = part.keep(&scored, *sparsity, &Args::default())?;
        for (layer, keep) in LAYERS.iter().zip(keep) {
            let want = case.want(&format!("erk_jaxpruner_{sparsity}/{layer}"))?.as_f64().unwrap_or(-1.0);
            if (keep as f64 / 1e6 - want).abs() > 2e-5 {
                return Err(Error::unsupported(format!(
                    "sparsity {sparsity}, {layer}: density {} and {want} listed",
                    keep as f64 / 1e6
                )));
            }
        }
    }
    Ok(())
}

pub fn filters(case: &Case) -> Result<()> {
    let graph = tiny(case)?;
    let of = |id: &str| -> Result<Vec<Tensor>> {
        // The last layer has no batch norm, so it is scored alone where one is needed.
        let part = named(criterion::ALL, id)?;
        let evidence = Evidence::default();
        let layers =
            graph.layers().filter(|&(node, _)| id != "bn-scale" || norm_of(&graph, &graph.nodes[node].name).is_some());
        layers
            .map(|(node, w)| part.score(&Layer::new(&graph, &graph.nodes[node], w, &evidence, 1), &Args::default()))
            .collect()
    };
    let compare = |scores: Vec<Tensor>, key: &dyn Fn(usize, &str) -> String| -> Result<()> {
        for (i, (layer, s)) in LAYERS.iter().zip(&scores).enumerate().take(LAYERS.len() - 1) {
            case.meets(&key(i, layer), s.flat())?;
        }
        Ok(())
    };
    match case.name.as_str() {
        "filter_norms" => {
            compare(of("l1-norm")?, &|_, l| format!("l1/{l}"))?;
            compare(of("l2-norm")?, &|_, l| format!("l2/{l}"))?;
            case.meets("l2_fc_rows", of("l2-norm")?[LAYERS.len() - 1].flat())
        }
        "filter_fpgm" => compare(of("fpgm")?, &|_, l| format!("{l}/distance_sum")),
        _ => compare(of("bn-scale")?, &|i, _| format!("scores/bn{i}")),
    }
}

pub fn apoz(case: &Case) -> Result<()> {
    let graph = tiny(case)?;
    let got = scores(&graph, "apoz", &whole(case)?, Mode::EVAL, 1.0)?;
    for (i, s) in got.iter().enumerate().take(LAYERS.len() - 1) {
        // conv2 feeds a sum, whose ReLU its own activation is not: the case looks behind the sum.
        if LAYERS[i] != "conv2" {
            case.meets(&format!("apoz/relu{i}"), s.mapv(|s| 1.0 - s).flat())?;
        }
    }
    Ok(())
}

pub fn taylor(case: &Case) -> Result<()> {
    let graph = tiny(case)?;
    let got = scores(&graph, "taylor", &whole(case)?, Mode::EVAL, 1.0)?;
    for (layer, s) in LAYERS.iter().zip(&got).take(LAYERS.len() - 1) {
        let sums: Vec<f32> = s.outer_iter().map(|filter| filter.sum()).collect();
        relative(case, &format!("sum_of_squares_gw/{layer}"), &sums)?;
    }
    Ok(())
}

pub fn wanda(case: &Case) -> Result<()> {
    let (w, x) = (case.tensor("W")?, case.tensor("X")?);
    let (inputs, rows) = (w.shape()[1], x.len() / w.shape()[1]);
    let mut b = Builder::new(&[inputs], 1);
    let input = b.input();
    let y = b.linear("fc", input, w.shape()[0])?;
    let mut graph = b.finish(y);
    let id = weight(&graph, "fc")?;
    *graph.data_mut(id)? = w;
    let batch = (tensor::from_vec(&[rows, inputs], x.flat().to_vec())?, vec![0; rows]);
    let part = named(criterion::ALL, "wanda")?;
    let how = How { probes: part.probes(), mode: Mode::EVAL, temperature: 1.0 };
    let evidence = gather(&graph, &[batch], how)?;
    let scores = by_layer(&graph, part, &evidence)?.remove(0);
    case.meets("metric_own_l2norm", scores.flat())?;
    for (name, want) in case.expected().filter(|(name, _)| name.starts_with("keep_")) {
        let rule = match name.trim_start_matches("keep_").split_once('_') {
            Some((n, m)) => format!("pattern=n:m pattern.n={n} pattern.m={m} allocation=layer"),
            // Of every row int(in s) go.
            None => {
                let cut =
                    (inputs as f32 * name.trim_start_matches("keep_").parse::<f32>().unwrap_or(0.0) / 100.0) as usize;
                format!("pattern=element pattern.per=row allocation=layer sparsity={}", cut as f32 / inputs as f32)
            }
        };
        let recipe = recipe(&format!("{rule} criterion=magnitude"))?;
        let units = recipe.choice.pattern.part.units(scores.shape(), &recipe.choice.pattern.args)?;
        let by_unit = units.mean(scores.flat());
        let keep = units.count - secateur::prune::allocation::cut(units.count, recipe.sparsity);
        let kept = event::select(&by_unit, keep, units.rule);
        let mask: Vec<f32> = units.of.iter().map(|&u| f32::from(u8::from(kept[u as usize]))).collect();
        if mask != flat(want)? {
            return Err(Error::unsupported(format!("{name}: the mask differs")));
        }
    }
    Ok(())
}

/// The mask of |w| for a pattern, at a sparsity.
fn pattern_mask(w: &Tensor, text: &str, sparsity: f32) -> Result<Vec<f32>> {
    let pick: Pick<dyn pattern::Pattern> =
        recipe(&format!("{text} allocation=layer criterion=magnitude"))?.choice.pattern;
    let units = pick.part.units(w.shape(), &pick.args)?;
    let scores = units.mean(w.mapv(f32::abs).flat());
    let keep = (units.count - secateur::prune::allocation::cut(units.count, sparsity)).max(1);
    let kept = event::select(&scores, keep, units.rule);
    Ok(units.of.iter().map(|&u| f32::from(u8::from(kept[u as usize]))).collect())
}

pub fn patterns(case: &Case) -> Result<()> {
    let (matrix, blocks, conv) = (case.tensor("M")?, case.tensor("block_matrix")?, case.tensor("conv_OIHW")?);
    for (name, want) in case.expected() {
        let parts: Vec<&str> = name.split('_').collect();
        let got = match parts.as_slice() {
            ["nm", n, m] => pattern_mask(&matrix, &format!("pattern=n:m pattern.n={n} pattern.m={m}"), 0.5)?,
            ["conv", "OIHW", n, m, "axis1"] => {
                pattern_mask(&conv, &format!("pattern=n:m pattern.n={n} pattern.m={m}"), 0.5)?
            }
            ["block", size, "mean", sparsity] => {
                let (rows, columns) = size.split_once('x').unwrap_or(("1", "1"));
                let text = format!("pattern=block pattern.rows={rows} pattern.columns={columns}");
                pattern_mask(&blocks, &text, sparsity.parse().unwrap_or(0.5))?
            }
            ["channel", "axis0", sparsity] => pattern_mask(&blocks, "pattern=row", sparsity.parse().unwrap_or(0.5))?,
            // Blocks by maximum, channels of the input, 1xN and apex's own rule are other patterns.
            _ => continue,
        };
        if got != flat(want)? {
            return Err(Error::unsupported(format!("{name}: the mask differs")));
        }
    }
    Ok(())
}

fn numbers(value: &Value) -> Vec<usize> {
    let mut out: Vec<usize> =
        value.as_array().into_iter().flatten().filter_map(Value::as_u64).map(|x| x as usize).collect();
    out.sort_unstable();
    out
}

pub fn rigl(case: &Case) -> Result<()> {
    let (w, grad) = (case.tensor("w")?, case.tensor("grad")?);
    let mut mask: Vec<u8> = case.tensor("mask")?.iter().map(|&m| m as u8).collect();
    let masked =
        tensor::from_vec(w.shape(), w.iter().zip(&mask).map(|(w, &m)| if m == 1 { *w } else { 0.0 }).collect())?;
    let mut new =
        regrow::exchange(&masked, &mut mask, grad.mapv(f32::abs).flat(), case.number("drop_fraction").unwrap_or(0.3));
    new.sort_unstable();
    let want = case.want("rigl_tf")?;
    let same = new == numbers(&want["grown"])
        && mask.iter().map(|&m| f32::from(m)).collect::<Vec<_>>() == flat(&want["mask"])?;
    if same { Ok(()) } else { Err(Error::unsupported(format!("grown {new:?}, listed {:?}", want["grown"]))) }
}

pub fn set(case: &Case) -> Result<()> {
    let w = case.tensor("w")?;
    let before: Vec<u8> = case.tensor("mask")?.iter().map(|&m| m as u8).collect();
    let masked =
        tensor::from_vec(w.shape(), w.iter().zip(&before).map(|(w, &m)| if m == 1 { *w } else { 0.0 }).collect())?;
    let mut mask = before.clone();
    // What comes back is random in SET: here it comes from weights that were never kept, so that drops stay visible.
    let scores: Vec<f32> = before.iter().map(|&m| if m == 1 { 0.0 } else { 1.0 }).collect();
    regrow::exchange(&masked, &mut mask, &scores, case.number("zeta").unwrap_or(0.3));
    let dropped: Vec<usize> = (0..mask.len()).filter(|&i| before[i] == 1 && mask[i] == 0).collect();
    let want = numbers(case.want("abs_rule_dropped")?);
    if dropped == want { Ok(()) } else { Err(Error::unsupported(format!("dropped {dropped:?}, listed {want:?}"))) }
}
