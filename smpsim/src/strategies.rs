//! `smpsim strategies`.

use crate::output::{print, print_json};
use crate::{Refusal, Verdict};
use client_model::{Origin, StrategyKind, Transport};
use serde::Serialize;

#[derive(Serialize)]
struct Document {
    schema: &'static str,
    strategies: Vec<Entry>,
}

#[derive(Serialize)]
struct Entry {
    name: &'static str,
    origin: Origin,
    transports: &'static [Transport],
    summary: &'static str,
}

/// The groups, in the order in which they are listed.
const GROUPS: [(Origin, &str); 3] = [
    (Origin::Real, "Real clients"),
    (Origin::Proposed, "What no client is known to do"),
    (Origin::OtherProtocol, "Clients of other protocols, with simple models of both ends"),
];

/// Lists the clients that can be played.
pub(crate) fn run(json: bool) -> Result<Verdict, Refusal> {
    if json {
        let groups = GROUPS.into_iter().flat_map(|(origin, _)| of(origin));
        let strategies = groups.map(entry).collect();
        print_json(&Document { schema: "smpsim.strategies/1", strategies })?;
        return Ok(Verdict::Yes);
    }
    for (n, (origin, title)) in GROUPS.into_iter().enumerate() {
        let gap = if n == 0 { "" } else { "\n" };
        print(&format!("{gap}{title}\n"));
        for kind in of(origin) {
            let Entry { name, transports, summary, .. } = entry(kind);
            let transports = transports.iter().copied().map(word).collect::<Vec<_>>().join(" ");
            print(&format!("  {name:<23} {transports:<15} {summary}\n"));
        }
    }
    print("\nPlay one: smpsim run --strategy NAME; compare: smpsim sweep --strategy A,B\n");
    Ok(Verdict::Yes)
}

fn of(origin: Origin) -> impl Iterator<Item = StrategyKind> {
    StrategyKind::ALL.iter().copied().filter(move |kind| kind.origin() == origin)
}

fn entry(kind: StrategyKind) -> Entry {
    Entry {
        name: kind.name(),
        origin: kind.origin(),
        transports: kind.transports(),
        summary: kind.summary(),
    }
}

const fn word(transport: Transport) -> &'static str {
    match transport {
        Transport::Ble => "ble",
        Transport::Udp => "udp",
        Transport::Serial => "serial",
    }
}
