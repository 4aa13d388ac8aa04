//! Real clients, one file or folder each.

mod android;
mod ncs_central_sample;

pub use android::{Android, AndroidWindow};
pub use ncs_central_sample::NcsCentralSample;
