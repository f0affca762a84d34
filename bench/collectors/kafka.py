#!/usr/bin/env python3
"""Measures the Kafka collector on a broker of its own: all before the journal, and into the durable
journal of the built agent, once from a full topic and once beside the publisher.

Usage: bench/collectors/kafka.py [--events N] [--build build/release]. CPU is user + system time.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests/system"))

import kit  # noqa: E402
from kafka_broker import Kafka  # noqa: E402


class Cleanups:
    """Stands in for a test: what the kit's classes want cleaned up."""

    def __init__(self):
        self.calls = []

    def addCleanup(self, call, *arguments, **options):
        self.calls.append((call, arguments, options))

    addClassCleanup = addCleanup

    def run(self):
        for call, arguments, options in reversed(self.calls):
            call(*arguments, **options)


def cpu(process):
    fields = pathlib.Path(f"/proc/{process.popen.pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(agent, events, publisher=None):
    """Seconds and CPU seconds from the first event to the last in the journal."""
    client = agent.client()

    def stored():
        return client.metrics()["journal_committed_events_total"]

    kit.eventually(lambda: stored() > 0, 60, every=0.005)
    begin, used, first = time.monotonic(), cpu(agent.process), stored()
    kit.eventually(lambda: stored() >= events, 300, every=0.1)
    took, count = time.monotonic() - begin, events - first
    if publisher:
        assert publisher.wait() == 0
    return {"events_per_s": round(count / took),
            "agent_us": round((cpu(agent.process) - used) * 1e6 / count, 2)}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=300_000)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release")
    options = parser.parse_args()
    kit.set_binary(options.build / "kcloud-logger")
    tool = str(options.build / "bench_kafka")
    cleanups = Cleanups()
    try:
        kafka = Kafka(cleanups)
        common = ["--broker", kafka.broker, "--events", str(options.events)]
        results = {}
        kafka.create_topic("full")
        subprocess.run([tool, "produce", "--topic", "full", *common], check=True)
        results["before_the_journal"] = json.loads(subprocess.check_output(
            [tool, "collect", "--topic", "full", *common]).splitlines()[-1])
        agent = kit.Agent(cleanups, kafka.collector("full"))
        agent.start()
        results["from_a_full_topic"] = measure(agent, options.events)
        agent.stop()
        kafka.create_topic("live")
        agent = kit.Agent(cleanups, kafka.collector("live"))
        agent.start()
        kit.eventually(lambda: agent.client().json("/health")["components"]["collector:fleet"][
            "assigned_partitions"] == 4, 30)
        with subprocess.Popen([tool, "produce", "--topic", "live", "--run", "2", *common]) as made:
            results["beside_the_publisher"] = measure(agent, options.events, made)
        print(json.dumps(results, indent=1))
    finally:
        cleanups.run()


if __name__ == "__main__":
    main()
