//! Networks of which each image runs some channels: plan against interpreter, arithmetic counted twice, masked = sliced.

use secateur::base::{Flat, Result, Rng, Tensor, tensor};
use secateur::compile::{Choose, Options, compile};
use secateur::graph::op::{Mode, OpKind, boost};
use secateur::graph::{Graph, Masks, boosted, count, run};
use secateur::zoo;
use wasm_bindgen_test::wasm_bindgen_test;

use super::plan::{close, cut, examples, noise, settled};
use super::session::{data, finish, open, run as session_run, settings};

/// A model whose layers run a share of their channels, by predictors that look.
pub fn choosing(id: &str, density: f64) -> Result<Graph> {
    let (mut graph, mut rng) = (settled(id)?, Rng::new(8));
    for (name, weight) in boosted::candidates(&graph) {
        let channels = graph.values[weight].shape[0];
        boosted::install(&mut graph, &name, boosted::kept(channels, density), &mut rng)?;
        for (what, spread) in [("weight", 1.0), ("shift", 0.3)] {
            let id = graph.find(&format!("{name}.boost.{what}")).expect("it was put there");
            graph.data_mut(id)?.flat_mut().iter_mut().for_each(|x| *x = spread * rng.normal());
        }
    }
    Ok(graph)
}

/// Multiply-adds that some images take, from what the interpreter sees: channels that come in as zeros and those that are not chosen
/// take none.
fn taken(graph: &Graph, x: &Tensor) -> Result<u64> {
    let t = run::trace(graph, x, Mode::EVAL)?;
    let mut sum = 0;
    for node in &graph.nodes {
        let macs = count::macs_of(graph, node);
        let boost = graph.readers(node.out).flat_map(|norm| graph.readers(norm.out));
        let boost = boost.into_iter().find(|reader| matches!(reader.op, OpKind::Boost(_)));
        let Some(boost) = boost.filter(|_| matches!(node.op, OpKind::Conv(_))) else {
            sum += macs * x.shape()[0] as u64;
            continue;
        };
        let (seen, g) = (t.get(graph, node.ins[0])?, t.get(graph, boost.ins[1])?);
        let (inputs, outputs) = (seen.shape()[1], g.shape()[1]);
        let each = macs / (inputs * outputs) as u64;
        let k = boost::count(graph.data(boost.ins[3])?);
        for (image, g) in seen.flat().chunks(seen.len() / seen.shape()[0]).zip(g.flat().chunks(outputs)) {
            let incoming = image.chunks(image.len() / inputs).filter(|plane| plane.iter().any(|&x| x != 0.0)).count();
            sum += each * (incoming * boost::active(g, k).len()) as u64;
        }
    }
    Ok(sum)
}

#[wasm_bindgen_test(unsupported = test)]
fn plans_run_what_images_choose_and_count_it() -> Result<()> {
    for id in ["resnet8", "vgg-small"] {
        for density in [0.25, 0.5, 1.0] {
            let (graph, x) = (choosing(id, density)?, noise(&[4, 1, 28, 28], 6));
            let want = run::run(&graph, &x)?;
            for (batch, threads) in [(1, 1), (4, 1), (4, 2)] {
                let options = Options { batch, threads, choose: Choose::Predict, ..Options::default() };
                let mut plan = compile(&graph, &Masks::default(), &options)?;
                close(&format!("{id} at {density}, batch {batch}"), &plan.answers(&x)?, &want);
                assert_eq!(plan.executed(), taken(&graph, &x)?, "{id} at {density}, batch {batch}, {threads} threads");
            }
            let whole = 4 * count::macs(&graph, &Masks::default());
            // What no image wants runs for none, even where there is room for all.
            let bound = if density < 1.0 { whole * 6 / 10 } else { whole };
            assert!(taken(&graph, &x)? <= bound, "{id} at {density}: {whole} in all");
        }
    }
    Ok(())
}

/// Of a network that does not choose, a plan runs what its masks leave.
#[wasm_bindgen_test(unsupported = test)]
fn plans_count_what_masks_leave() -> Result<()> {
    for model in zoo::ALL {
        let graph = settled(model.id)?;
        for masks in [Masks::default(), cut(&graph, 0.7)] {
            let x = examples(&graph, 2, 6);
            let options = Options { batch: 2, choose: Choose::Predict, ..Options::default() };
            let mut plan = compile(&graph, &masks, &options)?;
            plan.answers(&x)?;
            assert_eq!(plan.executed(), 2 * count::macs(&graph, &masks), "{}", model.id);
        }
    }
    Ok(())
}

#[wasm_bindgen_test(unsupported = test)]
fn a_channel_that_is_gone_leaves_its_place_to_none() -> Result<()> {
    let graph = choosing("resnet8", 0.5)?;
    for seed in 0..3 {
        let removed = super::couple::same_both_ways("fbs", &graph, &noise(&[2, 1, 28, 28], 4), seed)?;
        assert!(removed > 0, "channels can be removed");
    }
    Ok(())
}

/// Answers do not depend on what the last image chose.
#[wasm_bindgen_test(unsupported = test)]
fn plans_forget_what_the_last_image_chose() -> Result<()> {
    let graph = choosing("resnet8", 0.5)?;
    let options = Options { choose: Choose::Predict, ..Options::default() };
    let mut plan = compile(&graph, &Masks::default(), &options)?;
    let x = noise(&[6, 1, 28, 28], 4);
    let first = plan.answers(&x)?;
    let backwards = tensor::pick(&x, 0, &[5, 4, 3, 2, 1, 0])?;
    assert_eq!(tensor::pick(&plan.answers(&backwards)?, 0, &[5, 4, 3, 2, 1, 0])?, first);
    Ok(())
}

/// A network that chooses and is opened from its file goes on choosing, whatever else is done to it: what images took is told.
#[wasm_bindgen_test(unsupported = test)]
fn what_images_take_is_told_of_a_network_that_comes_choosing() -> Result<()> {
    let (first, _) = session_run("resnet8", "runtime=fbs recovery.steps=1 training.batch=4")?;
    let mut session = open("resnet8")?;
    let info = session.open("resnet8", first.file().expect("a finished run leaves a file"))?;
    assert!(info.notes.iter().any(|note| note.contains("each image chooses")), "{:?}", info.notes);
    data(&mut session, "resnet8")?;
    session.start("run", &settings("sparsity=0.5 recovery=none"))?;
    let (record, _) = finish(&mut session)?;
    let each = record.per_image.expect("images choose");
    assert_eq!((each.images, record.macs.pruned), (100, each.macs.mean.round() as u64));
    assert!(each.macs.mean < 0.6 * record.macs.dense as f64, "{each:?} of {:?}", record.macs);
    Ok(())
}
