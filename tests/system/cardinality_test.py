"""Tag values and event types that never come twice, with InfluxDB and PostgreSQL behind the agent: series
stay at the cap, what was capped is counted, no event is lost, memory stays bounded."""

import json
import time
import unittest

import kit
import postgres_kit
from measures import Peak

VALUES = 1_000_000 if kit.SOAK else 30_000
OWN_TYPE = 10  # every tenth event is of a type of its own, which the catalogue does not know
CAP = 1000  # max_tag_values
REQUEST = 1000
MOST_MEMORY = 256 << 20


def numbered(number):
    event = kit.event(f"w-{number}", scheduler=f"scheduler-{number}")
    event["workload"]["type"] = f"workload-type-{number}"
    event["decision"]["selected_cluster"] = f"cluster-{number}"
    if number % OWN_TYPE == 0:
        event["event_type"] = f"type_{number}"
        event["cluster"] = f"cluster-{number}"
    return event


class Cardinality(unittest.TestCase):
    def test_series_stay_at_the_cap(self):
        influx, postgres = kit.InfluxDb(self), postgres_kit.Postgres(self)
        agent = kit.Agent(self, influx.exporter() + postgres.exporter())
        agent.start()
        client = agent.client(timeout=60)
        ids = 0
        begin = time.monotonic()
        with Peak(agent, every=0.1) as memory:
            for first in range(0, VALUES, REQUEST):
                answer = client.post("/events", [numbered(first + i) for i in range(REQUEST)])
                self.assertEqual(answer.status, 202, answer)
                ids += len(set(json.loads(answer.body)["ids"]))
            health = {name: kit.eventually(lambda name=name: (lambda h: h["lag_events"] == 0 and h)(
                agent.exporter(client, name)), 1800) for name in ("influx", "ledger")}
        took = time.monotonic() - begin
        self.assertEqual(ids, VALUES)
        for name, one in health.items():
            self.assertEqual((one["delivered"], one["dead_lettered"], one["skipped"]), (VALUES, 0, 0),
                             name)
        known = influx.query('SHOW SERIES EXACT CARDINALITY FROM "scheduling_decision"')
        series = sum(row[0] for part in influx.query("SHOW SERIES EXACT CARDINALITY")
                     for row in part["values"])
        self.assertEqual(known[0]["values"], [[CAP + 1]])  # with `other`
        # As many types, and in the one of all further types as many clusters.
        self.assertLessEqual(series, 3 * (CAP + 1))
        points = sum(row["count"] for row in influx.rows('SELECT count("id") FROM /.*/'))
        self.assertEqual(points, VALUES)
        self.assertEqual(postgres.rows("SELECT count(*), count(DISTINCT cluster) FROM audit_event"),
                         [[str(VALUES), str(VALUES)]])
        capped = client.metrics()['exporter_adjusted_events_total{exporter="influx"}']
        others = influx.rows('SELECT count("id") FROM scheduling_decision WHERE cluster = \'other\'')
        self.assertEqual(others[0]["count"], VALUES - VALUES // OWN_TYPE - CAP)
        self.assertGreaterEqual(capped, others[0]["count"])
        print(f"{VALUES} values of each tag: {series} series, {capped:.0f} counted as capped, "
              f"{took:.0f} s, anonymous memory at most {memory.most / (1 << 20):.1f} MiB "
              f"(before: {memory.before / (1 << 20):.1f})")
        self.assertLessEqual(memory.most, MOST_MEMORY)


if __name__ == "__main__":
    kit.main()
