//! Gzip, as data sets are served: RFC 1952, in any number of members, with whatever may come after the last of them.
//!
//! Page and command line unpack here, so that both read the same of a file. Streams of browsers end at the first member, or fail
//! there, each in its own way.

use std::borrow::Cow;

use crate::base::{Error, Result};

use super::inflate::inflate;

/// What every member begins with.
const MAGIC: [u8; 2] = [0x1f, 0x8b];
/// No data set unpacks to more.
const MOST: usize = 1 << 30;

/// The contents of a file that may be gzipped; others are given back as they are.
///
/// # Errors
/// When a member is damaged or cut short.
pub fn unpack(file: &[u8]) -> Result<Cow<'_, [u8]>> {
    if !file.starts_with(&MAGIC) {
        return Ok(file.into());
    }
    let (table, mut out, mut rest) = (table(), Vec::new(), file);
    // Bytes after the last member are padding: `gzip` passes over them, too.
    while rest.starts_with(&MAGIC) {
        rest = member(rest, &mut out, &table).ok_or_else(|| {
            let read = file.len() - rest.len();
            Error::format(format!("the gzip data is damaged or cut short, in the member that begins at byte {read}"))
                .hint("fetch the file again")
        })?;
    }
    Ok(out.into())
}

/// Appends what a member holds, and gives what comes after it.
fn member<'a>(bytes: &'a [u8], out: &mut Vec<u8>, table: &[u32; 256]) -> Option<&'a [u8]> {
    let start = out.len();
    let body = after_header(bytes)?;
    let tail = inflate(body, out, MOST)?;
    let number = |bytes: &[u8; 4]| u32::from_le_bytes(*bytes);
    let ([check, length], rest) = (tail.get(..8)?.as_chunks::<4>().0.first_chunk()?, &tail[8..]);
    let whole = number(check) == checksum(&out[start..], table) && number(length) == (out.len() - start) as u32;
    whole.then_some(rest)
}

/// Passes over a header and what flags say that it has: extra bytes, a name, a comment, a checksum.
fn after_header(bytes: &[u8]) -> Option<&[u8]> {
    // The upper three flags are of no meaning yet.
    let &[_, _, 8, flags @ ..0x20, ..] = bytes else { return None };
    let mut rest = bytes.get(10..)?;
    if flags & 4 != 0 {
        rest = rest.get(2 + usize::from(u16::from_le_bytes(*rest.first_chunk()?))..)?;
    }
    for text in [8, 16] {
        if flags & text != 0 {
            rest = &rest[rest.iter().position(|&byte| byte == 0)? + 1..];
        }
    }
    if flags & 2 != 0 { rest.get(2..) } else { Some(rest) }
}

/// CRC-32 of some bytes.
fn checksum(bytes: &[u8], table: &[u32; 256]) -> u32 {
    !bytes.iter().fold(!0, |crc: u32, &byte| crc >> 8 ^ table[usize::from(crc as u8 ^ byte)])
}

/// What each byte does to a CRC-32; worked out, since the page's download could not compress it.
fn table() -> [u32; 256] {
    std::array::from_fn(|byte| (0..8).fold(byte as u32, |crc, _| crc >> 1 ^ if crc & 1 == 1 { 0xedb8_8320 } else { 0 }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// "hello hello hello\n" as gzip 1.12 packs a file called "hi".
    const HELLO: &str = "1f8b08080000000002ff686900cb48cdc9c957c840905c003b7c8adf12000000";

    fn hello() -> Vec<u8> {
        (0..HELLO.len()).step_by(2).map(|i| u8::from_str_radix(&HELLO[i..i + 2], 16).expect("hexadecimal")).collect()
    }

    #[test]
    fn reads_what_gzip_writes_and_leaves_the_rest_alone() -> Result<()> {
        assert_eq!(*unpack(&hello())?, *b"hello hello hello\n");
        assert_eq!(*unpack(b"no gzip")?, *b"no gzip");
        assert_eq!(*unpack(b"")?, *b"");
        Ok(())
    }

    #[test]
    fn all_members_are_read_and_padding_is_passed_over() -> Result<()> {
        let file = [hello(), hello(), hello()].concat();
        let want = b"hello hello hello\n".repeat(3);
        for tail in [&[][..], &[0], &[0; 512], b"\x1f", b"trailing"] {
            assert_eq!(*unpack(&[&file, tail].concat())?, *want, "{} bytes at the end", tail.len());
        }
        Ok(())
    }

    #[test]
    fn every_part_of_a_header_is_passed_over() -> Result<()> {
        // After the ten bytes of the header: extra bytes, a name, a comment and a checksum.
        let parts = [&[3, 0, 1, 2, 3][..], b"name\0", b"comment\0", &[9, 9]].concat();
        let mut file = [&hello()[..10], &parts, &hello()[13..]].concat();
        file[3] = 2 | 4 | 8 | 16;
        assert_eq!(*unpack(&file)?, *b"hello hello hello\n");
        Ok(())
    }

    #[test]
    fn damage_is_an_error_wherever_it_is() {
        let (one, file) = (hello().len(), [hello(), hello()].concat());
        // A file that ends with its first member is whole, and so is one with a byte more.
        for end in (2..file.len()).filter(|&end| end != one && end != one + 1) {
            assert!(unpack(&file[..end]).is_err(), "cut at {end}");
        }
        // Time and system of a header may be anything.
        for at in (2..one).filter(|at| !(4..13).contains(at)) {
            let mut bad = file.clone();
            bad[one + at] ^= 0x41;
            let error = unpack(&bad).expect_err("a changed byte");
            assert!(error.message.contains("begins at byte 32"), "{at}: {error}");
        }
    }

    /// What other programs write: stored, fixed and own codes, long runs and noise, in blocks of any sort.
    #[cfg(not(target_arch = "wasm32"))]
    #[test]
    fn reads_what_zlib_writes() -> Result<()> {
        use crate::base::Rng;
        use flate2::{Compression, read::GzEncoder};
        use std::io::Read;
        let mut rng = Rng::new(1);
        for (case, below) in [1, 2, 3, 16, 200, 256, 256].into_iter().enumerate() {
            for length in [0, 1, 100, 70_000, 400_000] {
                let mut data: Vec<u8> = (0..length).map(|_| rng.below(below) as u8).collect();
                if case == 6 {
                    // Repeats at every distance that there may be.
                    (1..data.len()).for_each(|i| {
                        data[i] = if i % 900 < 600 { data[i - i.min(1 + i * 7 % 32_768)] } else { data[i] }
                    });
                }
                for level in [0, 1, 6, 9] {
                    let mut file = Vec::new();
                    GzEncoder::new(&data[..], Compression::new(level)).read_to_end(&mut file)?;
                    assert!(*unpack(&file)? == *data, "{length} numbers below {below} at level {level}");
                }
            }
        }
        Ok(())
    }

    #[test]
    fn more_than_there_may_be_is_refused() {
        let packed = hello();
        assert!(inflate(&packed[13..], &mut Vec::new(), 8).is_none());
        assert!(inflate(&packed[13..], &mut Vec::new(), 18).is_some());
    }
}
