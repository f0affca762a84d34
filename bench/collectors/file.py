#!/usr/bin/env python3
"""Measures the file collector: lines a second into the durable journal through the agent, the CPU
time of its own part (before a sink that takes everything at once), and what idle files cost.

bench/collectors/file.py [BUILD_FOLDER] [LINES]; the file is read from memory (page cache)."""
import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/system"))
import servers  # pylint: disable=wrong-import-position

BUILD = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build/release"
LINES = int(sys.argv[2]) if len(sys.argv) > 2 else 300_000
IDLE_FILES, IDLE_SECONDS = 1000, 12


class Cleanup:
    """What servers.Agent asks of a test."""

    def __init__(self):
        self.calls = []

    def addCleanup(self, call, *arguments, **options):  # pylint: disable=invalid-name
        self.calls.append((call, arguments, options))

    def run(self):
        for call, arguments, options in reversed(self.calls):
            call(*arguments, **options)


def write_lines(path, count):
    body = {"event_type": "scheduling_decision", "scheduler": "kcloud-meta-scheduler",
            "decision": {"selected_cluster": "gpu-cluster-01", "reason": "lowest cost per watt",
                         "cost_calculation": {"estimated_power_watts": 1200,
                                              "estimated_cost_per_hour": 15.6}},
            "execution_time_ms": 245}
    now = int(time.time()) - count // 1000
    with open(path, "w", encoding="utf-8") as file:
        for i in range(count):
            stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now + i // 1000))
            body["timestamp"] = f"{stamp}.{i % 1000:03}Z"
            body["workload"] = {"id": f"job-{i}", "type": "ml_training"}
            file.write(json.dumps(body) + "\n")
    return os.path.getsize(path) / count


def through_the_agent(logs):
    cleanup = Cleanup()
    servers.set_binary(str(BUILD / "kcloud-logger"))
    agent = servers.Agent(cleanup, f"collectors:\n  files: {{type: file, paths: ['{logs}/*.log']}}\n")
    try:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        agent.start()
        begin, client = time.monotonic(), agent.client()
        servers.eventually(
            lambda: client.metrics().get("journal_committed_events_total", 0) >= LINES, 120, 0.05)
        wall = time.monotonic() - begin
        agent.stop()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    finally:
        cleanup.run()
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"events_per_s": round(LINES / wall), "agent_cpu_us_per_event": round(cpu * 1e6 / LINES, 2)}


def own_part(glob, state, lines, idle=0):
    done = subprocess.run([BUILD / "bench_collectors_file", glob, state, str(lines), str(idle)],
                          check=True, capture_output=True, text=True, timeout=300)
    result = {}
    for line in done.stdout.splitlines():
        result |= json.loads(line)
    return result


def main():
    with tempfile.TemporaryDirectory(prefix="kcloud-bench-files-") as folder:
        logs, idle = pathlib.Path(folder, "logs"), pathlib.Path(folder, "idle")
        logs.mkdir()
        idle.mkdir()
        result = {"bytes_per_line": round(write_lines(logs / "a.log", LINES))}
        result |= own_part(f"{logs}/*.log", f"{folder}/state", LINES)
        result |= through_the_agent(logs)
        for i in range(IDLE_FILES):
            write_lines(idle / f"{i}.log", 1)
        at_rest = own_part(f"{idle}/*.log", f"{folder}/idle-state", IDLE_FILES, IDLE_SECONDS)
        result["idle_percent_of_a_core"] = at_rest["idle_percent_of_a_core"]
    result["idle_files"] = IDLE_FILES
    asked = {"events_per_s": (60_000, "at least"), "cpu_us_per_line": (4, "at most"),
             "idle_percent_of_a_core": (1, "at most")}
    for name, value in result.items():
        limit = asked.get(name)
        print(f"{name:28} {value}" + (f"   ({limit[1]} {limit[0]})" if limit else ""))


if __name__ == "__main__":
    main()
