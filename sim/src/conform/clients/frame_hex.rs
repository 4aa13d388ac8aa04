//! A frame in hexadecimal with its data left out: `0a00..data[317]..63..`.

use crate::conform::difference::{Difference, same};
use crate::frame::parse_hex;
use crate::report::hex;
use smp_wire::cbor::{Dialect, Reader};
use smp_wire::header::{HEADER_LEN, Header};
use smp_wire::image::UploadRequest;

/// Octets of the header's sequence number.
const SEQ_AT: usize = 6;

/// A frame as a file writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Elided {
    head: Vec<u8>,
    data: usize,
    tail: Vec<u8>,
}

impl Elided {
    /// Reads the text of a file.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (head, rest) = text.split_once("..data[")?;
        let (data, tail) = rest.split_once("]..")?;
        let octets = |text: &str| match text {
            "" => Some(Vec::new()),
            text => parse_hex(text).ok(),
        };
        let head = octets(head)?;
        (head.len() >= HEADER_LEN).then_some(())?;
        Some(Self { head, data: data.parse().ok()?, tail: octets(tail)? })
    }

    /// Leaves the data of an upload request out.
    pub(super) fn of(frame: &[u8]) -> Option<Self> {
        let request = UploadRequest::decode(frame.get(HEADER_LEN..)?, Dialect::default()).ok()?;
        let data = request.data?;
        let at = match data {
            [] => frame.windows(6).position(|window| window == b"\x64data\x40")? + 6,
            data => data.as_ptr().addr() - frame.as_ptr().addr(),
        };
        let tail = frame[at + data.len()..].to_vec();
        Some(Self { head: frame[..at].to_vec(), data: data.len(), tail })
    }

    pub(super) fn seq(&self) -> u8 {
        self.head[SEQ_AT]
    }

    /// The same with another sequence number.
    pub(super) fn with_seq(mut self, seq: u8) -> Self {
        self.head[SEQ_AT] = seq;
        self
    }

    fn text(&self) -> String {
        let Self { head, data, tail } = self;
        format!("{}..data[{data}]..{}", hex(head), hex(tail))
    }

    /// The frame with zeros for its data; `None` for more than any frame holds.
    fn whole(&self) -> Option<Vec<u8>> {
        let zeros = vec![0; u16::try_from(self.data).ok()?.into()];
        Some([&self.head[..], &zeros, &self.tail].concat())
    }

    /// Compares octet by octet.
    pub(super) fn same_octets(&self, got: &Self, place: &str) -> Result<(), Difference> {
        same(place, self.text(), got.text())
    }

    /// Compares what the frames say and how long they are, in whatever order.
    pub(super) fn same_content(&self, got: &Self, place: &str) -> Result<(), Difference> {
        let (expected, ours) = (self.content(), got.content());
        if expected.is_some() && expected == ours {
            return Ok(());
        }
        Err(Difference::new(place, self.text(), got.text()))
    }

    fn content(&self) -> Option<String> {
        let frame = self.whole()?;
        let mut keys = keys(frame.get(HEADER_LEN..)?)?;
        keys.sort_unstable();
        let header = Header::parse(&frame).ok()?;
        let fits = usize::from(header.len) + HEADER_LEN == frame.len();
        let request = UploadRequest::decode(&frame[HEADER_LEN..], Dialect::default()).ok()?;
        let map = frame.get(HEADER_LEN)?;
        let request = UploadRequest { data: None, ..request };
        Some(format!("{header:?} {fits} {map} {keys:?} {} {request:?}", self.data))
    }
}

/// The keys of a map in the order in which they stand there.
pub(super) fn keys(body: &[u8]) -> Option<Vec<String>> {
    let mut reader = Reader::new(body);
    let mut items = reader.map().ok()?;
    let mut keys = Vec::new();
    while let Some(key) = items.key(&mut reader).ok()? {
        keys.push(String::from_utf8_lossy(key).into_owned());
        items.skip_value(&mut reader).ok()?;
    }
    Some(keys)
}

#[cfg(test)]
mod tests {
    use super::{Elided, keys};
    use crate::frame::parse_hex;

    fn elided(text: &str) -> Elided {
        Elided::parse(text).expect("well written")
    }

    #[test]
    fn data_are_left_out_wherever_they_stand() {
        // {data: 3 octets, off: 5} and the other way round.
        let first = parse_hex("0a00000f00010701a2646461746143010203636f666605").expect("hex");
        let text = "0a00000f00010701a2646461746143..data[3]..636f666605";
        assert_eq!(Elided::of(&first), Some(elided(text)));
        let last = parse_hex("0a00000f00010701a2636f6666056464617461 43010203").expect("hex");
        let other = "0a00000f00010701a2636f6666056464617461 43..data[3]..";
        assert_eq!(Elided::of(&last), Some(elided(other)));
        elided(text).same_octets(&elided(other), "frame").expect_err("another order");
        elided(text).same_content(&elided(other), "frame").expect("the same in another order");
        assert_eq!(keys(&first[8..]), Some(vec!["data".to_owned(), "off".to_owned()]));
    }

    #[test]
    fn empty_data_are_found_too() {
        let frame = parse_hex("0a00000c00010701a2636f666605646461746140").expect("hex");
        let text = "0a00000c00010701a2636f666605646461746140..data[0]..";
        assert_eq!(Elided::of(&frame), Some(elided(text)));
    }

    #[test]
    fn every_changed_digit_is_another_content() {
        let good = "0a00000f00010701a2646461746143..data[3]..636f666605";
        for (from, to) in [
            ("0a00", "0200"),
            ("000f", "0010"),
            ("0107", "0108"),
            ("data[3]", "data[4]"),
            ("6605", "6606"),
            ("6f6666", "6f6667"),
            ("a2", "bf"),
        ] {
            let other = elided(&good.replacen(from, to, 1));
            assert!(other.same_content(&elided(good), "frame").is_err(), "{from} to {to}");
        }
    }

    #[test]
    fn other_texts_are_none() {
        for text in [
            "",
            "0a00000f00010701",
            "0a..data[3]..",
            "0a00000f00010701..data[x]..00",
            "zz00000f00010701..data[1]..",
        ] {
            assert_eq!(Elided::parse(text), None, "{text}");
        }
        let huge = elided("0a00000f00010701a2646461746143..data[99999999]..636f666605");
        assert!(huge.same_content(&huge, "frame").is_err());
    }
}
