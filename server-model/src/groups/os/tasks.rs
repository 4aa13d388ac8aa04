//! The list of threads.

use crate::Thread;
use crate::groups::Context;
use smp_wire::os::{TaskEntry, emit_tasks};

/// Lists the threads; the payload of the request is not looked at (Zephyr `os_mgmt.c`,
/// `os_mgmt_taskstat_read`).
pub(super) fn list(cx: &Context<'_>, out: &mut Vec<u8>) {
    let threads = cx.config.facts.threads.iter();
    emit_tasks(out, cx.form(), threads.map(|thread| entry(thread, cx)));
}

fn entry<'a>(thread: &'a Thread, cx: &Context<'_>) -> TaskEntry<'a> {
    let all = !cx.config.taskstat_only_supported;
    let priority = i64::from(thread.priority);
    TaskEntry {
        name: &thread.name,
        priority: if cx.config.taskstat_signed_priority {
            priority
        } else {
            // Sign-extended to 32 bits, and told as what these bits mean without a sign.
            i64::from(thread.priority.cast_unsigned())
        },
        tid: thread.tid,
        state: thread.state,
        stack: thread.stack_size.map(|size| {
            let used = thread.stack_used.unwrap_or(0);
            [size.into(), used.into()]
        }),
        runtime: thread.runtime.or(all.then_some(0)),
        placeholders: all,
    }
}
