//! The kernels of batch norms, as WGSL.

use crate::gpu::each::each;

use super::wgsl::{PUT, channel};

/// Statistics of a batch norm, from `p.to` on, c of each: mean, 1 / sqrt(variance + ε), scale and shift of this batch, then the
/// running mean and variance, which move.
pub fn statistics() -> String {
    channel(
        "gamma beta to epsilon:f momentum:f",
        "
  var sum = 0.0;
  for (var i = lane; i < count; i += 256u) { sum += x[place(i, channel)]; }
  let mean = total(lane, sum) / f32(count);
  sum = 0.0;
  for (var i = lane; i < count; i += 256u) {
    let off = x[place(i, channel)] - mean;
    sum = fma(off, off, sum);
  }
  let variance = total(lane, sum) / f32(count);
  if (lane == 0u) {
    let at = p.to + channel;
    let inverse = 1.0 / sqrt(variance + p.epsilon);
    let scale = weights[p.gamma + channel] * inverse;
    y[at] = mean;
    y[at + p.c] = inverse;
    y[at + 2u * p.c] = scale;
    y[at + 3u * p.c] = weights[p.beta + channel] - mean * scale;
    let unbiased = variance * f32(count) / f32(max(count - 1u, 1u));
    // All of the batch is nothing of what was before, not even of an infinity.
    let all = p.momentum == 1.0;
    y[at + 4u * p.c] = select((1.0 - p.momentum) * y[at + 4u * p.c] + p.momentum * mean, mean, all);
    y[at + 5u * p.c] = select((1.0 - p.momentum) * y[at + 5u * p.c] + p.momentum * unbiased, unbiased, all);
  }
",
    )
}

/// What [`statistics`] gives, from the running ones; i counts channels.
pub fn running() -> String {
    each(
        "gamma beta to epsilon:f",
        "
  let at = p.to + i;
  let inverse = 1.0 / sqrt(y[at + 5u * p.count] + p.epsilon);
  let scale = weights[p.gamma + i] * inverse;
  y[at + p.count] = inverse;
  y[at + 2u * p.count] = scale;
  y[at + 3u * p.count] = weights[p.beta + i] - y[at + 4u * p.count] * scale;
",
    )
}

/// Batch norm; `weights` holds its statistics.
pub fn normalise() -> String {
    each(
        "c pixels at",
        "
  let at = p.at + i / p.pixels % p.c;
  y[i] = fma(x[i], weights[at + 2u * p.c], weights[at + 3u * p.c]);
",
    )
}

/// Gradients of scale and shift of a batch norm; `aside` is the gradient of its output, `weights` holds its statistics.
pub fn slopes() -> String {
    channel(
        "gamma beta at",
        "
  let mean = weights[p.at + channel];
  let inverse = weights[p.at + p.c + channel];
  var sum = 0.0;
  var along = 0.0;
  for (var i = lane; i < count; i += 256u) {
    let here = place(i, channel);
    sum += aside[here];
    along = fma(aside[here], (x[here] - mean) * inverse, along);
  }
  let beta = total(lane, sum);
  let gamma = total(lane, along);
  if (lane == 0u) {
    y[p.gamma + channel] = gamma;
    y[p.beta + channel] = beta;
  }
",
    )
}

/// Gradient of the input of a batch norm, after [`slopes`], whose sums are the bits in `table`.
pub fn back() -> String {
    each(
        "c pixels gamma beta at add",
        &format!(
            "
  let channel = i / p.pixels % p.c;
  let at = p.at + channel;
  let share = f32(p.c) / f32(p.count);
  let mean = bitcast<f32>(table[p.beta + channel]) * share;
  let along = bitcast<f32>(table[p.gamma + channel]) * share;
  let normal = (x[i] - weights[at]) * weights[at + p.c];
  var value = weights[at + 2u * p.c] * (aside[i] - mean - normal * along);
{PUT}"
        ),
    )
}

/// Gradient of the input of a batch norm whose statistics are running ones.
pub fn scale_back() -> String {
    each("c pixels at add", &format!("  var value = weights[p.at + 2u * p.c + i / p.pixels % p.c] * aside[i];{PUT}"))
}
