//! The errors of the image group in words.

use super::{Words, words};

/// What an error of the image group means (Zephyr `img_mgmt.h`, `enum img_mgmt_err_code_t`).
pub(super) const IMAGE: [Words; 35] = [
    words("No error.", "Nobody.", "Nothing."),
    words(
        "Something failed for which the group has no better code.",
        "The boot loader's library returned an error that the group does not know.",
        "List the images and try again; look at the device's log.",
    ),
    words(
        "The layout of the flash could not be asked for.",
        "Erase and upload, when the flash driver gives no page information.",
        "Check the flash driver and the partitions of the build.",
    ),
    words(
        "There is no image in the slot.",
        "State write and version check, when the slot holds no image header.",
        "Upload an image first.",
    ),
    words(
        "The image has no TLV area.",
        "State read and write of a slot whose image ends before its TLVs.",
        "Upload the whole signed image, not the bare binary.",
    ),
    words(
        "A TLV of the image cannot be read.",
        "State read and write, when the TLV area ends in the middle of an entry.",
        "Make the image again with imgtool and upload it whole.",
    ),
    words(
        "The image has more than one hash TLV.",
        "State read and write. Some releases also say so of an image whose hash looks like a TLV.",
        "Sign the image once only.",
    ),
    words(
        "A TLV of the image has a length that cannot be.",
        "State read and write, when the hash is not 32 octets long.",
        "Sign with SHA-256, or build the server for the hash that is used.",
    ),
    words(
        "No slot holds an image with this hash.",
        "Test and confirm by hash.",
        "Send the hash that the image list shows: that of the image's TLV, not of the file.",
    ),
    words(
        "No slot is free.",
        "Upload and erase, when the other slot is the one to go back to (the running image is not \
         confirmed), or a pending update may not be overwritten.",
        "Confirm the running image, or reset to go back; then upload again.",
    ),
    words(
        "The slot's flash could not be opened.",
        "Any image command; erase also for a slot that does not exist.",
        "Check the slot number, and the partitions of the build.",
    ),
    words(
        "Reading flash failed.",
        "Any image command.",
        "Look at the flash driver. The part may be worn or protected.",
    ),
    words(
        "Writing flash failed.",
        "Upload, also when the image is larger than the slot takes and the end is reached.",
        "Check the image's size against the slot less its trailer. The upload starts again at 0.",
    ),
    words(
        "Erasing flash failed.",
        "Upload and erase, also when the image reaches over the slot's end.",
        "Check the image's size against the slot less its trailer.",
    ),
    words(
        "The slot does not exist.",
        "Erase and upload that name a slot.",
        "Name slot 0 or 1, or leave the slot out.",
    ),
    words(
        "The server ran out of memory.",
        "Upload, when no memory is left for the flash context.",
        "Give the server more heap (HEAP_MEM_POOL_SIZE).",
    ),
    words(
        "The flash context of the upload is set already.",
        "Upload with contexts from the heap; two uploads got into each other's way.",
        "Start the upload again at off 0.",
    ),
    words(
        "The flash context of the upload is not set.",
        "Upload, when a chunk arrives and no upload was begun.",
        "Start the upload again at off 0.",
    ),
    words(
        "The slot's flash device is not there.",
        "Any image command.",
        "Enable the flash driver that the partition lies on.",
    ),
    words(
        "The page at an offset could not be found.",
        "Erase while uploading.",
        "Check the partitions against the flash part.",
    ),
    words(
        "The upload request has no offset.",
        "Upload without `off`, or with the highest 32-bit number.",
        "Send `off` in every chunk.",
    ),
    words(
        "The first chunk does not say how long the image is.",
        "Upload with `off` 0 and no `len`.",
        "Send `len` with off 0.",
    ),
    words(
        "The first chunk is too short to hold an image header.",
        "Upload with `off` 0 and less than 32 octets of data.",
        "Send at least 32 octets first; use a larger MTU or buffer when there is no room.",
    ),
    words(
        "The image does not begin with the image magic.",
        "Upload, at the first chunk.",
        "Upload the signed binary (zephyr.signed.bin), not a zip, hex or bare binary.",
    ),
    words(
        "The hash in the request has the wrong length, or is missing where it is needed.",
        "Test without a hash, a hash that is not 32 octets long, an upload with `sha` longer than \
         that.",
        "Send the 32 octets of the image's hash; only a confirm of the running image goes without.",
    ),
    words(
        "The image is linked for another address than its slot.",
        "Upload to a direct-XIP device.",
        "Upload the variant that was linked for the free slot.",
    ),
    words(
        "The running image's version could not be read.",
        "Upload with `upgrade`.",
        "Upload without `upgrade`.",
    ),
    words(
        "The running version is the same or newer.",
        "Upload with `upgrade`, which allows higher versions only.",
        "Raise the version when signing, or upload without `upgrade`.",
    ),
    words(
        "An update is pending already.",
        "Test or confirm while another decision waits for a reset: a confirm while a test is \
         pending, a test while a permanent swap is pending or the running image is on trial.",
        "Do not ask again: reset the device, let it boot, then confirm the running image.",
    ),
    words(
        "The image's vector table is not valid.",
        "Test and confirm on devices that look at it.",
        "Check that the image was linked for this device and slot.",
    ),
    words(
        "The image is too large.",
        "Upload, when `len` is larger than the slot, or with MCUMGR_GRP_IMG_TOO_LARGE_* than what \
         the boot loader takes.",
        "Make the image smaller or the slot larger; `smpsim image inspect` tells the size.",
    ),
    words(
        "A chunk reaches over the length that was announced.",
        "Upload with `off` and data behind `len`.",
        "Send as much as `len` said; the upload starts again at off 0.",
    ),
    words(
        "This image may not be confirmed by this device.",
        "Confirm of an image that is not the running one, where \
         MCUMGR_GRP_IMG_ALLOW_CONFIRM_NON_ACTIVE_* forbids it.",
        "Confirm the running image only, after it has booted.",
    ),
    words(
        "The running image cannot be set to be tested.",
        "Test with the hash of the running image, also when both slots hold the same image.",
        "Upload an image with another hash, or do not test: it runs already.",
    ),
    words(
        "The server cannot tell which slot runs.",
        "State commands on devices that run from either slot.",
        "Check the boot loader mode that the application was built for.",
    ),
];
