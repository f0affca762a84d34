"""Dead letters that come back: a type that was unknown is declared, a sink takes what it refused;
each is stored or delivered once, also when the agent is killed in between."""

import json
import os
import signal
import unittest

import kit
import redis_kit

TYPES = """types:
  rack_moved:
    alias: rack
    texts: {note: {paths: [note]}}
"""
IN_FORCE = "the new configuration is in force"


def intake(*catalogues):
    return ("intake:\n  accept_unknown_types: false\n"
            f"  catalogue_files: {json.dumps(list(catalogues))}\n")


def moved(number):
    return {"event_type": "rack_moved", "timestamp": "2025-01-15T10:30:00Z",
            "workload": f"rack-{number}"}


class DeadLetters(unittest.TestCase):
    def start(self, config):
        self.agent = kit.Agent(self, config)
        self.agent.start()
        self.client = self.agent.client()
        self.url = f"http://127.0.0.1:{self.agent.port}"

    def cli(self, *arguments):
        return kit.run("dead-letters", *arguments, "--url", self.url)

    def letters(self):
        return self.client.json("/dead-letters", limit=1000)["dead_letters"]

    def reload(self, config):
        count = self.agent.log_text().count(IN_FORCE)
        self.agent.configure(config)
        self.agent.process.signal(signal.SIGHUP)
        kit.eventually(lambda: self.agent.log_text().count(IN_FORCE) > count)

    def declare(self):
        path = os.path.join(self.agent.directory, "types.yaml")
        with open(path, "w", encoding="utf-8") as out:
            out.write(TYPES)
        self.reload(intake(path))

    def refuse(self, count):
        for number in range(count):
            self.assertEqual(self.client.post("/events", moved(number)).status, 422)
        self.assertEqual(len(self.letters()), count)

    def test_a_type_declared_later(self):
        self.start(intake())
        self.refuse(3)
        code, out = self.cli("ls")[:2]
        self.assertEqual(code, 0, out)
        self.assertEqual(out.count("invalid_event"), 3, out)
        code, out = self.cli("retry", "1")[:2]
        self.assertEqual(code, 1, out)
        self.assertIn("invalid_event", out)
        self.declare()
        code, out = self.cli("retry", "1")[:2]
        self.assertEqual((code, "1 stored" in out), (0, True), out)
        code, out = self.cli("retry", "--origin", "collector:webhook")[:2]
        self.assertEqual((code, "2 stored" in out), (0, True), out)
        self.assertEqual(self.letters(), [])
        # Posted again it is what was stored.
        answer = json.loads(self.client.post("/events", moved(1)).body)
        self.assertEqual(answer["duplicates"], 1, answer)
        self.assertEqual(len(list(self.client.pages())), 3)

    def test_killed_in_between(self):
        self.start(intake())
        self.refuse(200)
        self.declare()
        first = json.loads(self.client.post("/dead-letters/retry?limit=50", {}).body)
        self.assertEqual(first["stored"], 50, first)
        # No answer is waited for: the kill meets the retry somewhere.
        hasty = self.agent.client(timeout=0.002)
        try:
            hasty.post("/dead-letters/retry?limit=100", {})
        except OSError:
            pass
        self.agent.kill()
        self.agent.start()
        self.client = self.agent.client()
        stored = {event["workload"] for event in self.client.pages()}
        kept = {json.loads(letter["body"])["workload"] for letter in self.letters()}
        self.assertEqual(len(stored) + len(kept), 200, "neither lost nor in both")
        self.assertEqual(stored & kept, set())
        code, out = self.cli("retry", "--all")[:2]
        self.assertEqual(code, 0, out)
        self.assertEqual(self.letters(), [])
        workloads = [event["workload"] for event in self.client.pages()]
        self.assertEqual(len(workloads), 200)
        self.assertEqual(len(set(workloads)), 200)
        # What came back is sealed like everything else.
        kit.eventually(lambda: self.client.json("/health")["components"]["audit"][
            "sealed_events"] == 200)
        code, out = kit.run("audit", "verify", "--data-dir",
                            os.path.join(self.agent.directory, "data"))
        self.assertEqual(code, 0, out)

    def test_removed(self):
        self.start(intake())
        self.refuse(3)
        self.assertIn("rack-0", self.cli("show", "1")[1])
        self.assertEqual(self.cli("purge")[0], 2)
        self.assertEqual(self.cli("purge", "2")[:2], (0, "1 removed\n"))
        self.assertEqual(self.cli("purge", "2")[0], 1)
        self.assertEqual(self.cli("purge", "--all")[:2], (0, "2 removed\n"))
        self.assertEqual(self.letters(), [])

    def test_an_entry_of_a_stream_has_its_id_whichever_way_it_came(self):
        redis = redis_kit.Redis(self)
        for number in range(3):
            redis.call("XADD", "moves", "*", "event",
                       json.dumps({"event_type": "rack_moved", "workload": f"rack-{number}"}))

        def collector(group):
            return "collectors:\n" + redis.collector("bus", mode="stream", streams="[moves]",
                                                      group=group)

        self.start(intake() + collector("one"))
        kit.eventually(lambda: len(self.letters()) == 3)
        path = os.path.join(self.agent.directory, "types.yaml")
        with open(path, "w", encoding="utf-8") as out:
            out.write(TYPES)
        self.reload(intake(path) + collector("one"))
        self.assertEqual(self.cli("retry", "--all")[0], 0)
        self.assertEqual(len(list(self.client.pages())), 3)
        # The same entries read anew, by a group that begins: each is known.
        self.reload(intake(path) + collector("two"))
        kit.eventually(lambda: redis_kit.health(self.client, "bus")["duplicates"] == 3)
        self.assertEqual(len(list(self.client.pages())), 3)
        self.assertEqual({event["time"][:2] for event in self.client.pages()}, {"20"})

    def test_a_sink_that_takes_it_later(self):
        influx = kit.InfluxDb(self)
        # The field has another type there.
        answer = kit.Client(influx.port).request(
            "POST", "/write?db=kcloud", b"scheduling_decision power_watts=1i 1736937000000000000")
        self.assertEqual(answer.status, 204)
        self.start(influx.exporter())
        poison = kit.event("w-1", timestamp="2025-01-15T10:30:00Z")
        poison["decision"]["cost_calculation"] = {"estimated_power_watts": 1200}
        self.assertEqual(self.client.post("/events", [poison]).status, 202)
        kit.eventually(lambda: len(self.letters()) == 1, 30)
        cursor = self.agent.exporter(self.client)
        code, out = self.cli("retry", "--origin", "exporter:influx")[:2]
        self.assertEqual((code, "sink_rejected" in out), (1, True), out)
        influx.query("DROP MEASUREMENT scheduling_decision")
        code, out = self.cli("retry", "--origin", "exporter:influx")[:2]
        self.assertEqual((code, "1 delivered" in out), (0, True), out)
        self.assertEqual(self.letters(), [])
        self.assertEqual(len(influx.rows('SELECT "id" FROM "scheduling_decision"')), 1)
        after = self.agent.exporter(self.client)
        self.assertEqual(after["lag_events"], cursor["lag_events"])
        influx.kill()
        self.assertEqual(self.client.post("/dead-letters/999/retry", {}).status, 404)


if __name__ == "__main__":
    kit.main()
