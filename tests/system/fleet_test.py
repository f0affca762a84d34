"""One database, several agents that store in it, and one that answers for all of them
(`query.backend: postgres`): its answers are those of an agent that had every event itself, and every
figure is that of the raw events. Events come to one agent, to another, or to both; agents and the
server are killed on the way."""

import datetime
import json
import os
import random
import time

import kit
from analytics_kit import OBJECTIVES, Figures, History, at
from postgres_kit import Postgres

STORES = """audit:
  batch_events: 200
  batch_wait: 100ms
  heartbeat: 1s
"""


def near(one, other):
    """Equal but for the last digits of sums."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(near(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(near, one, other))
    if isinstance(one, float) and isinstance(other, (int, float)):
        return abs(one - other) <= 1e-6 * max(1, abs(one))
    return one == other


class Fleet(Figures):
    def setUp(self):
        self.seed = int(os.environ.get("KCLOUD_SEED", random.randrange(1 << 32)))
        print(f"KCLOUD_SEED={self.seed}", flush=True)
        self.random = random.Random(self.seed)
        self.postgres = Postgres(self)
        self.postgres.rows("CREATE ROLE kcloud_reader LOGIN")
        stores = STORES + OBJECTIVES + "exporters:\n" + self.postgres.exporter() + (
            "    reader_role: kcloud_reader\n")
        self.agents = [kit.Agent(self, stores), kit.Agent(self, stores)]
        self.whole = kit.Agent(self, OBJECTIVES)  # has every event itself
        self.asked = kit.Agent(self, OBJECTIVES + self.backend())
        for agent in [*self.agents, self.whole, self.asked]:
            agent.start()
        self.client = self.asked.client(timeout=60)
        self.now = datetime.datetime.now(datetime.timezone.utc).timestamp()

    def backend(self):
        url = self.postgres.url.replace("postgres@", "kcloud_reader@")
        return f"query:\n  backend: postgres\n  url: {url}\n"

    def post(self, agent, batch):
        answer = agent.client(timeout=60).post("/events", batch)
        self.assertEqual(answer.status, 202, answer.body)
        self.assertFalse(json.loads(answer.body)["rejected"])

    def post_all(self, history):
        for number, batch in enumerate(history.batches()):
            self.post(self.whole, batch)
            for agent in self.random.choice([self.agents[:1], self.agents[1:], self.agents]):
                self.post(agent, batch)
            if number == 6:
                self.agents[0].kill()
                self.agents[0].start()
            if number == 12:
                self.postgres.kill()
                time.sleep(0.3)
                self.postgres.start()

    def stored(self):
        for agent in self.agents:
            client = agent.client()
            kit.eventually(lambda a=agent, c=client: a.exporter(c, "ledger")["lag_events"] == 0, 60)
        client = self.whole.client()
        kit.eventually(lambda: client.json("/analytics/rollups")["lag_events"] == 0, 30)

    def both(self, path, **parameters):
        """The same question to the database and to the agent that has everything."""
        answers = [client.get(path, **parameters)
                   for client in (self.client, self.whole.client(timeout=60))]
        self.assertEqual([answer.status for answer in answers], [200, 200], answers)
        return answers

    def compare_answers(self):
        for since, until in self.ranges():
            asked = {"since": since, "until": until}
            for name, more in (("scheduling-performance", {"group_by": "scheduler,cluster"}),
                               ("scheduling-performance", {"step": "1d", "zone": "America/New_York"}),
                               ("scheduling-performance", {"compare_baseline": "true", "step": "1h"}),
                               ("cost-efficiency", {"group_by": "cluster"}),
                               ("sla-compliance", {"step": "1d", "group_by": "workload_type"})):
                answers = [json.loads(answer.body)
                           for answer in self.both("/analytics/" + name, **asked, **more)]
                for answer in answers:
                    del answer["as_of"]
                if self.going_on(until):
                    continue
                self.assertTrue(near(*answers), (name, asked, more, answers))

    def going_on(self, until):
        """Figures by the hour then go by when they were asked for."""
        return until > at(self.now - 60)

    def compare_listings(self):
        def shown(answer):
            for event in answer["events"]:
                for name in ("seq", "agent", "received", "collector", "via"):
                    event.pop(name, None)
            return answer
        for path, parameters in (
                ("/events", {"limit": 300}), ("/events", {"limit": 77, "order": "asc"}),
                ("/events", {"workload": "job-7"}), ("/events", {"cluster": "하이브리드"}),
                ("/events", {"type": "policy_change"}), ("/events", {"q": "SRE@example"}),
                ("/events", {"since": at(self.now - 7000), "until": at(self.now - 100)}),
                ("/events/scheduling_decision", {"limit": 5}), ("/events/workload/job-3", {})):
            got, wanted = (shown(json.loads(answer.body))
                           for answer in self.both(path, **parameters))
            got["next"] = wanted["next"] = None  # the journal may give one with nothing behind it
            self.assertEqual(got, wanted, (path, parameters))
            self.assertTrue(wanted["events"], (path, parameters))
        for event in wanted["events"]:
            found = self.client.json("/events/id/" + event["id"])
            self.assertEqual((found["body"], found["fields"], found["seq"]),
                             (event["body"], event["fields"], None))

    def added_up(self):
        kit.eventually(lambda: self.postgres.rows("SELECT count(*) FROM rollup_pending") == [["0"]], 30)

    def test_the_answers_are_those_of_one_agent_that_has_it_all(self):
        self.post_all(History(self.seed, self.now, days=3.2, count=6000))
        self.stored()
        self.assertNotEqual(self.postgres.rows("SELECT count(*) FROM audit_event"), [["0"]])
        events = self.raw()
        everything = [event["id"] for event in self.whole.client(timeout=60).pages()]
        self.assertEqual([event["id"] for event in self.client.pages()], everything)
        self.compare(events)  # some of it is still pending
        self.compare_answers()
        self.compare_listings()
        self.added_up()
        days = kit.eventually(lambda: self.postgres.rows(
            "SELECT count(*) FROM rollup_mark WHERE grain = 2 AND whole"), 30)
        self.assertGreater(int(days[0][0]), 0)
        self.compare(events)
        self.compare_answers()
        self.rebuild()

    def rebuild(self):
        """Beside agents that go on storing; it makes the hours that it is given, whatever they were."""
        self.postgres.rows("INSERT INTO rollup_state VALUES ('incomplete', 'a test says so')")
        self.assertEqual(self.client.get("/analytics/cost-efficiency").status, 503)
        self.postgres.rows("DELETE FROM rollup_cell WHERE grain = 1 AND series > 2")
        late = History(self.seed + 1, self.now, days=3, count=400)
        for batch in late.batches():
            for agent in [*self.agents, self.whole]:
                self.post(agent, batch)
        code, output = kit.run("rollups", "rebuild", "--pg", self.postgres.url, "--config",
                               self.agents[0].config_file)
        self.assertEqual(code, 0, output)
        self.assertRegex(output, r"^\d+ hours made anew from \d+ events\n$")
        self.stored()
        events = self.raw()
        self.compare(events)
        self.compare_answers()


if __name__ == "__main__":
    kit.main()
