//! The lines between the simulator and a client program: one JSON object each.

use client_model::Transport;
use serde::{Deserialize, Serialize};

/// What a client program is told; docs/exec.md describes every field.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(super) enum EventLine<'a> {
    Start {
        now_us: u64,
        image_file: &'a str,
        image_size: u32,
        image_sha256: &'a str,
        image_tlv_sha256: &'a str,
        mode: &'a str,
        window: u8,
        estimated_swap_us: u64,
        draw: u64,
    },
    Connected {
        now_us: u64,
        transport: Transport,
        att_mtu: u16,
        write_max: u16,
    },
    ConnectFailed {
        now_us: u64,
        attempts: u8,
    },
    Frame {
        now_us: u64,
        hex: &'a str,
    },
    Timer {
        now_us: u64,
    },
    Lost {
        now_us: u64,
        reason: u8,
    },
}

/// What a client program wants done.
#[derive(Debug, Deserialize, PartialEq, Eq)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum ActionLine {
    Connect {},
    Send {
        hex: String,
    },
    Timer {
        #[serde(default)]
        at_us: Option<u64>,
        #[serde(default)]
        after_us: Option<u64>,
    },
    Params {
        interval_us: u64,
        #[serde(default)]
        latency: u16,
        timeout_ms: u64,
    },
    Disconnect {},
    Done {
        outcome: Done,
    },
    Failed {
        #[serde(default)]
        reason: String,
        #[serde(default)]
        code: u32,
    },
    Wait {},
}

/// How an update ends well.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(super) enum Done {
    Confirmed,
    Tested,
    Uploaded,
}

impl ActionLine {
    /// Reads a line.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn read(line: &str) -> Result<Self, String> {
        serde_json::from_str(line.trim()).map_err(|e| format!("{e}, in the line {}", shown(line)))
    }
}

/// Longest part of a line that a message shows, characters.
const SHOWN: usize = 120;

/// A line as a message shows it.
pub(super) fn shown(line: &str) -> String {
    let line = line.trim_end();
    let text: String = line.chars().take(SHOWN).collect();
    if text.len() < line.len() { format!("{text:?}...") } else { format!("{text:?}") }
}

#[cfg(test)]
mod tests {
    use super::{ActionLine, Done, EventLine};
    use client_model::Transport;

    #[test]
    fn every_action_is_read() {
        let read = |line| ActionLine::read(line).expect("lawful");
        assert_eq!(read("{\"do\":\"wait\"}\n"), ActionLine::Wait {});
        assert_eq!(
            read("{\"do\": \"send\", \"hex\": \"00ff\"}"),
            ActionLine::Send { hex: "00ff".into() }
        );
        let timer = ActionLine::Timer { at_us: None, after_us: Some(7) };
        assert_eq!(read("{\"do\":\"timer\",\"after_us\":7}"), timer);
        let done = ActionLine::Done { outcome: Done::Confirmed };
        assert_eq!(read("{\"do\":\"done\",\"outcome\":\"confirmed\"}"), done);
        let failed = ActionLine::Failed { reason: "no".into(), code: 0 };
        assert_eq!(read("{\"do\":\"failed\",\"reason\":\"no\"}"), failed);
    }

    #[test]
    fn a_line_that_is_not_understood_is_shown() {
        for line in
            ["", "hello", "{\"do\":\"dance\"}", "{\"do\":\"send\"}", "{\"do\":\"wait\",\"x\":1}"]
        {
            let error = ActionLine::read(line).expect_err("must be refused");
            assert!(error.contains("in the line"), "{error}");
        }
        let long = ActionLine::read(&"x".repeat(10_000)).expect_err("must be refused");
        assert!(long.len() < 300, "{long}");
    }

    #[test]
    fn an_event_is_one_line() {
        let event = EventLine::Connected {
            now_us: 453_000,
            transport: Transport::Ble,
            att_mtu: 498,
            write_max: 495,
        };
        assert_eq!(
            serde_json::to_string(&event).expect("plain"),
            "{\"event\":\"connected\",\"now_us\":453000,\"transport\":\"ble\",\"att_mtu\":498,\"write_max\":495}"
        );
    }
}
