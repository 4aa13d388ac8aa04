//! Declared faults: what of the traffic between client and server is lost or late.
//!
//! The world asks at three places, and only when a scenario declares something: when the client
//! says that it sent an upload request, when a write reaches the server, and when a notification
//! reaches the client.

use super::{FAULT, World};
use crate::scenario::FaultSpec;
use crate::trace::{Event, FaultKind, Sink, WorldEvent};
use client_model::ClientIn;
use server_model::ServerIn;
use sim_core::{Sdu, Time};
use std::collections::VecDeque;

use super::route::Message;

/// The declared faults of a run, and how far it has come.
#[derive(Clone, Debug)]
pub(super) struct Faults {
    spec: FaultSpec,
    image_len: u32,
    /// Upload requests sent so far.
    sent: u32,
    /// One of them reached the end of the image.
    reached_end: bool,
    /// Requests that a fault is to befall, by their tags.
    request: Option<u32>,
    fragment: Option<u32>,
    response: Option<u32>,
    late: Option<u32>,
    /// Answers on their way to a client that gets them late, the earliest first.
    held: VecDeque<(Time, Sdu)>,
    /// What was told of last: a fault that takes several writes or notifications is told once.
    told: Option<(FaultKind, u32)>,
}

impl Faults {
    /// `None` when nothing is declared.
    pub(super) fn new(spec: FaultSpec, image_len: u32) -> Option<Box<Self>> {
        (!spec.is_empty()).then(|| {
            Box::new(Self {
                spec,
                image_len,
                sent: 0,
                reached_end: false,
                request: None,
                fragment: None,
                response: None,
                late: None,
                held: VecDeque::new(),
                told: None,
            })
        })
    }

    /// The client sent an upload request.
    fn note(&mut self, tag: u32, end: u32) {
        self.sent += 1;
        let is_last = end >= self.image_len && !self.reached_end;
        self.reached_end |= is_last;
        let Self { spec, sent, .. } = self;
        for (nth, doomed) in [
            (spec.drop_request, &mut self.request),
            (spec.drop_fragment, &mut self.fragment),
            (spec.drop_response, &mut self.response),
            (spec.late_response, &mut self.late),
        ] {
            if nth.is(*sent, is_last) {
                *doomed = Some(tag);
            }
        }
    }

    /// What befalls a write of this request at the server.
    fn of_write(&mut self, tag: u32) -> Option<FaultKind> {
        if self.request == Some(tag) {
            return Some(FaultKind::DropRequest);
        }
        self.fragment.take_if(|doomed| *doomed == tag).map(|_| FaultKind::DropFragment)
    }

    /// What befalls a notification of the answer to this request at the client.
    fn of_notification(&self, tag: u32) -> Option<FaultKind> {
        let doomed = Some(tag);
        match () {
            () if self.response == doomed => Some(FaultKind::DropResponse),
            () if self.late == doomed => Some(FaultKind::LateResponse),
            () => None,
        }
    }

    /// When the next late answer reaches the client.
    pub(super) fn deadline(&self) -> Option<Time> {
        self.held.front().map(|(due, _)| *due)
    }
}

impl<S: Sink> World<S> {
    #[cold]
    #[inline(never)]
    pub(super) fn note_request(&mut self, tag: u32, end: u32) {
        if let Some(faults) = &mut self.faults {
            faults.note(tag, end);
        }
    }

    /// What the declared faults do to the message that the link has just left in the inbox.
    #[cold]
    #[inline(never)]
    pub(super) fn spoil_last_message(&mut self) {
        match self.inbox.pop_back() {
            Some(Message::Client(ClientIn::Received(sdu))) => {
                let kept = self.keeps_notification(sdu);
                self.inbox.extend(kept.map(|sdu| Message::Client(ClientIn::Received(sdu))));
            }
            Some(Message::Server(input)) => {
                let tag = match &input {
                    ServerIn::Write(sdu) => Some(sdu.tag),
                    ServerIn::Datagram { sdu, .. } | ServerIn::Serial(sdu) => Some(sdu.tag),
                    _ => None,
                };
                if !tag.is_some_and(|tag| self.loses_write(tag)) {
                    self.inbox.push_back(Message::Server(input));
                }
            }
            Some(Message::Client(ClientIn::Lost { reason })) => {
                self.forget_late();
                self.inbox.push_back(Message::Client(ClientIn::Lost { reason }));
            }
            other => self.inbox.extend(other),
        }
    }

