//! What a device counts of its work.

use sim_core::Span;

/// What a device has done since it was made. Set-up access is not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Page erases; where none is needed, pages filled with ones.
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
    /// Writes of the line that was written most often, where a part needs no erase.
    pub max_line_writes: u32,
    /// Pages that were erased, or lines that were written, more often than the part endures.
    pub worn_out: u32,
}

impl Counters {
    /// The counts of two arrays of one device together.
    pub(crate) fn with(self, other: Self) -> Self {
        Self {
            erases: self.erases + other.erases,
            writes: self.writes + other.writes,
            words: self.words + other.words,
            busy: self.busy + other.busy,
            max_page_erases: self.max_page_erases.max(other.max_page_erases),
            overwritten_words: self.overwritten_words + other.overwritten_words,
            max_line_writes: self.max_line_writes.max(other.max_line_writes),
            worn_out: self.worn_out + other.worn_out,
        }
    }
}
