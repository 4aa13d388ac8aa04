//! The array itself: what erases and writes do to its bits, and what it counts.

use crate::view::is_blank;
use crate::{Area, Cut, FlashOp, Geometry, Part};
use sim_core::Span;

/// What a device has done since it was made. Set-up access is not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Page erases.
    pub erases: u32,
    /// Write calls.
    pub writes: u32,
    /// 32-bit words written.
    pub words: u64,
    /// Time spent erasing and writing.
    pub busy: Span,
    /// Erases of the page that was erased most often.
    pub max_page_erases: u32,
    /// Words written more often than the part endures between erases (nWRITE). The model ANDs them
    /// like any other; the contents of the real part are not guaranteed.
    pub overwritten_words: u64,
}

/// Why an operation cannot be carried out. The real part faults or corrupts; a model that asks for
/// such a thing is wrong, so [`crate::Device`] panics with this text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpError {
    /// Erase at an address inside a page.
    #[error("erase at {at:#x}: not the start of a page of {page:#x}")]
    ErasesInsidePage {
        /// The address.
        at: u32,
        /// Page size.
        page: u32,
    },
    /// Write that is not whole write units at a unit's address.
    #[error("write of {len} octets at {at:#x}: not in units of {write_size}")]
    Unaligned {
        /// The address.
        at: u32,
        /// Octets to be written.
        len: u32,
        /// The write unit.
        write_size: u32,
    },
    /// Nothing to write.
    #[error("write of nothing at {at:#x}")]
    Empty {
        /// The address.
        at: u32,
    },
    /// The stretch leaves the part.
    #[error("{len} octets at {at:#x}: behind the end of the flash ({size:#x})")]
    OutOfPart {
        /// The address.
        at: u32,
        /// Octets of the stretch.
        len: u32,
        /// Size of the part.
        size: u32,
    },
    /// Source and destination of a copy share octets.
    #[error("copy of {len} octets from {from:#x} to {to:#x}: they overlap")]
    Overlap {
        /// Source.
        from: u32,
        /// Destination.
        to: u32,
        /// Length in octets.
        len: u32,
    },
}

/// A NOR array with the rules of its part.
#[derive(Clone, Debug)]
pub(crate) struct Nor {
    part: Part,
    bytes: Vec<u8>,
    /// Writes since the last erase, per word, saturating.
    written: Vec<u8>,
    /// Erases per page.
    erased: Vec<u32>,
    counters: Counters,
}

impl Nor {
    /// An erased, unworn array.
    pub(crate) fn new(part: Part) -> Self {
        let Geometry { size, page, .. } = part.geometry;
        Self {
            part,
            bytes: vec![0xff; size as usize],
            written: vec![0; (size / Geometry::WORD) as usize],
            erased: vec![0; (size / page) as usize],
            counters: Counters::default(),
        }
    }

    pub(crate) fn part(&self) -> &Part {
        &self.part
    }

    pub(crate) fn counters(&self) -> Counters {
        self.counters
    }

    /// Erases of the page that holds `at`.
    pub(crate) fn erases_of(&self, at: u32) -> u32 {
        self.erased[(at / self.part.geometry.page) as usize]
    }

    pub(crate) fn bytes(&self, at: u32, len: u32) -> &[u8] {
        &self.bytes[at as usize..(at + len) as usize]
    }

    /// Whether the part can carry out the operation.
    pub(crate) fn check(&self, op: &FlashOp) -> Result<(), OpError> {
        let Geometry { size, page, write_size } = self.part.geometry;
        let inside = |at: u32, len: u32| {
            let end = at.checked_add(len);
            if end.is_some_and(|end| end <= size) {
                Ok(())
            } else {
                Err(OpError::OutOfPart { at, len, size })
            }
        };
        let (at, len) = match *op {
            FlashOp::Erase { at } => {
                inside(at, page)?;
                let aligned = at % page == 0;
                return if aligned { Ok(()) } else { Err(OpError::ErasesInsidePage { at, page }) };
            }
            FlashOp::Write { at, ref data } => (at, data.len() as u32),
            FlashOp::Copy { from, to, len } => {
                inside(from, len)?;
                if Area::new(from, len).overlaps(&Area::new(to, len)) {
                    return Err(OpError::Overlap { from, to, len });
                }
                (to, len)
            }
        };
        inside(at, len)?;
        if len == 0 {
            return Err(OpError::Empty { at });
        }
        if at % write_size != 0 || len % write_size != 0 {
            return Err(OpError::Unaligned { at, len, write_size });
        }
        Ok(())
    }

    /// How long the operation takes.
    pub(crate) fn time(&self, op: &FlashOp) -> Span {
        match op {
            FlashOp::Erase { .. } => self.part.erase_page,
            FlashOp::Write { data, .. } => self.part.write_time(data.len() as u32),
            FlashOp::Copy { len, .. } => self.part.write_time(*len),
        }
    }

