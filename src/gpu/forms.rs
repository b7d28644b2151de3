//! Every form that a layer's weights can be packed in for a kernel of the GPU.

use crate::compile::lower::Weighted;
use crate::kernel::flat::Layout;
use crate::kernel::geometry::Geometry;

use super::depthwise;
use super::nm::{self, GpuGroups};
use super::pack::GpuBlocks;
use super::precision::Precision;
use super::wgsl::{self, WIDE};

/// A layer packed for a kernel.
#[derive(Debug)]
pub struct GpuForm {
    /// Name of the kernel.
    pub name: &'static str,
    /// Its text.
    pub wgsl: String,
    /// Where taps lie, as the kernel wants it.
    pub table: Vec<u32>,
    /// Weights; the bias comes behind them.
    pub weights: Vec<f32>,
    /// The kernel's own parameters.
    pub params: Vec<u32>,
    /// Workgroups.
    pub groups: [usize; 2],
    /// Numbers that are loaded for a pixel, roughly.
    pub loads: f64,
}

/// A row kernel: its name, rows of a block, pixels of an invocation, whether it leaves zeros out.
type Tile = (&'static str, usize, usize, bool);

/// Row kernels that are tried, dense ones first. More sums an invocation reuse more of what is loaded and leave fewer
/// invocations to hide the waiting.
const TILES: [Tile; 11] = [
    ("gpu dense 4x2", 4, 2, false),
    ("gpu dense 8x1", 8, 1, false),
    ("gpu dense 8x4", 8, 4, false),
    ("gpu dense 1x4", 1, 4, false),
    ("gpu block 4x1", 4, 1, true),
    ("gpu block 4x2", 4, 2, true),
    ("gpu block 4x4", 4, 4, true),
    ("gpu block 2x2", 2, 2, true),
    ("gpu element 1", 1, 1, true),
    ("gpu element 4", 1, 4, true),
    ("gpu element 8", 1, 8, true),
];

/// N:M kernels, by pixels of an invocation.
const GROUPS: [(&str, usize); 2] = [("gpu n:m 4", 4), ("gpu n:m 8", 8)];

/// Kernels for rows with one input channel each, by pixels of an invocation.
const COLUMNS: [(&str, usize); 2] = [("gpu depthwise 2", 2), ("gpu depthwise 4", 4)];

/// All forms of a layer whose input lies in a layout and whose output spans so many pixels, dense ones first.
pub fn planes(w: &Weighted, v: &Geometry, l: &Layout, span: usize, precision: Precision) -> Vec<GpuForm> {
    let offsets: Vec<Vec<u32>> = (0..v.groups).map(|g| v.offsets(l, g)).collect();
    let sparse = w.weights.contains(&0.0);
    let tiles = TILES.iter().filter(|(_, height, _, skip)| (v.groups == 1 || *height == 1) && (sparse || !skip));
    let mut forms: Vec<GpuForm> = tiles
        .map(|&(name, height, pixels, skip)| {
            let packed = GpuBlocks::new(w, height, skip, |o| &offsets[o * v.groups / v.o]);
            let groups = [span.div_ceil(pixels * WIDE), packed.blocks];
            rows(name, wgsl::rows(height, pixels, precision), packed, groups, 1.0 / height as f64 + 1.0 / pixels as f64)
        })
        .collect();
    if v.groups == v.c && v.taps() <= depthwise::MOST {
        forms.extend(COLUMNS.map(|(name, high)| filters((name, high), w, v, l, span, precision)));
    }
    forms.extend(groups(w, v, &offsets[0], span, precision).unwrap_or_default());
    forms
}

/// All forms of a linear layer for one example: single rows, a workgroup each.
pub fn vector(w: &Weighted, inputs: usize) -> Vec<GpuForm> {
    let offsets: Vec<u32> = (0..inputs as u32).collect();
    let mut forms = Vec::new();
    for (name, skip) in [("gpu dense", false), ("gpu element", true)] {
        if !skip || w.weights.contains(&0.0) {
            let packed = GpuBlocks::new(w, 1, skip, |_| &offsets);
            let groups = [1, packed.blocks];
            forms.push(rows(name, wgsl::vector(), packed, groups, 2.0));
        }
    }
    forms
}

fn rows(name: &'static str, wgsl: String, packed: GpuBlocks, groups: [usize; 2], each: f64) -> GpuForm {
    let GpuBlocks { blocks, table, weights, alike, .. } = packed;
    let loads = each * weights.len() as f64;
    GpuForm { name, wgsl, table, weights, params: vec![blocks as u32, u32::from(alike)], groups, loads }
}

/// A form without a list of taps.
fn filters(
    (name, high): (&'static str, usize),
    w: &Weighted,
    v: &Geometry,
    l: &Layout,
    span: usize,
    precision: Precision,
) -> GpuForm {
    let loads = (v.o * (depthwise::loads(v, high) + v.taps())) as f64 / high as f64;
    GpuForm {
        name,
        wgsl: depthwise::kernel(v, high, precision),
        // A buffer cannot be empty; this kernel does not read it.
        table: vec![0],
        weights: w.weights.clone(),
        params: [l.lead, l.plane, v.c * l.plane, v.o / v.c].map(|n| n as u32).into(),
        groups: [depthwise::invocations(span, l.pitch, high).div_ceil(WIDE), v.o],
        loads,
    }
}

/// N:M forms, where the zeros are as the rule says. Groups run along the input channels of a tap, so taps are sorted by
/// position first.
fn groups(w: &Weighted, v: &Geometry, offsets: &[u32], span: usize, precision: Precision) -> Option<Vec<GpuForm>> {
    let (n, m) = w.rule?;
    let (taps, depth) = (v.taps(), v.depth());
    if v.groups != 1 || !v.c.is_multiple_of(m) {
        return None;
    }
    let order: Vec<usize> = (0..depth).map(|i| i % v.c * taps + i / v.c).collect();
    let offsets: Vec<u32> = order.iter().map(|&i| offsets[i]).collect();
    let weights: Vec<f32> = w.weights.chunks(depth).flat_map(|row| order.iter().map(|&i| row[i])).collect();
    let GpuGroups { groups, words, table, weights } = GpuGroups::pack(&weights, &offsets, n, m)?;
    let form = |(name, pixels): (&'static str, usize)| GpuForm {
        name,
        wgsl: nm::kernel(n, m, pixels, precision),
        table: table.clone(),
        weights: weights.clone(),
        params: vec![groups as u32, words as u32],
        groups: [span.div_ceil(pixels * WIDE), v.o],
        loads: weights.len() as f64 * (1.0 + 1.0 / pixels as f64),
    };
    Some(GROUPS.map(form).into())
}
