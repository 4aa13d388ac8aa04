//! The link from outside: throughput, loss, the life of a connection, and the machine contract.

mod buffers;
mod connecting;
mod encryption;
mod event_length;
mod goodput;
mod hosts;
mod latency;
mod loss;
mod machine_contract;
mod pipes;
mod procedures;
mod properties;
mod requests;
mod security;
mod shared_radio;
mod slots;
mod transfer;
