#!/usr/bin/env python3
"""Records what `imgtool sign` makes of generated bodies: one JSON object a line on standard output.

Usage: record.py IMGTOOL KEY_FOLDER < arguments.txt

Each line of standard input is a body length, a seed and the arguments of `imgtool sign` in front of
the files. Keys are named without folder. Only images whose octets do not depend on random numbers are
worth recording: unsigned ones and those signed with Ed25519.
"""
import hashlib, json, pathlib, shlex, subprocess, sys, tempfile


def body(length, seed):
    return bytes(((i * 2654435761) ^ ((i >> 8) * 40503) ^ seed) & 0xFF for i in range(length))


def main():
    imgtool, keys = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        source, made = pathlib.Path(folder, "in.bin"), pathlib.Path(folder, "out.bin")
        for line in sys.stdin:
            length, seed, *arguments = shlex.split(line, comments=True) or (None, None)
            if length is None:
                continue
            octets = body(int(length), int(seed))
            if "--pad-header" not in arguments:
                header = arguments[arguments.index("--header-size") + 1]
                octets = bytes(int(header, 0)) + octets
            source.write_bytes(octets)
            made.unlink(missing_ok=True)
            real = [str(pathlib.Path(keys, a)) if a.endswith(".pem") else a for a in arguments]
            run = subprocess.run([imgtool, "sign", *real, source, made], capture_output=True)
            row = {"body_len": int(length), "seed": int(seed), "arguments": arguments}
            if run.returncode == 0:
                octets = made.read_bytes()
                row |= {"size": len(octets), "sha256": hashlib.sha256(octets).hexdigest()}
            else:
                row["refused"] = True
            print(json.dumps(row))


main()
