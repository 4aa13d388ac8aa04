#!/usr/bin/env python3
"""A whole update as an external client of smpsim: `smpsim run --strategy "exec:python3 client.py"`.

One JSON line comes in for each event, lines go out for what is to be done, and {"do": "wait"} ends
the turn. Time stands still meanwhile. docs/exec.md describes every line.

Usage: client.py [WINDOW]   upload requests outstanding, 1 if not given
"""
import json
import struct
import sys

READ, WRITE = 0, 2
OS, IMAGE = 0, 1
STATE, UPLOAD, RESET = 0, 1, 5
SWAP_US = 40_000_000
TIMEOUT_US = 10_000_000


def head(major, n):
    if n < 24:
        return bytes([major << 5 | n])
    for code, form in ((24, ">B"), (25, ">H"), (26, ">I")):
        if n < 1 << 8 * struct.calcsize(form):
            return bytes([major << 5 | code]) + struct.pack(form, n)
    raise ValueError("a number of more than four octets")


def encode(value):
    if isinstance(value, bool):
        return b"\xf5" if value else b"\xf4"
    if isinstance(value, int):
        return head(0, value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value)) + value.encode()
    return head(5, len(value)) + b"".join(encode(k) + encode(v) for k, v in value.items())


def decode(data, at=0):
    """The CBOR item at `at`, and where the next one begins."""
    major, n = data[at] >> 5, data[at] & 31
    at += 1
    if 24 <= n < 28:
        size = 1 << n - 24
        n = int.from_bytes(data[at:at + size], "big")
        at += size
    indefinite = n == 31 and major in (4, 5)
    if major == 0:
        return n, at
    if major == 1:
        return -1 - n, at
    if major in (2, 3):
        raw = data[at:at + n]
        return (raw if major == 2 else raw.decode()), at + n
    if major in (4, 5):
        items = []
        count = float("inf") if indefinite else n * (major - 3)
        while len(items) < count and data[at] != 0xFF:
            item, at = decode(data, at)
            items.append(item)
        at += indefinite
        return (items if major == 4 else dict(zip(items[::2], items[1::2]))), at
    return {20: False, 21: True}.get(n), at


class Client:
    def __init__(self, window):
        self.window = window
        self.seq = 0
        self.phase = "upload"

    def do(self, what, **more):
        print(json.dumps({"do": what, **more}), flush=False)

    def request(self, op, group, command, body):
        payload = encode(body)
        self.do("send", hex=(struct.pack(">BBHHBB", 1 << 3 | op, 0, len(payload), group, self.seq, command)
                             + payload).hex())
        self.do("timer", after_us=TIMEOUT_US)
        self.seq = (self.seq + 1) % 256

    def start(self, event):
        with open(event["image_file"], "rb") as file:
            self.image = file.read()
        self.sha256 = bytes.fromhex(event["image_sha256"])
        self.hash = bytes.fromhex(event["image_tlv_sha256"])
        self.do("connect")

    def connected(self, event):
        self.limit = event["write_max"]
        self.seq = 0
        if self.phase == "upload":
            self.acknowledged = self.next = self.outstanding = 0
            self.send_chunks()
        else:
            self.request(READ, IMAGE, STATE, {})

    def send_chunks(self):
        while self.next < len(self.image) and self.outstanding < (self.window if self.next else 1):
            body = {"off": self.next}
            if self.next == 0:
                body.update(len=len(self.image), sha=self.sha256)
            room = self.limit - 8 - len(encode({**body, "data": b""})) - 2
            body["data"] = self.image[self.next:self.next + room]
            self.request(WRITE, IMAGE, UPLOAD, body)
            self.next += len(body["data"])
            self.outstanding += 1
            if body["off"] == 0:
                return

    def frame(self, event):
        frame = bytes.fromhex(event["hex"])
        group, command = struct.unpack(">H", frame[4:6])[0], frame[7]
        body, _ = decode(frame, 8)
        if body.get("rc", 0) or "err" in body:
            return self.do("failed", reason=f"group {group} command {command}: {body}")
        if (group, command) == (IMAGE, UPLOAD):
            self.chunk_answered(body["off"])
        elif (group, command) == (IMAGE, STATE):
            self.state_answered(body["images"])
        elif (group, command) == (OS, RESET):
            self.phase = "swap"
            self.do("timer")

    def chunk_answered(self, off):
        self.outstanding -= 1
        if off > self.acknowledged:
            self.acknowledged = off
        elif self.outstanding == 0:
            self.next = off
        if self.acknowledged == len(self.image):
            self.phase = "test"
            self.request(WRITE, IMAGE, STATE, {"hash": self.hash, "confirm": False})
        else:
            self.send_chunks()

    def state_answered(self, images):
        if self.phase == "test":
            self.phase = "reset"
            self.request(WRITE, OS, RESET, {})
            return
        new = [image for image in images if image.get("hash") == self.hash and image.get("active")]
        if not new:
            self.do("failed", reason="the old image still runs")
        elif self.phase == "swap":
            self.phase = "confirm"
            self.request(WRITE, IMAGE, STATE, {"hash": self.hash, "confirm": True})
        else:
            self.do("done", outcome="confirmed")

    def lost(self, event):
        if self.phase == "swap":
            self.do("timer", after_us=SWAP_US)
        else:
            self.do("failed", reason=f"link lost, reason {event['reason']:#04x}")

    def connect_failed(self, event):
        self.do("failed", reason="not connected")

    def timer(self, event):
        if self.phase == "swap":
            self.do("connect")
        else:
            self.do("failed", reason="no answer in time")


def main():
    client = Client(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
    for line in sys.stdin:
        event = json.loads(line)
        getattr(client, event["event"])(event)
        client.do("wait")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
