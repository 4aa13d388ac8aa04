//! The request for a fast connection while requests arrive.

use sim_core::{Span, Time};

/// Connection parameters as a peripheral asks for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ConnParams {
    /// Units of 1.25 ms.
    pub(crate) interval_min: u16,
    /// Units of 1.25 ms.
    pub(crate) interval_max: u16,
    /// Connection events that the peripheral may miss.
    pub(crate) latency: u16,
    /// Supervision timeout in units of 10 ms.
    pub(crate) timeout: u16,
}

/// 7.5 to 11.25 ms, 420 ms (Zephyr `subsys/mgmt/mcumgr` Kconfig,
/// `CONFIG_MCUMGR_SMP_BT_CONN_PARAM_CONTROL_*`).
const FAST: ConnParams = ConnParams { interval_min: 6, interval_max: 9, latency: 0, timeout: 42 };

/// 30 to 50 ms, 420 ms (Zephyr `subsys/bluetooth` Kconfig, `CONFIG_BT_PERIPHERAL_PREF_*`).
const PREFERRED: ConnParams =
    ConnParams { interval_min: 24, interval_max: 40, latency: 0, timeout: 42 };

/// Quiet time after which the preferred parameters come back
/// (`CONFIG_MCUMGR_SMP_BT_CONN_PARAM_CONTROL_RESTORE_TIME`).
const RESTORE_AFTER: Span = Span::from_ms(5000);

/// Time after which a request that the host could not begin with is repeated
/// (`CONFIG_MCUMGR_SMP_BT_CONN_PARAM_CONTROL_RETRY_TIME`).
const RETRY_AFTER: Span = Span::from_ms(1000);

/// Whether the fast connection is asked for, and until when (Zephyr `smp_bt.c`,
/// `conn_param_smp_enable` and its work items).
#[derive(Clone, Debug)]
pub(crate) struct ConnParamControl {
    enabled: bool,
    /// Set while the fast parameters are in force.
    restore_at: Option<Time>,
    /// Set after a failure until the request is repeated.
    retry_at: Option<Time>,
}

impl ConnParamControl {
    pub(crate) const fn new(enabled: bool) -> Self {
        Self { enabled, restore_at: None, retry_at: None }
    }

    /// The first fragment of a request has come.
    pub(crate) fn on_request(&mut self, now: Time) -> Option<ConnParams> {
        if !self.enabled {
            return None;
        }
        let was_fast = self.restore_at.replace(now + RESTORE_AFTER).is_some();
        (!was_fast).then_some(FAST)
    }

    /// When to call [`Self::on_deadline`].
    pub(crate) fn deadline(&self) -> Option<Time> {
        match (self.restore_at, self.retry_at) {
            (Some(restore), Some(retry)) => Some(restore.min(retry)),
            (restore, retry) => restore.or(retry),
        }
    }

    /// The quiet time is over, or it is time to try again. Either replaces a retry that is due.
    pub(crate) fn on_deadline(&mut self, now: Time) -> ConnParams {
        self.retry_at = None;
        self.restore_at = self.restore_at.filter(|&at| at > now);
        if self.restore_at.is_some() { FAST } else { PREFERRED }
    }

    /// The host could not begin with the last request.
    #[cold]
    pub(crate) fn on_failure(&mut self, now: Time) {
        self.retry_at = self.enabled.then_some(now + RETRY_AFTER);
    }

    /// The connection is gone, and its parameters with it.
    pub(crate) const fn on_disconnect(&mut self) {
        self.restore_at = None;
        self.retry_at = None;
    }
}

#[cfg(test)]
mod tests {
    use super::{ConnParamControl, FAST, PREFERRED};
    use sim_core::{Span, Time};

    const fn ms(ms: u64) -> Time {
        Time::from_ns(ms * 1_000_000)
    }

    #[test]
    fn the_first_request_asks_and_the_last_one_sets_when_it_ends() {
        let mut control = ConnParamControl::new(true);
        assert_eq!(control.on_request(ms(10)), Some(FAST));
        assert_eq!(control.on_request(ms(2_000)), None);
        assert_eq!(control.deadline(), Some(ms(2_000) + Span::from_s(5)));
        assert_eq!(control.on_deadline(ms(7_000)), PREFERRED);
        assert_eq!(control.deadline(), None);
        assert_eq!(control.on_request(ms(9_000)), Some(FAST));
    }

    #[test]
    fn a_new_connection_starts_slow() {
        let mut control = ConnParamControl::new(true);
        control.on_request(ms(10));
        control.on_disconnect();
        assert_eq!(control.deadline(), None);
        assert_eq!(control.on_request(ms(20)), Some(FAST));
    }

    #[test]
    fn a_request_that_failed_is_repeated_each_second_with_what_holds_by_then() {
        let mut control = ConnParamControl::new(true);
        control.on_request(ms(0));
        control.on_failure(ms(0));
        assert_eq!(control.deadline(), Some(ms(1_000)));
        assert_eq!(control.on_deadline(ms(1_000)), FAST);
        assert_eq!(control.deadline(), Some(ms(5_000)));
        assert_eq!(control.on_deadline(ms(5_000)), PREFERRED);
        control.on_failure(ms(5_000));
        assert_eq!(control.on_deadline(ms(6_000)), PREFERRED);
        control.on_failure(ms(6_000));
        control.on_disconnect();
        assert_eq!(control.deadline(), None);
    }

    #[test]
    fn switched_off_it_asks_for_nothing() {
        let mut control = ConnParamControl::new(false);
        assert_eq!(control.on_request(ms(10)), None);
        control.on_failure(ms(10));
        assert_eq!(control.deadline(), None);
    }
}
