#!/usr/bin/env python3
"""The same questions on the same events, side by side: /analytics from the sums in the journal, /analytics from those
that all agents share in PostgreSQL (`query.backend: postgres`), plain SQL over the rows there, InfluxQL over the points
that the exporter wrote. Prints what each took, whether the answers agree, and what storing cost.

Usage: bench/analytics/fleet.py [--build build/release] [--events 10000000] [--data DIR] [--calls 40] [--few 3]
                                [--fill | --reuse]

--fill ends when all is stored and added up, --reuse measures what is there; without either: both. Journal, database and
points stay in DIR (build/bench/fleet).
"""
import argparse
import json
import os
import pathlib
import statistics
import sys
import time

import analytics  # first: it says where the next ones are
import measures  # pylint: disable=wrong-import-order
import servers  # pylint: disable=wrong-import-order
from questions import QUESTIONS, over
from rules import Case, percentile  # pylint: disable=wrong-import-order
from stored import CONFIG, KeptInfluxDb, KeptPostgres, State, fill, running


def times_of(state):
    """What stands in the questions: the range ends with the hour of the newest event."""
    def text(seconds):
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
    until, now = (state["added_up"]["newest"] // 3600 + 1) * 3600, time.time()
    return {"until": text(until), "since7": text(until - 7 * 86400), "since30": text(until - 30 * 86400),
            "ragged": text(now - 86400 * 20 - 1234), "ragged_end": text(now - 86400 * 3 - 1234)}


def latencies(client, path, calls):
    values = []
    for _ in range(calls):
        begin = time.monotonic()
        answer = client.get("/analytics/" + path)
        values.append((time.monotonic() - begin) * 1e3)
        assert answer.status == 200, (path, answer)
    return {"first": values[0], "p50": statistics.median(values), "p95": percentile(values, 0.95)}


def few(ask, read, count):
    """(what was answered, milliseconds): of a few calls the 95th percentile is the longest."""
    found = [ask() for _ in range(count)]
    values = [took for _, took in found]
    return read(found[0][0]), {"first": values[0], "p50": statistics.median(values), "p95": percentile(values, 0.95)}


def difference(one, other):
    return abs(one - other) / abs(one) if one else float(other != 0)


def agreement(answers):
    """{figure: how far the others are from plain SQL at most}."""
    exact, most = answers["sql"], {}
    for name, found in answers.items():
        assert found.keys() == exact.keys(), (name, sorted(found.keys() ^ exact.keys()))
        for what, figure in ((what, figure) for what in found for figure in found[what].keys() & exact[what].keys()):
            quantile = figure.startswith("p9")
            if name == "influxql" and quantile and found[what]["decisions"] < 10_000:
                continue  # its rank may be one lower, and of few values the next one is far
            apart = difference(exact[what][figure], found[what][figure])
            assert apart <= (0.01 if quantile else 1e-6), (name, what, figure, exact[what], found[what])
            most[figure] = max(most.get(figure, 0), apart)
    return most


def call_agents(options, clients, times):
    return {call: {name: latencies(client, call.format(**times), options.calls) for name, client in clients.items()}
            for call in analytics.CALLS}


def ask_all(options, clients, systems, times):
    """SQL and InfluxQL: how long; all four: whether they say the same."""
    found = {}
    for question in QUESTIONS:
        answers = {name: question.answer(client.json("/analytics/" + over(question, times)))
                   for name, client in clients.items()}
        row = found[question.call] = {}
        for name, texts, read in (("sql", question.sql, question.sql_read),
                                  ("influxql", question.influx, question.influx_read)):
            texts = [text.format(**times) for text in texts]
            answers[name], row[name] = few(lambda name=name, texts=texts: systems[name].timed(texts), read, options.few)
        row["agreement"] = agreement(answers)
        print(f"{time.strftime('%H:%M:%S')} {question.call}: SQL {row['sql']['p95']:,.0f} ms, InfluxQL "
              f"{row['influxql']['p95']:,.0f}", file=sys.stderr, flush=True)
    return found


def measure(options, state):
    case, times = Case(), times_of(state)
    try:
        postgres = KeptPostgres(case, options.data / "postgres")
        influx = KeptInfluxDb(case, options.data / "influxdb")
        fleet_config = f"query: {{backend: postgres, url: '{postgres.url}'}}\naudit: {{enabled: false}}\n"
        with running(CONFIG + "audit: {enabled: false}\n", options.data / "journal") as journal, \
                running(fleet_config) as fleet:
            clients = {"journal": journal.client(timeout=60), "fleet": fleet.client(timeout=60)}
            analytics.caught_up(journal)
            with measures.Peak(fleet, every=0.05) as peak:
                found = {"calls": call_agents(options, clients, times)}
            found["memory_mib"] = peak.most / 2**20
            found["questions"] = ask_all(options, clients, {"sql": postgres, "influxql": influx}, times)
        found["bytes"] = sizes(options, postgres)
        return found
    finally:
        case.end()


def sizes(options, postgres):
    """What lies on the disk."""
    found = {name: postgres.number("SELECT coalesce(sum(pg_total_relation_size(inhrelid)), 0) FROM pg_inherits WHERE "
                                   f"inhparent = '{name}'::regclass") for name in ("audit_event", "audit_seen")}
    for name in ("audit_batch", "event_rollup", "rollup_cell", "rollup_mark", "rollup_name", "rollup_series",
                 "rollup_pending"):
        found[name] = postgres.number(f"SELECT pg_total_relation_size('{name}')")
    found["of rollup_cell, the values alone"] = postgres.number("SELECT sum(octet_length(value)) FROM rollup_cell")
    found["InfluxDB"] = sum(path.stat().st_size for name in ("data", "wal")
                            for path in (options.data / "influxdb" / name).rglob("*") if path.is_file())
    found["journal"] = (options.data / "journal" / "journal.db").stat().st_size
    return found


def held(measured, asked):
    return "held" if measured <= asked else "NOT held"


def report(options, state, found):
    rows, age = state["added_up"]["rows"], (time.time() - state["added_up"]["newest"]) / 3600
    print(f"{rows:,} events over 30 days, the newest {age:.1f} h old; {options.calls} calls each of the agents, "
          f"{options.few} each in SQL and InfluxQL, of which 95 % is the longest; load {os.getloadavg()[0]:.1f}")
    print(f"{'call':<95} | journal p50, p95 ms | asked 100 | PostgreSQL p50, p95 ms | asked 300")
    for call, row in found["calls"].items():
        one, other = row["journal"], row["fleet"]
        print(f"{call:<95} | {one['p50']:8.1f}, {one['p95']:8.1f}  | {held(one['p95'], 100):<9} | "
              f"{other['p50']:9.1f}, {other['p95']:9.1f}   | {held(other['p95'], 300)}")
    print(f"\n{'question, 95 % in ms (times the journal)':<60} | {'journal':>8} | {'sums in PostgreSQL':>21} | "
          f"{'plain SQL':>21} | {'InfluxQL':>21}")
    for call, row in found["questions"].items():
        least = found["calls"][call]["journal"]["p95"]
        others = (found["calls"][call]["fleet"], row["sql"], row["influxql"])
        print(f"{call:<60} | {least:8.1f} | "
              + " | ".join(f"{value['p95']:9.1f} ({value['p95'] / least:7.1f} ×)" for value in others))
    print("\nthe four agree; furthest from plain SQL:")
    for call, row in found["questions"].items():
        print(f"{call:<60} | " + ", ".join(f"{name} {apart:.2%}" if apart >= 1e-6 else f"{name} the same"
                                           for name, apart in sorted(row["agreement"].items())))
    report_costs(state, found)
    print(json.dumps(found))


def report_costs(state, found):
    rows = state["added_up"]["rows"]
    memory, stored, points = found["memory_mib"], state["postgres"], state["influxdb"]
    print(f"\n{'anonymous memory of the fleet agent while calls run':<60} | {memory:10,.1f} MiB | "
          f"asked 128 {held(memory, 128)}")
    for name, size in found["bytes"].items():
        print(f"{name:<60} | {size / 2**20:10,.1f} MiB | {size / rows:8.1f} bytes an event")
    print(f"stored in PostgreSQL: {stored['per_s']:,.0f} events/s, µs CPU an event: {stored['agent_cpu_us']:.1f} of "
          f"the agent, {stored['server_cpu_us']:.1f} of the server")
    print(f"in InfluxDB: {points['per_s']:,.0f} events/s, {points['agent_cpu_us']:.1f} µs CPU of the agent; adding up "
          f"in the journal: {state['sealed']['cpu_us']:.1f} µs")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, default=analytics.ROOT / "build" / "release")
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--data", type=pathlib.Path, default=analytics.ROOT / "build" / "bench" / "fleet")
    parser.add_argument("--calls", type=int, default=40)
    parser.add_argument("--few", type=int, default=3)
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--fill", action="store_true", help="fill and stop")
    only.add_argument("--reuse", action="store_true", help="measure what is there")
    options = parser.parse_args()
    options.build, options.data = options.build.resolve(), options.data.resolve()
    servers.set_binary(str(options.build / "kcloud-logger"))
    state = State(options.data)
    if not options.reuse:
        fill(options, state)
    elif "influxdb" not in state:
        raise SystemExit(f"{options.data} is not filled")
    if not options.fill:
        report(options, state, measure(options, state))


if __name__ == "__main__":
    main()
