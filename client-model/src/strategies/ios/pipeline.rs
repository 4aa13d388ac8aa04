//! Which offset goes next (`McuMgrUploadPipeline`).

use std::collections::VecDeque;

/// The offsets that answers are predicted to bring.
#[derive(Clone, Debug)]
pub(super) struct Pipeline {
    depth: usize,
    /// The offset that goes next when nothing is predicted.
    last: u32,
    /// Ends of the chunks under way, as far as they still count.
    predicted: VecDeque<u32>,
}

impl Pipeline {
    pub(super) fn new(depth: usize) -> Self {
        Self { depth, last: 0, predicted: VecDeque::new() }
    }

    pub(super) fn restart(&mut self) {
        self.last = 0;
        self.predicted.clear();
    }

    /// The last offset that an answer brought.
    pub(super) fn last(&self) -> u32 {
        self.last
    }

    /// Where the next chunk begins, if one may go ahead: behind the last prediction, also when
    /// answers have shown that everything since a lost chunk is in vain.
    pub(super) fn next(&self, size: u32) -> Option<u32> {
        let off = self.predicted.back().copied().unwrap_or(self.last);
        (self.predicted.len() < self.depth && off < size).then_some(off)
    }

    /// A chunk that ends there goes.
    pub(super) fn sent(&mut self, end: u32) {
        self.predicted.push_back(end);
    }

    /// An answer brings this offset. One that was not predicted costs a prediction: when the last
    /// is gone, the upload goes on from the offset.
    pub(super) fn received(&mut self, off: u32) {
        if self.predicted.contains(&off) {
            self.last = self.last.max(off);
        } else {
            self.last = off;
            self.predicted.pop_front();
            if !self.predicted.is_empty() {
                return;
            }
        }
        self.predicted.retain(|&end| end > off);
    }
}

#[cfg(test)]
mod tests {
    use super::Pipeline;

    /// What goes after an answer: the offsets, for chunks of 10 octets of 100.
    fn answer(pipeline: &mut Pipeline, off: u32) -> Vec<u32> {
        pipeline.received(off);
        let mut sent = Vec::new();
        while let Some(off) = pipeline.next(100) {
            pipeline.sent((off + 10).min(100));
            sent.push(off);
        }
        sent
    }

    #[test]
    fn a_predicted_offset_lets_one_more_chunk_go() {
        let mut pipeline = Pipeline::new(3);
        assert_eq!(answer(&mut pipeline, 10), [10, 20, 30]);
        assert_eq!(answer(&mut pipeline, 20), [40]);
        assert_eq!(answer(&mut pipeline, 40), [50, 60]);
    }

    #[test]
    fn another_offset_costs_a_prediction_and_still_the_next_chunk_goes() {
        let mut pipeline = Pipeline::new(3);
        answer(&mut pipeline, 10);
        assert_eq!(answer(&mut pipeline, 10), [40], "not 10 again");
        assert_eq!(answer(&mut pipeline, 10), [50]);
        assert_eq!(answer(&mut pipeline, 10), [60]);
    }

    #[test]
    fn when_the_image_is_used_up_the_upload_goes_back() {
        let mut pipeline = Pipeline::new(2);
        answer(&mut pipeline, 70);
        assert_eq!(answer(&mut pipeline, 70), [90]);
        assert!(answer(&mut pipeline, 70).is_empty());
        assert_eq!(answer(&mut pipeline, 70), [70, 80]);
    }

    #[test]
    fn one_at_a_time_follows_the_server() {
        let mut pipeline = Pipeline::new(1);
        assert_eq!(answer(&mut pipeline, 10), [10]);
        assert_eq!(answer(&mut pipeline, 50), [50]);
        assert_eq!(answer(&mut pipeline, 0), [0]);
    }
}
