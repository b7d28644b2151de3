//! Moving rows of pixels. They are short, so what counts is that no call is made for one.

use super::simd::{F32x4, Lane, unzip};

/// What pixels are made of.
pub trait Pixel: Copy {
    /// Copies as many pixels as `to` has.
    fn copy(from: &[Self], to: &mut [Self]);
    /// `to[i] = from[2 i]` in every row: `of` pixels to each, rows `step[0]` apart in `from` and `step[1]` in `to`.
    fn evens(from: &[Self], to: &mut [Self], of: [usize; 2], step: [usize; 2]);
}

impl Pixel for f32 {
    #[inline]
    fn copy(from: &[Self], to: &mut [Self]) {
        copy(from, to);
    }

    #[inline]
    fn evens(from: &[Self], to: &mut [Self], of: [usize; 2], step: [usize; 2]) {
        evens(from, to, of, step);
    }
}

impl Pixel for u8 {
    #[inline]
    fn copy(from: &[Self], to: &mut [Self]) {
        to.copy_from_slice(&from[..to.len()]);
    }

    #[inline]
    fn evens(from: &[Self], to: &mut [Self], [rows, n]: [usize; 2], step: [usize; 2]) {
        for (from, to) in from.chunks(step[0]).zip(to.chunks_mut(step[1])).take(rows) {
            to[..n].iter_mut().zip(from.iter().step_by(2)).for_each(|(to, x)| *to = *x);
        }
    }
}

/// Copies as many numbers as `to` has.
///
/// A row of pixels is short, and `copy_from_slice` is a call out of wasm into the browser: this is loads and stores.
#[inline]
pub fn copy(from: &[f32], to: &mut [f32]) {
    const N: usize = F32x4::N;
    let n = to.len();
    let from = &from[..n];
    if !cfg!(target_arch = "wasm32") {
        return to.copy_from_slice(from);
    }
    if n < N {
        // One by one, not in a loop: the compiler would see a copy in it.
        for i in [0, 1, 2] {
            if i < n {
                to[i] = from[i];
            }
        }
        return;
    }
    let (from, to) = (from.as_ptr(), to.as_mut_ptr());
    // SAFETY: every lane begins at most N before the end of both, which hold n numbers.
    unsafe {
        let pair = |i: usize, j: usize| {
            let (a, b) = (F32x4::load(from.add(i)), F32x4::load(from.add(j)));
            a.store(to.add(i));
            b.store(to.add(j));
        };
        // Two lanes a round: a loop of single ones would be turned into that call.
        let mut i = 0;
        while i + 2 * N <= n {
            pair(i, i + N);
            i += 2 * N;
        }
        pair(i.min(n - N), n - N);
    }
}

/// [`Pixel::evens`] of numbers, a lane at a time; the last lane of a row may write again what the one before it wrote.
fn evens(from: &[f32], to: &mut [f32], [rows, n]: [usize; 2], step: [usize; 2]) {
    const N: usize = F32x4::N;
    let (Some(last), Some(columns)) = (rows.checked_sub(1), n.checked_sub(1)) else { return };
    assert!(last * step[0] + 2 * columns < from.len() && last * step[1] + n <= to.len(), "rows reach past an end");
    // A lane of evens reads one odd number more than there may be: the last even of a row is then on its own.
    let pairs = if last * step[0] + 2 * n <= from.len() { n } else { columns };
    for row in 0..rows {
        // SAFETY: checked above; lanes end at `pairs`, whose odd numbers are there too.
        unsafe {
            let (from, to) = (from.as_ptr().add(row * step[0]), to.as_mut_ptr().add(row * step[1]));
            let one = |i: usize| *to.add(i) = *from.add(2 * i);
            let lane = |i: usize| {
                unzip(F32x4::load(from.add(2 * i)), F32x4::load(from.add(2 * i + N)))[0].store(to.add(i));
            };
            if pairs < N {
                (0..n).for_each(one);
                continue;
            }
            let mut i = 0;
            while i + N <= pairs {
                lane(i);
                i += N;
            }
            lane(pairs - N);
            one(columns);
        }
    }
}

