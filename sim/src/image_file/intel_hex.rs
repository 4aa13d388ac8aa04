//! Intel HEX, read into segments (Intel "Hexadecimal Object File Format Specification", 1988).

use super::hex_images::MAX_LEN;
use ihex::{ReaderError, Record};

/// Why Intel HEX cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum IntelHexError {
    /// The file is not even text.
    #[error("line {line}: not text")]
    NotText {
        /// Line, counted from 1.
        line: usize,
    },
    /// A record is not sound.
    #[error("line {line}: {}", explain(*.error))]
    Record {
        /// Line, counted from 1.
        line: usize,
        /// What is wrong with it.
        error: ReaderError,
    },
    /// Data that wrap around in their address space.
    #[error("line {line}: the data of this record go beyond the end of its address space")]
    Wraps {
        /// Line, counted from 1.
        line: usize,
    },
    /// Two records give one address different data.
    #[error("line {line}: another record has other data for address {address:#x}")]
    Twice {
        /// Line, counted from 1.
        line: usize,
        /// The first such address of the record.
        address: u32,
    },
    /// A record after the last.
    #[error("line {line}: a record behind the end-of-file record in line {end}")]
    BehindEnd {
        /// Line, counted from 1.
        line: usize,
        /// Line of the end-of-file record.
        end: usize,
    },
    /// The last record is missing.
    #[error("no end-of-file record behind line {line}: the file is cut off")]
    CutOff {
        /// Last line with a record, counted from 1.
        line: usize,
    },
    /// No place looks like the beginning of an image.
    #[error(
        "no segment and no page of it begins with an MCUboot image (it has data at {segments}); a \
         zephyr.hex must be signed first, which gives zephyr.signed.hex"
    )]
    NoImage {
        /// Where there are data.
        segments: String,
    },
    /// The image's header says so.
    #[error("the image at {base:#x} would be {len} octets long, more than {MAX_LEN}")]
    TooLarge {
        /// Address of the image.
        base: u32,
        /// Octets by its header, or up to its trailer.
        len: u64,
    },
}

fn explain(error: ReaderError) -> String {
    match error {
        ReaderError::MissingStartCode => "a record begins with a colon".to_owned(),
        ReaderError::ChecksumMismatch(computed, stated) => {
            format!("the checksum is {stated:02X}, the record's octets need {computed:02X}")
        }
        other => other.to_string(),
    }
}

/// A stretch of octets without a gap.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Segment {
    /// Address of the first octet.
    pub(crate) start: u32,
    pub(crate) bytes: Vec<u8>,
}

impl Segment {
    /// Address behind the last octet.
    pub(crate) fn end(&self) -> u64 {
        u64::from(self.start) + self.bytes.len() as u64
    }
}

/// Reads all records into segments, sorted by address.
pub(crate) fn segments(text: &[u8]) -> Result<Vec<Segment>, IntelHexError> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let mut memory = Memory::default();
    let mut place = Place::default();
    let (mut last, mut end) = (0, None);
    for (n, line_bytes) in text.split(|b| *b == b'\n').enumerate() {
        let line = n + 1;
        let record = line_bytes.trim_ascii();
        if record.is_empty() {
            continue;
        }
        if let Some(end) = end {
            return Err(IntelHexError::BehindEnd { line, end });
        }
        last = line;
        let record = str::from_utf8(record).map_err(|_| IntelHexError::NotText { line })?;
        let record = Record::from_record_string(record)
            .map_err(|error| IntelHexError::Record { line, error })?;
        match record {
            Record::Data { offset, value } => {
                let start = place.address(offset, value.len());
                let start = start.ok_or(IntelHexError::Wraps { line })?;
                memory.put(start, &value, line);
            }
            Record::EndOfFile => end = Some(line),
            Record::ExtendedSegmentAddress(paragraph) => place = Place::Segment(paragraph),
            Record::ExtendedLinearAddress(upper) => place = Place::Linear(upper),
            // Where a processor would start says nothing about an image.
            Record::StartSegmentAddress { .. } | Record::StartLinearAddress(_) => {}
        }
    }
    match end {
        Some(_) => memory.join(),
        None => Err(IntelHexError::CutOff { line: last }),
    }
}

/// What the offsets of data records are added to.
#[derive(Clone, Copy)]
enum Place {
    /// Upper half of a 32-bit address.
    Linear(u16),
    /// Paragraph of 16 octets; offsets stay within 64 KiB.
    Segment(u16),
}

impl Default for Place {
    fn default() -> Self {
        Self::Linear(0)
    }
}

impl Place {
    /// Address of data, unless they wrap around.
    fn address(self, offset: u16, len: usize) -> Option<u32> {
        let offset = u32::from(offset);
        match self {
            Self::Linear(upper) => {
                let start = u32::from(upper) << 16 | offset;
                (u64::from(start) + len as u64 <= 1 << 32).then_some(start)
            }
            Self::Segment(paragraph) => {
                let fits = offset as usize + len <= 1 << 16;
                fits.then_some((u32::from(paragraph) << 4) + offset)
            }
        }
    }
}

/// Data as they come; most records follow each other.
#[derive(Default)]
struct Memory {
    /// With the line of each record's beginning, to name the one at fault.
    runs: Vec<(Segment, Vec<(u32, usize)>)>,
}

impl Memory {
    fn put(&mut self, start: u32, bytes: &[u8], line: usize) {
        if bytes.is_empty() {
            return;
        }
        let last = self.runs.last_mut();
        if let Some((run, lines)) = last.filter(|(run, _)| run.end() == u64::from(start)) {
            run.bytes.extend_from_slice(bytes);
            lines.push((start, line));
        } else {
            let run = Segment { start, bytes: bytes.to_vec() };
            self.runs.push((run, vec![(start, line)]));
        }
    }

    /// Sorts the runs and joins those that touch; equal data may overlap.
    fn join(mut self) -> Result<Vec<Segment>, IntelHexError> {
        self.runs.sort_by_key(|(run, _)| run.start);
        let mut joined: Vec<Segment> = Vec::new();
        for (run, lines) in self.runs {
            let Some(last) = joined.last_mut().filter(|last| last.end() >= u64::from(run.start))
            else {
                joined.push(run);
                continue;
            };
            let at = (run.start - last.start) as usize;
            let shared = (last.bytes.len() - at).min(run.bytes.len());
            let pairs = last.bytes[at..at + shared].iter().zip(&run.bytes);
            if let Some(n) = pairs.into_iter().position(|(old, new)| old != new) {
                let address = run.start + n as u32;
                let before = lines.partition_point(|(start, _)| *start <= address);
                let line = lines[before - 1].1;
                return Err(IntelHexError::Twice { line, address });
            }
            last.bytes.extend_from_slice(&run.bytes[shared..]);
        }
        Ok(joined)
    }
}
