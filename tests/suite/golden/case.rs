//! Reading cases.

use std::collections::BTreeMap;

use secateur::base::{Error, Flat, Result, Tensor, tensor};
use serde_json::Value;

macro_rules! committed {
    ($($name:literal),+ $(,)?) => {
        const COMMITTED: &[(&str, &str)] = &[$(($name, include_str!(concat!("../../golden/", $name, ".json")))),+];
    };
}

committed! {
    "alloc_erk_er",
    "alloc_lamp",
    "crit_fisher_diag",
    "crit_grasp",
    "crit_hvp",
    "crit_magnitude",
    "crit_snip",
    "crit_synflow",
    "depgraph_concat_flatten",
    "depgraph_tinycnn",
    "dst_snfs",
    "filter_apoz",
    "filter_bn_scale",
    "filter_fpgm",
    "filter_norms",
    "filter_taylor_fo",
    "fuse_huffman",
    "fuse_lowrank",
    "fuse_kmeans",
    "gate_dpf",
    "gate_sr_ste",
    "gate_str",
    "head_importance",
    "layer_act_gelu_erf",
    "layer_act_gelu_tanh",
    "layer_act_hardswish",
    "layer_act_leaky_relu",
    "layer_act_relu",
    "layer_act_relu6",
    "layer_act_sigmoid",
    "layer_act_silu",
    "layer_act_tanh",
    "layer_add_broadcast",
    "layer_avgpool_2x2",
    "layer_avgpool_3x3_s2_p1_exclude",
    "layer_avgpool_3x3_s2_p1_include",
    "layer_batchnorm2d_eval",
    "layer_batchnorm2d_train",
    "layer_concat_axis1",
    "layer_conv_1x1",
    "layer_conv_3x3_pad1",
    "layer_conv_3x3_stride2",
    "layer_conv_5x5_nopad",
    "layer_conv_asymmetric",
    "layer_conv_depthwise",
    "layer_conv_depthwise_mult2",
    "layer_conv_dilation2",
    "layer_conv_groups2",
    "layer_embedding",
    "layer_globalavgpool",
    "layer_layernorm",
    "layer_linear",
    "layer_linear_3d_nobias",
    "layer_maxpool_2x2",
    "layer_maxpool_3x3_s2_p1",
    "layer_mha_causal",
    "layer_mha_full",
    "layer_mul_broadcast",
    "layer_mul_same",
    "layer_softmax_last",
    "loss_cross_entropy",
    "loss_cross_entropy_smooth",
    "loss_kd",
    "lr_cosine",
    "lr_multistep",
    "lr_step",
    "obc_exactobs",
    "opt_adam",
    "opt_adam_l2",
    "opt_adamw",
    "opt_sgd",
    "opt_sgd_momentum",
    "opt_sgd_momentum_dampening",
    "opt_sgd_momentum_wd",
    "opt_sgd_nesterov",
    "opt_sgd_nesterov_wd",
    "opt_sgd_wd",
    "pen_slimming",
    "rigl_update",
    "run_fbs",
    "sched_acdc",
    "sched_gmp_cubic",
    "sched_rigl_cosine",
    "semi_structured_masks",
    "set_drop",
    "solve_least_squares",
    "sparsegpt",
    "sparsegpt_nm",
    "struct_heads",
    "struct_layer_drop",
    "tinycnn_fwdbwd_eval",
    "tinycnn_fwdbwd_train",
    "tinycnn_model",
    "tp_prune_tinycnn",
    "transformer_model",
    "wanda"
}

/// One case.
pub struct Case {
    pub name: String,
    body: Value,
    /// The case that `$ref` names.
    base: Option<Value>,
}

/// All cases, by name.
pub fn all() -> Result<BTreeMap<String, Case>> {
    let texts = texts()?;
    let parse =
        |text: &str, name: &str| serde_json::from_str::<Value>(text).map_err(|e| Error::format(format!("{name}: {e}")));
    let mut out = BTreeMap::new();
    for (name, text) in &texts {
        let body = parse(text, name)?;
        let base = match body["inputs"]["$ref"].as_str() {
            Some(other) => {
                let text =
                    texts.get(other).ok_or_else(|| Error::format(format!("{name}: there is no case {other}")))?;
                Some(parse(text, other)?)
            }
            None => None,
        };
        out.insert(name.clone(), Case { name: name.clone(), body, base });
    }
    Ok(out)
}

/// Whether a case lies in this repository.
pub fn is_committed(name: &str) -> bool {
    COMMITTED.iter().any(|(own, _)| *own == name)
}

fn texts() -> Result<BTreeMap<String, String>> {
    #[cfg(not(target_arch = "wasm32"))]
    if let Some(folder) = std::env::var_os("SECATEUR_GOLDEN") {
        let mut out = BTreeMap::new();
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if let (Some("json"), Some(name)) =
                (path.extension().and_then(|e| e.to_str()), path.file_stem().and_then(|n| n.to_str()))
            {
                out.insert(name.to_string(), std::fs::read_to_string(&path)?);
            }
        }
        return Ok(out);
    }
    Ok(COMMITTED.iter().map(|(name, text)| ((*name).to_string(), (*text).to_string())).collect())
}

