//! Which frames arrive, found out with echoes before anything depends on it.
//!
//! The request for parameters tells how long a buffer is, not whether the server puts a request
//! together from several writes; and a server without that command tells nothing. What a server
//! cannot take it drops in silence, and for a first chunk the silence of a long erase looks the same.
//! An echo settles it in one round trip. A server without the echo command answers, too: that it has
//! none.

use super::Session;
use super::plan::{Purpose, Step};
use super::requests::Seq;
use crate::error::ClientError;
use crate::fit::ATT_HEADER;
use crate::strategy::{Limits, Transport};
use sim_core::{Span, Time};
use smp_wire::cbor::MapForm;
use smp_wire::errors::{ErrorBody, Rc};
use smp_wire::group;
use smp_wire::header::OP_WRITE;
use smp_wire::os::EchoRequest;
use smp_wire::serial;

/// An echo is given up after this at the latest (model choice: four times the round trip at the
/// slowest intervals in use, 400 ms).
const TIMEOUT_MAX: Span = Span::from_s(2);
/// And not sooner than after this (model choice).
const TIMEOUT_MIN: Span = Span::from_ms(100);
/// An echo may take so many times as long as the request for parameters did, and once more for each
/// of so many octets: about what that request and its answer have on the wire, so that a slow line is
/// no silence (model choice).
const ROUND_TRIPS: u64 = 8;
const OCTETS_OF_ROUND_TRIP: u64 = 64;
/// Buffers of a server whose builder sets nothing (Zephyr `CONFIG_MCUMGR_TRANSPORT_NETBUF_SIZE`).
const DEFAULT_BUFFER: u16 = 384;
/// Lengths to try, below one write, where the server tells nothing (model choice).
const LENGTHS: [u16; 4] = [DEFAULT_BUFFER, 256, 128, 64];
/// A letter whose octets no server takes for the header of a request: they announce more than they
/// bring.
const FILL: u8 = b'~';
/// More than one write by so little that the second holds no header: a server that takes it for a
/// request of its own drops it (Zephyr `smp.c`, `smp_process_request_packet`).
const BEYOND_WRITE: u16 = 4;

/// What is being tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Probe {
    /// A frame of more than one write.
    Reassembly,
    /// A frame of this length.
    Length(u16),
}

impl Session {
    /// Whether an upload is still to come, for which the length of frames matters.
    fn uploads_later(&self) -> bool {
        self.plan.iter().any(|step| {
            matches!(step, Step::List(Purpose::Validate) | Step::Upload | Step::ResumeUpload)
        })
    }

    /// Takes over what is known of such a link, where nothing is to come but short commands.
    pub(super) fn take_known_limits(&mut self) -> bool {
        let Limits { transport, att_mtu, .. } = self.limits;
        let fits = |known: &Limits| (known.transport, known.att_mtu) == (transport, att_mtu);
        match self.known.filter(fits) {
            Some(known) if !self.uploads_later() => {
                self.limits = known;
                true
            }
            _ => false,
        }
    }

    /// Octets of one write.
    fn write_max(&self) -> u16 {
        self.limits.att_mtu.saturating_sub(ATT_HEADER)
    }

    fn told(&self) -> bool {
        self.limits.buf_count.is_some()
    }

    /// How often a command is sent at most. On a Bluetooth link a probe without an answer was
    /// dropped; elsewhere it may have been lost.
    pub(super) fn tries(&self) -> u8 {
        match (self.step, self.limits.transport) {
            (Step::Probe, Transport::Ble) => 1,
            (Step::Probe, _) => 2,
            _ => self.habits.retry.tries,
        }
    }

    /// How long the answer to an echo is waited for: by the round trip of the request for parameters,
    /// which came just before it.
    pub(super) fn probe_timeout(&self) -> Span {
        let Some(round_trip) = self.round_trip else { return TIMEOUT_MAX };
        let octets = u64::from(self.probe_len().unwrap_or(0));
        let timeout = round_trip * (ROUND_TRIPS + octets / OCTETS_OF_ROUND_TRIP);
        timeout.clamp(TIMEOUT_MIN, TIMEOUT_MAX)
    }

    /// Octets of the echo that is being tried.
    fn probe_len(&self) -> Option<u16> {
        match self.probe? {
            Probe::Length(len) => Some(len),
            Probe::Reassembly => Some(self.write_max().saturating_add(BEYOND_WRITE)),
        }
    }

