//! Solvers: the inner functions that phases call, on the authors' numbers.

use secateur::base::square::SquareMatrix;
use secateur::base::{Error, Flat, Result, Tensor};
use secateur::graph::op::{Conv, OpKind};
use secateur::prune::facts::RowUnits;
use secateur::prune::products::{Products, Shaped, inputs};
use secateur::prune::solver::{Facing, Removals, Ridge, Sweep, compensated, refit, removed, scales, sweep};
use serde_json::Value;

use super::case::{Case, read};
use super::layers::flat;

fn doubles(x: &[f32]) -> Vec<f64> {
    x.iter().map(|&x| f64::from(x)).collect()
}

fn singles(x: &[f64]) -> Vec<f32> {
    x.iter().map(|&x| x as f32).collect()
}

/// Products of all rows of a matrix, as phases sum them up.
fn products(x: &[f32], columns: usize) -> Products {
    let mut products = Products::new(columns, false);
    products.add(x, None, true);
    products
}

/// A layer with inputs [.., in] and weights [out, in].
fn facing(x: &Tensor, w: &Tensor, bias: Option<Vec<f64>>, kept: Vec<bool>) -> Facing {
    let (rows, columns) = (w.shape()[0], w.shape()[1]);
    let Products { gram, cross, sums, samples } = products(x.flat(), columns);
    let (weight, alive) = (doubles(w.flat()), vec![true; rows * columns]);
    Facing { rows, columns, weight, kept, alive, bias, units: None, taps: 1, samples, gram, cross, sums }
}

/// |X (w - v)ᵀ|² for a matrix of products.
fn error(gram: &SquareMatrix, w: &[f64], v: &[f64]) -> f64 {
    let n = gram.n();
    let row =
        |d: &[f64]| -> f64 { (0..n).map(|i| d[i] * gram.row(i).iter().zip(d).map(|(g, d)| g * d).sum::<f64>()).sum() };
    w.chunks(n).zip(v.chunks(n)).map(|(w, v)| row(&w.iter().zip(v).map(|(w, v)| w - v).collect::<Vec<f64>>())).sum()
}

fn damps(case: &Case) -> Result<Vec<f64>> {
    let list = case.given("damp").and_then(Value::as_array).ok_or_else(|| Error::format("no list of dampings"))?;
    Ok(list.iter().filter_map(Value::as_f64).collect())
}

pub fn least_squares(case: &Case) -> Result<()> {
    let (x, y, w, b) = (case.tensor("X")?, case.tensor("Y")?, case.tensor("W")?, case.tensor("b")?);
    let kept = case.list("kept")?;
    let (n, columns, outputs) = (x.shape()[0], x.shape()[1], w.shape()[0]);
    let mean = |of: &[f32], width: usize, i: usize| {
        of.iter().skip(i).step_by(width).map(|&x| f64::from(x)).sum::<f64>() / n as f64
    };
    for damp in damps(case)? {
        for free in [false, true] {
            // Targets are given, not made by the layer: products with them stand in for what a layer wants.
            let centre = |of: &[f32], width: usize| -> Vec<f64> {
                of.iter()
                    .enumerate()
                    .map(|(i, &x)| f64::from(x) - if free { mean(of, width, i % width) } else { 0.0 })
                    .collect()
            };
            let xs = centre(x.flat(), columns);
            let gram = products(&singles(&xs), columns).gram;
            let ys = centre(y.flat(), outputs);
            let key = format!(
                "{}_bias_damp{}",
                if free { "free" } else { "fixed" },
                if damp == 0.0 { "0".into() } else { damp.to_string() }
            );
            let (mut new, mut bias) = (Vec::new(), Vec::new());
            for o in 0..outputs {
                let fixed = if free { 0.0 } else { f64::from(b.flat()[o]) };
                let mut wanted = vec![0.0; columns];
                for (row, y) in xs.chunks(columns).zip(ys.iter().skip(o).step_by(outputs)) {
                    wanted.iter_mut().zip(row).for_each(|(s, x)| *s += x * (y - fixed));
                }
                let row = refit(
                    &gram,
                    &wanted,
                    &doubles(&w.flat()[o * columns..(o + 1) * columns]),
                    &kept,
                    Ridge::Zero(damp),
                )?;
                let sum: f64 = kept.iter().zip(&row).map(|(&i, w)| w * mean(x.flat(), columns, i)).sum();
                bias.push(mean(y.flat(), outputs, o) - sum);
                new.extend(row);
            }
            case.meets(&format!("{key}/W_new"), &singles(&new))?;
            if free {
                case.meets(&format!("{key}/b_new"), &singles(&bias))?;
            }
        }
    }
    let mask: Vec<bool> = (0..outputs * columns).map(|i| kept.contains(&(i % columns))).collect();
    let layer = facing(&x, &w, Some(doubles(b.flat())), mask.clone());
    let cut: Vec<f64> = layer.weight.iter().zip(&mask).map(|(&w, &kept)| if kept { w } else { 0.0 }).collect();
    let found = compensated(&layer, &cut).ok_or_else(|| Error::format("the layer has a bias"))?;
    case.meets("bias_compensation/b_new", &singles(&found))?;
    thinet(case, &kept)?;
    convolution(case)
}

