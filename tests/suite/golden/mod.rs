//! Cases from PyTorch and the authors' own code, in `tests/golden` or the folder that SECATEUR_GOLDEN names.

mod case;
mod criteria;
mod fusion;
mod hooks;
mod layers;
mod network;
mod runtime;
mod solvers;
mod training;
mod transformer;

use std::collections::BTreeMap;

use case::Case;
use secateur::base::part::Part;
use secateur::base::{Error, Result};
use wasm_bindgen_test::wasm_bindgen_test;

/// The part with an id.
fn named<P: Part + ?Sized>(all: &'static [&'static P], id: &str) -> Result<&'static P> {
    all.iter().find(|part| part.meta().id == id).copied().ok_or_else(|| Error::format(format!("no part {id}")))
}

type Check = fn(&Case) -> Result<()>;

/// What each family is checked by; the longest prefix counts. `None`: not yet supported, though a shorter prefix is.
const FAMILIES: &[(&str, Option<Check>)] = &[
    ("layer_", Some(layers::check)),
    ("layer_embedding", Some(transformer::embedding)),
    ("layer_log_softmax", None),
    ("layer_mha", Some(transformer::attention)),
    ("transformer_model", Some(transformer::forward_backward)),
    ("struct_heads", Some(transformer::without_heads)),
    ("struct_layer_drop", Some(transformer::without_layers)),
    ("run_fbs", Some(runtime::fbs)),
    ("fuse_kmeans", Some(fusion::kmeans)),
    ("fuse_huffman", Some(fusion::huffman)),
    ("fuse_lowrank", Some(fusion::low_rank)),
    ("head_importance", Some(transformer::head_importance)),
    ("loss_", Some(training::loss)),
    ("lr_", Some(training::rate)),
    ("opt_", Some(training::optimizer)),
    ("opt_adam_amsgrad", None),
    ("opt_rmsprop", None),
    ("tinycnn_model", Some(network::builds)),
    ("tinycnn_fwdbwd_", Some(network::forward_backward)),
    ("crit_hvp", Some(network::hessian)),
    ("crit_snip", Some(criteria::snip)),
    ("crit_synflow", Some(criteria::synflow)),
    ("crit_grasp", Some(criteria::grasp)),
    ("crit_fisher_diag", Some(criteria::fisher)),
    ("crit_magnitude", Some(criteria::magnitude)),
    ("alloc_lamp", Some(criteria::lamp)),
    ("alloc_erk_er", Some(criteria::erk)),
    ("filter_norms", Some(criteria::filters)),
    ("filter_fpgm", Some(criteria::filters)),
    ("filter_bn_scale", Some(criteria::filters)),
    ("filter_apoz", Some(criteria::apoz)),
    ("filter_taylor_fo", Some(criteria::taylor)),
    ("wanda", Some(criteria::wanda)),
    ("semi_structured_masks", Some(criteria::patterns)),
    ("rigl_update", Some(criteria::rigl)),
    ("set_drop", Some(criteria::set)),
    ("sched_gmp_cubic", Some(training::cubic)),
    ("sched_rigl_cosine", Some(training::cosine)),
    ("depgraph_tinycnn", Some(network::groups_of_tinycnn)),
    ("depgraph_concat_flatten", Some(network::groups_of_concat)),
    ("tp_prune_tinycnn", Some(network::sliced)),
    ("pen_slimming", Some(hooks::slimming)),
    ("gate_sr_ste", Some(hooks::sr_ste)),
    ("gate_str", Some(hooks::str)),
    ("gate_dpf", Some(hooks::dpf)),
    ("sched_acdc", Some(hooks::acdc)),
    ("dst_snfs", Some(hooks::snfs)),
    ("obc_exactobs", Some(solvers::obc)),
    ("solve_least_squares", Some(solvers::least_squares)),
    ("sparsegpt", Some(solvers::sparsegpt)),
    ("sparsegpt_nm", Some(solvers::sparsegpt_nm)),
    ("sparsegpt_quant", None),
];

