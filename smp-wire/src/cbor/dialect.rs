//! Which decoder reads: servers of different eras take different things.

/// A release of the decoder that Zephyr's server reads requests with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// zcbor 0.6, in servers through Zephyr 3.2.99.
    Zcbor06,
    /// zcbor 0.8 and later.
    #[default]
    Zcbor09,
    /// zcbor 0.8 and later, built with `CONFIG_ZCBOR_CANONICAL`.
    Canonical,
}
