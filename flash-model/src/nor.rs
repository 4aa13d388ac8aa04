//! One array: what erases and writes do to its bits, and what it counts.

use crate::view::is_blank;
use crate::{Area, Counters, Cut, Geometry, Memory, OpError, Part};
use sim_core::Span;
use std::collections::BTreeMap;

/// An array with the rules of its part. Addresses count from its base.
#[derive(Clone, Debug)]
pub(crate) struct Nor {
    part: Part,
    /// Address of the first octet.
    base: u32,
    bytes: Vec<u8>,
    /// Writes since the last erase, per word, saturating; empty for parts that set no limit.
    written: Vec<u8>,
    /// Erases per page; writes per line where no erase is needed.
    used: Vec<u32>,
    /// Pages that an erase has begun to change, and for how long by now.
    begun: BTreeMap<u32, Span>,
    counters: Counters,
}

impl Nor {
    /// An erased, unworn array whose first octet has the address `base`, a multiple of its page.
    pub(crate) fn new(part: Part, base: u32) -> Self {
        let Geometry { size, page, write_size } = part.geometry;
        let limited = part.writes_per_word < u8::MAX;
        let wear_unit = if part.needs_erase() { page } else { write_size };
        Self {
            part,
            base,
            bytes: vec![0xff; size as usize],
            written: vec![0; if limited { (size / Geometry::WORD) as usize } else { 0 }],
            used: vec![0; (size / wear_unit) as usize],
            begun: BTreeMap::new(),
            counters: Counters::default(),
        }
    }

    pub(crate) fn part(&self) -> &Part {
        &self.part
    }

    /// The addresses of the array.
    pub(crate) fn area(&self) -> Area {
        Area::new(self.base, self.part.geometry.size)
    }

    pub(crate) fn counters(&self) -> Counters {
        self.counters
    }

    /// Erases of the page that holds `at`; where no erase is needed, writes of its line.
    pub(crate) fn erases_of(&self, at: u32) -> u32 {
        self.used[((at - self.base) / self.wear_unit()) as usize]
    }

    pub(crate) fn bytes(&self, at: u32, len: u32) -> &[u8] {
        let start = self.index(at);
        &self.bytes[start..start + len as usize]
    }

    /// Whether a stretch lies in the array.
    #[inline]
    pub(crate) fn check_inside(&self, at: u32, len: u32) -> Result<(), OpError> {
        let size = self.part.geometry.size;
        let end = at.checked_sub(self.base).and_then(|offset| offset.checked_add(len));
        if end.is_some_and(|end| end <= size) {
            Ok(())
        } else {
            Err(OpError::OutOfPart { at, len, size })
        }
    }

    /// Whether a page can be erased.
    #[inline]
    pub(crate) fn check_erase(&self, at: u32) -> Result<(), OpError> {
        let page = self.part.geometry.page;
        self.check_inside(at, page)?;
        if Geometry::beyond_unit(at, page) == 0 {
            Ok(())
        } else {
            Err(OpError::ErasesInsidePage { at, page })
        }
    }

    /// Whether a stretch can be written.
    #[inline]
    pub(crate) fn check_write(&self, at: u32, len: u32) -> Result<(), OpError> {
        let write_size = self.part.geometry.write_size;
        self.check_inside(at, len)?;
        if len == 0 {
            return Err(OpError::Empty { at });
        }
        let beyond = |octets| Geometry::beyond_unit(octets, write_size);
        if beyond(at) != 0 || beyond(len) != 0 {
            return Err(OpError::Unaligned { at, len, write_size });
        }
        Ok(())
    }

    /// Erases a page.
    #[inline]
    pub(crate) fn erase(&mut self, at: u32) {
        let page = self.part.geometry.page;
        self.clear(Area::new(at, page));
        self.begun.remove(&at);
        self.count_erase(at);
    }

    /// Erases a page for a part of the time that it needs. Its bits are undefined until the parts
    /// add up to the whole; then it is erased, which this tells.
    pub(crate) fn erase_partly(&mut self, at: u32, time: Span) -> bool {
        let sum = self.begun.entry(at).or_default();
        *sum += time;
        let done = *sum >= self.part.erase_page;
        if done {
            self.erase(at);
        }
        done
    }

    /// Whether no page of the stretch is left between an erase that began and one that ended.
    pub(crate) fn is_defined(&self, area: Area) -> bool {
        let page = self.part.geometry.page;
        !self.begun.keys().any(|at| Area::new(*at, page).overlaps(&area))
    }

    /// Writes octets.
    #[inline]
    pub(crate) fn write(&mut self, at: u32, data: &[u8]) {
        let to = self.index(at);
        put(&self.part, &mut self.bytes[to..to + data.len()], data);
        self.count_write(at, data.len() as u32);
    }

    /// Writes what lies elsewhere in the array, not overlapping.
    #[inline]
    pub(crate) fn copy(&mut self, from: u32, to: u32, len: u32) {
        let (source, target) = (self.index(from), self.index(to));
        let (source, target) = apart(&mut self.bytes, source, target, len as usize);
        put(&self.part, target, source);
        self.count_write(to, len);
    }

    /// Leaves what an erase has done when the supply fails after so much of its time.
    #[cold]
    pub(crate) fn tear_erase(&mut self, at: u32, after: Span, cut: Cut) {
        let Part { geometry: Geometry { page, .. }, erase_page, .. } = self.part;
        if !self.part.needs_erase() {
            return self.tear_write(at, &vec![0xff; page as usize], after, cut);
        }
        if cut.tear_erase(after, erase_page, self.stretch(at, page)) {
            self.count_erase(at);
            self.begun.entry(at).or_default();
        }
    }

