//! The client as its users see it: driven through the machine's four verbs against a small server.

mod boot_loader;
mod changed_sample;
mod contract;
mod failures;
mod frames;
mod gateway;
mod golden;
mod ios;
mod losses;
mod other_protocols;
mod own_strategy;
mod proposed;
mod seed_log;
mod server;
mod smpclient;
mod storm;
mod tools;
mod whole_update;
mod world;
