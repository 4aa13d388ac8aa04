//! Numbers that clients and hosts report beside SMP: errno values and Bluetooth reasons.

use super::{Words, words};

/// A number with Zephyr's name of it.
pub(super) struct Known {
    pub(super) code: i64,
    pub(super) name: &'static str,
    pub(super) words: Words,
}

const fn known(
    code: i64,
    name: &'static str,
    meaning: &'static str,
    sender: &'static str,
    remedy: &'static str,
) -> Known {
    Known { code, name, words: words(meaning, sender, remedy) }
}

/// Values of errno in Zephyr (`lib/libc/minimal/include/errno.h`); functions return them negative.
/// Linux has other numbers for those from 35 on.
pub(super) const ERRNO: [Known; 19] = [
    known(
        1,
        "EPERM",
        "Not permitted.",
        "The host, for an operation that security forbids.",
        "Pair, or build the service with open permissions.",
    ),
    known(2, "ENOENT", "It does not exist.", "File systems and settings.", "Check the name."),
    known(
        5,
        "EIO",
        "Input or output failed.",
        "Flash and file systems, and the host when a peer or the controller reports an error.",
        "Look at the log of whoever reported it.",
    ),
    known(
        9,
        "EBADF",
        "No such open file or socket.",
        "Sockets after they were closed.",
        "Open the transport again.",
    ),
    known(
        11,
        "EAGAIN",
        "Not now.",
        "Whoever waits for a buffer or an answer with a time limit that passed.",
        "Try again; increase the time limit.",
    ),
    known(
        12,
        "ENOMEM",
        "Out of memory or buffers.",
        "The Bluetooth host when a write or a notification does not fit the ATT MTU less 3, or no \
         buffer is free.",
        "Cut requests to the MTU less 3, and wait for the sent callback before the next.",
    ),
    known(
        13,
        "EACCES",
        "Access denied.",
        "Flash areas and files.",
        "Check the permissions and the partitions of the build.",
    ),
    known(14, "EFAULT", "Bad address.", "System calls.", "Check the pointers of the application."),
    known(
        16,
        "EBUSY",
        "Busy.",
        "The SMP client of the nRF Connect SDK (bt_dfu_smp_command) while a response is outstanding: \
         it takes one command at a time.",
        "Wait for the response before the next command.",
    ),
    known(19, "ENODEV", "No such device.", "Drivers that are not ready.", "Check the devicetree."),
    known(
        22,
        "EINVAL",
        "An argument is not valid.",
        "Any function.",
        "Check the call; for flash, alignment and partition limits.",
    ),
    known(
        28,
        "ENOSPC",
        "No room left.",
        "File systems and settings, and stream_flash at the end of its area.",
        "Free some room, or make the image smaller.",
    ),
    known(
        30,
        "EROFS",
        "The file system is read-only.",
        "File systems.",
        "Mount it with write access.",
    ),
    known(
        104,
        "ECONNRESET",
        "The connection was reset.",
        "Sockets, and the host when a connection goes down while something waits.",
        "Connect again; an upload of the same file goes on where it was.",
    ),
    known(
        105,
        "ENOBUFS",
        "No buffer is free.",
        "The Bluetooth host and the network stack.",
        "Send less at a time, or build with more buffers.",
    ),
    known(
        116,
        "ETIMEDOUT",
        "No answer in time.",
        "Clients that wait for a response.",
        "Allow more time for the first chunk, during which the slot may be erased for seconds.",
    ),
    known(
        122,
        "EMSGSIZE",
        "The message is too long.",
        "The SMP client of the nRF Connect SDK (bt_dfu_smp_command) for a command longer than the ATT \
         MTU. Nothing was sent; the server does not know of it.",
        "Exchange the MTU first and cut the data so that the whole frame is at most the MTU less 3.",
    ),
    known(
        128,
        "ENOTCONN",
        "Not connected.",
        "The Bluetooth host and sockets.",
        "Connect again; an upload of the same file goes on where it was.",
    ),
    known(
        134,
        "ENOTSUP",
        "Not supported.",
        "Drivers and stacks for what is not built in.",
        "Enable the option that adds it.",
    ),
];

/// Reasons for the end of a connection (Core Specification Vol 1 Part F).
pub(super) const REASONS: [Known; 14] = [
    known(
        0x05,
        "Authentication Failure",
        "Pairing or encryption failed.",
        "Either end.",
        "Delete the bond on both ends and pair again.",
    ),
    known(
        0x06,
        "PIN or Key Missing",
        "The other end has lost the bond.",
        "The end that was asked to encrypt.",
        "Delete the bond on both ends and pair again.",
    ),
    known(
        0x08,
        "Connection Timeout",
        "Nothing was heard for the supervision timeout.",
        "Each end by itself: out of range, a device that resets or is powered off, or a radio that \
         is silent while flash is erased.",
        "After a reset this is what must happen: wait and connect again. During an upload, take a \
         longer supervision timeout, partial erase, or a better link.",
    ),
    known(
        0x13,
        "Remote User Terminated Connection",
        "The other end disconnected on purpose.",
        "The other end's application.",
        "Look at the other end's log.",
    ),
    known(
        0x14,
        "Remote Device Terminated Connection due to Low Resources",
        "The other end ran out of something.",
        "The other end.",
        "Fewer connections, or more buffers in its build.",
    ),
    known(
        0x15,
        "Remote Device Terminated Connection due to Power Off",
        "The other end is being switched off.",
        "The other end.",
        "Switch it on again.",
    ),
    known(
        0x16,
        "Connection Terminated By Local Host",
        "This end disconnected on purpose.",
        "This end's application, for one an update library after an error of its own.",
        "Look for the error before it in this end's log.",
    ),
    known(
        0x1a,
        "Unsupported Remote Feature",
        "The other end does not know a procedure.",
        "The controller.",
        "Turn the feature off on this end.",
    ),
    known(
        0x22,
        "LL Response Timeout",
        "A link layer procedure was not answered within 40 seconds.",
        "Either controller.",
        "Update the controller's firmware; leave out the procedure that it hangs in.",
    ),
    known(
        0x28,
        "Instant Passed",
        "A change of parameters, channels or PHY took effect before this end learnt of it.",
        "The peripheral's controller after heavy packet loss.",
        "Connect again; a better link helps.",
    ),
    known(
        0x3b,
        "Unacceptable Connection Parameters",
        "The connection parameters were refused.",
        "The peripheral.",
        "Take an interval, latency and timeout that it allows.",
    ),
    known(
        0x3d,
        "Connection Terminated due to MIC Failure",
        "A packet did not decrypt.",
        "Either controller: keys differ, or something interferes.",
        "Delete the bond on both ends and pair again.",
    ),
    known(
        0x3e,
        "Connection Failed to be Established",
        "Nothing was heard within six connection intervals after the connect request.",
        "The central's controller: the request was lost, or the peripheral did not listen.",
        "Try again; every central must expect this now and then.",
    ),
    known(
        0x85,
        "GATT_ERROR (133)",
        "Android's code for nearly anything; no reason of the specification.",
        "Android's Bluetooth stack, most often for a connect attempt that failed.",
        "Close the connection object, wait half a second and connect again.",
    ),
];
