//! The enumeration group: which groups there are.

use super::{Answer, Code, Context, Outcome, Refusal};
use crate::ServerConfig;
use smp_wire::enumeration::{
    DetailsError, DetailsRequest, GroupDetails, SingleRequest, emit_count, emit_details, emit_list,
    emit_single,
};
use smp_wire::errors::{GroupError, Rc};
use smp_wire::group::{self, enumeration};
use smp_wire::header::OP_READ;

/// `ENUM_MGMT_ERR_TOO_MANY_GROUP_ENTRIES`.
const TOO_MANY_ENTRIES: GroupError = GroupError::new(group::ENUM, 2);
/// `ENUM_MGMT_ERR_INDEX_TOO_LARGE`.
const INDEX_TOO_LARGE: GroupError = GroupError::new(group::ENUM, 4);

/// The largest index that a request may ask for (Zephyr `enum_mgmt.c`, `MAX_MCUMGR_GROUPS`).
const INDEX_MAX: u32 = 0xffff;

/// The groups of Zephyr in the order in which they register: the linker sorts them by the names of
/// their initialisers (Zephyr `handlers.h`, `MCUMGR_HANDLER_DEFINE`).
const REGISTRATION: [(u16, &str); 8] = [
    (group::ENUM, "enum mgmt"),
    (group::FS, "fs mgmt"),
    (group::IMAGE, "img mgmt"),
    (group::OS, "os mgmt"),
    (group::SETTINGS, "settings mgmt"),
    (group::SHELL, "shell mgmt"),
    (group::STAT, "stat mgmt"),
    (group::ZEPHYR_BASIC, "zephyr basic mgmt"),
];

/// The commands of the group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Count,
    List,
    Single,
    Details,
}

impl Command {
    /// The command of this number, if it is built in.
    #[inline(never)]
    pub(crate) fn find(config: &ServerConfig, id: u8) -> Option<Self> {
        let (built_in, command) = match id {
            enumeration::COUNT => (true, Self::Count),
            enumeration::LIST => (true, Self::List),
            enumeration::SINGLE => (true, Self::Single),
            enumeration::DETAILS => (config.enum_details, Self::Details),
            _ => return None,
        };
        (built_in && config.enumeration).then_some(command)
    }

    /// Whether it has a handler for this operation.
    pub(crate) const fn accepts(self, op: u8) -> bool {
        match self {
            Self::Count | Self::List | Self::Single | Self::Details => op == OP_READ,
        }
    }

    /// Runs the handler. Count and list do not look at the payload.
    #[inline(never)]
    pub(crate) fn handle(self, body: &[u8], cx: &Context<'_>, out: &mut Vec<u8>) -> Answer {
        let outcome = match self {
            Self::Count => {
                emit_count(out, cx.form(), groups(cx.config).count());
                Ok(())
            }
            Self::List => {
                let groups: Vec<_> = groups(cx.config).map(|details| details.group).collect();
                emit_list(out, cx.form(), groups.into_iter());
                Ok(())
            }
            Self::Single => single(body, cx, out),
            Self::Details => details(body, cx, out),
        };
        Answer::Now(outcome.and_then(|()| fits(cx, out)))
    }
}

/// The groups that this server has, in the order of their registration.
fn groups(config: &ServerConfig) -> impl Iterator<Item = GroupDetails> {
    REGISTRATION.iter().filter_map(|&(group, name)| {
        let last =
            (0..=u8::MAX).rev().find(|&id| super::Command::find(config, group, id).is_some());
        let handlers = u32::from(last?) + 1;
        Some(GroupDetails { group, name: Some(name), handlers: Some(handlers) })
    })
}

/// Whether this server has such a group, and with it the translation of its errors (Zephyr
/// `mgmt.c`, `mgmt_find_error_translation_function`).
pub(crate) fn registered(config: &ServerConfig, group: u16) -> bool {
    groups(config).any(|details| details.group == group)
}

/// Tells one group by its place in the list (Zephyr `enum_mgmt.c`, `enum_mgmt_single`).
fn single(body: &[u8], cx: &Context<'_>, out: &mut Vec<u8>) -> Outcome {
    let request = SingleRequest::decode(body, cx.dialect()).map_err(|_| Rc::Invalid)?;
    let index = request.index.unwrap_or(0);
    if index > INDEX_MAX {
        return Err(Rc::Invalid.into());
    }
    let mut from = groups(cx.config).skip(index as usize);
    let Some(found) = from.next() else { return Err(INDEX_TOO_LARGE.into()) };
    emit_single(out, cx.form(), found.group, from.next().is_none());
    Ok(())
}

/// Tells details of the groups asked for, or of all (Zephyr `enum_mgmt.c`, `enum_mgmt_details`).
fn details(body: &[u8], cx: &Context<'_>, out: &mut Vec<u8>) -> Outcome {
    let request = match DetailsRequest::decode(body, cx.dialect()) {
        Ok(request) => request,
        Err(DetailsError::Refused(_)) => return Err(Rc::Invalid.into()),
        // The real server never comes back from it. This one owes the answer, and goes on.
        Err(DetailsError::Endless) => {
            return Err(Refusal { code: Code::Silence, why: None, also: None });
        }
    };
    if request.entries > cx.config.enum_max_entries as usize {
        return Err(TOO_MANY_ENTRIES.into());
    }
    let asked = request.groups.ok_or(Rc::Invalid)?;
    let told: Vec<_> = groups(cx.config)
        .filter(|details| asked.is_empty() || asked.contains(&details.group))
        .map(|details| GroupDetails {
            name: details.name.filter(|_| cx.config.enum_names),
            handlers: details.handlers.filter(|_| cx.config.enum_handlers),
            ..details
        })
        .collect();
    emit_details(out, cx.form(), &told);
    Ok(())
}

/// A body that outgrows the buffer is `ECORRUPT` here, and not `EMSGSIZE` as elsewhere, unless only
/// the break that ends it does: that one the handler does not write.
fn fits(cx: &Context<'_>, out: &[u8]) -> Outcome {
    let by_handler = out.len() - usize::from(!cx.config.canonical);
    if by_handler > cx.config.frame_max() { Err(Rc::Corrupt.into()) } else { Ok(()) }
}