    /// Tries what has to be tried.
    pub(super) fn begin_probing(&mut self, now: Time) -> Result<(), ClientError> {
        self.probe = self.first_probe();
        self.probe_on(now)
    }

    /// What is to be tried first, if anything.
    fn first_probe(&mut self) -> Option<Probe> {
        let write = self.write_max();
        let splits = self.limits.transport == Transport::Ble;
        if self.limits.transport == Transport::Udp {
            self.limits.max_packet = self.limits.max_packet.min(write);
        }
        match self.told() {
            true if splits && self.limits.max_packet > write => Some(Probe::Reassembly),
            true => None,
            false if splits && write < DEFAULT_BUFFER => Some(Probe::Reassembly),
            // Lines are put together in any case.
            false if self.limits.transport == Transport::Serial => {
                Some(Probe::Length(DEFAULT_BUFFER - serial::OVERHEAD as u16))
            }
            false => Some(Probe::Length(write)),
        }
    }

    /// Sends the echo.
    pub(super) fn send_probe(&mut self, now: Time) -> Result<(), ClientError> {
        let Some(len) = self.probe_len() else { return Ok(()) };
        self.limits.max_packet = self.limits.max_packet.max(len);
        let (group, id) = (group::OS, group::os::ECHO);
        let mut frame = self.requests.open(&self.habits, OP_WRITE, group, id);
        echo(&mut frame, len, self.habits.map_form);
        self.send_command(now, frame, Seq::Next)
    }

    /// The echo came back, or was answered with an error, or with nothing.
    pub(super) fn probe_answered(
        &mut self,
        now: Time,
        error: Option<ErrorBody>,
    ) -> Result<(), ClientError> {
        self.probed(now, error != Some(ErrorBody::Rc(Rc::Corrupt.code())))
    }

    /// Whether what was tried arrives as a whole; the next try, if one is needed.
    pub(super) fn probed(&mut self, now: Time, arrives: bool) -> Result<(), ClientError> {
        let write = self.write_max();
        let probe = self.probe.take();
        self.probe = match (probe, arrives) {
            (Some(Probe::Reassembly), _) if self.told() => {
                if !arrives {
                    self.limits.max_packet = write;
                }
                None
            }
            (Some(Probe::Reassembly), true) => Some(Probe::Length(DEFAULT_BUFFER)),
            (Some(Probe::Reassembly), false) => Some(Probe::Length(write)),
            (Some(Probe::Length(len)), true) => {
                self.limits.max_packet = len;
                None
            }
            (Some(Probe::Length(len)), false) => {
                let shorter =
                    LENGTHS.into_iter().chain([write]).filter(|&length| length < len).max();
                self.limits.max_packet = shorter.unwrap_or(write);
                shorter.map(Probe::Length)
            }
            (None, _) => None,
        };
        self.probe_on(now)
    }

    fn probe_on(&mut self, now: Time) -> Result<(), ClientError> {
        self.unanswered = 0;
        if self.probe.is_some() {
            return self.issue(now);
        }
        self.known = Some(self.limits);
        self.next_step(now)
    }
}

/// Completes a frame of `len` octets that asks for the echo of one letter. Behind the map it is filled
/// up with octets that no server looks at (Zephyr `smp.c`), so that the answer is short: that of a long
/// text would be longer than its request, and a datagram of that length need not come back.
fn echo(frame: &mut Vec<u8>, len: u16, form: MapForm) {
    EchoRequest { d: &[FILL] }.emit(frame, form);
    let filled = frame.len().max(len.into());
    frame.resize(filled, FILL);
}

#[cfg(test)]
mod tests {
    use super::{FILL, echo};
    use smp_wire::cbor::{Dialect, MapForm};
    use smp_wire::os::EchoRequest;

    #[test]
    fn an_echo_has_the_length_that_is_tried_and_asks_for_one_letter() {
        for form in [MapForm::Definite, MapForm::Indefinite] {
            for len in [64, 128, 182, 244, 248, 384, 495, 499, 514, 2_475] {
                let mut frame = vec![0; 8];
                echo(&mut frame, len, form);
                assert_eq!(frame.len(), usize::from(len));
                let echo = EchoRequest::decode(&frame[8..], Dialect::default());
                assert_eq!(echo.map(|echo| echo.d), Ok(&[FILL][..]));
            }
        }
    }
}
