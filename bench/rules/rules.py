#!/usr/bin/env python3
"""What alert rules cost in the engine (bench_rules) and in a running agent: how soon after the acknowledgement an
event rule's alert is an event, and what a reload of 2,000 rules does to intake. Prints asked | measured | verdict.

Usage: bench/rules/rules.py [--build build/release] [--rounds 3]
"""
import argparse
import datetime
import http.client
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "system"))
import servers  # noqa: E402  (the agent as a process)

EVENTS = 300  # event rules that fire
EVENT_RULE = """version: 1
groups:
  - name: latency
    limit: 10000
    rules:
      - alert: Waste
        expr: inefficiency_detected{wasted_cost > 10}
        by: [workload]
"""


class Case:
    """What servers.Agent wants of a test."""

    def __init__(self):
        self.cleanups = []

    def addCleanup(self, function, *arguments, **named):
        self.cleanups.append((function, arguments, named))

    def end(self):
        for function, arguments, named in reversed(self.cleanups):
            function(*arguments, **named)


def waste(number):
    stamp = datetime.datetime.now(datetime.timezone.utc).isoformat().replace("+00:00", "Z")
    return {"timestamp": stamp, "source": "detector", "inefficiency_type": "idle_gpu", "wasted_cost": 25.5,
            "cluster": "gpu-1", "workload": {"id": f"w-{number}"}, "event_id": f"w-{number}"}


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * share))]


def alert_latency(agent):
    """Milliseconds from the acknowledgement to the alert on the live stream, one for each event."""
    seen, acknowledged = {}, {}
    stream = http.client.HTTPConnection("127.0.0.1", agent.port, timeout=20)
    stream.request("GET", "/stream/events?type=alert_transition")
    answer = stream.getresponse()

    def listen():
        while len(seen) < EVENTS:
            line = answer.readline()
            if line.startswith(b"data: "):
                seen[json.loads(line[6:])["workload"]] = time.monotonic()
    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    client = agent.client()
    for number in range(EVENTS):
        assert client.post("/events/inefficiency", waste(number)).status == 202
        acknowledged[f"w-{number}"] = time.monotonic()
        time.sleep(0.02)
    listener.join(20)
    assert len(seen) == EVENTS, f"{len(seen)} of {EVENTS} alerts came"
    return [(seen[name] - at) * 1e3 for name, at in acknowledged.items()]


def acknowledgements(agent, stop, took):
    client, number = agent.client(), 1_000_000
    while not stop.is_set():
        begin = time.monotonic()
        assert client.post("/events/inefficiency", {**waste(number), "wasted_cost": 1}).status == 202
        took.append((begin, (time.monotonic() - begin) * 1e3))
        number += 1
        time.sleep(0.002)


def reload(agent, text):
    """(milliseconds of the POST, worst acknowledgement before, during) of 2,000 rules."""
    stop, took = threading.Event(), []
    poster = threading.Thread(target=acknowledgements, args=(agent, stop, took), daemon=True)
    poster.start()
    time.sleep(2)
    begin = time.monotonic()
    answer = agent.client(timeout=60).request("POST", "/alerts/rules", text)
    end = time.monotonic()
    assert answer.status == 200, answer
    time.sleep(0.5)
    stop.set()
    poster.join()
    before = [ms for at, ms in took if at < begin]
    during = [ms for at, ms in took if begin - 0.05 <= at <= end]
    return (end - begin) * 1e3, max(before), max(during)


def in_an_agent(options):
    text = subprocess.run([options.build / "bench_rules", "--print", "2000"], check=True, capture_output=True).stdout
    found = {"alert_p50_ms": [], "alert_p99_ms": [], "post_2000_ms": [], "ack_before_ms": [], "ack_during_ms": []}
    for _ in range(options.rounds):
        case = Case()
        try:
            folder = tempfile.TemporaryDirectory(prefix="kcloud-bench-rules-")
            case.addCleanup(folder.cleanup)
            pathlib.Path(folder.name, "latency.yaml").write_text(EVENT_RULE, "utf-8")
            agent = servers.Agent(case, f"alerting:\n  rules_directory: {folder.name}\n")
            agent.start()
            latencies = alert_latency(agent)
            found["alert_p50_ms"].append(percentile(latencies, 0.5))
            found["alert_p99_ms"].append(percentile(latencies, 0.99))
            for name, value in zip(("post_2000_ms", "ack_before_ms", "ack_during_ms"), reload(agent, text)):
                found[name].append(value)
        finally:
            case.end()
    return {name: statistics.median(values) for name, values in found.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "release")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    options.build = options.build.resolve()
    servers.set_binary(str(options.build / "kcloud-logger"))
    engine = json.loads(subprocess.run([options.build / "bench_rules", "--rounds", str(options.rounds)], check=True,
                                       capture_output=True).stdout)
    agent = in_an_agent(options)
    rows = [("200 rules, µs an event", 1, engine["rules_200_ns"] / 1e3),
            ("2,000 rules, µs an event", 5, engine["rules_2000_ns"] / 1e3),
            ("100,000 groups of count, MiB", 200, engine["groups_mib"]),
            ("reload of 2,000 rules in the engine, ms of CPU", 500, engine["reload_2000_ms"]),
            ("POST of 2,000 rules until in force, ms", 500, agent["post_2000_ms"]),
            ("event rule, p99 ms after the acknowledgement", 100, agent["alert_p99_ms"])]
    for name, asked, measured in rows:
        print(f"{name:<50} | {asked:>5} | {measured:>8.2f} | {'held' if measured <= asked else 'NOT held'}")
    print(json.dumps({**engine, **agent}))


if __name__ == "__main__":
    main()
