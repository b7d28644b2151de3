//! Protocol-buffer messages, written field by field: as much of the wire format as ONNX needs.
//!
//! Source: <https://protobuf.dev/programming-guides/encoding/>.

/// A message under construction: its fields in wire format.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message(Vec<u8>);

/// How a field's value is laid out; the low three bits of its tag.
#[derive(Clone, Copy)]
enum Wire {
    Varint = 0,
    Bytes = 2,
    Fixed32 = 5,
}

impl Message {
    /// A message without fields.
    pub fn new() -> Self {
        Self::default()
    }

    /// The bytes written so far.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// Bytes written so far.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Adds an integer (or an enumerator).
    #[must_use]
    pub fn int(mut self, field: u32, value: i64) -> Self {
        self.tag(field, Wire::Varint);
        self.varint(value.cast_unsigned());
        self
    }

    /// Adds one field for each integer: a repeated field, not packed.
    #[must_use]
    pub fn ints(self, field: u32, values: &[i64]) -> Self {
        values.iter().fold(self, |message, &value| message.int(field, value))
    }

    /// Adds a single-precision number.
    #[must_use]
    pub fn float(mut self, field: u32, value: f32) -> Self {
        self.tag(field, Wire::Fixed32);
        self.0.extend_from_slice(&value.to_le_bytes());
        self
    }

    /// Adds a text.
    #[must_use]
    pub fn text(self, field: u32, value: &str) -> Self {
        self.bytes(field, value.as_bytes())
    }

    /// Adds single-precision numbers as raw little-endian bytes.
    #[must_use]
    pub fn raw_floats<'a>(mut self, field: u32, values: impl ExactSizeIterator<Item = &'a f32>) -> Self {
        self.tag(field, Wire::Bytes);
        self.varint(4 * values.len() as u64);
        values.for_each(|value| self.0.extend_from_slice(&value.to_le_bytes()));
        self
    }

    /// Adds a string of bytes.
    #[must_use]
    pub fn bytes(mut self, field: u32, value: &[u8]) -> Self {
        self.tag(field, Wire::Bytes);
        self.varint(value.len() as u64);
        self.0.extend_from_slice(value);
        self
    }

    /// Adds a message inside this one.
    #[must_use]
    pub fn message(self, field: u32, value: &Message) -> Self {
        self.bytes(field, &value.0)
    }

    fn tag(&mut self, field: u32, wire: Wire) {
        self.varint(u64::from(field) << 3 | wire as u64);
    }

    /// Seven bits a byte, lowest first; the top bit says that more follow.
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push((value & 0x7f) as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(message: Message) -> Vec<u8> {
        message.into_bytes()
    }

    #[test]
    fn integers_by_hand() {
        assert_eq!(bytes(Message::new().int(1, 150)), [0x08, 0x96, 0x01]);
        assert_eq!(bytes(Message::new().ints(8, &[3, 270])), [0x40, 0x03, 0x40, 0x8e, 0x02]);
        let negative = bytes(Message::new().int(3, -1));
        assert_eq!(negative, [0x18, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]);
        assert_eq!(bytes(Message::new().int(20, 7)), [0xa0, 0x01, 0x07], "fields above 15 have longer tags");
    }

    #[test]
    fn everything_else_by_hand() {
        assert_eq!(bytes(Message::new().text(2, "testing")), [&[0x12, 0x07][..], b"testing"].concat());
        assert_eq!(bytes(Message::new().float(2, 1.0)), [0x15, 0x00, 0x00, 0x80, 0x3f]);
        assert_eq!(bytes(Message::new().raw_floats(9, [1.0, -2.0].iter())), [0x4a, 8, 0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0]);
        assert_eq!(bytes(Message::new().message(3, &Message::new().int(1, 150))), [0x1a, 0x03, 0x08, 0x96, 0x01]);
    }
}
