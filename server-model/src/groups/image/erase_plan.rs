//! What is erased before an image is written.

use super::errors::Fault;
use crate::groups::erase_run::Run;
use flash_model::{Area, Geometry};

/// Where the status part of a trailer begins, counted from the end of the slot: the page that holds
/// it is erased with the image (Zephyr `subsys/dfu/boot/mcuboot.c`,
/// `boot_get_trailer_status_offset`: magic and two fields).
pub(super) const fn trailer_len(geometry: &Geometry) -> u32 {
    16 + 2 * geometry.max_align()
}

/// The stretches to erase for an image of `size` octets that begins `spare` octets behind the start
/// of its slot: the pages from the start of the slot to the image's end, then the slot from the page
/// of the trailer on, unless the first stretch has that (Zephyr `zephyr_img_mgmt.c`,
/// `img_mgmt_erase_image_data`).
///
/// The end of the first one is the end of the page that holds the last octet, in 32-bit arithmetic:
/// a size that wraps to the page before the slot leaves nothing to erase, as a size of 0 does. A
/// last octet outside the part (`array`), or a stretch outside the slot, is an error.
pub(super) fn erase_runs(
    slot: Area,
    spare: u32,
    size: u32,
    geometry: &Geometry,
    array: Area,
) -> Result<[Run; 2], Fault> {
    let page = geometry.page;
    let start = slot.start - array.start;
    let last = start.wrapping_add(spare).wrapping_add(size).wrapping_sub(1);
    if last >= array.len {
        return Err(Fault::PageOutside);
    }
    let image = (last - last % page + page).wrapping_sub(start);
    if image > slot.len {
        return Err(Fault::EraseFailed);
    }
    let trailer_at = slot.end() - trailer_len(geometry);
    let trailer_page = trailer_at - trailer_at % page;
    let covered = trailer_at - slot.start < image;
    let trailer = Run::new(Area::new(trailer_page, slot.end() - trailer_page));
    Ok([Run::new(Area::new(slot.start, image)), if covered { Run::NONE } else { trailer }])
}

#[cfg(test)]
mod tests {
    use super::{Fault, erase_runs};
    use flash_model::{Area, Geometry, Part};

    const SLOT: Area = Area::new(0x82000, 0x76000);

    /// Octets of the erase calls.
    fn erased(size: u32) -> Result<Vec<u32>, Fault> {
        erased_behind(0, size)
    }

    fn erased_behind(spare: u32, size: u32) -> Result<Vec<u32>, Fault> {
        let geometry = Part::nrf52840().geometry;
        let runs = erase_runs(SLOT, spare, size, &geometry, Area::new(0, geometry.size))?;
        Ok(runs.iter().filter_map(super::Run::len).collect())
    }

    #[test]
    fn the_pages_of_the_image_and_the_trailer_page_are_erased() {
        assert_eq!(erased(373_928), Ok(vec![92 * 4096, 4096]));
        assert_eq!(erased(1), Ok(vec![4096, 4096]));
        assert_eq!(erased(117 * 4096), Ok(vec![117 * 4096, 4096]));
    }

    #[test]
    fn a_trailer_page_that_the_image_covers_is_erased_once() {
        assert_eq!(erased(117 * 4096 + 1), Ok(vec![118 * 4096]));
        assert_eq!(erased(118 * 4096), Ok(vec![118 * 4096]));
    }

    #[test]
    fn an_image_that_ends_behind_the_slot_is_not_erased_for() {
        assert_eq!(erased(118 * 4096 + 1), Err(Fault::EraseFailed));
        assert_eq!(erased(0x7e000), Err(Fault::EraseFailed));
        assert_eq!(erased(0x7e001), Err(Fault::PageOutside));
        assert_eq!(erased(0x8000_0000), Err(Fault::PageOutside));
    }

    #[test]
    fn a_size_that_wraps_to_the_page_before_the_slot_erases_the_trailer_page_alone() {
        for size in [0, u32::MAX - 1, u32::MAX - 4094] {
            assert_eq!(erased(size), Ok(vec![0, 4096]), "{size:#x}");
        }
        assert_eq!(erased(u32::MAX - 4095), Err(Fault::EraseFailed));
    }

    #[test]
    fn an_image_behind_a_spare_page_has_that_erased_too() {
        assert_eq!(erased_behind(4096, 4096), Ok(vec![2 * 4096, 4096]));
        assert_eq!(erased_behind(4096, 117 * 4096), Ok(vec![118 * 4096]));
        assert_eq!(erased_behind(4096, 117 * 4096 + 1), Err(Fault::EraseFailed));
        assert_eq!(erased_behind(4096, 0), Ok(vec![4096, 4096]));
    }

    #[test]
    fn offsets_count_from_the_start_of_an_external_part() {
        let array = Area::new(0x1200_0000, 0x10_0000);
        let slot = Area::new(0x1208_2000, 0x76000);
        for size in [0, 1, 373_928, 118 * 4096 + 1, 0x7e001, u32::MAX - 4095] {
            let runs = erase_runs(slot, 0, size, &Part::nrf52840().geometry, array);
            let lengths = runs.map(|runs| runs.iter().filter_map(super::Run::len).collect());
            assert_eq!(lengths, erased(size), "{size:#x}");
        }
    }

    #[test]
    fn a_wide_trailer_reaches_further_down() {
        let geometry = Geometry { write_size: 32, ..Part::nrf52840().geometry };
        assert_eq!(super::trailer_len(&geometry), 80);
    }
}
