//! The link from outside: throughput, loss, the life of a connection, and the machine contract.

mod hosts;
mod machine_contract;
mod transfer;
