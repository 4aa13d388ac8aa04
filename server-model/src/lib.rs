//! The SMP ("MCUmgr") server of Zephyr: transport reassembly, buffer pool, work queue, command groups
//! and the image upload, as one machine in virtual time.
//! It knows no radio and no client, keeps no flash of its own, does no IO and reads no clock.
//!
//! The world hands [`Server`] what the link layer takes in ([`ServerIn`]) and carries out what it
//! asks for ([`ServerOut`]): notifications, flash operations one at a time, the reset. Flash is seen
//! through [`flash_model::FlashView`].
//!
//! One request is in process at any time. The work queue waits for flash, and for the link layer's
//! acknowledgement of every notification, before it goes on; whatever arrives meanwhile is queued,
//! or dropped without a word when no buffer is free.
//!
//! What a build of Zephyr can be configured to is a setting in [`ServerConfig`]; what changed from
//! one release to the next is a switch in [`Quirks`].

mod buffers;
mod config;
mod conn_param;
mod event;
pub mod foreign;
mod groups;
mod response;
mod server;
mod transport;
mod worker;

pub use config::{
    ConfigError, DeviceFacts, EraseMode, FsOptions, HookRefusal, Profile, Quirks, Rtc, SWITCHES,
    ServerConfig, Setting, SettingsOptions, ShellAction, ShellCommand, ShellOptions, StatGroup,
    Switch, Thread,
};
pub use event::{DropReason, ServerEvent};
pub use groups::Stream as StreamFlash;
pub use server::{Server, ServerIn, ServerOut};
