//! Sending, repeating, and answers in the order of their requests
//! (`McuMgrBleTransport.send`, `McuMgrCallbackOoOBuffer`).
//!
//! Each request occupies one of as many workers as the pipeline is deep, from its first attempt
//! until its answer or its last sleep; what finds no worker waits in a queue. An answer that comes
//! before that of an earlier request waits for it. Answers that become free together are delivered
//! by their numbers, so that across 255 to 0 the later ones come first.

use super::TRIES;
use crate::error::ClientError;
use crate::event::Phase;
use crate::strategy::Sent;
use sim_core::Time;
use std::collections::VecDeque;

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reply {
    /// The server expects this offset next.
    Offset(u32),
    /// The server is busy, and perhaps says which offset it expects.
    Busy(Option<u32>),
    Error(ClientError),
}

/// What the transport has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Todo {
    Send {
        off: u32,
        len: u32,
        seq: Option<u8>,
    },
    /// Nothing, until then if at all.
    Wait(Option<Time>),
}

#[derive(Clone, Debug)]
pub(super) struct Transport {
    workers: usize,
    /// In the order in which they were asked for, answered ones at the front excepted.
    requests: VecDeque<Work>,
    /// Attempts made, which is how the session numbers them.
    attempts: u32,
    ready: VecDeque<Reply>,
}

#[derive(Clone, Copy, Debug)]
struct Work {
    off: u32,
    len: u32,
    tries: u8,
    seq: Option<u8>,
    state: State,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Queued,
    /// The n-th attempt of all is under way.
    UnderWay(u32),
    Asleep(Time),
    /// Replied to; the reply waits for earlier ones.
    Replied(Reply),
}

impl Work {
    fn has_worker(&self) -> bool {
        matches!(self.state, State::UnderWay(_) | State::Asleep(_))
    }

    fn is_attempt(&self, number: u32) -> bool {
        matches!(self.state, State::UnderWay(attempt) if attempt == number)
    }
}

impl Transport {
    pub(super) fn new(workers: usize) -> Self {
        Self { workers, requests: VecDeque::new(), attempts: 0, ready: VecDeque::new() }
    }

    pub(super) fn restart(&mut self) {
        self.requests.clear();
        self.ready.clear();
        self.attempts = 0;
    }

    /// A request is asked for.
    pub(super) fn enqueue(&mut self, off: u32, len: u32) {
        self.requests.push_back(Work { off, len, tries: 0, seq: None, state: State::Queued });
    }

    /// What to do now.
    pub(super) fn next(&mut self, now: Time) -> Todo {
        let busy = self.requests.iter().filter(|work| work.has_worker()).count();
        let free = busy < self.workers;
        let attempt = self.attempts;
        let may_go = |work: &Work| match work.state {
            State::Asleep(until) => until <= now,
            State::Queued => free,
            State::UnderWay(_) | State::Replied(_) => false,
        };
        if let Some(work) = self.requests.iter_mut().find(|work| may_go(work)) {
            self.attempts += 1;
            work.tries += 1;
            work.state = State::UnderWay(attempt);
            return Todo::Send { off: work.off, len: work.len, seq: work.seq };
        }
        let sleeps = self.requests.iter().filter_map(|work| match work.state {
            State::Asleep(until) => Some(until),
            _ => None,
        });
        Todo::Wait(sleeps.min())
    }

    /// An attempt was answered.
    pub(super) fn answered(&mut self, sent: &Sent, reply: Reply) {
        if let Some(work) = self.requests.iter_mut().find(|work| work.is_attempt(sent.number)) {
            work.seq = Some(sent.seq);
            work.state = State::Replied(reply);
            self.release();
        }
    }

    /// An attempt was not answered in time; its worker sleeps until then.
    pub(super) fn unanswered(&mut self, sent: &Sent, until: Time) {
        if let Some(work) = self.requests.iter_mut().find(|work| work.is_attempt(sent.number)) {
            work.seq = Some(sent.seq);
            work.state = State::Asleep(until);
        }
    }

