//! Gradients and Hessian-vector products against central differences, through every operator.

use secateur::base::{Flat, Result, Rng, Tensor, tensor};
use secateur::graph::build::Square;
use secateur::graph::op::{self, Mode, Window};
use secateur::graph::run::trace;
use secateur::graph::{Builder, Graph, Masks, boosted};
use secateur::train::grad::learn;
use secateur::train::hvp::{Direction, hvp};
use secateur::train::loss::{Loss, LossTarget};
use wasm_bindgen_test::wasm_bindgen_test;

use super::plan::noise;

const LABELS: [usize; 6] = [0, 1, 2, 3, 0, 2];

/// A smooth network: no kinks, so differences of gradients are right too.
fn smooth() -> Result<Graph> {
    let mut b = Builder::new(&[2, 6, 6], 3);
    let x = b.input();
    let square = |out, kernel, stride| Square { out, kernel, stride, pad: kernel / 2 };
    let a = b.conv("a", x, square(4, 3, 1), true)?;
    let a = b.batch_norm("a.bn", a)?;
    let a = b.node("a.gelu", op::Gelu { tanh: true }, &[a])?;
    let c = b.depthwise("c", a, square(4, 3, 1))?;
    let c = b.node("c.silu", op::Silu, &[c])?;
    let s = b.node("s.pool", op::GlobalPool, &[a])?;
    let s = b.conv("s", s, square(4, 1, 1), true)?;
    let s = b.node("s.sigmoid", op::Sigmoid, &[s])?;
    let y = b.node("mul", op::Mul, &[c, s])?;
    let y = b.node("add", op::Add, &[y, a])?;
    let y = b.node("cat", op::Concat { axis: 1 }, &[y, a])?;
    let y = b.node("avg", op::AvgPool { window: Window::square(2), count_pad: true }, &[y])?;
    let y = b.node("tanh", op::Tanh, &[y])?;
    let y = b.node("flat", op::Flatten, &[y])?;
    let y = b.linear("f1", y, 5)?;
    let y = b.node("gelu", op::Gelu { tanh: false }, &[y])?;
    let y = b.linear("f2", y, 4)?;
    let y = b.node("softmax", op::Softmax, &[y])?;
    Ok(b.finish(y))
}

/// A smooth network over tokens.
fn tokens() -> Result<Graph> {
    let mut b = Builder::new(&[2, 6, 6], 3);
    let x = b.conv("stem", b.input(), Square { out: 8, kernel: 3, stride: 2, pad: 1 }, true)?;
    let x = b.node("tokens", op::Tokens, &[x])?;
    let x = b.positions("positions", x)?;
    let normed = b.layer_norm("norm", x)?;
    let mut three = [0; 3];
    for (value, part) in three.iter_mut().zip(["q", "k", "v"]) {
        *value = b.glorot_linear(part, normed, 8)?;
    }
    let y = b.node("attention", op::Attention { head: 4, causal: true }, &three)?;
    let y = b.glorot_linear("proj", y, 8)?;
    let y = b.node("add", op::Add, &[x, y])?;
    let y = b.node("mean", op::TokenMean, &[y])?;
    let y = b.glorot_linear("fc", y, 4)?;
    Ok(b.finish(y))
}

/// A smooth network of which each image runs some channels: saliencies far enough apart for the choice to stay.
fn choosing() -> Result<Graph> {
    let mut b = Builder::new(&[2, 6, 6], 3);
    let square = Square { out: 6, kernel: 3, stride: 1, pad: 1 };
    let x = b.conv("a", b.input(), square, false)?;
    let x = b.batch_norm("a.bn", x)?;
    let x = b.node("a.gelu", op::Gelu { tanh: true }, &[x])?;
    let x = b.conv("b", x, square, false)?;
    let x = b.batch_norm("b.bn", x)?;
    let x = b.node("b.tanh", op::Tanh, &[x])?;
    let x = b.node("pool", op::GlobalPool, &[x])?;
    let x = b.node("flat", op::Flatten, &[x])?;
    let x = b.linear("fc", x, 4)?;
    let mut graph = b.finish(x);
    for layer in ["a", "b"] {
        boosted::install(&mut graph, layer, 3, &mut Rng::new(5))?;
        let rho = graph.find(&format!("{layer}.boost.bias")).expect("it was put there");
        graph.data_mut(rho)?.flat_mut().copy_from_slice(&[1.0, 2.0, 0.2, 1.5, 0.4, 0.6]);
    }
    Ok(graph)
}

