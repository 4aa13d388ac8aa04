//! A client's upload on a link without delay: what it sends, what it gets, how it ends.

use super::fault::Fault;
use super::sender::Sender;
use super::server::{Server, is_upload, respond};
use super::setup::Setup;
use super::timeouts::{SetTimeouts, Timed};
use crate::conform::difference::Difference;
use client_model::{Client, ClientError, ClientEvent, ClientIn, ClientOut, Phase};
use sim_core::{Machine as _, Sdu, Span, Time};
use smp_wire::cbor::MapForm;
use smp_wire::errors::ErrorBody;
use smp_wire::header::{HEADER_LEN, Header};
use smp_wire::image::UploadResponse;
use std::collections::BTreeMap;

/// Steps of a run; more means that client or server do not come to rest.
const STEP_BOUND: u32 = 10_000_000;

/// How an upload ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Every octet is acknowledged, as the client sees it.
    Completed,
    /// The client gave up.
    Failed(ClientError),
    /// It was stopped after so many upload requests as were allowed.
    Stopped,
    /// The client waits for ever.
    Stuck,
}

/// What became of a request, if not the usual.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Served,
    RequestLost,
    ResponseLost,
    Delayed,
    Refused,
    /// The server had restarted.
    StateLost,
    /// Answered by the script, with an error code.
    Scripted,
}

/// One upload request.
#[derive(Clone, Debug)]
pub(super) struct Upload {
    pub(super) frame: Vec<u8>,
    /// Octets of each write, line or datagram.
    pub(super) wire: Vec<usize>,
    pub(super) fate: Fate,
    /// What the server answered, also if it got lost.
    pub(super) response: Option<UploadResponse>,
    /// The client had not ended when the server was done with it.
    pub(super) in_time: bool,
}

/// What a run needs to know beside its setup.
#[derive(Clone, Copy, Debug)]
pub(super) struct Conditions {
    pub(super) fault: Fault,
    pub(super) timeouts: Option<SetTimeouts>,
    /// Upload requests after which the run is stopped.
    pub(super) bound: usize,
    pub(super) carries_rc: bool,
    /// The server says in the last response whether the digest fits.
    pub(super) tells_match: bool,
}

/// What a run came to.
#[derive(Clone, Debug)]
pub(super) struct Outcome {
    pub(super) uploads: Vec<Upload>,
    pub(super) end: End,
    /// The server has the whole image.
    pub(super) complete: bool,
}

enum Event {
    ToClient(ClientIn),
    /// A frame reaches the server; the number of the upload request if it is one.
    ToServer {
        frame: Vec<u8>,
        pieces: Vec<Vec<u8>>,
        upload: Option<usize>,
    },
}

struct Run<'s> {
    setup: &'s Setup,
    conditions: Conditions,
    client: Client,
    server: Server,
    now: Time,
    events: BTreeMap<(Time, u64), Event>,
    count: u64,
    sender: Sender,
    uploads: Vec<Upload>,
    uploading: bool,
    end: Option<End>,
    /// The server is busy until then.
    busy_until: Time,
    /// The response to the last chunk was lost already.
    last_lost: bool,
}

/// Runs the upload to its end.
pub(super) fn run(setup: &Setup, conditions: Conditions) -> Result<Outcome, Difference> {
    let mut strategy = setup.config.build_strategy();
    if let Some(timeouts) = conditions.timeouts {
        strategy = Box::new(Timed::new(strategy, timeouts));
    }
    let mut server = Server::new(setup, conditions.carries_rc)?;
    let told = conditions.tells_match || conditions.fault == Fault::MatchFalse;
    server.tells = told.then_some(conditions.fault != Fault::MatchFalse);
    if let Fault::ResumeAt(octets) = conditions.fault {
        server.hold(&setup.config.image, octets)?;
    }
    let mut run = Run {
        setup,
        conditions,
        client: Client::with_strategy(setup.config.clone(), strategy),
        server,
        now: Time::ZERO,
        events: BTreeMap::new(),
        count: 0,
        sender: Sender::new(setup.transport),
        uploads: Vec::new(),
        uploading: false,
        end: None,
        busy_until: Time::ZERO,
        last_lost: false,
    };
    run.after(Span::ZERO, Event::ToClient(ClientIn::Start));
    let end = run.until_end()?;
    let complete = run.server.holds(&setup.config.image);
    Ok(Outcome { uploads: run.uploads, end, complete })
}

