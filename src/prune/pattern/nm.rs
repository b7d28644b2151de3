//! N:M: of every M consecutive input channels at one tap, N weights are kept.

use crate::base::part::{Args, Meta, Param, ParamKind, source};
use crate::base::{Error, Result};
use crate::prune::target::{SelectRule, Units};

use super::Pattern;
use crate::prune::facts::RowUnits;

static N: Param = Param {
    key: "n",
    label: "N",
    what: "Weights kept of each group.",
    kind: ParamKind::Int { default: 2, min: 1, max: 8 },
};
static M: Param = Param {
    key: "m",
    label: "M",
    what: "Size of a group, along the input channels.",
    kind: ParamKind::Choice { default: "4", of: &["2", "4", "8", "16"] },
};

crate::part!(Meta {
    id: "n:m",
    name: "N:M",
    what: "N of every M neighbouring weights are kept: the pattern of sparse tensor cores, always 1 - N/M.",
    formula: "Σ mask[o, gM .. (g+1)M, k] = N",
    sources: &[
        source("Mishra et al., 2021", "https://arxiv.org/abs/2104.08378"),
        source("Zhou et al., ICLR 2021", "https://arxiv.org/abs/2102.04010"),
    ],
    params: &[N, M],
});

fn m(args: &Args) -> usize {
    args.choice(&M).parse().unwrap_or(4)
}

impl Pattern for Part {
    fn units(&self, shape: &[usize], args: &Args) -> Result<Units> {
        let (inputs, taps) = (shape[1], shape[2..].iter().product::<usize>());
        let count = shape.iter().product::<usize>();
        let m = m(args);
        if inputs % m != 0 {
            // Groups would be ragged: such a layer (the first one, a depthwise one) stays whole.
            return Ok(Units { of: vec![0; count], count: 1, rule: SelectRule::Free });
        }
        // Unit numbers run along the input channels, so that groups are consecutive.
        let of = (0..count).map(|i| (i / (inputs * taps) * taps + i % taps) * inputs + i / taps % inputs);
        let n = args.int(&N);
        Ok(Units { of: of.map(|u| u as u32).collect(), count, rule: SelectRule::Groups { n, m } })
    }

    fn check(&self, args: &Args) -> Result<()> {
        let (n, m) = (args.int(&N), m(args));
        if n < m {
            return Ok(());
        }
        Err(Error::setting("pattern.n", format!("{n} of every {m} weights leaves nothing to cut"))
            .hint(format!("set pattern.n to at most {}, or pattern.m to more than {n}", m - 1)))
    }

    fn sparsity(&self, args: &Args) -> Option<f32> {
        Some(1.0 - args.int(&N) as f32 / m(args) as f32)
    }

    fn row_units(&self, args: &Args) -> Option<RowUnits> {
        Some(RowUnits::Groups { n: args.int(&N), m: m(args) })
    }

    fn groups(&self, args: &Args) -> Option<(usize, usize)> {
        Some((args.int(&N), m(args)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_run_along_the_input_channels() -> Result<()> {
        let args = Args::defaults(crate::base::part::Part::meta(&Part));
        // [out=1, in=4, kw=2]: the four weights of tap 0 are units 0 to 3.
        assert_eq!(Part.units(&[1, 4, 2], &args)?.of, [0, 4, 1, 5, 2, 6, 3, 7]);
        assert_eq!(Part.units(&[1, 3, 2], &args)?.count, 1, "a layer that does not divide stays whole");
        Ok(())
    }

    #[test]
    fn what_leaves_nothing_to_cut_is_refused() -> Result<()> {
        let meta = crate::base::part::Part::meta(&Part);
        let check = |n: &str, m: &str| -> Result<()> {
            let given = [("n", n), ("m", m)].map(|(key, value)| (key.to_string(), value.to_string()));
            Part.check(&Args::read("pattern", meta, &given.into())?)
        };
        for (n, m) in [("8", "2"), ("8", "8"), ("4", "4"), ("2", "2")] {
            let error = check(n, m).expect_err("nothing would go");
            assert_eq!(error.key.as_deref(), Some("pattern.n"), "{error}");
        }
        check("1", "2")?;
        check("7", "8")
    }
}
