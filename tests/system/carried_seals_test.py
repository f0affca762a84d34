"""The audit chain's seals in InfluxDB and in OpenSearch, both real: whatever is killed, each seal of the
journal is there once, and what was read from the sink tells a journal that was rewritten."""

import contextlib
import datetime
import hashlib
import json
import os
import pathlib
import random
import shutil
import sqlite3
import subprocess
import sys
import time
import unittest
import uuid

import kit
from opensearch_kit import OpenSearch
from postgres_test import verifier

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
KILLS = 40 if kit.SOAK else 6
CONFIG = """audit:
  batch_events: 10
  batch_wait: 50ms
  heartbeat: 1s
exporters:
"""
MEMBERS = ("chain", "seq", "events", "total_events", "journal_end", "root", "prev", "hash")
EPOCH = datetime.date(1970, 1, 1)


def journal_seals(agent):
    """Each seal in the agent's directory, as a sink is to have it."""
    with contextlib.closing(sqlite3.connect(os.path.join(agent.data_dir, "journal.db"))) as database:
        database.row_factory = sqlite3.Row
        return [tuple(str(uuid.UUID(bytes=row[name])) if name == "chain" else
                      row[name].hex() if isinstance(row[name], bytes) else row[name]
                      for name in MEMBERS)
                for row in database.execute("SELECT * FROM seals ORDER BY chain, seq")]


def as_read_back(seal, day):
    """What the verifier makes a hash of."""
    values = dict(zip(MEMBERS, seal), day=(day - EPOCH).days)
    values["chain"] = uuid.UUID(values["chain"]).bytes
    for name in ("root", "prev"):
        values[name] = bytes.fromhex(values[name])
    return values


