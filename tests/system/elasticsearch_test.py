"""An agent and a real OpenSearch: every event is one document, whatever is killed; its numbers are the
agent's; a sink beside it does not wait for it."""

import collections
import json
import random
import time
import unittest

import kit
from opensearch_kit import OpenSearch

KILLS = 40 if kit.SOAK else 6
DEMO_EVENTS = 20_000 if kit.SOAK else 1_000


class Elasticsearch(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = OpenSearch(cls)

    def start(self, prefix, more=""):
        agent = kit.Agent(self, "exporters:\n" + self.server.exporter(prefix) + more)
        agent.start()
        return agent

    def drained(self, agent, client, seconds=60):
        def done():
            health = agent.exporter(client, "search")
            return health["lag_events"] == 0 and health
        return kit.eventually(done, seconds)

    def check_ids(self, prefix, stored):
        ids = self.server.ids(prefix)
        self.assertEqual(len(ids), len(set(ids)), "an event in two documents")
        self.assertEqual(set(ids), set(stored), "documents and events differ")

    def test_questions_have_the_figures_of_the_journal(self):
        agent = self.start("figures")
        code, out = kit.run("demo", "--url", f"http://127.0.0.1:{agent.port}", "--seed", "7",
                            "--rate", "1000", "--count", str(DEMO_EVENTS))
        self.assertEqual(code, 0, out)
        client = agent.client()
        body = {"event_type": "scheduling_decision", "timestamp": "2025-01-15T10:30:00.123456789Z",
                "workload": {"id": "w"}, "decision": {"selected_cluster": "c", "reason": "\\ \"최적\""}}
        self.assertEqual(client.post("/events", body).status, 202)
        self.assertEqual(client.post("/events", body).status, 202)  # is the same event
        self.assertEqual(client.post("/events", {"event_type": "of_nobody", "n": 1}).status, 202)
        self.drained(agent, client)
        events = list(client.pages())
        self.check_ids("figures", [event["id"] for event in events])

        def terms(field, **more):
            answer = self.server.search("figures", size=0, aggs={
                "by": {"terms": {"field": field, "size": 1000}, **more}})
            return answer["aggregations"]["by"]["buckets"]

        self.assertEqual({bucket["key"]: bucket["doc_count"] for bucket in terms("type")},
                         collections.Counter(event["type"] for event in events))
        watts = collections.Counter()
        for event in events:
            if event["cluster"]:
                watts[event["cluster"]] += event["fields"].get("power_watts", 0)
        sums = {bucket["key"]: bucket["watts"]["value"] for bucket in terms(
            "cluster", aggs={"watts": {"sum": {"field": "fields.power_watts"}}})}
        self.assertEqual(set(sums), set(watts))
        self.assertGreater(sum(watts.values()), 0)
        for cluster, value in watts.items():
            self.assertAlmostEqual(sums[cluster], value, places=3)

        hit = self.server.search("figures", query={"match": {"reason": "최적"}}, size=10_000,
                                 sort=["@timestamp"])["hits"]["hits"][0]["_source"]
        self.assertEqual(hit["@timestamp"], "2025-01-15T10:30:00.123456789Z")
        self.assertEqual(hit["body"], json.dumps(body, ensure_ascii=False, separators=(",", ":")))

    def test_killed_in_turn_each_event_is_one_document(self):
        influx = kit.InfluxDb(self)
        agent = self.start("kills", influx.exporter().removeprefix("exporters:\n"))
        load = kit.Load(agent, rate=500)
        self.addCleanup(load.stopping.set)
        chance = random.Random(7)
        for number in range(KILLS):
            time.sleep(chance.uniform(0.1, 0.8))
            if number % 2:
                self.server.kill()
                time.sleep(chance.uniform(0.1, 0.5))
                self.server.start()
            else:
                agent.kill()
                agent.start()
        load.stop()
        client = agent.client()
        stored = kit.compare(self, load, client)
        self.drained(agent, client, 120)
        kit.drained(agent, client)
        self.check_ids("kills", stored)
        kit.one_point_each(self, influx, stored)
        print(f"{len(stored)} events over {KILLS} kills")

    def test_a_sink_beside_one_that_is_down_stays_near(self):
        influx = kit.InfluxDb(self)
        agent = self.start("beside", influx.exporter().removeprefix("exporters:\n"))
        client = agent.client()
        load = kit.Load(agent, rate=500)
        self.addCleanup(load.stopping.set)
        kit.eventually(lambda: load.acknowledged() > 200)
        self.server.kill()
        kit.eventually(lambda: agent.exporter(client, "search")["phase"] == "retrying", 20)
        lags = []
        until = time.monotonic() + 5
        while time.monotonic() < until:
            lags.append(agent.exporter(client, "influx")["lag_seconds"])
            time.sleep(0.2)
        held = agent.exporter(client, "search")
        self.server.start()
        load.stop()
        self.assertLessEqual(max(lags), 2)
        self.assertGreater(held["lag_events"], 1000)
        stored = kit.compare(self, load, client)
        health = self.drained(agent, client)
        self.assertEqual((health["delivered"], health["dead_lettered"], health["skipped"]),
                         (len(stored), 0, 0))
        self.check_ids("beside", stored)
        print(f"the other lagged {max(lags):.1f} s at most, this one {held['lag_events']} events")

    def test_what_a_foreign_mapping_refuses_comes_back_from_the_dead_letters(self):
        index = "/letters-alert-2025.01.15"
        self.server.ask("PUT", index, {"mappings": {"properties": {
            "id": {"type": "keyword"},
            "fields": {"properties": {"message": {"type": "integer"}}}}}})
        agent = self.start("letters")
        client = agent.client()
        alerts = [{"event_type": "alert", "timestamp": "2025-01-15T10:30:00Z", "cluster": f"c{n}",
                   "message": "hot" if n == 37 else str(n)} for n in range(100)]
        self.assertEqual(client.post("/events", alerts).status, 202)
        self.drained(agent, client)
        letters = client.json("/dead-letters")["dead_letters"]
        self.assertEqual([letter["reason"] for letter in letters], ["sink_rejected"])
        letter = client.json(f"/dead-letters/{letters[0]['id']}")
        self.assertIn("mapper_parsing_exception", json.dumps(letter))
        self.assertEqual(len(self.server.ids("letters")), 99)
        self.server.ask("DELETE", index)
        answer = client.post(f"/dead-letters/{letters[0]['id']}/retry", {})
        self.assertEqual(answer.status, 200, answer.body)
        kit.eventually(lambda: len(self.server.ids("letters")) == 1)


if __name__ == "__main__":
    kit.main()
