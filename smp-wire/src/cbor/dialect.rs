//! Which decoder reads: servers of different eras take different things.

/// The rules of a release of zcbor, the decoder that Zephyr's server reads requests with, on a
/// 32-bit processor.
///
/// | | `Zcbor06` | `Zcbor09` | `Canonical` |
/// |---|---|---|---|
/// | [`Reader::size`](super::Reader::size) | argument of any head | unsigned | unsigned |
/// | [`Reader::bool`](super::Reader::bool) | argument 20 or 21 | `F4`, `F5` | `F4`, `F5` |
/// | head longer than needed | taken | taken | refused |
/// | map or array with a break | taken | taken | refused |
/// | skipped head of eight octets | refused | taken | taken if needed |
/// | skipped tag | the head after it | the value after it | the value after it |
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// zcbor 0.6 and 0.7, the former in servers of Zephyr 3.2.99. `CONFIG_ZCBOR_CANONICAL` does
    /// not change how they decode.
    Zcbor06,
    /// zcbor 0.9, in servers of Zephyr 4. zcbor 0.8 differs only in skipped strings: it takes none
    /// that lacks octets at the end of the body, and no length beyond 32 bits.
    #[default]
    Zcbor09,
    /// zcbor 0.8 and later, built with `CONFIG_ZCBOR_CANONICAL`.
    Canonical,
}
