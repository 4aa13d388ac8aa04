//! Settings: read, write, delete, commit, load, save.

mod save;
mod storage;

pub(crate) use save::Save;

use super::{Answer, Context, Outcome, Plan, Refusal};
use crate::{HookRefusal, ServerConfig, Setting};
use flash_model::FlashView;
use smp_wire::cbor::empty_map;
use smp_wire::errors::{GroupError, Rc};
use smp_wire::group;
use smp_wire::group::settings;
use smp_wire::header::{OP_READ, OP_WRITE};
use smp_wire::settings::{NameRequest, ReadRequest, ReadResponse, WriteRequest};
use storage::{Stored, Values};

/// The commands of the group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    ReadWrite,
    Delete,
    Commit,
    LoadSave,
}

/// State of the group.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    /// Values in RAM that were written or loaded; the others are those that the application began
    /// with.
    values: Values,
}

/// A code of Zephyr's `enum settings_mgmt_ret_code_t` (`settings_mgmt.h`).
const fn code(code: u16) -> GroupError {
    GroupError::new(group::SETTINGS, code)
}

const UNKNOWN: GroupError = code(1);
const KEY_TOO_LONG: GroupError = code(2);
const KEY_NOT_FOUND: GroupError = code(3);
const READ_NOT_SUPPORTED: GroupError = code(4);
const ROOT_KEY_NOT_FOUND: GroupError = code(5);
const WRITE_NOT_SUPPORTED: GroupError = code(6);
const SAVE_NOT_SUPPORTED: GroupError = code(8);

impl Command {
    /// The command of this number, if it is built in.
    #[inline(never)]
    pub(crate) fn find(config: &ServerConfig, id: u8) -> Option<Self> {
        let command = match id {
            settings::READ_WRITE => Self::ReadWrite,
            settings::DELETE => Self::Delete,
            settings::COMMIT => Self::Commit,
            settings::LOAD_SAVE => Self::LoadSave,
            _ => return None,
        };
        config.settings.then_some(command)
    }

    /// Whether it has a handler for this operation.
    pub(crate) const fn accepts(self, op: u8) -> bool {
        match self {
            Self::ReadWrite | Self::LoadSave => matches!(op, OP_READ | OP_WRITE),
            Self::Delete | Self::Commit => op == OP_WRITE,
        }
    }
}

impl Settings {
    /// The application loads its settings when it starts.
    pub(crate) fn start(&mut self, config: &ServerConfig, flash: &dyn FlashView) {
        if config.settings {
            self.load(config, flash);
        }
    }

    /// Runs the handler of a command.
    #[inline(never)]
    pub(crate) fn handle(
        &mut self,
        command: Command,
        op: u8,
        body: &[u8],
        cx: &Context<'_>,
        out: &mut Vec<u8>,
    ) -> Answer {
        let outcome = match command {
            Command::ReadWrite if op == OP_READ => self.read(body, cx, out),
            Command::ReadWrite => self.write(body, cx, out),
            Command::Delete => return delete(body, cx, out),
            Command::LoadSave if op == OP_WRITE => return self.save(body, cx, out),
            Command::LoadSave => {
                self.load(cx.config, cx.flash);
                empty_map(out, cx.form());
                Ok(())
            }
            // Handlers that only take effect with a commit are not modelled.
            Command::Commit => {
                empty_map(out, cx.form());
                Ok(())
            }
        };
        Answer::Now(outcome)
    }

    /// Tells a value, or as much of it as was asked for (Zephyr `settings_mgmt.c`,
    /// `settings_mgmt_read`).
    fn read(&self, body: &[u8], cx: &Context<'_>, out: &mut Vec<u8>) -> Outcome {
        let request = ReadRequest::decode(body, cx.dialect()).map_err(|_| Rc::Invalid)?;
        let name = name_of(request.name, cx)?;
        let setting = registered(name, cx.config)?;
        if !setting.readable {
            return Err(READ_NOT_SUPPORTED.into());
        }
        let most = cx.config.settings_options.value_len;
        let asked = request.max_size.unwrap_or(most);
        let value = self.values.get(name).unwrap_or(&setting.value);
        let val = &value[..value.len().min(asked.min(most) as usize)];
        let max_size = (asked > most).then_some(most);
        ReadResponse { val, max_size }.emit(out, cx.form());
        Ok(())
    }

    /// Sets a value in RAM (Zephyr `settings_mgmt.c`, `settings_mgmt_write`). A handler refuses one
    /// that is too long with the error that also means "no such handler".
    fn write(&mut self, body: &[u8], cx: &Context<'_>, out: &mut Vec<u8>) -> Outcome {
        let request = WriteRequest::decode(body, cx.dialect()).map_err(|_| Rc::Invalid)?;
        let name = name_of(request.name, cx)?;
        let value = request.val.unwrap_or_default();
        let setting = registered(name, cx.config)?;
        if !setting.writable {
            return Err(WRITE_NOT_SUPPORTED.into());
        }
        if value.len() > setting.max_len as usize {
            return Err(ROOT_KEY_NOT_FOUND.into());
        }
        self.values.insert(name.to_vec(), value.to_vec());
        empty_map(out, cx.form());
        Ok(())
    }