    /// Whether a write is lost before the server has it.
    fn loses_write(&mut self, tag: u32) -> bool {
        let fault = self.faults.as_mut().and_then(|faults| faults.of_write(tag));
        fault.inspect(|fault| self.tell_fault(*fault, tag)).is_some()
    }

    /// The notification, unless it is lost or held back.
    fn keeps_notification(&mut self, sdu: Sdu) -> Option<Sdu> {
        let tag = sdu.tag;
        let fault = self.faults.as_ref().and_then(|faults| faults.of_notification(tag));
        let Some(fault) = fault else { return Some(sdu) };
        self.tell_fault(fault, tag);
        if let (Some(faults), FaultKind::LateResponse) = (&mut self.faults, fault) {
            faults.held.push_back((self.now + faults.spec.late, sdu));
            self.wake_for_faults();
        }
        None
    }

    /// Late answers whose time has come reach the client.
    pub(super) fn deliver_late(&mut self) {
        let Some(faults) = &mut self.faults else { return };
        while let Some((_, sdu)) = faults.held.pop_front_if(|(due, _)| *due <= self.now) {
            self.inbox.push_back(Message::Client(ClientIn::Received(sdu)));
        }
    }

    /// The connection is gone, and late answers with it.
    fn forget_late(&mut self) {
        if let Some(faults) = &mut self.faults {
            faults.held.clear();
            self.wake_for_faults();
        }
    }

    /// When the next fault is due.
    pub(super) fn wake_for_faults(&mut self) {
        let power = self.power_cut.map(|cut| Time::ZERO + cut.at);
        let late = self.faults.as_ref().and_then(|faults| faults.deadline());
        self.agenda.set(FAULT, power.into_iter().chain(late).min());
    }

    fn tell_fault(&mut self, fault: FaultKind, tag: u32) {
        let Some(faults) = &mut self.faults else { return };
        if faults.told.replace((fault, tag)) != Some((fault, tag)) {
            self.record(Event::World(WorldEvent::Fault { fault, tag }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Faults;
    use crate::scenario::{FaultSpec, Nth};
    use crate::trace::FaultKind;

    #[test]
    fn a_scenario_without_faults_keeps_none() {
        assert!(Faults::new(FaultSpec::default(), 100).is_none());
    }

    #[test]
    fn requests_are_counted_as_they_are_sent_and_the_last_is_the_first_that_ends_the_image() {
        let spec = FaultSpec {
            drop_request: Nth::Number(2),
            drop_response: Nth::Last,
            ..FaultSpec::default()
        };
        let mut faults = Faults::new(spec, 100).expect("two are declared");
        for (tag, end) in [(11, 40), (12, 80), (13, 100), (14, 100)] {
            faults.note(tag, end);
        }
        let lost = |tag| faults.clone().of_write(tag);
        assert_eq!([11, 12, 13].map(lost), [None, Some(FaultKind::DropRequest), None]);
        let unheard = |tag| faults.of_notification(tag);
        assert_eq!([12, 13, 14].map(unheard), [None, Some(FaultKind::DropResponse), None]);
    }

    #[test]
    fn of_a_request_the_first_fragment_alone_is_lost() {
        let spec = FaultSpec { drop_fragment: Nth::Number(1), ..FaultSpec::default() };
        let mut faults = Faults::new(spec, 100).expect("one is declared");
        faults.note(5, 40);
        let writes = [5, 5, 6].map(|tag| faults.of_write(tag));
        assert_eq!(writes, [Some(FaultKind::DropFragment), None, None]);
    }
}
