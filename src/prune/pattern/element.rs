//! Element: every weight on its own.

use crate::base::Result;
use crate::base::part::{Args, Meta, Param, ParamKind, source};
use crate::prune::target::{SelectRule, Units};

use super::Pattern;
use crate::prune::facts::RowUnits;

static PER: Param = Param {
    key: "per",
    label: "Compare within",
    what: "Weights compete within their layer, or each output channel keeps the same number.",
    kind: ParamKind::Choice { default: "layer", of: &["layer", "row"] },
};

crate::part!(Meta {
    id: "element",
    name: "Element",
    what: "Every weight on its own: the most freedom, and speed only from sparse kernels.",
    formula: "unit = w[o, i, ky, kx]",
    sources: &[source("Han et al., NeurIPS 2015", "https://arxiv.org/abs/1506.02626")],
    params: &[PER],
});

impl Pattern for Part {
    fn row_units(&self, _: &Args) -> Option<RowUnits> {
        Some(RowUnits::Single)
    }

    fn single(&self) -> bool {
        true
    }

    fn units(&self, shape: &[usize], args: &Args) -> Result<Units> {
        let count = shape.iter().product();
        let rule = if args.choice(&PER) == "row" { SelectRule::Rows(shape[0]) } else { SelectRule::Free };
        Ok(Units { of: (0..count as u32).collect(), count, rule })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() -> Result<()> {
        let units = Part.units(&[2, 3], &Args::defaults(crate::base::part::Part::meta(&Part)))?;
        assert_eq!((units.of, units.count), (vec![0, 1, 2, 3, 4, 5], 6));
        Ok(())
    }
}
