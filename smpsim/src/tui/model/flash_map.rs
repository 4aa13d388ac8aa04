//! The flash, page by page, and what the slots hold.

use flash_model::{
    Area, BootEvent, Flag, FlashEvent, FlashView, ImageHeader, Layout, Magic, OpKind, SwapType,
    Trailer,
};

/// What is to be seen of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum PageState {
    /// All ones.
    Erased,
    /// Something is written in it.
    Written,
    /// The last page of a slot, with something of a trailer in it.
    Trailer,
    /// A write into it is under way.
    Writing,
    /// Its erase is under way.
    Erasing,
}

/// A partition on the screen.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// Its name.
    pub(crate) name: &'static str,
    /// Where it lies.
    pub(crate) area: Area,
    /// What it holds, in words; empty for the boot loader.
    pub(crate) holds: String,
    /// It ends in a trailer.
    is_slot: bool,
    /// For each of its pages, whether it holds something.
    written: Vec<bool>,
}

/// The flash of the device.
#[derive(Clone, Debug)]
pub(crate) struct FlashMap {
    rows: Vec<Row>,
    /// Octets of a page.
    page: u32,
    /// What has changed since the last look.
    dirty: Vec<Area>,
    work: Option<(OpKind, Area)>,
    /// What the boot loader is at, in words.
    boot: Option<String>,
    erases: u32,
}

impl FlashMap {
    /// A map of these partitions; nothing is known of their contents yet.
    pub(crate) fn new(layout: Layout, page: u32) -> Self {
        let row = |name, area: Area| Row {
            name,
            area,
            holds: String::new(),
            is_slot: name != "boot",
            written: vec![false; area.page_count(page) as usize],
        };
        let [slot0, slot1] = layout.slots;
        let dirty = vec![layout.boot, slot0, slot1];
        let rows = vec![row("boot", layout.boot), row("slot0", slot0), row("slot1", slot1)];
        Self { rows, page, dirty, work: None, boot: None, erases: 0 }
    }

    /// The partitions, in the order of the screen.
    pub(crate) fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Page erases so far.
    pub(crate) fn erases(&self) -> u32 {
        self.erases
    }

    /// What the boot loader is at, while it runs.
    pub(crate) fn boot_step(&self) -> Option<&str> {
        self.boot.as_deref()
    }

    /// Takes what the flash tells.
    pub(crate) fn event(&mut self, event: &FlashEvent) {
        match *event {
            FlashEvent::Start { kind, at, len, .. } => {
                self.work = Some((kind, Area::new(at, len)));
                self.erases += u32::from(kind == OpKind::Erase);
            }
            FlashEvent::End { .. } | FlashEvent::Cut { .. } | FlashEvent::Failed { .. } => {
                self.dirty.extend(self.work.take().map(|(_, area)| area));
            }
            _ => {}
        }
    }

    /// Takes what the boot loader tells.
    pub(crate) fn boot(&mut self, event: &BootEvent) {
        self.boot = match *event {
            BootEvent::Start => Some("boot loader".to_owned()),
            BootEvent::Decision { swap: SwapType::None, .. } => Some("no swap".to_owned()),
            BootEvent::Decision { swap, .. } => Some(format!("swap ({})", swap.name())),
            BootEvent::Hash { slot, .. } => Some(format!("hashing slot {slot}")),
            BootEvent::Moved { done, of } => Some(format!("moving up page {done} of {of}")),
            BootEvent::Swapped { done, of } => Some(format!("swapping page {done} of {of}")),
            BootEvent::Copied { done, of } => Some(format!("copying page {done} of {of}")),
            BootEvent::Dead | BootEvent::Assertion => Some("nothing can be booted".to_owned()),
            BootEvent::Done { .. } => None,
            BootEvent::Refused { .. } => return,
        };
    }

    /// Looks at the pages that have changed, and reads headers and trailers again if need be.
    pub(crate) fn look(&mut self, flash: &dyn FlashView) {
        for changed in std::mem::take(&mut self.dirty) {
            for row in self.rows.iter_mut().filter(|row| row.area.overlaps(&changed)) {
                let pages = row.area.pages(self.page).zip(&mut row.written);
                for (at, written) in pages {
                    let page = Area::new(at, self.page);
                    if page.overlaps(&changed) {
                        *written = !flash.is_blank(page);
                    }
                }
                if row.is_slot {
                    row.holds = holds(flash, row.area, row.name == "slot0");
                }
            }
        }
    }

