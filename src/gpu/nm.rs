//! N:M groups on the GPU: of every M consecutive input channels of a tap, at most N weights are stored.
//!
//! Where the taps of a group lie stands in one list that all rows share; a weight has a place within its group, of two or
//! four bits. What a weight costs beside itself is a sixteenth or an eighth of a word, and not an offset.

use std::fmt::Write;

use super::precision::Precision;
use super::wgsl::{HEAD, Lanes, PUT, WIDE, params};

/// Rows of N weights a group.
#[derive(Clone, Debug, PartialEq)]
pub struct GpuGroups {
    /// Groups of a row.
    pub groups: usize,
    /// Words of places of a row.
    pub words: usize,
    /// Where taps lie, group by group; then the places, row by row.
    pub table: Vec<u32>,
    /// N weights a group, row by row; zero fills up.
    pub weights: Vec<f32>,
}

/// Bits of a place, and groups whose places share a word.
fn bits(n: usize, m: usize) -> (usize, usize) {
    let bits = if m <= 4 { 2 } else { 4 };
    (bits, 32 / bits / n)
}

impl GpuGroups {
    /// Packs w [rows, taps], taps in an order that makes groups consecutive. `None` if a group holds more than N, or groups
    /// are larger than places can say.
    pub fn pack(w: &[f32], offsets: &[u32], n: usize, m: usize) -> Option<Self> {
        let depth = offsets.len();
        if n == 0 || n >= m || n > 8 || m > 16 || depth == 0 || !depth.is_multiple_of(m) {
            return None;
        }
        let (bits, share) = bits(n, m);
        let (groups, words) = (depth / m, (depth / m).div_ceil(share));
        let (mut table, mut weights) = (offsets.to_vec(), Vec::new());
        for row in w.chunks_exact(depth) {
            for word in row.chunks(share * m) {
                let mut places = 0;
                for (g, group) in word.chunks_exact(m).enumerate() {
                    let kept: Vec<usize> = (0..m).filter(|&i| group[i] != 0.0).collect();
                    if kept.len() > n {
                        return None;
                    }
                    for i in 0..n {
                        let place = kept.get(i).copied();
                        places |= (place.unwrap_or(0) as u32) << ((g * n + i) * bits);
                        weights.push(place.map_or(0.0, |place| group[place]));
                    }
                }
                table.push(places);
            }
        }
        Some(Self { groups, words, table, weights })
    }
}

/// `y[o, p] = clamp(Σ w x[offset + p] + bias + residual)` over N:M groups, V pixels an invocation.
///
/// `table` and `weights` are those of [`GpuGroups`], and the bias behind the weights.
pub fn kernel(n: usize, m: usize, v: usize, precision: Precision) -> String {
    let (bits, share) = bits(n, m);
    let lanes = Lanes::new(precision, v);
    let mut code = params(&format!("{HEAD} groups words")) + PUT + lanes.types();
    let tile = v * WIDE;
    let _ = writeln!(
        code,
        "
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {{
  let row = group.y;
  let first = group.x * {tile}u + local.x;
  let bias = f32(weights[p.bias + row]);"
    );
    for i in 0..lanes.count {
        let _ = writeln!(code, "  var s{i} = total(bias);");
    }
    let _ = writeln!(
        code,
        "  var t = row * p.groups * {n}u;
  for (var word = 0u; word < p.words; word++) {{
    var places = table[p.groups * {m}u + row * p.words + word];
    let end = min((word + 1u) * {share}u, p.groups);"
    );
    // Short sums are those of a word, of sixteen weights at most.
    let short = precision == Precision::Half;
    for i in 0..if short { lanes.count } else { 0 } {
        let _ = writeln!(code, "    var q{i} = lane(0.0);");
    }
    let _ = writeln!(code, "    for (var g = word * {share}u; g < end; g++) {{");
    for k in 0..n {
        let _ = writeln!(
            code,
            "      let at{k} = table[g * {m}u + (places >> {}u) % {}u] + first;
      let w{k} = lane(weights[t + {k}u]);",
            k * bits,
            1 << bits
        );
        for i in 0..lanes.count {
            let sum = lanes.sum;
            let _ = writeln!(code, "      {sum}{i} = fma(w{k}, {}, {sum}{i});", lanes.load(&format!("at{k}"), i));
        }
    }
    // A word that holds one group is used up: shifts by its whole width are not defined.
    if share > 1 {
        let _ = writeln!(code, "      places >>= {}u;", n * bits);
    }
    let _ = writeln!(code, "      t += {n}u;\n    }}");
    for i in 0..if short { lanes.count } else { 0 } {
        let _ = writeln!(code, "    s{i} += total(q{i});");
    }
    code += "  }\n";
    code + &lanes.put("row", "s") + "}\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        let w = [0.0, 1.0, 0.0, 2.0, 0.0, 0.0, 3.0, 0.0];
        let packed = GpuGroups::pack(&w, &[10, 11, 12, 13, 20, 21, 22, 23], 2, 4);
        // Places 1, 3, 2 and, filled up, 0: two bits each, the first lowest.
        let table = vec![10, 11, 12, 13, 20, 21, 22, 23, 0b00_10_11_01];
        assert_eq!(packed, Some(GpuGroups { groups: 2, words: 1, table, weights: vec![1.0, 2.0, 3.0, 0.0] }));
        assert_eq!(GpuGroups::pack(&[1.0; 4], &[0; 4], 2, 4), None, "four weights of a group were taken");
        assert_eq!(GpuGroups::pack(&[0.0; 3], &[0; 3], 1, 4), None, "a ragged group was taken");
    }
}
