//! Gzip, as data sets are served: RFC 1952, in any number of members, with whatever may come after the last of them.
//!
//! Page and command line unpack here, so that both read the same of a file. Streams of browsers end at the first member, or fail
//! there, each in its own way.

use std::borrow::Cow;

use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress};

use crate::base::{Error, Result};

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
    let tail = inflate(body, out)?;
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

/// Appends what a deflate stream holds, and gives what comes after it.
fn inflate<'a>(mut rest: &'a [u8], out: &mut Vec<u8>) -> Option<&'a [u8]> {
    // Copies reach back within the member alone.
    let (start, mut filled) = (out.len(), 0);
    let mut state = Box::<DecompressorOxide>::default();
    loop {
        let room = (2 * filled).max(4 * rest.len()).max(1 << 16).min(MOST);
        out.resize(start + room, 0);
        let flags = TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
        let (status, taken, given) = decompress(&mut state, rest, &mut out[start..], filled, flags);
        (rest, filled) = (&rest[taken..], filled + given);
        match status {
            TINFLStatus::Done => {
                out.truncate(start + filled);
                return Some(rest);
            }
            TINFLStatus::HasMoreOutput if room < MOST => {}
            _ => return None,
        }
    }
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
    use crate::base::Rng;
    use miniz_oxide::deflate::compress_to_vec;

    /// "hello hello hello\n" as gzip 1.12 packs a file called "hi".
    const HELLO: &str = "1f8b08080000000002ff686900cb48cdc9c957c840905c003b7c8adf12000000";

    fn hello() -> Vec<u8> {
        (0..HELLO.len()).step_by(2).map(|i| u8::from_str_radix(&HELLO[i..i + 2], 16).expect("hexadecimal")).collect()
    }

    /// A member with the flags of a header and what they announce.
    fn pack(data: &[u8], flags: u8, extra: &[u8]) -> Vec<u8> {
        let mut out = [&[0x1f, 0x8b, 8, flags, 0, 0, 0, 0, 0, 255], extra, &compress_to_vec(data, 6)].concat();
        out.extend(checksum(data, &table()).to_le_bytes());
        out.extend((data.len() as u32).to_le_bytes());
        out
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
        let mut rng = Rng::new(1);
        let noise: Vec<u8> = (0..300_000).map(|_| rng.below(256) as u8).collect();
        let flat = vec![7u8; 5_000_000];
        let file = [pack(&noise, 0, &[]), pack(&flat, 0, &[]), hello()].concat();
        let want = [&noise[..], &flat, b"hello hello hello\n"].concat();
        for tail in [&[][..], &[0], &[0; 512], b"\x1f", b"trailing"] {
            assert!(*unpack(&[&file, tail].concat())? == *want, "{} bytes at the end", tail.len());
        }
        Ok(())
    }

    #[test]
    fn every_part_of_a_header_is_passed_over() -> Result<()> {
        let (extra, texts) = ([3, 0, 1, 2, 3], *b"name\0comment\0");
        let all = [&extra[..], &texts, &[9, 9]].concat();
        assert_eq!(*unpack(&pack(b"data", 4 | 8 | 16 | 2, &all))?, *b"data");
        Ok(())
    }

    #[test]
    fn damage_is_an_error_wherever_it_is() {
        let (one, file) = (hello().len(), [hello(), hello()].concat());
        // A file that ends with its first member is whole.
        for end in (2..file.len()).filter(|&end| end != one && end != one + 1) {
            assert!(unpack(&file[..end]).is_err(), "cut at {end}");
        }
        for at in (0..one).filter(|&at| ![0, 1].contains(&at) && !(4..13).contains(&at)) {
            let mut bad = file.clone();
            bad[one + at] ^= 0x41;
            let error = unpack(&bad).expect_err("a changed byte");
            assert!(error.message.contains("begins at byte 32"), "{at}: {error}");
        }
    }
}
