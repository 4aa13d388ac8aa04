//! `update_instant`: the event at which an update that is sent in a given event comes into force.

use super::super::row::{Figures, Inputs, wrong};
use super::bench::Bench;
use super::config;
use crate::conform::difference::Difference;
use link_model::{ChannelMap, ConnParams, LinkConfig, LinkEvent, LinkIn, Phy, UpdateProcedure};
use serde_json::{Map, Value};
use sim_core::{Sdu, Seed, Span};

/// Events before the one in which the update goes out: procedures that begin with a request need
/// some.
const LEAD: u16 = 8;

/// Data channels of a channel map update: any other than all.
const OTHER_MAP: u64 = 0x1f_ffff_fffe;

/// Runs a connection to the event, starts the procedure and reads its instant.
pub(super) fn update_instant(
    inputs: &Inputs<'_>,
    _: &Map<String, Value>,
) -> Result<Figures, Difference> {
    let counter = inputs.small::<u16>("event_counter")?;
    let params = ConnParams {
        interval: Span::from_us(7_500),
        latency: inputs.small_or("latency")?.unwrap_or(0),
        ..config::LONGEST
    };
    let (procedure, input) = match inputs.text("procedure")? {
        "connection_update" | "connection" => (
            UpdateProcedure::ConnectionUpdate,
            LinkIn::UpdateParams(ConnParams { interval: Span::from_ms(15), ..params }),
        ),
        "phy_update" | "phy" => (UpdateProcedure::PhyUpdate, LinkIn::SetPhy(Phy::TwoM)),
        "channel_map_update" | "channel_map" => (
            UpdateProcedure::ChannelMapUpdate,
            LinkIn::SetChannelMap(ChannelMap::new(OTHER_MAP).expect("36 channels")),
        ),
        other => {
            let known = "connection_update, phy_update or channel_map_update";
            return Err(wrong("procedure", known, other));
        }
    };
    let mut bench = Bench::connected(LinkConfig { params, ..config::plain() }, Seed(1))?;
    bench.run_to_event(counter.wrapping_sub(LEAD))?;
    // Started in the event in which it must go out, or as much earlier as its own requests take.
    for lead in (0..=LEAD).rev() {
        bench.run_to_event(counter.wrapping_sub(lead))?;
        let mut started = bench.clone();
        // A peripheral that has something to send does not sleep through the beginning.
        started.input(LinkIn::Notify(Sdu { tag: 1, bytes: vec![0] }));
        started.input(input.clone());
        let events = started.events_until(counter)?;
        let sent = events.into_iter().find_map(|event| match event {
            LinkEvent::Update { procedure: p, instant, counter } if p == procedure => {
                Some((instant, counter))
            }
            _ => None,
        });
        match sent {
            Some((instant, at)) if at == counter => {
                return Ok(Figures::new().number("instant", instant));
            }
            _ => {}
        }
    }
    let got = "none that goes out in this event";
    Err(Difference::new("link", "an update", got))
}
