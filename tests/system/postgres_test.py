"""An agent and a real PostgreSQL, both killed and started again under load: each acknowledged event is
one row, and the chain of batches recomputed from the rows is the agent's."""

import importlib.util
import pathlib
import random
import time
import unittest
import uuid

import kit
from postgres_kit import Postgres

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
KILLS = 40 if kit.SOAK else 6
CONFIG = """audit:
  batch_events: 200
  batch_wait: 100ms
exporters:
"""


def verifier():
    spec = importlib.util.spec_from_file_location("audit_verify", ROOT / "tools/audit-verify.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Kills(unittest.TestCase):
    def test_each_event_is_one_row_and_the_chain_holds(self):
        postgres = Postgres(self)
        agent = kit.Agent(self, CONFIG + postgres.exporter())
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
        blobs = ["root", "prev", "hash", "ids", "leaves"]
        previous = bytes(32)
        batches = postgres.rows(
            "SELECT seq, ingest_day - date '1970-01-01', n_events, total_events, journal_end, "
            "encode(root, 'hex'), encode(prev_hash, 'hex'), encode(hash, 'hex'), "
            "encode(event_ids, 'hex'), encode(leaves, 'hex') FROM audit_batch ORDER BY seq")
        for number, row in enumerate(batches, 1):
            seal = dict(zip(names, map(int, row)), chain=uuid.UUID(audit["chain"]).bytes)
            seal.update(zip(blobs, map(bytes.fromhex, row[len(names):])))
            self.assertEqual((seal["seq"], seal["prev"]), (number, previous))
            ids = [seal["ids"][at:at + 16] for at in range(0, len(seal["ids"]), 16)]
            self.assertEqual(len(ids), seal["events"])
            self.assertEqual(b"".join(leaves[one] for one in ids), seal["leaves"])
            self.assertEqual(check.merkle([leaves[one] for one in ids]), seal["root"])
            self.assertEqual(check.seal_hash(seal), seal["hash"])
            previous = seal["hash"]
        self.assertEqual(len(batches), audit["batches"])


if __name__ == "__main__":
    kit.main()
