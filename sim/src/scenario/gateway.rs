//! The gateway of a scenario: where it has the image from, and how many devices it serves.

use super::ScenarioError;
use super::resolve::Resolver;
use client_model::{Outages, UplinkConfig};
use sim_core::Span;

/// How a central with several peripherals serves them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FleetOrder {
    /// The next update begins when the one before has ended.
    #[default]
    OneByOne,
    /// All updates begin at once and share the radio of the central.
    AtOnce,
}

impl FleetOrder {
    /// The name in scenarios and documents.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OneByOne => "one-by-one",
            Self::AtOnce => "at-once",
        }
    }
}

/// The peripherals of one central. They are alike; each has its own air.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FleetSpec {
    /// How many there are, at least 1.
    pub devices: u8,
    /// How they are served.
    pub order: FleetOrder,
}

impl Resolver<'_> {
    /// The stream from the host; `None` when `host.rate_Bps` is 0. Devices that are served at once
    /// share its rate in equal parts.
    ///
    /// # Errors
    /// When its values do not fit together.
    pub(super) fn host(&self, fleet: FleetSpec) -> Result<Option<UplinkConfig>, ScenarioError> {
        let rate = self.octets("host.rate_Bps");
        if rate == 0 {
            return Ok(None);
        }
        let [ring, start] = ["host.ring", "host.start_octets"].map(|key| self.octets(key));
        if start > ring {
            return Err(ScenarioError::Together {
                key: "host.start_octets",
                problem: format!(
                    "{start} octets never lie in a ring of {ring}; take at most host.ring"
                ),
            });
        }
        let every = self.number("host.outage_every_s");
        let length = self.number("host.outage_s");
        if every > 0 && length >= every {
            return Err(ScenarioError::Together {
                key: "host.outage_s",
                problem: format!(
                    "outages of {length} s every {every} s leave no time; make them shorter than \
                     host.outage_every_s"
                ),
            });
        }
        let outages = (every > 0 && length > 0).then(|| Outages {
            every: Span::from_s(every),
            length: Span::from_s(length),
            first: Span::ZERO,
        });
        let shares = match fleet.order {
            FleetOrder::AtOnce => u32::from(fleet.devices),
            FleetOrder::OneByOne => 1,
        };
        Ok(Some(UplinkConfig {
            rate: (rate / shares).max(1),
            latency: Span::from_ms(self.number("host.latency_ms")),
            outages,
            block: self.octets("host.block"),
            ring,
            start,
            flow_control: self.truth("host.flow_control"),
        }))
    }

    /// The peripherals.
    pub(super) fn fleet(&self) -> FleetSpec {
        FleetSpec {
            devices: self.number("fleet.devices") as u8,
            order: match self.word("fleet.order") {
                "at-once" => FleetOrder::AtOnce,
                _ => FleetOrder::OneByOne,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::scenario::{Scenario, Settings};

    fn resolve(settings: &[&str]) -> Result<Scenario, String> {
        let mut all = Settings::preset("reference").expect("there is one");
        for setting in settings {
            all.set(setting).expect("lawful alone");
        }
        Scenario::resolve(&all).map_err(|e| e.to_string())
    }

    #[test]
    fn without_a_rate_there_is_no_host_whatever_else_is_said() {
        let settings = ["host.start_octets=1000000", "host.outage_every_s=1", "host.outage_s=9"];
        assert!(resolve(&settings).expect("the host is off").host.is_none());
    }

    #[test]
    fn values_that_leave_the_upload_nothing_are_refused() {
        let e = resolve(&["host.rate_Bps=1", "host.ring=1000", "host.start_octets=1001"]);
        assert!(e.expect_err("must be refused").starts_with("host.start_octets: 1001"));
        let e = resolve(&["host.rate_Bps=1", "host.outage_every_s=5", "host.outage_s=5"]);
        assert!(e.expect_err("must be refused").starts_with("host.outage_s: outages of 5 s"));
    }

    #[test]
    fn devices_served_at_once_share_the_rate_of_the_host() {
        let rate = |order| {
            let settings = ["host.rate_Bps=9001", "fleet.devices=3", order];
            resolve(&settings).expect("they fit").host.expect("it is on").rate
        };
        assert_eq!(rate("fleet.order=at-once"), 3_000);
        assert_eq!(rate("fleet.order=one-by-one"), 9_001);
    }
}
