//! Where the kept weights of a tensor lie, in as few bits as they take.
//!
//! The weight is seen as a matrix of one row for each output. If its mask is made of equal tiles (blocks, rows, kernels), one bit
//! of the mask stands for a tile. Tiles of the rarer kind, kept or cut, are marked, and what is written is the gap before each
//! mark, and the gap after the last, in a Rice code: `gap >> k` zeros, a one, then the `k` low bits. With k = 0 that is the
//! plain bit mask, so there is no other case. R. F. Rice, JPL Publication 79-22, 1979.

use crate::base::{Error, Result};

/// How one mask is written; as text `4x1,k3`: the tile's rows and columns, what is marked (`k`ept or `c`ut), and Rice's k.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Positions {
    /// Rows and columns of a tile.
    tile: [usize; 2],
    /// The value of the mask where there is a mark.
    marks: u8,
    /// Low bits of a gap that are written as they are.
    k: u32,
    /// Bits that the code takes.
    bits: usize,
}

/// Gaps beyond 2^31 are of no tensor.
const MAX_K: u32 = 31;

impl Positions {
    /// The shortest way to write a mask with `rows` rows.
    pub fn of(mask: &[u8], rows: usize) -> Self {
        let tile = tile(mask, rows);
        let [cut, kept] = [0, 1].map(|marks| Self::marking(mask, rows, tile, marks));
        if cut.bits < kept.bits { cut } else { kept }
    }

    fn marking(mask: &[u8], rows: usize, tile: [usize; 2], marks: u8) -> Self {
        // Of all gaps, what is left after k low bits are taken away, for every k.
        let (mut high, mut codes) = ([0usize; MAX_K as usize + 1], 0);
        for gap in gaps(mask, rows, tile, marks) {
            codes += 1;
            let mut rest = gap;
            for sum in &mut high {
                if rest == 0 {
                    break;
                }
                *sum += rest;
                rest >>= 1;
            }
        }
        let bits = |k: u32| high[k as usize] + codes * (1 + k as usize);
        let k = (0..=MAX_K).min_by_key(|&k| bits(k)).unwrap_or(0);
        Self { tile, marks, k, bits: bits(k) }
    }

    /// Bytes of the code.
    pub fn length(&self) -> usize {
        self.bits.div_ceil(8)
    }

    /// The code of a mask: bits from the highest of each byte down, filled up with zeros.
    pub fn write(&self, mask: &[u8], rows: usize) -> Vec<u8> {
        let (mut out, mut at) = (vec![0u8; self.length()], 0);
        for gap in gaps(mask, rows, self.tile, self.marks) {
            at += gap >> self.k;
            out[at / 8] |= 0x80 >> (at % 8);
            at += 1;
            for bit in (0..self.k).rev() {
                out[at / 8] |= ((gap >> bit & 1) as u8) << (7 - at % 8);
                at += 1;
            }
        }
        out
    }

    /// Reads the mask of a matrix from the front of some bytes, and gives what comes after it.
    ///
    /// # Errors
    /// When the bytes end too early or a mark lies outside the matrix.
    pub fn read<'a>(&self, bytes: &'a [u8], [rows, columns]: [usize; 2]) -> Result<(Vec<u8>, &'a [u8])> {
        let short = || Error::format("the positions of the kept weights are damaged");
        let across = columns.div_ceil(self.tile[1]);
        let tiles = rows.div_ceil(self.tile[0]) * across;
        let mut mask = vec![1 - self.marks; rows * columns];
        // A damaged gap may be beyond what 32 bits hold.
        let (mut at, mut next) = (0, 0u64);
        let mut bit = || {
            let byte = bytes.get(at / 8).ok_or_else(short)?;
            at += 1;
            Ok::<_, Error>(u64::from(byte >> (7 - (at - 1) % 8) & 1))
        };
        loop {
            let mut gap = 0;
            while bit()? == 0 {
                gap += 1;
            }
            for _ in 0..self.k {
                gap = gap << 1 | bit()?;
            }
            let end = next + gap;
            next = end + 1;
            let mark = end as usize;
            if end >= tiles as u64 {
                return if end == tiles as u64 { Ok((mask, &bytes[at.div_ceil(8)..])) } else { Err(short()) };
            }
            let [top, left] = [mark / across * self.tile[0], mark % across * self.tile[1]];
            for row in top..rows.min(top + self.tile[0]) {
                mask[row * columns + left..row * columns + columns.min(left + self.tile[1])].fill(self.marks);
            }
        }
    }

    /// How it is written, as text.
    pub fn text(&self) -> String {
        let [rows, columns] = self.tile;
        format!("{rows}x{columns},{}{}", if self.marks == 1 { 'k' } else { 'c' }, self.k)
    }

    /// Reads what [`Positions::text`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        let (tile, code) = text.split_once(',')?;
        let (rows, columns) = tile.split_once('x')?;
        let (marks, k) = match code.split_at_checked(1)? {
            ("k", k) => (1, k),
            ("c", k) => (0, k),
            _ => return None,
        };
        let (tile, k): (_, u32) = ([rows.parse().ok()?, columns.parse().ok()?], k.parse().ok()?);
        (!tile.contains(&0) && k <= MAX_K).then_some(Self { tile, marks, k, bits: 0 })
    }
}

/// The largest tile that a mask is made of; those at the right and the bottom may be smaller.
fn tile(mask: &[u8], rows: usize) -> [usize; 2] {
    let columns = mask.len() / rows;
    // Where rows, or columns, differ from the one before: multiples of the tile's extent.
    let tall = (1..rows).filter(|r| mask[(r - 1) * columns..r * columns] != mask[r * columns..(r + 1) * columns]);
    let wide = mask.chunks(columns).flat_map(|row| (1..columns).filter(|&c| row[c - 1] != row[c]));
    [(gcd(tall), rows), (gcd(wide), columns)].map(|(extent, all)| if extent == 0 { all } else { extent })
}

