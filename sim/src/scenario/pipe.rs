//! What carries the frames of a scenario, when it is no radio link, and what fits it.

use super::ScenarioError;
use super::gateway::{FleetOrder, FleetSpec};
use super::resolve::Resolver;
use super::value::Value;
use super::{Scenario, Settings};
use client_model::{StrategyKind, Transport};
use link_model::{DatagramConfig, SerialConfig};
use sim_core::{Ppm, Span};

/// The key that chooses.
const KIND: &str = "link.kind";

/// The key that names the client.
const STRATEGY: &str = "client.strategy";

/// The key of the longest line.
const LINE_LEN: &str = "serial.line_len";

/// The shortest line: marker, four characters of base64, line feed.
const LINE_MIN: u64 = 7;

/// Words of `link.kind`.
pub(super) const KINDS: &[&str] = &["ble", "udp", "serial"];

/// What carries the frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carriage {
    /// The radio link of [`Scenario::link`].
    Ble,
    /// Datagrams.
    Udp(DatagramConfig),
    /// A serial line.
    Serial(SerialConfig),
}

impl Carriage {
    /// Its kind.
    pub const fn transport(self) -> Transport {
        match self {
            Self::Ble => Transport::Ble,
            Self::Udp(_) => Transport::Udp,
            Self::Serial(_) => Transport::Serial,
        }
    }
}

/// The word of a transport in `link.kind`.
pub const fn transport_name(transport: Transport) -> &'static str {
    match transport {
        Transport::Ble => KINDS[0],
        Transport::Udp => KINDS[1],
        Transport::Serial => KINDS[2],
    }
}

impl Settings {
    /// What carries the frames.
    pub fn transport(&self) -> Transport {
        match self.get(KIND) {
            Value::Choice("udp") => Transport::Udp,
            Value::Choice("serial") => Transport::Serial,
            _ => Transport::Ble,
        }
    }

    /// Whether the client of `client.strategy` can send over the link of `link.kind`. A scenario in
    /// which it cannot is refused.
    pub fn strategy_applies(&self) -> bool {
        let Value::Choice(name) = self.get(STRATEGY) else { return true };
        let strategy = StrategyKind::from_name(name);
        strategy.is_none_or(|strategy| strategy.transports().contains(&self.transport()))
    }
}

impl Scenario {
    /// What carries the frames.
    pub const fn transport(&self) -> Transport {
        self.carriage.transport()
    }
}