impl Run<'_> {
    fn until_end(&mut self) -> Result<End, Difference> {
        for _ in 0..STEP_BOUND {
            let event = self.events.keys().next().copied();
            let due = self.client.deadline().filter(|_| self.end.is_none());
            match (event, due) {
                (Some(key), due) if due.is_none_or(|due| key.0 <= due) => {
                    self.now = self.now.max(key.0);
                    let event = self.events.remove(&key).expect("it was just seen");
                    self.take(event)?;
                }
                (_, Some(due)) => {
                    self.now = self.now.max(due);
                    self.client.on_deadline(self.now, ());
                }
                (_, None) => return Ok(self.end.unwrap_or(End::Stuck)),
            }
            self.listen();
        }
        Ok(self.end.unwrap_or(End::Stopped))
    }

    fn after(&mut self, span: Span, event: Event) {
        self.count += 1;
        self.events.insert((self.now + span, self.count), event);
    }

    fn take(&mut self, event: Event) -> Result<(), Difference> {
        match event {
            Event::ToClient(_) if self.end.is_some() => Ok(()),
            Event::ToClient(input) => {
                self.client.handle(self.now, input, ());
                Ok(())
            }
            Event::ToServer { frame, pieces, upload } => self.serve(&frame, &pieces, upload),
        }
    }

    /// Takes what the client says.
    fn listen(&mut self) {
        while let Some(out) = self.client.poll() {
            if self.end.is_some() {
                continue;
            }
            match out {
                ClientOut::Connect { .. } => {
                    self.after(Span::ZERO, Event::ToClient(ClientIn::Connected));
                }
                ClientOut::Discover => {
                    let (transport, att_mtu) = (self.setup.transport, self.setup.att_mtu);
                    let ready = ClientIn::Ready { transport, att_mtu };
                    self.after(Span::ZERO, Event::ToClient(ready));
                }
                ClientOut::Write(sdu) => self.write(&sdu),
                ClientOut::Finished(finish) => {
                    self.end = Some(finish.error.map_or(End::Completed, End::Failed));
                }
                ClientOut::Trace(ClientEvent::Phase { phase }) => self.enter(phase),
                _ => {}
            }
        }
    }

    /// The upload is over when something else begins; how it ended when nothing does is told by the
    /// finish that follows.
    fn enter(&mut self, phase: Phase) {
        match phase {
            Phase::Upload => self.uploading = true,
            Phase::Done => {}
            _ if self.uploading => self.end = Some(End::Completed),
            _ => {}
        }
    }

    /// Puts a write to those before it; a whole frame goes to the server.
    fn write(&mut self, sdu: &Sdu) {
        let Some((frame, pieces)) = self.sender.take(&sdu.bytes) else { return };
        let Ok(header) = Header::parse(&frame) else { return };
        let upload = is_upload(&header).then_some(self.uploads.len());
        if let Some(n) = upload {
            let (wire, fate) = (pieces.iter().map(Vec::len).collect(), self.fate(n as u32 + 1));
            self.uploads.push(Upload {
                frame: frame.clone(),
                wire,
                fate,
                response: None,
                in_time: false,
            });
            if self.uploads.len() >= self.conditions.bound {
                self.end = Some(End::Stopped);
            }
            if fate == Fate::RequestLost {
                return;
            }
        }
        // "Every response so long after its request": also that to the request for parameters, which
        // a client sends before the upload. Whether it is in time is for the time-out that the
        // client has for it, see `SetTimeouts`.
        let mut span = Span::ZERO;
        if let Fault::Latency(latency) = self.conditions.fault {
            self.busy_until = self.busy_until.max(self.now) + latency;
            span = self.busy_until.since(self.now);
        }
        self.after(span, Event::ToServer { frame, pieces, upload });
    }

    /// What is to become of the n-th upload request.
    fn fate(&self, n: u32) -> Fate {
        match self.conditions.fault {
            Fault::DropRequest(at) if at == n => Fate::RequestLost,
            Fault::DropResponse(at) if at == n => Fate::ResponseLost,
            Fault::LateResponse(at, _) if at == n => Fate::Delayed,
            Fault::Refuse(at) if at == n => Fate::Refused,
            Fault::StateLost(at) if at == n => Fate::StateLost,
            Fault::Rc(_, at) if at == n => Fate::Scripted,
            Fault::RcAlways(_) => Fate::Scripted,
            _ => Fate::Served,
        }
    }

    fn serve(
        &mut self,
        frame: &[u8],
        pieces: &[Vec<u8>],
        upload: Option<usize>,
    ) -> Result<(), Difference> {
        let fate = upload.map_or(Fate::Served, |n| self.uploads[n].fate);
        let Some(answer) = self.answer(fate, frame, pieces)? else { return Ok(()) };
        let mut span = Span::ZERO;
        if let Some(n) = upload {
            let response = UploadResponse::decode(&answer[HEADER_LEN..]).ok();
            self.uploads[n].response = response;
            self.uploads[n].in_time = self.end.is_none();
            let last = response.and_then(|r| r.off) == Some(self.setup.announced);
            if last && self.conditions.fault == Fault::DropLastResponse && !self.last_lost {
                self.last_lost = true;
                self.uploads[n].fate = Fate::ResponseLost;
            }
            match (self.uploads[n].fate, self.conditions.fault) {
                (Fate::ResponseLost, _) => return Ok(()),
                (Fate::Delayed, Fault::LateResponse(_, by)) => span = by,
                _ => {}
            }
        }
        let sdu = Sdu { tag: 0, bytes: self.server.on_the_link(answer) };
        self.after(span, Event::ToClient(ClientIn::Received(sdu)));
        Ok(())
    }

    /// The response of the server, or that of the script in its place.
    fn answer(
        &mut self,
        fate: Fate,
        frame: &[u8],
        pieces: &[Vec<u8>],
    ) -> Result<Option<Vec<u8>>, Difference> {
        match (fate, self.conditions.fault) {
            (Fate::Scripted, Fault::Rc(rc, _) | Fault::RcAlways(rc)) => {
                let error = ErrorBody::Rc(rc);
                return Ok(Some(respond(frame, |body| error.emit(body, MapForm::Indefinite))));
            }
            (Fate::Refused, _) => {
                let rc = self.server.carries_rc.then_some(0);
                let off = Some(self.server.expected);
                let refusal = UploadResponse { rc, off, matched: None };
                return Ok(Some(respond(frame, |body| refusal.emit(body, MapForm::Indefinite))));
            }
            (Fate::StateLost, _) => self.server.restart(),
            _ => {}
        }
        self.server.serve(self.now.since(Time::ZERO), frame, pieces)
    }
}
