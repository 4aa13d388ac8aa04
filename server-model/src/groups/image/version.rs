//! Order of versions.

use crate::ServerConfig;
use flash_model::ImageVersion;

/// Whether one version is lower than another; build numbers count where the server is built so
/// (Zephyr `zephyr_img_mgmt.c`, `img_mgmt_vercmp`).
pub(super) fn is_older(version: ImageVersion, than: ImageVersion, config: &ServerConfig) -> bool {
    if config.compare_build_number {
        return version < than;
    }
    let without_build = |version| ImageVersion { build: 0, ..version };
    without_build(version) < without_build(than)
}
