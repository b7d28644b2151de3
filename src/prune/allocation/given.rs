//! Given: a share for each layer, as somebody wrote it down, or as a search found it.

use crate::base::part::{Args, Meta, Param, ParamKind, source, words};
use crate::base::{Error, Result};

use super::{Allocation, Scored, cut};

static SHARES: Param = Param {
    key: "shares",
    label: "Shares",
    what: "The share that is cut of each layer in turn, separated by commas; none: the sparsity everywhere.",
    kind: ParamKind::Words { default: "none" },
};

crate::part!(Meta {
    id: "given",
    name: "Given",
    what: "Each layer is cut by the share that is written down for it: by hand, or by a search whose record is repeated.",
    formula: "keep_l = n_l - round(s_l n_l)",
    sources: &[source("Li et al., ICLR 2017 (by hand, from sensitivities)", "https://arxiv.org/abs/1608.08710")],
    params: &[SHARES],
});

/// Shares as the setting has them.
pub fn text(shares: &[f32]) -> String {
    shares.iter().map(|share| format!("{share:.3}")).collect::<Vec<_>>().join(",")
}

impl Allocation for Part {
    fn keep(&self, targets: &[Scored], sparsity: f32, args: &Args) -> Result<Vec<usize>> {
        let given = args.words(&SHARES);
        let shares = words(&given)
            .filter(|word| *word != "none")
            .map(|word| match word.parse::<f32>() {
                Ok(share) if (0.0..1.0).contains(&share) => Ok(share),
                _ => Err(Error::setting("allocation.shares", format!("{word} is no share"))
                    .hint("write numbers from 0 to below 1, separated by commas")),
            })
            .collect::<Result<Vec<f32>>>()?;
        if !shares.is_empty() && shares.len() != targets.len() {
            let message = format!("{} shares are given, and {} layers are cut", shares.len(), targets.len());
            return Err(Error::setting("allocation.shares", message).hint("write one share for each layer that is cut"));
        }
        let share = |i: usize| shares.get(i).copied().unwrap_or(sparsity);
        Ok(targets.iter().enumerate().map(|(i, t)| t.scores.len() - cut(t.scores.len(), share(i))).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::super::layer::tests::targets;
    use super::*;

    #[test]
    fn by_hand() -> Result<()> {
        let targets = targets(&[&[0.0; 10], &[0.0; 5]]);
        let meta = crate::base::part::Part::meta(&Part);
        let keep = |shares: &str| {
            let args = Args::read("allocation", meta, &[("shares".to_string(), shares.to_string())].into())?;
            Part.keep(&targets, 0.5, &args)
        };
        assert_eq!((keep("0.9, 0.2")?, keep("none")?), (vec![1, 4], vec![5, 3]));
        assert_eq!(keep(&text(&[0.3, 0.6]))?, [7, 2]);
        for wrong in ["0.9", "0.9,1.5", "0.9,x"] {
            assert_eq!(keep(wrong).expect_err(wrong).key.as_deref(), Some("allocation.shares"));
        }
        Ok(())
    }
}
