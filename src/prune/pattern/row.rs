//! Row: all weights of an output channel, masked in place.

use crate::base::Result;
use crate::base::part::{Args, Meta, source};
use crate::prune::target::{SelectRule, Units};

use super::Pattern;

crate::part!(Meta {
    id: "row",
    name: "Row",
    what: "Whole filters are set to zero and stay where they are: shapes do not change.",
    formula: "unit = w[o, :, :, :]",
    sources: &[source("Wen et al., NeurIPS 2016", "https://arxiv.org/abs/1608.03665")],
    params: &[],
});

impl Pattern for Part {
    fn units(&self, shape: &[usize], _: &Args) -> Result<Units> {
        let depth: usize = shape[1..].iter().product();
        let of = (0..shape[0] * depth).map(|i| (i / depth.max(1)) as u32).collect();
        Ok(Units { of, count: shape[0], rule: SelectRule::Free })
    }

    fn channelwise(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() -> Result<()> {
        assert_eq!(Part.units(&[2, 3], &Args::default())?.of, [0, 0, 0, 1, 1, 1]);
        Ok(())
    }
}
