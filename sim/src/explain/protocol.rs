//! The protocol's result codes in words.

use super::Words;
use smp_wire::errors::Rc;
use smp_wire::group;

/// What a code of the protocol means, who sends it, and what to do.
pub(super) const fn words(rc: Rc) -> Words {
    match rc {
        Rc::Ok => Words {
            meaning: "No error.",
            sender: "Early servers, and later ones with MCUMGR_SMP_LEGACY_RC_BEHAVIOUR, begin the \
                     answers to upload and erase with it. Others leave `rc` out of a success.",
            remedy: "Nothing. Take an answer without `rc` and `err` for a success too.",
        },
        Rc::Unknown => Words {
            meaning: "Something failed for which the server has no better code.",
            sender: "Early servers for a failed flash operation, a slot that does not exist, a test \
                     of the running image, and any malformed echo. Later servers send it to clients \
                     of SMP version 1 for most errors of a group.",
            remedy: "Ask in SMP version 2, which names the group's own error, or build the server \
                     with MCUMGR_SMP_VERBOSE_ERR_RESPONSE to get a reason.",
        },
        Rc::NoMemory => Words {
            meaning: "No buffer is free for the response, or a handler found no memory.",
            sender: "The server itself when every network buffer holds a queued request, so that \
                     the response has none.",
            remedy: "Keep at most one request less outstanding than the server has buffers \
                     (MCUMGR_TRANSPORT_NETBUF_COUNT), then repeat the request.",
        },
        Rc::Invalid => Words {
            meaning: "The request cannot be decoded, or a value in it is not allowed.",
            sender: "The server when the CBOR is malformed, a known key occurs twice or has a value \
                     of the wrong type, or a map is missing. Early image handlers for a wrong hash, \
                     offset, length or image magic.",
            remedy: "Look at the request with `smpsim frame`. Nothing of it was carried out, and an \
                     upload in progress goes on.",
        },
        Rc::Timeout => Words {
            meaning: "The command took too long.",
            sender: "No handler of Zephyr's own groups; an application's group may.",
            remedy: "Repeat the request. A client that waits in vain gets no code at all: that is \
                     its own timeout.",
        },
        Rc::NoEntry => Words {
            meaning: "What the request names does not exist.",
            sender: "Early servers when no slot is free for an upload. Later servers to clients of \
                     version 1: a file, setting or group of statistics that is not there, an image \
                     slot without an image.",
            remedy: "Check the name. For an upload: confirm or reset first, so that the other slot \
                     is free.",
        },
        Rc::BadState => Words {
            meaning: "The request is not possible in the present state.",
            sender: "Image group: an update is pending, the running image is not confirmed, the slot \
                     is in use, or the version is not newer.",
            remedy: "List the images. When one is pending, reset the device; when the running one is \
                     not confirmed, confirm it or reset to go back.",
        },
        Rc::MessageTooLarge => Words {
            meaning: "The response does not fit the server's buffer.",
            sender: "The server when encoding fails. Zephyr 3.2 also answers an image erase that \
                     worked with it, unless MCUMGR_SMP_LEGACY_RC_BEHAVIOUR is on.",
            remedy: "Ask for less, or build the server with a larger MCUMGR_TRANSPORT_NETBUF_SIZE. \
                     After an erase on 3.2: list the images; the slot is empty.",
        },
        Rc::NotSupported => Words {
            meaning: "The server has no such group or command, or the command does not take this \
                      operation.",
            sender: "The server before any handler runs: the group is not compiled in, the command \
                     is switched off, or a read was sent where only a write exists. From Zephyr 3.7 \
                     on also for an operation that is neither read nor write.",
            remedy: "Go on without the command when it is optional; otherwise build the server with \
                     the option that adds it.",
        },
        Rc::Corrupt => Words {
            meaning: "The packet is shorter than its header says.",
            sender: "The server when the payload length in the header exceeds what arrived, for one \
                     because a datagram was cut at 1500 octets. Enumeration details also send it \
                     when the answer does not fit.",
            remedy: "Check how the client cuts requests, and that reassembly is on where a request \
                     spans several writes.",
        },
        Rc::Busy => Words {
            meaning: "Another request holds what this one needs.",
            sender: "File group, when a file is being closed or another transfer holds the lock.",
            remedy: "Wait and repeat.",
        },
        Rc::AccessDenied => Words {
            meaning: "A hook of the application refused the request.",
            sender: "Applications with MCUMGR_MGMT_NOTIFICATION_HOOKS, on upload, file access or \
                     reset.",
            remedy: "Ask who wrote the application: the protocol does not tell why.",
        },
        Rc::TooOld => Words {
            meaning: "The server no longer serves this version of SMP.",
            sender: "Servers built without MCUMGR_SMP_SUPPORT_ORIGINAL_PROTOCOL, to a request of \
                     version 1.",
            remedy: "Send version 2: 1 in the version bits of the header.",
        },
        Rc::TooNew => Words {
            meaning: "The server does not yet serve this version of SMP.",
            sender: "Servers from Zephyr 3.5 on, to a request with 2 or 3 in the version bits. It \
                     comes before group and payload are looked at.",
            remedy: "Send version 2: 1 in the version bits of the header. The answer says which \
                     version the server has.",
        },
    }
}

