//! The RAM buffer between chunks and flash (Zephyr `stream_flash.c`).

use flash_model::{Area, FlashOp, Geometry};

/// Zephyr's `stream_flash` on one slot: octets gather in RAM and go to flash when the buffer is
/// exactly full, or at the end.
#[derive(Clone, Debug)]
pub struct Stream {
    area: Area,
    buffer: Vec<u8>,
    capacity: usize,
    /// Octets of the stream that are in flash.
    flushed: u32,
    /// Octets of the last flush, while the buffer still holds them in case it failed.
    flushing: u32,
    /// The page erased last; only that one is remembered.
    erased: Option<u32>,
    /// The one before it, should the last erase fail.
    erased_before: Option<u32>,
}

impl Default for Stream {
    /// Takes nothing before [`Stream::restart`].
    fn default() -> Self {
        let area = Area::new(0, 0);
        Self {
            area,
            buffer: Vec::new(),
            capacity: 0,
            flushed: 0,
            flushing: 0,
            erased: None,
            erased_before: None,
        }
    }
}

impl Stream {
    /// Starts over at the beginning of an area, with a buffer of `capacity` octets.
    pub fn restart(&mut self, area: Area, capacity: u32) {
        self.area = area;
        self.capacity = capacity as usize;
        self.buffer.clear();
        self.buffer.reserve(self.capacity);
        self.flushed = 0;
        self.flushing = 0;
        self.erased = None;
        self.erased_before = None;
    }

    /// Whether so many octets more would leave the area; then none of them is taken.
    pub fn refuses(&self, more: usize) -> bool {
        self.flushed as usize + self.held() + more > self.area.len as usize
    }

    /// Takes octets until the buffer is full; says how many it took.
    pub fn fill(&mut self, data: &[u8]) -> usize {
        if self.flushing > 0 {
            self.flushing = 0;
            self.buffer.clear();
        }
        let taken = data.len().min(self.capacity - self.buffer.len());
        self.buffer.extend_from_slice(&data[..taken]);
        taken
    }

    /// Whether it must be flushed before it takes more.
    pub fn is_full(&self) -> bool {
        self.held() == self.capacity
    }

    /// Whether nothing waits to be flushed.
    pub fn is_empty(&self) -> bool {
        self.held() == 0
    }

    /// Octets that wait to be flushed.
    fn held(&self) -> usize {
        if self.flushing > 0 { 0 } else { self.buffer.len() }
    }

    /// Where the next flush will begin.
    pub fn next_at(&self) -> u32 {
        self.area.start + self.flushed
    }

    /// The erase that must come before the flush: of the page that will hold its last octet, unless
    /// that was the last one erased (`stream_flash_erase_page`).
    pub fn erase_for_flush(&mut self, geometry: &Geometry) -> Option<FlashOp> {
        self.erase_page_at(self.area.start + self.flushed + self.buffer.len() as u32 - 1, geometry)
    }

    /// The erase of the page that holds an address, unless it was the last one erased.
    pub fn erase_page_at(&mut self, at: u32, geometry: &Geometry) -> Option<FlashOp> {
        let page = at - Geometry::beyond_unit(at, geometry.page);
        if self.erased == Some(page) {
            return None;
        }
        self.erased_before = self.erased.replace(page);
        Some(FlashOp::Erase { at: page })
    }

    /// Whether the next flush begins at a write unit. A padded flush is the last of its image; what
    /// comes behind it begins at the octet behind the data, where a driver writes nothing (`-EINVAL`).
    pub fn is_aligned(&self, geometry: &Geometry) -> bool {
        Geometry::beyond_unit(self.next_at(), geometry.write_size) == 0
    }

    /// Writes the buffer, padded to the write size with octets that leave flash as it is. The
    /// buffer travels with the write and must be given back by [`Self::take_back`].
    pub fn flush(&mut self, geometry: &Geometry) -> FlashOp {
        let mut data = std::mem::take(&mut self.buffer);
        let at = self.next_at();
        self.flushing = data.len() as u32;
        let beyond = Geometry::beyond_unit(self.flushing, geometry.write_size);
        if beyond > 0 {
            data.resize(data.len() + (geometry.write_size - beyond) as usize, 0xff);
        }
        FlashOp::Write { at, data }
    }

    /// The buffer of the last flush comes back, and its octets count as being in flash unless
    /// [`Self::operation_failed`] follows. They are forgotten with the next [`Self::fill`].
    pub fn take_back(&mut self, mut buffer: Vec<u8>) {
        buffer.truncate(self.flushing as usize);
        self.flushed += self.flushing;
        self.buffer = buffer;
    }

