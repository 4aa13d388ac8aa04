//! Which data channel a connection event uses (Vol 6 Part B 4.5.8).

use serde::{Serialize, Serializer};

/// Data channels of Bluetooth LE (Vol 6 Part B 1.4.1).
pub const DATA_CHANNELS: u8 = 37;

/// Fewest data channels that a map may leave in use (Vol 6 Part B 4.5.8.1).
pub const MIN_USED: u8 = 2;

/// Data channels in use (Vol 6 Part B 4.5.8.1), at least [`MIN_USED`]. Kept in two parts, so that a
/// trace event stays small.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChannelMap {
    /// Channels 0 to 31.
    low: u32,
    /// Channels 32 to 36.
    high: u8,
}

impl ChannelMap {
    /// All data channels.
    pub const ALL: Self = Self { low: 0xffff_ffff, high: 0x1f };

    /// The map with these bits, bit 0 for channel 0; `None` with fewer than two channels or with
    /// bits beyond channel 36.
    pub const fn new(bits: u64) -> Option<Self> {
        if bits >> DATA_CHANNELS != 0 || bits.count_ones() < MIN_USED as u32 {
            return None;
        }
        Some(Self { low: bits as u32, high: (bits >> 32) as u8 })
    }

    /// Bit 0 for channel 0, up to bit 36.
    #[inline]
    pub const fn bits(self) -> u64 {
        (self.high as u64) << 32 | self.low as u64
    }

    /// Whether a data channel is in use.
    #[inline]
    pub const fn contains(self, channel: u8) -> bool {
        self.bits() >> channel & 1 == 1
    }

    /// Data channels in use, 2 to 37.
    #[inline]
    pub const fn count(self) -> u8 {
        self.bits().count_ones() as u8
    }

    /// The channel in use with this place in ascending order, the first being 0; places from
    /// [`Self::count`] on have none.
    #[inline]
    pub const fn nth(self, place: u8) -> Option<u8> {
        let mut left = self.bits();
        let mut skipped = 0;
        while skipped < place && left != 0 {
            left &= left - 1;
            skipped += 1;
        }
        if left == 0 { None } else { Some(left.trailing_zeros() as u8) }
    }

    /// The unmapped channel when it is in use, otherwise the used channel at a place that
    /// `remap` computes from how many there are.
    #[inline]
    fn map(self, unmapped: u8, remap: impl FnOnce(u8) -> u8) -> u8 {
        if self.contains(unmapped) {
            return unmapped;
        }
        self.nth(remap(self.count())).expect("a remapping index lies below the number of channels")
    }
}

impl Default for ChannelMap {
    fn default() -> Self {
        Self::ALL
    }
}

impl Serialize for ChannelMap {
    /// As people write channel maps: `0x1fffffffff`.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:#x}", self.bits()))
    }
}

/// The channel of a connection event, and how it came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Channel {
    /// `prn_e` of algorithm #2; algorithm #1 has none.
    pub prn_e: Option<u16>,
    /// Channel before the map, 0 to 36.
    pub unmapped: u8,
    /// Data channel, 0 to 36.
    pub channel: u8,
}

/// Channel selection algorithm #1 (Vol 6 Part B 4.5.8.2): every event goes on by the same hop,
/// whether the peripheral listens or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Csa1 {
    hop: u8,
}

impl Csa1 {
    /// Shortest hop (Vol 6 Part B 2.3.3.1, field `Hop`).
    pub const HOP_MIN: u8 = 5;
    /// Longest hop.
    pub const HOP_MAX: u8 = 16;

    /// The algorithm with a hop of 5 to 16.
    pub const fn new(hop: u8) -> Option<Self> {
        if Self::HOP_MIN <= hop && hop <= Self::HOP_MAX { Some(Self { hop }) } else { None }
    }

    /// Channels from one event to the next.
    pub const fn hop(self) -> u8 {
        self.hop
    }

    /// The channel of the event after one whose unmapped channel was `last`, 0 to 36.
    pub fn after(self, last: u8, map: ChannelMap) -> Channel {
        let unmapped = (last + self.hop) % DATA_CHANNELS;
        let channel = map.map(unmapped, |count| unmapped % count);
        Channel { prn_e: None, unmapped, channel }
    }

    /// The channel of event number `event` of a connection, counted from 0 without wrapping. The
    /// unmapped channel before the first event is 0.
    pub fn at(self, event: u64, map: ChannelMap) -> Channel {
        let modulus = u64::from(DATA_CHANNELS);
        let last = event % modulus * u64::from(self.hop) % modulus;
        self.after(last as u8, map)
    }
}

/// Channel selection algorithm #2 (Vol 6 Part B 4.5.8.3): a hash of channel identifier and event
/// counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Csa2 {
    channel_id: u16,
}

impl Csa2 {
    /// The algorithm of a connection with this access address.
    pub const fn new(access_address: u32) -> Self {
        Self::from_channel_id((access_address >> 16) as u16 ^ access_address as u16)
    }

    /// The algorithm with this channel identifier.
    pub const fn from_channel_id(channel_id: u16) -> Self {
        Self { channel_id }
    }

    /// Both halves of the access address, exclusive or.
    pub const fn channel_id(self) -> u16 {
        self.channel_id
    }

    /// The event's pseudo-random number `prn_e`.
    pub const fn prn_e(self, counter: u16) -> u16 {
        let mut prn = counter ^ self.channel_id;
        let mut round = 0;
        while round < 3 {
            prn = multiply_add_modulo(permute(prn), self.channel_id);
            round += 1;
        }
        prn ^ self.channel_id
    }

