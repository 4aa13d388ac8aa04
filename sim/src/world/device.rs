//! The peripheral: flash, boot loader and application, and which of them runs.

use super::application::Application;
use super::prepared::Prepared;
use super::route::Message;
use flash_model::{
    Area, BootConfig, BootIn, BootLoader, BootResult, FlashView, Layout, SyncConfig,
};
use link_model::LinkIn;
use server_model::foreign::ForeignProtocol;
use server_model::{ServerConfig, ServerIn};
use sim_core::{Span, Time};
use std::collections::VecDeque;

/// What a device is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceState {
    /// The application runs.
    Running,
    /// The boot loader runs.
    Booting,
    /// The boot loader has jumped, the application starts up until this moment.
    Starting(Time),
    /// Nothing bootable was found.
    Dead,
    /// The supply is away up to this moment.
    Off(Time),
}

/// An emulated peripheral.
#[derive(Clone, Debug)]
pub struct Device {
    pub(super) flash: flash_model::Device,
    pub(super) boot: BootLoader,
    pub(super) server: Application,
    pub(super) deaf_on_write: bool,
    /// The application advertises; without a radio in the world it need not.
    pub(super) advertises: bool,
    state: DeviceState,
    flash_sync: SyncConfig,
    boot_config: BootConfig,
    server_config: ServerConfig,
    protocol: Option<ForeignProtocol>,
    layout: Layout,
    /// Slots of further images, and how many of them the boot loader has still to look at.
    more_slots: Vec<[Area; 2]>,
    further: usize,
    start: Span,
}

impl Device {
    /// A device whose application speaks SMP, unless another protocol is given.
    pub(super) fn new(prepared: &Prepared, protocol: Option<ForeignProtocol>) -> Self {
        let scenario = prepared.scenario();
        Self {
            flash: prepared.flash(),
            boot: BootLoader::new(scenario.boot.clone(), scenario.server.layout),
            server: Application::new(&scenario.server, protocol.as_ref()),
            deaf_on_write: scenario.deaf_on_write,
            advertises: true,
            state: DeviceState::Running,
            flash_sync: scenario.flash_sync,
            boot_config: scenario.boot.clone(),
            server_config: scenario.server.clone(),
            protocol,
            layout: scenario.server.layout,
            more_slots: scenario.server.more_images.clone(),
            further: 0,
            start: scenario.start,
        }
    }

    /// What it is doing.
    pub fn state(&self) -> DeviceState {
        self.state
    }

    /// Its flash, to look at.
    pub fn flash(&self) -> &flash_model::Device {
        &self.flash
    }

    /// Its flash as bytes.
    pub fn flash_view(&self) -> &dyn FlashView {
        &self.flash
    }

    /// Its partitions.
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// Whether the application has nothing to do and nothing queued.
    pub fn is_idle(&self) -> bool {
        self.state == DeviceState::Running && self.server.idle()
    }

    pub(super) fn power_due(&self) -> Option<Time> {
        match self.state {
            DeviceState::Starting(until) | DeviceState::Off(until) => Some(until),
            _ => None,
        }
    }

    pub(super) fn power_deadline(&mut self, now: Time, inbox: &mut VecDeque<Message>) {
        match self.state {
            DeviceState::Starting(due) if due <= now => self.run_application(inbox),
            DeviceState::Off(due) if due <= now => {
                self.state = DeviceState::Booting;
                inbox.push_back(Message::Boot(BootIn::Start));
            }
            _ => {}
        }
    }

    /// All that was in RAM is lost.
    #[cold]
    pub(super) fn power_fails(&mut self, until: Time) {
        self.server = Application::new(&self.server_config, self.protocol.as_ref());
        self.reset();
        self.state = DeviceState::Off(until);
    }

    pub(super) fn run_application(&mut self, inbox: &mut VecDeque<Message>) {
        self.state = DeviceState::Running;
        self.flash.set_radio_sync(self.flash_sync);
        inbox.push_back(Message::Server(ServerIn::Start));
        if self.advertises {
            inbox.push_back(Message::Link(LinkIn::Advertise));
        }
    }

    pub(super) fn reset(&mut self) {
        self.state = DeviceState::Booting;
        self.further = self.more_slots.len();
        self.load_boot();
    }

    /// The boot loader looks at one image after the other, the application last, which it then
    /// runs. (`MCUboot` has one loop a stage over all images; what it does to each is the same.)
    fn load_boot(&mut self) {
        let slots = self.further.checked_sub(1).map(|further| self.more_slots[further]);
        let layout = Layout { slots: slots.unwrap_or(self.layout.slots), ..self.layout };
        self.boot = BootLoader::new(self.boot_config.clone(), layout);
    }

    /// The boot loader runs without a radio: its flash driver asks nobody. The flash must be idle.
    pub(super) fn begin_boot(&mut self) {
        self.flash.set_radio_sync(SyncConfig::default());
    }

    /// One image is done with. Returns whether another follows. That a further image is not there, or
    /// is unsound, keeps the application from nothing (model choice: another core runs it).
    pub(super) fn boot_ended(&mut self, now: Time, result: BootResult) -> bool {
        if let Some(further) = self.further.checked_sub(1) {
            self.further = further;
            self.load_boot();
            return true;
        }
        self.state = match result {
            BootResult::Booted { slot, .. } => {
                self.server_config.active_slot = slot;
                self.server.set_active_slot(slot);
                DeviceState::Starting(now + self.start)
            }
            BootResult::Dead | BootResult::Assertion(_) => DeviceState::Dead,
        };
        false
    }
}
