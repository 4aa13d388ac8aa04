//! The wire as seen from outside: one file for each way of looking at it.

#![allow(clippy::unwrap_used, reason = "a test that meets an error has failed")]

mod any_bytes;
mod client_reading;
mod dialect_properties;
mod dialects;
mod oracle;
mod seed_log;
mod server_reading;
mod small_requests;
mod support;
mod vectors;