/// A tensor from nested lists; a number is a tensor of one.
pub fn read(value: &Value) -> Result<Tensor> {
    let (mut shape, mut at) = (Vec::new(), value);
    while let Value::Array(items) = at {
        shape.push(items.len());
        at = items.first().unwrap_or(&Value::Null);
    }
    fn flatten(value: &Value, out: &mut Vec<f32>) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| flatten(item, out)),
            Value::Bool(b) => out.push(f32::from(u8::from(*b))),
            // Through text, so that the nearest f32 is found in one rounding.
            other => out.push(other.to_string().parse().unwrap_or(f32::NAN)),
        }
    }
    let mut data = Vec::new();
    flatten(value, &mut data);
    tensor::from_vec(&shape, data)
}

impl Case {
    fn missing(&self, what: &str) -> Error {
        Error::format(format!("{}: no {what}", self.name))
    }

    /// A member of `inputs` or `params`, or of the case it refers to; nested names by slashes.
    pub fn given(&self, key: &str) -> Option<&Value> {
        let places = [Some(&self.body), self.base.as_ref()];
        let sections = ["inputs", "params"];
        places.into_iter().flatten().flat_map(|b| sections.map(|s| &b[s])).find_map(|s| s.pointer(&format!("/{key}")))
    }

    pub fn tensor(&self, key: &str) -> Result<Tensor> {
        read(self.given(key).ok_or_else(|| self.missing(key))?)
    }

    pub fn number(&self, key: &str) -> Option<f32> {
        self.given(key).and_then(Value::as_f64).map(|x| x as f32)
    }

    pub fn list(&self, key: &str) -> Result<Vec<usize>> {
        let value = self.given(key).and_then(Value::as_array).ok_or_else(|| self.missing(key))?;
        Ok(value.iter().filter_map(Value::as_u64).map(|x| x as usize).collect())
    }

    /// A member of `expected`.
    pub fn want(&self, key: &str) -> Result<&Value> {
        self.body["expected"].pointer(&format!("/{key}")).ok_or_else(|| self.missing(key))
    }

    /// Members of `expected`, by name.
    pub fn expected(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.body["expected"].as_object().into_iter().flatten()
    }

    /// The whole case.
    pub fn body(&self) -> &Value {
        &self.body
    }

    pub fn notes(&self) -> &str {
        let own = self.base.as_ref().unwrap_or(&self.body);
        own["notes"].as_str().unwrap_or("")
    }

    /// Parameters of the network of this case, by name.
    pub fn parameters(&self) -> Result<BTreeMap<String, Tensor>> {
        let body = self.base.as_ref().unwrap_or(&self.body);
        let all = body["params"].as_object().into_iter().flatten();
        all.filter(|(_, v)| v.is_array()).map(|(k, v)| Ok((k.clone(), read(v)?))).collect()
    }

    /// Fails unless |got - want| <= abs + rel max|want|.
    pub fn close(&self, what: &str, got: &[f32], want: &[f32]) -> Result<()> {
        let bound = |key: &str| self.body["tolerance"][key].as_f64().unwrap_or(0.0);
        let top = want.iter().fold(0.0f64, |m, x| m.max(f64::from(x.abs())));
        let limit = bound("abs") + bound("rel") * top;
        if got.len() != want.len() {
            return Err(Error::shape(what, [want.len()], [got.len()]));
        }
        let worst = got
            .iter()
            .zip(want)
            .map(|(g, w)| f64::from((g - w).abs()))
            .fold(0.0, |m: f64, d| if d.is_nan() { f64::INFINITY } else { m.max(d) });
        if worst > limit {
            return Err(Error::unsupported(format!("{what}: off by {worst:e}, and {limit:e} is allowed")));
        }
        Ok(())
    }

    /// [`Case::close`] against a member of `expected`.
    pub fn meets(&self, key: &str, got: &[f32]) -> Result<()> {
        self.close(key, got, read(self.want(key)?)?.flat())
    }

    /// Fails unless a mask is the expected one; positions whose score is within 1e-5 of `threshold` may differ.
    pub fn masks(&self, what: &str, got: &[bool], want: &[f32], scores: &[f32], threshold: f32) -> Result<()> {
        let wrong = (0..got.len()).filter(|&i| got[i] != (want[i] == 1.0));
        let clear: Vec<usize> = wrong.filter(|&i| (scores[i] - threshold).abs() > 2e-5 * threshold.abs()).collect();
        if clear.is_empty() {
            Ok(())
        } else {
            Err(Error::unsupported(format!("{what}: the mask differs at {clear:?}")))
        }
    }
}
