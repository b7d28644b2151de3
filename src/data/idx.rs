//! IDX files, as MNIST defines them: 00 00 08 rank, big-endian u32 extents, then bytes.

use crate::base::{Error, Result};

/// The contents of an IDX file of bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idx {
    /// Extents, outermost first.
    pub shape: Vec<usize>,
    /// Row-major bytes.
    pub data: Vec<u8>,
}

/// Reads an IDX file of unsigned bytes.
///
/// # Errors
/// When the magic is wrong or the file is shorter or longer than its extents say.
pub fn read(bytes: &[u8]) -> Result<Idx> {
    let hint = "load the original, uncompressed IDX file";
    let &[0, 0, 8, rank @ 1..=4, ..] = bytes else {
        let found = &bytes[..bytes.len().min(4)];
        return Err(
            Error::format(format!("not an IDX file of bytes: it begins with {found:02x?}, not 00 00 08")).hint(hint)
        );
    };
    let head = 4 + 4 * usize::from(rank);
    let Some(extents) = bytes.get(4..head) else {
        return Err(Error::format(format!("IDX file ends inside its header, at byte {}", bytes.len())).hint(hint));
    };
    let shape: Vec<usize> =
        extents.chunks_exact(4).map(|b| u32::from_be_bytes([b[0], b[1], b[2], b[3]]) as usize).collect();
    let want = shape.iter().try_fold(1usize, |n, &extent| n.checked_mul(extent)).filter(|&n| n <= 1 << 31);
    let found = bytes.len() - head;
    if want != Some(found) {
        let want = want.map_or("too many".into(), |n| n.to_string());
        return Err(
            Error::format(format!("IDX file of shape {shape:?} needs {want} bytes of data and has {found}")).hint(hint)
        );
    }
    Ok(Idx { shape, data: bytes[head..].to_vec() })
}

/// Writes an IDX file of unsigned bytes.
pub fn write(shape: &[usize], data: &[u8]) -> Vec<u8> {
    let mut out = vec![0, 0, 8, shape.len() as u8];
    for &extent in shape {
        out.extend((extent as u32).to_be_bytes());
    }
    out.extend_from_slice(data);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes_and_refuses_the_rest() {
        let file = write(&[2, 3], &[1, 2, 3, 4, 5, 6]);
        assert_eq!(read(&file).ok(), Some(Idx { shape: vec![2, 3], data: vec![1, 2, 3, 4, 5, 6] }));
        for cut in 0..file.len() {
            assert!(read(&file[..cut]).is_err(), "cut at {cut}");
        }
        assert!(read(b"\x1f\x8b\x08\x00rest").is_err(), "a gzip file is not IDX");
    }
}