/// A direction in all parameters.
fn direction(graph: &Graph) -> Direction {
    graph.trained().map(|id| (id, noise(&graph.values[id].shape, 100 + id as u64))).collect()
}

fn moved(graph: &Graph, v: &Direction, h: f32) -> Result<Graph> {
    let mut out = graph.clone();
    for (&id, v) in v {
        *out.data_mut(id)? += &(v * h);
    }
    Ok(out)
}

fn inner(a: &Tensor, b: &Tensor) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
}

#[wasm_bindgen_test(unsupported = test)]
fn gradients_match_differences_of_the_loss() -> Result<()> {
    for graph in [smooth()?, tokens()?, choosing()?] {
        gradients_match(&graph)?;
    }
    Ok(())
}

fn gradients_match(graph: &Graph) -> Result<()> {
    let x = noise(&[6, 2, 6, 6], 5);
    let (target, v) = (LossTarget::labels(&LABELS), direction(graph));
    for mode in [Mode::EVAL, Mode::train(0)] {
        let loss = |h: f32| -> Result<f64> {
            Ok(learn(&moved(graph, &v, h)?, &x, &target, &Loss::CROSS_ENTROPY, mode, &Masks::default())?.loss)
        };
        let h = 2e-3;
        let want = (loss(h)? - loss(-h)?) / (2.0 * f64::from(h));
        let learned = learn(graph, &x, &target, &Loss::CROSS_ENTROPY, mode, &Masks::default())?;
        let got: f64 = v.iter().filter_map(|(&id, v)| learned.grads.get(id).map(|g| inner(g, v))).sum();
        assert!((got - want).abs() < 1e-2 * want.abs().max(0.1), "{mode:?}: {got} is not {want}");
    }
    Ok(())
}

#[wasm_bindgen_test(unsupported = test)]
fn hessian_products_match_differences_of_gradients() -> Result<()> {
    for graph in [smooth()?, tokens()?, choosing()?] {
        products_match(&graph)?;
    }
    Ok(())
}

fn products_match(graph: &Graph) -> Result<()> {
    let x = noise(&[6, 2, 6, 6], 5);
    let (target, v) = (LossTarget::labels(&LABELS), direction(graph));
    for mode in [Mode::EVAL, Mode::train(0)] {
        let (product, _) = hvp(graph, &x, &target, &Loss::CROSS_ENTROPY, mode, &v)?;
        let h = 2e-3;
        let at = |h: f32| learn(&moved(graph, &v, h)?, &x, &target, &Loss::CROSS_ENTROPY, mode, &Masks::default());
        let (up, down) = (at(h)?, at(-h)?);
        let (mut off, mut size) = (0.0, 0.0);
        for (&id, got) in &product {
            let (Some(up), Some(down)) = (up.grads.get(id), down.grads.get(id)) else { continue };
            let want = (up - down) / (2.0 * h);
            off += inner(&(got - &want), &(got - &want));
            size += inner(&want, &want);
        }
        assert!(off.sqrt() < 2e-2 * size.sqrt(), "{mode:?}: off by {} of {}", off.sqrt(), size.sqrt());
    }
    Ok(())
}

#[wasm_bindgen_test(unsupported = test)]
fn dropout_is_the_same_forward_and_back() -> Result<()> {
    let mut b = Builder::new(&[50], 1);
    let x = b.input();
    let y = b.node("drop", op::Dropout { p: 0.4 }, &[x])?;
    let graph = b.finish(y);
    let x = tensor::full(&[1, 50], 1.0);
    let t = trace(&graph, &x, Mode::train(9))?;
    let y = t.get(&graph, graph.output())?.clone();
    let grads = secateur::train::grad::backward(&graph, &t, tensor::full(&[1, 50], 1.0), false, &Masks::default())?;
    assert_eq!(grads.get(graph.input()).map(|g| g.flat().to_vec()), Some(y.flat().to_vec()));
    Ok(())
}
