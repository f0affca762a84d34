"""The audit chain as PostgreSQL holds it: `audit verify --pg` and the verifier in Python, which share
no code, on whole chains and on each kind of tampering."""

import json
import os
import pathlib
import subprocess
import sys
import time
import unittest

import kit
from postgres_kit import BIN, Postgres

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
CONFIG = """audit:
  batch_events: 10
  batch_wait: 50ms
  heartbeat: 1s
  checkpoint_interval: 1s
exporters:
"""
# Everything is 400 days older, and sealed anew: what an agent wrote then.
OLDER = """DO $$ DECLARE b audit_batch; previous bytea := decode(repeat('00', 32), 'hex'); BEGIN
  PERFORM audit_make_partitions(current_date - 400, current_date - 400);
  UPDATE audit_event SET ingest_day = ingest_day - 400;
  FOR b IN SELECT * FROM audit_batch ORDER BY seq LOOP
    UPDATE audit_batch SET ingest_day = b.ingest_day - 400, prev_hash = previous, hash = sha256(
      '\\x026b636c31'::bytea || uuid_send(b.chain_id) || int8send(b.seq) ||
      int4send(b.ingest_day - 400 - date '1970-01-01') || int8send(b.n_events) ||
      int8send(b.total_events) || int8send(b.journal_end) || b.root || previous)
      WHERE seq = b.seq RETURNING hash INTO previous;
  END LOOP; END $$; """
LISTS = "event_ids=substring(event_ids,17), leaves=substring(leaves,33), event_days=substring(event_days,3)"


