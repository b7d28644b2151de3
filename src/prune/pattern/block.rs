//! Block: tiles of output channels by inputs go together.

use crate::base::Result;
use crate::base::part::{Args, Meta, Param, ParamKind, source};
use crate::prune::target::{SelectRule, Units};

use super::Pattern;
use crate::prune::facts::RowUnits;

static ROWS: Param = Param {
    key: "rows",
    label: "Rows",
    what: "Output channels of a block: four is what the block kernel likes best.",
    kind: ParamKind::Int { default: 4, min: 1, max: 16 },
};
static COLUMNS: Param = Param {
    key: "columns",
    label: "Columns",
    what: "Inputs of a block, counted over channels and taps.",
    kind: ParamKind::Int { default: 1, min: 1, max: 16 },
};

crate::part!(Meta {
    id: "block",
    name: "Block",
    what: "Tiles of the weight matrix go together: less freedom, and what is loaded is used several times.",
    formula: "unit = W[rR .. (r+1)R, cC .. (c+1)C], W [out, in kh kw]",
    sources: &[
        source("Gray et al., 2017", "https://openai.com/index/block-sparse-gpu-kernels/"),
        source("Lin et al., 1xN, TPAMI 2022", "https://arxiv.org/abs/2105.14713"),
    ],
    params: &[ROWS, COLUMNS],
});

impl Pattern for Part {
    fn units(&self, shape: &[usize], args: &Args) -> Result<Units> {
        let (rows, columns) = (args.int(&ROWS), args.int(&COLUMNS));
        let depth: usize = shape[1..].iter().product();
        let across = depth.div_ceil(columns);
        let of = (0..shape[0] * depth).map(|i| (i / depth / rows * across + i % depth / columns) as u32).collect();
        Ok(Units { of, count: shape[0].div_ceil(rows) * across, rule: SelectRule::Free })
    }

    fn row_units(&self, args: &Args) -> Option<RowUnits> {
        (args.int(&ROWS) == 1).then(|| RowUnits::Blocks(args.int(&COLUMNS)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ragged_edges_make_smaller_blocks() -> Result<()> {
        let args = Args::defaults(crate::base::part::Part::meta(&Part));
        let units = Part.units(&[5, 2], &args)?;
        assert_eq!((units.of.as_slice(), units.count), (&[0, 1, 0, 1, 0, 1, 0, 1, 2, 3][..], 4));
        Ok(())
    }
}
