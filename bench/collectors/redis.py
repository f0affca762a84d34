#!/usr/bin/env python3
"""Measures the Redis collector: events a second from a publisher through a real redis-server into
the durable journal, publisher, server and agent sharing the machine; and the collector's own part.

  bench/collectors/redis.py [--events N] [--build DIR] [--modes pubsub,stream,list]
"""

import argparse
import json
import os
import pathlib
import socket
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "system"))
import kit  # noqa: E402  pylint: disable=wrong-import-position
import redis_kit  # noqa: E402  pylint: disable=wrong-import-position

COMMANDS = {"pubsub": ("PUBLISH", "scheduling_events"),
            "stream": ("XADD", "scheduling_events", "*", "event"),
            "list": ("RPUSH", "scheduling_events")}


class Cleanups(list):
    """What the processes of the system tests ask a test for."""

    def addCleanup(self, call, *arguments, **options):
        self.append(lambda: call(*arguments, **options))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        while self:
            self.pop()()


def commands(mode, count):
    """The publisher's bytes, made before the clock runs: decisions of about 560 bytes."""
    sample = json.loads(kit.sample("scheduling_decision"))
    out = []
    for number in range(count):
        sample["workload"]["id"] = f"w-{number}"
        sample["timestamp"] = f"2025-01-15T10:{number // 60000 % 60:02}:{number // 1000 % 60:02}.{number % 1000:03}Z"
        body = json.dumps(sample, ensure_ascii=False, separators=(",", ":")).encode()
        out.append(redis_kit.Connection.encode((*COMMANDS[mode], body)))
    return b"".join(out), len(body)


def publish(port, data):
    """Sends all, reads the answers beside it; returns a thread."""
    link = socket.create_connection(("127.0.0.1", port))

    def drain():
        try:
            while link.recv(1 << 20):
                pass
        except OSError:
            pass

    def send():
        link.sendall(data)
        link.shutdown(socket.SHUT_WR)

    threading.Thread(target=drain, daemon=True).start()
    sender = threading.Thread(target=send, daemon=True)
    sender.start()
    return sender


def cpu_seconds(process):
    fields = pathlib.Path(f"/proc/{process.popen.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def server(cleanups):
    redis = redis_kit.Redis(cleanups)
    connection = redis.connect()
    connection.call("CONFIG", "SET", "appendonly", "no")
    connection.call("CONFIG", "SET", "client-output-buffer-limit", "pubsub 0 0 0")
    return redis


def through_the_agent(mode, data, count):
    with Cleanups() as cleanups:
        redis = server(cleanups)
        options = {"pubsub": {}, "stream": {"streams": "[scheduling_events]"},
                   "list": {"lists": "[scheduling_events]"}}[mode]
        agent = kit.Agent(cleanups, "log: {level: warn}\ncollectors:\n" +
                          redis.collector(mode=mode, **options))
        agent.start()
        client = redis_kit.connected(agent)
        before = cpu_seconds(agent.process)
        begin = time.monotonic()
        publish(redis.port, data)
        kit.eventually(lambda: redis_kit.stored(client) >= count, 120, every=0.05)
        seconds = time.monotonic() - begin
        cpu = cpu_seconds(agent.process) - before
        health = redis_kit.health(client)
        assert health["stored"] == count, health
        assert health.get("gaps", 0) == 0, health
        return count / seconds, cpu / count * 1e6


def own_part(mode, data, count, build):
    with Cleanups() as cleanups:
        redis = server(cleanups)
        with subprocess.Popen([build / "bench_collector_redis", f"127.0.0.1:{redis.port}", mode,
                               str(count)], stdout=subprocess.PIPE, text=True) as bench:
            assert bench.stdout.readline() == "ready\n"
            publish(redis.port, data)
            result = json.loads(bench.stdout.readline())
        assert result["events"] == count and result["refused"] == 0, result
        return result["cpu_us_per_event"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=150_000)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "release")
    parser.add_argument("--modes", default="pubsub,stream,list")
    options = parser.parse_args()
    kit.set_binary(options.build / "kcloud-logger")
    print("mode    body B  events/s (asked 40,000)  agent CPU µs/event  collector µs/event (asked 6)")
    for mode in options.modes.split(","):
        data, size = commands(mode, options.events)
        rate, cpu = through_the_agent(mode, data, options.events)
        own = own_part(mode, data, options.events, options.build)
        print(f"{mode:7} {size:6} {rate:24,.0f} {cpu:19.1f} {own:29.2f}", flush=True)


if __name__ == "__main__":
    main()