/// What a case is checked by; `None`: not yet supported.
fn family(name: &str) -> Option<Check> {
    let fits = FAMILIES.iter().filter(|(prefix, _)| name.starts_with(prefix)).max_by_key(|(prefix, _)| prefix.len());
    fits.and_then(|(_, check)| *check)
}

/// Runs every case whose name begins with one of some prefixes; all failures are told at once.
fn run(prefixes: &[&str]) -> Result<()> {
    let cases = case::all()?;
    let (mut ran, mut failed) = (0, BTreeMap::new());
    for case in cases.values().filter(|c| prefixes.iter().any(|p| c.name.starts_with(p))) {
        if let Some(check) = family(&case.name) {
            ran += 1;
            if let Err(error) = check(case) {
                failed.insert(&case.name, error.to_string());
            }
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
    assert!(ran > 0, "no case of {prefixes:?} was found");
    Ok(())
}

/// Prefixes of the cases that the tests below run.
const GROUPS: [&[&str]; 10] = [
    &["layer_"],
    &["loss_", "lr_", "opt_", "sched_"],
    &["tinycnn_", "crit_hvp", "depgraph_", "tp_prune_"],
    &["crit_", "filter_", "wanda"],
    &["alloc_", "semi_structured_masks", "rigl_update", "set_drop"],
    &["solve_", "sparsegpt", "obc_"],
    &["pen_", "gate_", "dst_"],
    &["transformer_", "struct_", "head_"],
    &["fuse_"],
    &["run_"],
];

/// Names every case that nothing checks; none of the committed ones is among them.
#[wasm_bindgen_test(unsupported = test)]
fn golden_cases_are_checked_or_named() -> Result<()> {
    let cases = case::all()?;
    let in_group = |name: &str| GROUPS.iter().any(|group| group.iter().any(|prefix| name.starts_with(prefix)));
    let (known, left): (Vec<&str>, Vec<&str>) =
        cases.keys().map(String::as_str).partition(|name| family(name).is_some());
    println!("not yet supported: {}", left.join(", "));
    assert!(known.iter().all(|name| in_group(name)), "no test runs one of {known:?}");
    let unchecked: Vec<&&str> = left.iter().filter(|name| case::is_committed(name)).collect();
    assert!(unchecked.is_empty(), "committed, and nothing checks them: {unchecked:?}");
    Ok(())
}

#[wasm_bindgen_test(unsupported = test)]
fn golden_layers() -> Result<()> {
    run(GROUPS[0])
}

#[wasm_bindgen_test(unsupported = test)]
fn golden_losses_rates_and_optimizers() -> Result<()> {
    run(GROUPS[1])
}

#[wasm_bindgen_test(unsupported = test)]
fn golden_network() -> Result<()> {
    run(GROUPS[2])
}

#[wasm_bindgen_test(unsupported = test)]
fn golden_criteria() -> Result<()> {
    run(GROUPS[3])
}

#[wasm_bindgen_test(unsupported = test)]
fn golden_allocations_patterns_and_regrowing() -> Result<()> {
    run(GROUPS[4])
}

#[wasm_bindgen_test(unsupported = test)]
fn golden_solvers() -> Result<()> {
    run(GROUPS[5])
}

#[wasm_bindgen_test(unsupported = test)]
fn golden_hooks() -> Result<()> {
    run(GROUPS[6])
}

#[wasm_bindgen_test(unsupported = test)]
fn golden_transformers() -> Result<()> {
    run(GROUPS[7])
}

#[wasm_bindgen_test(unsupported = test)]
fn golden_fusion() -> Result<()> {
    run(GROUPS[8])
}

#[wasm_bindgen_test(unsupported = test)]
fn golden_runtime() -> Result<()> {
    run(GROUPS[9])
}
