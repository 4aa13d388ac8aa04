//! The client ends of other protocols, against answers that a test makes up.

use crate::world::{config, image};
use client_model::{
    Client, ClientConfig, ClientError, ClientIn, ClientOut, Finish, Outcome, Phase, StrategyKind,
    Transport,
};
use sim_core::{Machine, Sdu, Time};

/// A client on a link that is ready.
struct Bench {
    client: Client,
    now: Time,
    writes: Vec<Vec<u8>>,
    finish: Option<Finish>,
}

impl Bench {
    fn new(config: ClientConfig, att_mtu: u16) -> Self {
        let client = Client::new(config);
        let mut bench = Self { client, now: Time::ZERO, writes: Vec::new(), finish: None };
        bench.tell(ClientIn::Start);
        bench.connect(att_mtu);
        bench
    }

    fn connect(&mut self, att_mtu: u16) {
        self.tell(ClientIn::Connected);
        self.tell(ClientIn::Ready { transport: Transport::Ble, att_mtu });
    }

    fn tell(&mut self, input: ClientIn) {
        self.client.handle(self.now, input, ());
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(out) = self.client.poll() {
            match out {
                ClientOut::Write(sdu) => self.writes.push(sdu.bytes),
                ClientOut::Finished(finish) => self.finish = Some(finish),
                _ => {}
            }
        }
    }

    /// What is written after this value has come.
    fn answer(&mut self, value: &[u8]) -> Vec<Vec<u8>> {
        self.writes.clear();
        self.tell(ClientIn::Received(Sdu { tag: 0, bytes: value.to_vec() }));
        std::mem::take(&mut self.writes)
    }

    /// What is written when the next deadline has come.
    fn wait(&mut self) -> Vec<Vec<u8>> {
        self.writes.clear();
        self.now = self.client.deadline().expect("it waits for something");
        self.client.on_deadline(self.now, ());
        self.drain();
        std::mem::take(&mut self.writes)
    }

    #[track_caller]
    fn failed(&self, error: ClientError) {
        let finish = Finish { outcome: Outcome::Failed, error: Some(error) };
        assert_eq!(self.finish, Some(finish));
    }
}

fn crc_answer(off: u32, crc: u32) -> Vec<u8> {
    [&[0x60, 0x03, 0x01][..], &off.to_le_bytes(), &crc.to_le_bytes()].concat()
}

/// A Secure DFU client that sends its first data object, all packets of it.
fn sending(len: usize) -> Bench {
    let mut config = config(StrategyKind::NordicSecureDfu, len);
    config.other.receipts = 0;
    let mut bench = Bench::new(config, 247);
    assert_eq!(bench.writes, [[0x01]]);
    bench.answer(&[0x20, 0x01, 0x01]);
    bench.tell(ClientIn::Lost { reason: 0x16 });
    bench.connect(247);
    assert_eq!(bench.writes, [[0x06, 0x01]]);
    let zero = [0; 8];
    assert_eq!(bench.answer(&[&[0x60, 0x06, 0x01][..], &zero, &zero[..4]].concat()), [[2, 0, 0]]);
    assert_eq!(bench.answer(&[0x60, 0x02, 0x01]), [[1, 1, 141, 0, 0, 0]]);
    let init = bench.answer(&[0x60, 0x01, 0x01]);
    assert_eq!((init[0].len(), &init[1][..]), (141, &[0x03][..]));
    assert_eq!(init[0][4..36], image(len).sha256);
    assert_eq!(bench.answer(&crc_answer(141, crc32fast::hash(&init[0]))), [[0x04]]);
    assert_eq!(bench.answer(&[0x60, 0x04, 0x01]), [[0x06, 0x02]]);
    let max = [&[0x60, 0x06, 0x01][..], &4096u32.to_le_bytes(), &zero].concat();
    let size = len.min(4096) as u32;
    assert_eq!(bench.answer(&max), [[&[1, 2][..], &size.to_le_bytes()].concat()]);
    bench
}

#[test]
fn an_object_goes_in_packets_and_its_crc_is_asked_for() {
    let mut bench = sending(5000);
    let writes = bench.answer(&[0x60, 0x01, 0x01]);
    assert_eq!(writes.last(), Some(&vec![0x03]));
    assert_eq!(writes[..17].concat(), image(5000).bytes[..4096]);
    assert!(writes[..16].iter().all(|packet| packet.len() == 244));
    let crc = crc32fast::hash(&image(5000).bytes[..4096]);
    assert_eq!(bench.answer(&crc_answer(4096, crc)), [[0x04]]);
    assert_eq!(bench.answer(&[0x60, 0x04, 0x01]), [[1, 2, 136, 3, 0, 0]], "904 octets are left");
}

