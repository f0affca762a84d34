"""PostgreSQL and InfluxDB in directories that stay, and how the demo fleet's past gets into them: a journal is filled,
its agent delivers it to one after the other."""
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time
import urllib.parse

import analytics  # first: it says where the next ones are
import servers  # pylint: disable=wrong-import-order
from postgres_kit import BIN, Postgres  # pylint: disable=wrong-import-order
from rules import Case  # pylint: disable=wrong-import-order

CONFIG = "journal: {max_bytes: 500GiB, max_age: 400d}\n"
SEALED = CONFIG + "audit: {batch_events: 10000, heartbeat: 5s}\n"


class KeptPostgres(Postgres):
    """Made at the first start."""

    def __init__(self, case, directory):  # pylint: disable=super-init-not-called
        self.directory, self.port = str(directory), servers.free_port()
        self.url = f"postgresql://postgres@127.0.0.1:{self.port}/postgres"
        root = os.geteuid() == 0
        self.as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups",
                        "--pdeathsig=KILL"] if root else []
        if not (directory / "data" / "PG_VERSION").exists():
            shutil.rmtree(directory, ignore_errors=True)
            directory.mkdir(parents=True)
            if root:
                shutil.chown(directory, "postgres", "postgres")
            subprocess.run([*self.as_user, BIN + "initdb", "-D", self.directory + "/data", "-A", "trust", "-U",
                            "postgres", "-E", "UTF8", "--locale=C", "-N"], check=True, stdout=subprocess.DEVNULL)
            with open(directory / "data" / "postgresql.conf", "a", encoding="ascii") as file:
                file.write("shared_buffers = 512MB\n")
        self.start()
        case.addCleanup(self.stop)

    def stop(self):
        self.process.send_signal(signal.SIGINT)  # what is under way is rolled back, the rest written
        self.process.wait(600)

    def cpu_seconds(self):
        """Of the server with its processes, also those that ended."""
        server = self.process.pid
        children = pathlib.Path(f"/proc/{server}/task/{server}/children").read_text(encoding="ascii").split()
        ended = pathlib.Path(f"/proc/{server}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[13:15]
        return (sum(map(int, ended)) / os.sysconf("SC_CLK_TCK")
                + sum(analytics.cpu_seconds(pid) for pid in [server, *children] if os.path.exists(f"/proc/{pid}")))

    def number(self, sql):
        return int(self.rows(sql)[0][0])

    def timed(self, sql):
        """(rows, milliseconds as psql saw them). Sorts get memory."""
        commands = ["SET search_path=kcloud_audit", "SET work_mem='256MB'", r"\timing on", *sql]
        out = subprocess.check_output([BIN + "psql", "-X", "-q", "-At", "-F", "\t", "-d", self.url,
                                       *(word for command in commands for word in ("-c", command))], text=True)
        times = re.findall(r"^Time: ([0-9.]+) ms.*$", out, re.MULTILINE)
        rows = [line.split("\t") for line in out.splitlines() if line and not line.startswith(("Time: ", "Timing is"))]
        assert len(times) == len(sql), out
        return rows, sum(map(float, times))


class KeptInfluxDb(servers.InfluxDb):
    CONFIG = servers.InfluxDb.CONFIG.replace("[monitor]", """  index-version = "tsi1"
  cache-max-memory-size = "1g"
  cache-snapshot-write-cold-duration = "30s"
  compact-full-write-cold-duration = "1m"
  max-concurrent-compactions = 1
[coordinator]
  query-timeout = "0s"
[monitor]""")

    def __init__(self, case, directory):  # pylint: disable=super-init-not-called
        directory.mkdir(parents=True, exist_ok=True)
        self.directory, self.port, self.auth = str(directory), servers.free_port(), False
        self.file = str(directory / "influxdb.conf")
        with open(self.file, "w", encoding="ascii") as file:
            file.write(self.CONFIG.format(rpc=servers.free_port(), dir=directory, port=self.port, auth="false"))
        self.process = None
        self.start()
        case.addCleanup(self.stop)
        self.query("CREATE DATABASE kcloud")

    def stop(self):
        self.process.signal(signal.SIGTERM)
        self.process.wait(600)

    def timed(self, statements):
        """(series of each statement, milliseconds)."""
        client = servers.Client(self.port, timeout=3600)
        asked = urllib.parse.urlencode({"db": "kcloud", "q": "; ".join(statements)})
        begin = time.monotonic()
        answer = client.request("POST", "/query?" + asked)
        took = (time.monotonic() - begin) * 1e3
        assert answer.status == 200, answer
        results = json.loads(answer.body)["results"]
        assert not any("error" in result for result in results), results
        return [result.get("series", []) for result in results], took


class State:
    """What was done, in a file."""

    def __init__(self, directory):
        self.file = directory / "state.json"
        self.values = json.loads(self.file.read_text()) if self.file.exists() else {}

    def __contains__(self, name):
        return name in self.values

    def __getitem__(self, name):
        return self.values[name]

    def __setitem__(self, name, value):
        self.values[name] = value
        self.file.write_text(json.dumps(self.values, indent=1) + "\n")
        print(f"{time.strftime('%H:%M:%S')} {name}: {value}", flush=True)


@contextlib.contextmanager
def running(config, data_dir=None):
    """An agent that ends as it should."""
    case = Case()
    try:
        agent = servers.Agent(case, config, data_dir=data_dir and str(data_dir))
        agent.start(seconds=600)
        yield agent
        agent.process.signal(signal.SIGTERM)
        assert agent.process.wait(300) == 0, agent.log_text()[-2000:]
    finally:
        case.end()


def wait(what, left, every=0.5):
    """Until `left()` is 0; says how far it is."""
    said = time.monotonic()
    while (rest := left()) > 0:
        if time.monotonic() - said >= 30:
            said = time.monotonic()
            print(f"{time.strftime('%H:%M:%S')} {what}: {rest:,} left", flush=True)
        time.sleep(every)


def quiet(pid):
    """Until a process has nothing more to do."""
    while True:
        before = analytics.cpu_seconds(pid)
        time.sleep(5)
        if analytics.cpu_seconds(pid) - before < 0.2:
            return


def fill_journal(options, state):
    """Event times end now, and its writer seals. What was left half done is begun anew."""
    if "journal" not in state:
        for name in ("journal", "postgres", "influxdb"):
            shutil.rmtree(options.data / name, ignore_errors=True)
        subprocess.run([options.build / "bench_fill", "--data-dir", options.data / "journal", "--events",
                        str(options.events), "--days", "30", "--fleet"], check=True)
        state["journal"] = {"events": options.events}
    if "sealed" in state:
        return
    with running(SEALED, options.data / "journal") as agent:
        client, pid = agent.client(timeout=60), agent.process.popen.pid
        events = client.json("/health")["components"]["journal"]["events"]
        wait("sealed", lambda: events - client.json("/health")["components"]["audit"]["sealed_events"])
        wait("added up in the journal", lambda: client.json("/analytics/rollups")["lag_events"])
        quiet(pid)  # the days are made
        state["sealed"] = {"events": events, "cpu_us": analytics.cpu_seconds(pid) / events * 1e6}


def delivered(agent, name, postgres=None):
    """Until that exporter has everything: events a second and CPU µs an event."""
    client, pid = agent.client(timeout=60), agent.process.popen.pid
    begin, before = time.monotonic(), analytics.cpu_seconds(pid)
    server = postgres.cpu_seconds() if postgres else 0
    head = client.json("/health")["components"]["journal"]["head"]
    wait(f"delivered to {name}", lambda: head - agent.exporter(client, name)["cursor"])
    health, took = agent.exporter(client, name), time.monotonic() - begin
    events = max(1, health["delivered"])
    assert not health["dead_lettered"] and not health["skipped"], health
    found = {"events": events, "per_s": events / took,
             "agent_cpu_us": (analytics.cpu_seconds(pid) - before) / events * 1e6}
    if postgres:
        found["server_cpu_us"] = (postgres.cpu_seconds() - server) / events * 1e6
    return found


def not_whole():
    """Days that are over, ten minutes for late events included."""
    return ("SELECT count(*) FROM rollup_mark WHERE grain = 2 AND NOT whole AND "
            f"bucket + 86400 + 600 < {int(time.time())}")


def fill_postgres(options, state, case):
    if "added_up" in state:
        return
    postgres = KeptPostgres(case, options.data / "postgres")
    config = SEALED + "exporters:\n" + postgres.exporter() + "    batch_events: 10000\n"
    if "postgres" not in state:
        with running(config, options.data / "journal") as agent:
            state["postgres"] = delivered(agent, "ledger", postgres)
    with running(config, options.data / "journal"):  # one that just started looks after everything
        wait("added up in PostgreSQL", lambda: postgres.number("SELECT count(*) FROM rollup_pending"))
        wait("days made in PostgreSQL", lambda: postgres.number(not_whole()))
        time.sleep(15)  # a few heartbeats: minutes are dropped after the days
    wait("days made in PostgreSQL", lambda: postgres.number(not_whole()))
    postgres.rows("VACUUM (ANALYZE)")
    rows = postgres.number("SELECT count(*) FROM audit_event")
    assert rows == state["sealed"]["events"], f"{rows} rows of {state['sealed']['events']} events"
    newest = postgres.number("SELECT floor(extract(epoch FROM max(time)))::bigint FROM audit_event")
    state["added_up"] = {"rows": rows, "newest": newest}


def fill_influxdb(options, state, case):
    if "influxdb" in state:
        return
    influx = KeptInfluxDb(case, options.data / "influxdb")
    config = SEALED + influx.exporter(batch_wait="1s", batch_events=5000, timeout_ms=60000)
    with running(config, options.data / "journal") as agent:
        found = delivered(agent, "influx")
    time.sleep(90)  # then shards that nobody writes to any more are made compact
    quiet(influx.process.popen.pid)
    state["influxdb"] = found


def fill(options, state):
    if "journal" in state and state["journal"]["events"] != options.events:
        raise SystemExit(f"{options.data} has {state['journal']['events']:,} events: give another --data or --events")
    options.data.mkdir(parents=True, exist_ok=True)
    for step in (lambda _: fill_journal(options, state), lambda case: fill_postgres(options, state, case),
                 lambda case: fill_influxdb(options, state, case)):
        case = Case()
        try:
            step(case)
        finally:
            case.end()
