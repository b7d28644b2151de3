//! The safetensors container: the header's length, a header in JSON that says where each tensor lies, then the numbers.
//!
//! The crate of that name reads it. It is written here, because the crate keeps metadata in a hash map, so a file with two
//! entries would not be the same twice, and because a length is wanted where there are no bytes yet.

use std::collections::BTreeMap;

use ::safetensors::Dtype;

use crate::base::tensor;

/// What a file says besides its tensors.
pub type Metadata = BTreeMap<String, String>;

/// A tensor as the header lists it.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// `F32` or `U8`.
    pub dtype: Dtype,
    /// Its extents.
    pub shape: Vec<usize>,
}

impl Entry {
    /// Single-precision numbers.
    pub fn floats(name: &str, shape: &[usize]) -> Self {
        Self { name: name.into(), dtype: Dtype::F32, shape: shape.to_vec() }
    }

    /// A run of bytes.
    pub fn bytes(name: &str, length: usize) -> Self {
        Self { name: name.into(), dtype: Dtype::U8, shape: vec![length] }
    }

    fn length(&self) -> usize {
        tensor::count(&self.shape) * self.dtype.bitsize() / 8
    }
}

/// A text in quotes, as JSON has it.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\0'..=' ' if c != ' ' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            _ => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Everything before the numbers of some tensors, which follow in this order. Wider ones come first, so that all are aligned.
/// Spaces fill it up to a multiple of eight bytes.
pub fn header(entries: &[Entry], metadata: &Metadata) -> Vec<u8> {
    let mut fields = Vec::new();
    if !metadata.is_empty() {
        let pairs: Vec<String> =
            metadata.iter().map(|(key, text)| format!("{}:{}", quoted(key), quoted(text))).collect();
        fields.push(format!("\"__metadata__\":{{{}}}", pairs.join(",")));
    }
    let mut start = 0;
    for entry in entries {
        let (name, end) = (quoted(&entry.name), start + entry.length());
        let shape: Vec<String> = entry.shape.iter().map(usize::to_string).collect();
        let (dtype, shape) = (entry.dtype, shape.join(","));
        fields.push(format!("{name}:{{\"dtype\":\"{dtype:?}\",\"shape\":[{shape}],\"data_offsets\":[{start},{end}]}}"));
        start = end;
    }
    let mut json = format!("{{{}}}", fields.join(",")).into_bytes();
    json.resize(json.len().next_multiple_of(8), b' ');
    let mut out = (json.len() as u64).to_le_bytes().to_vec();
    out.extend(json);
    out
}

/// The length of a whole file.
pub fn length(entries: &[Entry], metadata: &Metadata) -> usize {
    header(entries, metadata).len() + entries.iter().map(Entry::length).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::safetensors::SafeTensors;

    #[test]
    fn the_crate_reads_what_is_written_and_it_is_the_same_each_time() {
        let entries = [Entry::floats("b", &[]), Entry::floats("z \"quoted\"", &[2, 1]), Entry::bytes("a", 3)];
        let metadata: Metadata =
            [("one", "1"), ("two", "line\nand \"quotes\", \\ and é")].map(|(k, v)| (k.into(), v.into())).into();
        let mut file = header(&entries, &metadata);
        assert_eq!(file.len() % 8, 0, "numbers are aligned");
        file.extend([0; 8 + 4 + 3]);
        assert_eq!(file.len(), length(&entries, &metadata));
        let (_, read) = SafeTensors::read_metadata(&file).expect("a valid container");
        assert_eq!(read.offset_keys(), ["b", "z \"quoted\"", "a"]);
        assert_eq!(read.metadata().as_ref().and_then(|m| m.get("two")), metadata.get("two"));
    }
}