#[test]
fn octets_that_were_lost_are_sent_again_with_a_receipt_after_every_packet() {
    let mut bench = sending(1000);
    bench.answer(&[0x60, 0x01, 0x01]);
    let bytes = image(1000).bytes;
    let got = crc_answer(488, crc32fast::hash(&bytes[..488]));
    assert_eq!(bench.answer(&got), [[0x02, 1, 0]]);
    assert_eq!(bench.answer(&[0x60, 0x02, 0x01]), [&bytes[488..732]]);
    assert_eq!(bench.answer(&crc_answer(732, 0)), [&bytes[732..976]], "a receipt is not checked");
    assert_eq!(bench.answer(&crc_answer(976, 0)), [&bytes[976..]]);
    assert_eq!(bench.answer(&crc_answer(1000, 0)), [[0x03]]);
    assert_eq!(bench.answer(&crc_answer(1000, crc32fast::hash(&bytes))), [[0x04]]);
}

#[test]
fn a_wrong_crc_has_the_object_made_anew_three_times_at_most() {
    let mut bench = sending(1000);
    for _ in 0..2 {
        bench.answer(&[0x60, 0x01, 0x01]);
        assert_eq!(bench.answer(&crc_answer(1000, 1)), [[1, 2, 232, 3, 0, 0]]);
    }
    bench.answer(&[0x60, 0x01, 0x01]);
    bench.answer(&crc_answer(1000, 1));
    bench.failed(ClientError::MatchFailed);
}

#[test]
fn a_refusal_and_what_is_no_answer_end_secure_dfu() {
    let mut refused = sending(1000);
    refused.answer(&[0x60, 0x01, 0x04]);
    refused.failed(ClientError::ProtocolError { phase: Phase::Upload, code: 4 });
    let mut garbled = sending(1000);
    garbled.answer(&[0x61]);
    garbled.failed(ClientError::MalformedAnswer { phase: Phase::Upload });
}

/// What an OAD target says when it wants a block.
fn wants(status: u8, block: u32) -> Vec<u8> {
    [&[0x12, status][..], &block.to_le_bytes()].concat()
}

/// A downloader that waits for what the target wants.
fn started(len: usize) -> Bench {
    let mut bench = Bench::new(config(StrategyKind::TiOad, len), 247);
    assert_eq!(bench.writes, [[0x01]]);
    let identify = bench.answer(&[0x01, 244, 0]);
    assert_eq!(identify[0].len(), 22);
    assert_eq!(identify[0][14..18], (len as u32).to_le_bytes());
    assert_eq!(bench.answer(&[0]), [[0x03]]);
    bench
}

#[test]
fn the_target_decides_which_block_comes_next() {
    let mut bench = started(1000);
    let bytes = image(1000).bytes;
    for (number, data) in [(0, &bytes[..240]), (2, &bytes[480..720]), (4, &bytes[960..])] {
        let block = [&u32::to_le_bytes(number)[..], data].concat();
        assert_eq!(bench.answer(&wants(0, number)), [block]);
    }
    assert_eq!(bench.answer(&wants(14, 5)), [[0x04]]);
}

#[test]
fn a_block_behind_the_end_an_error_and_silence_end_the_download() {
    let mut behind = started(1000);
    behind.answer(&wants(0, 5));
    behind.failed(ClientError::OffsetOutOfRange { off: 1200 });
    let mut refused = started(1000);
    refused.answer(&wants(3, 0));
    refused.failed(ClientError::ProtocolError { phase: Phase::Upload, code: 3 });
    let mut silent = started(1000);
    silent.wait();
    silent.failed(ClientError::Timeout { phase: Phase::Upload });
}

fn own(len: usize, att_mtu: u16) -> Bench {
    let config = ClientConfig { window: 2, ..config(StrategyKind::SeedOwnProtocol, len) };
    Bench::new(config, att_mtu)
}

/// A packet of the user's own protocol, without the length of the file.
fn packet(off: u32, data: &[u8]) -> Vec<u8> {
    [&off.to_le_bytes()[..], data].concat()
}

#[test]
fn own_packets_have_an_offset_and_the_first_the_length_of_the_file() {
    let mut bench = own(1000, 103);
    let bytes = image(1000).bytes;
    let first = [&[0; 4][..], &1000u32.to_le_bytes(), &bytes[..92]].concat();
    assert_eq!(bench.writes, [first, packet(92, &bytes[92..188])]);
    assert_eq!(bench.answer(&0u32.to_le_bytes()), [packet(188, &bytes[188..284])]);
    // The echo of the later one acknowledges both.
    let two = [packet(284, &bytes[284..380]), packet(380, &bytes[380..476])];
    assert_eq!(bench.answer(&188u32.to_le_bytes()), two);
    assert!(bench.answer(&77u32.to_le_bytes()).is_empty(), "no packet under way has this offset");
}

#[test]
fn unanswered_own_packets_are_sent_again_three_times() {
    let mut bench = own(1000, 103);
    let sent = std::mem::take(&mut bench.writes);
    for _ in 0..3 {
        assert_eq!(bench.wait(), sent);
    }
    assert!(bench.wait().is_empty());
    bench.failed(ClientError::Timeout { phase: Phase::Upload });
}

#[test]
fn an_error_number_ends_the_own_protocol_and_so_does_a_tiny_link() {
    for code in [1, 2] {
        let mut bench = own(1000, 103);
        bench.answer(&u32::to_le_bytes(code));
        bench.failed(ClientError::ProtocolError { phase: Phase::Upload, code });
    }
    own(1000, 11).failed(ClientError::ChunkDoesNotFit { limit: 8, off: 0 });
}
