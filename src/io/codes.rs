//! Weights of few different numbers: each number once, and for every weight a Huffman code that says which.

use crate::base::{Error, Result};

use super::huffman;

/// The most numbers that a weight may share.
const MOST: usize = 256;

/// How a weight's numbers are coded.
#[derive(Debug)]
pub struct Codes {
    /// The numbers that occur, from the lowest to the highest, zeros by their sign.
    pub numbers: Vec<f32>,
    /// By number: the length of its code word.
    lengths: Vec<u8>,
    bits: u64,
}

impl Codes {
    /// The code of some weights, if it is shorter than they are.
    pub fn of(weights: impl Iterator<Item = f32>) -> Option<Self> {
        let (mut numbers, mut frequencies, mut n): (Vec<f32>, Vec<u64>, usize) = (Vec::new(), Vec::new(), 0);
        for weight in weights {
            n += 1;
            match numbers.binary_search_by(|number| number.total_cmp(&weight)) {
                Ok(at) => frequencies[at] += 1,
                Err(_) if numbers.len() == MOST => return None,
                Err(at) => {
                    numbers.insert(at, weight);
                    frequencies.insert(at, 1);
                }
            }
        }
        let lengths = huffman::lengths(&frequencies);
        let bits = huffman::bits(&frequencies, &lengths);
        let codes = Self { numbers, lengths, bits };
        (4 * codes.numbers.len() + codes.length() < 4 * n).then_some(codes)
    }

    /// Bytes of the code, without the numbers.
    pub fn length(&self) -> usize {
        self.lengths.len() + self.bits.div_ceil(8) as usize
    }

    /// A byte for the length of each number's word, then a word for each weight.
    pub fn write(&self, weights: impl Iterator<Item = f32>) -> Vec<u8> {
        let which = |w: f32| self.numbers.binary_search_by(|number| number.total_cmp(&w)).unwrap_or(0);
        let mut out = self.lengths.clone();
        out.extend(huffman::write(weights.map(which), &self.lengths));
        out
    }
}

/// Reads `n` weights that share some numbers from the front of some bytes, and gives what comes after them.
///
/// # Errors
/// When the bytes are no such code.
pub fn read<'a>(bytes: &'a [u8], n: usize, numbers: &[f32]) -> Result<(Vec<f32>, &'a [u8])> {
    let (lengths, words) =
        bytes.split_at_checked(numbers.len()).ok_or_else(|| Error::format("the codes of its numbers are cut short"))?;
    let (which, rest) = huffman::read(words, n, lengths)?;
    Ok((which.into_iter().map(|symbol| numbers[symbol]).collect(), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_to_the_bit() -> Result<()> {
        let weights: Vec<f32> = (0..200).map(|i| [0.5, -0.25, 0.5, -0.0, 0.0][i % 5]).collect();
        let codes = Codes::of(weights.iter().copied()).expect("four numbers of 200 weights");
        assert_eq!(codes.numbers.len(), 4, "zeros differ by their sign");
        let mut bytes = codes.write(weights.iter().copied());
        assert_eq!(bytes.len(), codes.length());
        bytes.push(99);
        let (found, rest) = read(&bytes, weights.len(), &codes.numbers)?;
        let bits = |weights: &[f32]| weights.iter().map(|w| w.to_bits()).collect::<Vec<_>>();
        assert_eq!((bits(&found), rest), (bits(&weights), &[99][..]));
        assert!(read(&bytes[..20], weights.len(), &codes.numbers).is_err());
        assert!(Codes::of([1.0, 2.0, 3.0].into_iter()).is_none(), "no shorter than the numbers themselves");
        assert!(Codes::of((0..2000).map(|i| i as f32)).is_none(), "too many numbers");
        Ok(())
    }
}