/// The greatest common divisor of some numbers; 0 of none. Once it is 1 it stays 1.
fn gcd(mut numbers: impl Iterator<Item = usize>) -> usize {
    let pair = |a: usize, b: usize| {
        let (mut a, mut b) = (a, b);
        while b > 0 {
            (a, b) = (b, a % b);
        }
        a
    };
    numbers.try_fold(0, |all, n| if all == 1 { Err(1) } else { Ok(pair(all, n)) }).unwrap_or_else(|one| one)
}

/// Unmarked tiles before each mark, and after the last.
fn gaps(mask: &[u8], rows: usize, [tall, wide]: [usize; 2], marks: u8) -> impl Iterator<Item = usize> {
    let columns = mask.len() / rows;
    let tiles =
        (0..rows).step_by(tall).flat_map(move |r| (0..columns).step_by(wide).map(move |c| mask[r * columns + c]));
    let (mut gap, mut open) = (0, true);
    let mut tiles = tiles.fuse();
    std::iter::from_fn(move || {
        if !open {
            return None;
        }
        for tile in tiles.by_ref() {
            if tile == marks {
                return Some(std::mem::take(&mut gap));
            }
            gap += 1;
        }
        open = false;
        Some(gap)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Rng;

    #[test]
    fn a_mask_by_hand() -> Result<()> {
        // Gaps to the kept ones 2, 1 and 0, and none after the last; with k = 0 the mask itself, and a one that ends it.
        let mask = [0, 0, 1, 0, 1, 1];
        let positions = Positions::of(&mask, 1);
        assert_eq!((positions.text().as_str(), positions.write(&mask, 1)), ("1x1,k0", vec![0b0010_1110]));
        // One kept of 301: gaps 270 and 30, six low bits each: 0000 1 001110 | 1 011110.
        let mut mask = vec![0; 301];
        mask[270] = 1;
        let positions = Positions::of(&mask, 1);
        assert_eq!(positions.text(), "1x1,k6");
        assert_eq!(positions.write(&mask, 1), [0b0000_1001, 0b1101_0111, 0b1000_0000]);
        Ok(())
    }

    #[test]
    fn tiles_are_found_and_may_end_at_the_edge() {
        // 5 x 6 in tiles of 2 x 4: the last row and the last two columns are what is left of theirs.
        let mut mask = vec![0; 30];
        for (row, column) in [(0, 4), (0, 5), (1, 4), (1, 5), (4, 0), (4, 1), (4, 2), (4, 3)] {
            mask[row * 6 + column] = 1;
        }
        assert_eq!(tile(&mask, 5), [2, 4]);
        assert_eq!(tile(&[1, 1, 1, 0, 0, 0], 2), [1, 3], "whole rows");
        assert_eq!(tile(&[1; 6], 2), [2, 3], "all of it");
    }

    #[test]
    fn the_rarer_kind_is_marked() {
        let mut mask = vec![1; 1000];
        (mask[17], mask[500]) = (0, 0);
        let positions = Positions::of(&mask, 10);
        assert!(positions.text().contains(",c") && positions.length() < 6, "{positions:?}");
    }

    #[test]
    fn any_mask_comes_back_and_has_the_length_that_was_told() -> Result<()> {
        let mut rng = Rng::new(7);
        for case in 0..400 {
            let [rows, columns] = [1 + rng.below(12), 1 + rng.below(40)];
            let [tall, wide] = [1 + rng.below(4), 1 + rng.below(4)];
            let density = rng.below(11);
            let drawn: Vec<u8> = (0..rows * columns).map(|_| u8::from(rng.below(10) < density)).collect();
            let mask: Vec<u8> =
                (0..rows * columns).map(|i| drawn[i / columns / tall * columns + i % columns / wide]).collect();
            let positions = Positions::of(&mask, rows);
            let mut code = positions.write(&mask, rows);
            assert_eq!(code.len(), positions.length(), "case {case}");
            code.push(0xa5);
            let told = Positions::parse(&positions.text()).expect("its own text");
            assert_eq!(told.read(&code, [rows, columns])?, (mask, &[0xa5][..]), "case {case}");
        }
        Ok(())
    }

    /// The entropy of a mask is what no code can be below on average.
    #[test]
    fn codes_are_near_the_shortest_that_there_are() {
        let mut rng = Rng::new(3);
        for percent in [1usize, 2, 5, 10, 20, 30, 40, 50, 70, 90, 98] {
            let mask: Vec<u8> = (0..200_000).map(|_| u8::from(rng.below(100) < percent)).collect();
            let p = percent as f64 / 100.0;
            let least = 200_000.0 * -(p * p.log2() + (1.0 - p) * (1.0 - p).log2());
            let bits = 8.0 * Positions::of(&mask, 400).length() as f64;
            assert!(bits < 1.06 * least, "{percent}% kept: {bits} bits, at least {least}");
        }
    }

    #[test]
    fn damage_is_an_error() {
        let mask = [0, 0, 1, 0, 1, 1];
        let positions = Positions::of(&mask, 1);
        assert!(positions.read(&[], [1, 6]).is_err(), "nothing there");
        assert!(positions.read(&[0b0010_0000], [1, 6]).is_err(), "no end");
        assert!(positions.read(&[0b0010_1110], [1, 3]).is_err(), "a mark outside");
        for text in ["", "1x1", "0x1,k1", "1x1,k32", "1x1,z1", "1x1,k", "1,k1", "1x1,é"] {
            assert_eq!(Positions::parse(text), None, "{text}");
        }
    }
}
