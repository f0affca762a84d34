#!/usr/bin/env python3
"""Measures delivery: webhook -> journal -> InfluxDB and PostgreSQL, generator, agent and both servers
sharing the machine. Floor and agent in turn, in one run; the agent's CPU time counts until the sinks
have everything.

Fluent Bit, Telegraf and Vector do the same work in the same run where they are on the PATH (peers.py).

  bench/sinks/sinks.py [--seconds N] [--rounds N] [--kinds arrays,single] [--sinks influxdb,postgres]
                       [--rate EVENTS_PER_S] [--build DIR]
"""

import argparse
import functools
import json
import os
import pathlib
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "system"), str(ROOT / "bench" / "collectors")]
import kit  # noqa: E402  pylint: disable=wrong-import-position
import peers  # noqa: E402  pylint: disable=wrong-import-position
import measures  # noqa: E402  pylint: disable=wrong-import-position
import servers  # noqa: E402  pylint: disable=wrong-import-position
from postgres_kit import Postgres  # noqa: E402  pylint: disable=wrong-import-position
from redis import Cleanups  # noqa: E402  pylint: disable=wrong-import-position

KINDS = {"arrays": ("--batch", 100, "--connections", 4),
         "single": ("--batch", 1, "--connections", 64)}


def ticks(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def family_seconds(pid):
    """CPU seconds of a process and its living children."""
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return ticks(pid) + sum(ticks(child) for child in children)


def generate(options, port, kind):
    command = [options.build / "bench_loadgen", "--target", f"127.0.0.1:{port}", "--json",
               "--seconds", options.seconds, *KINDS[kind]]
    if options.rate:
        command += ["--rate", options.rate / KINDS[kind][1]]
    result = json.loads(subprocess.check_output([str(word) for word in command]))
    assert not result["refused"] and not result["broken"], result
    return result["events"]


def floor(options, kind):
    with Cleanups() as cleanups, tempfile.TemporaryDirectory() as directory:
        port = servers.free_port()
        process = kit.Process([str(options.build / "bench_floor"), "--port", str(port), "--data-dir",
                               directory], os.path.join(directory, "log"))
        cleanups.append(process.kill)
        client = servers.Client(port)

        def ready():
            try:
                return client.get("/health/ready").status == 200
            except OSError:
                return False
        kit.eventually(ready, 30)
        before = ticks(process.popen.pid)
        events = generate(options, port, kind)
        return {"cpu_us": (ticks(process.popen.pid) - before) / events * 1e6,
                "rate": events / options.seconds}


def agent(options, kind):
    with Cleanups() as cleanups:
        config, postgres = "log: {level: warn}\njournal: {max_bytes: 64GiB}\nexporters:\n", None
        if "postgres" in options.sinks:
            postgres = Postgres(cleanups)
            config += postgres.exporter()
        if "influxdb" in options.sinks:
            influx = servers.InfluxDb(cleanups)
            config += f"  metrics:\n    type: influxdb\n    url: http://127.0.0.1:{influx.port}\n"
        process = kit.Agent(cleanups, config)
        process.start()
        client, pid = process.client(timeout=60), process.process.popen.pid
        own = ticks(pid)
        backend = family_seconds(postgres.process.pid) if postgres else 0
        begin = time.monotonic()
        with measures.Peak(process, every=0.1) as peak:
            events = generate(options, process.port, kind)
            under_load = counted(client, "ledger") / (time.monotonic() - begin) if postgres else 0
            loaded = time.monotonic() - begin
            arrived = {}
            while len(arrived) < len(options.sinks):
                for name in ("ledger", "metrics"):
                    if name not in arrived and counted(client, name) >= events:
                        arrived[name] = events / (time.monotonic() - begin)
                time.sleep(0.05)
                assert time.monotonic() - begin < 600, "not delivered within 600 s"
        result = {"cpu_us": (ticks(pid) - own) / events * 1e6, "rate": events / loaded,
                  "under_load": under_load, "mib": peak.most / 2**20,
                  **{f"{name}_rate": rate for name, rate in arrived.items()}}
        if postgres:
            result["postgres_cpu_us"] = (family_seconds(postgres.process.pid) - backend) / events * 1e6
            rows = int(postgres.rows("SELECT count(*) FROM audit_event")[0][0])
            assert rows == events, f"{rows} rows, {events} acknowledged"
        return result


ROWS = """SELECT coalesce(sum((xpath('/row/c/text()', query_to_xml(format('SELECT count(*) AS c FROM
  public.%I', tablename), false, true, '')))[1]::text::bigint), 0) FROM pg_tables WHERE schemaname='public'"""


def peer(options, kind, name):
    with Cleanups() as cleanups, tempfile.TemporaryDirectory() as directory:
        postgres = Postgres(cleanups) if "postgres" in options.sinks else None
        influx = servers.InfluxDb(cleanups) if "influxdb" in options.sinks else None
        for table in peers.TABLES if postgres else ():
            postgres.rows(table)
        port = servers.free_port()
        process = kit.Process(peers.command(name, directory, port, influx and influx.port,
                                            postgres and postgres.url), directory + "/log")
        cleanups.append(process.kill)
        try:
            kit.eventually(lambda: listens(port), 30)
        except AssertionError:
            raise SystemExit(f"{name} does not listen: {pathlib.Path(process.log).read_text()}") from None
        pid = process.popen.pid
        own, begin = ticks(pid), time.monotonic()
        events, most = generate(options, port, kind), 0
        loaded, rows, since, arrived = time.monotonic() - begin, -1, time.monotonic(), 0
        while postgres and time.monotonic() - since < 15:  # until nothing more comes
            most = max(most, memory(pid))
            now = int(postgres.rows(ROWS)[0][0])
            if now != rows:
                rows, since, arrived = now, time.monotonic(), time.monotonic() - begin
            time.sleep(0.5)
        return {"cpu_us": (ticks(pid) - own) / events * 1e6, "rate": events / loaded,
                "ledger_rate": rows / arrived if arrived else 0, "rows": rows, "events": events,
                "mib": max(most, memory(pid))}


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


def memory(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"RssAnon:\s+(\d+)", status).group(1)) / 1024