    /// The pages of a partition as `width` or fewer groups of equally many pages; a group is what
    /// the most remarkable of its pages is.
    pub(crate) fn groups(&self, row: &Row, width: usize) -> Vec<PageState> {
        let states: Vec<_> = row
            .area
            .pages(self.page)
            .zip(&row.written)
            .map(|(at, written)| self.state(row, Area::new(at, self.page), *written))
            .collect();
        let group = states.len().div_ceil(width.max(1)).max(1);
        let most = |group: &[PageState]| group.iter().copied().max().unwrap_or(PageState::Erased);
        states.chunks(group).map(most).collect()
    }

    fn state(&self, row: &Row, page: Area, written: bool) -> PageState {
        match self.work {
            Some((OpKind::Erase, area)) if area.overlaps(&page) => PageState::Erasing,
            Some((_, area)) if area.overlaps(&page) => PageState::Writing,
            _ if !written => PageState::Erased,
            _ if row.is_slot && page.end() == row.area.end() => PageState::Trailer,
            _ => PageState::Written,
        }
    }
}

/// What a slot holds: the version of its image and what its trailer says.
fn holds(flash: &dyn FlashView, slot: Area, primary: bool) -> String {
    let image = match ImageHeader::parse(flash.bytes(slot.start, ImageHeader::LEN)) {
        Ok(header) => header.version.to_string(),
        Err(_) if flash.is_blank(slot) => return "empty".to_owned(),
        Err(_) => "no image header".to_owned(),
    };
    let trailer = Trailer::read(flash, slot);
    let state = match (primary, trailer.magic) {
        (_, Magic::Unset) => "no trailer",
        (_, Magic::Bad) => "broken trailer",
        (true, Magic::Good) if trailer.image_ok == Flag::Set => "confirmed",
        (true, Magic::Good) => "on trial: not confirmed",
        (false, Magic::Good) => match SwapType::from_swap_info(trailer.swap_info) {
            SwapType::Test => "to be tested at the next boot",
            SwapType::Perm => "to be installed at the next boot",
            _ if trailer.image_ok == Flag::Set => "to be installed at the next boot",
            _ => "to be tested at the next boot",
        },
    };
    format!("{image}  {state}")
}

#[cfg(test)]
mod tests {
    use super::{FlashMap, PageState};
    use flash_model::{Device, FlashEvent, Layout, OpKind, Part, RadioSync};

    fn start(kind: OpKind, at: u32, len: u32) -> FlashEvent {
        FlashEvent::Start { kind, at, len, crc: 0 }
    }

    #[test]
    fn a_group_is_what_the_most_remarkable_of_its_pages_is() {
        use PageState::{Erased, Erasing, Writing, Written};
        let part = Part::nrf52840();
        let mut flash = Device::new(part, RadioSync::None);
        flash.load(0x2000, &[1, 2, 3, 4]);
        let mut map = FlashMap::new(Layout::nrf52840dk(), part.geometry.page);
        map.look(&flash);
        let shown = |map: &FlashMap| map.groups(&map.rows()[0], 6);
        assert_eq!(shown(&map), [Erased, Written, Erased, Erased, Erased, Erased]);
        map.event(&start(OpKind::Write, 0x3000, 8));
        assert_eq!(shown(&map)[1], Writing);
        map.event(&FlashEvent::End { kind: OpKind::Write, at: 0x3000 });
        map.event(&start(OpKind::Erase, 0xb000, 0x1000));
        assert_eq!(shown(&map)[1..], [Written, Erased, Erased, Erased, Erasing]);
        assert_eq!(map.erases(), 1);
    }

    #[test]
    fn contents_are_known_after_a_look_only_where_something_changed() {
        let part = Part::nrf52840();
        let mut flash = Device::new(part, RadioSync::None);
        let mut map = FlashMap::new(Layout::nrf52840dk(), part.geometry.page);
        map.look(&flash);
        assert_eq!(map.rows()[2].holds, "empty");
        let slot = map.rows()[2].area;
        flash.load(slot.start, &[0]);
        map.look(&flash);
        assert_eq!(map.groups(&map.rows()[2], 200)[0], PageState::Erased, "no event, no look");
        map.event(&start(OpKind::Write, slot.start, 4));
        map.event(&FlashEvent::End { kind: OpKind::Write, at: slot.start });
        map.look(&flash);
        assert_eq!(map.groups(&map.rows()[2], 200)[0], PageState::Written);
        assert!(map.rows()[2].holds.starts_with("no image header"), "{}", map.rows()[2].holds);
    }
}
