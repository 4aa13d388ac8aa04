//! The books of the upload: which offset was answered how often, and how many chunks may be out.
//!
//! In the tool a chunk is sent by the main routine, which waits for the answer; a routine of its own
//! then books the answer (`HandleResponse`, `HandleError`). Main routine and the others want the same
//! lock, which the main routine holds while a chunk is on its way and mostly gets again before them:
//! so a missed chunk is noticed a chunk or two late, how many differs from run to run. Here the order
//! is fixed (model choice, within one request of recordings): the routine that waits longest books
//! once two chunks have gone since nobody waited, and with the third all that wait do. When the window
//! is full the main routine waits, and the youngest books first; if it had an answer, the others do
//! as well.

use std::cmp::Ordering;
use std::collections::{BTreeMap, VecDeque};

/// `IMAGE_UPLOAD_START_WS`.
const WINDOW_START: usize = 1;
/// `IMAGE_UPLOAD_DEF_MAX_WS` (`--maxwinsize`).
const WINDOW_MAX: usize = 5;
/// `IMAGE_UPLOAD_CHUNK_MISSED_WM`: below it, an offset is sent again.
const MISSED: i64 = -1;
/// The first routine that waits gets the lock when so many chunks have gone since nobody waited.
const FIRST_BOOKS: u8 = 2;

/// What there is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outlook {
    /// Send the chunk at this offset.
    Send(u32),
    /// The server has told the end of the image, or this offset behind it.
    Done(u32),
    /// Nothing will ever happen.
    Hang,
}

/// A chunk that was answered, or not, and that is not booked yet.
#[derive(Clone, Copy, Debug)]
struct Unbooked {
    off: u32,
    /// The offset that the answer wants.
    wanted: Option<u32>,
}

/// `ImageUploadIntTracker`.
#[derive(Clone, Debug)]
pub(super) struct Tracker {
    /// How often an offset is still expected in an answer; below 0 it was wanted too often.
    wishes: BTreeMap<u32, i64>,
    /// Oldest first; as many as the tool counts as outstanding.
    unbooked: VecDeque<Unbooked>,
    /// Chunks sent since nothing was left to book.
    contended: u8,
    window: usize,
    /// The window still grows.
    tunes: bool,
    off: u32,
    highest: u32,
}

impl Tracker {
    /// The books of an upload that begins at `off`.
    pub(super) fn new(off: u32) -> Self {
        Self {
            wishes: BTreeMap::new(),
            unbooked: VecDeque::new(),
            contended: 0,
            window: WINDOW_START,
            tunes: true,
            off,
            highest: 0,
        }
    }

    /// The chunk at `off` was sent and answered with the offset that the server wants, or not.
    pub(super) fn transmitted(&mut self, off: u32, len: u32, wanted: Option<u32>) {
        self.off = off + len;
        self.wishes.insert(self.off, 1);
        if self.unbooked.is_empty() {
            self.contended = 0;
        }
        self.contended = self.contended.saturating_add(1);
        self.unbooked.push_back(Unbooked { off, wanted });
    }

    /// One turn of the tool's loop for an image of `len` octets (`ImageUploadCmd.Run`).
    pub(super) fn look(&mut self, len: u32) -> Outlook {
        loop {
            if self.highest >= len {
                return Outlook::Done(self.highest);
            }
            if self.unbooked.len() < self.window {
                self.book_in_passing();
            } else if !self.wait_for_room() {
                return Outlook::Hang;
            }
            self.take_missed();
            if self.off != len {
                return Outlook::Send(self.off);
            }
            // The main routine spins; the others book what there is.
            if self.highest < len && !self.book_oldest() {
                return Outlook::Hang;
            }
        }
    }

    /// The routines that get the lock although the main routine does not wait: a mutex of Go turns
    /// fair when somebody has waited for a millisecond.
    fn book_in_passing(&mut self) {
        match self.contended.cmp(&FIRST_BOOKS) {
            Ordering::Less => {}
            Ordering::Equal => {
                self.book_oldest();
            }
            Ordering::Greater => while self.book_oldest() {},
        }
    }

    /// The main routine waits until a routine tells that the full window is open. That is told only
    /// at the very moment, so the wait can be in vain.
    fn wait_for_room(&mut self) -> bool {
        while let Some(youngest) = self.unbooked.pop_back() {
            if self.book(youngest) {
                if youngest.wanted.is_some() {
                    while self.book_oldest() {}
                }
                return true;
            }
        }
        false
    }

    fn book_oldest(&mut self) -> bool {
        let oldest = self.unbooked.pop_front();
        oldest.is_some_and(|result| {
            self.book(result);
            true
        })
    }

