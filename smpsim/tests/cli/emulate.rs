//! `smpsim emulate`: the program behind a real socket.

use crate::{Folder, smpsim};
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, UdpSocket};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

const ECHO: &[u8] = b"\x0a\0\0\x06\0\0\x77\0\xa1\x61d\x62hi";
const ECHOED: &[u8] = b"\x0b\0\0\x07\0\0\x77\0\xbf\x61r\x62hi\xff";
const LIST: &[u8] = b"\x08\0\0\x01\0\x01\x01\0\xa0";
const RESET: &[u8] = b"\x0a\0\0\0\0\0\x02\x05";

/// Longest wait for an answer that must come.
const PATIENCE: Duration = Duration::from_secs(20);

/// Wait for an answer that must not come; a longer one would not make the tests surer, since the
/// program answers at once or never.
const SILENCE: Duration = Duration::from_millis(100);

/// The program while it emulates.
struct Emulator {
    child: Child,
    address: SocketAddr,
    socket: UdpSocket,
}

impl Emulator {
    fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(assert_cmd::cargo::cargo_bin!("smpsim"))
            .args(["emulate", "--udp", "127.0.0.1:0"])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        let mut line = String::new();
        let out = child.stdout.take().expect("it is piped");
        BufReader::new(out).read_line(&mut line).expect("it is UTF-8");
        let address = line.trim().strip_prefix("ready udp=").expect("the ready line");
        let address: SocketAddr = address.parse().expect("an address and a port");
        assert_ne!(address.port(), 0);
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
        Self { child, address, socket }
    }

    fn send(&self, request: &[u8]) {
        self.socket.send_to(request, self.address).expect("it can be sent");
    }

    fn receive(&self, patience: Duration) -> Option<Vec<u8>> {
        self.socket.set_read_timeout(Some(patience)).expect("a time limit");
        let mut buffer = [0; 4096];
        let (len, from) = self.socket.recv_from(&mut buffer).ok()?;
        assert_eq!(from, self.address, "answers come from the address that was asked");
        Some(buffer[..len].to_vec())
    }

    fn ask(&self, request: &[u8]) -> Vec<u8> {
        self.send(request);
        self.receive(PATIENCE).expect("an answer")
    }

    /// Asks until there is an answer again; the number of requests that were lost.
    fn ask_until_back(&self) -> usize {
        for lost in 0..500 {
            self.send(ECHO);
            if self.receive(SILENCE).is_some() {
                return lost;
            }
        }
        panic!("the device does not come back");
    }

    /// Ends it as a shell or a service manager does.
    fn stop(mut self) -> ExitStatus {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &id]).status().expect("there is a kill");
        assert!(sent.success());
        self.child.wait().expect("it ends")
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn contains(whole: &[u8], part: &[u8]) -> bool {
    whole.windows(part.len()).any(|window| window == part)
}

#[test]
fn the_default_device_answers_as_zephyr_4_4_with_its_factory_image() {
    let emulator = Emulator::start(&["--speed", "50"]);
    assert_eq!(emulator.ask(ECHO), ECHOED);
    let list = emulator.ask(LIST);
    assert!(contains(&list, b"\x67version\x651.0.0"), "{list:02x?}");
    let params = emulator.ask(b"\x08\0\0\x01\0\0\x03\x06\xa0");
    assert!(contains(&params, b"\x68buf_size\x19\x09\xab\x69buf_count\x04"), "{params:02x?}");
    let boot_loader = emulator.ask(b"\x08\0\0\x01\0\0\x04\x08\xa0");
    assert!(contains(&boot_loader, b"\x6abootloader\x67MCUboot"), "{boot_loader:02x?}");
    let unknown = emulator.ask(b"\x08\0\0\x01\0\x4d\x05\0\xa0");
    assert!(contains(&unknown, b"\x62rc\x08"), "{unknown:02x?}");
}

#[test]
fn every_peer_gets_its_own_answers() {
    let emulator = Emulator::start(&["--speed", "50"]);
    let other = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    other.set_read_timeout(Some(PATIENCE)).expect("a time limit");
    other.send_to(LIST, emulator.address).expect("it can be sent");
    let mut buffer = [0; 4096];
    let (len, _) = other.recv_from(&mut buffer).expect("an answer");
    assert!(contains(&buffer[..len], b"images"));
    assert_eq!(emulator.ask(ECHO), ECHOED);
}

#[test]
fn after_a_reset_the_port_is_silent_until_the_application_runs_again() {
    let emulator = Emulator::start(&["--speed", "1"]);
    assert_eq!(&emulator.ask(RESET)[8..], b"\xbf\xff");
    // A quarter of a second is served, then the boot loader hashes for most of a second.
    let mut served = 0;
    loop {
        emulator.send(ECHO);
        if emulator.receive(SILENCE).is_none() {
            break;
        }
        served += 1;
        assert!(served < 100_000, "the device never goes down");
    }
    assert!(emulator.ask_until_back() > 2, "an outage of a second is seen");
}