class Carried:
    """The tests; a class for each sink has `exporter()`, `kill_sink()` and `sink_seals()`."""

    def start(self, **options):
        self.agent = kit.Agent(self, CONFIG + self.exporter(**options))
        self.agent.start()
        return self.agent

    def post(self, count, name="w"):
        answer = self.agent.client().post("/events", [kit.event(f"{name}-{i}") for i in range(count)])
        self.assertEqual(answer.status, 202, answer)

    def health(self):
        return self.agent.exporter(self.agent.client(), "sink")

    def all_carried(self, seconds=30):
        """Waits until the sink has what the journal has now; then it must have each once, and as it is."""
        seals = journal_seals(self.agent)
        kit.eventually(lambda: set(seals) <= {seal for seal, _ in self.sink_seals()}, seconds, every=0.2)
        carried = [seal for seal, _ in self.sink_seals()]
        self.assertEqual(len(carried), len(set(carried)), "a seal twice")
        self.assertLessEqual(set(carried), set(journal_seals(self.agent)), "a seal that is none")
        return seals

    def heads(self, name="heads.jsonl"):
        path = os.path.join(self.agent.directory, name)
        with open(path, "w", encoding="utf-8") as out:
            for seal, _ in self.sink_seals():
                out.write(json.dumps(dict(zip(MEMBERS, seal))) + "\n")
        return path

    def verdicts(self, directory, *more):
        """Exit code and output of both verifiers, which must agree."""
        ours = kit.run("audit", "verify", "--data-dir", directory, *more)
        other = subprocess.run(
            [sys.executable, "-B", ROOT / "tools/audit-verify.py", "--data-dir", directory, *more],
            capture_output=True, text=True, check=False)
        self.assertEqual(ours[0], other.returncode, ours[1] + other.stdout + other.stderr)
        return ours[0], ours[1] + other.stdout

    def test_killed_in_turn_each_seal_is_there_once(self):
        agent = self.start()
        load = kit.Load(agent, rate=500)
        self.addCleanup(load.stopping.set)
        chance = random.Random(7)
        for number in range(KILLS):
            time.sleep(chance.uniform(0.3, 1.5))
            if number % 3 == 2:
                self.kill_sink(chance.uniform(0.1, 0.5))
            else:
                agent.kill()
                agent.start()
        load.stop()
        client = agent.client()
        stored = kit.compare(self, load, client)
        kit.eventually(lambda: self.health()["lag_events"] == 0, 60)
        seals = self.all_carried(60)
        check = verifier()
        for seal, day in self.sink_seals():
            self.assertEqual(check.seal_hash(as_read_back(seal, day)).hex(), seal[-1], seal)
        self.assertGreaterEqual(sum(seal[MEMBERS.index("events")] for seal in seals), len(stored))
        self.assertIn(0, [seal[MEMBERS.index("events")] for seal in self.heartbeat()])
        print(f"{len(stored)} events in {len(seals)} seals over {KILLS} kills")

    def heartbeat(self):
        """An idle agent seals and carries empty batches."""
        before = len(journal_seals(self.agent))
        kit.eventually(lambda: len(journal_seals(self.agent)) > before, 10)
        return self.all_carried()[before:]

    def test_what_the_sink_has_tells_a_rewritten_journal(self):
        agent = self.start()
        for number in range(3):
            self.post(10, f"w{number}")
        self.all_carried()
        self.assertEqual(agent.stop(), 0)
        heads = self.heads()
        code, said = self.verdicts(agent.data_dir, "--heads", heads)
        self.assertEqual(code, 0, said)
        self.assertIn("checkpoints kept elsewhere met", said)
        self.assertNotIn(" 0 checkpoints", said)

        with contextlib.closing(sqlite3.connect(os.path.join(agent.data_dir, "journal.db"))) as journal:
            changed = rewrite(journal, seq=15)
        code, said = self.verdicts(agent.data_dir)
        self.assertEqual(code, 0, "the whole chain was made anew: " + said)
        code, said = self.verdicts(agent.data_dir, "--heads", heads)
        self.assertEqual(code, 1, said)
        self.assertIn(f"batch {changed}: the checkpoint kept outside has", said)

        # An agent that goes on over it, and carries all of it once more, covers nothing up.
        self.assertEqual(kit.run("cursors", "drop", "exporter:sink", "--data-dir", agent.data_dir)[0], 0)
        agent.start()
        self.post(10, "later")
        kit.eventually(lambda: self.health().get("carried_to", 0) >= len(journal_seals(agent)) - 1, 30)
        agent.stop()
        code, said = self.verdicts(agent.data_dir, "--heads", self.heads("later.jsonl"))
        self.assertEqual(code, 1, said)
        self.assertIn(f"batch {changed}: the checkpoint kept outside has", said)

    def test_heads_need_no_signature_but_where_a_key_is_named(self):
        agent = self.start()
        self.post(10)
        self.all_carried()
        agent.stop()
        code, said = kit.run("audit", "verify", "--data-dir", agent.data_dir, "--heads", self.heads(),
                             "--public-key", os.path.join(agent.data_dir, "audit-key.pub.pem"))
        self.assertEqual(code, 2)
        self.assertIn("heads.jsonl:1: it is not signed, and --public-key asks for signatures", said)

    def test_a_new_chain_is_carried_behind_the_old_one(self):
        agent = self.start()
        for number in range(3):
            self.post(10, f"w{number}")
        self.all_carried()
        agent.stop()
        code, said = kit.run("audit", "new-chain", "--data-dir", agent.data_dir, "--after", "2",
                             "--reason", "set back")
        self.assertEqual(code, 0, said)
        agent.start()
        self.post(10, "later")
        seals = self.all_carried()
        agent.stop()
        self.assertEqual(len({seal[0] for seal in seals}), 2)
        code, said = self.verdicts(agent.data_dir, "--heads", self.heads())
        self.assertEqual(code, 0, said)
        code, said = kit.run("cursors", "ls", "--data-dir", agent.data_dir)
        self.assertEqual(said.count("seals:sink:"), 2, said)

    def test_cursors_of_seals_are_no_places_of_events(self):
        agent = self.start()
        self.post(10)
        self.all_carried()
        kit.eventually(lambda: self.health().get("carried_to", 0) > 5, 20)  # heartbeats, more than
        client = agent.client()                                            # there will be events
        first = next(client.pages())["id"]
        deliveries = client.json(f"/events/id/{first}/deliveries")["deliveries"]
        self.assertEqual([one["name"] for one in deliveries], ["exporter:sink"])
        self.assertGreater(client.metrics()['exporter_carried_seals_total{exporter="sink"}'], 5)
        agent.stop()
        agent.configure(CONFIG.removesuffix("exporters:\n"))
        agent.start()  # nothing stands above the journal's head
        health = agent.client().json("/health")
        self.assertEqual([one["name"] for one in health["cursors_without_exporter"]], ["exporter:sink"])
        agent.stop()
        code, said = kit.run("cursors", "drop", "exporter:sink", "--data-dir", agent.data_dir)
        self.assertEqual((code, len(said.splitlines())), (0, 2), said)
        self.assertNotIn("sink", kit.run("cursors", "ls", "--data-dir", agent.data_dir)[1])
        # From the first seal kept, also those of the time without an exporter.
        agent.configure(CONFIG + self.exporter())
        agent.start()
        self.all_carried()

    def test_without_carry_seals_the_sink_has_none(self):
        agent = self.start(carry_seals="false")
        self.post(10)
        kit.eventually(lambda: self.health()["lag_events"] == 0)
        kit.eventually(lambda: len(journal_seals(agent)) >= 3)  # a carrying one would have, by now
        self.assertEqual(self.sink_seals(), [])


