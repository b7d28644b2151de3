//! The kernels of loss and optimizers, as WGSL.

use crate::gpu::each::each;

/// Gradient of the answers; i counts examples. `aside` holds a teacher's answers, `table` labels, then whether there is a teacher.
pub fn slope() -> String {
    each(
        "classes temperature:f smoothing:f weight:f pull:f heat:f",
        "
  let start = i * p.classes;
  let taught = table[p.count] == 1u;
  var top = x[start];
  var guide_top = aside[start];
  for (var k = start + 1u; k < start + p.classes; k++) {
    top = max(top, x[k]);
    guide_top = max(guide_top, aside[k]);
  }
  var mass = 0.0;
  var warm = 0.0;
  var guide = 0.0;
  for (var k = start; k < start + p.classes; k++) {
    mass += exp((x[k] - top) / p.temperature);
    warm += exp((x[k] - top) / p.heat);
    guide += exp((aside[k] - guide_top) / p.heat);
  }
  for (var k = start; k < start + p.classes; k++) {
    let want = p.smoothing / f32(p.classes) + select(0.0, 1.0 - p.smoothing, k - start == table[i]);
    var value = p.weight * (exp((x[k] - top) / p.temperature) / mass - want) / p.temperature;
    if (taught) { value += p.pull * (exp((x[k] - top) / p.heat) / warm - exp((aside[k] - guide_top) / p.heat) / guide); }
    y[k] = value;
  }
",
    )
}

/// Bits that say how a parameter is to be moved.
pub mod flag {
    /// It is trained.
    pub const MOVES: u32 = 1;
    /// No mask cuts it.
    pub const KEPT: u32 = 2;
    /// Weight decay takes from it.
    pub const DECAYS: u32 = 4;
    /// It has not moved yet.
    pub const FRESH: u32 = 8;
}

/// What both optimizers begin and end with. `y` holds all parameters, then m, then v; `x` gradients; `table` flags; `aside` the
/// learning rate, decay, and what the rule has.
fn update(body: &str) -> String {
    let begin = "
  let flags = table[i];
  if ((flags & 1u) == 0u) { return; }
  let kept = (flags & 2u) != 0u;
  let rate = aside[0];
  let decay = select(0.0, aside[1], (flags & 4u) != 0u);
  let m_at = p.count + i;
";
    each("", &format!("{begin}{body}"))
}

/// SGD; `aside` goes on with momentum, one less dampening, and 1 with Nesterov.
pub fn sgd() -> String {
    update(
        "
  let g = x[i] + decay * y[i];
  let m = aside[2] * y[m_at] + select(aside[3], 1.0, (flags & 8u) != 0u) * g;
  let step = select(m, g + aside[2] * m, aside[4] == 1.0);
  y[i] = select(0.0, y[i] - rate * step, kept);
  y[m_at] = select(0.0, m, kept);
",
    )
}

/// Adam; `aside` goes on with both betas, ε, 1 with decoupled decay, and both corrections.
pub fn adam() -> String {
    update(
        "
  let v_at = m_at + p.count;
  let apart = aside[5] == 1.0;
  let g = x[i] + select(decay, 0.0, apart) * y[i];
  let w = y[i] - rate * select(0.0, decay, apart) * y[i];
  let m = aside[2] * y[m_at] + (1.0 - aside[2]) * g;
  let v = aside[3] * y[v_at] + (1.0 - aside[3]) * g * g;
  y[i] = select(0.0, w - rate / aside[6] * m / (sqrt(v) / sqrt(aside[7]) + aside[4]), kept);
  y[m_at] = select(0.0, m, kept);
  y[v_at] = select(0.0, v, kept);
",
    )
}
