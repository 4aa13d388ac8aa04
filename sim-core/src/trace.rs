//! What a trace needs of an event.

/// Events that a digest can fold: every field must reach one of the two words, and two different
/// events of one type must give different words.
pub trait Words {
    /// The event as two 64-bit words.
    fn words(&self) -> [u64; 2];
}
