//! What a strategy is: the questions that a session asks, and what it needs to know beforehand.

mod habits;

pub use habits::{
    AfterReset, AskParams, EmptyBody, Flow, Habits, Oversize, Retry, SeqRule, SerialWays, Timeouts,
};

use crate::config::Image;
use crate::error::ClientError;
use crate::event::Phase;
use crate::fit::ATT_HEADER;
use serde::{Deserialize, Serialize};
use sim_core::{Span, Time};
use smp_wire::errors::{ErrorBody, find_error};
use smp_wire::header::Header;
use smp_wire::image::UploadResponse;
use smp_wire::serial;
use std::fmt;

/// How one client uploads.
///
/// After each event the session asks [`Strategy::next`] until it no longer says [`Next::Send`].
/// Everything else has a default: no retries, SMP v2, the flow of [`Habits::default`].
pub trait Strategy: CloneStrategy + fmt::Debug + Send {
    /// The client's ways outside the upload; asked once.
    fn habits(&self) -> Habits {
        Habits::default()
    }

    /// Its ways over this kind of link, where they depend on it; asked after each connection.
    fn habits_over(&self, transport: Transport) -> Habits {
        let _ = transport;
        self.habits()
    }

    /// The upload begins, perhaps for the second time: everything before is forgotten.
    ///
    /// # Errors
    /// Whatever ends the update, such as a link on which nothing fits.
    fn begin(&mut self, view: &View<'_>) -> Result<(), ClientError>;

    /// What to do now. For [`Next::Send`], the request's CBOR map was appended to `body`, which
    /// ends with the SMP header; otherwise `body` is as it was.
    ///
    /// # Errors
    /// Whatever ends the update, such as a chunk that does not fit.
    fn next(&mut self, view: &View<'_>, body: &mut Vec<u8>) -> Result<Next, ClientError>;

    /// A request was answered; most begin with [`Answer::upload`].
    ///
    /// # Errors
    /// Whatever ends the update.
    fn answer(
        &mut self,
        view: &View<'_>,
        sent: &Sent,
        answer: &Answer<'_>,
    ) -> Result<(), ClientError>;

    /// A request will not be answered. Without this method the update ends.
    ///
    /// # Errors
    /// Whatever ends the update.
    fn failed(
        &mut self,
        view: &View<'_>,
        sent: &Sent,
        failure: Failure,
    ) -> Result<(), ClientError> {
        let _ = (view, sent, failure);
        Err(ClientError::Timeout { phase: Phase::Upload })
    }

    /// A frame came that answers none of the requests outstanding: late, repeated, or somebody
    /// else's. Without this method it is ignored.
    ///
    /// # Errors
    /// Whatever ends the update.
    fn stray(&mut self, view: &View<'_>, header: Header) -> Result<(), ClientError> {
        let _ = (view, header);
        Ok(())
    }

    /// The connection parameters that the client's host should ask for now; asked before each
    /// [`Strategy::next`], when [`Habits::sets_params`]. Only Bluetooth links have them.
    fn wants_params(&mut self, view: &View<'_>) -> Option<LinkParams> {
        let _ = view;
        None
    }

    /// The link went down with these requests unanswered, which will stay so. `true`: connect
    /// again and go on where [`Strategy::next`] says. Without this method the update ends.
    fn survives_link_loss(&mut self, view: &View<'_>) -> bool {
        let _ = view;
        false
    }
}

/// Clones a strategy behind a box; every strategy that is `Clone` has it.
pub trait CloneStrategy {
    /// A copy in a box of its own.
    fn clone_box(&self) -> Box<dyn Strategy>;
}

impl<S: Strategy + Clone + 'static> CloneStrategy for S {
    fn clone_box(&self) -> Box<dyn Strategy> {
        Box::new(self.clone())
    }
}

impl Clone for Box<dyn Strategy> {
    fn clone(&self) -> Self {
        (**self).clone_box()
    }
}

/// What a strategy sees when it is asked.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// Now.
    pub now: Time,
    /// The image.
    pub image: &'a Image,
    /// What the link and the server take.
    pub limits: Limits,
    /// Upload requests that are neither answered nor failed.
    pub outstanding: usize,
}