    /// Gives up what slept after its last attempt.
    pub(super) fn wake(&mut self, now: Time) {
        let failed = Reply::Error(ClientError::Timeout { phase: Phase::Upload });
        for work in &mut self.requests {
            if matches!(work.state, State::Asleep(until) if until <= now) && work.tries >= TRIES {
                work.state = State::Replied(failed);
            }
        }
        self.release();
    }

    /// Delivers what no earlier request holds up any more.
    fn release(&mut self) {
        let mut free = Vec::new();
        while let Some(&Work { seq, state: State::Replied(reply), .. }) = self.requests.front() {
            free.push((seq, reply));
            self.requests.pop_front();
        }
        free.sort_by_key(|&(seq, _)| seq);
        self.ready.extend(free.into_iter().map(|(_, reply)| reply));
    }

    /// The next reply to be delivered.
    pub(super) fn take_reply(&mut self) -> Option<Reply> {
        self.ready.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::{Reply, Todo, Transport};
    use crate::error::ClientError;
    use crate::event::Phase;
    use crate::strategy::{Request, Sent};
    use sim_core::Time;

    const ZERO: Time = Time::ZERO;

    fn at(s: u64) -> Time {
        Time::from_ns(s * 1_000_000_000)
    }

    fn sent(number: u32, seq: u8) -> Sent {
        let request = Request { off: number, len: 1, timeout: None, seq: None };
        Sent { number, at: ZERO, seq, request }
    }

    fn send(off: u32, seq: Option<u8>) -> Todo {
        Todo::Send { off, len: 1, seq }
    }

    /// Three chunks under way.
    fn three() -> Transport {
        let mut transport = Transport::new(3);
        for off in 0..4 {
            transport.enqueue(off, 1);
        }
        let next: Vec<Todo> = (0..4).map(|_| transport.next(ZERO)).collect();
        assert_eq!(next, [send(0, None), send(1, None), send(2, None), Todo::Wait(None)]);
        transport
    }

    fn replies(transport: &mut Transport) -> Vec<Reply> {
        std::iter::from_fn(|| transport.take_reply()).collect()
    }

    #[test]
    fn an_answer_waits_for_those_before_it_but_not_its_worker() {
        let mut transport = three();
        transport.answered(&sent(1, 8), Reply::Offset(1));
        transport.answered(&sent(2, 9), Reply::Offset(2));
        assert!(replies(&mut transport).is_empty());
        assert_eq!(transport.next(ZERO), send(3, None));
        transport.answered(&sent(0, 7), Reply::Offset(0));
        let expected = [Reply::Offset(0), Reply::Offset(1), Reply::Offset(2)];
        assert_eq!(replies(&mut transport), expected);
    }

    #[test]
    fn across_the_wrap_later_answers_come_first() {
        let mut transport = three();
        transport.answered(&sent(1, 0), Reply::Offset(1));
        transport.answered(&sent(0, 255), Reply::Offset(0));
        assert_eq!(replies(&mut transport), [Reply::Offset(1), Reply::Offset(0)]);
    }

    #[test]
    fn an_unanswered_request_goes_again_under_its_number_and_fails_after_the_third_sleep() {
        let mut transport = Transport::new(1);
        transport.enqueue(0, 1);
        for n in 0..3u32 {
            let seq = (n > 0).then_some(9);
            assert_eq!(transport.next(at(20 * u64::from(n))), send(0, seq));
            transport.unanswered(&sent(n, 9), at(20 * u64::from(n) + 20));
            assert_eq!(
                transport.next(at(20 * u64::from(n) + 19)),
                Todo::Wait(Some(at(20 * u64::from(n) + 20)))
            );
        }
        transport.wake(at(59));
        assert!(replies(&mut transport).is_empty());
        transport.wake(at(60));
        let failed = Reply::Error(ClientError::Timeout { phase: Phase::Upload });
        assert_eq!(replies(&mut transport), [failed]);
    }
}
