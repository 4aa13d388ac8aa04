//! The arguments of `smpsim image create`, named as those of `imgtool sign`.

use super::text::{Counter, Dependencies, number, number_u16, slot_size};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use flash_model::{HashAlgorithm, ImageVersion, PublicKeyFormat};
use std::path::PathBuf;

/// Values of `--align`.
const ALIGNS: [&str; 6] = ["1", "2", "4", "8", "16", "32"];
/// Values of `--max-align`.
const MAX_ALIGNS: [&str; 3] = ["8", "16", "32"];

#[derive(Args, Debug)]
#[command(override_usage = "\
    smpsim image create --version <VERSION> --slot-size <N> [OPTIONS] <INFILE> <OUTFILE>
       smpsim image create --version <VERSION> --slot-size <N> --body-len <N> [OPTIONS] <OUTFILE>")]
pub(crate) struct CreateArguments {
    /// The application as a binary, and the image to write; with --body-len the image alone
    #[arg(required = true, num_args = 1..=2, value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,
    /// Make up a body of so many octets instead of reading one
    #[arg(long, value_parser = number, value_name = "N")]
    pub(super) body_len: Option<u32>,
    /// Tells made-up bodies apart
    #[arg(long, value_parser = number, default_value = "0", requires = "body_len", value_name = "N")]
    pub(super) seed: u32,

    /// MAJOR.MINOR.REVISION+BUILD, later parts may be left out
    #[arg(short = 'v', long, value_name = "VERSION")]
    pub(super) version: ImageVersion,
    /// Octets from the start of the image to the application
    #[arg(short = 'H', long, value_parser = number_u16, default_value = "0x200", value_name = "N")]
    pub(super) header_size: u16,
    /// Put a header before the application; otherwise it must begin with zeros for the header
    #[arg(long)]
    pub(super) pad_header: bool,
    /// Octets of the slot, or of the smaller one
    #[arg(short = 'S', long, value_parser = slot_size, value_name = "N")]
    pub(super) slot_size: u32,
    /// Write size of the flash
    #[arg(long, value_parser = one_of(ALIGNS), default_value = "1", value_name = "N")]
    pub(super) align: u32,
    /// Spacing of the trailer's fields: 8 or --align, whichever is larger, unless the slots differ
    #[arg(long, value_parser = one_of(MAX_ALIGNS), value_name = "N")]
    pub(super) max_align: Option<u32>,
    /// Most pages of a slot
    #[arg(short = 'M', long, value_parser = number, default_value = "128", value_name = "N")]
    pub(super) max_sectors: u32,
    /// The boot loader only overwrites and does not swap
    #[arg(long)]
    pub(super) overwrite_only: bool,
    /// Make the file as long as the slot, with the magic at its end, which asks for a test
    #[arg(long)]
    pub(super) pad: bool,
    /// Pad, and mark the image as confirmed
    #[arg(long)]
    pub(super) confirm: bool,
    /// Pad, which asks for a test
    #[arg(long)]
    pub(super) test: bool,

    /// Security counter, or auto to make it from the version
    #[arg(short = 's', long, value_name = "N")]
    pub(super) security_counter: Option<Counter>,
    /// Other images this one needs, as '(IMAGE, VERSION)'; may be repeated
    #[arg(short = 'd', long, visible_alias = "dependency", value_name = "LIST")]
    pub(super) dependencies: Vec<Dependencies>,
    /// A protected TLV of one's own: text, or octets as 0x and hex digits; may be repeated
    #[arg(long, num_args = 2, value_names = ["TYPE", "VALUE"])]
    pub(super) custom_tlv: Vec<String>,
    /// Address in flash that the application is linked for
    #[arg(short = 'F', long, value_parser = number, default_value = "0", value_name = "ADDRESS")]
    pub(super) rom_fixed: u32,
    /// Address in RAM that the boot loader copies the image to
    #[arg(short = 'L', long, value_parser = number, default_value = "0", value_name = "ADDRESS")]
    pub(super) load_addr: u32,
    /// Mark the image as not to be booted
    #[arg(long)]
    pub(super) non_bootable: bool,

    /// Sign with this private key, PEM
    #[arg(short = 'k', long, value_name = "FILE.pem")]
    pub(super) key: Option<PathBuf>,
    /// How the image names the key
    #[arg(long, default_value = "hash", value_name = "FORM")]
    pub(super) public_key_format: KeyFormat,
    /// Hash of the image; auto is 256, and 512 with --pure
    #[arg(long, default_value = "auto", value_name = "BITS")]
    pub(super) sha: Sha,
    /// Sign the image itself instead of its hash, with an Ed25519 key
    #[arg(long, requires = "key")]
    pub(super) pure: bool,
}

/// Values of `--public-key-format`.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum KeyFormat {
    Hash,
    Full,
}

/// Values of `--sha`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Sha {
    Auto,
    #[value(name = "256")]
    Sha256,
    #[value(name = "384")]
    Sha384,
    #[value(name = "512")]
    Sha512,
}

impl From<KeyFormat> for PublicKeyFormat {
    fn from(format: KeyFormat) -> Self {
        match format {
            KeyFormat::Hash => Self::Hash,
            KeyFormat::Full => Self::Full,
        }
    }
}

impl Sha {
    /// The algorithm; `auto` is what imgtool chooses.
    pub(super) fn algorithm(self, pure: bool) -> HashAlgorithm {
        match self {
            Self::Auto if pure => HashAlgorithm::Sha512,
            Self::Auto | Self::Sha256 => HashAlgorithm::Sha256,
            Self::Sha384 => HashAlgorithm::Sha384,
            Self::Sha512 => HashAlgorithm::Sha512,
        }
    }
}

/// A number out of a few.
fn one_of<const N: usize>(values: [&'static str; N]) -> impl TypedValueParser<Value = u32> {
    PossibleValuesParser::new(values).map(|text| text.parse().expect("all values are numbers"))
}