class AuditPostgres(unittest.TestCase):
    def setUp(self):
        self.postgres = Postgres(self)
        self.agent = kit.Agent(self, CONFIG + self.postgres.exporter())
        self.posted = 0

    def run_agent(self, events):
        """Starts, posts, waits until all is in the database, stops. Returns the checkpoints' file."""
        self.agent.start()
        client = self.agent.client()
        for _ in range(events // 10):
            batch = [kit.event(f"w-{self.posted + i}", scheduler="meta", cost_per_hour=1.5)
                     for i in range(10)]
            self.posted += 10
            status, _, body = client.request("POST", "/events", json.dumps(batch))
            self.assertEqual(status, 202, body)
        self.settled(client)
        self.agent.stop()
        return os.path.join(self.agent.directory, "data", "audit-checkpoints.jsonl")

    def settled(self, client):
        kit.eventually(lambda: client.json("/health")["components"]["audit"]["sealed_events"]
                       == self.posted)
        kit.eventually(lambda: self.agent.exporter(client, "ledger")["lag_events"] == 0, 60)

    def verdicts(self, url, *more):
        """Exit code and outputs of both verifiers, which must agree."""
        ours = kit.run("audit", "verify", "--pg", url, *more)
        other = subprocess.run(
            [sys.executable, "-B", ROOT / "tools/audit-verify.py", "--pg", url, *more],
            capture_output=True, text=True, check=False,
            env={**os.environ, "PATH": BIN + ":" + os.environ["PATH"]})
        self.assertEqual(ours[0], other.returncode, ours[1] + other.stdout + other.stderr)
        return ours[0], ours[1], other.stdout

    def tampered(self, name, sql):
        """A copy of the database with something changed in it."""
        def psql(database, *statements):
            commands = [part for statement in statements for part in ("-c", statement)]
            return subprocess.check_output(
                [BIN + "psql", "-X", "-v", "ON_ERROR_STOP=1", "-d", database, *commands], text=True)
        copy = self.postgres.url.rsplit("/", 1)[0] + "/copy"
        psql(self.postgres.url, "DROP DATABASE IF EXISTS copy",
             "CREATE DATABASE copy TEMPLATE postgres")
        done = psql(copy, "SET search_path=kcloud_audit", sql)
        self.assertNotRegex(done, r"(UPDATE|DELETE|INSERT 0) 0\n", name)
        return copy

    def rows_of(self, url, sql):
        return subprocess.check_output([BIN + "psql", "-X", "-q", "-At", "-d", url, "-c",
                                        "SET search_path=kcloud_audit", "-c", sql], text=True).strip()

    def test_whole_chains_of_two_agents_that_share_events(self):
        odd = [kit.event("w" * 1024), {**kit.event("odd"), "source": "\u2028 \ud83d\ude00"}]
        self.agent.start()
        client = self.agent.client()
        status, _, body = client.request("POST", "/events", json.dumps(odd))
        self.assertEqual((status, json.loads(body)["accepted"]), (202, 2), body)
        self.posted += 2
        other = kit.Agent(self, CONFIG + self.postgres.exporter())
        other.start()
        same = json.dumps([kit.event(f"both-{i}") for i in range(25)])
        for client in (self.agent.client(), other.client()):
            self.assertEqual(client.request("POST", "/events", same)[0], 202)
        kit.eventually(lambda: self.agent.exporter(other.client(), "ledger")["lag_events"] == 0, 60)
        self.posted += 25
        self.settled(self.agent.client())
        kit.eventually(lambda: self.postgres.rows("SELECT sum(n_events) FROM audit_batch")
                       == [["52"]])
        code, said, python = self.verdicts(self.postgres.url)  # beside the running agents
        self.assertEqual(code, 0, said + python)
        self.assertEqual(self.postgres.rows("SELECT count(*) FROM audit_event"), [["27"]])
        for text in (said, python):
            self.assertEqual(text.count("\nchain ") + text.startswith("chain "), 2, text)
            self.assertIn(", 27 events read", text)
            self.assertIn(", 25 events read", text)
        code, out = kit.run("audit", "verify", "--pg", self.postgres.url, "--json")
        reports = [json.loads(line) for line in out.splitlines()]
        self.assertEqual((code, [report["verdict"] for report in reports]), (0, ["ok", "ok"]))

    def test_each_kind_of_tampering_is_named_by_both(self):
        heads = self.run_agent(30)
        code, said, _ = self.verdicts(self.postgres.url, "--heads", heads)
        self.assertEqual(code, 0, said)
        event, batch = self.postgres.rows(
            "SELECT event_id, batch_seq FROM audit_event WHERE workload='w-14'")[0]
        last = self.postgres.rows("SELECT max(seq) FROM audit_batch")[0][0]
        row, seal = f"WHERE event_id='{event}'", f"WHERE seq={batch}"
        after = int(batch) + 1
        cases = [
            ("body", f"UPDATE audit_event SET body=replace(body, 'w-14', 'w-41') {row}", batch),
            ("one byte", f"UPDATE audit_event SET body=body || ' ' {row}", batch),
            ("body removed", f"UPDATE audit_event SET body=NULL {row}", batch),
            ("time", f"UPDATE audit_event SET time_ns=time_ns+1 {row}", batch),
            ("type", f"UPDATE audit_event SET type='alert' {row}", batch),
            ("source", f"UPDATE audit_event SET source='x' {row}", batch),
            ("id", f"UPDATE audit_event SET event_id=gen_random_uuid() {row}", batch),
            ("row removed", f"DELETE FROM audit_event {row}", batch),
            ("row doubled", f"INSERT INTO audit_event SELECT * FROM audit_event {row}", batch),
            ("row added", "INSERT INTO audit_event SELECT ingest_day, gen_random_uuid(), time, "
             "time_ns, received, type, source, workload, cluster, severity, actor, reason, "
             f"collector, agent, chain_id, batch_seq, body FROM audit_event {row}", batch),
            ("row and its id removed", f"DELETE FROM audit_event {row}; UPDATE audit_batch SET "
             f"{LISTS}, n_events=n_events-1 {seal}", batch),
            ("batch removed", f"DELETE FROM audit_batch {seal}", after),
            ("batch and its rows removed", f"DELETE FROM audit_event WHERE batch_seq={batch}; "
             f"DELETE FROM audit_batch {seal}", after),
            ("root", f"UPDATE audit_batch SET root=repeat('0', 32)::bytea {seal}", batch),
            ("link", f"UPDATE audit_batch SET prev_hash=repeat('0', 32)::bytea {seal}", batch),
            ("hash", f"UPDATE audit_batch SET hash=repeat('0', 32)::bytea {seal}", batch),
            ("count", f"UPDATE audit_batch SET total_events=total_events+1 {seal}", batch),
            ("a list cut", f"UPDATE audit_batch SET event_ids=substring(event_ids, 17) {seal}",
             batch),
            ("a row of no batch", "INSERT INTO audit_event (ingest_day, event_id, time, time_ns, "
             "body) VALUES (current_date, gen_random_uuid(), now(), 0, '{}')", 0),
            ("end removed", f"DELETE FROM audit_batch WHERE seq={last}", 0),
            ("all removed", "DELETE FROM audit_event; DELETE FROM audit_batch", 0),
        ]
        for name, sql, want in cases:
            with self.subTest(name):
                code, said, python = self.verdicts(self.tampered(name, sql), "--heads", heads)
                self.assertEqual(code, 1, said)
                begin = f"batch {want}: " if want else "chain: "
                for text in (said, python):
                    self.assertTrue(any(line.startswith(begin) for line in text.splitlines()),
                                    f"{begin} expected in\n{text}")

    def test_a_column_that_says_something_else_than_its_body_is_named(self):
        self.run_agent(10)
        for column, value in (("workload", "'x'"), ("cost_per_hour", "99"), ("time", "now()"),
                              ("scheduler", "'x'")):
            with self.subTest(column):
                copy = self.tampered(column, f"UPDATE audit_event SET {column}={value} WHERE "
                                             "workload='w-4'")
                code, said = kit.run("audit", "verify", "--pg", copy)
                self.assertEqual(code, 1, said)
                self.assertRegex(said, f"batch [0-9]+: event [0-9a-f-]+: column {column} is not "
                                       "what its body says\n")

    def test_days_that_retention_took_are_counted_and_not_named(self):
        self.run_agent(20)
        old = self.tampered("old", OLDER + "SELECT audit_retain(365, 'test')")
        self.assertEqual(self.rows_of(old, "SELECT count(*) FROM audit_event"), "0")
        self.assertEqual(self.rows_of(old, "SELECT sum(length(event_ids)) FROM audit_batch"), "0")
        code, said, python = self.verdicts(old)
        self.assertEqual(code, 0, said + python)
        self.assertIn("0 events read, 20 outside of the time or no longer kept", said)
        self.assertIn("0 events read, 20 not", python)
        # What retention did not do, and what it did too early.
        for sql, want in (
                ("UPDATE audit_batch SET event_ids='', leaves='', event_days='' WHERE seq=1",
                 "batch 1: "),
                ("INSERT INTO audit_retention VALUES (current_date, now(), 20, 'x')", "dropped before"),
                ("INSERT INTO audit_retention VALUES (current_date, now() + interval '1 year', 20, "
                 "'x')", "dropped before")):
            code, said, python = self.verdicts(self.tampered("early", sql))
            self.assertEqual(code, 1, said + python)
            self.assertIn(want, said)
            self.assertIn(want, python)

    def test_the_questions_of_the_readme_have_answers(self):
        self.agent.start()
        client = self.agent.client()
        change = {"event_type": "policy_change", "timestamp": "2026-01-01T00:00:00Z", "policy_id": "p",
                  "action": "updated", "changed_by": "someone", "reason": "costs"}
        old = {"timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
        events = [kit.event("w1", scheduler="meta", cost_per_hour=1.5), {**change, **old}]
        status, _, body = client.request("POST", "/events", json.dumps(events))
        self.assertEqual((status, json.loads(body)["accepted"]), (202, 2), body)
        self.posted = 2
        self.settled(client)
        text = (ROOT / "exporters/postgres/README.md").read_text("utf-8")
        questions = text[text.index("## Questions"):].split("```")[1].removeprefix("sql").split(";")
        asked = [question for question in questions if "SELECT" in question]
        self.assertEqual(len(asked), 4)
        for question in asked:
            self.assertNotEqual(self.rows_of(self.postgres.url, question), "", question)

    def test_what_cannot_be_checked_is_no_verdict(self):
        for url, want in ((self.postgres.url, "schema"),
                          ("postgresql://postgres@127.0.0.1:1/postgres", "refused")):
            code, said, _ = self.verdicts(url)
            self.assertEqual(code, 2, said)
            self.assertIn(want, said)


if __name__ == "__main__":
    kit.main()
