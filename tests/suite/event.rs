//! Pruning events one after the other: what was cut stays cut, and what must stay is no candidate.

use secateur::base::{Result, tensor};
use secateur::graph::build::Square;
use secateur::graph::op::{Flatten, GlobalPool, OpKind, Relu, Softmax};
use secateur::graph::{Builder, Graph, Masks, run};
use secateur::prune::gather::{How, gather};
use secateur::prune::probe::Evidence;
use secateur::prune::recipe::Recipe;
use secateur::prune::{criterion, event, pattern};
use secateur::zoo;
use wasm_bindgen_test::wasm_bindgen_test;

use super::plan::{noise, settled};
use super::session::{open, run as run_recipe, settings};

/// Two layers of 16 channels whose filters have L1 norms of 10 + i and 10.5 + i, and answers.
fn ladder() -> Result<Graph> {
    let mut b = Builder::new(&[1], 1);
    let mut x = b.input();
    for name in ["a", "b"] {
        x = b.linear(name, x, 16)?;
        x = b.node(&format!("{name}.relu"), Relu, &[x])?;
    }
    let y = b.linear("answers", x, 10)?;
    let mut graph = b.finish(y);
    for (name, least) in [("a", 10.0), ("b", 10.5)] {
        let id = graph.find(&format!("{name}.weight")).expect("the layer was just made");
        let depth = graph.values[id].shape[1];
        let norms = (0..16 * depth).map(|i| (least + (i / depth) as f32) / depth as f32);
        *graph.data_mut(id)? = tensor::from_vec(&[16, depth], norms.collect())?;
    }
    Ok(graph)
}

/// Kept channels of every target, after events that cut more and more.
fn events(graph: &Graph, text: &str, shares: &[f32]) -> Result<Vec<Vec<usize>>> {
    let recipe = Recipe::read(&settings(text))?;
    let (mut graph, mut masks, mut out) = (graph.clone(), Masks::default(), Vec::new());
    for &share in shares {
        let how = How {
            probes: recipe.choice.criterion.part.probes(),
            mode: secateur::graph::op::Mode::EVAL,
            temperature: 1.0,
        };
        let shape = [&[4][..], &graph.values[graph.input()].shape[1..]].concat();
        let evidence = gather(&graph, &[(noise(&shape, 3), vec![0, 1, 2, 3])], how)?;
        let new = event::cut(&graph, &recipe, evidence, &masks, share)?;
        for (id, mask) in masks.iter() {
            let now = new.get(id).expect("a mask does not go away");
            let back = mask.iter().zip(now).filter(|(then, now)| now > then).count();
            assert_eq!(back, 0, "{text} at {share}: {back} numbers of {} come back", graph.values[id].name);
        }
        new.apply(&mut graph)?;
        masks = new;
        let targets = event::targets(&graph, &recipe.choice.pattern)?;
        out.push(targets.iter().map(|t| t.kept(&graph, &masks).iter().filter(|kept| **kept).count()).collect());
    }
    Ok(out)
}

#[wasm_bindgen_test(unsupported = test)]
fn rounded_widths_only_shrink() -> Result<()> {
    let recipe = "pattern=channel pattern.round=8 criterion=l1-norm allocation=global";
    assert_eq!(events(&ladder()?, recipe, &[0.3125, 0.375])?, [[8, 8], [8, 8]]);
    Ok(())
}

/// Every criterion that fits, every pattern and allocation, in events that follow each other: nothing comes back.
#[wasm_bindgen_test(unsupported = test)]
fn what_is_cut_stays_cut() -> Result<()> {
    let graph = settled("resnet8")?;
    let mut tried = 0;
    for p in pattern::ALL {
        for c in criterion::ALL {
            for allocation in ["layer", "global", "erk", "lamp", "macs"] {
                let mut text =
                    format!("pattern={} criterion={} allocation={allocation} min_keep=3", p.meta().id, c.meta().id);
                if p.physical() {
                    text += " pattern.round=8";
                }
                if Recipe::read(&settings(&text)).is_err() {
                    continue;
                }
                // Shares that rise, and one that falls back: a smaller goal brings nothing back.
                events(&graph, &text, &[0.3, 0.45, 0.4, 0.8]).map_err(|e| e.at(&text))?;
                tried += 1;
            }
        }
    }
    assert!(tried > 100, "{tried} recipes");
    Ok(())
}

