//! Intel HEX.

use crate::{complaint, image};
use flash_model::{ImageSpec, Magic};
use ihex::Record;
use proptest::prelude::*;
use sim::image_file::{ContainedImage, Container, ContainerKind, ImageFile, trailer};

/// Writes segments as tools do: records of 16 octets, an upper address where it changes.
fn hex(segments: &[(u32, &[u8])]) -> String {
    let mut lines = Vec::new();
    let mut upper = 0;
    for (start, bytes) in segments {
        let mut at = *start;
        let mut rest = *bytes;
        while !rest.is_empty() {
            if at >> 16 != upper {
                upper = at >> 16;
                lines.push(Record::ExtendedLinearAddress(upper as u16));
            }
            let len = rest.len().min(16).min(0x1_0000 - (at & 0xffff) as usize);
            let (value, more) = rest.split_at(len);
            lines.push(Record::Data { offset: at as u16, value: value.to_vec() });
            rest = more;
            at += len as u32;
        }
    }
    lines.push(Record::EndOfFile);
    lines.iter().map(|line| line.to_record_string().expect("short") + "\n").collect()
}

#[track_caller]
fn open(text: impl AsRef<str>) -> Vec<ContainedImage> {
    let container = Container::open(text.as_ref().into(), None).expect("good");
    assert_eq!(container.kind, ContainerKind::IntelHex);
    container.images
}

#[track_caller]
fn only(text: impl AsRef<str>) -> ContainedImage {
    let mut images = open(text);
    assert_eq!(images.len(), 1);
    images.remove(0)
}

#[test]
fn a_signed_image_comes_out_bit_for_bit_with_its_address() {
    for base in [0, 0xc000, 0xc200, 0xfff0, 0x0800_1234] {
        let bytes = image("ecdsa_p256");
        let found = only(hex(&[(base, &bytes)]));
        assert_eq!((found.base, found.filled), (Some(base), 0));
        assert_eq!(found.bytes, bytes);
    }
}

#[test]
fn the_image_is_found_between_boot_loader_settings_and_registers() {
    let bytes = image("ed25519");
    let loader = vec![0x11; 0x8123];
    let text =
        hex(&[(0, &loader), (0xc000, &bytes), (0xf8000, &[1, 2, 3, 4]), (0x1000_1200, &[0xfe; 4])]);
    let found = only(text);
    assert_eq!((found.base, &found.bytes), (Some(0xc000), &bytes));
}

#[test]
fn the_image_is_found_where_the_boot_loader_leaves_no_gap() {
    let bytes = image("ed25519");
    let mut flash = vec![0x11; 0xc000];
    flash.extend(&bytes);
    flash.extend([0x22; 100]);
    let found = only(hex(&[(0, &flash)]));
    assert_eq!((found.base, &found.bytes), (Some(0xc000), &bytes));
}

#[test]
fn what_is_left_out_of_an_image_reads_as_erased() {
    let bytes = image("plain_prot_tlvs");
    // imgtool fills the header's padding with 0xff; a linker leaves such a stretch out.
    let gap = 32..0x200;
    assert!(bytes[gap.clone()].iter().all(|b| *b == 0xff));
    let text = hex(&[(0xc000, &bytes[..gap.start]), (0xc200, &bytes[gap.end..])]);
    let found = only(text);
    assert_eq!(found.filled, 0x1e0);
    assert_eq!(found.bytes, bytes);
    assert!(ImageFile::sound(found.bytes).is_ok());
}

#[test]
fn a_trailer_far_behind_the_image_belongs_to_it() {
    for (name, align) in [("padded_confirmed", 8), ("padded_test_align4", 8)] {
        let bytes = image(name);
        let image_end = ImageFile::any(bytes.clone()).image_len() as usize;
        let trailer_at = bytes.len() - 24;
        let text = hex(&[
            (0xc000, &bytes[..image_end]),
            (0xc000 + trailer_at as u32, &bytes[trailer_at..]),
            (0xf8000, &[0; 8]),
        ]);
        let found = only(text);
        assert_eq!(found.bytes, bytes, "{name}");
        let (trailer, found_align) = trailer(&found.bytes).expect("long enough");
        assert_eq!((trailer.magic, found_align), (Magic::Good, align));
        // The same file without gaps.
        assert_eq!(only(hex(&[(0xc000, &bytes)])).bytes, bytes, "{name}");
    }
}