    /// The last flush or erase failed: the octets stay in the buffer, and the page counts as not
    /// erased.
    #[cold]
    pub fn operation_failed(&mut self) {
        if self.flushing > 0 {
            self.flushed -= std::mem::take(&mut self.flushing);
        } else {
            self.erased = self.erased_before;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Stream;
    use flash_model::{Area, FlashOp, Geometry};

    const GEOMETRY: Geometry = Geometry { size: 0x10_0000, page: 4096, write_size: 4 };

    /// A stream at 0x8000 and the operations that feeding it caused.
    fn feed(octets: usize, chunk: usize) -> (Stream, Vec<FlashOp>) {
        let mut stream = Stream::default();
        stream.restart(Area::new(0x8000, 0x4000), 512);
        let mut ops = Vec::new();
        let data = vec![0x11; chunk];
        let mut left = octets;
        while left > 0 {
            let mut part = &data[..chunk.min(left)];
            left -= part.len();
            while !part.is_empty() {
                part = &part[stream.fill(part)..];
                if stream.is_full() {
                    ops.extend(stream.erase_for_flush(&GEOMETRY));
                    ops.push(stream.flush(&GEOMETRY));
                    stream.take_back(Vec::new());
                }
            }
        }
        (stream, ops)
    }

    fn counts(ops: &[FlashOp]) -> (usize, usize) {
        let erases = ops.iter().filter(|op| matches!(op, FlashOp::Erase { .. })).count();
        (erases, ops.len() - erases)
    }

    #[test]
    fn a_page_takes_eight_writes_and_one_erase() {
        assert_eq!(counts(&feed(4096, 469).1), (1, 8));
        assert_eq!(counts(&feed(4097, 1).1), (1, 8));
        assert_eq!(counts(&feed(4096 + 512, 2449).1), (2, 9));
    }

    #[test]
    fn what_does_not_fill_the_buffer_stays_in_ram() {
        let (stream, ops) = feed(1000, 100);
        assert_eq!(counts(&ops), (1, 1));
        assert_eq!(stream.buffer.len(), 488);
    }

    #[test]
    fn the_last_write_is_padded_and_the_next_one_would_begin_behind_the_octets() {
        let (mut stream, _) = feed(513, 513);
        let data = vec![0x11, 0xff, 0xff, 0xff];
        assert!(stream.is_aligned(&GEOMETRY));
        assert_eq!(stream.flush(&GEOMETRY), FlashOp::Write { at: 0x8200, data: data.clone() });
        stream.take_back(data);
        assert_eq!(stream.fill(&[]), 0);
        assert_eq!((stream.next_at(), stream.is_empty()), (0x8000 + 513, true));
        assert!(!stream.is_aligned(&GEOMETRY));
    }

    #[test]
    fn octets_whose_write_failed_stay_and_are_written_to_the_same_place() {
        let (mut stream, _) = feed(512 + 511, 511);
        assert_eq!(stream.fill(&[0x22, 0x33]), 1);
        let first = stream.flush(&GEOMETRY);
        let FlashOp::Write { data, .. } = first.clone() else { panic!("{first:?}") };
        stream.take_back(data);
        stream.operation_failed();
        assert_eq!((stream.fill(&[0x33]), stream.is_full()), (0, true));
        assert_eq!(stream.flush(&GEOMETRY), first);
    }

    #[test]
    fn a_page_whose_erase_failed_is_erased_again() {
        let (mut stream, _) = feed(512, 512);
        stream.fill(&[]);
        let erase = Some(FlashOp::Erase { at: 0x9000 });
        assert_eq!(stream.erase_page_at(0x9000, &GEOMETRY), erase);
        stream.operation_failed();
        assert_eq!(stream.erase_page_at(0x8000, &GEOMETRY), None, "still the last one erased");
        assert_eq!(stream.erase_page_at(0x9000, &GEOMETRY), erase);
    }

    #[test]
    fn a_chunk_that_would_leave_the_area_is_refused_whole() {
        let (stream, _) = feed(0x4000 - 10, 100);
        assert!(!stream.refuses(10));
        assert!(stream.refuses(11));
    }

    #[test]
    fn only_the_last_erased_page_is_remembered() {
        let (mut stream, _) = feed(512, 512);
        assert_eq!(stream.erase_page_at(0x8fff, &GEOMETRY), None);
        assert_eq!(stream.erase_page_at(0x9000, &GEOMETRY), Some(FlashOp::Erase { at: 0x9000 }));
        assert_eq!(stream.erase_page_at(0x8000, &GEOMETRY), Some(FlashOp::Erase { at: 0x8000 }));
    }
}
