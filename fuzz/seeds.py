"""Makes the corpora that fuzzing starts from, out of the recorded reference data.

Usage: seeds.py TESTDATA CORPUS
"""

import gzip
import io
import json
import sys
import zipfile
from pathlib import Path

TESTDATA, CORPUS = Path(sys.argv[1]), Path(sys.argv[2])

# Files of one target need not be large: short inputs are what is found out about most quickly.
MOST_OCTETS = 60_000
MOST_FRAMES = 400


def keep(target: str, name: str, octets: bytes) -> None:
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"seed-{name}").write_bytes(octets[:MOST_OCTETS])


def lines(path: Path) -> list[dict]:
    text = gzip.open(path, "rt").read() if path.suffix == ".gz" else path.read_text()
    return [json.loads(line) for line in text.splitlines() if line.strip()]


def requests(step: dict) -> list[bytes]:
    """The request frames of a step of a transcript, whatever the recorder called them."""
    found = [step.get(key) for key in ("req", "hex", "frame")]
    found += step.get("reqs") or []
    hexes = [text for text in found if isinstance(text, str)]
    try:
        return [bytes.fromhex(text) for text in hexes]
    except ValueError:
        return []


def message(frame: bytes) -> bytes:
    """As the server target takes it: the length, and time for the server behind it."""
    return bytes([len(frame) & 0xFF, 0x40 | len(frame) >> 8 & 0x0F]) + frame


def transcripts() -> None:
    count = 0
    for path in sorted(TESTDATA.rglob("*.jsonl*")):
        steps = lines(path)
        frames = [frame for step in steps for frame in requests(step) if len(frame) < 4_096]
        text = "".join(json.dumps(step) + "\n" for step in steps[:6])
        if len(text) < MOST_OCTETS:
            keep("conform", path.name, text.encode())
        for part in range(0, min(len(frames), MOST_FRAMES), 8):
            eight = frames[part : part + 8]
            transport, era = count % 6, count // 6 % 4
            head = bytes([transport, era, 0x10 if count % 2 else 0, 0x83])
            keep("server", f"{count}", head + b"".join(message(frame) for frame in eight))
            keep("smp_frame", f"{count}", eight[0])
            keep("smp_frame", f"body-{count}", eight[0][8:])
            count += 1


def files(target: str, patterns: list[str], head: bytes = b"") -> None:
    for pattern in patterns:
        for path in sorted(TESTDATA.parent.glob(pattern)):
            keep(target, path.name, head + path.read_bytes())


def intel_hex(octets: bytes, start: int) -> bytes:
    """Intel HEX, 16 octets a line, with an address line where the upper half changes."""

    def line(kind: int, at: int, data: bytes) -> str:
        record = bytes([len(data), at >> 8 & 0xFF, at & 0xFF, kind]) + data
        return f":{record.hex()}{-sum(record) & 0xFF:02x}\n"

    text, upper = "", None
    for place in range(start, start + len(octets), 16):
        if place >> 16 != upper:
            upper = place >> 16
            text += line(4, 0, upper.to_bytes(2, "big"))
        text += line(0, place & 0xFFFF, octets[place - start : place - start + 16])
    return (text + line(1, 0, b"")).encode()


def package(octets: bytes, compression: int) -> bytes:
    """An update package of the nRF Connect SDK."""
    entry = {"file": "app_update.bin", "type": "application", "image_index": "0"}
    entry |= {"board": "nrf52840dk_nrf52840", "load_address": 49152, "version_MCUBOOT": "1.2.3+4"}
    manifest = {"format-version": 0, "time": 1, "name": "app", "files": [entry]}
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        archive.writestr("manifest.json", json.dumps(manifest))
        archive.writestr("app_update.bin", octets)
    return file.getvalue()


def clients() -> None:
    for path in sorted((TESTDATA / "clients").glob("*.json")):
        file = json.loads(path.read_text())
        for many in ("cases", "clients"):
            file[many] = file.get(many, [])[:1]
        for client in file["clients"]:
            client["scenarios"] = client["scenarios"][:2]
        keep("conform", path.name, json.dumps({k: v for k, v in file.items() if v}).encode())


def containers() -> None:
    for path in sorted((TESTDATA / "imgtool").glob("*.bin")):
        octets = path.read_bytes()[:8_000]
        keep("container", path.stem + ".hex", intel_hex(octets, 0x82000))
        keep("container", path.stem + ".deflated.zip", package(octets, zipfile.ZIP_DEFLATED))
        keep("container", path.stem + ".stored.zip", package(octets, zipfile.ZIP_STORED))
        keep("flash_dump", path.stem + ".hex", b"\0" + intel_hex(octets, 0xC000))


def main() -> None:
    transcripts()
    clients()
    containers()
    files("image", ["testdata/imgtool/*.bin"])
    files("container", ["testdata/imgtool/*.bin"])
    files("scenario", ["sim/presets/*.toml"])
    files("kconfig", ["testdata/kconfig/*"], b"")
    files("layout", ["testdata/**/*.dts", "testdata/**/*.yml", "testdata/**/*.overlay"])
    files("flash_dump", ["testdata/imgtool/*.bin"], b"\0")
    keep("serial", "frame", b"\x06\x09AAsAAAABAAD/BqCVjw==\n")
    for text in ["0x02 00", "upload_s<20", "1/28", "MGMT_ERR_EBUSY basic", "-122", "1.2.3+4"]:
        keep("texts", text.replace("/", "_").replace(" ", "_"), text.encode())
    for path in sorted((TESTDATA / "keys").glob("*.pem")):
        keep("texts", path.name, path.read_bytes())


main()
