//! The pool of buffers that requests, a partial request and responses share.

/// How many of the server's network buffers are taken.
///
/// Only the number matters to behaviour (Zephyr `transport/smp.c`, `pkt_pool`); the bytes
/// themselves travel in vectors.
#[derive(Clone, Debug)]
pub(crate) struct Buffers {
    count: u32,
    taken: u32,
}

impl Buffers {
    pub(crate) const fn new(count: u32) -> Self {
        Self { count, taken: 0 }
    }

    /// Takes a buffer; false when there is none.
    pub(crate) const fn take(&mut self) -> bool {
        let free = self.taken < self.count;
        if free {
            self.taken += 1;
        }
        free
    }

    /// Gives a taken buffer back.
    pub(crate) fn give(&mut self) {
        assert!(self.taken > 0, "a buffer was given back that nobody took");
        self.taken -= 1;
    }

    /// Buffers in use.
    #[cfg(test)]
    pub(crate) const fn taken(&self) -> u32 {
        self.taken
    }
}

#[cfg(test)]
mod tests {
    use super::Buffers;

    #[test]
    fn there_are_as_many_as_were_built_and_one_given_back_can_be_taken_again() {
        let mut buffers = Buffers::new(2);
        assert!(buffers.take() && buffers.take());
        assert!(!buffers.take());
        assert_eq!(buffers.taken(), 2);
        buffers.give();
        assert!(buffers.take());
        assert!(!buffers.take());
    }
}
