//! The list of threads.

use crate::cbor::{MapForm, Writer};

/// One thread, as the server tells of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaskEntry<'a> {
    /// The key of the entry.
    pub name: &'a str,
    /// Priority.
    pub priority: i64,
    /// Its number in the list, from 0.
    pub tid: u32,
    /// State bits of the kernel.
    pub state: u32,
    /// Size of its stack, and what was ever used of it, in words of four octets.
    pub stack: Option<[u64; 2]>,
    /// Time of the processor, in cycles.
    pub runtime: Option<u64>,
    /// The keys that only Mynewt fills follow, all 0.
    pub placeholders: bool,
}

/// Appends the body of a thread list.
pub fn emit_tasks<'a>(
    out: &mut Vec<u8>,
    form: MapForm,
    tasks: impl ExactSizeIterator<Item = TaskEntry<'a>>,
) {
    let mut writer = Writer::new(out, form);
    writer.map(1);
    writer.text("tasks");
    writer.map(tasks.len());
    for task in tasks {
        task.emit(&mut writer);
    }
    writer.end_map();
    writer.end_map();
}

/// Keys that Zephyr has no values for (Zephyr `os_mgmt.c`, `os_mgmt_taskstat_encode_unsupported`).
const PLACEHOLDERS: [&str; 3] = ["cswcnt", "last_checkin", "next_checkin"];

impl TaskEntry<'_> {
    fn emit(&self, writer: &mut Writer<'_>) {
        writer.text(self.name);
        writer.map(self.keys());
        writer.text("prio");
        writer.int(self.priority);
        writer.text("tid");
        writer.uint(self.tid.into());
        writer.text("state");
        writer.uint(self.state.into());
        if let Some([size, used]) = self.stack {
            writer.text("stksiz");
            writer.uint(size);
            writer.text("stkuse");
            writer.uint(used);
        }
        if let Some(runtime) = self.runtime {
            writer.text("runtime");
            writer.uint(runtime);
        }
        for key in PLACEHOLDERS.iter().filter(|_| self.placeholders) {
            writer.text(key);
            writer.uint(0);
        }
        writer.end_map();
    }

    fn keys(&self) -> usize {
        let placeholders = if self.placeholders { PLACEHOLDERS.len() } else { 0 };
        3 + 2 * usize::from(self.stack.is_some())
            + usize::from(self.runtime.is_some())
            + placeholders
    }
}
