//! The arrays of a device: the part on the chip, and perhaps an external one. Operations go to the
//! array that holds their address.

use crate::nor::Nor;
use crate::{Area, Counters, Cut, FlashOp, OpError, Part};
use sim_core::Span;

/// Address of the first octet of an external part: where the QSPI of the nRF52840 maps it for
/// execution in place (nRF52840 Product Specification, Memory map, XIP). On parts that map it
/// elsewhere it is a name for the external part, no more.
pub const EXTERNAL_BASE: u32 = 0x1200_0000;

/// The arrays of one device.
#[derive(Clone, Debug)]
pub(crate) struct Arrays {
    main: Nor,
    external: Option<Box<Nor>>,
}

impl Arrays {
    /// The part on the chip alone.
    pub(crate) fn new(part: Part) -> Self {
        Self { main: Nor::new(part, 0), external: None }
    }

    /// Adds an external part, erased.
    pub(crate) fn attach(&mut self, part: Part) {
        let main = self.part().geometry;
        let same = (part.geometry.page, part.geometry.write_size) == (main.page, main.write_size);
        assert!(same, "{}: page and write size differ from those of the chip", part.name);
        self.external = Some(Box::new(Nor::new(part, EXTERNAL_BASE)));
    }

    /// The part on the chip.
    pub(crate) fn part(&self) -> &Part {
        self.main.part()
    }

    /// The external part.
    pub(crate) fn external(&self) -> Option<&Part> {
        self.external.as_deref().map(Nor::part)
    }

    /// The array that holds an address; the chip's for addresses that none holds.
    #[inline]
    pub(crate) fn holding(&self, at: u32) -> &Nor {
        match &self.external {
            Some(external) if at >= EXTERNAL_BASE => external,
            _ => &self.main,
        }
    }

    #[inline]
    pub(crate) fn holding_mut(&mut self, at: u32) -> &mut Nor {
        match &mut self.external {
            Some(external) if at >= EXTERNAL_BASE => external,
            _ => &mut self.main,
        }
    }

    pub(crate) fn counters(&self) -> Counters {
        let main = self.main.counters();
        self.external.as_ref().map_or(main, |external| main.with(external.counters()))
    }

    /// Octets of one array.
    pub(crate) fn bytes(&self, at: u32, len: u32) -> &[u8] {
        self.holding(at).bytes(at, len)
    }

    /// Whether the parts can carry out the operation.
    #[inline]
    pub(crate) fn check(&self, op: &FlashOp) -> Result<(), OpError> {
        match *op {
            FlashOp::Erase { at } => self.holding(at).check_erase(at),
            FlashOp::Write { at, ref data } => self.holding(at).check_write(at, data.len() as u32),
            FlashOp::Copy { from, to, len } => {
                self.holding(from).check_inside(from, len)?;
                if Area::new(from, len).overlaps(&Area::new(to, len)) {
                    return Err(OpError::Overlap { from, to, len });
                }
                self.holding(to).check_write(to, len)
            }
        }
    }

    /// How long the operation takes. What is copied from an external part comes over its bus first.
    #[inline]
    pub(crate) fn time(&self, op: &FlashOp) -> Span {
        match *op {
            FlashOp::Erase { at } => self.holding(at).part().erase_page,
            FlashOp::Write { at, ref data } => {
                self.holding(at).part().write_time_at(at, data.len() as u32)
            }
            FlashOp::Copy { from, to, len } => {
                self.read_time(from, len) + self.holding(to).part().write_time_at(to, len)
            }
        }
    }

    /// How long octets take to be read.
    pub(crate) fn read_time(&self, at: u32, len: u32) -> Span {
        self.holding(at).part().read_time(len)
    }

    /// Whether the processor halts during the operation.
    #[inline]
    pub(crate) fn halts(&self, op: &FlashOp) -> bool {
        self.external.is_none() || self.holding(op.at()).part().halts_processor()
    }

    /// Carries out a checked operation.
    #[inline]
    pub(crate) fn apply(&mut self, op: &FlashOp) {
        match *op {
            FlashOp::Erase { at } => self.holding_mut(at).erase(at),
            FlashOp::Write { at, ref data } => self.holding_mut(at).write(at, data),
            FlashOp::Copy { from, to, len } if self.external.is_none() => {
                self.main.copy(from, to, len);
            }
            FlashOp::Copy { from, to, len } => self.copy(from, to, len),
        }
    }

    /// Copies where there are two arrays.
    #[cold]
    #[inline(never)]
    fn copy(&mut self, from: u32, to: u32, len: u32) {
        let main = &mut self.main;
        match &mut self.external {
            Some(external) if from >= EXTERNAL_BASE && to < EXTERNAL_BASE => {
                main.write(to, external.bytes(from, len));
            }
            Some(external) if from < EXTERNAL_BASE && to >= EXTERNAL_BASE => {
                external.write(to, main.bytes(from, len));
            }
            _ => self.holding_mut(to).copy(from, to, len),
        }
    }

    /// Leaves what a checked operation has done when the supply fails after so much of its time.
    #[cold]
    pub(crate) fn tear(&mut self, op: &FlashOp, after: Span, cut: Cut) {
        match *op {
            FlashOp::Erase { at } => self.holding_mut(at).tear_erase(at, after, cut),
            FlashOp::Write { at, ref data } => {
                self.holding_mut(at).tear_write(at, data, after, cut);
            }
            FlashOp::Copy { from, to, len } => {
                let after = after.saturating_sub(self.read_time(from, len));
                let data = self.bytes(from, len).to_vec();
                self.holding_mut(to).tear_write(to, &data, after, cut);
            }
        }
    }
}
