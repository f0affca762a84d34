"""An agent and a real PostgreSQL, both killed and started again under load: each acknowledged event is
one row, and the chain of batches recomputed from the rows is the agent's."""

import importlib.util
import os
import pathlib
import random
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
import uuid

import kit
import servers

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BIN = "/usr/lib/postgresql/15/bin/"
KILLS = 40 if kit.SOAK else 6
CONFIG = """audit:
  batch_events: 200
  batch_wait: 100ms
exporters:
  ledger:
    type: postgres
    url: {url}
    backoff_max: 500ms
"""


def verifier():
    spec = importlib.util.spec_from_file_location("audit_verify", ROOT / "tools/audit-verify.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Postgres:
    """It refuses to run as root: then it is the user `postgres`."""

    def __init__(self, test):
        self.directory = tempfile.mkdtemp(prefix="kcloud-postgres-")
        test.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.port = servers.free_port()
        self.url = f"postgresql://postgres@127.0.0.1:{self.port}/postgres"
        self.as_user = []
        if os.geteuid() == 0:
            shutil.chown(self.directory, "postgres", "postgres")
            self.as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups",
                            "--pdeathsig=KILL"]
        subprocess.run([*self.as_user, BIN + "initdb", "-D", self.directory + "/data", "-A", "trust",
                        "-U", "postgres", "-E", "UTF8", "--locale=C", "-N"], check=True,
                       stdout=subprocess.DEVNULL)
        test.addCleanup(self.kill)
        self.start()

    def start(self):
        with open(self.directory + "/log", "ab") as log:
            self.process = subprocess.Popen(
                [*self.as_user, BIN + "postgres", "-D", self.directory + "/data", "-p",
                 str(self.port), "-c", "listen_addresses=127.0.0.1", "-c",
                 "unix_socket_directories="], stdout=log, stderr=log)
        kit.eventually(lambda: subprocess.run([BIN + "pg_isready", "-q", "-h", "127.0.0.1", "-p",
                                               str(self.port)], check=False).returncode == 0, 60)

    def kill(self):
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait(30)

    def rows(self, sql):
        out = subprocess.check_output([BIN + "psql", "-X", "-At", "-F", "\t", "-d", self.url, "-c",
                                       "SET search_path=kcloud_audit", "-c", sql], text=True)
        return [line.split("\t") for line in out.splitlines() if line and line != "SET"]


class Kills(unittest.TestCase):
    def test_each_event_is_one_row_and_the_chain_holds(self):
        postgres = Postgres(self)
        agent = kit.Agent(self, CONFIG.format(url=postgres.url))
        agent.start()
        load = kit.Load(agent, rate=1000)
        self.addCleanup(load.stopping.set)
        chance = random.Random(7)
        for number in range(KILLS):
            time.sleep(chance.uniform(0.1, 0.6))
            if number % 3 == 2:
                postgres.kill()
                time.sleep(0.3)
                postgres.start()
            else:
                agent.kill()
                agent.start()
        load.stop()
        client = agent.client()
        stored = kit.compare(self, load, client)
        kit.eventually(lambda: client.json("/health")["components"]["audit"]["sealed_events"]
                       == len(stored))
        kit.eventually(lambda: agent.exporter(client, "ledger")["lag_events"] == 0, 60)
        rows = [row[0] for row in postgres.rows("SELECT event_id FROM audit_event")]
        self.assertEqual(len(rows), len(set(rows)), "an event in two rows")
        self.assertEqual(set(rows), set(stored))
        self.assertEqual(postgres.rows("SELECT sum(count) FROM event_rollup WHERE field=''"),
                         [[str(len(stored))]])
        audit = client.json("/health")["components"]["audit"]
        self.check_chain(postgres, audit)

    def check_chain(self, postgres, audit):
        check = verifier()
        leaves = {uuid.UUID(row[0]).bytes: check.leaf(
            uuid.UUID(row[0]).bytes, int(row[1]), row[2].encode(), row[3].encode(),
            bytes.fromhex(row[4])) for row in postgres.rows(
                "SELECT event_id, time_ns, type, coalesce(source, ''), "
                "encode(convert_to(body, 'UTF8'), 'hex') FROM audit_event")}
        names = ["seq", "day", "events", "total_events", "journal_end"]
        blobs = ["root", "prev", "hash", "ids"]
        previous = bytes(32)
        batches = postgres.rows(
            "SELECT seq, ingest_day - date '1970-01-01', n_events, total_events, journal_end, "
            "encode(root, 'hex'), encode(prev_hash, 'hex'), encode(hash, 'hex'), "
            "encode(event_ids, 'hex') FROM audit_batch ORDER BY seq")
        for number, row in enumerate(batches, 1):
            seal = dict(zip(names, map(int, row)), chain=uuid.UUID(audit["chain"]).bytes)
            seal.update(zip(blobs, map(bytes.fromhex, row[len(names):] + [""])))
            self.assertEqual((seal["seq"], seal["prev"]), (number, previous))
            ids = [seal["ids"][at:at + 16] for at in range(0, len(seal["ids"]), 16)]
            self.assertEqual(len(ids), seal["events"])
            self.assertEqual(check.merkle([leaves[one] for one in ids]), seal["root"])
            self.assertEqual(check.seal_hash(seal), seal["hash"])
            previous = seal["hash"]
        self.assertEqual(len(batches), audit["batches"])


if __name__ == "__main__":
    kit.main()
