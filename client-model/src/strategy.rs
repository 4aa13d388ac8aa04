//! What a strategy is: the questions that a session asks, and what it needs to know beforehand.

use crate::config::Image;
use crate::error::ClientError;
use crate::event::Phase;
use sim_core::{Span, Time};
use smp_wire::cbor::MapForm;
use smp_wire::errors::{ErrorBody, find_error};
use smp_wire::image::UploadResponse;
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
    /// ATT MTU; a write holds three octets less.
    pub att_mtu: u16,
    /// The longest frame, header included: the server's buffer size when it told one, else one
    /// write. Never more than 65,535.
    pub max_packet: u16,
    /// The server's buffers, when it told.
    pub buf_count: Option<u32>,
}

/// What to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Send the request that was appended to the body.
    Send(Request),
    /// Nothing until something comes back.
    Wait,
    /// The upload is complete.
    Done,
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
}

/// An upload request that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The n-th request of this upload, from 0.
    pub number: u32,
    /// When it was sent.
    pub at: Time,
    /// What was sent.
    pub request: Request,
}

/// The answer to a request.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// Its CBOR map, as it came.
    pub body: &'a [u8],
    /// The error that the map reports, in either form.
    pub error: Option<ErrorBody>,
}

impl<'a> Answer<'a> {
    /// The answer with this body.
    pub fn new(body: &'a [u8]) -> Self {
        Self { body, error: find_error(body) }
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

/// A client's ways outside the upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Habits {
    /// Version bits of the header: 0 for SMP v1, 1 for SMP v2.
    pub version: u8,
    /// Form of the maps.
    pub map_form: MapForm,
    /// Where sequence numbers come from, and which request an answer belongs to.
    pub seq: SeqRule,
    /// Body of a command without parameters.
    pub empty_body: EmptyBody,
    /// The frame by which the server is asked for its buffers after each connection, if at all.
    pub params: Option<&'static [u8]>,
    /// State writes have `confirm` before `hash`.
    pub confirm_first: bool,
    /// What comes first.
    pub order: Order,
    /// What happens to a frame longer than a write.
    pub oversize: Oversize,
    /// Who ends the connection at the reset.
    pub after_reset: AfterReset,
    /// The answer to the reset does not matter, only that the link goes down.
    pub ignores_reset_answer: bool,
    /// In mode upload only, a reset follows the upload.
    pub resets_after_upload_only: bool,
    /// How long answers are waited for.
    pub timeouts: Timeouts,
}

impl Default for Habits {
    /// SMP v2 with definite maps and counted sequence numbers; asks for nothing but the list
    /// before the upload, splits long frames, and waits 2.5 to 40 s.
    fn default() -> Self {
        Self {
            version: 1,
            map_form: MapForm::Definite,
            seq: SeqRule::Count,
            empty_body: EmptyBody::Map,
            params: None,
            confirm_first: false,
            order: Order::ListFirst,
            oversize: Oversize::Split,
            after_reset: AfterReset::Wait,
            ignores_reset_answer: false,
            resets_after_upload_only: false,
            timeouts: Timeouts {
                params: Some(Span::from_ms(2_500)),
                list: Some(Span::from_s(5)),
                state: Some(Span::from_ms(2_500)),
                erase: Some(Span::from_s(40)),
                reset: Some(Span::from_ms(2_500)),
            },
        }
    }
}

/// Where sequence numbers come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeqRule {
    /// 0 to 255 and round, anew on each connection; an answer belongs to the request with its
    /// number.
    Count,
    /// Always 0; an answer belongs to the oldest request.
    Zero,
}

/// Body of a command without parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmptyBody {
    /// An empty map.
    Map,
    /// No octet.
    Nothing,
}

/// What comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The image list, which decides what there is to do.
    ListFirst,
    /// The upload; the list after it tells which image slot 1 holds.
    UploadFirst,
}

/// What happens to a frame longer than a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Oversize {
    /// It is sent in several writes, as long as the server's buffer holds it.
    Split,
    /// It is an error.
    Refuse,
}

/// Who ends the connection at the reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterReset {
    /// The client waits until the link goes down: with Zephyr's server, the supervision timeout.
    Wait,
    /// The client disconnects when the reset is answered.
    Disconnect,
}

/// How long answers are waited for; `None` waits for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Parameters.
    pub params: Option<Span>,
    /// Image list.
    pub list: Option<Span>,
    /// Test and confirm.
    pub state: Option<Span>,
    /// Erasing the settings.
    pub erase: Option<Span>,
    /// Reset.
    pub reset: Option<Span>,
}
