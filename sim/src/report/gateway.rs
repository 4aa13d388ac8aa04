//! What the host's stream did to the upload of a gateway.

use super::budget::{BudgetFold, Cause};
use super::document::seconds;
use client_model::{ClientEvent, Phase};
use serde::{Serialize, Serializer};
use sim_core::{Span, Time};

/// The host's stream and the ring, as a document tells of them.
#[derive(Clone, Debug, Default, Serialize)]
pub struct GatewayDoc {
    /// How long the gateway waited for the begin of the image before it connected.
    #[serde(serialize_with = "seconds")]
    pub buffer_s: Span,
    /// Times that the upload had to wait for octets.
    pub underruns: u32,
    /// How long it so waited with no request outstanding; a part of the cause `client`.
    #[serde(serialize_with = "seconds")]
    pub starved_s: Span,
    /// Times that octets found no room in the ring.
    pub overflows: u32,
    /// Octets that came and were dropped.
    pub dropped_octets: u64,
    /// Most octets that the ring held.
    pub ring_max: u32,
    /// When the last octet of the image came, from the start of the run; `None` when it did not.
    #[serde(serialize_with = "moment")]
    pub host_done_s: Option<Time>,
}

/// Folds what the client says of its host.
#[derive(Clone, Debug, Default)]
pub struct GatewayFold {
    document: GatewayDoc,
    /// When the wait before the connection began.
    buffering: Option<Time>,
    /// The time of the cause `client` when the upload began to wait.
    starved_at: Option<Span>,
    /// Nothing has been taken since octets found no room.
    dropping: bool,
    /// Octets that have come, and when the last of them did.
    arrived: (u32, Time),
}

impl GatewayFold {
    /// What there is to tell of an image of `len` octets.
    pub fn document(&self, len: u32) -> GatewayDoc {
        let (end, at) = self.arrived;
        GatewayDoc { host_done_s: (end == len).then_some(at), ..self.document.clone() }
    }

    /// Takes one event of the client. `budget` has taken it already.
    #[cold]
    pub(super) fn client(&mut self, at: Time, event: &ClientEvent, budget: &BudgetFold) {
        let document = &mut self.document;
        match *event {
            ClientEvent::Phase { phase } => {
                self.finish(at, budget);
                self.buffering = (phase == Phase::Buffer).then_some(at);
            }
            ClientEvent::Buffered { end, held } => {
                document.ring_max = document.ring_max.max(held);
                self.dropping = false;
                if end > self.arrived.0 {
                    self.arrived = (end, at);
                }
            }
            ClientEvent::Overflow { len, .. } => {
                document.overflows += u32::from(!self.dropping);
                document.dropped_octets += u64::from(len);
                self.dropping = true;
            }
            ClientEvent::Starved { .. } => {
                document.underruns += 1;
                self.starved_at = Some(client_time(budget, at));
            }
            ClientEvent::Fed { .. } => self.finish(at, budget),
            _ => {}
        }
    }

    /// Closes the wait that is still open.
    pub(super) fn finish(&mut self, at: Time, budget: &BudgetFold) {
        if let Some(begun) = self.buffering.take() {
            self.document.buffer_s += at.since(begun);
        }
        if let Some(before) = self.starved_at.take() {
            self.document.starved_s += client_time(budget, at).saturating_sub(before);
        }
    }
}

fn client_time(budget: &BudgetFold, at: Time) -> Span {
    budget.until(at).of(Cause::Client)
}

#[expect(clippy::ref_option, reason = "serde's `serialize_with` passes a reference")]
fn moment<S: Serializer>(at: &Option<Time>, serializer: S) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => serializer.serialize_some(&at.as_secs_f64()),
        None => serializer.serialize_none(),
    }
}
