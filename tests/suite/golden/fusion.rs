//! Weights that share numbers, codes for which, and layers of low rank.

use secateur::base::lloyd::Lloyd;
use secateur::base::svd::{Svd, rank};
use secateur::base::{Error, Flat, Result};
use secateur::graph::build::Square;
use secateur::graph::{Builder, Graph, Masks, count, factor};
use secateur::io::huffman;
use secateur::prune::hook::tie;
use secateur::prune::phase::factor::halves;

use super::case::Case;

pub fn kmeans(case: &Case) -> Result<()> {
    let (w, mask) = (case.tensor("w")?, case.tensor("mask")?);
    let places: Vec<usize> = (0..w.len()).filter(|&i| mask.flat()[i] == 1.0).collect();
    let kept: Vec<f32> = places.iter().map(|&i| w.flat()[i]).collect();
    for bits in case.list("bits")? {
        let key = |what: &str| format!("bits_{bits}/{what}");
        let narrow = |lloyd: &Lloyd| lloyd.centroids.iter().map(|&c| c as f32).collect::<Vec<f32>>();
        let which = |lloyd: &Lloyd| lloyd.nearest.iter().map(|&k| f32::from(k)).collect::<Vec<f32>>();
        let mut lloyd = Lloyd::new(&kept, 1 << bits);
        case.meets(&key("init"), &narrow(&lloyd))?;
        let mut told = case.want(&key("first_iterations"))?.as_array().map_or(0, Vec::len);
        while !lloyd.step(&kept) {
            let round = lloyd.rounds - 1;
            if told > 0 {
                case.meets(&key(&format!("first_iterations/{round}/assignment")), &which(&lloyd))?;
                case.meets(&key(&format!("first_iterations/{round}/centroids")), &narrow(&lloyd))?;
                told -= 1;
            }
        }
        case.meets(&key("iterations_until_stable"), &[lloyd.rounds as f32])?;
        case.meets(&key("centroids"), &narrow(&lloyd))?;
        let (mut index, mut shared) = (vec![-1.0; w.len()], vec![0.0; w.len()]);
        for (&i, &k) in places.iter().zip(&lloyd.nearest) {
            (index[i], shared[i]) = (f32::from(k), lloyd.centroids[usize::from(k)] as f32);
        }
        case.meets(&key("index"), &index)?;
        case.meets(&key("quantised"), &shared)?;
        let mut grads = case.tensor("grad_w")?.flat().to_vec();
        tie(&shared, Some(&mask.flat().iter().map(|&m| m as u8).collect::<Vec<u8>>()), &mut grads);
        let members = (0..lloyd.centroids.len()).map(|k| index.iter().position(|&i| i == k as f32));
        let sums: Vec<f32> = members.map(|first| first.map_or(0.0, |i| grads[i])).collect();
        case.meets(&key("centroid_grad"), &sums)?;
        let rate = case.number("lr").ok_or_else(|| Error::format("no rate"))?;
        let moved: Vec<f32> = narrow(&lloyd).iter().zip(&sums).map(|(c, g)| c - rate * g).collect();
        case.meets(&key("centroids_after_sgd"), &moved)?;
        let empty = (0..lloyd.centroids.len()).filter(|&k| !lloyd.nearest.contains(&(k as u16)));
        case.meets(&key("empty_clusters"), &empty.map(|k| k as f32).collect::<Vec<f32>>())?;
    }
    Ok(())
}

/// The gaps and symbols of the case's own relative index, in which a gap that is too long is broken by fillers.
fn relative(codes: &[usize], most: usize) -> (Vec<usize>, Vec<usize>) {
    let (mut gaps, mut symbols, mut gap) = (Vec::new(), Vec::new(), 0);
    for &code in codes {
        if code == 0 && gap < most {
            gap += 1;
            continue;
        }
        gaps.push(gap);
        symbols.push(code);
        gap = 0;
    }
    // What comes after the last symbol is not coded.
    let last = symbols.iter().rposition(|&symbol| symbol != 0).map_or(0, |at| at + 1);
    (gaps[..last].to_vec(), symbols[..last].to_vec())
}

