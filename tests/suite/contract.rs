//! What every part promises, checked over every part: nothing here names one.

use std::collections::BTreeSet;

use secateur::base::part::{Args, Meta, ParamKind};
use secateur::base::{Result, tensor};
use secateur::catalog::catalog;
use secateur::graph::{Graph, Masks};
use secateur::prune::Settings;
use secateur::prune::axis::{AXES, parts};
use secateur::prune::criterion::{self, Level};
use secateur::prune::expand::expand;
use secateur::prune::gather::{How, gather};
use secateur::prune::probe::Evidence;
use secateur::prune::recipe::Recipe;
use secateur::prune::target::SelectRule;
use secateur::prune::{allocation, event, method, pattern};
use wasm_bindgen_test::wasm_bindgen_test;

use super::plan::{noise, settled};

fn settings(text: &str) -> Settings {
    text.split_whitespace().filter_map(|p| p.split_once('=')).map(|(k, v)| (k.into(), v.into())).collect()
}

#[wasm_bindgen_test(unsupported = test)]
fn parts_explain_themselves() {
    for axis in AXES {
        let all: Vec<&Meta> = parts(axis.id);
        let ids: BTreeSet<&str> = all.iter().map(|m| m.id).collect();
        assert_eq!(ids.len(), all.len(), "{} has two parts of one name", axis.id);
        assert!(ids.contains(axis.default), "the default of {} is none of its parts", axis.id);
        for meta in all {
            let name = format!("{}={}", axis.id, meta.id);
            assert!(
                meta.id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-:".contains(c)),
                "{name}"
            );
            assert!(
                meta.what.ends_with('.') && !meta.formula.is_empty() && !meta.name.is_empty(),
                "{name} does not explain itself"
            );
            assert!(
                !meta.sources.is_empty() && meta.sources.iter().all(|s| s.url.starts_with("https://")),
                "{name} has no source"
            );
            let keys: BTreeSet<&str> = meta.params.iter().map(|p| p.key).collect();
            assert_eq!(keys.len(), meta.params.len(), "{name} has two settings of one key");
            for param in meta.params {
                assert!(
                    param.parse(param.key, &param.default_text()).is_ok(),
                    "{name}: the default of {} is out of range",
                    param.key
                );
                // What words mean is known where they are used.
                let words = matches!(param.kind, ParamKind::Words { .. });
                assert!(words || param.parse(param.key, "nonsense").is_err(), "{name}: {} takes anything", param.key);
                assert!(param.what.ends_with('.'), "{name}: {} does not explain itself", param.key);
            }
            assert_eq!(Args::defaults(meta).texts().count(), meta.params.len(), "{name}");
        }
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn methods_are_recipes_that_can_be_read() -> Result<()> {
    let mut ids = BTreeSet::new();
    for row in method::all() {
        assert!(ids.insert(row.id), "{} stands twice", row.id);
        let recipe = Recipe::read(&settings(&format!("method={}", row.id))).map_err(|e| e.at(row.id))?;
        assert!(!expand(&recipe, 640).is_empty(), "{} does nothing", row.id);
        assert_eq!(
            Recipe::read(&recipe.settings())?.settings(),
            recipe.settings(),
            "{} does not survive being written down",
            row.id
        );
        assert!(row.what.ends_with('.') && !row.formula.is_empty() && !row.sources.is_empty(), "{}", row.id);
    }
    let text = serde_json::to_string(&catalog()).expect("the catalog is plain data");
    assert!(method::all().all(|row| text.contains(row.id)));
    Ok(())
}

/// Every pair of parts from two axes either makes a recipe or is refused with a reason and a hint.
#[wasm_bindgen_test(unsupported = test)]
fn every_pair_of_parts_is_a_recipe_or_refused() {
    let (mut fine, mut refused) = (0, 0);
    for a in AXES {
        for b in AXES.iter().filter(|b| b.id > a.id) {
            for (p, q) in parts(a.id).into_iter().flat_map(|p| parts(b.id).into_iter().map(move |q| (p, q))) {
                let text = format!("{}={} {}={}", a.id, p.id, b.id, q.id);
                match Recipe::read(&settings(&text)) {
                    Ok(_) => fine += 1,
                    Err(error) => {
                        refused += 1;
                        let axis = error.key.as_deref().unwrap_or("");
                        assert!(AXES.iter().any(|x| x.id == axis), "{text}: {error} names no axis");
                        assert!(!error.hint.is_empty() && error.message.len() > 20, "{text}: {error}");
                    }
                }
            }
        }
    }
    assert!(fine > 300 && refused > 20, "{fine} fine, {refused} refused");
}

fn evidence(graph: &Graph, part: &dyn criterion::Criterion) -> Result<Evidence> {
    let batch = (noise(&[6, 1, 28, 28], 2), vec![0, 1, 2, 3, 4, 5]);
    gather(graph, &[batch], How { probes: part.probes(), mode: secateur::graph::op::Mode::EVAL, temperature: 1.0 })
}

/// A channel-like pattern for channel criteria, single weights for the rest.
fn fitting(level: Level) -> &'static str {
    match level {
        Level::Channel => "pattern=row",
        Level::Branch => "pattern=branch",
        Level::Weight => "pattern=element",
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn criteria_score_every_layer_the_same_way_each_time() -> Result<()> {
    for model in ["resnet8", "mobilenet-small", "lenet-5", "vit-small"] {
        let graph = settled(model)?;
        for part in criterion::ALL {
            let evidence = evidence(&graph, *part)?;
            for (node, id) in graph.layers() {
                let layer = secateur::prune::layer::Layer::new(&graph, &graph.nodes[node], id, &evidence, 3);
                let what = format!("{model}, {}, {}", layer.name(), part.meta().id);
                let args = Args::defaults(part.meta());
                let scores = match part.score(&layer, &args) {
                    Ok(scores) => scores,
                    // A layer without batch norm may be refused, with a hint.
                    Err(error) => {
                        assert!(!error.hint.is_empty(), "{what}: {error}");
                        continue;
                    }
                };
                let shape = &graph.values[id].shape;
                let want = if part.level() == Level::Channel { &shape[..1] } else { &shape[..] };
                assert_eq!(scores.shape(), want, "{what}");
                assert!(scores.iter().all(|s| s.is_finite()), "{what}");
                assert_eq!(scores, part.score(&layer, &args)?, "{what} is not repeatable");
            }
        }
    }
    Ok(())
}

#[wasm_bindgen_test(unsupported = test)]
fn criteria_declare_what_they_look_at() -> Result<()> {
    let graph = settled("resnet8")?;
    let nothing = Evidence::default();
    for part in criterion::ALL {
        let (node, id) = graph.layers().next().expect("a layer");
        let layer = secateur::prune::layer::Layer::new(&graph, &graph.nodes[node], id, &nothing, 3);
        let alone = part.score(&layer, &Args::defaults(part.meta())).is_ok();
        assert_eq!(alone, part.probes().is_empty(), "{} declares {:?}", part.meta().id, part.probes());
    }
    Ok(())
}

const SHAPES: [&[usize]; 6] = [&[5, 3, 3, 3], &[8, 8, 1, 1], &[7, 1, 3, 3], &[10, 12], &[1, 1], &[4, 16, 5, 5]];

#[wasm_bindgen_test(unsupported = test)]
fn patterns_partition_the_weights_and_hold_exactly() -> Result<()> {
    for part in pattern::ALL.iter().filter(|p| !p.physical()) {
        let args = Args::defaults(part.meta());
        for shape in SHAPES {
            let what = format!("{} on {shape:?}", part.meta().id);
            let units = part.units(shape, &args)?;
            assert_eq!(units.of.len(), tensor::count(shape), "{what}");
            let used: BTreeSet<u32> = units.of.iter().copied().collect();
            assert_eq!(used.len(), units.count, "{what}: units are missing");
            assert!(used.iter().all(|&u| (u as usize) < units.count), "{what}");
            let scores: Vec<f32> = noise(&[units.count], 1).iter().copied().collect();
            for sparsity in [0.0, 0.3, 0.5, 0.97, 1.0] {
                let keep = units.count - allocation::cut(units.count, sparsity);
                let kept = event::select(&scores, keep, units.rule);
                match units.rule {
                    SelectRule::Groups { n, m } => {
                        assert!(
                            kept.chunks(m).all(|g| g.iter().filter(|k| **k).count() == n),
                            "{what}: N:M does not hold"
                        );
                    }
                    _ => assert_eq!(kept.iter().filter(|k| **k).count(), keep, "{what} at {sparsity}"),
                }
            }
        }
    }
    Ok(())
}

#[wasm_bindgen_test(unsupported = test)]
fn allocations_reach_the_goal_and_keep_the_least() -> Result<()> {
    let graph = settled("resnet8")?;
    for part in allocation::ALL {
        let id = part.meta().id;
        for sparsity in [0.0, 0.5, 0.9, 0.99] {
            let recipe = Recipe::read(&settings(&format!("allocation={id} sparsity={sparsity} min_keep=3")))?;
            let masks = masks(&graph, &recipe)?;
            for (node, weight) in graph.layers() {
                let total = tensor::count(&graph.values[weight].shape);
                assert!(masks.kept(weight, total) >= 3, "{id} at {sparsity} empties {}", graph.nodes[node].name);
            }
            let cut = event::sparsity(&graph, &masks);
            // A budget of multiply-adds is not one of weights.
            if id != "macs" {
                assert!((cut - sparsity).abs() < 0.01, "{id}: {cut} is cut instead of {sparsity}");
            }
        }
    }
    Ok(())
}

fn masks(graph: &Graph, recipe: &Recipe) -> Result<Masks> {
    let evidence = evidence(graph, recipe.choice.criterion.part)?;
    event::cut(graph, recipe, evidence, &Masks::default(), recipe.sparsity)
}

/// Every criterion with every pattern it goes with: masks come out, the same each time, and no layer is emptied that the network
/// needs.
#[wasm_bindgen_test(unsupported = test)]
fn every_criterion_works_with_every_fitting_pattern() -> Result<()> {
    let (plain, branched) = (settled("resnet8")?, settled("resnet14")?);
    for c in criterion::ALL {
        assert!(Recipe::read(&settings(&format!("criterion={} {}", c.meta().id, fitting(c.level())))).is_ok());
        for p in pattern::ALL {
            let text = format!("criterion={} pattern={} allocation=layer sparsity=0.5", c.meta().id, p.meta().id);
            let Ok(recipe) = Recipe::read(&settings(&text)) else { continue };
            let graph = if p.bypasses() { &branched } else { &plain };
            let masks = match masks(graph, &recipe) {
                Ok(masks) => masks,
                Err(error) => {
                    // Only where a layer has not what the criterion looks at.
                    assert!(!error.hint.is_empty(), "{text}: {error}");
                    continue;
                }
            };
            assert_eq!(masks, self::masks(graph, &recipe)?, "{text} is not repeatable");
            assert!(p.bypasses() || event::collapsed(graph, &masks).is_empty(), "{text} empties a layer");
            let least = if p.bypasses() { 0.05 } else { 0.3 };
            assert!(event::sparsity(graph, &masks) > least, "{text} cuts {}", event::sparsity(graph, &masks));
        }
    }
    Ok(())
}
