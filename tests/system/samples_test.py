"""The specification's four samples as a user meets them: posted with curl in three spellings, one
event each; read back by every query, seen in the live stream, found in a real InfluxDB."""

import csv
import http.client
import io
import json
import os
import subprocess
import unittest

import kit

# name: (alias, workload, cluster, source, severity, reason, InfluxDB tags, InfluxDB fields)
SAMPLES = {
    "scheduling_decision": (
        "scheduling", "ml-training-job-123", "gpu-cluster-01", "kcloud-meta-scheduler", None,
        "최적 전력 효율성",
        {"scheduler": "kcloud-meta-scheduler", "cluster": "gpu-cluster-01",
         "workload_type": "ml_training", "outcome": "success"},
        {"execution_time_ms": 245.0, "power_watts": 1200.0, "cost_per_hour": 15.6,
         "alternatives": 2, "best_alternative_cost": 18.2, "cpu": 8.0,
         "memory_bytes": 32.0 * 2**30, "gpu": 2.0, "power_budget_watts": 1500.0,
         "workload": "ml-training-job-123", "source": "kcloud-meta-scheduler",
         "reason": "최적 전력 효율성"}),
    "workload_relocation": (
        "relocation", "inference-service-456", "npu-cluster-01", None, None,
        "NPU가 추론 작업에 더 효율적",
        {"trigger": "power_efficiency_optimization", "from_cluster": "gpu-cluster-02",
         "to_cluster": "npu-cluster-01", "cluster": "npu-cluster-01", "outcome": "success"},
        {"power_saving_watts": 300.0, "cost_saving_per_hour": 4.2, "migration_time_seconds": 45.0,
         "downtime_seconds": 2.0, "workload": "inference-service-456",
         "reason": "NPU가 추론 작업에 더 효율적"}),
    "cluster_reconfiguration": (
        "cluster", None, "npu-inference-cluster", None, None, None,
        {"action": "cluster_created", "cluster": "npu-inference-cluster",
         "cluster_type": "npu_optimized"},
        {"node_count": 3, "cost_per_hour": 12.5, "workload_queue_length": 15,
         "utilization_pct": 95.0, "expected_efficiency_gain_pct": 25.0,
         "cluster_id": "magnum-cluster-789"}),
    "inefficiency_detected": (
        "inefficiency", None, "cpu-cluster-03", None, "medium", None,
        {"kind": "idle_cluster", "cluster": "cpu-cluster-03", "severity": "medium",
         "auto_action_taken": "false"},
        {"utilization_pct": 8.0, "idle_hours": 6.0, "wasted_cost": 75.6,
         "severity": "medium", "recommended_action": "cluster_consolidation"}),
}
FIELD_TYPES = {str: "string", float: "float", int: "integer"}


def compact(name):
    return json.dumps(json.loads(kit.sample(name)), ensure_ascii=False, separators=(",", ":"))


