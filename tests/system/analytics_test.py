"""Every figure of /analytics beside the same from the raw events (analytics_kit.py), before and after
a kill -9 and after `rollups rebuild`."""

import contextlib
import datetime
import json
import os
import random
import sqlite3

import kit
from analytics_kit import OBJECTIVES, Figures, History, at


class Analytics(Figures):
    def setUp(self):
        self.seed = int(os.environ.get("KCLOUD_SEED", random.randrange(1 << 32)))
        print(f"KCLOUD_SEED={self.seed}", flush=True)
        self.agent = kit.Agent(self, OBJECTIVES)
        self.agent.start()
        self.client = self.agent.client(timeout=60)
        self.now = datetime.datetime.now(datetime.timezone.utc).timestamp()

    def post(self, history, killed_after=None):
        for number, batch in enumerate(history.batches()):
            if number == killed_after:
                self.agent.kill()
                self.agent.start()
                self.client = self.agent.client(timeout=60)
            answer = self.client.post("/events", batch)
            self.assertEqual(answer.status, 202, answer.body)
            self.assertFalse(json.loads(answer.body)["rejected"])

    def caught_up(self):
        kit.eventually(lambda: self.client.json("/analytics/rollups")["lag_events"] == 0, 30)

    def kept(self):
        """The bytes of all sums of hours and minutes. Days are made of them when there is time for it."""
        file = os.path.join(self.agent.data_dir, "journal.db")
        with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
            return database.execute("SELECT grain, part, bucket, series, value FROM rollups "
                                    "WHERE grain < 2 ORDER BY 1, 2, 3, 4").fetchall()

    def test_every_figure_equals_that_of_the_raw_events(self):
        history = History(self.seed, self.now, days=3.2, count=6000)
        self.post(history, killed_after=10)
        self.caught_up()
        events = self.raw()
        self.assertGreater(len(events), 5500)
        self.compare(events)
        before = self.kept()
        self.assertGreater(len(before), 5000)

        self.agent.kill()
        self.agent.start()
        self.client = self.agent.client(timeout=60)
        self.caught_up()
        self.assertTrue(self.kept() == before)

        started = self.client.post(f"/analytics/rollups?since={at(self.now - 5 * 86400)}", b"")
        self.assertEqual(started.status, 202, started.body)
        done = kit.eventually(lambda: [state := self.client.json("/analytics/rollups")["rebuild"],
                                       state["state"] == "done"][1] and state, 60)
        self.assertEqual((done["hours"], done["refused"]), (done["hours_done"], []))
        self.caught_up()
        self.assertTrue(self.kept() == before)
        self.compare(events)

    def test_a_call_that_asks_for_what_is_not_there_says_what_is(self):
        for path, found in (
                ("scheduling-performance?metrics=latency", "avg_latency_ms"),
                ("scheduling-performance?group_by=colour", "workload_type"),
                ("scheduling-performance?time_range=forever", "7d"),
                ("scheduling-performance?time_range=7d&since=-1d", "time_range"),
                ("scheduling-performance?since=-1d&until=-2d", "before"),
                ("scheduling-performance?step=7h", "1h"),
                ("scheduling-performance?step=1m&time_range=30d", "steps"),
                ("scheduling-performance?zone=Mars/Base", "Asia/Seoul"),
                ("scheduling-performance?format=xml", "csv"),
                ("scheduling-performance?when=now", "time_range"),
                ("cost-efficiency?compare_baseline=policy", "policy"),
                ("cost-efficiency?compare_baseline=maybe", "the period before"),
                ("sla-compliance?metrics=uptime", "availability")):
            answer = self.client.get("/analytics/" + path)
            with self.subTest(path=path):
                self.assertEqual(answer.status, 400, answer.body)
                self.assertIn(found, json.loads(answer.body)["detail"])

    def test_of_nothing_there_are_zeros_and_nulls(self):
        got = self.call("scheduling-performance", time_range="30d", step="1d", group_by="cluster")
        self.assertEqual((got["decisions"], got["avg_latency_ms"], got["success_rate"]), (0, None, None))
        self.assertEqual((got["groups"], got["series"]), ([], []))
        self.assertEqual(self.call("cost-efficiency")["monthly_savings"], 0)
        got = self.call("sla-compliance")
        self.assertEqual((got["availability"], got["objectives_judged"]), (None, 0))
        self.assertEqual([row["met"] for row in got["objectives"]], ["unknown"] * 3)
        self.assertNotIn(b"nan", self.client.get("/analytics/sla-compliance").body.lower())

    def test_metrics_select_and_csv_says_the_same(self):
        self.post(History(self.seed, self.now, days=1, count=300))
        self.caught_up()
        got = self.call("scheduling-performance", time_range="2d", metrics="avg_latency,success_rate")
        self.assertEqual(set(got), {"range", "as_of", "lag_events", "avg_latency_ms", "success_rate"})
        answer = self.client.get("/analytics/scheduling-performance", time_range="2d", format="csv",
                                 metrics="avg_latency,success_rate")
        self.assertTrue(answer.headers["Content-Type"].startswith("text/csv"))
        lines = answer.body.decode().split("\r\n")
        self.assertEqual(lines[0], "section,key,time,metric,value")
        self.assertIn(f"totals,,,avg_latency_ms,{json.dumps(got['avg_latency_ms'])}", lines)


if __name__ == "__main__":
    kit.main()
