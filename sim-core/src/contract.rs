//! The bargain of [`Machine`], as a check that any machine can be put through.
//!
//! Not compiled away in release: it costs nothing unless it is called, and the tests of every
//! model crate call it with random inputs.

use crate::{Machine, Span, Time};

/// More outputs than this from one touch, or wake-ups at one moment, count as endless.
const BOUND: usize = 10_000;

/// What a test supplies: the machine's environment, and how to compare two outputs.
pub trait Harness {
    /// The machine under test.
    type Machine: Machine + Clone;
    /// The environment handed to every call.
    fn env(&self) -> <Self::Machine as Machine>::Env<'_>;
    /// Called for each output, so that a test can answer it or check it; returns an input to be
    /// handed in next, if the output calls for one.
    fn answer(
        &mut self,
        now: Time,
        out: &<Self::Machine as Machine>::Out,
    ) -> Option<<Self::Machine as Machine>::In>;
}

/// Drives `machine` through `script`: before each input, time moves on by its span and all
/// deadlines on the way are served. After the script, deadlines are served until `rest` has passed.
///
/// # Panics
/// When the machine breaks the contract: `deadline` is not pure or lies in the past, outputs do not
/// end, wake-ups at one moment do not end, `poll` yields after it said `None`, or a clone given the
/// same inputs answers otherwise.
pub fn check<H>(
    harness: &mut H,
    machine: &H::Machine,
    script: Vec<(Span, <H::Machine as Machine>::In)>,
    rest: Span,
) where
    H: Harness,
    <H::Machine as Machine>::In: Clone,
    <H::Machine as Machine>::Out: PartialEq + core::fmt::Debug,
{
    let mut run = Run { machine: machine.clone(), twin: machine.clone(), now: Time::ZERO };
    for (pause, input) in script {
        let until = run.now + pause;
        run.serve_deadlines(harness, until);
        run.feed(harness, input);
    }
    let until = run.now + rest;
    run.serve_deadlines(harness, until);
}

struct Run<M> {
    machine: M,
    /// Gets the same calls; must give the same outputs.
    twin: M,
    now: Time,
}

impl<M> Run<M>
where
    M: Machine + Clone,
    M::In: Clone,
    M::Out: PartialEq + core::fmt::Debug,
{
    fn serve_deadlines<H: Harness<Machine = M>>(&mut self, harness: &mut H, until: Time) {
        let mut wakes_at_one_moment = 0;
        while let Some(due) = self.deadline().filter(|&due| due <= until) {
            wakes_at_one_moment = if due > self.now { 0 } else { wakes_at_one_moment + 1 };
            assert!(wakes_at_one_moment < BOUND, "wake-ups at {due} do not end");
            self.now = due;
            self.machine.on_deadline(due, harness.env());
            self.twin.on_deadline(due, harness.env());
            let answers = self.drain(harness);
            self.feed_all(harness, answers);
        }
        self.now = until;
    }

    fn feed<H: Harness<Machine = M>>(&mut self, harness: &mut H, input: M::In) {
        self.feed_all(harness, vec![input]);
    }

    fn feed_all<H: Harness<Machine = M>>(&mut self, harness: &mut H, mut inputs: Vec<M::In>) {
        let mut fed = 0;
        while !inputs.is_empty() {
            let input = inputs.remove(0);
            fed += 1;
            assert!(fed < BOUND, "outputs and their answers at {} do not end", self.now);
            self.machine.handle(self.now, input.clone(), harness.env());
            self.twin.handle(self.now, input, harness.env());
            inputs.extend(self.drain(harness));
        }
    }

    fn drain<H: Harness<Machine = M>>(&mut self, harness: &mut H) -> Vec<M::In> {
        let mut answers = Vec::new();
        for n in 0.. {
            assert!(n < BOUND, "outputs at {} do not end", self.now);
            let out = self.machine.poll();
            assert_eq!(out, self.twin.poll(), "a clone with the same inputs answers otherwise");
            let Some(out) = out else { break };
            answers.extend(harness.answer(self.now, &out));
        }
        assert!(self.machine.poll().is_none(), "an output after the last one");
        self.deadline();
        answers
    }

    fn deadline(&self) -> Option<Time> {
        let due = self.machine.deadline();
        assert_eq!(due, self.machine.deadline(), "deadline() is not pure");
        if let Some(due) = due {
            assert!(due >= self.now, "a deadline in the past: {due} at {}", self.now);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::{Harness, check};
    use crate::{Machine, Span, Time};

    /// Rings once, a second after it was wound; `faulty` makes it ring for ever.
    #[derive(Clone, Default)]
    struct Bell {
        due: Option<Time>,
        rung: u32,
        faulty: bool,
    }

    impl Machine for Bell {
        type In = ();
        type Out = &'static str;
        type Env<'e> = ();
        fn handle(&mut self, now: Time, (): (), (): ()) {
            self.due = Some(now + Span::from_s(1));
        }
        fn deadline(&self) -> Option<Time> {
            self.due
        }
        fn on_deadline(&mut self, _: Time, (): ()) {
            if !self.faulty {
                self.due = None;
            }
            self.rung += 1;
        }
        fn poll(&mut self) -> Option<&'static str> {
            self.rung = self.rung.checked_sub(1)?;
            Some("ring")
        }
    }

    struct Count(u32);

    impl Harness for Count {
        type Machine = Bell;
        fn env(&self) {}
        fn answer(&mut self, _: Time, _: &&'static str) -> Option<()> {
            self.0 += 1;
            None
        }
    }

    #[test]
    fn a_lawful_machine_passes_and_its_outputs_are_seen() {
        let mut count = Count(0);
        check(&mut count, &Bell::default(), vec![(Span::ZERO, ()); 1], Span::from_s(5));
        assert_eq!(count.0, 1);
    }

    #[test]
    #[should_panic(expected = "do not end")]
    fn a_deadline_that_is_never_cleared_is_found() {
        let bell = Bell { faulty: true, ..Bell::default() };
        check(&mut Count(0), &bell, vec![(Span::ZERO, ())], Span::from_s(5));
    }
}
