"""A data directory that is copied, or set back, with two agents and one PostgreSQL: the one whose chain was
continued by the other is held, and goes on with a new chain that names the old one. Every event of both
is one row, and both verifiers follow the chains."""

import json
import os
import pathlib
import re
import shutil
import sqlite3
import subprocess
import sys
import unittest
import uuid

import kit
from postgres_kit import Postgres
from postgres_test import verifier

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
CONFIG = """audit:
  batch_events: 10
  batch_wait: 50ms
  checkpoint_interval: 1s
exporters:
"""
COMMAND = re.compile(r"batch (\d+) is the last they share")


class NewChain(unittest.TestCase):
    def setUp(self):
        self.postgres = Postgres(self)
        self.ids = set()

    def agent(self, data_dir=None):
        exporter = self.postgres.exporter() + "    hold_interval: 200ms\n"
        return kit.Agent(self, CONFIG + exporter, data_dir=data_dir)

    def post(self, agent, name):
        for first in range(0, 40, 10):  # a batch each
            answer = agent.client().post("/events",
                                         [kit.event(f"{name}-{first + i}") for i in range(10)])
            self.assertEqual(answer.status, 202, answer)
            self.ids.update(json.loads(answer.body)["ids"])

    def delivered(self, agent):
        def done():
            health = agent.client().json("/health")["components"]
            return (health["exporter:ledger"]["lag_events"] == 0
                    and health["exporter:ledger"]["status"] == "healthy" and health["audit"])
        return kit.eventually(done, 30)

    def held(self, agent):
        """What the agent says it shares with the database."""
        def said():
            health = agent.exporter(agent.client(), "ledger")
            return health["phase"] == "holding" and health["last_error"]
        return int(COMMAND.search(kit.eventually(said, 30)).group(1))

    def renew(self, agent, after, reason="the volume was cloned"):
        return kit.run("audit", "new-chain", "--data-dir", agent.data_dir, "--after", str(after),
                       "--reason", reason)

    def verdicts(self, *where):
        """Of both verifiers, which must agree: (exit code, what both said)."""
        if not where[0].startswith("-"):
            where = "--data-dir", *where
        ours = kit.run("audit", "verify", *where)
        other = subprocess.run([sys.executable, "-B", ROOT / "tools/audit-verify.py", *where],
                               capture_output=True, text=True, check=False)
        self.assertEqual(ours[0], other.returncode, ours[1] + other.stdout + other.stderr)
        return ours[0], ours[1] + other.stdout

    def heads(self, agent):
        """A copy of the agent's checkpoints, as kept elsewhere."""
        copy = os.path.join(agent.directory, "heads.jsonl")
        shutil.copy(os.path.join(agent.data_dir, "audit-checkpoints.jsonl"), copy)
        return copy

    def fork(self):
        """Two agents on one state of a directory that then go apart; the second one was copied."""
        first = self.agent()
        first.start()
        self.post(first, "both")
        self.delivered(first)
        first.stop()
        second = self.agent(os.path.join(first.directory, "copy"))
        shutil.copytree(first.data_dir, second.data_dir)
        first.start()
        self.post(first, "first")
        self.delivered(first)
        second.start()
        self.post(second, "second")
        return first, second

    def check_rows(self):
        """One row an event, and a database that both verifiers find whole."""
        code, said = self.verdicts("--pg", self.postgres.url)
        self.assertEqual(code, 0, said)
        rows = [row[0] for row in self.postgres.rows("SELECT event_id FROM audit_event")]
        self.assertEqual(len(rows), len(set(rows)), "an event in two rows")
        made = {row[0] for row in self.postgres.rows(
            "SELECT event_id FROM audit_event WHERE type = 'audit_chain_renewed'")}
        self.assertEqual(set(rows) - made, self.ids)
        return len(made)

    def chains(self):
        """{chain: its batches}, recomputed from the rows; what each first batch follows."""
        check = verifier()
        leaves = {uuid.UUID(row[0]).bytes: check.leaf(
            uuid.UUID(row[0]).bytes, int(row[1]), row[2].encode(), row[3].encode(),
            bytes.fromhex(row[4])) for row in self.postgres.rows(
                "SELECT event_id, time_ns, type, coalesce(source, ''), "
                "encode(convert_to(body, 'UTF8'), 'hex') FROM audit_event")}
        batches, hashes, follows = {}, {}, {}
        for row in self.postgres.rows(
                "SELECT chain_id, seq, ingest_day - date '1970-01-01', n_events, total_events, "
                "journal_end, encode(root, 'hex'), encode(prev_hash, 'hex'), encode(hash, 'hex'), "
                "encode(event_ids, 'hex') FROM audit_batch ORDER BY chain_id, seq"):
            seal = dict(zip(["seq", "day", "events", "total_events", "journal_end"],
                            map(int, row[1:])), chain=uuid.UUID(row[0]).bytes)
            seal.update(zip(["root", "prev", "hash", "ids"], map(bytes.fromhex, row[6:])))
            batches.setdefault(row[0], []).append(seal)
            hashes[seal["hash"]] = row[0], seal["seq"]
        for chain, seals in batches.items():
            follows[chain], previous = hashes.get(seals[0]["prev"]), seals[0]["prev"]
            for number, seal in enumerate(seals, 1):
                self.assertEqual((seal["seq"], seal["prev"]), (number, previous))
                ids = [seal["ids"][at:at + 16] for at in range(0, len(seal["ids"]), 16)]
                self.assertEqual(check.merkle([leaves[one] for one in ids]), seal["root"])
                self.assertEqual(check.seal_hash(seal), seal["hash"])
                previous = seal["hash"]
        return batches, follows

    def test_a_copy_goes_on_with_a_chain_of_its_own(self):
        first, second = self.fork()
        common = self.held(second)
        self.assertGreater(common, 0)
        second.stop()
        heads = self.heads(second)  # of batches behind the last common one
        code, said = self.renew(second, common)
        self.assertEqual(code, 0, said)
        self.assertIn(f"follows batch {common} of chain", said)
        second.start()
        self.post(second, "second again")
        self.post(first, "first again")
        old, new = self.delivered(first)["chain"], self.delivered(second)["chain"]
        self.assertNotEqual(old, new)
        self.assertEqual(self.check_rows(), 1)
        batches, follows = self.chains()
        self.assertEqual(set(batches), {old, new})
        self.assertEqual(follows, {old: None, new: (old, common)})
        for agent, more in ((first, ()), (second, ()), (second, ("--heads", heads))):
            code, said = self.verdicts(agent.data_dir, *more)
            self.assertEqual(code, 0, said)
        self.assertIn(f"follows batch {common} of chain {old}", said)
        code, said = self.verdicts("--pg", self.postgres.url)
        self.assertIn(f"follows batch {common} of chain {old}", said)
        self.postgres.rows(f"UPDATE audit_batch SET prev_hash = decode(repeat('00', 32), 'hex') "
                           f"WHERE chain_id = '{new}' AND seq = 1")
        code, said = self.verdicts("--pg", self.postgres.url)
        self.assertEqual(code, 1, "the name of the old chain removed")
        told = list(second.client().pages(type="audit_chain_renewed"))
        self.assertEqual(len(told), 1)
        body = json.loads(second.client().get(f"/events/id/{told[0]['id']}").body)["body"]
        self.assertEqual((body["chain"], body["reason"]), (new, "the volume was cloned"))
        self.assertEqual((body["follows"]["chain"], body["follows"]["batch"]), (old, common))
        self.assertGreater(body["replaces"]["batch"], common)

    def test_the_original_may_be_the_one_that_is_renewed_and_twice(self):
        first, second = self.fork()
        common = self.held(second)
        first.stop()
        second.stop()
        self.assertEqual(self.renew(second, common)[0], 0)
        again = self.agent(os.path.join(first.directory, "copy of the copy"))
        second.start()
        self.post(second, "after one")
        self.delivered(second)
        second.stop()
        shutil.copytree(second.data_dir, again.data_dir)
        second.start()
        self.post(second, "after two")
        self.delivered(second)
        again.start()
        self.post(again, "third")
        common = self.held(again)
        again.stop()
        self.assertEqual(self.renew(again, common)[0], 0)
        again.start()
        self.post(again, "third again")
        last = self.delivered(again)["chain"]
        self.assertEqual(self.check_rows(), 2)
        batches, follows = self.chains()
        self.assertEqual(len(batches), 3)
        second_chain = follows[last][0]
        self.assertIsNone(follows[follows[second_chain][0]])
        for agent in (first, second, again):
            code, said = self.verdicts(agent.data_dir)
            self.assertEqual(code, 0, said)

    def test_a_directory_set_back_goes_on_behind_its_last_batch(self):
        agent = self.agent()
        agent.start()
        self.post(agent, "before")
        self.delivered(agent)
        agent.stop()
        backup = os.path.join(agent.directory, "backup")
        shutil.copytree(agent.data_dir, backup)
        agent.start()
        self.post(agent, "lost with the volume")
        old = self.delivered(agent)["chain"]
        agent.stop()
        shutil.rmtree(agent.data_dir)
        shutil.copytree(backup, agent.data_dir)
        agent.start()
        self.post(agent, "after")
        common = self.held(agent)
        agent.stop()
        self.assertEqual(self.renew(agent, common, "restored from the backup")[0], 0)
        agent.start()
        new = self.delivered(agent)["chain"]
        self.assertEqual(self.check_rows(), 1)
        self.assertEqual(self.chains()[1], {old: None, new: (old, common)})
        self.assertEqual(self.verdicts(agent.data_dir)[0], 0)

    def test_another_database_gets_the_old_chain_and_the_new_one(self):
        _, second = self.fork()
        common = self.held(second)
        second.stop()
        self.assertEqual(self.renew(second, common)[0], 0)
        self.postgres = Postgres(self)
        second.configure(CONFIG + self.postgres.exporter())
        second.start()
        new = self.delivered(second)["chain"]
        batches, follows = self.chains()
        old = follows[new][0]
        self.assertEqual(len(batches[old]), common)
        rows = self.postgres.rows("SELECT workload FROM audit_event WHERE workload IS NOT NULL")
        self.assertEqual(sorted(row[0] for row in rows),
                         sorted(f"{name}-{i}" for name in ("both", "second") for i in range(40)))

    def test_what_is_changed_in_either_chain_is_found(self):
        _, second = self.fork()
        common = self.held(second)
        self.assertGreater(common, 1)
        second.stop()
        self.assertEqual(self.renew(second, common)[0], 0)
        second.start()
        self.delivered(second)
        second.stop()
        self.assertEqual(self.verdicts(second.data_dir)[0], 0)
        code, said = self.renew(second, 1_000_000)
        self.assertEqual(code, 2)
        self.assertIn("has no batch 1000000 here", said)
        old = "chain=(SELECT chain FROM seals ORDER BY sealed LIMIT 1)"
        cases = [
            ("an event before", "UPDATE events SET body=replace(body, 'w', 'v') WHERE seq=15"),
            ("an event behind", "UPDATE events SET body=CAST(body || ' ' AS BLOB) WHERE seq=40"),
            ("the old chain's tail", "UPDATE seals SET root=zeroblob(32) WHERE seq=(SELECT max(seq) "
             f"FROM seals WHERE {old}) AND {old}"),
            ("the common batch", f"DELETE FROM seals WHERE seq={common} AND {old}"),
            ("the old chain", f"DELETE FROM seals WHERE {old}"),
            ("what it follows", "UPDATE meta SET value=replace(value, ' ' || "
             f"{common} || ' ', ' 0 ') WHERE key LIKE 'chain_follows:%'"),
            ("another batch that it follows", "UPDATE meta SET value=replace(value, ' ' || "
             f"{common} || ' ', ' ' || {common - 1} || ' ') WHERE key LIKE 'chain_follows:%'"),
            ("where it begins", "UPDATE meta SET value=substr(value, 1, length(value)-1) || '1' "
             "WHERE key LIKE 'chain_follows:%'"),
            ("a circle", "UPDATE meta SET value=replace(value, substr(value, 1, 36), "
             "(SELECT value FROM meta WHERE key='chain')) WHERE key LIKE 'chain_follows:%'"),
            ("that it follows", "DELETE FROM meta WHERE key LIKE 'chain_follows:%'"),
        ]
        for name, sql in cases:
            with self.subTest(name):
                copy = os.path.join(second.directory, "changed")
                shutil.copytree(second.data_dir, copy)
                database = sqlite3.connect(os.path.join(copy, "journal.db"))
                database.executescript(sql)
                self.assertGreater(database.total_changes, 0)
                database.commit()
                database.close()
                code, said = self.verdicts(copy)
                shutil.rmtree(copy)
                self.assertEqual(code, 1, said)


if __name__ == "__main__":
    kit.main()
