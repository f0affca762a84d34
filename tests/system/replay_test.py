"""Events of the journal sent to InfluxDB once more: what it lost is there again, what it has is not
doubled, live events go on meanwhile, and the cursor stays where it is."""

import json
import os
import re
import signal
import subprocess
import time
import unittest

import kit
import postgres_kit


class Replay(unittest.TestCase):
    def start(self, **options):
        self.influx = kit.InfluxDb(self)
        self.agent = kit.Agent(self, self.influx.exporter(**options))
        self.agent.start()
        self.client = self.agent.client()
        self.url = f"http://127.0.0.1:{self.agent.port}"

    def history(self, count=5000):
        for first in range(0, count, 1000):
            events = [kit.event(f"w-{n}") for n in range(first, min(first + 1000, count))]
            self.assertEqual(self.client.post("/events", events).status, 202)
        kit.drained(self.agent, self.client)
        return {event["id"] for event in self.client.pages()}

    def lose(self):
        self.influx.query("DROP MEASUREMENT scheduling_decision")

    def command(self, *more):
        return [kit.binary(), "replay", "--exporter", "influx", "--url", self.url, *more]

    def cli(self, *more):
        return kit.run(*self.command(*more)[1:])

    def cursor(self):
        return self.client.json("/health")["components"]["exporter:influx"]["cursor"]

    def progress(self):
        return json.loads(self.client.get("/exporters/influx/replay").body)

    def test_what_was_lost_comes_back_and_nothing_twice(self):
        self.start(batch_events=500)
        stored = self.history()
        cursor = self.cursor()
        self.lose()
        code, out = self.cli("--from", "-1h")
        self.assertEqual(code, 0, out)
        self.assertRegex(out, r"influx: done: 5000 sent, 0 refused \(")
        kit.one_point_each(self, self.influx, stored)
        for time_kind in ("received", "event"):
            code, out = self.cli("--from", "-1h", "--time", time_kind)
            self.assertEqual((code, "5000 sent" in out), (0, True), out)
            kit.one_point_each(self, self.influx, stored)
        self.assertEqual(self.cursor(), cursor)
        code, out = self.cli("--from", "-2h", "--to", "-1h")
        self.assertEqual((code, "0 sent" in out), (0, True), out)
        self.assertIn("started by anonymous", self.agent.log_text())

    def test_cancelled_and_gone_on_with(self):
        self.start(batch_events=100)
        stored = self.history()
        self.lose()
        process = subprocess.Popen(self.command("--from", "-1h"), stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        kit.eventually(lambda: self.client.get("/exporters/influx/replay").status == 200, every=0.001)
        process.send_signal(signal.SIGINT)
        out, errors = process.communicate(timeout=20)
        self.assertEqual(process.returncode, 2, out + errors)
        self.assertIn("influx: cancelled", out)
        self.assertEqual(self.progress()["state"], "cancelled")
        words = re.search(r"kcloud-logger (replay .*)", errors).group(1).split()
        self.assertIn("--after", words)
        code, out = kit.run(*words)
        self.assertEqual(code, 0, out)
        kit.one_point_each(self, self.influx, stored)

    def test_a_sink_killed_in_the_middle(self):
        self.start(batch_events=100)
        stored = self.history()
        self.lose()
        self.influx.kill()
        code, out = self.cli("--from", "-1h", "--detach")
        self.assertEqual(code, 0, out)
        kit.eventually(lambda: self.progress()["state"] == "waiting")
        self.assertIn("connect", self.progress()["last_error"])
        self.assertEqual(self.client.post("/exporters/influx/replay?from=-1h", {}).status, 409)
        self.agent.process.signal(signal.SIGHUP)  # makes a new loop
        kit.eventually(lambda: "the new configuration is in force" in self.agent.log_text())
        self.assertEqual(self.progress()["state"], "waiting")
        self.influx.start()
        kit.eventually(lambda: self.progress()["sent"] > 0, 30, every=0.005)
        self.influx.kill()
        self.influx.start()
        code, out = self.cli("--wait")
        self.assertEqual((code, "5000 sent" in out), (0, True), out)
        kit.one_point_each(self, self.influx, stored)
        self.assertEqual(self.cli("--cancel")[0], 1)

    def test_live_events_go_on(self):
        self.start(batch_events=20)
        self.history(20000)
        self.lose()
        load = kit.Load(self.agent, rate=400, threads=2)
        try:
            kit.eventually(lambda: load.acknowledged() > 200)
            self.assertEqual(self.client.post("/exporters/influx/replay?from=-1h", {}).status, 202)
            lags, begin = [], time.monotonic()
            while self.progress()["ended"] is None:
                health = self.agent.exporter(self.client)
                lags.append(health["lag_seconds"])
                time.sleep(0.02)
                self.assertLess(time.monotonic() - begin, 120)
            took = time.monotonic() - begin
        finally:
            load.stop()
        end = self.progress()
        print(f"{end['sent']} events in {took:.1f} s beside 400 live events/s; "
              f"lag at most {max(lags, default=0):.2f} s", flush=True)
        self.assertEqual(end["state"], "done", end)
        self.assertLess(max(lags, default=0), 3)
        kit.drained(self.agent, self.client)
        kit.one_point_each(self, self.influx, {event["id"] for event in self.client.pages()})

    def test_refused_by_the_sink(self):
        self.start()
        stored = self.history(50)
        self.lose()
        answer = kit.Client(self.influx.port).request(
            "POST", "/write?db=kcloud", b"scheduling_decision reason=1i")
        self.assertEqual(answer.status, 204)
        for _ in range(2):
            code, out = self.cli("--from", "-1h")
            self.assertEqual((code, "0 sent, 50 refused" in out), (1, True), out)
            letters = self.client.json("/dead-letters", limit=1000)["dead_letters"]
            self.assertEqual(sorted(letter["event_id"] for letter in letters), sorted(stored))

    def test_restarted_in_the_middle(self):
        self.start(batch_events=100)
        stored = self.history()
        self.lose()
        self.influx.kill()
        process = subprocess.Popen(self.command("--from", "-1h"), stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        kit.eventually(lambda: self.progress().get("state") == "waiting")
        self.assertEqual(self.agent.stop(), 0)
        self.agent.start()
        out, errors = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 2, out + errors)
        self.assertIn("the agent was restarted, which a replay does not survive", errors)
        self.influx.start()
        code, out = kit.run(*re.search(r"kcloud-logger (replay .*)", errors).group(1).split())
        self.assertEqual(code, 0, out)
        kit.one_point_each(self, self.influx, stored)

    def test_what_it_cannot_do(self):
        self.start()
        self.history(10)
        post = lambda path: self.client.post(path, {})  # pylint: disable=C3001
        self.assertEqual(post("/exporters/none/replay?from=-1h").status, 404)
        self.assertEqual(self.client.get("/exporters/influx/replay").status, 404)
        self.assertEqual(self.client.request("DELETE", "/exporters/influx/replay").status, 404)
        for query, told in (("", "parameter `from` is missing"),
                            ("from=noon", "`from` is `noon`; expected RFC 3339"),
                            ("from=-1h&to=x", "`to` is `x`; expected RFC 3339"),
                            ("from=now&to=-1h", "expected a time before `to`"),
                            ("from=-1h&time=both", "expected `received`"),
                            ("from=-1h&after=7", "expected <epoch>-<seq>"),
                            ("from=-1h&after=00000000-7", "a position of this journal"),
                            ("from=-1h&since=1", "there are from, to, time and after")):
            answer = post("/exporters/influx/replay?" + query)
            self.assertEqual(answer.status, 400, query)
            self.assertIn(told, json.loads(answer.body)["detail"])
        self.assertEqual(self.cli()[0], 1)
        self.assertEqual(self.cli("--from", "-1h", "--wait")[0] not in (0, 1, 2), True)

    def test_a_sink_of_sealed_batches(self):
        """What the documents say to do where rows were lost: a second exporter, then one INSERT."""
        postgres = postgres_kit.Postgres(self)
        config = "exporters:\n" + postgres.exporter()
        agent = kit.Agent(self, config)
        agent.start()
        client = agent.client()
        self.assertEqual(client.post("/events", [kit.event(f"w-{n}") for n in range(100)]).status, 202)
        count = lambda where="": postgres.rows("SELECT count(*) FROM audit_event " + where)  # pylint: disable=C3001
        kit.eventually(lambda: agent.exporter(client, "ledger")["lag_events"] == 0, 30)
        self.assertEqual(count(), [["100"]])
        answer = client.post("/exporters/ledger/replay?from=-1h", {})
        self.assertEqual(answer.status, 409, answer)
        self.assertIn("second exporter", json.loads(answer.body)["detail"])
        digest = "SELECT md5(string_agg(e::text, ' ' ORDER BY event_id)) FROM audit_event e"
        before = postgres.rows(digest)
        postgres.rows("DELETE FROM audit_event WHERE workload < 'w-5'")
        again = postgres.exporter("again") + "    schema: kcloud_again\n"
        agent.configure(config + again)
        agent.process.signal(signal.SIGHUP)
        kit.eventually(lambda: client.json("/health")["components"].get(
            "exporter:again", {"lag_events": None})["lag_events"] == 0, 30)
        document = os.path.join(os.path.dirname(kit.HERE), "..", "docs", "operations.md")
        with open(document, encoding="utf-8") as file:
            insert = re.search(r"```sql\n(INSERT INTO kcloud_audit.*?)```", file.read(), re.S).group(1)
        postgres.rows(insert)
        self.assertEqual(postgres.rows(digest), before)


if __name__ == "__main__":
    kit.main()
