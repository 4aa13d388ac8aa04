//! Time-outs that the user of a recorded client had set.

use super::fault::time;
use client_model::{
    Answer, ClientError, Failure, Habits, LinkParams, Next, Sent, Strategy, Transport, View,
};
use sim_core::Span;
use smp_wire::header::Header;

/// Time-outs instead of a client's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SetTimeouts {
    /// Of requests that wait as long as the very first.
    pub(super) first: Span,
    /// Of the others; `None`: the client's own.
    pub(super) later: Option<Span>,
    /// It is the tool's time-out for whatever it asks, also for the parameters before the upload:
    /// the text tells one alone. A first and a later one are those of the upload.
    pub(super) of_all: bool,
}

impl SetTimeouts {
    /// The settings that a text states, such as "first timeout 0.8 s, later 0.4 s" or "timeout
    /// 0.4 s"; `slow`: a latency scenario, for which a text may make an exception.
    pub(super) fn stated(text: &str, slow: bool) -> Option<Self> {
        let first = ["first timeout ", "initial timeout ", "timeout "]
            .into_iter()
            .find_map(|word| time_after(text, word));
        let kept = time_after(text, "latency scenarios keep ").filter(|_| slow);
        let later = time_after(text, ", later ");
        let only = first.filter(|_| !text.contains("later"));
        let of_all = kept.is_none() && only.is_some() && !text.contains("initial timeout");
        Some(Self { first: kept.or(first)?, later: later.or(only), of_all })
    }
}

impl SetTimeouts {
    /// Of other commands the upload here needs the parameters alone.
    fn applied(self, mut habits: Habits) -> Habits {
        if self.of_all {
            habits.timeouts.params = Some(self.first);
        }
        habits
    }
}

/// The time behind a word; seconds where no unit follows.
fn time_after(text: &str, word: &str) -> Option<Span> {
    let (_, behind) = text.split_once(word)?;
    let end = behind.find([',', ';', ')', '(']).unwrap_or(behind.len());
    let mut parts = behind[..end].split_whitespace();
    time(parts.next()?, parts.next().unwrap_or("s"))
}

/// A strategy with other time-outs than its own.
#[derive(Clone, Debug)]
pub(super) struct Timed {
    inner: Box<dyn Strategy>,
    set: SetTimeouts,
    /// A request was sent.
    begun: bool,
    /// The strategy's own time-out of the first request.
    own_first: Option<Span>,
}

impl Timed {
    pub(super) fn new(inner: Box<dyn Strategy>, set: SetTimeouts) -> Self {
        Self { inner, set, begun: false, own_first: None }
    }
}

impl Strategy for Timed {
    fn habits(&self) -> Habits {
        self.set.applied(self.inner.habits())
    }

    fn habits_over(&self, transport: Transport) -> Habits {
        self.set.applied(self.inner.habits_over(transport))
    }

    fn begin(&mut self, view: &View<'_>) -> Result<(), ClientError> {
        self.inner.begin(view)
    }

    fn next(&mut self, view: &View<'_>, body: &mut Vec<u8>) -> Result<Next, ClientError> {
        let mut next = self.inner.next(view, body)?;
        if let Next::Send(request) = &mut next {
            if !self.begun {
                self.begun = true;
                self.own_first = request.timeout;
            }
            if request.timeout == self.own_first {
                request.timeout = Some(self.set.first);
            } else if self.set.later.is_some() {
                request.timeout = self.set.later;
            }
        }
        Ok(next)
    }

    fn answer(
        &mut self,
        view: &View<'_>,
        sent: &Sent,
        answer: &Answer<'_>,
    ) -> Result<(), ClientError> {
        self.inner.answer(view, sent, answer)
    }

    fn failed(
        &mut self,
        view: &View<'_>,
        sent: &Sent,
        failure: Failure,
    ) -> Result<(), ClientError> {
        self.inner.failed(view, sent, failure)
    }

    fn stray(&mut self, view: &View<'_>, header: Header) -> Result<(), ClientError> {
        self.inner.stray(view, header)
    }

    fn wants_params(&mut self, view: &View<'_>) -> Option<LinkParams> {
        self.inner.wants_params(view)
    }

    fn survives_link_loss(&mut self, view: &View<'_>) -> bool {
        self.inner.survives_link_loss(view)
    }
}

#[cfg(test)]
mod tests {
    use super::SetTimeouts;
    use sim_core::Span;

    #[test]
    fn settings_of_recorded_clients_are_understood() {
        let ms = Span::from_ms;
        for (text, slow, first, later, of_all) in [
            (
                "link mtu 1028 so max message 1000; first timeout 0.8 s, later 0.4 s (defaults are 40 and 2.5)",
                false,
                ms(800),
                Some(ms(400)),
                false,
            ),
            (
                "timeout 0.4 s (default of the tool is 10), auto frame size",
                false,
                ms(400),
                Some(ms(400)),
                true,
            ),
            (
                "initial timeout 1 s (default 60; latency scenarios keep 60), later 200 ms (default), 4 retries",
                false,
                ms(1_000),
                Some(ms(200)),
                false,
            ),
            (
                "initial timeout 1 s (default 60; latency scenarios keep 60), later 200 ms (default)",
                true,
                ms(60_000),
                Some(ms(200)),
                false,
            ),
        ] {
            assert_eq!(
                SetTimeouts::stated(text, slow),
                Some(SetTimeouts { first, later, of_all }),
                "{text}"
            );
        }
        assert_eq!(SetTimeouts::stated("MtuOut 512, window max 5", false), None);
    }
}
