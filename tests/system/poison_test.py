"""One poisoned event among 1,000, with InfluxDB and PostgreSQL behind the agent: what neither could keep is
refused at the door and costs itself only; what is odd but valid is kept, and is byte-exact in
PostgreSQL and a point in InfluxDB. Neither holds its batch."""

import json
import unittest

import json_cases
import kit
from postgres_kit import Postgres

BATCH = 1000
REFUSED = {  # the value, another time, the dead letter's reason, what its detail says
    "NUL": (b'"a\\u0000b"', None, "invalid_event", "U+0000"),
    "lone surrogate": (b'"\\ud800"', None, "invalid_json", "surrogate"),
    "1e400": (b"1e400", None, "invalid_json", "number"),
    "bad UTF-8": (b'"\xff\xfe"', None, "invalid_json", "UTF-8"),
    "year 300000": (b"1", "300000-01-01T00:00:00Z", "invalid_event", "timestamp"),
}
KEPT = {  # further members, as JSON
    "1e-400": b'"power_watts": 1e-400',
    "a zero with an endless exponent": b'"power_watts": 0e' + b"9" * 40,
    "2^63": b'"power_watts": 9223372036854775808, "extra": 9223372036854775808',
    "the largest number": b'"power_watts": 1.7976931348623157e308',
    "the largest number again": b'"power_watts": 1.7976931348623157e308',
    "the smallest number": b'"power_watts": -1.7976931348623157e308',
    "minus zero": b'"power_watts": -0.0, "extra": -0',
    "2,000 digits": b'"extra": 0.' + b"1" * 2000,
    "noncharacters": b'"scheduler": "\\uffff\xef\xbf\xbe", "reason": "\\uFDD0\xef\xbf\xbf"',
    "control characters": b'"scheduler": "\\u0001,a=b c\\n\\\\", "reason": "\\u0001\\u001f\\n\\r\x7f"',
    "nested 200 deep": b'"extra": ' + b"[" * 200 + b"]" * 200,
    "a name twice": b'"power_watts": 1, "power_watts": 2',
}
EVENT = b'{"event_type": "scheduling_decision", "workload": {"id": "%s"},' \
        b' "decision": {"selected_cluster": "c"}, %s }'


class Poison(unittest.TestCase):
    @classmethod
    def addCleanup(cls, function, *arguments, **options):
        cls.addClassCleanup(function, *arguments, **options)

    @classmethod
    def setUpClass(cls):
        cls.influx, cls.postgres = kit.InfluxDb(cls), Postgres(cls)
        cls.agent = kit.Agent(cls, cls.influx.exporter() + cls.postgres.exporter())
        cls.agent.start()
        cls.client = cls.agent.client()

    def letters(self):
        return self.client.json("/dead-letters", limit=20)["dead_letters"]

    def post(self, events):
        answer = self.client.post("/events", b"[" + b",\n".join(events) + b"]")
        self.assertEqual(answer.status, 202, answer)
        return json.loads(answer.body)

    def everywhere(self, name, ids):
        """Exactly these events of the batch, in the journal and in both sinks, once each."""
        ids = sorted(ids)
        for sink in ("influx", "ledger"):
            health = kit.eventually(lambda sink=sink: (lambda h: h["lag_events"] == 0 and h)(
                self.agent.exporter(self.client, sink)), 30)
            self.assertEqual((health["dead_lettered"], health["skipped"]), (0, 0), name)
        self.assertEqual(sorted(e["id"] for e in self.client.pages(q=f'"{name}-')), ids)
        self.assertEqual(sorted(row["id"] for row in self.influx.rows(
            f"SELECT \"id\" FROM scheduling_decision WHERE workload =~ /^{name}-/")), ids)
        self.assertEqual(sorted(row[0] for row in self.postgres.rows(
            f"SELECT event_id FROM audit_event WHERE workload LIKE '{name}-%'")), ids)

    def test_what_cannot_be_kept_costs_itself_only(self):
        for number, (name, case) in enumerate(REFUSED.items()):
            with self.subTest(name):
                self.refused(number, name, *case)

    def refused(self, number, name, value, time, reason, detail):
        place = 137 * (number + 1)
        events = [json.dumps(kit.event(f"{name}-{i}")).encode() for i in range(BATCH)]
        bad = kit.event("the poisoned one")
        if time:
            bad["timestamp"] = time
        events[place] = json.dumps(bad).encode()[:-1] + b',"extra":' + value + b"}"
        letters = self.letters()
        got = self.post(events)
        self.assertEqual((got["accepted"], got["duplicates"]), (BATCH - 1, 0))
        self.assertEqual([r["index"] for r in got["rejected"]], [place])
        self.assertIsNone(got["ids"][place])
        error = got["rejected"][0]["errors"][0]
        self.assertTrue(error["path"] and error["problem"] and error["expected"], error)
        new = [letter for letter in self.letters() if letter not in letters]
        self.assertEqual(len(new), 1)
        self.assertEqual(new[0]["reason"], reason, new[0])
        self.assertIn(error["problem"], new[0]["detail"])
        self.assertIn(detail, new[0]["detail"])
        self.assertIn("the poisoned one", new[0]["body"])
        self.everywhere(name, filter(None, got["ids"]))
        print(f"{name}: {new[0]['detail']}")

    def test_what_is_odd_but_valid_is_kept_byte_exact(self):
        for number, (name, members) in enumerate(KEPT.items()):
            with self.subTest(name):
                self.kept(number, f"odd {number}", members)

    def kept(self, number, name, members):
        place = 83 * number
        events = [json.dumps(kit.event(f"{name}-{i}")).encode() for i in range(BATCH)]
        events[place] = EVENT % (f"{name}-{place}".encode(), members)
        got = self.post(events)
        self.assertEqual((got["accepted"], got.get("rejected", [])), (BATCH, []))
        self.everywhere(name, got["ids"])
        self.assertEqual(self.postgres.rows(
            "SELECT encode(convert_to(body, 'UTF8'), 'hex') FROM audit_event "
            f"WHERE event_id = '{got['ids'][place]}'"),
            [[json_cases.minified(events[place]).hex()]])


if __name__ == "__main__":
    kit.main()
