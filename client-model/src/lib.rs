//! The client of an SMP firmware update: the session from connecting to the confirmed
//! image, and the strategies by which real clients upload, each with its own habits and faults.
//! It knows no link layer and no server, does no IO and reads no clock: notifications and times
//! come in, writes go out.
//!
//! [`Client`] is one machine made of two parts. The *session* connects, asks for the server's
//! parameters and the image list, tests, resets, waits for the swap, comes back and confirms. The
//! *strategy* ([`Strategy`]) decides what the upload looks like on the wire: which chunk goes next,
//! how many are outstanding, what a lost or refused one means. A strategy of one's own needs three
//! methods; the tests hold an example.
//!
//! ```
//! use client_model::{Client, ClientConfig, ClientIn, ClientOut, Image, StrategyKind};
//! use sim_core::{Machine, Time};
//!
//! let image = Image::new(vec![0; 1000].into(), [1; 32], [2; 32]);
//! let mut client = Client::new(ClientConfig::new(StrategyKind::Android, image));
//! client.handle(Time::ZERO, ClientIn::Start, ());
//! let connects = std::iter::from_fn(|| client.poll())
//!     .any(|out| matches!(out, ClientOut::Connect { .. }));
//! assert!(connects);
//! ```

mod config;
mod error;
mod event;
pub mod fit;
pub mod frames;
mod kind;
mod machine;
mod session;
pub mod strategies;
mod strategy;
mod uplink;

pub use config::{ClientConfig, Era, Image, LenRule, Mode, OtherOptions};
pub use error::{ClientError, Finish, Outcome};
pub use event::{ClientEvent, Phase};
pub use kind::{Origin, StrategyKind};
pub use machine::{Client, ClientIn, ClientOut};
pub use strategy::{
    AfterReset, Answer, AskParams, CloneStrategy, EmptyBody, Failure, Flow, Habits, Limits,
    LinkParams, Next, Oversize, Request, Retry, Sent, SeqRule, SerialWays, Strategy, Timeouts,
    Transport, View,
};
pub use uplink::{Outages, UplinkConfig};
