//! What is on its way: requests in flight by number, the server's offset, and what an answer says
//! about both.

use crate::strategy::Sent;
use std::collections::VecDeque;

/// The requests of one upload, and how far the server has come.
///
/// The server takes octets in order only, and answers each request with the offset that it expects
/// next. So a chunk that it did not take makes all behind it useless: one goes back to the server's
/// offset, and what was sent before that is *void*; its answers say nothing about what follows.
#[derive(Clone, Debug, Default)]
pub(super) struct Pipeline {
    /// Where the next chunk begins.
    next: u32,
    /// The offset that the server expects, as far as it told.
    reached: u32,
    /// Numbers of the requests that may still be answered, oldest first.
    flight: VecDeque<u32>,
    /// Requests numbered below are void.
    valid_from: u32,
    /// Answers to requests numbered below tell of an upload that is no more.
    epoch: u32,
    /// Number of the next request.
    number: u32,
    /// Nothing is sent until nothing is in flight.
    drains: bool,
    /// Setbacks since the server last took something.
    setbacks: u32,
}

/// What an answer, or its absence, means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum News {
    /// It belongs to what was given up, or a later answer said as much before.
    Void,
    /// The server took this many octets more.
    Progress(u32),
    /// The server did not take the chunk, or not all of it.
    Gap,
    /// The server knows of no upload: it lost it, or it completed it before.
    Forgotten,
}

/// How to go back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum GoBack {
    /// When all that is in flight is answered or given up.
    Drained,
    /// At once.
    AtOnce,
}

impl Pipeline {
    /// Where the next chunk begins; `None` when all is sent, or what is in flight is waited for.
    pub(super) fn next(&mut self, len: u32) -> Option<u32> {
        if self.drains && self.flight.is_empty() {
            self.go_back(GoBack::AtOnce);
        }
        (!self.drains && self.next < len).then_some(self.next)
    }

    /// The offset that the server expects, as far as it told.
    pub(super) const fn reached(&self) -> u32 {
        self.reached
    }

    /// Requests that may still be answered, void ones included.
    pub(super) fn in_flight(&self) -> usize {
        self.flight.len()
    }

    /// Setbacks since the server last took something.
    pub(super) const fn setbacks(&self) -> u32 {
        self.setbacks
    }

    /// The next chunk was sent, with `len` octets; its number.
    pub(super) fn sent(&mut self, len: u32) -> u32 {
        self.next += len;
        self.flight.push_back(self.number);
        self.number += 1;
        self.number - 1
    }

    /// A request was answered with the offset `off`. Answers come in the order of requests, so that
    /// what was sent before it is not waited for any more.
    pub(super) fn answered(&mut self, sent: &Sent, off: u32) -> News {
        let end = sent.request.off + sent.request.len;
        self.land(sent.number);
        let before = self.reached;
        if off > before && sent.number >= self.epoch {
            self.reached = off;
            self.next = self.next.max(off);
            self.setbacks = 0;
        }
        match off {
            _ if sent.number < self.valid_from => News::Void,
            0 => News::Forgotten,
            // It was overtaken on its way, or repeats a chunk that was taken before.
            _ if end <= before => News::Void,
            _ if off < end => News::Gap,
            _ => News::Progress(off - before),
        }
    }

    /// A request will not be answered. Whether that matters: no answer has told of its octets.
    pub(super) fn failed(&mut self, sent: &Sent) -> bool {
        let waited_for = self.flight.contains(&sent.number);
        self.flight.retain(|&number| number != sent.number);
        let end = sent.request.off + sent.request.len;
        waited_for && sent.number >= self.valid_from && end > self.reached
    }

    /// Goes back to the server's offset after a setback.
    pub(super) fn set_back(&mut self, how: GoBack) {
        let known = self.drains && how == GoBack::Drained;
        self.setbacks += u32::from(!known);
        self.go_back(how);
    }

    /// Everything starts from offset 0: the server lost the upload, or is asked where it stands.
    pub(super) fn start_over(&mut self) {
        self.setbacks += 1;
        self.reached = 0;
        self.epoch = self.number;
        self.go_back(GoBack::AtOnce);
    }

    /// The link is gone, and with it all that was in flight.
    pub(super) fn link_lost(&mut self) {
        self.flight.clear();
        self.start_over();
    }