#[test]
fn a_trailer_of_the_next_image_is_not_the_first_ones() {
    let (first, second) = (image("ed25519"), image("padded_confirmed"));
    let found = open(hex(&[(0x1_0000, &first), (0x2_0000, &second)]));
    assert_eq!(found.len(), 2);
    assert_eq!((found[0].base, &found[0].bytes), (Some(0x1_0000), &first));
    assert_eq!((found[1].base, &found[1].bytes), (Some(0x2_0000), &second));
    let text = hex(&[(0x1_0000, &first), (0x2_0000, &second)]);
    let container = Container::open(text.into(), None).expect("good");
    let error = container.application().expect_err("two").to_string();
    assert_eq!(error, "several images that could be meant in it: one at 0x10000, one at 0x20000");
}

#[test]
fn an_image_inside_of_another_is_part_of_it() {
    let spec = ImageSpec { body_len: 0x3000, ..ImageSpec::default() };
    let mut bytes = spec.build();
    bytes[0x1000..0x1000 + 2_704].copy_from_slice(&image("ed25519"));
    assert_eq!(only(hex(&[(0xc000, &bytes)])).bytes, bytes);
}

#[test]
fn a_broken_image_is_handed_out_for_others_to_judge() {
    let bytes = image("ed25519");
    let found = only(hex(&[(0xc000, &bytes[..1_000])]));
    assert_eq!(found.bytes, bytes[..1_000]);
    let error = ImageFile::sound(found.bytes).expect_err("cut off").to_string();
    assert!(error.contains("1000 octets"), "{error}");
    assert_eq!(only(hex(&[(0xc000, &bytes[..10])])).bytes, bytes[..10]);
}

#[test]
fn all_kinds_of_records_and_line_ends_are_read() {
    let bytes = image("ed25519");
    let plain = hex(&[(0xc000, &bytes)]);
    let expected = only(&plain);
    assert_eq!(only(plain.to_lowercase()), expected);
    assert_eq!(only(plain.replace('\n', "\r\n")), expected);
    assert_eq!(only(format!("\u{feff}\n\n  {}", plain.replace('\n', " \n\n"))), expected);
    assert_eq!(only(plain.trim_end()), expected);

    // 0x1000 paragraphs of 16 octets are 0x10000; the start addresses say nothing.
    let start = Record::StartLinearAddress(0xc201).to_record_string().expect("short");
    let segment = Record::ExtendedSegmentAddress(0x1000).to_record_string().expect("short");
    let cs_ip = Record::StartSegmentAddress { cs: 1, ip: 2 }.to_record_string().expect("short");
    let found = only(format!("{start}\n{segment}\n{cs_ip}\n{plain}"));
    assert_eq!((found.base, &found.bytes), (Some(0x1_c000), &bytes));
}

#[test]
fn records_may_come_in_any_order_and_say_the_same_twice() {
    let bytes = image("ed25519");
    let (head, tail) = bytes.split_at(1_024);
    let text = hex(&[(0xc400, tail), (0xc000, head), (0xc3f0, &bytes[0x3f0..0x500])]);
    assert_eq!(only(text).bytes, bytes);
}