/// One filter over receptive fields [samples, channels, taps].
fn thinet(case: &Case, kept: &[usize]) -> Result<()> {
    let (patches, w) = (case.tensor("patches")?, case.tensor("patch_weight")?);
    let (channels, taps) = (w.shape()[0], w.shape()[1]);
    let flat = |t: &Tensor, shape: [usize; 2]| secateur::base::tensor::from_vec(&shape, t.flat().to_vec());
    let (x, row) = (flat(&patches, [patches.shape()[0], channels * taps])?, flat(&w, [1, channels * taps])?);
    let mask: Vec<bool> = (0..channels * taps).map(|i| kept.contains(&(i / taps))).collect();
    let layer = Facing { taps, ..facing(&x, &row, None, mask.clone()) };
    let cut: Vec<f64> = layer.weight.iter().zip(&mask).map(|(&w, &kept)| if kept { w } else { 0.0 }).collect();
    let found = scales(&layer, &cut, &|column| column / taps, 0.0)?;
    case.meets("thinet_scales/scale", &kept.iter().map(|&c| found[c] as f32).collect::<Vec<f32>>())
}

/// A convolution refitted on some of its input channels, to its own sums on all.
fn convolution(case: &Case) -> Result<()> {
    let (x, w, kept) = (case.tensor("conv_x")?, case.tensor("conv_W")?, case.list("conv_kept")?);
    let pad = case.number("conv_padding").unwrap_or(0.0) as usize;
    let op = OpKind::from(Conv { stride: [1; 2], pad: [pad; 2], dilation: [1; 2] });
    for tap_major in [false, true] {
        let shaped = Shaped::new(&op, x.shape(), w.shape(), tap_major)?;
        let (columns, taps) = (shaped.columns(), shaped.taps);
        let summed = products(&inputs(&op, &x, w.shape(), &shaped, 0)?, columns);
        let stored: Vec<usize> = (0..columns).filter(|&c| kept.contains(&(shaped.stored(c) / taps))).collect();
        let mut new = vec![0.0f32; w.shape()[0] * stored.len()];
        for (o, new) in new.chunks_mut(stored.len()).enumerate() {
            let old: Vec<f64> = (0..columns).map(|c| f64::from(w.flat()[o * columns + shaped.stored(c)])).collect();
            let wanted: Vec<f64> =
                (0..columns).map(|i| summed.gram.row(i).iter().zip(&old).map(|(g, w)| g * w).sum()).collect();
            let found = refit(&summed.gram, &wanted, &old, &stored, Ridge::Zero(0.01))?;
            for (&column, w) in stored.iter().zip(found) {
                let at = shaped.stored(column);
                let place = kept.iter().position(|&c| c == at / taps).unwrap_or(0) * taps + at % taps;
                new[place] = w as f32;
            }
        }
        case.meets("conv_refit_damp0.01/W_new", &new)?;
    }
    Ok(())
}

/// H as the authors have it: sums over tokens, means over sequences, doubled.
fn hessian(case: &Case, x: &Tensor) -> Result<SquareMatrix> {
    let columns = *x.shape().last().unwrap_or(&1);
    let mut h = products(x.flat(), columns).gram;
    let scale = 2.0 / x.shape()[0] as f64;
    h.as_mut_slice().iter_mut().for_each(|h| *h *= scale);
    if case.want("H_before_damp").is_ok() {
        case.meets("H_before_damp", &singles(h.as_slice()))?;
    }
    Ok(h)
}

fn damped(case: &Case, h: &SquareMatrix, key: &str) -> SquareMatrix {
    let (mut damped, damp) = (h.clone(), f64::from(case.number(key).unwrap_or(0.01)));
    damped.add_diagonal(damp * h.mean_diagonal());
    damped
}

pub fn sparsegpt(case: &Case) -> Result<()> {
    let (w, x) = (case.tensor("W")?, case.tensor("X")?);
    let (rows, columns) = (w.shape()[0], w.shape()[1]);
    let h = hessian(case, &x)?;
    let upper = damped(case, &h, "percdamp").upper_of_inverse()?;
    let tokens = products(x.flat(), columns).gram;
    for (key, want) in case.expected().filter(|(key, _)| key.contains("_block")) {
        let Some((kind, block)) = key.split_once("_block") else { continue };
        let block: usize = block.parse().unwrap_or(128);
        let share = kind.strip_prefix("unstr").and_then(|s| s.parse::<f64>().ok()).map(|s| s / 100.0);
        // The authors' threshold takes one weight more of each block than its share.
        let cuts: Vec<usize> = (0..columns)
            .step_by(block)
            .map(|start| ((rows * block.min(columns - start)) as f64 * share.unwrap_or(0.0)) as usize + 1)
            .collect();
        let groups = share.is_none().then_some((2, 4));
        let mut new = doubles(w.flat());
        sweep(&mut new, &upper, &vec![true; rows * columns], &Sweep { block, cuts: &cuts, groups });
        case.meets(&format!("{key}/W_new"), &singles(&new))?;
        let zeros = new.iter().filter(|w| **w == 0.0).count() as u64;
        if want["zeros"].as_u64() != Some(zeros) {
            return Err(Error::unsupported(format!("{key}: {zeros} zeros, not {}", want["zeros"])));
        }
        case.meets(&format!("{key}/output_sq_error"), &[error(&tokens, &new, &doubles(w.flat())) as f32])?;
    }
    Ok(())
}