    /// Books a result that was taken from the list; true if that opens a full window.
    fn book(&mut self, result: Unbooked) -> bool {
        let outstanding = self.unbooked.len() + 1;
        let was_full = outstanding == self.window;
        if let Some(wanted) = result.wanted {
            *self.wishes.entry(wanted).or_default() -= 1;
            self.highest = self.highest.max(wanted);
            if self.tunes && self.window < WINDOW_MAX {
                self.window += 1;
            }
        } else {
            self.wishes.insert(result.off, MISSED);
            self.tunes = false;
            if outstanding > WINDOW_START + 1 {
                self.window -= 1;
            }
        }
        was_full && self.window > self.unbooked.len()
    }

    /// Goes back to an offset that was wanted too often, and forgets those that are settled
    /// (`ProcessMissedChunks`). Of several the highest counts (model choice: the tool takes what
    /// comes last in a map without order).
    fn take_missed(&mut self) {
        let off = &mut self.off;
        self.wishes.retain(|&wanted, count| {
            if *count < MISSED {
                *off = wanted;
            }
            *count > 0 || *count == MISSED
        });
    }
}

#[cfg(test)]
mod tests {
    use super::{Outlook, Tracker};

    /// Offsets of the requests for an image of `len` octets in chunks of 100, each answered by
    /// `server` with what it wants.
    fn offsets(
        len: u32,
        most: usize,
        mut server: impl FnMut(usize, u32) -> Option<u32>,
    ) -> (Vec<u32>, Outlook) {
        let (mut tracker, mut offsets) = (Tracker::new(0), Vec::new());
        loop {
            match tracker.look(len) {
                Outlook::Send(off) if offsets.len() < most => {
                    let chunk = 100.min(len - off);
                    tracker.transmitted(off, chunk, server(offsets.len(), off));
                    offsets.push(off);
                }
                end => return (offsets, end),
            }
        }
    }

    #[test]
    fn a_willing_server_gets_each_chunk_once() {
        let (offsets, end) = offsets(950, 100, |_, off| Some((off + 100).min(950)));
        assert_eq!(offsets, (0..10).map(|n| n * 100).collect::<Vec<u32>>());
        assert_eq!(end, Outlook::Done(950));
    }

    #[test]
    fn an_offset_wanted_once_is_not_sent_again_and_wanted_twice_it_is() {
        let mut expected = 0;
        let (offsets, end) = offsets(950, 100, |n, off| {
            // The third request gets lost.
            if n == 2 {
                return None;
            }
            if off == expected {
                expected = (off + 100).min(950);
            }
            Some(expected)
        });
        assert_eq!(offsets[..6], [0, 100, 200, 300, 200, 300]);
        assert_eq!((offsets.len(), end), (12, Outlook::Done(950)));
    }

    #[test]
    fn refusals_are_wishes_for_the_begin_without_end() {
        let (offsets, end) = offsets(950, 100, |_, _| Some(0));
        assert_eq!(offsets.len(), 100);
        assert_eq!(offsets[..7], [0, 100, 200, 0, 100, 200, 0]);
        assert!(matches!(end, Outlook::Send(_)));
    }

    /// The server has lost its state, or refuses data, at the third request, and then wants the same
    /// offset until it gets it: two chunks go in vain.
    #[test]
    fn the_third_wish_for_an_offset_is_heeded() {
        for (wanted, total) in [(0, 15), (200, 13)] {
            let mut expected = 0;
            let (offsets, end) = offsets(950, 100, |n, off| {
                if n == 2 {
                    expected = wanted;
                } else if off == expected {
                    expected = (off + 100).min(950);
                }
                Some(expected)
            });
            assert_eq!(offsets[..7], [0, 100, 200, 300, 400, wanted, wanted + 100]);
            assert_eq!((offsets.len(), end), (total, Outlook::Done(950)));
        }
    }

    /// An answer with an error code at the third request counts as a wish for the begin, so the
    /// offset that is missing is wanted once less.
    #[test]
    fn after_a_code_one_more_chunk_goes_in_vain() {
        let mut expected = 0;
        let (offsets, end) = offsets(950, 100, |n, off| {
            if n == 2 {
                return Some(0);
            }
            if off == expected {
                expected = (off + 100).min(950);
            }
            Some(expected)
        });
        assert_eq!(offsets[..8], [0, 100, 200, 300, 400, 500, 200, 300]);
        assert_eq!((offsets.len(), end), (14, Outlook::Done(950)));
    }

    #[test]
    fn without_the_last_answer_the_tool_spins_for_ever() {
        let last = |off| off == 900;
        let (offsets, end) = offsets(950, 100, |_, off| (!last(off)).then_some(off + 100));
        assert_eq!((offsets.len(), end), (10, Outlook::Hang));
    }

    /// The end is only looked for before the wait for room, so one more chunk goes.
    #[test]
    fn an_offset_behind_the_image_ends_the_upload() {
        let (offsets, end) = offsets(950, 100, |_, _| Some(951));
        assert_eq!((offsets.len(), end), (2, Outlook::Done(951)));
    }
}