#[test]
fn what_is_wrong_is_named_with_its_line() {
    let end = ":00000001FF\n";
    let cases = [
        (":0000", "line 1: too short"),
        (":00000001FE\n", "line 1: the checksum is FE, the record's octets need FF"),
        ("\n:020000040000FA\nhello\n", "line 3: a record begins with a colon"),
        (":02C0000041424G", "line 1: invalid characters encountered in record"),
        (":0200000441FAB", "line 1: record does not contain a whole number of bytes"),
        (":02C00000414\u{e9}", "line 1: invalid characters encountered in record"),
        (":00000006FA\n", "line 1: unsupported IHEX record type '06'"),
        (":01C0000041FE\n", "no end-of-file record behind line 1: the file is cut off"),
    ];
    for (text, expected) in cases {
        assert_eq!(complaint(text), format!("Intel HEX: {expected}"));
    }
    assert!(complaint(b":\xff\xfe".to_vec()).ends_with("line 1: not text"));
    assert!(
        complaint(format!("{end}\n{end}"))
            .ends_with("line 3: a record behind the end-of-file record in line 1")
    );
    let other = hex(&[(0xc000, &[1, 2, 3, 4]), (0xc002, &[3, 5])]);
    assert!(complaint(other).ends_with("line 2: another record has other data for address 0xc003"));
    let wraps = Record::Data { offset: 0xffff, value: vec![1, 2] }.to_record_string().expect("ok");
    let upper = Record::ExtendedLinearAddress(0xffff).to_record_string().expect("ok");
    let message = "line 2: the data of this record go beyond the end of its address space";
    assert!(complaint(format!("{upper}\n{wraps}\n{end}")).ends_with(message));
    let segment = Record::ExtendedSegmentAddress(0).to_record_string().expect("ok");
    assert!(complaint(format!("{segment}\n{wraps}\n{end}")).ends_with(message));
}

#[test]
fn a_file_without_image_says_where_its_data_are_and_what_to_do() {
    let text = hex(&[(0, &[0x55; 40]), (0xc200, &[0x66; 32])]);
    let error = complaint(text);
    assert!(error.contains("it has data at 0x0 to 0x28, 0xc200 to 0xc220"), "{error}");
    assert!(error.contains("zephyr.signed.hex"), "{error}");
    assert!(complaint(":00000001FF").contains("no address"));
    let many: Vec<(u32, &[u8])> = (0..40).map(|n| (n * 64, &[0; 4][..])).collect();
    assert!(complaint(hex(&many)).contains("34 places more"));
}

#[test]
fn a_header_that_promises_too_much_is_not_believed() {
    let mut bytes = image("ed25519");
    bytes[12..16].copy_from_slice(&0xffff_fff0_u32.to_le_bytes());
    let found = only(hex(&[(0xc000, &bytes)]));
    assert_eq!(found.bytes, bytes);
    let error = complaint(hex(&[(0xc000, &bytes), (0x1000_1000, &[0; 4])]));
    assert!(error.contains("the image at 0xc000 would be"), "{error}");
}

proptest! {
    #[test]
    fn any_octets_behind_a_colon_give_images_or_an_error(
        rest in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let bytes = [b":", &rest[..]].concat();
        let _ = Container::open(bytes, None);
    }

    #[test]
    fn any_records_give_images_or_an_error(
        records in prop::collection::vec(
            prop_oneof![
                4 => (any::<u16>(), prop::collection::vec(any::<u8>(), 0..20))
                    .prop_map(|(offset, value)| Record::Data { offset, value }),
                2 => Just(Record::Data { offset: 0, value: vec![0x3d, 0xb8, 0xf3, 0x96, 0, 0, 0, 0, 32, 0] }),
                1 => any::<u16>().prop_map(Record::ExtendedLinearAddress),
                1 => any::<u16>().prop_map(Record::ExtendedSegmentAddress),
            ],
            0..20,
        ),
    ) {
        let lines = records.iter().chain([&Record::EndOfFile]);
        let text: String =
            lines.map(|line| line.to_record_string().expect("short") + "\n").collect();
        let _ = Container::open(text.into(), None);
    }

    #[test]
    fn an_image_cut_into_any_pieces_in_any_order_comes_out_whole(
        cuts in prop::collection::vec(0..2_704_usize, 0..12),
        base in 0..0xf000_0000_u32,
        rotate in 0..12_usize,
    ) {
        let bytes = image("ed25519");
        let mut cuts = [vec![0, bytes.len()], cuts].concat();
        cuts.sort_unstable();
        let mut pieces: Vec<_> = cuts
            .windows(2)
            .map(|cut| (base + cut[0] as u32, &bytes[cut[0]..cut[1]]))
            .collect();
        let turn = rotate % pieces.len();
        pieces.rotate_left(turn);
        let found = only(hex(&pieces));
        prop_assert_eq!(found.base, Some(base));
        prop_assert_eq!(found.bytes, bytes);
    }
}
