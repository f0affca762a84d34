"""Compressed bodies that inflate to 1 GiB, and small bodies of very many events: answered 413, and
the agent's memory grows by at most twice http.max_body_bytes."""

import json
import shutil
import subprocess
import unittest
import zlib

import kit

MIB = 1 << 20
LIMIT = 8 * MIB  # http.max_body_bytes
INFLATED = 1 << 30


def packed(body, window_bits):
    packer = zlib.compressobj(6, zlib.DEFLATED, window_bits)
    return packer.compress(body) + packer.flush()


def zeros(window_bits, size=INFLATED):
    packer = zlib.compressobj(6, zlib.DEFLATED, window_bits)
    block = bytes(MIB)
    parts = [packer.compress(block) for _ in range(size // MIB)]
    return b"".join(parts) + packer.flush()


def zstd(*options, size=INFLATED):
    """What the command makes of that many blanks from a pipe: frames that do not say their size."""
    with subprocess.Popen(["zstd", "-q", "-c", *options], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as packer:
        block = b" " * MIB
        for _ in range(size // MIB):
            packer.stdin.write(block)
        packer.stdin.close()
        return packer.stdout.read()


class Memory:
    """Resident memory of a process, in bytes: now, and its peak since reset()."""

    def __init__(self, process):
        self.place = f"/proc/{process.popen.pid}/"

    def read(self, key):
        with open(self.place + "status", encoding="ascii") as file:
            return next(int(line.split()[1]) for line in file if line.startswith(key)) * 1024

    def reset(self):
        with open(self.place + "clear_refs", "w", encoding="ascii") as file:
            file.write("5")
        return self.read("VmRSS:")

    def peak(self):
        return self.read("VmHWM:")


class Bombs(unittest.TestCase):
    def setUp(self):
        self.agent = kit.Agent(self)
        self.agent.start()
        self.client = self.agent.client(timeout=60)
        # What the agent allocates once, at its first events of each kind.
        for coding, pack in (("identity", bytes), ("gzip", lambda b: packed(b, 31)),
                             ("deflate", lambda b: packed(b, 15))):
            body = pack(json.dumps([kit.event(coding)] * 100).encode())
            self.assertEqual(self.post(body, coding).status, 202)
        self.memory = Memory(self.agent.process)
        self.before = self.memory.reset()

    def post(self, body, coding, kind="application/json"):
        return self.client.post("/events", body, {"Content-Encoding": coding, "Content-Type": kind})

    def check(self, name, coding, body, kind="application/json"):
        with self.subTest(name=name):
            self.assertLess(len(body), LIMIT)
            for _ in range(3):
                answer = self.post(body, coding, kind)
                self.assertEqual(answer.status, 413, answer)
                self.assertEqual(answer.headers["Content-Type"], "application/problem+json")
            growth = self.memory.peak() - self.before
            print(f"{name}: {len(body)} bytes, peak +{growth / MIB:.1f} MiB")
            self.assertLessEqual(growth, 2 * LIMIT)
            self.assertEqual(self.post(json.dumps(kit.event(name)).encode(), "identity").status, 202)

    def test_gzip_and_deflate(self):
        gzip = zeros(31)
        self.check("gzip", "gzip", gzip)
        self.check("gzip members", "gzip", zeros(31, size=MIB) * 1024)
        self.check("zlib", "deflate", zeros(15))
        self.check("raw deflate", "deflate", zeros(-15))
        self.check("gzip in a CloudEvent", "gzip", gzip, "application/cloudevents+json")

    @unittest.skipUnless(shutil.which("zstd"), "zstd is not installed")
    def test_zstd(self):
        self.check("zstd", "zstd", zstd())
        self.check("zstd, window of 8 MiB", "zstd", zstd("--zstd=wlog=23"))
        self.check("zstd, window of 128 MiB", "zstd", zstd("--long=27"))
        self.check("zstd frames", "zstd", zstd(size=MIB) * 1024)

    def test_very_many_events(self):
        for name, text in (("zeros", b"[" + b"0," * (4 * MIB - 8) + b"0]"),
                           ("objects", b"[" + b"{}," * (2 * MIB) + b"{}]"),
                           ("lines", b"{}\n" * (2 * MIB))):
            self.check(name, "gzip", packed(text, 31))

    def test_counted_and_nothing_stored(self):
        before = self.client.metrics()["journal_events"]
        self.check("gzip", "gzip", zeros(31, size=16 * MIB))
        metrics = self.client.metrics()
        self.assertEqual(metrics['collector_refused_requests_total{collector="webhook",'
                                 'reason="too_large"}'], 3)
        self.assertEqual(metrics["journal_events"], before + 1)
        self.assertEqual(metrics["journal_dead_letters"], 0)


if __name__ == "__main__":
    kit.main()
