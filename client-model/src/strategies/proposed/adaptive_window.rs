//! A window that finds its size: one more for each window that was answered, half after a loss.

use super::pipeline::News;
use super::upload::Idea;
use crate::strategy::{Sent, View};

/// Additive increase, multiplicative decrease (RFC 5681, section 3.1, counted in requests).
///
/// It starts with one request and never has more in flight than the server has buffers for beside
/// the one that takes the answer; where the server does not tell, the user's window is the limit.
#[derive(Clone, Debug)]
pub(super) struct AdaptiveWindow {
    /// Requests, from 1.
    window: usize,
    /// Answers since the window last changed.
    answered: usize,
    /// The window at the last loss: growth beyond it is slow, for what was lost there is lost again.
    lost_at: Option<usize>,
}

/// Windows without a loss before the window grows to where one was lost.
const CAUTION: usize = 16;

impl Default for AdaptiveWindow {
    fn default() -> Self {
        Self { window: 1, answered: 0, lost_at: None }
    }
}

impl AdaptiveWindow {
    /// The window now, where the user wants at most `plain`.
    pub(super) fn size(&mut self, view: &View<'_>, plain: usize) -> usize {
        self.window = self.window.clamp(1, limit(view, plain));
        self.window
    }

    /// A chunk was answered as it should be.
    pub(super) fn grow(&mut self) {
        let window = self.window;
        let needed = if self.lost_at == Some(window + 1) { window * CAUTION } else { window };
        self.answered += 1;
        if self.answered >= needed {
            *self = Self { window: window + 1, answered: 0, ..*self };
        }
    }

    /// Something was lost.
    pub(super) fn shrink(&mut self) {
        let window = self.window;
        let lost_at = (window > 1).then_some(window);
        let lost_at = lost_at.or(self.lost_at);
        *self = Self { window: (window / 2).max(1), answered: 0, lost_at };
    }
}

/// The most requests that the server has buffers for: one holds the answer (Zephyr
/// `transport/smp.c`).
pub(super) fn limit(view: &View<'_>, plain: usize) -> usize {
    let told = view.limits.buf_count.map(|count| count.saturating_sub(1) as usize);
    told.unwrap_or(plain).max(1)
}

impl Idea for AdaptiveWindow {
    fn begin(&mut self, _: &View<'_>) {
        *self = Self::default();
    }

    fn window(&mut self, view: &View<'_>, plain: usize) -> usize {
        self.size(view, plain)
    }

    fn heard(&mut self, _: &View<'_>, _: &Sent, news: News, _: u32) {
        match news {
            News::Progress(_) => self.grow(),
            News::Gap => self.shrink(),
            News::Void | News::Forgotten => {}
        }
    }

    fn timed_out(&mut self, _: &View<'_>, _: &Sent) {
        self.shrink();
    }
}

#[cfg(test)]
mod tests {
    use super::AdaptiveWindow;
    use crate::config::Image;
    use crate::strategy::{Limits, View};
    use sim_core::Time;

    fn size(window: &mut AdaptiveWindow, buf_count: Option<u32>) -> usize {
        let image = Image::new(vec![0; 100].into(), [1; 32], [2; 32]);
        let limits = Limits { buf_count, ..Limits::default() };
        let view = View { now: Time::ZERO, image: &image, limits, outstanding: 0 };
        window.size(&view, 3)
    }

    #[test]
    fn it_grows_by_one_a_window_up_to_the_servers_buffers() {
        let mut window = AdaptiveWindow::default();
        let mut sizes = Vec::new();
        for _ in 0..16 {
            sizes.push(size(&mut window, Some(5)));
            window.grow();
        }
        assert_eq!(sizes[..7], [1, 2, 2, 3, 3, 3, 4]);
        assert_eq!(sizes.last(), Some(&4));
    }

    #[test]
    fn without_a_word_from_the_server_the_users_window_is_the_limit() {
        let mut window = AdaptiveWindow::default();
        (0..100).for_each(|_| window.grow());
        assert_eq!(size(&mut window, None), 3);
        assert_eq!(size(&mut window, Some(1)), 1);
    }

    #[test]
    fn a_loss_halves_it_and_it_comes_back_slowly_to_where_it_lost() {
        let mut window = AdaptiveWindow::default();
        (0..6).for_each(|_| window.grow());
        window.shrink();
        assert_eq!(size(&mut window, Some(9)), 2);
        (0..2).for_each(|_| window.grow());
        assert_eq!(size(&mut window, Some(9)), 3);
        (0..47).for_each(|_| window.grow());
        assert_eq!(size(&mut window, Some(9)), 3);
        window.grow();
        assert_eq!(size(&mut window, Some(9)), 4);
    }
}