/// What the code means from a command of this group, where that is more than its meaning anywhere.
pub(super) const fn in_group(rc: Rc, from: u16) -> Option<&'static str> {
    Some(match (rc, from) {
        (Rc::NotSupported, group::ZEPHYR_BASIC) => {
            "Erasing the settings is not compiled in (MCUMGR_GRP_ZBASIC_STORAGE_ERASE), or the \
             device has no storage partition. Update clients tolerate this answer."
        }
        (Rc::NotSupported, group::LOG | group::CRASH | group::SPLIT | group::RUN) => {
            "No Zephyr server has this group."
        }
        (Rc::NotSupported, group::OS) => {
            "The command is not compiled in: MCUMGR_GRP_OS_ECHO, _TASKSTAT, _DATETIME, \
             _MCUMGR_PARAMS, _INFO or _BOOTLOADER_INFO. Without the parameters, take 4 buffers of \
             384 octets for granted at most."
        }
        (Rc::NotSupported, group::IMAGE) => {
            "MCUMGR_GRP_IMG is off, slot info is not compiled in (MCUMGR_GRP_IMG_SLOT_INFO), or an \
             upload was sent as a read. With a boot loader that loads images into RAM every state \
             write is answered so."
        }
        (Rc::NotSupported, group::STAT) => "MCUMGR_GRP_STAT is off.",
        (Rc::NotSupported, group::SETTINGS) => "MCUMGR_GRP_SETTINGS is off.",
        (Rc::NotSupported, group::FS) => {
            "MCUMGR_GRP_FS is off, or its hashes are (MCUMGR_GRP_FS_CHECKSUM_HASH)."
        }
        (Rc::NotSupported, group::SHELL) => "MCUMGR_GRP_SHELL is off.",
        (Rc::NotSupported, group::ENUM) => {
            "MCUMGR_GRP_ENUM is off, or the server is older than the group."
        }
        (Rc::Invalid, group::IMAGE) => {
            "Early servers: the hash is missing, not 32 octets long or of no image; the first chunk \
             has less than 32 octets, no `len`, or no image magic. Later servers: the request \
             cannot be decoded, or, to clients of version 1, errors 14, 19 to 22, 24 and 25."
        }
        (Rc::Unknown, group::IMAGE) => {
            "Early servers: a flash operation failed, an image too large for the slot was uploaded, \
             or the running image was to be tested. Later servers to clients of version 1: most \
             errors, among them an unknown hash (8) and a bad image magic (23)."
        }
        (Rc::NoEntry, group::IMAGE) => {
            "Early servers: an upload finds no free slot, because an update is pending or the \
             running image is not confirmed."
        }
        (Rc::BadState, group::IMAGE) => {
            "Early servers: an erase of a slot that is in use, or a state write while the running \
             image is not confirmed. Later servers to clients of version 1: no free slot (9), the \
             running version is newer (27), an update is pending already (28)."
        }
        (Rc::MessageTooLarge, group::IMAGE) => {
            "Zephyr 3.2 without MCUMGR_SMP_LEGACY_RC_BEHAVIOUR says so after an erase that worked. \
             Otherwise the image list is longer than the buffer."
        }
        (Rc::Unknown, group::OS) => {
            "Zephyr 3.2: an echo without `d`, with a key behind `d`, or malformed."
        }
        (Rc::Invalid, group::OS) => {
            "An empty or malformed payload; information: an unknown letter in `format`; datetime: \
             not a date of 19 to 25 characters; reset: a boot mode above 255."
        }
        (Rc::MessageTooLarge, group::OS) => {
            "The echo, the thread list or the information is longer than the buffer."
        }
        (Rc::Unknown, group::STAT) => {
            "Early servers: there is no group of statistics of this name."
        }
        _ => return None,
    })
}