    /// Carries out a checked operation.
    pub(crate) fn apply(&mut self, op: &FlashOp) {
        match *op {
            FlashOp::Erase { at } => self.erase(at),
            FlashOp::Write { at, ref data } => {
                let to = at as usize;
                and(&mut self.bytes[to..to + data.len()], data);
                self.count_write(at, data.len() as u32);
            }
            FlashOp::Copy { from, to, len } => {
                let (source, target) = apart(&mut self.bytes, from, to, len);
                and(target, source);
                self.count_write(to, len);
            }
        }
    }

    /// Leaves what a checked operation has done when the supply fails after so much of its time.
    #[cold]
    pub(crate) fn tear(&mut self, op: &FlashOp, after: Span, cut: Cut) {
        let total = self.time(op);
        match *op {
            FlashOp::Erase { at } => {
                let page = self.part.geometry.page;
                let touched = cut.tear_erase(after, total, self.stretch(at, page));
                if touched {
                    self.count_erase(at);
                }
            }
            FlashOp::Write { at, ref data } => {
                let torn = cut.tear_write(after, self.part.write_word, data);
                self.write_torn(at, &torn);
            }
            FlashOp::Copy { from, to, len } => {
                let torn = cut.tear_write(after, self.part.write_word, self.bytes(from, len));
                self.write_torn(to, &torn);
            }
        }
    }

    fn stretch(&mut self, at: u32, len: u32) -> &mut [u8] {
        &mut self.bytes[at as usize..(at + len) as usize]
    }

    fn write_torn(&mut self, at: u32, torn: &[u8]) {
        if !torn.is_empty() {
            and(self.stretch(at, torn.len() as u32), torn);
            self.count_write(at, torn.len() as u32);
        }
    }

    pub(crate) fn add_busy(&mut self, span: Span) {
        self.counters.busy += span;
    }

    /// Puts octets into an erased stretch, as a programmer would: no time, no wear. Each word that
    /// is not all ones counts as written once.
    pub(crate) fn load(&mut self, at: u32, data: &[u8]) {
        let end = at as usize + data.len();
        let target = &mut self.bytes[at as usize..end];
        assert!(is_blank(target), "load of {} octets at {at:#x} over contents", data.len());
        target.copy_from_slice(data);
        let first = at / Geometry::WORD;
        let last = (end as u32).div_ceil(Geometry::WORD);
        for word in first..last {
            let start = (word * Geometry::WORD) as usize;
            let blank = self.bytes[start..start + Geometry::WORD as usize] == [0xff; 4];
            self.written[word as usize] = u8::from(!blank);
        }
    }

    /// Writes over contents in set-up: ones in `data` leave bits as they are. No time, no wear.
    pub(crate) fn overlay(&mut self, at: u32, data: &[u8]) {
        and(&mut self.bytes[at as usize..at as usize + data.len()], data);
        let words = at / Geometry::WORD..(at + data.len() as u32).div_ceil(Geometry::WORD);
        for times in &mut self.written[words.start as usize..words.end as usize] {
            *times = times.saturating_add(1);
        }
    }

    /// Makes an area erased: no time, no wear.
    pub(crate) fn clear(&mut self, area: Area) {
        let word = Geometry::WORD as usize;
        self.bytes[area.start as usize..area.end() as usize].fill(0xff);
        self.written[area.start as usize / word..(area.end() as usize).div_ceil(word)].fill(0);
    }

    fn erase(&mut self, at: u32) {
        let page = self.part.geometry.page;
        self.clear(Area::new(at, page));
        self.count_erase(at);
    }

    fn count_erase(&mut self, at: u32) {
        let page = self.part.geometry.page;
        let times = &mut self.erased[(at / page) as usize];
        *times += 1;
        self.counters.erases += 1;
        self.counters.max_page_erases = self.counters.max_page_erases.max(*times);
    }

    fn count_write(&mut self, at: u32, len: u32) {
        let first = (at / Geometry::WORD) as usize;
        let last = (at + len).div_ceil(Geometry::WORD) as usize;
        let limit = self.part.writes_per_word;
        let words = &mut self.written[first..last];
        let mut most = 0;
        for times in &mut *words {
            *times = times.saturating_add(1);
            most = most.max(*times);
        }
        if most > limit {
            let over = words.iter().filter(|&&times| times > limit).count();
            self.counters.overwritten_words += over as u64;
        }
        self.counters.writes += 1;
        self.counters.words += (last - first) as u64;
    }
}

/// A write turns ones into zeros and nothing else.
fn and(target: &mut [u8], data: &[u8]) {
    for (old, new) in target.iter_mut().zip(data) {
        *old &= new;
    }
}

/// Two stretches of one array that do not overlap: source, target.
fn apart(bytes: &mut [u8], from: u32, to: u32, len: u32) -> (&[u8], &mut [u8]) {
    let (from, to, len) = (from as usize, to as usize, len as usize);
    if from < to {
        let (low, high) = bytes.split_at_mut(to);
        (&low[from..from + len], &mut high[..len])
    } else {
        let (low, high) = bytes.split_at_mut(from);
        (&high[..len], &mut low[to..to + len])
    }
}
