#!/usr/bin/env python3
"""What /analytics costs: how long its calls take on 30 days of the demo fleet, the memory they need, and what keeping
the rollups costs an event. Prints asked | measured | verdict.

Usage: bench/analytics/analytics.py [--build build/release] [--events 10000000] [--data DIR] [--rounds 3]
"""
import argparse
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "system"))
sys.path.insert(0, str(ROOT / "bench" / "rules"))
import rules as kit  # noqa: E402  (Case, percentile)
import servers  # noqa: E402  (the agent as a process)

CONFIG = "journal: {max_bytes: 500GiB, max_age: 400d}\naudit: {enabled: false}\n"
CALLS = [
    "scheduling-performance?time_range=7d", "scheduling-performance?time_range=30d",
    "scheduling-performance?time_range=30d&group_by=cluster", "scheduling-performance?time_range=30d&step=1d",
    "scheduling-performance?time_range=30d&step=1h&metrics=avg_latency,p99_latency_ms",
    "scheduling-performance?time_range=30d&group_by=cluster,workload_type&step=1d",
    "scheduling-performance?time_range=14d&compare_baseline=true",
    "scheduling-performance?since={ragged}&until={ragged_end}",
    "cost-efficiency?time_range=7d", "cost-efficiency?time_range=30d", "cost-efficiency?time_range=14d&compare_baseline=true",
    "sla-compliance?time_range=7d", "sla-compliance?time_range=30d", "sla-compliance?time_range=30d&step=1d"]


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def anonymous_mib(pid):
    return int(re.search(r"RssAnon:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1]) / 1024


def fill(options):
    if not (options.data / "journal.db").exists():
        subprocess.run([options.build / "bench_fill", "--data-dir", options.data, "--events", str(options.events),
                        "--days", "30", "--fleet"], check=True)


def caught_up(agent):
    client = agent.client()
    while client.json("/analytics/rollups")["lag_events"] > 0:
        time.sleep(0.2)


def calls(options):
    case = kit.Case()
    try:
        agent = servers.Agent(case, CONFIG, data_dir=str(options.data))
        agent.start()
        pid = agent.process.popen.pid
        begin, before = time.monotonic(), cpu_seconds(pid)
        caught_up(agent)
        took = time.monotonic() - begin
        found = {"catch_up_s": took, "catch_up_us": (cpu_seconds(pid) - before) * 1e6 / options.events}
        while True:  # until the days are made
            before = cpu_seconds(pid)
            time.sleep(5)
            if cpu_seconds(pid) - before < 0.2:
                break
        now = time.time()
        times = {name: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now - 86400 * days - 1234))
                 for name, days in (("ragged", 20), ("ragged_end", 3))}
        client = agent.client(timeout=60)
        latencies, memory = {}, 0
        for path in CALLS:
            values = []
            for _ in range(options.calls):
                start = time.monotonic()
                answer = client.get("/analytics/" + path.format(**times))
                values.append((time.monotonic() - start) * 1e3)
                assert answer.status == 200, answer
            latencies[path] = (statistics.median(values), kit.percentile(values, 0.95))
            memory = max(memory, anonymous_mib(pid))
        found.update(calls=latencies, memory_mib=memory)
        return found
    finally:
        case.end()


def thread_us(pid, name):
    """CPU of the agent's threads of that name."""
    tasks = pathlib.Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) / 1e3 for task in tasks
               if (task / "comm").read_text().strip() == name)


def keeping(options):
    """CPU for each event, at the same rate: of the agent with and without rollups, and of the thread that keeps them."""
    found = {"on": [], "off": [], "thread": []}
    for _ in range(options.rounds):
        for name in ("on", "off"):
            case = kit.Case()
            try:
                # With rules, if none: events are decoded alike.
                agent = servers.Agent(case, CONFIG + "alerting: {default_rules: false}\n" + f"analytics: {{enabled: {'true' if name == 'on' else 'false'}}}\n")
                agent.start()
                pid = agent.process.popen.pid
                before, thread = cpu_seconds(pid), thread_us(pid, "rollups")
                done = subprocess.run([options.build / "bench_loadgen", "--target", f"127.0.0.1:{agent.port}", "--json",
                                       "--batch", "100", "--connections", "4", "--rate", "100", "--seconds", "15"],
                                      check=True, capture_output=True)
                if name == "on":
                    caught_up(agent)
                time.sleep(1.5)
                events = json.loads(done.stdout)["events"]
                found[name].append((cpu_seconds(pid) - before) * 1e6 / events)
                if name == "on":
                    found["thread"].append((thread_us(pid, "rollups") - thread) / events)
            finally:
                case.end()
    return {name: statistics.median(values) for name, values in found.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "release")
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--data", type=pathlib.Path, default=ROOT / "build" / "bench" / "analytics")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--calls", type=int, default=40)
    options = parser.parse_args()
    options.build, options.data = options.build.resolve(), options.data.resolve()
    servers.set_binary(str(options.build / "kcloud-logger"))
    fill(options)
    found = calls(options)
    cost = keeping(options)
    print(f"{'call':<95} | p50 ms | p95 ms | asked")
    for path, (p50, p95) in found["calls"].items():
        print(f"{path:<95} | {p50:6.1f} | {p95:6.1f} | 100 {'held' if p95 <= 100 else 'NOT held'}")
    rows = [("memory while calls run, anonymous MiB", 128, found["memory_mib"]),
            ("keeping rollups, µs CPU an event of its thread", 1, cost["thread"])]
    for name, asked, measured in rows:
        print(f"{name:<50} | {asked:>5} | {measured:>8.2f} | {'held' if measured <= asked else 'NOT held'}")
    print(f"the agent with rollups {cost['on']:.2f} µs CPU an event, without {cost['off']:.2f}")
    print(f"catching up: {found['catch_up_s']:.1f} s, {found['catch_up_us']:.2f} µs CPU an event (reading and decoding)")
    print(json.dumps({**found, "keeping_us": cost}))


if __name__ == "__main__":
    main()