#[cfg(unix)]
#[test]
fn a_signal_ends_it_and_the_next_start_finds_the_flash_as_it_was() {
    let folder = Folder::new();
    let image = folder.path("image.bin");
    let create =
        ["image", "create", "--version", "3.1.4", "--slot-size", "0x76000", "--pad-header"];
    smpsim(&[&create[..], &["--body-len", "9000", &image]].concat()).with_status(0);
    let flash = folder.path("flash.bin");
    let first = Emulator::start(&["--speed", "50", "--flash", &flash, "--image-slot1", &image]);
    let list = first.ask(LIST);
    assert!(contains(&list, b"\x653.1.4"), "{list:02x?}");
    assert!(first.stop().success());
    assert_eq!(std::fs::metadata(&flash).expect("it is written").len(), 1 << 20);
    let second = Emulator::start(&["--speed", "50", "--flash", &flash]);
    assert_eq!(second.ask(LIST), list);
    // An update that was asked for is carried out by the next start, as by any other boot.
    let hash = {
        let at = list.windows(6).rposition(|w| w == b"\x64hash\x58").expect("a hash");
        list[at + 7..at + 39].to_vec()
    };
    let body = [b"\xa2\x64hash\x58\x20".as_slice(), &hash, b"\x67confirm\xf4"].concat();
    let test = [b"\x0a\0\0".as_slice(), &[body.len() as u8], b"\0\x01\x06\0", &body].concat();
    assert!(contains(&second.ask(&test), b"\x67pending\xf5"));
    assert!(second.stop().success());
    let third = Emulator::start(&["--speed", "50", "--flash", &flash]);
    let list = third.ask(LIST);
    assert!(position(&list, b"3.1.4") < position(&list, b"1.0.0"), "{list:02x?}");
    assert!(third.stop().success());
    // Nobody confirmed it.
    let fourth = Emulator::start(&["--speed", "50", "--flash", &flash]);
    let list = fourth.ask(LIST);
    assert!(position(&list, b"1.0.0") < position(&list, b"3.1.4"), "{list:02x?}");
    assert_eq!(folder.names().len(), 2, "nothing is left beside the files");
}

fn position(whole: &[u8], part: &[u8]) -> usize {
    whole.windows(part.len()).position(|window| window == part).expect("it is there")
}

#[cfg(unix)]
#[test]
fn the_trace_holds_the_datagrams_and_what_came_of_them() {
    let folder = Folder::new();
    let trace = folder.path("trace.jsonl");
    let emulator = Emulator::start(&["--speed", "50", "--profile", "z32", "--trace", &trace]);
    let answer = emulator.ask(ECHO);
    assert_eq!(answer[0], 3, "the older server answers in version 1");
    assert!(emulator.stop().success());
    let text = std::fs::read_to_string(&trace).expect("it is written");
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let port: Vec<_> = lines.iter().filter(|line| line["node"] == "port").collect();
    assert_eq!(port[0]["event"], "datagram_in");
    assert_eq!(port[0]["hex"], sim::hex(ECHO));
    assert_eq!(port[1]["event"], "datagram_out");
    assert!(lines.iter().any(|line| line["event"] == "take" && line["tag"] == port[0]["tag"]));
    assert!(lines.windows(2).all(|pair| pair[0]["at_ns"].as_u64() <= pair[1]["at_ns"].as_u64()));
}

#[test]
fn what_cannot_be_used_is_refused_before_anything_listens() {
    let folder = Folder::new();
    let emulate = |arguments: &[&str]| smpsim(&[&["emulate"], arguments].concat());
    emulate(&["--udp", "0.0.0.0:0"]).refuses(&["0.0.0.0:0", "--allow-remote"]);
    emulate(&["--udp", "[::]:0"]).refuses(&["--allow-remote"]);
    emulate(&["--udp", "nowhere"]).with_status(2);
    emulate(&[]).with_status(2);
    let here = ["--udp", "127.0.0.1:0"];
    let with = |arguments: &[&str]| emulate(&[&here, arguments].concat());
    with(&["--speed", "0"]).with_status(2);
    with(&["--profile", "z99"]).with_status(2);
    with(&["--scenario", "refrence"]).refuses(&["refrence", "reference"]);
    let short = folder.file("short.bin", [0xff; 100]);
    with(&["--flash", &short]).refuses(&["short.bin", "100 octets", "1048576"]);
    with(&["--image-slot0", &short]).refuses(&["short.bin"]);
    with(&["--flash", &folder.path("no/flash.bin")]).refuses(&["flash.bin"]);
    with(&["--trace", &folder.path("no/trace.jsonl")]).refuses(&["trace.jsonl"]);
    let taken = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("it has one").to_string();
    emulate(&["--udp", &address]).refuses(&[&address, "cannot listen"]);
    assert_eq!(folder.names(), ["short.bin"]);
}
