//! Real clients, one file or folder each; `proposed` holds what no client is known to do.

mod android;
mod ending;
mod go_mcumgr;
mod ios;
mod mcumgr_client;
mod mcumgr_toolkit;
mod ncs_central_sample;
mod nordic_secure_dfu;
mod proposed;
mod seed_own_protocol;
mod smpclient;
mod ti_oad;
mod zephyr_img_mgmt_client;

pub use android::{Android, AndroidWindow};
pub use go_mcumgr::GoMcumgr;
pub use ios::Ios;
pub use mcumgr_client::McumgrClient;
pub use mcumgr_toolkit::McumgrToolkit;
pub use ncs_central_sample::NcsCentralSample;
pub use smpclient::Smpclient;
pub use zephyr_img_mgmt_client::ZephyrImgMgmtClient;

use crate::config::ClientConfig;
use crate::frames::FrameClient;
use crate::kind::StrategyKind as Kind;
use crate::strategy::Strategy;

/// The strategy that the settings describe. Clients of other protocols have none.
pub(crate) fn build(config: &ClientConfig) -> Box<dyn Strategy> {
    match config.strategy {
        Kind::Android => {
            Android::build(config.era, config.window.max(1), config.memory_alignment.max(1))
        }
        Kind::Ios => ios::build(config),
        Kind::Smpclient | Kind::Smpmgr => smpclient::build(config),
        Kind::McumgrToolkit => mcumgr_toolkit::build(config),
        Kind::McumgrClient => mcumgr_client::build(config),
        Kind::GoMcumgr => go_mcumgr::build(config),
        Kind::ZephyrImgMgmtClient => zephyr_img_mgmt_client::build(config),
        Kind::NcsCentralSample => Box::new(NcsCentralSample::build(config)),
        Kind::AdaptiveWindow
        | Kind::GoBack
        | Kind::RttTimeout
        | Kind::FlashAligned
        | Kind::PacketMatched
        | Kind::EraseAhead
        | Kind::IntervalControl
        | Kind::ResumeUpdate
        | Kind::SmpsimBest => proposed::build(config),
        Kind::SeedOwnProtocol | Kind::NordicSecureDfu | Kind::TiOad => {
            unreachable!("clients of other protocols speak no SMP")
        }
    }
}

/// The client of another protocol that the settings name.
pub(crate) fn build_other(config: &ClientConfig) -> Box<dyn FrameClient> {
    match config.strategy {
        Kind::NordicSecureDfu => nordic_secure_dfu::build(config),
        Kind::TiOad => ti_oad::build(config),
        _ => seed_own_protocol::build(config),
    }
}
