"""GET /reports/audit and `kcloud-logger report audit`: the same rows in four formats, a hash that sha256sum
confirms, a verdict that `audit verify` shares, and an event that tells of each report."""

import csv
import gzip
import html
import io
import json
import os
import re
import signal
import sqlite3
import subprocess
import time
import unittest

import kit

CONFIG = """audit:
  heartbeat: 2s
  batch_wait: 100ms
  checkpoint_interval: 1s
"""
TOKENS = """http:
  tokens:
    - {name: auditor, token: read-secret-of-the-auditor, roles: [read]}
    - {name: publisher, token: ingest-secret-of-one-module, roles: [ingest]}
"""
POLICY = {"event_type": "policy_change", "action": "updated", "policy": "야간-절전", "actor": "김철수",
          "reason": "=최적 \"전력\" 효율성, <b>전주</b>", "cluster": "전주-01",
          "before": {"cap_watts": 900}, "after": {"cap_watts": 750, "메모": "한글 그대로"}}
ACCEPT = {"json": "application/json", "jsonl": "application/x-ndjson", "csv": "text/csv", "html": "text/html"}


def sound(body):
    """Whether the last line has the SHA-256 of those before it, as docs/reports.md says it."""
    done = subprocess.run("sed '$d' | sha256sum", shell=True, input=body, stdout=subprocess.PIPE, check=True)
    digest = done.stdout.split()[0]
    return digest in body.splitlines()[-1] and digest.decode()


