//! The one shape of every simulated thing.

use crate::Time;

/// A sans-IO state machine in virtual time.
///
/// The driver's side of the bargain: `now` never decreases, `on_deadline` is called at the moment
/// that `deadline` named (never before it), and after each `handle` or `on_deadline` the machine
/// is polled to `None` before it is touched again. The machine's side is what
/// [`crate::contract::check`] verifies.
pub trait Machine {
    /// A fact that arrives from outside.
    type In;
    /// What the machine tells the world.
    type Out;
    /// What the machine may look at while it acts: `()`, or a borrowed view of flash.
    type Env<'e>;

    /// A fact arrives. May queue outputs and move deadlines.
    fn handle(&mut self, now: Time, input: Self::In, env: Self::Env<'_>);

    /// When the machine wants to be woken next; pure, and never earlier than the last `now`.
    fn deadline(&self) -> Option<Time>;

    /// The moment that `deadline` named has come.
    fn on_deadline(&mut self, now: Time, env: Self::Env<'_>);

    /// The next output, oldest first; `None` when there is no more.
    fn poll(&mut self) -> Option<Self::Out>;
}