class Samples(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.influx = kit.InfluxDb(cls)
        cls.agent = kit.Agent(cls, "agent:\n  name: agent-1\n  cluster: seoul\n"
                              + cls.influx.exporter())
        cls.agent.start()
        cls.stream = Stream(cls.agent.port)
        cls.addClassCleanup(cls.stream.close)
        cls.first = {name: cls.curl(alias, "--data-binary", "@" + cls.path(name))
                     for name, (alias, *_) in SAMPLES.items()}
        cls.ids = {name: answer["ids"][0] for name, (_, answer) in cls.first.items()}
        cls.client = cls.agent.client()

    @classmethod
    def addCleanup(cls, function, *arguments, **options):  # kit cleans up after the class
        cls.addClassCleanup(function, *arguments, **options)

    @staticmethod
    def path(name):
        return os.path.join(kit.HERE, "samples", name + ".json")

    @classmethod
    def curl(cls, alias, *data, header=("-H", "Content-Type: application/json")):
        url = f"http://127.0.0.1:{cls.agent.port}/events" + (f"/{alias}" if alias else "")
        done = subprocess.run(["curl", "-sS", "-w", "\n%{http_code}", "-X", "POST", url, *header,
                               *data], capture_output=True, timeout=10, check=True)
        body, _, status = done.stdout.decode().rpartition("\n")
        return int(status), json.loads(body)

    def listed(self, path="/events", **parameters):
        return {e["id"] for e in self.client.pages(path, **parameters)}

    def names(self, path="/events", **parameters):
        by_id = {i: name for name, i in self.ids.items()}
        return sorted(by_id[i] for i in self.listed(path, **parameters))

    def test_each_is_accepted(self):
        for name, (status, answer) in self.first.items():
            self.assertEqual(status, 202, name)
            self.assertEqual((answer["accepted"], answer["rejected"], answer["warnings"]),
                             (1, [], []), name)

    def test_every_spelling_is_the_same_event(self):
        for name, (alias, *_) in SAMPLES.items():
            for where in (alias, name, ""):
                for data in (("-d", "@" + self.path(name)),
                             ("--data-binary", "@" + self.path(name)),
                             ("--data-binary", compact(name))):
                    for header in (("-H", "Content-Type: application/json"), ()):
                        status, answer = self.curl(where, *data, header=header)
                        self.assertEqual((status, answer["accepted"], answer["duplicates"],
                                          answer["ids"]), (202, 0, 1, [self.ids[name]]), data)
        self.assertEqual(self.names(), sorted(SAMPLES))

    def test_event_as_a_whole(self):
        for name, (_, workload, cluster, source, severity, reason, *_) in SAMPLES.items():
            answer = self.client.get(f"/events/id/{self.ids[name]}")
            got = json.loads(answer.body)
            self.assertEqual([got[k] for k in ("type", "workload", "cluster", "source", "severity",
                                               "collector", "agent", "time")],
                             [name, workload, cluster, source, severity, "webhook", "agent-1",
                              json.loads(kit.sample(name))["timestamp"]])
            self.assertEqual(got["fields"].get("reason"), reason)
            self.assertIn(b'"body":' + compact(name).encode() + b"}", answer.body)

    def test_filters(self):
        every = sorted(SAMPLES)
        for name, (alias, workload, cluster, source, severity, reason, *_) in SAMPLES.items():
            for where in (alias, name):
                self.assertEqual(self.names(f"/events/{where}"), [name])
                self.assertEqual(self.names(type=where), [name])
            self.assertEqual(self.names(cluster=cluster), [name])
            if workload:
                self.assertEqual(self.names(f"/events/workload/{workload}"), [name])
                self.assertEqual(self.names(workload=workload), [name])
            if source:
                self.assertEqual(self.names(source=source), [name])
            if severity:
                self.assertEqual(self.names(severity=severity.upper()), [name])
            if reason:
                self.assertEqual(self.names(q=reason), [name])
            time = json.loads(kit.sample(name))["timestamp"]
            self.assertIn(name, self.names(since=time))
            self.assertEqual(self.names(since=time, until=time[:-1] + ".000000001Z"), [name])
        self.assertEqual(self.names(received_since="-1h"), every)
        self.assertEqual(self.names(received_until="-1h"), [])
        self.assertEqual(self.names(since="2025-01-15T15:00:00Z"),
                         ["cluster_reconfiguration", "inefficiency_detected"])
        self.assertEqual(self.names(until="2025-01-16T00:00:00"),  # 15:00 UTC in Asia/Seoul
                         ["scheduling_decision", "workload_relocation"])
        self.assertEqual(self.names(type="alert"), [])

    def test_order_and_cursor(self):
        newest = ["inefficiency_detected", "cluster_reconfiguration", "workload_relocation",
                  "scheduling_decision"]
        for order, want in (("desc", newest), ("asc", newest[::-1])):
            got = [e["type"] for e in self.client.pages(limit=1, order=order)]
            self.assertEqual(got, want)
        page = self.client.get("/events", limit=1)
        self.assertIn('rel="next"', page.headers["Link"])
        self.assertEqual(page.headers["X-Next-Cursor"], json.loads(page.body)["next"])

    def test_formats(self):
        lines = self.client.get("/events", format="ndjson").body.decode().splitlines()
        self.assertEqual({json.loads(line)["id"] for line in lines}, set(self.ids.values()))
        rows = list(csv.DictReader(io.StringIO(
            self.client.get("/events", format="csv").body.decode(), newline="")))
        self.assertEqual(len(rows), 4)
        for row in rows:
            self.assertEqual(row["id"], self.ids[row["type"]])
            self.assertEqual(row["reason"], SAMPLES[row["type"]][5] or "")
            self.assertEqual(row["body"], compact(row["type"]))

    def test_live_stream(self):
        seen = self.stream.take(4)
        self.assertEqual({e["id"] for _, e, _ in seen}, set(self.ids.values()))
        for position, got, text in seen:
            self.assertEqual(position, got["seq"])
            self.assertIn('"body":' + compact(got["type"]) + "}", text)
        resumed = Stream(self.agent.port, {"Last-Event-ID": seen[0][0]})
        self.addClassCleanup(resumed.close)
        self.assertEqual(resumed.take(3), seen[1:])

    def test_influxdb(self):
        kit.drained(self.agent, self.client)
        series = [row["key"].split(",")[0] for row in self.influx.rows("SHOW SERIES")]
        self.assertEqual(sorted(one for one in series if one != "audit_seal"), sorted(SAMPLES))
        for name, (*_, tags, fields) in SAMPLES.items():
            tags = tags | {"agent": "agent-1", "collector": "webhook", "agent_cluster": "seoul"}
            fields = {k: v for k, v in fields.items() if k not in tags} | {"id": self.ids[name]}
            types = {row["fieldKey"]: row["fieldType"]
                     for row in self.influx.rows(f'SHOW FIELD KEYS FROM "{name}"')}
            self.assertEqual(types, {k: FIELD_TYPES[type(v)] for k, v in fields.items()}, name)
            keys = {row["tagKey"] for row in self.influx.rows(f'SHOW TAG KEYS FROM "{name}"')}
            self.assertEqual(keys, set(tags), name)
            rows = self.influx.rows(f'SELECT * FROM "{name}"')
            self.assertEqual(len(rows), 1, name)
            stamp = rows[0].pop("time")
            self.assertEqual(rows[0], tags | fields)
            got = self.client.json(f"/events/id/{self.ids[name]}")
            whole = self.influx.rows(f"SELECT id FROM \"{name}\" WHERE time >= '{got['time']}' AND "
                                     f"time < '{got['time']}' + 1s")
            self.assertEqual([row["time"] for row in whole], [stamp])

    def test_deliveries(self):
        kit.drained(self.agent, self.client)
        for event_id in self.ids.values():
            got = self.client.json(f"/events/id/{event_id}/deliveries")
            self.assertEqual([(d["name"], d["state"]) for d in got["deliveries"]],
                             [("exporter:influx", "delivered")])

    def test_schemas_know_the_samples(self):
        for name, (alias, *_) in SAMPLES.items():
            for where in (alias, name):
                schema = self.client.json(f"/schemas/{where}")
                self.assertIn("2020-12", schema["$schema"])


class Stream:
    """GET /stream/events, frame by frame."""

    def __init__(self, port, headers=None):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        self.connection.request("GET", "/stream/events", headers=headers or {})
        self.response = self.connection.getresponse()
        assert self.response.status == 200, self.response.status

    def take(self, count):
        """The next events: [(id, event, its text)]."""
        found, position = [], None
        while len(found) < count:
            line = self.response.readline().decode().rstrip("\n")
            if line.startswith("id: "):
                position = line[4:]
            elif line.startswith("data: "):
                found.append((position, json.loads(line[6:]), line[6:]))
        return found

    def close(self):
        self.connection.close()


if __name__ == "__main__":
    kit.main()