    /// Brings the values of all settings, or of a subtree, into storage (Zephyr `settings_mgmt.c`,
    /// `settings_mgmt_save`). Servers before Zephyr 4 look neither at the request nor at what came
    /// of it.
    fn save(&self, body: &[u8], cx: &Context<'_>, out: &mut Vec<u8>) -> Answer {
        let checked = cx.quirks.settings_save_checked;
        let subtree = match subtree(body, cx) {
            Ok(subtree) => subtree.filter(|_| checked),
            Err(refusal) if checked => return Answer::Now(Err(refusal)),
            Err(_) => None,
        };
        if storage::area(cx).is_none() {
            if checked {
                return Answer::Now(Err(SAVE_NOT_SUPPORTED.into()));
            }
            empty_map(out, cx.form());
            return Answer::Now(Ok(()));
        }
        let stored = storage::read(cx.config, cx.flash);
        let mut values = stored.values.clone();
        for (name, value) in self.current(cx.config) {
            if subtree.is_none_or(|subtree| is_in(name, subtree)) {
                values.insert(name.to_vec(), value.to_vec());
            }
        }
        store(values, &stored, cx, out)
    }

    /// Takes what the storage partition holds into RAM, as far as handlers take it.
    fn load(&mut self, config: &ServerConfig, flash: &dyn FlashView) {
        for (name, value) in storage::read(config, flash).values {
            let taken = registered(&name, config)
                .is_ok_and(|setting| setting.writable && value.len() <= setting.max_len as usize);
            if taken {
                self.values.insert(name, value);
            }
        }
    }

    /// Names and values of all settings.
    fn current<'a>(
        &'a self,
        config: &'a ServerConfig,
    ) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
        config.settings_options.registered.iter().map(|setting| {
            let name = setting.name.as_bytes();
            (name, self.values.get(name).unwrap_or(&setting.value).as_slice())
        })
    }
}

/// Takes a setting out of storage, whether or not it is in it, and whoever it belongs to; its
/// value in RAM stays (Zephyr `settings_store.c`, `settings_delete`).
fn delete(body: &[u8], cx: &Context<'_>, out: &mut Vec<u8>) -> Answer {
    let name = NameRequest::decode(body, cx.dialect()).map_err(|_| Refusal::from(Rc::Invalid));
    match name.and_then(|request| name_of(request.name, cx)) {
        Err(refusal) => Answer::Now(Err(refusal)),
        Ok(_) if storage::area(cx).is_none() => Answer::Now(Err(KEY_NOT_FOUND.into())),
        Ok(name) => {
            let stored = storage::read(cx.config, cx.flash);
            let mut values = stored.values.clone();
            values.remove(name);
            store(values, &stored, cx, out)
        }
    }
}

/// Brings the storage partition to these values. What it holds already is not written again.
fn store(values: Values, stored: &Stored, cx: &Context<'_>, out: &mut Vec<u8>) -> Answer {
    if values == stored.values {
        empty_map(out, cx.form());
        return Answer::Now(Ok(()));
    }
    match Save::new(values, stored, cx) {
        Some(save) => Answer::Planned(Box::new(Plan::SettingsSave(save))),
        None => Answer::Now(Err(UNKNOWN.into())),
    }
}

/// The name of a request, up to a zero or an equals sign in it, if the application does not keep it
/// for itself.
fn name_of<'a>(name: Option<&'a [u8]>, cx: &Context<'_>) -> Result<&'a [u8], Refusal> {
    let options = &cx.config.settings_options;
    let name = name.filter(|name| !name.is_empty()).ok_or(Rc::Invalid)?;
    if name.len() >= options.name_len as usize {
        return Err(KEY_TOO_LONG.into());
    }
    let name = name.split(|octet| matches!(octet, 0 | b'=')).next().unwrap_or_default();
    let refused = options.protected.iter().find(|(start, _)| name.starts_with(start.as_bytes()));
    match refused {
        None => Ok(name),
        Some(&(_, HookRefusal::Rc(rc))) => Err(rc.into()),
        Some(&(_, HookRefusal::Group(error))) => Err(error.into()),
    }
}

/// The subtree that a save is for.
fn subtree<'a>(body: &'a [u8], cx: &Context<'_>) -> Result<Option<&'a [u8]>, Refusal> {
    let request = NameRequest::decode(body, cx.dialect()).map_err(|_| Rc::Invalid)?;
    request.name.map(|name| name_of(Some(name), cx)).transpose()
}

/// The setting of this name. Without a handler for it, that is another error than with one that does
/// not know it.
fn registered<'a>(name: &[u8], config: &'a ServerConfig) -> Result<&'a Setting, GroupError> {
    let mut root_known = false;
    for setting in &config.settings_options.registered {
        if setting.name.as_bytes() == name {
            return Ok(setting);
        }
        root_known |= root(setting.name.as_bytes()) == root(name);
    }
    Err(if root_known { KEY_NOT_FOUND } else { ROOT_KEY_NOT_FOUND })
}

fn root(name: &[u8]) -> &[u8] {
    name.split(|&octet| octet == b'/').next().unwrap_or_default()
}

fn is_in(name: &[u8], subtree: &[u8]) -> bool {
    let rest = name.strip_prefix(subtree);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
}