impl Resolver<'_> {
    /// What carries the frames.
    ///
    /// # Errors
    /// When the client, or the order of a fleet, does not fit it.
    pub(super) fn carriage(&self, fleet: FleetSpec) -> Result<Carriage, ScenarioError> {
        let carriage = match self.word(KIND) {
            "udp" => Carriage::Udp(self.udp()),
            "serial" => Carriage::Serial(self.serial()?),
            _ => Carriage::Ble,
        };
        let transport = carriage.transport();
        if transport != Transport::Ble && fleet.order == FleetOrder::AtOnce {
            return Err(ScenarioError::Together {
                key: "fleet.order",
                problem: format!(
                    "at-once is about a radio that several links share; with link.kind = \"{}\" take \
                     one-by-one",
                    transport_name(transport)
                ),
            });
        }
        let strategy =
            StrategyKind::from_name(self.word(STRATEGY)).expect("the choice lists the strategies");
        if !strategy.transports().contains(&transport) {
            let others: Vec<&str> = StrategyKind::ALL
                .iter()
                .filter(|other| other.transports().contains(&transport))
                .map(|other| other.name())
                .collect();
            return Err(ScenarioError::Together {
                key: STRATEGY,
                problem: format!(
                    "{} does not send over link.kind = \"{}\"; those that do are {}",
                    strategy.name(),
                    transport_name(transport),
                    others.join(", ")
                ),
            });
        }
        Ok(carriage)
    }

    fn udp(&self) -> DatagramConfig {
        DatagramConfig {
            latency: Span::from_us(self.number("udp.latency_us")),
            jitter: Span::from_us(self.number("udp.jitter_us")),
            rate: self.octets("udp.rate_Bps"),
            loss: Ppm::new(self.octets("udp.loss_ppm")),
            reorder: Ppm::new(self.octets("udp.reorder_ppm")),
            held_back: Span::from_us(self.number("udp.reorder_us")),
            duplicate: Ppm::new(self.octets("udp.duplicate_ppm")),
            mtu: self.number("udp.mtu") as u16,
        }
    }

    fn serial(&self) -> Result<SerialConfig, ScenarioError> {
        let line = self.number(LINE_LEN);
        if (1..LINE_MIN).contains(&line) {
            return Err(ScenarioError::Together {
                key: LINE_LEN,
                problem: format!(
                    "a line of {line} octets has no room for four characters between its marker and \
                     its end; take {LINE_MIN} or more, or 0 for the client's own"
                ),
            });
        }
        Ok(SerialConfig {
            baud: self.octets("serial.baud"),
            error: Ppm::new(self.octets("serial.error_ppm")),
            rx_ring: self.octets("serial.rx_ring"),
            latency: Span::from_us(self.number("serial.latency_us")),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Carriage;
    use crate::scenario::{Scenario, Settings};
    use flash_model::RadioSync;
    use link_model::{DatagramConfig, SerialConfig};
    use sim_core::{Ppm, Span};

    fn settings(list: &[&str]) -> Settings {
        let mut all = Settings::preset("reference").expect("there is one");
        for setting in list {
            all.set(setting).expect("lawful alone");
        }
        all
    }

    fn resolve(list: &[&str]) -> Result<Scenario, String> {
        Scenario::resolve(&settings(list)).map_err(|e| e.to_string())
    }

    #[test]
    fn the_defaults_of_the_keys_are_those_of_the_links() {
        let udp = resolve(&["link.kind=udp"]).expect("fits").carriage;
        assert_eq!(udp, Carriage::Udp(DatagramConfig::default()));
        let serial = resolve(&["link.kind=serial", "client.strategy=smpclient"]);
        assert_eq!(serial.expect("fits").carriage, Carriage::Serial(SerialConfig::default()));
        assert_eq!(resolve(&["udp.mtu=600"]).expect("fits").carriage, Carriage::Ble);
    }

    #[test]
    fn every_key_reaches_its_link() {
        let udp = [
            "link.kind=udp",
            "udp.latency_us=1",
            "udp.jitter_us=2",
            "udp.rate_Bps=3",
            "udp.loss_ppm=4",
            "udp.reorder_ppm=5",
            "udp.reorder_us=6",
            "udp.duplicate_ppm=7",
            "udp.mtu=1280",
        ];
        let want = DatagramConfig {
            latency: Span::from_us(1),
            jitter: Span::from_us(2),
            rate: 3,
            loss: Ppm::new(4),
            reorder: Ppm::new(5),
            held_back: Span::from_us(6),
            duplicate: Ppm::new(7),
            mtu: 1_280,
        };
        assert_eq!(resolve(&udp).expect("fits").carriage, Carriage::Udp(want));
        let serial = [
            "link.kind=serial",
            "client.strategy=smpclient",
            "serial.baud=9600",
            "serial.error_ppm=1",
            "serial.rx_ring=6",
            "serial.latency_us=2",
        ];
        let want =
            SerialConfig { baud: 9_600, error: Ppm::new(1), rx_ring: 6, latency: Span::from_us(2) };
        assert_eq!(resolve(&serial).expect("fits").carriage, Carriage::Serial(want));
    }

    #[test]
    fn a_client_that_cannot_send_over_the_link_is_refused_with_those_that_can() {
        let list = ["link.kind=serial", "client.strategy=ios"];
        assert!(!settings(&list).strategy_applies());
        assert!(settings(&["client.strategy=ios"]).strategy_applies());
        assert!(settings(&["link.kind=udp"]).strategy_applies());
        let e = resolve(&list).expect_err("must be refused");
        assert!(
            e.starts_with("client.strategy: ios does not send over link.kind = \"serial\""),
            "{e}"
        );
        assert!(e.contains("mcumgr-toolkit, ") && !e.contains("android"), "{e}");
    }

    #[test]
    fn a_line_without_room_for_its_text_is_refused() {
        let line = |line| resolve(&["link.kind=serial", "client.strategy=smpclient", line]);
        let e = line("serial.line_len=6").expect_err("must be refused");
        assert!(e.starts_with("serial.line_len: a line of 6 octets"), "{e}");
        line("serial.line_len=7").expect("one quad a line");
        line("serial.line_len=0").expect("the client's own");
    }

    #[test]
    fn devices_served_at_once_need_a_radio() {
        let e = resolve(&["link.kind=udp", "fleet.order=at-once"]).expect_err("must be refused");
        assert!(e.starts_with("fleet.order: at-once is about a radio"), "{e}");
        resolve(&["link.kind=udp", "fleet.devices=3"]).expect("one by one needs none");
    }

    #[test]
    fn without_a_radio_flash_waits_for_nobody_and_every_write_halts_the_processor() {
        let list = ["link.kind=udp", "flash.radio_sync=mpsl", "flash.deaf_on_write=false"];
        let scenario = resolve(&list).expect("fits");
        assert_eq!(scenario.flash_sync.radio, RadioSync::None);
        assert!(scenario.deaf_on_write);
    }
}
