//! Who sent datagrams.

use std::net::SocketAddr;

/// Most peers that are remembered. Each call of a command line client is a new one; the oldest is
/// forgotten, which can only matter while its request is in process.
const MOST: usize = 1024;

/// Numbers for the addresses that datagrams came from.
#[derive(Debug, Default)]
pub(crate) struct Peers {
    known: Vec<SocketAddr>,
    oldest: usize,
}

impl Peers {
    /// The number of an address.
    pub(crate) fn number(&mut self, address: SocketAddr) -> u32 {
        let number = self.known.iter().position(|known| *known == address);
        number.unwrap_or_else(|| self.remember(address)) as u32
    }

    /// The address with that number.
    pub(crate) fn address(&self, number: u32) -> Option<SocketAddr> {
        self.known.get(number as usize).copied()
    }

    fn remember(&mut self, address: SocketAddr) -> usize {
        if self.known.len() < MOST {
            self.known.push(address);
            return self.known.len() - 1;
        }
        let place = self.oldest;
        self.known[place] = address;
        self.oldest = (place + 1) % MOST;
        place
    }
}

#[cfg(test)]
mod tests {
    use super::{MOST, Peers};
    use std::net::SocketAddr;

    #[test]
    fn an_address_keeps_its_number_until_many_others_came() {
        let address = |port| SocketAddr::from(([127, 0, 0, 1], port));
        let mut peers = Peers::default();
        let first = peers.number(address(1));
        assert_eq!(peers.number(address(2)), first + 1);
        assert_eq!(peers.number(address(1)), first);
        assert_eq!(peers.address(first), Some(address(1)));
        for port in 3..=MOST as u16 + 1 {
            peers.number(address(port));
        }
        assert_eq!(peers.address(first), Some(address(MOST as u16 + 1)));
        assert_eq!(peers.address(MOST as u32), None);
    }
}