    /// Leaves what a write has done when the supply fails after so much of its time.
    #[cold]
    pub(crate) fn tear_write(&mut self, at: u32, data: &[u8], after: Span, cut: Cut) {
        let old = self.bytes(at, data.len() as u32);
        let torn = cut.tear_write(&self.part, (at, old), data, after);
        if !torn.is_empty() {
            self.write(at, &torn);
        }
    }

    #[inline]
    pub(crate) fn add_busy(&mut self, span: Span) {
        self.counters.busy += span;
    }

    /// Puts octets into an erased stretch, as a programmer would: no time, no wear. Each word that
    /// is not all ones counts as written once.
    pub(crate) fn load(&mut self, at: u32, data: &[u8]) {
        let start = self.index(at);
        let target = &mut self.bytes[start..start + data.len()];
        assert!(is_blank(target), "load of {} octets at {at:#x} over contents", data.len());
        target.copy_from_slice(data);
        let word = Geometry::WORD as usize;
        let words = start / word..(start + data.len()).div_ceil(word);
        for (n, times) in words.clone().zip(self.written.get_mut(words).unwrap_or_default()) {
            *times = u8::from(self.bytes[n * word..][..word] != [0xff; 4]);
        }
    }

    /// Writes over contents in set-up: ones in `data` leave bits as they are. No time, no wear.
    pub(crate) fn overlay(&mut self, at: u32, data: &[u8]) {
        let start = self.index(at);
        and(&mut self.bytes[start..start + data.len()], data);
        let words = self.words(at, data.len() as u32);
        for times in self.written.get_mut(words).unwrap_or_default() {
            *times = times.saturating_add(1);
        }
    }

    /// Makes an area erased: no time, no wear.
    pub(crate) fn clear(&mut self, area: Area) {
        self.stretch(area.start, area.len).fill(0xff);
        let words = self.words(area.start, area.len);
        self.written.get_mut(words).unwrap_or_default().fill(0);
    }

    fn index(&self, at: u32) -> usize {
        (at - self.base) as usize
    }

    fn words(&self, at: u32, len: u32) -> core::ops::Range<usize> {
        let (start, word) = (self.index(at), Geometry::WORD as usize);
        start / word..(start + len as usize).div_ceil(word)
    }

    /// Octets that wear out together.
    fn wear_unit(&self) -> u32 {
        let Geometry { page, write_size, .. } = self.part.geometry;
        if self.part.needs_erase() { page } else { write_size }
    }

    fn stretch(&mut self, at: u32, len: u32) -> &mut [u8] {
        let start = self.index(at);
        &mut self.bytes[start..start + len as usize]
    }

    fn count_erase(&mut self, at: u32) {
        self.counters.erases += 1;
        let page = self.part.geometry.page;
        if !self.part.needs_erase() {
            self.counters.words += u64::from(page / Geometry::WORD);
            return self.wear_lines(at, page);
        }
        let times = &mut self.used[((at - self.base) / page) as usize];
        *times += 1;
        self.counters.max_page_erases = self.counters.max_page_erases.max(*times);
        self.counters.worn_out += u32::from(*times == self.part.endurance + 1);
    }

    #[inline]
    fn count_write(&mut self, at: u32, len: u32) {
        let words = self.words(at, len);
        self.counters.writes += 1;
        self.counters.words += words.len() as u64;
        let limit = self.part.writes_per_word;
        if limit == u8::MAX {
            if !self.part.needs_erase() {
                self.wear_lines(at, len);
            }
            return;
        }
        let words = &mut self.written[words];
        let mut most = 0;
        for times in &mut *words {
            *times = times.saturating_add(1);
            most = most.max(*times);
        }
        if most > limit {
            let over = words.iter().filter(|&&times| times > limit).count();
            self.counters.overwritten_words += over as u64;
        }
    }

    /// Counts one write of each line of a stretch.
    fn wear_lines(&mut self, at: u32, len: u32) {
        let line = self.wear_unit();
        let offset = at - self.base;
        let lines = (offset / line) as usize..(offset + len).div_ceil(line) as usize;
        for times in &mut self.used[lines] {
            *times += 1;
            self.counters.max_line_writes = self.counters.max_line_writes.max(*times);
            self.counters.worn_out += u32::from(*times == self.part.endurance + 1);
        }
    }
}

/// What a write does to the octets that are there.
fn put(part: &Part, target: &mut [u8], data: &[u8]) {
    match part.memory {
        Memory::Nor | Memory::Qspi(_) => and(target, data),
        Memory::Rram { .. } => target.copy_from_slice(data),
    }
}

/// A write to NOR flash turns ones into zeros and nothing else.
fn and(target: &mut [u8], data: &[u8]) {
    for (old, new) in target.iter_mut().zip(data) {
        *old &= new;
    }
}

/// Two stretches of one array that do not overlap: source, target.
fn apart(bytes: &mut [u8], from: usize, to: usize, len: usize) -> (&[u8], &mut [u8]) {
    if from < to {
        let (low, high) = bytes.split_at_mut(to);
        (&low[from..from + len], &mut high[..len])
    } else {
        let (low, high) = bytes.split_at_mut(from);
        (&high[..len], &mut low[to..to + len])
    }
}
