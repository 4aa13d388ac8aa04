//! The statistics group.

use super::{Answer, Context, Outcome, Refusal};
use crate::{ServerConfig, StatGroup};
use smp_wire::errors::{GroupError, Rc};
use smp_wire::group::{self, stat};
use smp_wire::header::OP_READ;
use smp_wire::stat::{StatRequest, emit_counters, emit_groups};

/// `STAT_MGMT_ERR_INVALID_STAT_NAME`.
const INVALID_NAME: u16 = 3;

/// The commands of the group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Show,
    List,
}

impl Command {
    /// The command of this number, if it is built in.
    #[inline(never)]
    pub(crate) fn find(config: &ServerConfig, id: u8) -> Option<Self> {
        let command = match id {
            stat::SHOW => Self::Show,
            stat::LIST => Self::List,
            _ => return None,
        };
        config.stat.then_some(command)
    }

    /// Whether it has a handler for this operation.
    pub(crate) const fn accepts(self, op: u8) -> bool {
        match self {
            Self::Show | Self::List => op == OP_READ,
        }
    }

    /// Runs the handler. The counters are facts of the device.
    #[inline(never)]
    pub(crate) fn handle(self, body: &[u8], cx: &Context<'_>, out: &mut Vec<u8>) -> Answer {
        let outcome = match self {
            Self::Show => show(body, cx, out),
            Self::List => {
                list(cx, out);
                Ok(())
            }
        };
        Answer::Now(outcome)
    }
}

/// Tells the counters of a group (Zephyr `stat_mgmt.c`, `stat_mgmt_show`).
fn show(body: &[u8], cx: &Context<'_>, out: &mut Vec<u8>) -> Outcome {
    let request = if cx.quirks.stat_by_hand {
        StatRequest::decode_by_hand(body, cx.dialect()).map_err(|_| Rc::Unknown)?
    } else {
        StatRequest::decode(body, cx.dialect()).map_err(|_| Rc::Invalid)?
    };
    let name = request.name.unwrap_or_default();
    if name.is_empty() || name.len() >= cx.config.stat_name_len as usize {
        return Err(Rc::Invalid.into());
    }
    let Some(group) = find(name, cx) else {
        let of =
            if cx.quirks.stat_errors_of_basic_group { group::ZEPHYR_BASIC } else { group::STAT };
        let error = GroupError::new(of, INVALID_NAME);
        return Err(Refusal::by_era(cx.quirks, Rc::Unknown, error));
    };
    let rc = cx.config.success_carries_rc();
    let counters = group.fields.iter().map(|(name, value)| (&**name, *value));
    emit_counters(out, cx.form(), rc, name, counters);
    Ok(())
}

/// The group of that name, which a 0 octet ends as it ends a string of C.
fn find<'a>(name: &[u8], cx: &Context<'a>) -> Option<&'a StatGroup> {
    let name = name.split(|&octet| octet == 0).next().unwrap_or_default();
    cx.config.facts.stats.iter().find(|group| group.name.as_bytes() == name)
}

/// Lists the groups; the payload of the request is not looked at (Zephyr `stat_mgmt.c`,
/// `stat_mgmt_list`).
fn list(cx: &Context<'_>, out: &mut Vec<u8>) {
    let rc = cx.config.success_carries_rc() || cx.quirks.stat_list_carries_rc;
    emit_groups(out, cx.form(), rc, cx.config.facts.stats.iter().map(|group| &*group.name));
}