def rewrite(journal, seq):
    """Changes an event and makes every batch behind it anew, as who owns the directory can. Returns the
    number of the first batch that is another one now."""
    check = verifier()
    body = journal.execute("SELECT body FROM events WHERE seq=?", (seq,)).fetchone()[0]
    body = body.replace(b"gpu-cluster-01", b"gpu-cluster-02")
    mark = int.from_bytes(hashlib.sha256(body).digest()[:8], "big", signed=True)
    journal.execute('UPDATE events SET body=?, "check"=? WHERE seq=?', (body, mark, seq))
    journal.row_factory = sqlite3.Row
    start, prev, changed = 0, bytes(32), None
    for row in journal.execute("SELECT * FROM seals ORDER BY seq").fetchall():
        seal = dict(row, prev=prev)
        leaves = [check.leaf(one["id"], one["time"], one["type_name"].encode(),
                             (one["source"] or "").encode(), one["body"]) for one in journal.execute(
                                 "SELECT * FROM events WHERE seq>? AND seq<=? ORDER BY seq",
                                 (start, seal["journal_end"]))]
        seal["root"] = check.merkle(leaves)
        seal["hash"] = prev = check.seal_hash(seal)
        if changed is None and seal["hash"] != row["hash"]:
            changed = seal["seq"]
        journal.execute("UPDATE seals SET root=?, prev=?, hash=? WHERE seq=?",
                        (seal["root"], seal["prev"], seal["hash"], seal["seq"]))
        start = seal["journal_end"]
    journal.commit()
    return changed


class InfluxCarried(Carried, unittest.TestCase):
    def setUp(self):
        self.influx = kit.InfluxDb(self)

    def exporter(self, **options):
        return self.influx.exporter(**options).replace("exporters:\n  influx:", "  sink:")

    def kill_sink(self, seconds):
        self.influx.kill()
        time.sleep(seconds)
        self.influx.start()

    def sink_seals(self):
        return [(tuple(row[name] for name in MEMBERS),
                 datetime.datetime.fromtimestamp(row["time"] // 10**9, datetime.UTC).date())
                for row in self.influx.rows("SELECT * FROM audit_seal")]

    def test_seals_that_are_refused_for_good_hold_up_nothing(self):
        line = f"audit_seal total_events=1 {time.time_ns()}"  # a float, where an integer belongs
        answer = kit.Client(self.influx.port).request("POST", "/write?db=kcloud", line)
        self.assertEqual(answer.status, 204)
        agent = self.start()
        self.post(10)
        lost = 'exporter_lost_seals_total{exporter="sink"}'
        kit.eventually(lambda: agent.client().metrics()[lost] >= 2, 20)
        self.post(10, "later")
        kit.eventually(lambda: self.health()["lag_events"] == 0)
        self.assertEqual((self.health()["delivered"], self.health()["status"]), (20, "healthy"))
        self.assertEqual(agent.log_text().count("refused for good and passed over"), 1)


class SearchCarried(Carried, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = OpenSearch(cls)

    def setUp(self):
        self.prefix = hashlib.sha256(self.id().encode()).hexdigest()[:8]

    def exporter(self, **options):
        return self.server.exporter(self.prefix, name="sink", **options)

    def kill_sink(self, seconds):
        self.server.kill()
        time.sleep(seconds)
        self.server.start()

    def search(self):
        try:
            self.server.ask("POST", f"/{self.prefix}-audit_seal-*/_refresh")
            return self.server.ask("POST", f"/{self.prefix}-audit_seal-*/_search",
                                   {"size": 10_000, "query": {"match_all": {}}})
        except AssertionError:  # the shard of a new index is not there yet
            return None

    def sink_seals(self):
        hits = kit.eventually(self.search, 30)["hits"]["hits"]
        for hit in hits:
            self.assertEqual(hit["_id"], f"{hit['_source']['chain']}-{hit['_source']['seq']}")
        return [(tuple(hit["_source"][name] for name in MEMBERS),
                 datetime.date.fromisoformat(hit["_source"]["@timestamp"][:10])) for hit in hits]

    def test_held_seals_hold_up_no_events_and_come_when_they_may(self):
        day = datetime.datetime.now(datetime.UTC).strftime("%Y.%m.%d")
        index = f"/{self.prefix}-audit_seal-{day}"
        agent = self.start()
        self.post(10)
        self.all_carried()
        self.server.ask("POST", index + "/_close")
        kit.eventually(lambda: self.health()["phase"] == "holding", 20)
        self.assertIn("audit seals: ", self.health()["last_error"])
        self.post(10, "later")
        kit.eventually(lambda: self.health()["lag_events"] == 0)
        self.assertEqual(self.health()["delivered"], 20)
        self.server.ask("POST", index + "/_open")
        self.all_carried()
        kit.eventually(lambda: self.health()["phase"] == "idle", 20)


if __name__ == "__main__":
    kit.main()