    /// The channel of the event with this event counter.
    pub fn channel(self, counter: u16, map: ChannelMap) -> Channel {
        let prn_e = self.prn_e(counter);
        let unmapped = (prn_e % u16::from(DATA_CHANNELS)) as u8;
        let place = |count: u8| ((u32::from(count) * u32::from(prn_e)) >> 16) as u8;
        Channel { prn_e: Some(prn_e), unmapped, channel: map.map(unmapped, place) }
    }
}

/// Reverses the bits of either octet.
const fn permute(word: u16) -> u16 {
    word.swap_bytes().reverse_bits()
}

const fn multiply_add_modulo(a: u16, b: u16) -> u16 {
    a.wrapping_mul(17).wrapping_add(b)
}

/// Which of the algorithms a connection uses: #2 when both ends support it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Csa {
    /// Algorithm #1.
    One,
    /// Algorithm #2.
    #[default]
    Two,
}

impl Csa {
    /// The algorithm's number.
    pub const fn number(self) -> u8 {
        match self {
            Self::One => 1,
            Self::Two => 2,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ChannelMap, Csa1, Csa2, DATA_CHANNELS};
    use proptest::prelude::*;

    fn map(bits: u64) -> ChannelMap {
        ChannelMap::new(bits).expect("two channels or more")
    }

    /// Sample data of Vol 6 Part C for access address 0x8E89BED6: counter, `prn_e`, unmapped,
    /// channel; first with all channels, then with nine of them.
    #[test]
    fn algorithm_2_gives_the_sample_data_of_the_specification() {
        let csa = Csa2::new(0x8e89_bed6);
        assert_eq!(csa.channel_id(), 0x305f);
        let all = [(0, 56_857, 25, 25), (1, 1_685, 20, 20), (2, 38_301, 6, 6), (3, 27_475, 21, 21)];
        let nine = [(6, 10_975, 23, 23), (7, 5_490, 14, 9), (8, 46_970, 17, 34)];
        let nine_channels = map(0x1e_00e0_0600);
        assert_eq!(nine_channels.count(), 9);
        let rows = all.map(|row| (ChannelMap::ALL, row)).into_iter();
        for (map, (counter, prn_e, unmapped, channel)) in
            rows.chain(nine.map(|row| (nine_channels, row)))
        {
            let got = csa.channel(counter, map);
            assert_eq!((got.prn_e, got.unmapped), (Some(prn_e), unmapped), "counter {counter}");
            assert_eq!(got.channel, channel, "counter {counter}");
        }
    }

    #[test]
    fn algorithm_1_hops_and_remaps_by_the_remainder() {
        let csa = |hop| Csa1::new(hop).expect("5 to 16");
        assert_eq!(csa(7).after(0, ChannelMap::ALL).channel, 7);
        assert_eq!(csa(16).after(36, ChannelMap::ALL).channel, 15);
        let remapped = csa(13).after(35, map(0x1f));
        assert_eq!((remapped.unmapped, remapped.channel, remapped.prn_e), (11, 1, None));
        assert!(Csa1::new(4).is_none() && Csa1::new(17).is_none());
    }

    #[test]
    fn a_map_has_two_channels_or_more_and_none_beyond_36() {
        assert!(ChannelMap::new(0).is_none() && ChannelMap::new(1 << 12).is_none());
        assert!(ChannelMap::new(1 << 37 | 3).is_none());
        assert_eq!(map(0x3).count(), 2);
        assert_eq!(ChannelMap::ALL.bits(), (1 << DATA_CHANNELS) - 1);
    }

    fn any_map() -> impl Strategy<Value = ChannelMap> {
        (any::<u64>(), any::<u64>(), 0..37u32, 1..37u32).prop_map(|(a, b, at, step)| {
            let two = 1u64 << at | 1 << ((at + step) % 37);
            map((a & b | two) & ChannelMap::ALL.bits())
        })
    }

    proptest! {
        #[test]
        fn every_used_channel_is_used_and_no_other(
            map in any_map(),
            access_address: u32,
            hop in 5..=16u8,
        ) {
            let (two, one) = (Csa2::new(access_address), Csa1::new(hop).expect("5 to 16"));
            let mut seen = [0u64; 2];
            for counter in 0..=u16::MAX {
                seen[0] |= 1 << two.channel(counter, map).channel;
            }
            for event in 0..37 {
                seen[1] |= 1 << one.at(event, map).channel;
            }
            prop_assert_eq!(seen, [map.bits(); 2]);
        }

        #[test]
        fn the_closed_form_of_algorithm_1_is_the_running_one(
            map in any_map(),
            hop in 5..=16u8,
            events in 0..500u64,
        ) {
            let csa = Csa1::new(hop).expect("5 to 16");
            let mut last = 0;
            for event in 0..=events {
                let channel = csa.after(last, map);
                prop_assert_eq!(csa.at(event, map), channel);
                last = channel.unmapped;
            }
        }
    }

    /// With all channels, 65,536 events of one connection: 1771 a channel on average.
    #[test]
    fn algorithm_2_spreads_events_evenly() {
        for access_address in [0x8e89_bed6, 0x5065_5d2b, 0xaf9a_be31] {
            let csa = Csa2::new(access_address);
            let mut events = [0u32; DATA_CHANNELS as usize];
            for counter in 0..=u16::MAX {
                events[usize::from(csa.channel(counter, ChannelMap::ALL).channel)] += 1;
            }
            assert!(events.iter().all(|n| (1_500..2_050).contains(n)), "{events:?}");
        }
    }
}
