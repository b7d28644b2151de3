//! Cases from PyTorch and the authors' own code, in `tests/golden` or the folder that SECATEUR_GOLDEN names.

mod case;
mod criteria;
mod layers;
mod network;
mod training;

use std::collections::BTreeMap;

use case::Case;
use secateur::base::{Error, Result};
use wasm_bindgen_test::wasm_bindgen_test;

type Check = fn(&Case) -> Result<()>;

/// What each family is checked by; the longest prefix counts. `None`: not yet supported.
const FAMILIES: &[(&str, Option<Check>)] = &[
    ("layer_", Some(layers::check)),
    ("layer_embedding", None),
    ("layer_layernorm", None),
    ("layer_log_softmax", None),
    ("layer_mha", None),
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
    ("crit_fts", None),
    ("crit_obd_exact_diag", None),
    ("alloc_lamp", Some(criteria::lamp)),
    ("alloc_erk_er", Some(criteria::erk)),
    ("filter_norms", Some(criteria::filters)),
    ("filter_fpgm", Some(criteria::filters)),
    ("filter_bn_scale", Some(criteria::filters)),
    ("filter_apoz", Some(criteria::apoz)),
    ("filter_taylor_fo", Some(criteria::taylor)),
    ("filter_chip", None),
    ("filter_hrank", None),
    ("filter_taylor2016", None),
    ("filter_thinet", None),
    ("wanda", Some(criteria::wanda)),
    ("semi_structured_masks", Some(criteria::patterns)),
    ("rigl_update", Some(criteria::rigl)),
    ("set_drop", Some(criteria::set)),
    ("sched_gmp_cubic", Some(training::cubic)),
    ("sched_rigl_cosine", Some(training::cosine)),
    ("sched_acdc", None),
    ("depgraph_tinycnn", Some(network::groups_of_tinycnn)),
    ("depgraph_concat_flatten", Some(network::groups_of_concat)),
    ("tp_prune_tinycnn", Some(network::sliced)),
    ("tp_group_criteria", None),
    ("cka_linear", None),
    ("flap", None),
    ("head_importance", None),
    ("llm_pruner_taylor", None),
    ("ltt_", None),
    ("obc_", None),
    ("obs_", None),
    ("shortgpt_", None),
    ("slicegpt_", None),
    ("sparsegpt", None),
    ("transformer_model", None),
    ("woodfisher_", None),
];

fn family(name: &str) -> Result<Option<Check>> {
    let fits = FAMILIES.iter().filter(|(prefix, _)| name.starts_with(prefix)).max_by_key(|(prefix, _)| prefix.len());
    fits.map(|(_, check)| *check).ok_or_else(|| {
        Error::unsupported(format!("golden case {name}: no family of the suite knows it")).hint("add it to FAMILIES")
    })
}

/// Runs every case whose name begins with one of some prefixes; all failures are told at once.
fn run(prefixes: &[&str]) -> Result<()> {
    let cases = case::all()?;
    let (mut ran, mut failed) = (0, BTreeMap::new());
    for case in cases.values().filter(|c| prefixes.iter().any(|p| c.name.starts_with(p))) {
        if let Some(check) = family(&case.name)? {
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

#[wasm_bindgen_test(unsupported = test)]
fn golden_cases_are_all_known() -> Result<()> {
    for name in case::all()?.keys() {
        family(name)?;
    }
    Ok(())
}

#[wasm_bindgen_test(unsupported = test)]
fn golden_layers() -> Result<()> {
    run(&["layer_"])
}

#[wasm_bindgen_test(unsupported = test)]
fn golden_losses_rates_and_optimizers() -> Result<()> {
    run(&["loss_", "lr_", "opt_", "sched_"])
}

#[wasm_bindgen_test(unsupported = test)]
fn golden_network() -> Result<()> {
    run(&["tinycnn_", "crit_hvp", "depgraph_", "tp_prune_"])
}

#[wasm_bindgen_test(unsupported = test)]
fn golden_criteria() -> Result<()> {
    run(&["crit_", "filter_", "wanda"])
}

#[wasm_bindgen_test(unsupported = test)]
fn golden_allocations_patterns_and_regrowing() -> Result<()> {
    run(&["alloc_", "semi_structured_masks", "rigl_update", "set_drop"])
}
