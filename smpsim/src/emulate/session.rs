//! One task owns the world, the socket and the clock.

#![expect(clippy::disallowed_types, reason = "here the clock of the wall meets virtual time")]

use super::pace::Pace;
use super::peers::Peers;
use super::sink::EmulatorSink;
use crate::Refusal;
use sim::emulate::octets;
use sim::world::{DeviceState, Prepared, World};
use sim_core::{Seed, Span, Time};
use std::time::{Duration, Instant};
use tokio::net::UdpSocket;

/// Largest datagram that UDP carries.
const DATAGRAM_MAX: usize = 65_535;

/// Longest boot at the start, in virtual time: a swap of the largest slots takes minutes.
const BOOT_MAX: Span = Span::from_s(3_600);

/// How late a deadline may be served before the user is told, by the clock. The event loop's own
/// tick is a millisecond.
const LATE: Duration = Duration::from_millis(50);

/// The signals that end an emulation.
pub(crate) struct Stop {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

impl Stop {
    /// From now on these signals no longer end the program at once.
    pub(crate) fn new() -> Result<Self, Refusal> {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            let listen = |kind| signal(kind).map_err(|e| Refusal(format!("no signals: {e}")));
            Ok(Self {
                terminate: listen(SignalKind::terminate())?,
                interrupt: listen(SignalKind::interrupt())?,
            })
        }
        #[cfg(not(unix))]
        Ok(Self {})
    }

    /// Waits for one of them.
    async fn wait(&mut self) {
        #[cfg(unix)]
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
        #[cfg(not(unix))]
        {
            let _ = tokio::signal::ctrl_c().await;
        }
    }
}

/// A device under emulation.
pub(crate) struct Session {
    world: World<EmulatorSink>,
    pace: Pace,
    peers: Peers,
    state: DeviceState,
    datagrams: u32,
    warned_late: bool,
}

impl Session {
    /// Gives the device its supply and lets it boot, however long that takes, in no time of the
    /// clock; then virtual time begins to follow the clock.
    pub(crate) fn boot(prepared: &Prepared, sink: EmulatorSink, pace: Pace) -> Self {
        let mut world = World::powered_on(prepared, Seed(1), sink);
        let limit = world.now() + BOOT_MAX;
        while !settled(world.device().state()) && world.deadline().is_some_and(|due| due <= limit) {
            world.step();
        }
        let pace = pace.restarted_at(world.now());
        let state = world.device().state();
        if state == DeviceState::Dead {
            eprintln!("smpsim: nothing bootable in slot 0; the device stays silent");
        }
        Self { world, pace, peers: Peers::default(), state, datagrams: 0, warned_late: false }
    }

    /// Moves datagrams between the socket and the world until a signal comes.
    pub(crate) async fn serve(&mut self, socket: &UdpSocket, stop: &mut Stop) {
        let mut buffer = vec![0; DATAGRAM_MAX];
        loop {
            self.catch_up();
            self.send_all(socket).await;
            let due = self.world.deadline().and_then(|due| self.pace.at(due));
            tokio::select! {
                () = stop.wait() => return,
                received = socket.recv_from(&mut buffer) => {
                    // An error tells of a datagram sent earlier that nobody took.
                    if let Ok((len, from)) = received {
                        self.catch_up();
                        let peer = self.peers.number(from);
                        self.datagrams = self.datagrams.wrapping_add(1);
                        let (now, tag, bytes) = (self.world.now(), self.datagrams, &buffer[..len]);
                        self.world.sink.received(now, tag, from, bytes);
                        self.world.inject_datagram(tag, peer, bytes);
                    }
                }
                () = sleep_until(due) => {}
            }
        }
    }

    /// The flash as it is now, and the sink.
    pub(crate) fn end(self) -> (Vec<u8>, EmulatorSink) {
        let contents = octets(self.world.device().flash());
        (contents, self.world.sink)
    }

    /// Lets everything happen that is due by the clock, each thing at its own virtual time.
    fn catch_up(&mut self) {
        let now = self.pace.now().max(self.world.now());
        if let Some(due) = self.world.deadline().filter(|due| *due <= now) {
            self.note_lateness(due);
        }
        while self.world.deadline().is_some_and(|due| due <= now) {
            self.world.step();
            self.tell_state();
        }
        self.world.advance_to(now);
    }

    fn note_lateness(&mut self, due: Time) {
        let Some(at) = self.pace.at(due) else { return };
        let late = Instant::now().saturating_duration_since(at);
        if late < LATE {
            return;
        }
        self.world.note_late(due, Span::from_us(late.as_micros() as u64));
        if !self.warned_late {
            self.warned_late = true;
            eprintln!(
                "smpsim: this machine does not keep up: what was due at {due} came {} ms late; \
                 virtual time stays right, answers come later (told once)",
                late.as_millis()
            );
        }
    }

    /// Tells on standard error when the device goes down or comes back.
    fn tell_state(&mut self) {
        let state = self.world.device().state();
        if state == self.state {
            return;
        }
        let now = self.world.now();
        match state {
            DeviceState::Running => eprintln!("smpsim: {now}: the application runs"),
            DeviceState::Booting => eprintln!("smpsim: {now}: reset, the boot loader runs"),
            DeviceState::Dead => {
                eprintln!("smpsim: {now}: nothing bootable; the device stays silent");
            }
            DeviceState::Off(_) => eprintln!("smpsim: {now}: the supply fails"),
            DeviceState::Starting(_) => {}
        }
        self.state = state;
    }

    async fn send_all(&mut self, socket: &UdpSocket) {
        while let Some((peer, bytes)) = self.world.poll_datagram() {
            let Some(address) = self.peers.address(peer) else { continue };
            let now = self.world.now();
            self.world.sink.sent(now, address, &bytes);
            // Whoever asked may be gone; a datagram that nobody takes is lost.
            let _ = socket.send_to(&bytes, address).await;
        }
    }
}

/// Whether a boot has come to its end.
const fn settled(state: DeviceState) -> bool {
    matches!(state, DeviceState::Running | DeviceState::Dead)
}

/// Sleeps until then, or for ever.
async fn sleep_until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due.into()).await,
        None => std::future::pending().await,
    }
}
