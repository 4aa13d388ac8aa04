//! Bodies of the file group.

mod hash;
mod status;
mod transfer;

pub use hash::{HashOutput, HashRequest, HashResponse, HashType, emit_hash_types};
pub use status::{StatusRequest, StatusResponse};
pub use transfer::{
    FileDownloadRequest, FileDownloadResponse, FileUploadRequest, FileUploadResponse,
};
