"""The audit chain of a running agent: sealed, signed, verified by two programs that share no code,
and each kind of tampering named by both."""

import http.server
import json
import os
import pathlib
import shutil
import sqlite3
import subprocess
import sys
import threading
import unittest

import kit

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
CONFIG = """audit:
  batch_events: 10
  batch_wait: 50ms
  checkpoint_interval: 1s
"""


class Audit(unittest.TestCase):
    def setUp(self):
        self.agent = kit.Agent(self, CONFIG)
        self.agent.start()
        self.client = self.agent.client()
        self.data = os.path.join(self.agent.directory, "data")
        self.checkpoints = os.path.join(self.data, "audit-checkpoints.jsonl")
        self.posted = 0

    def post(self, count):
        events = [kit.event(f"w-{self.posted + i}", scheduler="meta") for i in range(count)]
        self.posted += count
        status, _, body = self.client.request("POST", "/events", json.dumps(events))
        self.assertEqual(status, 202, body)

    def sealed(self, events):
        kit.eventually(lambda: self.client.json("/health")["components"].get("audit", {}).get(
            "sealed_events") == events)

    def verdicts(self, directory, *more):
        """Exit code and output of both verifiers, which must agree."""
        ours = kit.run("audit", "verify", "--data-dir", directory, *more)
        other = subprocess.run(
            [sys.executable, "-B", ROOT / "tools/audit-verify.py", "--data-dir", directory, *more],
            capture_output=True, text=True, check=False)
        self.assertEqual(ours[0], other.returncode, ours[1] + other.stdout + other.stderr)
        return ours[0], ours[1], other.stdout

    def test_sealed_signed_and_verified_beside_the_running_agent(self):
        for _ in range(3):
            self.post(10)
        self.post(4)
        self.sealed(34)
        code, said, other = self.verdicts(self.data)
        self.assertEqual(code, 0, said)
        self.assertIn("34 events read", said)
        self.assertIn("34 events read", other)
        kit.eventually(lambda: os.path.exists(self.checkpoints))
        public = os.path.join(self.data, "audit-key.pub.pem")
        code, said, _ = self.verdicts(self.data, "--heads", self.checkpoints)
        self.assertEqual(code, 0, said)
        self.assertIn("checkpoints kept elsewhere met", said)
        self.assertEqual(os.stat(os.path.join(self.data, "audit-key.pem")).st_mode & 0o777, 0o600)
        code, said = kit.run("audit", "verify", "--data-dir", self.data, "--heads",
                             self.checkpoints, "--public-key", public)
        self.assertEqual(code, 0, said)
        self.assertEqual(self.client.metrics()["audit_sealed_events"], 34)
        self.assertIn("audit checkpoint", self.agent.log_text())

    def test_a_forged_checkpoint_is_refused(self):
        self.post(10)
        self.sealed(10)
        kit.eventually(lambda: os.path.exists(self.checkpoints))
        with open(self.checkpoints, encoding="utf-8") as lines:
            checkpoint = json.loads(lines.readline())
        checkpoint["total_events"] += 1
        forged = os.path.join(self.agent.directory, "forged.jsonl")
        with open(forged, "w", encoding="utf-8") as out:
            out.write("\n" + json.dumps(checkpoint) + "\n")
        code, said = kit.run("audit", "verify", "--data-dir", self.data, "--heads", forged,
                             "--public-key", os.path.join(self.data, "audit-key.pub.pem"))
        self.assertEqual(code, 2)
        self.assertIn("forged.jsonl:2: the signature is not of this key", said)

    def test_checkpoints_are_posted_where_an_auditor_keeps_them(self):
        kept = []

        class Auditor(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(204 if kept else 503)  # the first is refused
                self.end_headers()
                kept.append((self.path, self.headers["Authorization"], json.loads(body)))

            def log_message(self, *_):
                pass

        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Auditor) as auditor:
            threading.Thread(target=auditor.serve_forever, daemon=True).start()
            self.agent.stop()
            self.agent.configure(CONFIG + "  checkpoint_webhook: http://127.0.0.1:"
                                 f"{auditor.server_port}/kept\n  checkpoint_webhook_token: s3cret\n")
            self.agent.start()
            self.client = self.agent.client()
            self.post(10)
            kit.eventually(lambda: len(kept) == 1)
            self.post(10)
            kit.eventually(lambda: len(kept) == 2)
            self.assertEqual(kept[1][:2], ("/kept", "Bearer s3cret"))
            heads = os.path.join(self.agent.directory, "kept.jsonl")
            with open(heads, "w", encoding="utf-8") as out:
                out.writelines(json.dumps(checkpoint) + "\n" for _, _, checkpoint in kept)
            code, said = kit.run("audit", "verify", "--data-dir", self.data, "--heads", heads,
                                 "--public-key", os.path.join(self.data, "audit-key.pub.pem"))
            self.assertEqual(code, 0, said)
            log = self.agent.log_text()
            self.assertIn("was not taken by audit.checkpoint_webhook: status 503", log)
            self.assertNotIn("s3cret", log)
            auditor.shutdown()

    def test_the_chain_goes_on_after_kill_and_restart(self):
        for _ in range(5):
            self.post(7)
            self.agent.process.kill()
            self.agent.start()
            self.client = self.agent.client()
        self.sealed(35)
        self.assertEqual(self.verdicts(self.data)[0], 0)

    def test_each_kind_of_tampering_is_named_by_both(self):
        for _ in range(3):
            self.post(10)
        self.sealed(30)
        self.agent.stop()
        heads = os.path.join(self.agent.directory, "heads.jsonl")
        shutil.copy(self.checkpoints, heads)
        last = json.loads(pathlib.Path(heads).read_text(encoding="utf-8").splitlines()[-1])
        self.assertEqual(last["total_events"], 30)
        self.assertEqual(self.verdicts(self.data, "--heads", heads)[0], 0)
        end = last["seq"]
        batch = self.batch_of(15)
        cases = [
            ("body", "UPDATE events SET body=replace(body, 'w-14', 'w-41') WHERE seq=15", batch),
            ("one byte", "UPDATE events SET body=CAST(body || ' ' AS BLOB) WHERE seq=15", batch),
            ("time", "UPDATE events SET time=time+1 WHERE seq=15", batch),
            ("type", "UPDATE events SET type_name='alert' WHERE seq=15", batch),
            ("source", "UPDATE events SET source='x' WHERE seq=15", batch),
            ("source removed", "UPDATE events SET source=NULL WHERE seq=15", batch),
            ("id", "UPDATE events SET id=randomblob(16) WHERE seq=15", batch),
            ("event removed", "DELETE FROM events WHERE seq=15", batch),
            ("events swapped", "UPDATE events SET seq=-seq WHERE seq IN (15, 16);"
             "UPDATE events SET seq=31+seq WHERE seq<0", batch),
            ("batch removed", f"DELETE FROM seals WHERE seq={batch}", batch + 1),
            ("root", f"UPDATE seals SET root=zeroblob(32) WHERE seq={batch}", batch),
            ("link", f"UPDATE seals SET prev=zeroblob(32) WHERE seq={batch}", batch),
            ("end removed", f"DELETE FROM seals WHERE seq={end}", 0),
        ]
        for name, sql, want in cases:
            with self.subTest(name):
                copy = os.path.join(self.agent.directory, "copy")
                shutil.copytree(self.data, copy)
                database = sqlite3.connect(os.path.join(copy, "journal.db"))
                database.executescript(sql)
                self.assertGreater(database.total_changes, 0)
                database.commit()
                database.close()
                code, said, other = self.verdicts(copy, "--heads", heads)
                shutil.rmtree(copy)
                self.assertEqual(code, 1, said)
                begin = f"batch {want}: " if want else "chain: "
                for text in (said, other):
                    self.assertTrue(any(line.startswith(begin) for line in text.splitlines()), text)

    def batch_of(self, seq):
        database = sqlite3.connect(os.path.join(self.data, "journal.db"))
        try:
            return database.execute("SELECT min(seq) FROM seals WHERE journal_end>=?",
                                    (seq,)).fetchone()[0]
        finally:
            database.close()

    def test_what_cannot_be_checked_is_no_verdict(self):
        empty = os.path.join(self.agent.directory, "empty")
        os.mkdir(empty)
        code, said = kit.run("audit", "verify", "--data-dir", empty)
        self.assertEqual(code, 2)
        self.assertIn("there is no journal in", said)
        code, said = kit.run("audit", "verify", "--data-dir", self.data, "--from", "yesterday")
        self.assertEqual(code, 2)
        self.assertIn("--from: 'yesterday' is no time", said)


if __name__ == "__main__":
    kit.main()
