//! Partition tables of builds, read into a [`Layout`]: the partition manager's YAML and Zephyr's
//! devicetree.

mod devicetree;
mod partition_manager;

use flash_model::{Area, Geometry, Layout};

/// Why a file gives no layout.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LayoutFileError {
    /// Something in a line.
    #[error("{file}:{line}: {problem}")]
    Line {
        /// File name.
        file: String,
        /// Line, counted from 1.
        line: usize,
        /// What is wrong and what was expected.
        problem: String,
    },
    /// Something about the whole.
    #[error("{file}: {problem}")]
    Whole {
        /// File name.
        file: String,
        /// What is wrong and what to do.
        problem: String,
    },
}

/// Reads a partition table: a partition manager file (`partitions.yml` of a build, or
/// `pm_static.yml`), or devicetree source with `fixed-partitions` (`zephyr.dts` of a build, a board
/// file or an overlay). A name that ends in `.yml`, `.yaml`, `.dts`, `.dtsi` or `.overlay` tells
/// which; otherwise the text does. `name` also stands in messages.
///
/// # Errors
/// What is wrong or missing, with the line. Whether the partitions suit a part is for
/// [`Layout::check`] to tell.
pub fn parse(name: &str, text: &str) -> Result<Layout, LayoutFileError> {
    let partitions = if is_devicetree(name, text) {
        devicetree::read(text)
    } else {
        partition_manager::read(text)
    };
    partitions.and_then(Partitions::layout).map_err(|problem| problem.of(name))
}

fn is_devicetree(name: &str, text: &str) -> bool {
    match name.rsplit('.').next() {
        Some("yml" | "yaml") => false,
        Some("dts" | "dtsi" | "overlay") => true,
        _ => text.contains("};"),
    }
}

/// A complaint, with its line where it has one.
#[derive(Debug)]
struct Problem {
    line: Option<usize>,
    text: String,
}

impl Problem {
    fn at(line: usize, text: impl Into<String>) -> Self {
        Self { line: Some(line), text: text.into() }
    }

    fn whole(text: impl Into<String>) -> Self {
        Self { line: None, text: text.into() }
    }

    fn of(self, file: &str) -> LayoutFileError {
        let (file, problem) = (file.to_owned(), self.text);
        match self.line {
            Some(line) => LayoutFileError::Line { file, line, problem },
            None => LayoutFileError::Whole { file, problem },
        }
    }
}

/// The partitions that matter here, as far as a file has them.
struct Partitions {
    boot: Option<Area>,
    slots: [Area; 2],
    scratch: Option<Area>,
    storage: Option<Area>,
}

impl Partitions {
    /// The layout, when no two partitions overlap. Without a partition for the boot loader, it has
    /// what lies before the others.
    fn layout(self) -> Result<Layout, Problem> {
        /// Pages and size of the part are not known here.
        const ANY: Geometry = Geometry { size: u32::MAX, page: 1, write_size: 1 };
        let Self { boot, slots, scratch, storage } = self;
        let all = slots.into_iter().chain(scratch).chain(storage);
        let first = all.map(|area| area.start).min().unwrap_or(0);
        let boot = boot.unwrap_or(Area::new(0, first));
        let layout = Layout { boot, slots, scratch, storage };
        layout.check(&ANY).map_err(|e| Problem::whole(e.to_string()))?;
        Ok(layout)
    }
}
