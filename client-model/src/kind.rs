//! The names of the clients, and what each is.

use crate::strategy::Transport;
use serde::{Deserialize, Serialize};

/// Where a strategy comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// A real client, followed from its source or from recordings.
    Real,
    /// What no client is known to do.
    Proposed,
    /// A client of another protocol than SMP, with a simple model of its server.
    OtherProtocol,
}

macro_rules! kinds {
    ($($variant:ident, $name:literal, $origin:ident, [$($transport:ident),+], $summary:literal;)+) => {
        /// The client whose ways are followed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum StrategyKind {
            $(#[doc = concat!("`", $name, "`")] #[serde(rename = $name)] $variant,)+
        }

        impl StrategyKind {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The name in scenarios, kebab-case.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// What it is, in one line.
            pub const fn summary(self) -> &'static str {
                match self { $(Self::$variant => $summary,)+ }
            }

            /// Where it comes from.
            pub const fn origin(self) -> Origin {
                match self { $(Self::$variant => Origin::$origin,)+ }
            }

            /// What it can send its frames over.
            pub const fn transports(self) -> &'static [Transport] {
                match self { $(Self::$variant => &[$(Transport::$transport),+],)+ }
            }
        }
    };
}

kinds! {
    Android, "android", Real, [Ble, Udp],
        "nRF Connect Device Manager for Android; window 1 or more";
    Ios, "ios", Real, [Ble],
        "nRF Connect Device Manager for iOS; pipeline of 1 or more";
    Smpclient, "smpclient", Real, [Ble, Udp, Serial],
        "Python library of Intercreate; one at a time, no retry";
    Smpmgr, "smpmgr", Real, [Ble, Udp, Serial],
        "command line over smpclient; answers within 2 s";
    McumgrToolkit, "mcumgr-toolkit", Real, [Serial],
        "Rust library and mcumgrctl; one at a time, 10 s for everything";
    McumgrClient, "mcumgr-client", Real, [Udp, Serial],
        "Rust command line; 512 octets a chunk, answers within 200 ms, four retries";
    GoMcumgr, "go-mcumgr", Real, [Ble, Udp, Serial],
        "mcumgr command line in Go; error codes ignored, repeats for ever";
    ZephyrImgMgmtClient, "zephyr-img-mgmt-client", Real, [Ble, Udp, Serial],
        "Zephyr's img_mgmt client; every request again each 500 ms";
    NcsCentralSample, "ncs-central-sample", Real, [Ble],
        "DevZone DFU sample for a central; fixed chunks, one at a time";
    AdaptiveWindow, "adaptive-window", Proposed, [Ble, Udp, Serial],
        "window that grows by one and halves on a loss";
    GoBack, "go-back", Proposed, [Ble, Udp, Serial],
        "goes back to the server's offset at the first answer that shows a gap";
    RttTimeout, "rtt-timeout", Proposed, [Ble, Udp, Serial],
        "time-outs from measured round trips";
    FlashAligned, "flash-aligned", Proposed, [Ble, Udp, Serial],
        "chunks that end where flash blocks end";
    PacketMatched, "packet-matched", Proposed, [Ble],
        "frames that fill link layer packets";
    EraseAhead, "erase-ahead", Proposed, [Ble, Udp, Serial],
        "erases the slot by a command before the upload";
    IntervalControl, "interval-control", Proposed, [Ble],
        "long interval and supervision timeout around erases, short interval for data";
    ResumeUpdate, "resume-update", Proposed, [Ble, Udp, Serial],
        "goes on after a lost link within the same update";
    SmpsimBest, "smpsim-best", Proposed, [Ble, Udp, Serial],
        "what of all these helps, together";
    SeedOwnProtocol, "seed-own-protocol", OtherProtocol, [Ble],
        "a user's own protocol: packets with an offset into a ring, echo of the last one";
    NordicSecureDfu, "nordic-secure-dfu", OtherProtocol, [Ble],
        "Nordic's buttonless Secure DFU with packet receipt notifications; simple model";
    TiOad, "ti-oad", OtherProtocol, [Ble],
        "TI's over-the-air download, blocks asked for by offset; simple model";
}

impl StrategyKind {
    /// Whether `client.window` means something to it.
    pub const fn has_window(self) -> bool {
        matches!(self, Self::Android | Self::Ios | Self::SeedOwnProtocol)
            || matches!(self.origin(), Origin::Proposed)
    }

    /// The strategy of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }
}