/// Filters set to zero in place are never those that give the answers, whatever stands between them and the end.
#[wasm_bindgen_test(unsupported = test)]
fn rows_of_answers_stay() -> Result<()> {
    let mut b = Builder::new(&[1, 8, 8], 1);
    let square = |out| Square { out, kernel: 3, stride: 1, pad: 1 };
    let x = b.conv("conv", b.input(), square(6), true)?;
    let x = b.node("relu", Relu, &[x])?;
    let x = b.conv("classes", x, square(4), true)?;
    let x = b.node("pool", GlobalPool, &[x])?;
    let x = b.node("flatten", Flatten, &[x])?;
    let x = b.node("softmax", Softmax, &[x])?;
    let answers_by_convolution = b.finish(x);
    let mut networks = vec![answers_by_convolution];
    for model in zoo::ALL {
        networks.push(model.build(1)?);
    }
    let recipe = Recipe::read(&settings("pattern=row criterion=l2-norm allocation=global sparsity=0.9"))?;
    for graph in networks {
        let masks = event::cut(&graph, &recipe, Evidence::default(), &Masks::default(), 0.9)?;
        let (node, last) = graph.layers().last().expect("layers");
        let name = &graph.nodes[node].name;
        assert_eq!(masks.get(last), None, "{name} loses classes");
        assert!(graph.layers().filter(|&(_, id)| id != last).all(|(_, id)| masks.get(id).is_some()), "before {name}");
    }
    Ok(())
}

/// A row that is cut is silent: neither its bias nor the norm behind it sends anything on.
#[wasm_bindgen_test(unsupported = test)]
fn cut_rows_send_nothing_on() -> Result<()> {
    for model in ["resnet8", "mobilenet-small", "vgg-small", "lenet-5"] {
        let (session, record) =
            run_recipe(model, "pattern=row criterion=l2-norm sparsity=0.5 recovery.steps=2 recovery.lr=0.01")?;
        let outcome = session.outcome().expect("a network");
        let graph = &outcome.masked;
        let t = run::trace(graph, &noise(&[3, 1, 28, 28], 4), secateur::graph::op::Mode::EVAL)?;
        let mut silent = 0;
        for (node, id) in graph.layers() {
            let Some(mask) = outcome.masks.get(id) else { continue };
            let mut out = graph.nodes[node].out;
            if let Some(norm) = graph.readers(out).find(|n| matches!(n.op, OpKind::BatchNorm(_))) {
                out = norm.out;
            }
            let (y, rows) = (t.get(graph, out)?, graph.values[id].shape[0]);
            for (row, mask) in mask.chunks(mask.len() / rows).enumerate().filter(|(_, mask)| !mask.contains(&1)) {
                assert!(mask.iter().all(|&m| m == 0));
                let channel = y.index_axis(ndarray::Axis(1), row);
                assert!(channel.iter().all(|&x| x == 0.0), "{model}: row {row} of {}", graph.nodes[node].name);
                silent += 1;
            }
        }
        assert!(silent > 10, "{model}: {silent} rows are cut");
        assert!(record.layers.last().is_some_and(|layer| layer.sparsity == 0.0), "{model}");
    }
    Ok(())
}

/// What a check takes, an event does: for every criterion and pattern, on a network with norms and one without.
#[wasm_bindgen_test(unsupported = test)]
fn a_check_asks_what_a_run_will_ask() -> Result<()> {
    for model in ["resnet8", "lenet-300-100"] {
        let (session, graph) = (open(model)?, zoo::find(model)?.build(1)?);
        for p in pattern::ALL {
            for c in criterion::ALL {
                let text = format!("pattern={} criterion={} allocation=layer sparsity=0.5", p.meta().id, c.meta().id);
                let check = session.check(&settings(&text));
                if check.ok {
                    assert!(session.preview(&settings(&text)).is_ok(), "{model}, {text}");
                    events(&graph, &text, &[0.5]).map_err(|e| e.at(&format!("{model}, {text}")))?;
                } else {
                    let told = check.errors.iter().all(|e| e.key.is_some() && !e.hint.is_empty());
                    assert!(told, "{model}, {text}: {:?}", check.errors);
                }
            }
        }
    }
    let check = open("lenet-300-100")?.check(&settings("pattern=channel criterion=l1-norm allocation=layer"));
    assert!(check.ok && check.disabled["criterion"].contains_key("bn-scale"), "{:?}", check.disabled);
    Ok(())
}
