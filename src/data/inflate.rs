//! Deflate streams, unpacked: RFC 1951. A decoder that is short rather than clever, since every visitor downloads it; codes are
//! looked up whole, which is as fast as the page needs.

use std::ops::Range;

/// Bits of the longest code.
const LONGEST: usize = 15;
/// What copies are long at least, by symbol.
const LENGTHS: [u16; 29] =
    [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258];
/// The order in which lengths of the codes for code lengths come.
const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/// Bits of a stream, lowest first.
struct Bits<'a> {
    bytes: &'a [u8],
    held: u64,
    count: u32,
}

impl Bits<'_> {
    /// Makes sure of 32 bits, or all that are left.
    fn fill(&mut self) {
        while let (true, [first, rest @ ..]) = (self.count <= 32, self.bytes) {
            self.held |= u64::from(*first) << self.count;
            (self.count, self.bytes) = (self.count + 8, rest);
        }
    }

    fn drop(&mut self, n: u32) -> Option<()> {
        self.count = self.count.checked_sub(n)?;
        self.held >>= n;
        Some(())
    }

    fn take(&mut self, n: u32) -> Option<usize> {
        self.fill();
        let value = self.held & ((1 << n) - 1);
        self.drop(n)?;
        Some(value as usize)
    }

    fn symbol(&mut self, codes: &Codes) -> Option<usize> {
        self.fill();
        let entry = codes.0[self.held as usize & ((1 << LONGEST) - 1)];
        // No code is without bits: where none fits, the entry is zero.
        self.drop(u32::from(entry & 15)).filter(|()| entry > 0)?;
        Some(usize::from(entry >> 4))
    }
}

/// For every run of fifteen bits the symbol that it begins with, times 16, plus the length of its code.
struct Codes(Vec<u16>);

impl Codes {
    /// Canonical codes of these lengths; none where they are more than there can be.
    fn of(lengths: &[u8]) -> Option<Self> {
        let mut table = vec![0u16; 1 << LONGEST];
        let mut code = 0usize;
        for length in 1..=LONGEST {
            for symbol in (0..lengths.len()).filter(|&s| usize::from(lengths[s]) == length) {
                if code >> length > 0 {
                    return None;
                }
                let first = code.reverse_bits() >> (usize::BITS as usize - length);
                (first..1 << LONGEST).step_by(1 << length).for_each(|at| table[at] = (symbol << 4 | length) as u16);
                code += 1;
            }
            code <<= 1;
        }
        Some(Self(table))
    }
}

/// Appends what a stream holds, and gives the bytes after it; none where it is damaged, cut short, or holds more than `most`.
pub fn inflate<'a>(bytes: &'a [u8], out: &mut Vec<u8>, most: usize) -> Option<&'a [u8]> {
    let mut bits = Bits { bytes, held: 0, count: 0 };
    let room = out.len()..out.len() + most;
    loop {
        let last = bits.take(1)? == 1;
        match bits.take(2)? {
            0 => stored(&mut bits, out)?,
            1 => {
                let literals = [&[8u8; 144][..], &[9; 112], &[7; 24], &[8; 8]].concat();
                block(&mut bits, &Codes::of(&literals)?, &Codes::of(&[5; 30])?, out, &room)?;
            }
            2 => {
                let (literals, distances) = tables(&mut bits)?;
                block(&mut bits, &literals, &distances, out, &room)?;
            }
            _ => return None,
        }
        if last {
            // Whole bytes that were looked at and not used belong to what follows.
            return Some(&bytes[bytes.len() - bits.bytes.len() - bits.count as usize / 8..]);
        }
    }
}

/// A block that is not packed.
fn stored(bits: &mut Bits, out: &mut Vec<u8>) -> Option<()> {
    bits.drop(bits.count % 8)?;
    let (length, check) = (bits.take(16)?, bits.take(16)?);
    if length ^ check != 0xffff {
        return None;
    }
    for _ in 0..length {
        out.push(bits.take(8)? as u8);
    }
    Some(())
}

/// The codes that a block brings along, themselves packed.
fn tables(bits: &mut Bits) -> Option<(Codes, Codes)> {
    let (literals, distances, packed) = (257 + bits.take(5)?, 1 + bits.take(5)?, 4 + bits.take(4)?);
    let mut lengths = [0u8; 19];
    for &at in &ORDER[..packed] {
        lengths[at] = bits.take(3)? as u8;
    }
    let codes = Codes::of(&lengths)?;
    let mut lengths = Vec::new();
    while lengths.len() < literals + distances {
        let (times, length) = match bits.symbol(&codes)? {
            16 => (3 + bits.take(2)?, *lengths.last()?),
            17 => (3 + bits.take(3)?, 0),
            18 => (11 + bits.take(7)?, 0),
            length => (1, length as u8),
        };
        lengths.resize(lengths.len() + times, length);
    }
    let (literals, distances) = (lengths.len() == literals + distances).then(|| lengths.split_at(literals))?;
    Some((Codes::of(literals)?, Codes::of(distances)?))
}

/// Bytes, and copies of those before them, which may reach no further back than `room` begins.
fn block(bits: &mut Bits, literals: &Codes, distances: &Codes, out: &mut Vec<u8>, room: &Range<usize>) -> Option<()> {
    loop {
        let length = match bits.symbol(literals)? {
            byte @ ..256 => {
                out.push(byte as u8);
                continue;
            }
            256 => return Some(()),
            symbol => {
                let extra = if (265..285).contains(&symbol) { (symbol - 261) / 4 } else { 0 };
                usize::from(*LENGTHS.get(symbol - 257)?) + bits.take(extra as u32)?
            }
        };
        let distance = match bits.symbol(distances)? {
            near @ ..4 => near + 1,
            far @ ..30 => {
                let extra = far / 2 - 1;
                ((2 + far % 2) << extra) + 1 + bits.take(extra as u32)?
            }
            _ => return None,
        };
        let from =
            out.len().checked_sub(distance).filter(|&from| from >= room.start && out.len() + length <= room.end)?;
        // What is copied may be part of the copy.
        for at in from..from + length {
            out.push(out[at]);
        }
    }
}