def counted(client, exporter):
    for name, value in client.metrics().items():
        if name.startswith("exporter_delivered_events_total") and f'"{exporter}"' in name:
            return value
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rate", type=float, default=0, help="events a second; 0: as fast as it goes")
    parser.add_argument("--kinds", default="arrays,single")
    parser.add_argument("--sinks", default="influxdb,postgres")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "release")
    options = parser.parse_args()
    options.sinks = options.sinks.split(",")
    kit.set_binary(options.build / "kcloud-logger")
    for kind in options.kinds.split(","):
        runs = {"floor": floor, "agent": agent,
                **{name: functools.partial(peer, name=name) for name in peers.found()}}
        results = {name: [] for name in runs}
        for number in range(options.rounds):
            for name, measure in runs.items():
                results[name].append(measure(options, kind))
                print(f"{kind} round {number + 1} {name}: " + ", ".join(
                    f"{key} {value:.1f}" for key, value in results[name][-1].items()),
                    file=sys.stderr, flush=True)

        def median(name, key, results=results):
            return statistics.median(result[key] for result in results[name])
        ratio = median("agent", "cpu_us") / median("floor", "cpu_us")
        print(f"{kind}: agent {median('agent', 'cpu_us'):.2f} µs an event, floor "
              f"{median('floor', 'cpu_us'):.2f}: {ratio:.2f} (asked 1.8); anonymous memory "
              f"{max(result['mib'] for result in results['agent']):.1f} MiB (asked 96)")
        for name in peers.found():
            lost = max(result["events"] - result["rows"] for result in results[name])
            print(f"{kind}: {name} {median(name, 'cpu_us'):.2f} µs an event, "
                  f"{median(name, 'cpu_us') / median('agent', 'cpu_us'):.2f} × the agent; "
                  f"{median(name, 'ledger_rate'):,.0f} rows/s in PostgreSQL, {lost} of "
                  f"{results[name][-1]['events']} not there, "
                  f"{max(result['mib'] for result in results[name]):.0f} MiB")
        for sink in ("ledger", "metrics"):
            if f"{sink}_rate" in results["agent"][0]:
                print(f"{kind}: {sink} {median('agent', f'{sink}_rate'):,.0f} events/s from the first "
                      f"to the last, 0 lost")


if __name__ == "__main__":
    main()