    fn go_back(&mut self, how: GoBack) {
        match how {
            GoBack::Drained => self.drains = true,
            GoBack::AtOnce => {
                self.drains = false;
                self.next = self.reached;
                self.valid_from = self.number;
            }
        }
    }

    /// Takes the request out of flight, and those before it.
    fn land(&mut self, number: u32) {
        while self.flight.front().is_some_and(|&first| first <= number) {
            self.flight.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{GoBack, News, Pipeline};
    use crate::strategy::{Request, Sent};
    use sim_core::Time;

    fn sent(number: u32, off: u32) -> Sent {
        let request = Request { off, len: 100, timeout: None, seq: None };
        Sent { number, at: Time::ZERO, seq: number as u8, request }
    }

    /// A pipeline with chunks of 100 octets at 0, which is answered, 100, 200 and 300.
    fn flying() -> Pipeline {
        let mut pipeline = Pipeline::default();
        pipeline.sent(100);
        assert_eq!(pipeline.answered(&sent(0, 0), 100), News::Progress(100));
        (0..3).for_each(|_| {
            pipeline.sent(100);
        });
        pipeline
    }

    #[test]
    fn an_answer_takes_the_older_requests_out_of_flight() {
        let mut pipeline = flying();
        assert_eq!(pipeline.in_flight(), 3);
        assert_eq!(pipeline.answered(&sent(2, 200), 300), News::Progress(200));
        assert_eq!(pipeline.in_flight(), 1);
        assert!(!pipeline.failed(&sent(1, 100)), "its octets arrived");
    }

    #[test]
    fn after_a_gap_the_rest_is_void_and_the_servers_offset_comes_next() {
        let mut pipeline = flying();
        assert_eq!(pipeline.answered(&sent(2, 200), 100), News::Gap);
        pipeline.set_back(GoBack::AtOnce);
        assert_eq!(pipeline.next(1000), Some(100));
        pipeline.sent(100);
        assert_eq!(pipeline.answered(&sent(3, 300), 100), News::Void);
        assert_eq!(pipeline.in_flight(), 1);
        assert_eq!(pipeline.answered(&sent(4, 100), 200), News::Progress(100));
        assert_eq!(pipeline.next(1000), Some(200));
    }

    #[test]
    fn a_plain_client_drains_first() {
        let mut pipeline = flying();
        assert_eq!(pipeline.answered(&sent(2, 200), 100), News::Gap);
        pipeline.set_back(GoBack::Drained);
        assert_eq!(pipeline.next(1000), None);
        assert_eq!(pipeline.answered(&sent(3, 300), 100), News::Gap);
        pipeline.set_back(GoBack::Drained);
        assert_eq!((pipeline.next(1000), pipeline.setbacks()), (Some(100), 1));
    }

    #[test]
    fn a_chunk_that_was_taken_in_part_is_a_gap() {
        let mut pipeline = flying();
        assert_eq!(pipeline.answered(&sent(3, 300), 350), News::Gap);
        assert_eq!(pipeline.reached(), 350);
        pipeline.set_back(GoBack::AtOnce);
        assert_eq!(pipeline.next(400), Some(350));
    }

    #[test]
    fn a_server_that_is_ahead_is_followed() {
        let mut pipeline = flying();
        assert!(pipeline.failed(&sent(1, 100)));
        pipeline.set_back(GoBack::AtOnce);
        pipeline.sent(100);
        assert_eq!(pipeline.answered(&sent(4, 100), 400), News::Progress(300));
        assert_eq!(pipeline.next(1000), Some(400));
    }

    #[test]
    fn an_overtaken_answer_is_no_gap() {
        let mut pipeline = flying();
        assert_eq!(pipeline.answered(&sent(3, 300), 400), News::Progress(300));
        assert_eq!(pipeline.answered(&sent(2, 200), 300), News::Void);
        assert_eq!(pipeline.next(400), None);
        assert_eq!(pipeline.setbacks(), 0);
    }

    #[test]
    fn a_server_without_an_upload_makes_everything_start_over() {
        let mut pipeline = flying();
        assert_eq!(pipeline.answered(&sent(1, 100), 0), News::Forgotten);
        pipeline.start_over();
        assert_eq!((pipeline.reached(), pipeline.next(1000)), (0, Some(0)));
        assert_eq!(pipeline.answered(&sent(3, 300), 400), News::Void, "sent before");
        pipeline.link_lost();
        assert_eq!((pipeline.in_flight(), pipeline.setbacks()), (0, 2));
    }
}
