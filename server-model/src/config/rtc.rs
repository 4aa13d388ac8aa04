//! The device's clock.

/// The real-time clock behind the alias `rtc`, as the application finds it at each start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rtc {
    /// Nobody has set it since the device was powered.
    #[default]
    Unset,
    /// It keeps time.
    Running {
        /// Milliseconds from 1970-01-01T00:00:00 to the beginning of virtual time.
        epoch_ms: u64,
    },
    /// Its driver answers every call with an error.
    Broken,
}