/// Turns rows into columns: `to[i step[1] + row] = from[row step[0] + i]` for every row and i below `n`.
pub fn turn(from: &[f32], to: &mut [f32], [rows, n]: [usize; 2], step: [usize; 2]) {
    const N: usize = F32x4::N;
    let (Some(last), Some(end)) = (rows.checked_sub(1), n.checked_sub(1)) else { return };
    assert!(last * step[0] + n <= from.len() && end * step[1] + rows <= to.len(), "rows reach past an end");
    let whole = [rows / N * N, n / N * N];
    for row in (0..whole[0]).step_by(N) {
        for i in (0..whole[1]).step_by(N) {
            // SAFETY: N rows and N numbers of each are left, and as many columns to write.
            unsafe {
                let [a, b, c, d] = [0, 1, 2, 3].map(|r| F32x4::load(from.as_ptr().add((row + r) * step[0] + i)));
                let ([ab, ba], [cd, dc]) = (unzip(a, b), unzip(c, d));
                let ([first, third], [second, fourth]) = (unzip(ab, cd), unzip(ba, dc));
                for (k, column) in [first, second, third, fourth].into_iter().enumerate() {
                    column.store(to.as_mut_ptr().add((i + k) * step[1] + row));
                }
            }
        }
    }
    for row in 0..rows {
        for i in if row < whole[0] { whole[1] } else { 0 }..n {
            to[i * step[1] + row] = from[row * step[0] + i];
        }
    }
}

/// `to[i]` = `take` of the four numbers of columns 2 i and 2 i + 1 in two rows, row by row; as many as `to` has.
#[inline(always)]
pub fn windows(rows: [&[f32]; 2], to: &mut [f32], take: impl Fn([F32x4; 4]) -> F32x4) {
    const N: usize = F32x4::N;
    let n = to.len();
    assert!(rows.iter().all(|row| row.len() >= 2 * n), "every window is whole");
    let four = |at: [*const f32; 2]| {
        // SAFETY: two lanes are left from both places on.
        let [[a, b], [c, d]] = at.map(|p| unsafe { unzip(F32x4::load(p), F32x4::load(p.add(N))) });
        take([a, b, c, d])
    };
    if n < N {
        let mut edges = [[0.0; 2 * N]; 2];
        edges.iter_mut().zip(rows).for_each(|(edge, row)| edge[..2 * n].copy_from_slice(&row[..2 * n]));
        let mut out = [0.0; N];
        // SAFETY: an edge is two lanes, and what comes out is one.
        unsafe { four(edges.each_ref().map(|edge| edge.as_ptr())).store(out.as_mut_ptr()) };
        return to.copy_from_slice(&out[..n]);
    }
    for i in (0..n).step_by(N) {
        let i = i.min(n - N);
        // SAFETY: i + N windows are whole, and as many numbers are there to write.
        unsafe { four(rows.map(|row| row.as_ptr().add(2 * i))).store(to.as_mut_ptr().add(i)) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_exactly_what_is_asked_for() {
        let from: Vec<f32> = (1..60).map(|i| i as f32).collect();
        for n in 0..40 {
            let mut to = vec![0.0; n + 1];
            copy(&from, &mut to[..n]);
            assert!(to[..n] == from[..n] && to[n] == 0.0, "{n} numbers");
        }
        for n in 0..25 {
            let mut to = vec![0.0; n + 1];
            let rows = [&from[..], &from[9..]];
            windows(rows, &mut to[..n], |[a, b, c, d]| a.add(b).add(c.max(d)));
            let want = |i: usize| rows[0][2 * i] + rows[0][2 * i + 1] + rows[1][2 * i + 1];
            assert!((0..n).all(|i| to[i] == want(i)) && to[n] == 0.0, "{n} windows");
        }
        for (rows, n) in (0..10).flat_map(|rows| (0..7).map(move |n| (rows, n))) {
            let mut to = vec![0.0; n.max(1) * 11];
            turn(&from, &mut to, [rows, n.min(5)], [6, 11]);
            let want = |i: usize| if i % 11 < rows && i / 11 < n.min(5) { from[i % 11 * 6 + i / 11] } else { 0.0 };
            assert!((0..to.len()).all(|i| to[i] == want(i)), "{rows} rows of {n}");
        }
        for n in 1..13 {
            // Four rows of n from rows of two numbers more than needed, and the last of them from one too few.
            let (step, mut to) = ([2 * n + 2, n + 1], vec![0.0; 4 * n + 3]);
            let x: Vec<f32> = (1..=3 * step[0] + 2 * n - 1).map(|i| i as f32).collect();
            f32::evens(&x, &mut to, [4, n], step);
            let want = |i: usize| if i % step[1] < n { x[i / step[1] * step[0] + 2 * (i % step[1])] } else { 0.0 };
            assert!((0..to.len()).all(|i| to[i] == want(i)), "{n} numbers");
        }
    }
}
