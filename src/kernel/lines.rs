//! Buffers that begin where a cache line does: planes are a whole number of lines, so aligned taps never cross one.

use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

/// What a line holds; every bit pattern is a number.
pub trait Number: Copy + sealed::Sealed {}
impl Number for f32 {}
impl Number for u8 {}

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for u8 {}
}

#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
struct Line([u8; 64]);

/// Numbers from a line's start on.
#[derive(Clone, Debug)]
pub struct Lines<T> {
    lines: Vec<Line>,
    len: usize,
    of: PhantomData<T>,
}

impl<T: Number> Lines<T> {
    /// The same number, `len` times.
    pub fn filled(x: T, len: usize) -> Self {
        let lines = vec![Line([0; 64]); (len * size_of::<T>()).div_ceil(size_of::<Line>())];
        let mut out = Self { lines, len, of: PhantomData };
        out.fill(x);
        out
    }
}

impl<T> Default for Lines<T> {
    fn default() -> Self {
        Self { lines: Vec::new(), len: 0, of: PhantomData }
    }
}

impl<T: Number> Deref for Lines<T> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        // SAFETY: the lines hold `len` numbers, are aligned for them, and any bits are a number.
        unsafe { std::slice::from_raw_parts(self.lines.as_ptr().cast(), self.len) }
    }
}

impl<T: Number> DerefMut for Lines<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: as for `deref`.
        unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), self.len) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_what_it_is_filled_with_and_begins_a_line() {
        for len in [0, 1, 15, 16, 17, 100] {
            let mut x = Lines::filled(2.5f32, len);
            assert!(x.len() == len && x.iter().all(|&x| x == 2.5) && x.as_ptr().addr().is_multiple_of(64));
            x.iter_mut().for_each(|x| *x += 1.0);
            assert!(x.clone().iter().all(|&x| x == 3.5));
            assert!(Lines::filled(7u8, len).iter().all(|&x| x == 7));
        }
    }
}
