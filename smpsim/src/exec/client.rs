//! The client that an external program plays.

use super::lines::{ActionLine, Done, EventLine};
use super::process::Process;
use super::{Complaint, Slot};
use client_model::frames::{FrameAction, FrameClient, FrameEvent, Outgoing, Protocol};
use client_model::{ClientConfig, ClientError, Finish, LinkParams, Mode, Outcome};
use sim::report::hex;
use sim_core::{Span, Time};
use std::sync::{Arc, PoisonError};

/// More turns than that at one moment, and the program gets nowhere.
const TURNS_AT_ONCE: u32 = 10_000;

/// The image that the program is to install.
#[derive(Clone, Debug)]
pub(super) struct ImageFacts {
    pub(super) file: String,
    pub(super) size: u32,
    pub(super) sha256: [u8; 32],
    pub(super) tlv_sha256: [u8; 32],
}

/// A client program. A copy is another process that is told the same events again.
#[derive(Debug)]
pub(super) struct External {
    command: Arc<str>,
    image: ImageFacts,
    mode: &'static str,
    window: u8,
    estimated_swap: Span,
    draw: u64,
    complaint: Slot,
    process: Option<Process>,
    /// The events so far.
    told: Vec<String>,
    last: Time,
    turns_at_once: u32,
}

impl Clone for External {
    fn clone(&self) -> Self {
        Self {
            command: Arc::clone(&self.command),
            image: self.image.clone(),
            complaint: Arc::clone(&self.complaint),
            process: None,
            told: self.told.clone(),
            ..*self
        }
    }
}

impl External {
    pub(super) fn new(
        command: &Arc<str>,
        image: ImageFacts,
        config: &ClientConfig,
        complaint: &Slot,
    ) -> Self {
        Self {
            command: Arc::clone(command),
            image,
            mode: match config.mode {
                Mode::TestAndConfirm => "test-and-confirm",
                Mode::ConfirmOnly => "confirm-only",
                Mode::TestOnly => "test-only",
                Mode::UploadOnly => "upload-only",
            },
            window: config.window,
            estimated_swap: config.estimated_swap,
            draw: config.draw,
            complaint: Arc::clone(complaint),
            process: None,
            told: Vec::new(),
            last: Time::ZERO,
            turns_at_once: 0,
        }
    }

    /// The process; one that a copy starts is first told what the original was.
    fn process(&mut self) -> Result<&mut Process, String> {
        if self.process.is_none() {
            let mut process = Process::start(&self.command)?;
            for event in &self.told {
                process.turn(event)?;
            }
            self.process = Some(process);
        }
        Ok(self.process.as_mut().expect("it was just put there"))
    }

    fn turn(&mut self, now: Time, event: FrameEvent<'_>) -> Result<Vec<ActionLine>, String> {
        self.turns_at_once = if now == self.last { self.turns_at_once + 1 } else { 0 };
        self.last = now;
        if self.turns_at_once > TURNS_AT_ONCE {
            return Err(format!("{TURNS_AT_ONCE} turns at {now} and no end: give its timers time"));
        }
        let line = self.line(now, event);
        let actions = self.process()?.turn(&line)?;
        self.told.push(line);
        Ok(actions)
    }

    fn line(&self, now: Time, event: FrameEvent<'_>) -> String {
        let now_us = now.since(Time::ZERO).as_us();
        let image = &self.image;
        let digests = [hex(&image.sha256), hex(&image.tlv_sha256)];
        let octets =
            if let FrameEvent::Received(bytes) = event { hex(bytes) } else { String::new() };
        let line = match event {
            FrameEvent::Start => EventLine::Start {
                now_us,
                image_file: &image.file,
                image_size: image.size,
                image_sha256: &digests[0],
                image_tlv_sha256: &digests[1],
                mode: self.mode,
                window: self.window,
                estimated_swap_us: self.estimated_swap.as_us(),
                draw: self.draw,
            },
            FrameEvent::Ready { limits } => EventLine::Connected {
                now_us,
                transport: limits.transport,
                att_mtu: limits.att_mtu,
                write_max: limits.max_packet,
            },
            FrameEvent::Received(_) => EventLine::Frame { now_us, hex: &octets },
            FrameEvent::Timer => EventLine::Timer { now_us },
            FrameEvent::Lost { reason } => EventLine::Lost { now_us, reason },
            FrameEvent::ConnectFailed { attempts } => EventLine::ConnectFailed { now_us, attempts },
        };
        serde_json::to_string(&line).expect("text and numbers are always JSON")
    }

