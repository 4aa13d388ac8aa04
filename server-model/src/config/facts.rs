//! What a device says of itself: facts of its build, not of the server.

/// Answers that differ from device to device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceFacts {
    /// Host name, or else Bluetooth name; Zephyr says "unknown" without either.
    pub node_name: String,
    /// Revision of the kernel's source, `BUILD_VERSION`.
    pub kernel_release: String,
    /// Version of the kernel, `KERNEL_VERSION_STRING`.
    pub kernel_version: String,
    /// Moment of the build; `None` when it is not told
    /// (`CONFIG_MCUMGR_GRP_OS_INFO_BUILD_DATE_TIME`).
    pub build_date: Option<String>,
    /// Architecture, `CONFIG_ARCH`.
    pub machine: String,
    /// Processor.
    pub processor: String,
    /// Board, with its revision.
    pub board: String,
    /// Threads in the order of the list.
    pub threads: Vec<Thread>,
    /// Groups of statistics in the order of the list.
    pub stats: Vec<StatGroup>,
}

/// A thread in the list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Thread {
    /// Name, or its priority as text where threads have no names.
    pub name: String,
    /// Priority; negative ones are cooperative.
    pub priority: i32,
    /// Number in the list.
    pub tid: u32,
    /// State bits of the kernel.
    pub state: u32,
    /// Size of the stack in words of 4 octets; `None` where the kernel does not know.
    pub stack_size: Option<u32>,
    /// Words of the stack that were ever used; told as 0 when only the size is known.
    pub stack_used: Option<u32>,
    /// Cycles of the processor that it has used; `None` where the kernel does not count them
    /// (`CONFIG_SCHED_THREAD_USAGE`).
    pub runtime: Option<u64>,
}

/// A group of statistics.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StatGroup {
    /// Name.
    pub name: String,
    /// Counters, in order: name and value. They stay as they are, however much time passes.
    pub fields: Vec<(String, u32)>,
}

impl Default for DeviceFacts {
    /// An nRF52840 DK without a name, and the threads that every server has.
    fn default() -> Self {
        Self {
            node_name: "unknown".to_owned(),
            kernel_release: "v3.2.99".to_owned(),
            kernel_version: "3.2.99".to_owned(),
            build_date: None,
            machine: "arm".to_owned(),
            processor: "cortex-m4".to_owned(),
            board: "nrf52840dk_nrf52840".to_owned(),
            threads: threads_of_every_server(),
            stats: Vec::new(),
        }
    }
}

/// The work queues of the server and of the system, the idle thread and the main thread, as a
/// `smp_svr` sample without stack information lists them while it answers.
fn threads_of_every_server() -> Vec<Thread> {
    const PENDING: u32 = 0x02;
    const SUSPENDED: u32 = 0x10;
    const QUEUED: u32 = 0x80;
    [("mcumgr smp", 3, QUEUED), ("sysworkq", -1, PENDING), ("idle", 15, 0), ("main", 0, SUSPENDED)]
        .into_iter()
        .zip(0..)
        .map(|((name, priority, state), tid)| Thread {
            name: name.to_owned(),
            priority,
            tid,
            state,
            ..Thread::default()
        })
        .collect()
}