/// What the link and the server take, as far as the client knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// What carries the frames.
    pub transport: Transport,
    /// ATT MTU; a write holds three octets less. Of a datagram or a serial line: three octets more
    /// than one write, which is a datagram or a line, holds.
    pub att_mtu: u16,
    /// The longest frame, header included: the server's buffer size when it told one, else one
    /// write. Never more than 65,535.
    pub max_packet: u16,
    /// The server's buffers, when it told.
    pub buf_count: Option<u32>,
}

impl Limits {
    /// The longest frame that can arrive, as far as the client knows: a datagram is not divided, and
    /// in the buffer behind a serial console a packet's length and CRC take their four octets.
    pub const fn longest_frame(&self) -> u16 {
        match self.transport {
            Transport::Udp if self.att_mtu.saturating_sub(ATT_HEADER) < self.max_packet => {
                self.att_mtu.saturating_sub(ATT_HEADER)
            }
            Transport::Serial if self.buf_count.is_some() => {
                self.max_packet.saturating_sub(serial::OVERHEAD as u16)
            }
            _ => self.max_packet,
        }
    }
}

/// What carries the frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Transport {
    /// GATT writes and notifications.
    #[default]
    Ble,
    /// Datagrams, a frame each.
    Udp,
    /// Lines of a serial console, base64 with a checksum.
    Serial,
}

/// Connection parameters as a central's host sets them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkParams {
    /// Connection interval, a multiple of 1.25 ms.
    pub interval: Span,
    /// Peripheral latency, events.
    pub latency: u16,
    /// Supervision timeout, a multiple of 10 ms.
    pub timeout: Span,
}

/// What to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Send the request that was appended to the body.
    Send(Request),
    /// Nothing until something comes back.
    Wait,
    /// Nothing until something comes back, or until this moment.
    WaitUntil(Time),
    /// The upload is complete.
    Done,
    /// Nothing, ever: the client hangs, whatever comes.
    Hang,
}

/// One upload request, as its strategy describes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// Where in the image its data begin.
    pub off: u32,
    /// Octets of data.
    pub len: u32,
    /// It fails when it is not answered within this; `None` waits for ever.
    pub timeout: Option<Span>,
    /// Sent under this sequence number, as clients do that repeat a frame as it was; `None` takes
    /// the next.
    pub seq: Option<u8>,
}

/// An upload request that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The n-th request of this upload, from 0.
    pub number: u32,
    /// When it was sent.
    pub at: Time,
    /// Its sequence number.
    pub seq: u8,
    /// What was sent.
    pub request: Request,
}

/// The answer to a request.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// Its header.
    pub header: Header,
    /// Its CBOR map, as it came.
    pub body: &'a [u8],
    /// The error that the map reports, in either form.
    pub error: Option<ErrorBody>,
}

impl<'a> Answer<'a> {
    /// The answer with this header and body.
    pub fn new(header: Header, body: &'a [u8]) -> Self {
        Self { header, body, error: find_error(body) }
    }

    /// The answer to an upload request, read as a tolerant client does.
    ///
    /// # Errors
    /// [`ClientError::UploadRejected`] for either error form, [`ClientError::MalformedAnswer`] for
    /// what is no map.
    pub fn upload(&self) -> Result<UploadResponse, ClientError> {
        let phase = Phase::Upload;
        match self.error {
            Some(error) => Err(ClientError::refused(phase, error)),
            None => UploadResponse::decode(self.body)
                .map_err(|_| ClientError::MalformedAnswer { phase }),
        }
    }
}

/// Why a request will not be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Its time is up.
    Timeout,
    /// Its sequence number was needed again.
    Overwritten,
}

#[cfg(test)]
mod tests {
    use super::{Limits, Transport};

    #[test]
    fn a_frame_leaves_room_for_what_the_link_adds() {
        let longest = |transport, att_mtu, max_packet, buf_count| {
            Limits { transport, att_mtu, max_packet, buf_count }.longest_frame()
        };
        assert_eq!(longest(Transport::Ble, 498, 2_475, Some(4)), 2_475);
        assert_eq!(longest(Transport::Udp, 1_475, 2_048, Some(4)), 1_472);
        assert_eq!(longest(Transport::Udp, 1_475, 384, Some(4)), 384);
        assert_eq!(longest(Transport::Serial, 130, 2_475, Some(4)), 2_471);
        assert_eq!(longest(Transport::Serial, 130, 127, None), 127);
    }
}