    /// The action, or why it cannot be carried out.
    fn action(&self, now: Time, line: ActionLine) -> Result<FrameAction, String> {
        Ok(match line {
            ActionLine::Connect {} => FrameAction::Connect,
            ActionLine::Send { hex } => FrameAction::Send(Outgoing::new(frame(&hex)?)),
            ActionLine::Timer { at_us: Some(_), after_us: Some(_) } => {
                return Err("a timer has at_us or after_us, not both".to_owned());
            }
            ActionLine::Timer { at_us, after_us } => {
                let at = at_us.map(|us| Time::ZERO + Span::from_us(us));
                FrameAction::SetTimer(at.or(after_us.map(|us| now + Span::from_us(us))))
            }
            ActionLine::Params { interval_us, latency, timeout_ms } => {
                FrameAction::SetParams(LinkParams {
                    interval: Span::from_us(interval_us),
                    latency,
                    timeout: Span::from_ms(timeout_ms),
                })
            }
            ActionLine::Disconnect {} => FrameAction::Disconnect,
            ActionLine::Done { outcome } => FrameAction::Finish(Finish {
                outcome: match outcome {
                    Done::Confirmed => Outcome::Confirmed,
                    Done::Tested => Outcome::Tested,
                    Done::Uploaded => Outcome::Uploaded,
                },
                error: None,
            }),
            ActionLine::Failed { reason, code } => {
                self.complain(Complaint::GaveUp(reason));
                gave_up(code)
            }
            ActionLine::Wait {} => unreachable!("it ends the turn and is no action"),
        })
    }

    fn complain(&self, complaint: Complaint) {
        *self.complaint.lock().unwrap_or_else(PoisonError::into_inner) = Some(complaint);
    }
}

/// Longest time that a line may name, microseconds: a year. A run lasts a day at most.
const MOST_US: u64 = 366 * 86_400_000_000;

impl FrameClient for External {
    fn protocol(&self) -> Protocol {
        Protocol::Smp
    }

    fn handle(&mut self, now: Time, event: FrameEvent<'_>, actions: &mut Vec<FrameAction>) {
        let lines = self.turn(now, event);
        let done = lines.and_then(|lines| {
            lines
                .into_iter()
                .map(|line| self.action(now, bounded(line)?))
                .collect::<Result<Vec<_>, _>>()
        });
        match done {
            Ok(done) => actions.extend(done),
            Err(problem) => {
                self.complain(Complaint::Broken(problem));
                actions.push(gave_up(0));
            }
        }
    }
}

fn gave_up(code: u32) -> FrameAction {
    let error = ClientError::External { code };
    FrameAction::Finish(Finish { outcome: Outcome::Failed, error: Some(error) })
}

/// Refuses times that no arithmetic here has room for.
fn bounded(line: ActionLine) -> Result<ActionLine, String> {
    let times = match &line {
        ActionLine::Timer { at_us, after_us } => [at_us.unwrap_or(0), after_us.unwrap_or(0)],
        ActionLine::Params { interval_us, timeout_ms, .. } => {
            [*interval_us, timeout_ms.saturating_mul(1_000)]
        }
        _ => [0; 2],
    };
    match times.into_iter().find(|us| *us > MOST_US) {
        None => Ok(line),
        Some(us) => Err(format!("{us} us is more than a year")),
    }
}

/// The octets of a frame, whose header tells its length.
fn frame(text: &str) -> Result<Vec<u8>, String> {
    let octets = (text.bytes().all(|c| c.is_ascii_hexdigit()) && text.len().is_multiple_of(2))
        .then(|| {
            (0..text.len())
                .step_by(2)
                .map(|i| u8::from_str_radix(&text[i..i + 2], 16).ok())
                .collect::<Option<Vec<u8>>>()
        })
        .flatten()
        .ok_or_else(|| format!("hex is not pairs of hex digits: {}", super::lines::shown(text)))?;
    let header = smp_wire::header::Header::parse(&octets)
        .map_err(|_| format!("{} octets are no SMP frame: its header has 8", octets.len()))?;
    let len = smp_wire::header::HEADER_LEN + usize::from(header.len);
    if len == octets.len() {
        Ok(octets)
    } else {
        Err(format!("a frame of {} octets whose header tells {len}", octets.len()))
    }
}
