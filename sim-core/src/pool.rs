//! Bytes on their way between machines.

/// A service data unit: payload bytes and the number of the request they belong to.
///
/// The number is for the trace: it follows a request from the client over the link into the server
/// and back. A machine may match an acknowledgement with what it acknowledges by it, no more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sdu {
    /// Number of the request, counted by the client from 1; 0 for traffic of no request.
    pub tag: u32,
    /// Payload.
    pub bytes: Vec<u8>,
}

/// Emptied buffers that wait to be used again, so that a run allocates nothing after warm-up.
#[derive(Clone, Debug, Default)]
pub struct Pool {
    spare: Vec<Vec<u8>>,
}

impl Pool {
    /// More spare buffers than this are given back to the allocator.
    const LIMIT: usize = 16;

    /// An empty buffer, with capacity when one was given before.
    pub fn take(&mut self) -> Vec<u8> {
        self.spare.pop().unwrap_or_default()
    }

    /// Gives a buffer back; its contents are forgotten.
    pub fn give(&mut self, mut bytes: Vec<u8>) {
        if self.spare.len() < Self::LIMIT && bytes.capacity() > 0 {
            bytes.clear();
            self.spare.push(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Pool;

    #[test]
    fn a_buffer_comes_back_empty_and_with_its_capacity() {
        let mut pool = Pool::default();
        pool.give(vec![1; 500]);
        let again = pool.take();
        assert!(again.is_empty() && again.capacity() >= 500);
        assert_eq!(pool.take().capacity(), 0);
    }
}