pub fn sparsegpt_nm(case: &Case) -> Result<()> {
    let (w, x) = (case.tensor("W")?, case.tensor("X")?);
    let (rows, columns) = (w.shape()[0], w.shape()[1]);
    let upper = damped(case, &hessian(case, &x)?, "percdamp").upper_of_inverse()?;
    let (tokens, old) = (products(x.flat(), columns).gram, doubles(w.flat()));
    for (key, _) in case.expected().filter(|(key, _)| key.starts_with("prune_")) {
        let numbers: Vec<usize> = key.split('_').filter_map(|word| word.parse().ok()).collect();
        let &[cut, m] = numbers.as_slice() else { return Err(Error::format(format!("{key} is no N of M"))) };
        let mut new = old.clone();
        let how = Sweep { block: columns, cuts: &[], groups: Some((m - cut, m)) };
        let kept = sweep(&mut new, &upper, &vec![true; rows * columns], &how);
        case.meets(&format!("{key}/W_new"), &singles(&new))?;
        case.meets(&format!("{key}/mask"), &kept.iter().map(|&k| f32::from(u8::from(k))).collect::<Vec<f32>>())?;
        case.meets(&format!("{key}/output_sq_error"), &[error(&tokens, &new, &old) as f32])?;
        // The best weights for the same mask, row by row.
        let mut best = vec![0.0; old.len()];
        for row in 0..rows {
            let own = row * columns..(row + 1) * columns;
            let stay: Vec<usize> = (0..columns).filter(|c| kept[row * columns + c]).collect();
            let wanted: Vec<f64> =
                (0..columns).map(|i| tokens.row(i).iter().zip(&old[own.clone()]).map(|(g, w)| g * w).sum()).collect();
            let found = refit(&tokens, &wanted, &old[own], &stay, Ridge::Old(0.0))?;
            stay.iter().zip(found).for_each(|(&c, w)| best[row * columns + c] = w);
        }
        case.meets(&format!("{key}/optimum_for_mask"), &[error(&tokens, &best, &old) as f32])?;
    }
    Ok(())
}

pub fn obc(case: &Case) -> Result<()> {
    let (w, x) = (case.tensor("W")?, case.tensor("X")?);
    let (rows, columns) = (w.shape()[0], w.shape()[1]);
    let inverse = damped(case, &hessian(case, &x)?, "rel_damp").inverse()?;
    let alive = vec![true; columns];
    let begin = |row: usize, units| {
        Removals::new(&doubles(&w.flat()[row * columns..(row + 1) * columns]), &inverse, &alive, units)
    };
    let losses = |units| -> Vec<Vec<f64>> {
        let all = |row| {
            let mut removals = begin(row, units);
            std::iter::from_fn(move || removals.next_removal()).map(|removal| removal.loss).collect()
        };
        (0..rows).map(all).collect()
    };
    let after = |units, counts: &[usize]| -> Vec<f32> {
        let row = |(row, &count): (usize, &usize)| {
            let mut removals = begin(row, units);
            (0..count).for_each(|_| assert!(removals.next_removal().is_some(), "no more can go"));
            singles(removals.row())
        };
        counts.iter().enumerate().flat_map(row).collect()
    };
    let single = losses(RowUnits::Single);
    let table: Vec<f32> = single.iter().flat_map(|row| std::iter::once(0.0).chain(singles(row))).collect();
    case.meets("unstr_losses", &table)?;
    for (share, want) in case.want("unstr")?.as_object().into_iter().flatten() {
        let share: f64 = share.parse().map_err(|_| Error::format(format!("{share} is no share")))?;
        let counts = removed(&single, ((rows * columns) as f64 * share).ceil() as usize);
        case.close("unstr", &after(RowUnits::Single, &counts), read(want)?.flat())?;
    }
    let pairs = RowUnits::Groups { n: 2, m: 4 };
    case.meets("nm24", &after(pairs, &vec![columns / 2; rows]))?;
    for (key, want) in case.expected().filter(|(key, _)| key.starts_with("block1x")) {
        let numbers: Vec<f64> = key["block1x".len()..].split('_').filter_map(|word| word.parse().ok()).collect();
        let &[size, share] = numbers.as_slice() else { return Err(Error::format(format!("{key} is no block"))) };
        let units = RowUnits::Blocks(size as usize);
        let counts = removed(&losses(units), ((rows * columns) as f64 / size * share).ceil() as usize);
        case.close(key, &after(units, &counts), &flat(want)?)?;
    }
    Ok(())
}
