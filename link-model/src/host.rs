//! What the hosts get round to later: writes of a central that thinks before it writes, and data
//! that wait in a controller until they are fetched.

use crate::controller::Payload;
use crate::link::Link;
use crate::trace::Role;
use sim_core::{Sdu, Time};

/// Work of a host at a later moment.
#[derive(Clone, Debug)]
pub(crate) enum HostWork {
    /// The central's host writes.
    Write(Sdu),
    /// The central's host writes and wants an answer.
    WriteRequest(Sdu),
    /// This end's host has fetched a whole frame.
    Fetch(Role, Payload),
}

impl HostWork {
    fn role(&self) -> Role {
        match self {
            Self::Write(_) | Self::WriteRequest(_) => Role::Central,
            Self::Fetch(role, _) => *role,
        }
    }
}

impl Link {
    /// Puts work off until `at`, behind what else is due by then.
    #[cold]
    #[inline(never)]
    pub(crate) fn put_off(&mut self, at: Time, work: HostWork) {
        let place = self.host_work.partition_point(|(due, _)| *due <= at);
        self.host_work.insert(place, (at, work));
    }

    /// Does the work that is due first.
    #[cold]
    #[inline(never)]
    pub(crate) fn do_host_work(&mut self) {
        match self.host_work.pop_front() {
            Some((_, HostWork::Write(sdu))) => self.hand_to_controller(sdu),
            Some((_, HostWork::WriteRequest(sdu))) => self.request_write(sdu),
            Some((_, HostWork::Fetch(role, payload))) => self.take(role, payload),
            None => {}
        }
    }

    /// Forgets the work of an end that has left the connection.
    #[cold]
    #[inline(never)]
    pub(crate) fn forget_host_work(&mut self, role: Role) {
        self.host_work.retain(|(_, work)| work.role() != role);
    }
}
