//! The client as its users see it: driven through the machine's four verbs against a small server.

mod contract;
mod failures;
mod gateway;
mod golden;
mod losses;
mod own_strategy;
mod seed_log;
mod server;
mod whole_update;
mod world;
