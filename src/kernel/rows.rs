//! Moving rows of pixels. They are short, so what counts is that no call is made for one.

use super::simd::{F32x4, Lane};

/// What pixels are made of.
pub trait Pixel: Copy {
    /// Copies as many pixels as `to` has.
    fn copy(from: &[Self], to: &mut [Self]);
    /// `to[i] = from[2 i]`, as many pixels as `to` has.
    fn evens(from: &[Self], to: &mut [Self]);
}

impl Pixel for f32 {
    #[inline]
    fn copy(from: &[Self], to: &mut [Self]) {
        copy(from, to);
    }

    #[inline]
    fn evens(from: &[Self], to: &mut [Self]) {
        let whole = lanes_of_evens(from, to);
        to.iter_mut().zip(from.iter().step_by(2)).skip(whole).for_each(|(to, x)| *to = *x);
    }
}

impl Pixel for u8 {
    #[inline]
    fn copy(from: &[Self], to: &mut [Self]) {
        to.copy_from_slice(&from[..to.len()]);
    }

    #[inline]
    fn evens(from: &[Self], to: &mut [Self]) {
        to.iter_mut().zip(from.iter().step_by(2)).for_each(|(to, x)| *to = *x);
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

/// Does as much of [`Pixel::evens`] as fits whole lanes; gives how many numbers that were.
#[cfg(target_arch = "wasm32")]
fn lanes_of_evens(from: &[f32], to: &mut [f32]) -> usize {
    const N: usize = F32x4::N;
    let lanes = (to.len() / N).min(from.len() / (2 * N));
    for i in (0..lanes * N).step_by(N) {
        // SAFETY: two lanes of `from` and one of `to` are left.
        unsafe {
            let (a, b) = (F32x4::load(from.as_ptr().add(2 * i)), F32x4::load(from.as_ptr().add(2 * i + N)));
            core::arch::wasm32::i32x4_shuffle::<0, 2, 4, 6>(a, b).store(to.as_mut_ptr().add(i));
        }
    }
    lanes * N
}

/// The compiler does this itself where a loop is not to be turned into a call.
#[cfg(not(target_arch = "wasm32"))]
fn lanes_of_evens(_: &[f32], _: &mut [f32]) -> usize {
    0
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
        for n in 0..30 {
            let mut to = vec![0.0; n + 1];
            f32::evens(&from, &mut to[..n]);
            assert!(to[..n].iter().zip((1..60).step_by(2)).all(|(a, b)| *a == b as f32) && to[n] == 0.0, "{n} numbers");
        }
    }
}