class Report(unittest.TestCase):
    def start(self, config=CONFIG, token=None):
        self.agent = kit.Agent(self, config, token=token)
        self.agent.start()
        self.client = self.agent.client(timeout=60)
        self.url = f"http://127.0.0.1:{self.agent.port}"

    def post(self, events):
        answer = self.client.post("/events", events)
        self.assertEqual(answer.status, 202, answer)
        return json.loads(answer.body)["ids"]

    def history(self, count=300):
        ids = self.post([kit.event(f"w-{n}") for n in range(count)])
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        return ids + self.post([{**POLICY, "timestamp": stamp, "version": n} for n in range(3)])

    def much(self, count=30_000):
        decision = {"selected_cluster": "gpu-cluster-01", "reason": "x" * 400}
        for first in range(0, count, 5000):
            self.post([kit.event(f"w-{n}", decision=decision) for n in range(first, first + 5000)])

    def report(self, **parameters):
        answer = self.client.get("/reports/audit", **parameters)
        self.assertEqual(answer.status, 200, answer)
        self.assertTrue(sound(answer.body), answer.body[-300:])
        return answer.body.decode()

    def integrity(self, **parameters):
        return json.loads(self.report(type="none", **parameters))["integrity"]

    def cli(self, *more):
        return kit.run("report", "audit", "--url", self.url, *more)

    def audit_events(self):
        return list(self.client.pages("/events/agent_audit"))

    def test_the_same_in_four_formats(self):
        self.start()
        ids = self.history()
        body = json.loads(self.report(until="now", type="policy"))
        row = body["rows"][0]
        self.assertEqual({**row, "id": 0, "time": 0, "agent": 0}, {
            "type": "policy_change", "action": "updated", "target": "야간-절전", "actor": "김철수",
            "cluster": "전주-01", "workload": None, "source": None, "reason": POLICY["reason"],
            "outcome": None, "before": POLICY["before"], "after": POLICY["after"],
            "id": 0, "time": 0, "agent": 0})
        since, until = "-1h", time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
        own = len(self.audit_events())
        found = {}
        for name, media in ACCEPT.items():
            query = f"/reports/audit?since={since}&until={until}"
            answer = self.client.request("GET", query, headers={"Accept": media})
            self.assertEqual(answer.status, 200)
            self.assertIn(media, answer.headers["Content-Type"])
            self.assertTrue(sound(answer.body))
            found[name] = answer.body.decode()
        rows = {"json": json.loads(found["json"])["rows"],
                "jsonl": [line for line in map(json.loads, found["jsonl"].splitlines())
                          if line["record"] == "event"],
                "csv": [line for line in csv.DictReader(io.StringIO(found["csv"], newline=""))
                        if line["record"] == "event"]}
        for number, (name, lines) in enumerate(rows.items()):
            self.assertEqual(sorted(line["id"] for line in lines if line["type"] != "agent_audit"), sorted(ids))
            self.assertEqual(len(lines), len(ids) + own + number, name)  # each report is an event of the next
            self.assertEqual(len({line["id"] for line in lines}), len(lines))
        policy = next(line for line in rows["csv"] if line["type"] == "policy_change")
        self.assertEqual(policy["reason"], "'" + POLICY["reason"])
        self.assertEqual(json.loads(policy["after"]), POLICY["after"])
        widths = {len(line) for line in csv.reader(io.StringIO(found["csv"], newline=""))}
        self.assertEqual(widths, {17})
        summary = json.loads(found["json"])["summary"]
        self.assertEqual(summary["rows"], len(rows["json"]))
        self.assertEqual(summary["types"], {"scheduling_decision": 300, "policy_change": 3, "agent_audit": own})
        self.assertEqual(summary["actors"]["김철수"], 3)
        page = found["html"]
        self.assertIn(html.escape(POLICY["reason"]), page)
        self.assertNotIn("<b>전주", page)
        self.assertEqual(page.count('<tr><td class="t">'), len(ids) + own + 3)
        self.assertIn("<svg", page)
        self.assertIn("감사 보고서", self.report(format="html", lang="ko"))

    def test_filters(self):
        self.start()
        self.history(20)
        count = lambda **parameters: len(json.loads(self.report(**parameters))["rows"])  # pylint: disable=C3001
        self.assertEqual(count(type="policy"), 3)
        self.assertEqual(count(actor="김철수"), 3)
        self.assertEqual(count(actor="김철"), 0)
        self.assertEqual(count(cluster="전주-01"), 3)
        self.assertEqual(count(workload="w-7"), 1)
        self.assertEqual(count(until="-1h"), 0)
        head = json.loads(self.report(time_range="2d", zone="America/New_York", actor="김철수"))["head"]
        self.assertEqual(head["filter"], {"actor": "김철수"})
        self.assertEqual(head["period"]["zone"], "America/New_York")

    def test_bad_questions(self):
        self.start()
        for query, status, told in (
                ("limit=5", 400, "unknown parameter `limit`; there are time_range"),
                ("since=yesterday", 400, "expected RFC 3339"),
                ("since=-1h&until=-2h", 400, "is not before `until`"),
                ("time_range=99999d", 400, "from 1m to 3660d"),
                ("zone=Mars/Base", 400, "an IANA time zone"),
                ("format=pdf", 400, "json, jsonl, csv or html"),
                ("lang=xx", 400, "ko or en"),
                ("type=a&type=b", 400, "given twice"),
                ("actor=%zz", 400, "percent escape")):
            answer = self.client.get("/reports/audit?" + query)
            self.assertEqual(answer.status, status, query)
            self.assertEqual(answer.headers["Content-Type"], "application/problem+json")
            self.assertIn(told, json.loads(answer.body)["detail"])
        answer = self.client.request("GET", "/reports/audit", headers={"Accept": "image/png"})
        self.assertEqual(answer.status, 406)
        self.assertEqual(self.client.post("/reports/audit", {}).status, 405)
        self.assertEqual(self.client.request("HEAD", "/reports/audit").status, 200)
        self.assertEqual(self.audit_events(), [])

    def test_who_asked_is_an_event(self):
        self.start(CONFIG + TOKENS, token="read-secret-of-the-auditor")
        publisher = kit.Client(self.agent.port, "ingest-secret-of-one-module")
        self.assertEqual(publisher.get("/reports/audit").status, 403)
        self.assertEqual(publisher.post("/events", [kit.event("w")]).status, 202)
        body = json.loads(self.report(since="-1d", type="scheduling", format="json"))
        self.assertEqual(body["head"]["by"], "auditor")
        event, = self.audit_events()
        self.assertEqual(event["id"], body["head"]["event"])
        self.assertEqual(event["body"]["actor"], "auditor")
        self.assertEqual(event["body"]["action"], "report_exported")
        detail = event["body"]["detail"]
        self.assertEqual((detail["type"], detail["format"], detail["since"]),
                         ("scheduling_decision", "json", body["head"]["period"]["since"]))
        kit.eventually(lambda: json.loads(self.report(type="agent_audit"))["rows"])

    def test_the_verdict_is_that_of_audit_verify(self):
        self.start()
        self.history()
        kit.eventually(lambda: self.integrity()["checkpoints"]["verified"] > 0)
        self.agent.stop()  # with a last checkpoint
        self.agent.start()
        integrity = self.integrity()
        self.assertEqual(integrity["verdict"], "ok", integrity)
        self.assertEqual(integrity["checkpoints"]["forged"], 0)
        self.assertRegex(integrity["checkpoints"]["key_id"], "^[0-9a-f]{16}$")
        words = integrity["verify"].split()
        code, out = kit.run(*words[1:], "--json")
        self.assertEqual(code, 0, out)
        verified, chain = json.loads(out), integrity["chains"][0]
        self.assertEqual(verified["chain"], chain["chain"])
        self.assertEqual(verified["first"], chain["first"]["seq"])
        self.assertGreaterEqual(verified["last"], chain["last"]["seq"])
        self.assertGreater(chain["checkpoints_met"], 0)
        self.agent.stop()
        with sqlite3.connect(os.path.join(self.agent.data_dir, "journal.db")) as database:
            database.execute("UPDATE events SET body = CAST(replace(body, 'w-', 'v-') AS BLOB) WHERE seq = 100")
        self.agent.start()
        integrity = self.integrity()
        self.assertEqual(integrity["verdict"], "damaged")
        code, out = kit.run(*words[1:], "--json")
        self.assertEqual(code, 1, out)
        self.assertEqual(json.loads(out)["findings"], integrity["chains"][0]["findings"])
        self.assertIn("훼손", self.report(format="html", lang="ko"))

    def test_gaps_and_dead_letters(self):
        self.start()
        self.history(10)
        self.client.post("/events", [{"event_type": "policy_change"}])
        time.sleep(1.5)
        self.agent.kill()
        time.sleep(7)
        self.agent.start()
        self.client = self.agent.client()
        kit.eventually(lambda: json.loads(self.report())["summary"]["gaps"]["count"] == 1)
        summary = json.loads(self.report())["summary"]
        self.assertGreaterEqual(summary["gaps"]["seconds"], 5)
        self.assertEqual(summary["dead_letters"], {"invalid_event": 1})
        self.assertIsNotNone(summary["retention"]["oldest_received"])

    def test_the_command_makes_a_file(self):
        self.start()
        self.history(20)
        place = os.path.join(self.agent.directory, "감사.csv.gz")
        code, out = self.cli("--type", "policy", "-o", place)
        self.assertEqual(code, 0, out)
        self.assertIn("3 events", out)
        with gzip.open(place, "rb") as file:
            body = file.read()
        self.assertIn("SHA-256 " + sound(body), out)
        check = out.rpartition("check it: ")[2].strip()
        done = subprocess.run(check, shell=True, stdout=subprocess.PIPE, text=True, check=True)
        self.assertEqual(done.stdout.split()[0], sound(body))
        for name, begin in (("r.html", b"<!doctype"), ("r.jsonl", b'{"record":"head"'), ("r.json", b'{"head"')):
            path = os.path.join(self.agent.directory, name)
            code, out = self.cli("--lang", "ko", "--time-range", "1d", "-o", path)
            self.assertEqual(code, 0, out)
            with open(path, "rb") as file:
                body = file.read()
            self.assertTrue(body.startswith(begin))
            self.assertIn(sound(body), out)
        none = os.path.join(self.agent.directory, "none.csv")
        code, out = self.cli("--since", "noon", "-o", none)
        self.assertEqual((code, "expected RFC 3339" in out), (1, True), out)
        self.assertFalse(os.path.exists(none))
        code, out = self.cli("--since", "-1h", "--time-range", "1h")
        self.assertNotIn(code, (0, 1, 2))
        self.agent.kill()
        code, out = self.cli("-o", none)
        self.assertEqual((code, os.path.exists(none)), (2, False), out)

    def test_long_and_slow(self):
        """More than sockets hold: nobody waits for a client that does not read, and what is there stays whole."""
        self.start()
        self.much()
        slow = [subprocess.Popen(["curl", "-sN", "--limit-rate", "100k", self.url + "/reports/audit?format=csv"],
                                 stdout=subprocess.DEVNULL) for _ in range(4)]
        try:
            kit.eventually(lambda: len(self.audit_events()) == 4)
            self.assertEqual(self.client.get("/reports/audit").status, 503)
            self.assertEqual(self.client.get("/health/ready").status, 200)
        finally:
            for process in slow:
                process.send_signal(signal.SIGKILL)
                process.wait()
        kit.eventually(lambda: self.client.get("/reports/audit", type="none").status == 200)
        lines = self.report(format="jsonl").splitlines()
        self.assertEqual(json.loads(lines[-3])["rows"], len(lines) - 4)
        self.assertGreaterEqual(len(lines), 30_000)
        page = self.report(format="html")
        self.assertEqual(page.count('<tr><td class="t">'), 10_000)
        self.assertRegex(page, r"first 10,000 of 30,0\d\d events")
        with open(f"/proc/{self.agent.process.popen.pid}/status", encoding="utf-8") as status:
            resident = int(re.search(r"VmHWM:\s+(\d+)", status.read()).group(1))
        self.assertLess(resident / 1024, 200)
        print(f"{len(lines)} rows, {resident / 1024:.0f} MiB at most", flush=True)

    def test_an_agent_that_stops_leaves_no_file(self):
        self.start()
        self.much()
        place = os.path.join(self.agent.directory, "r.csv")
        with subprocess.Popen([kit.binary(), "report", "audit", "--url", self.url, "-o", place],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
            kit.eventually(lambda: self.audit_events())
            self.agent.kill()
            out, _ = process.communicate(timeout=30)
        self.assertEqual(process.returncode == 0, os.path.exists(place), out)
        self.assertIn(process.returncode, (0, 2))


if __name__ == "__main__":
    kit.main()
