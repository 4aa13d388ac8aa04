"""Drives `smpsim emulate --udp` with smpclient: a whole update, a revert, and what is refused.

Usage: smpclient_update.py SMPSIM FOLDER

SMPSIM is the program; images and the flash file go into FOLDER. Every step prints one line; the
first that does not hold ends the script with status 1.
"""

import asyncio
import atexit
import hashlib
import logging
import signal
import subprocess
import sys
from pathlib import Path

from smpclient import SMPClient
from smpclient.exceptions import SMPUploadError
from smpclient.generics import error_v2, success
from smpclient.requests.file_management import FileStatus
from smpclient.requests.image_management import ImageErase, ImageStatesRead, ImageStatesWrite
from smpclient.requests.os_management import (
    BootloaderInformationRead,
    EchoWrite,
    MCUMgrParametersRead,
    ResetWrite,
)
from smpclient.transport.udp import SMPUDPTransport

SPEED = "20"
IMAGE_OCTETS = 60_000
# A swap of images this small takes some 7 s of the device.
REBOOT_S = 20.0


class PortTransport(SMPUDPTransport):
    """smpclient's UDP transport at a port of its own."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self._port = port

    async def connect(self, address: str, timeout_s: float, port: int = 0) -> None:
        await super().connect(address, timeout_s, self._port)


class Emulator:
    """The program, from its ready line to its end."""

    def __init__(self, *arguments: str) -> None:
        command = [PROGRAM, "emulate", "--udp", "127.0.0.1:0", "--speed", SPEED, *arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        atexit.register(self.process.kill)
        ready = self.process.stdout.readline().split()
        assert ready[0] == "ready", ready
        self.port = int(ready[1].rsplit(":", 1)[1])

    def client(self) -> SMPClient:
        return SMPClient(PortTransport(self.port), "127.0.0.1")

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        check("the emulator ends with status 0", self.process.wait(timeout=20) == 0)


def check(what: str, holds: bool, seen: object = "") -> None:
    if not holds:
        print(f"smpclient: {what}: FAILED {seen}")
        sys.exit(1)
    print(f"smpclient: {what}: passed")


def make_image(name: str, version: str, seed: int) -> bytes:
    path = FOLDER / name
    subprocess.run(
        [PROGRAM, "image", "create", "--version", version, "--slot-size", "0x76000", "--align", "4"]
        + ["--pad-header", "--body-len", str(IMAGE_OCTETS), "--seed", str(seed), str(path)],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return path.read_bytes()


async def states(client: SMPClient) -> dict[int, tuple]:
    """Version and set flags of each slot."""
    answer = await client.request(ImageStatesRead())
    assert success(answer), answer
    flags = ["pending", "confirmed", "active", "permanent"]
    return {
        image.slot: (image.version, {flag for flag in flags if getattr(image, flag)})
        for image in answer.images
    }


async def hash_in(client: SMPClient, slot: int) -> bytes:
    answer = await client.request(ImageStatesRead())
    assert success(answer), answer
    return next(image.hash for image in answer.images if image.slot == slot)


async def reboot(client: SMPClient) -> None:
    """Resets, and asks until the device is back."""
    check("reset is answered", success(await client.request(ResetWrite())))
    # The request may still be served in the quarter of a second before the reset.
    await asyncio.sleep(0.1)
    loop = asyncio.get_running_loop()
    end = loop.time() + REBOOT_S
    while loop.time() < end:
        try:
            if success(await client.request(EchoWrite(d="back"), timeout_s=0.3)):
                return
        except TimeoutError:
            pass
    check("the device comes back", False)


async def upload(client: SMPClient, image: bytes) -> None:
    async for _ in client.upload(image):
        pass


async def talks(client: SMPClient) -> None:
    answer = await client.request(EchoWrite(d="smpsim"))
    check("echo", success(answer) and answer.r == "smpsim", answer)
    answer = await client.request(MCUMgrParametersRead())
    told = success(answer) and (answer.buf_size, answer.buf_count)
    check("parameters", told == (2475, 4), answer)
    answer = await client.request(BootloaderInformationRead())
    check("boot loader information", success(answer) and answer.bootloader == "MCUboot", answer)
    answer = await client.request(FileStatus(name="/lfs1/x"))
    check("a group that is not built in: rc 8", getattr(answer, "rc", None) == 8, answer)
    answer = await client.request(ImageStatesWrite(hash=bytes(32), confirm=False))
    refused = error_v2(answer) and answer.err.rc == 8
    check("test of an unknown hash: err 1/8", refused, answer)
    answer = await client.request(ImageErase(slot=0))
    check("erase of the running slot: err 1/9", error_v2(answer) and answer.err.rc == 9, answer)


async def updates(client: SMPClient, new: bytes) -> None:
    seen = await states(client)
    check("the factory image runs", seen == {0: ("1.0.0", {"confirmed", "active"})}, seen)
    await upload(client, new)
    answer = await client.request(ImageStatesWrite(hash=await hash_in(client, 1), confirm=False))
    check("the new image is marked for a test", success(answer), answer)
    seen = await states(client)
    check("it is pending", seen.get(1) == ("2.0.0", {"pending"}), seen)
    await reboot(client)
    seen = await states(client)
    trial = {0: ("2.0.0", {"active"}), 1: ("1.0.0", {"confirmed"})}
    check("the new image runs on trial", seen == trial, seen)
    answer = await client.request(ImageErase(slot=1))
    check("erase of the way back: err 1/9", error_v2(answer) and answer.err.rc == 9, answer)
    try:
        await upload(client, new)
        check("upload over the way back is refused", False)
    except SMPUploadError as error:
        check("upload over the way back: err 1/9", "NO_FREE_SLOT" in str(error), error)


async def reverts_then_confirms(client: SMPClient) -> None:
    await reboot(client)
    seen = await states(client)
    check("without confirmation the old image is back", seen[0][0] == "1.0.0", seen)
    answer = await client.request(ImageStatesWrite(hash=await hash_in(client, 1), confirm=False))
    check("the new image is marked for a test again", success(answer), answer)
    await reboot(client)
    answer = await client.request(ImageStatesWrite(confirm=True))
    check("the new image is confirmed", success(answer), answer)
    seen = await states(client)
    check("it stays", seen[0] == ("2.0.0", {"confirmed", "active"}), seen)


async def refuses(client: SMPClient, new: bytes) -> None:
    try:
        await upload(client, bytes(4) + new[4:])
        check("an image with a bad magic is refused", False)
    except SMPUploadError as error:
        check("bad magic: err 1/23", "MAGIC" in str(error), error)
    broken = bytearray(make_image("broken.bin", "3.0.0", 3))
    broken[5_000] ^= 1
    await upload(client, bytes(broken))
    answer = await client.request(ImageStatesWrite(hash=await hash_in(client, 1), confirm=False))
    check("an image with a wrong hash can be marked for a test", success(answer), answer)
    await reboot(client)
    seen = await states(client)
    check("it does not boot, and is erased", seen == {0: ("2.0.0", {"confirmed", "active"})}, seen)


async def main() -> None:
    old, new = make_image("old.bin", "1.0.0", 1), make_image("new.bin", "2.0.0", 2)
    assert hashlib.sha256(old).digest() != hashlib.sha256(new).digest()
    flash = ["--flash", str(FOLDER / "flash.bin")]
    emulator = Emulator(*flash, "--image-slot0", str(FOLDER / "old.bin"))
    async with emulator.client() as client:
        await talks(client)
        await updates(client, new)
        await reverts_then_confirms(client)
    emulator.stop()
    emulator = Emulator(*flash)
    async with emulator.client() as client:
        seen = await states(client)
        kept = seen[0] == ("2.0.0", {"confirmed", "active"})
        check("another start finds the flash as it was", kept, seen)
        await refuses(client, new)
    emulator.stop()


if __name__ == "__main__":
    # Time-outs while the device is down are expected.
    logging.disable(logging.CRITICAL)
    PROGRAM, FOLDER = sys.argv[1], Path(sys.argv[2])
    asyncio.run(main())
