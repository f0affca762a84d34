"""Eight agents on the channels of one Redis, killed at random, all writing to one InfluxDB and one
PostgreSQL: one point and one row for each event that was published while an agent was subscribed."""

import json
import random
import threading
import time
import unittest

import kit
from postgres_kit import Postgres
import redis_kit

AGENTS = 8
KILLS = 60 if kit.SOAK else 12
RATE = 500  # events a second


class Fleet(unittest.TestCase):
    def test_one_point_each_whoever_is_killed(self):
        redis = redis_kit.Redis(self)
        influx = kit.InfluxDb(self)
        postgres = Postgres(self)
        agents = []
        for number in range(AGENTS):
            # The same tags in each agent make the same point of the same event.
            agents.append(kit.Agent(self, f"agent: {{name: fleet, cluster: seoul}}\nlog: {{level: warn}}\n"
                                    + "collectors:\n" + redis.collector() + influx.exporter()
                                    + postgres.exporter()))
            agents[number].spawn()
        for agent in agents:
            kit.eventually(lambda agent=agent: self.subscribed(agent), 60)
        sent, stop = [], threading.Event()

        def publish():
            connection, number = redis.connect(), 0
            while not stop.wait(0.02):
                names = [f"w-{number + i}" for i in range(RATE // 50)]
                receivers = connection.pipeline(
                    [("PUBLISH", "scheduling_events", json.dumps(kit.event(name))) for name in names])
                sent.extend(zip(names, receivers))
                number += len(names)

        thread = threading.Thread(target=publish)
        thread.start()
        self.addCleanup(lambda: (stop.set(), thread.join()))
        rng = random.Random(9)
        for _ in range(KILLS):
            victim = agents[rng.randrange(1, AGENTS)]  # the first stays, so that somebody listens
            victim.kill()
            time.sleep(rng.uniform(0.05, 0.4))
            victim.spawn()
        for agent in agents:
            kit.eventually(lambda agent=agent: self.subscribed(agent), 60)
        stop.set()
        thread.join()
        self.assertGreater(len(sent), 1_000)
        self.assertEqual([name for name, receivers in sent if receivers < 1], [])
        self.assertEqual(len({receivers for _, receivers in sent}) > 1, True, "nobody was away")
        for agent in agents:
            health = kit.drained(agent, agent.client(), 120)
            self.assertEqual(health["dead_lettered"], 0)
            kit.eventually(lambda agent=agent: agent.exporter(
                agent.client(), "ledger")["lag_events"] == 0, 120)
        names = {name for name, _ in sent}
        ids = {}
        for agent in agents:
            for event in agent.client().pages():
                self.assertEqual(ids.setdefault(event["workload"], event["id"]), event["id"])
        self.assertEqual(set(ids), names, "lost, or never sent")
        kit.one_point_each(self, influx, ids.values())
        rows = [row[0] for row in postgres.rows("SELECT event_id FROM audit_event")]
        self.assertEqual(len(rows), len(set(rows)), "an event in two rows")
        self.assertEqual(set(rows), set(ids.values()))
        self.assertEqual(postgres.rows("SELECT sum(count) FROM event_rollup WHERE field=''"),
                         [[str(len(ids))]])
        self.assertEqual(postgres.rows("SELECT sum(deadlocks) FROM pg_stat_database"), [["0"]])
        print(f"{len(names)} events, {AGENTS} agents, {KILLS} kills: {len(ids)} points, 0 duplicates; "
              f"{min(r for _, r in sent)} to {max(r for _, r in sent)} agents subscribed")

    @staticmethod
    def subscribed(agent):
        try:
            return redis_kit.health(agent.client(timeout=5))["connected"]
        except (OSError, kit.http.client.HTTPException, KeyError):  # not there yet
            return False


if __name__ == "__main__":
    kit.main()
