//! Huffman codes: the fewest bits that symbols of known frequencies take, one code word each. D. A. Huffman, Proc. IRE, 1952.
//!
//! Code words are canonical, so their lengths say everything: of two words the shorter comes first, then the one of the lower
//! symbol, and each is the one before it plus one.

use crate::base::{Error, Result};

/// The length of each symbol's code word. One symbol alone takes no bits; one that never occurs has length 0 too.
pub fn lengths(frequencies: &[u64]) -> Vec<u8> {
    // Nodes of the tree by age: frequency, and the node that they were merged into.
    let mut nodes: Vec<(u64, usize)> = frequencies.iter().map(|&n| (n, usize::MAX)).collect();
    let mut free: Vec<usize> = (0..nodes.len()).filter(|&i| frequencies[i] > 0).collect();
    let rarest = |free: &mut Vec<usize>, nodes: &[(u64, usize)]| {
        let at = (0..free.len()).min_by_key(|&i| (nodes[free[i]].0, free[i]))?;
        Some(free.remove(at))
    };
    while free.len() > 1 {
        let (Some(a), Some(b)) = (rarest(&mut free, &nodes), rarest(&mut free, &nodes)) else { break };
        let parent = nodes.len();
        nodes.push((nodes[a].0 + nodes[b].0, usize::MAX));
        (nodes[a].1, nodes[b].1) = (parent, parent);
        free.push(parent);
    }
    let depth = |mut node: usize| {
        let mut depth = 0;
        while nodes[node].1 != usize::MAX {
            (node, depth) = (nodes[node].1, depth + 1);
        }
        depth
    };
    (0..frequencies.len()).map(depth).collect()
}

/// Bits that symbols of some frequencies take.
pub fn bits(frequencies: &[u64], lengths: &[u8]) -> u64 {
    frequencies.iter().zip(lengths).map(|(n, &length)| n * u64::from(length)).sum()
}

/// Symbols with a code word, in the order of their words.
fn ordered(lengths: &[u8]) -> Vec<usize> {
    let longest = lengths.iter().copied().max().unwrap_or(0);
    (1..=longest).flat_map(|length| (0..lengths.len()).filter(move |&symbol| lengths[symbol] == length)).collect()
}

/// Writes symbols from the highest bit of each byte down; the last byte is filled up with zeros.
pub fn write(symbols: impl Iterator<Item = usize>, lengths: &[u8]) -> Vec<u8> {
    let (mut words, mut word, mut last) = (vec![0u64; lengths.len()], 0u64, 0);
    for symbol in ordered(lengths) {
        word <<= lengths[symbol] - last;
        (words[symbol], last) = (word, lengths[symbol]);
        word += 1;
    }
    let (mut out, mut at) = (Vec::new(), 0);
    for symbol in symbols {
        for bit in (0..lengths[symbol]).rev() {
            if at % 8 == 0 {
                out.push(0);
            }
            out[at / 8] |= ((words[symbol] >> bit & 1) as u8) << (7 - at % 8);
            at += 1;
        }
    }
    out
}

/// Reads `n` symbols from the front of some bytes, and gives what comes after them.
///
/// # Errors
/// When the bytes end too early, or no code has such lengths.
pub fn read<'a>(bytes: &'a [u8], n: usize, lengths: &[u8]) -> Result<(Vec<usize>, &'a [u8])> {
    let damaged = || Error::format("the codes of its numbers are damaged");
    let order = ordered(lengths);
    if order.is_empty() {
        // All numbers are the same one.
        return if lengths.len() == 1 || n == 0 { Ok((vec![0; n], bytes)) } else { Err(damaged()) };
    }
    // By length: how many words there are, for words are counted up length by length.
    let mut counts = [0u64; 64];
    order.iter().try_for_each(|&symbol| {
        counts.get_mut(usize::from(lengths[symbol])).map(|count| *count += 1).ok_or_else(damaged)
    })?;
    let (mut out, mut at) = (Vec::new(), 0);
    for _ in 0..n {
        let (mut word, mut first, mut index, mut length) = (0u64, 0u64, 0u64, 0);
        let symbol = loop {
            let byte = bytes.get(at / 8).ok_or_else(damaged)?;
            word = word << 1 | u64::from(byte >> (7 - at % 8) & 1);
            (at, length, first) = (at + 1, length + 1, first << 1);
            let count = *counts.get(length).ok_or_else(damaged)?;
            if word.wrapping_sub(first) < count {
                break order[(index + word - first) as usize];
            }
            (first, index) = (first.wrapping_add(count), index + count);
        };
        out.push(symbol);
    }
    Ok((out, &bytes[at.div_ceil(8)..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        // a 5 times, b twice, c and d once: words 0, 10, 110 and 111.
        let frequencies = [5, 2, 1, 1];
        let lengths = lengths(&frequencies);
        assert_eq!(lengths, [1, 2, 3, 3]);
        assert_eq!(bits(&frequencies, &lengths), 15);
        let bytes = write([0, 1, 2, 3, 0].into_iter(), &lengths);
        assert_eq!(bytes, [0b0101_1011, 0b1000_0000]);
        assert_eq!(read(&bytes, 5, &lengths).ok(), Some((vec![0, 1, 2, 3, 0], &[][..])));
        assert!(read(&bytes, 12, &lengths).is_err(), "too few bits");
    }

    #[test]
    fn symbols_that_never_occur_or_are_alone_take_no_bits() {
        assert_eq!(lengths(&[0, 7, 0, 7]), [0, 1, 0, 1]);
        assert_eq!(lengths(&[9]), [0]);
        assert_eq!(write([0, 0].into_iter(), &[0]), [0u8; 0]);
        assert_eq!(read(&[7], 2, &[0]).ok(), Some((vec![0, 0], &[7][..])));
        assert!(read(&[], 2, &[0, 0]).is_err());
    }
}
