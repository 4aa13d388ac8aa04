//! Bluetooth controllers by name: how long their events are, what their buffers hold and when they
//! stop starting pairs of packets. Presets of centrals and peripherals and the conformance of link
//! figures take their values from here.

use link_model::{EndConfig, EventEnd};
use sim_core::Span;

/// Time that a `SoftDevice` on an nRF52, and the `SoftDevice` Controller, keep between the last
/// pair and the next event: 809 to 880 us reproduce all 16 rows of the S132 and S140 `SoftDevice`
/// Specification v7, chapter "Bluetooth Low Energy data throughput".
pub const NRF52_OVERHEAD: Span = Span::from_us(830);

/// The same for the S130 on an nRF51: 1589 to 1764 us reproduce the S130 `SoftDevice`
/// Specification, chapter "Bluetooth Low Energy data throughput".
pub const NRF51_OVERHEAD: Span = Span::from_us(1_680);

/// Names of all controllers.
pub const NAMES: &[&str] =
    &["softdevice-nrf52", "softdevice-s130-nrf51", "sdc", "zephyr-ll", "phone"];

/// One end's controller, as it is when nobody configures it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Controller {
    /// Its event length and buffers.
    pub end: EndConfig,
    /// When it starts another pair of packets, where it is the central.
    pub event_end: EventEnd,
}

/// The controller of this name.
pub fn controller(name: &str) -> Option<Controller> {
    Some(match name {
        "softdevice-nrf52" => softdevice_nrf52(),
        "softdevice-s130-nrf51" => softdevice_s130(),
        "sdc" => softdevice_controller(),
        "zephyr-ll" => zephyr_ll(),
        "phone" => phone(),
        _ => return None,
    })
}

/// S132 and S140, from `ble_gap.h` and `ble_gattc.h` of S140 7.3: an event of three units of
/// 1.25 ms that does not extend itself, one write command or notification queued. A queued value
/// is a whole one; with a data length of 251 octets and an ATT MTU of 247 it is one packet.
fn softdevice_nrf52() -> Controller {
    Controller {
        end: EndConfig {
            event_length: Span::from_us(3_750),
            event_extension: false,
            tx_buffers: 1,
            ..EndConfig::default()
        },
        event_end: EventEnd::WorstPair { overhead: NRF52_OVERHEAD },
    }
}

/// S130 with the bandwidth `HIGH`, whose event is as long as the interval. `MID` is a limit of
/// three pairs (same specification as [`NRF51_OVERHEAD`]); the seven packets of `HIGH` follow.
fn softdevice_s130() -> Controller {
    Controller {
        end: EndConfig { event_extension: false, ..EndConfig::default() },
        event_end: EventEnd::WorstPair { overhead: NRF51_OVERHEAD },
    }
}

/// `SoftDevice` Controller of the nRF Connect SDK at its defaults (`sdk-nrf`,
/// `subsys/bluetooth/controller/Kconfig`): 7.5 ms reserved and extended while the radio is free,
/// 3 packets to send, 2 received.
fn softdevice_controller() -> Controller {
    Controller {
        end: EndConfig {
            event_length: Span::from_us(7_500),
            event_extension: true,
            tx_buffers: 3,
            rx_buffers: 2,
            ..EndConfig::default()
        },
        event_end: EventEnd::WorstPair { overhead: NRF52_OVERHEAD },
    }
}

/// Zephyr's own link layer at its defaults (`subsys/bluetooth/{common,controller}/Kconfig`):
/// `BT_BUF_ACL_TX_COUNT` 3 and `BT_CTLR_RX_BUFFERS` 1, events as long as the radio is free. No
/// throughput table of it is published, so its overhead is the `SoftDevice`'s (model choice).
fn zephyr_ll() -> Controller {
    Controller {
        end: EndConfig { tx_buffers: 3, rx_buffers: 1, ..EndConfig::default() },
        event_end: EventEnd::WorstPair { overhead: NRF52_OVERHEAD },
    }
}

/// A phone: its buffers are larger than any upload needs, and it keeps no time free behind the
/// last pair (model choice; 18.3 to 19.0 pairs of 251 octets in 50 ms on LE 1M were measured, where a
/// `SoftDevice` starts 18 when encrypted). Phones stop at a number of pairs, which is for their
/// preset to say.
fn phone() -> Controller {
    Controller {
        end: EndConfig::default(),
        event_end: EventEnd::WorstPair { overhead: Span::ZERO },
    }
}

#[cfg(test)]
mod tests {
    use super::{NAMES, controller};
    use link_model::{LinkConfig, Phy};
    use sim_core::Span;

    /// Pairs of a full and an empty packet that fit an event of `event` on a link of this kind.
    fn pairs(name: &str, event: Span, octets: u8, encrypted: bool) -> u64 {
        let event_end = controller(name).expect("a known name").event_end;
        let link = LinkConfig { phy: Phy::OneM, encrypted, event_end, ..LinkConfig::default() };
        let pair = Phy::OneM.air_time(octets, encrypted)
            + Phy::OneM.air_time(0, encrypted)
            + Span::from_us(300);
        let free = event.as_us() - event_end.needs(link.worst_pair(Phy::OneM, octets)).as_us();
        free / pair.as_us() + 1
    }

    #[test]
    fn every_name_has_a_controller_and_no_other_has() {
        assert!(NAMES.iter().all(|name| controller(name).is_some()));
        assert_eq!(controller("softdevice"), None);
    }

    #[test]
    fn published_pairs_per_event_follow_from_each_controllers_rule() {
        let ms = Span::from_us;
        assert_eq!(pairs("softdevice-nrf52", ms(7_500), 27, true), 9);
        assert_eq!(pairs("sdc", ms(50_000), 251, true), 18);
        assert_eq!(pairs("softdevice-s130-nrf51", ms(7_500), 27, true), 7);
        assert_eq!(pairs("phone", ms(50_000), 251, false), 19);
    }
}
