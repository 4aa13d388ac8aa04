//! Reading partition tables.

use crate::Refusal;
use crate::output::read_text;
use flash_model::Layout;
use sim::layout_file;
use std::path::Path;

/// The name of a layout preset, when it is one. It means the preset, also where a file of that name
/// lies.
pub(crate) fn preset_name(name: &Path) -> Option<&str> {
    name.to_str().filter(|name| Layout::preset(name).is_some())
}

/// What a partition table says.
pub(crate) fn file(path: &Path) -> Result<Layout, Refusal> {
    layout_file::parse(&path.display().to_string(), &read_text(path)?).map_err(Refusal::new)
}