pub fn huffman(case: &Case) -> Result<()> {
    let codes = case.list("codes")?;
    for bits in case.list("index_bits")? {
        let key = |what: &str| format!("index_{bits}bit/{what}");
        let (gaps, symbols) = relative(&codes, (1 << bits) - 1);
        let floats = |of: &[usize]| of.iter().map(|&n| n as f32).collect::<Vec<f32>>();
        case.meets(&key("gaps"), &floats(&gaps))?;
        case.meets(&key("symbols"), &floats(&symbols))?;
        for (what, stream) in [("gap", &gaps), ("symbol", &symbols)] {
            let mut frequencies = vec![0u64; stream.iter().max().map_or(0, |&most| most + 1)];
            stream.iter().for_each(|&symbol| frequencies[symbol] += 1);
            let lengths = huffman::lengths(&frequencies);
            let total = huffman::bits(&frequencies, &lengths);
            case.meets(&key(&format!("{what}/total_bits")), &[total as f32])?;
            let kraft: f64 = lengths.iter().filter(|&&l| l > 0).map(|&l| 0.5f64.powi(i32::from(l))).sum();
            let bytes = huffman::write(stream.iter().copied(), &lengths);
            let (read, rest) = huffman::read(&bytes, stream.len(), &lengths)?;
            if kraft != 1.0 || &read != stream || !rest.is_empty() || bytes.len() as u64 != total.div_ceil(8) {
                return Err(Error::unsupported(format!("{what}: the code is not one that can be read back")));
            }
        }
    }
    Ok(())
}

fn number(case: &Case, key: &str) -> Result<f32> {
    case.number(key).ok_or_else(|| Error::format(format!("the case has no {key}")))
}

/// A network of one layer with the case's weights, over images of the case's size where it is a convolution.
fn one_layer(case: &Case, key: &str) -> Result<Graph> {
    let w = case.tensor(key)?;
    let graph = match w.shape() {
        &[out, inputs] => {
            let mut b = Builder::new(&[inputs], 1);
            let x = b.linear("layer", b.input(), out)?;
            b.finish(x)
        }
        &[out, channels, kernel, _] => {
            let side = |what: &str| number(case, what).map(|side| side as usize);
            let mut b = Builder::new(&[channels, side("out_h")?, side("out_w")?], 1);
            let x = b.conv("layer", b.input(), Square { out, kernel, stride: 1, pad: kernel / 2 }, false)?;
            b.finish(x)
        }
        shape => return Err(Error::shape(key, "a linear layer or a convolution", shape)),
    };
    let mut graph = graph;
    let id = graph.find("layer.weight").ok_or_else(|| Error::format("no weight"))?;
    *graph.data_mut(id)? = w;
    Ok(graph)
}

pub fn low_rank(case: &Case) -> Result<()> {
    for (key, what) in [("W", "linear"), ("conv_OIHW", "conv")] {
        let mut graph = one_layer(case, key)?;
        let id = graph.find("layer.weight").ok_or_else(|| Error::format("no weight"))?;
        let shape = factor::matrix(&graph, id).ok_or_else(|| Error::format("it cannot become two"))?;
        let weights = |graph: &Graph| {
            graph.layers().map(|(_, id)| graph.values[id].shape.iter().product::<usize>()).sum::<usize>()
        };
        let sizes = |graph: &Graph| [weights(graph) as f32, count::macs(graph, &Masks::default()) as f32];
        let before = sizes(&graph);
        let whole = graph.data(id)?.clone();
        let mut svd = Svd::new(whole.flat(), shape);
        while !svd.step(1000) {}
        let found = svd.directions();
        let key = |part: &str| format!("{what}/{part}");
        case.meets(&key("singular_values"), &found.values.iter().map(|&s| s as f32).collect::<Vec<f32>>())?;
        let all: f64 = found.values.iter().map(|s| s * s).sum();
        let mut held = 0.0;
        let energy = |s: &f64| {
            held += s * s;
            (held / all) as f32
        };
        case.meets(&key("cumulative_energy"), &found.values.iter().map(energy).collect::<Vec<f32>>())?;
        let rank = rank(&found.values, f64::from(number(case, "energy")?));
        case.meets(&key("rank"), &[rank as f32])?;
        case.meets(&key("largest_rank_that_saves"), &[factor::most(shape) as f32])?;
        let (low, high) = halves(&found, rank, shape[0]);
        factor::split(&mut graph, id, rank, low, high)?;
        let low = graph.find(&factor::low_name("layer")).ok_or_else(|| Error::format("it is not two"))?;
        let product = factor::product(&graph, [low, id])?;
        case.meets(&key("approximation"), product.flat())?;
        let off = whole.flat().iter().zip(product.flat()).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>();
        case.meets(&key("squared_error"), &[off as f32])?;
        let after = sizes(&graph);
        case.meets(&key("params_before"), &before[..1])?;
        case.meets(&key("macs_before"), &before[1..])?;
        case.meets(&key("params_after"), &after[..1])?;
        case.meets(&key("macs_after"), &after[1..])?;
    }
    Ok(())
}
