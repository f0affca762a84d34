"""Every figure of /analytics beside the same from the raw events (analytics_model.py), on random
histories with late and repeated events, before and after a kill -9 and after `rollups rebuild`:
counts, minima and maxima exactly, sums to 1e-9, quantiles within 1 %."""

import contextlib
import datetime
import json
import os
import random
import sqlite3
import unittest

import analytics_model as model
import kit

CLUSTERS = ["gpu-cluster-01", "npu-cluster-01", "cpu-cluster-03", "하이브리드"]
OBJECTIVES = """
analytics:
  objectives:
    scheduling-latency: {kind: latency, at_most: 100, target: 0.9}
    availability: {kind: availability, target: 0.999}
    placed-on-npu:
      kind: events
      target: 0.25
      total: scheduling_decision{workload_type == "inference"}
      good: scheduling_decision{cluster =~ "npu-.*"}
"""
EXACT = {"decisions", "failed_decisions", "compared_decisions", "relocations", "failed_relocations",
         "relocated_workloads", "inefficiencies", "min_latency_ms", "max_latency_ms", "workloads",
         "decisions_before", "decisions_after", "target"}


def at(time):
    return datetime.datetime.fromtimestamp(time, datetime.timezone.utc).isoformat().replace(
        "+00:00", "Z")


class History:
    """Events of the last `days` days, the newest last but for the late ones."""

    def __init__(self, seed, now, days, count):
        self.random = random.Random(seed)
        self.now = now
        times = sorted(now - self.random.random() * days * 86400 for _ in range(count))
        self.events = [self.event(round(time, self.random.choice([0, 3, 6]))) for time in times]
        self.events += [self.policy(now - 3600 * h - 60 * self.random.random() * 60)
                        for h in (2, 5, 30, 31, 60)]

    def optional(self, body, name, value, share=0.9):
        if self.random.random() < share:
            body[name] = value

    def event(self, time):
        pick = self.random.random()
        if pick < 0.7:
            return self.decision(time)
        if pick < 0.9:
            return self.relocation(time)
        return {"event_type": "inefficiency_detected", "timestamp": at(time),
                "inefficiency": {"type": self.random.choice(["idle_cluster", "low_utilization"]),
                                 "cluster": self.random.choice(CLUSTERS),
                                 "idle_duration_hours": self.random.randrange(1, 12),
                                 "wasted_cost_estimate": round(self.random.uniform(1, 100), 2)}}

    def decision(self, time):
        cost = {}
        self.optional(cost, "estimated_cost_per_hour", round(self.random.lognormvariate(2, 1), 3))
        self.optional(cost, "estimated_power_watts", self.random.randrange(100, 2000))
        self.optional(cost, "alternatives", [
            {"cluster": c, "cost": round(self.random.lognormvariate(2.1, 1), 3)}
            for c in self.random.sample(CLUSTERS, self.random.randrange(1, 3))], 0.8)
        body = {"event_type": "scheduling_decision", "timestamp": at(time),
                "scheduler": self.random.choice(["meta", "batch"]),
                "workload": {"id": f"job-{self.random.randrange(400)}",
                             "type": self.random.choice(["ml_training", "inference", "배치"])},
                "decision": {"selected_cluster": self.random.choice(CLUSTERS),
                             "cost_calculation": cost}}
        self.optional(body, "execution_time_ms", round(self.random.lognormvariate(4, 0.7), 2))
        self.optional(body, "success", False, 0.03)
        return body

    def relocation(self, time):
        move = {"from_cluster": self.random.choice(CLUSTERS), "to_cluster": self.random.choice(CLUSTERS)}
        self.optional(move, "power_saving_watts", self.random.randrange(-50, 400))
        self.optional(move, "cost_saving_per_hour", round(self.random.gauss(2, 2), 3))
        body = {"event_type": "workload_relocation", "timestamp": at(time), "trigger": "power",
                "workload": f"job-{self.random.randrange(400)}", "migration": move}
        self.optional(body, "downtime_seconds", self.random.choice([0, 0, 1.5, 30, 600]), 0.5)
        self.optional(body, "migration_time_seconds", round(self.random.uniform(5, 90), 1), 0.7)
        self.optional(body, "success", False, 0.1)
        return body

    def policy(self, time):
        return {"event_type": "policy_change", "timestamp": at(round(time, 3)), "action": "updated",
                "policy": f"power-{self.random.randrange(3)}", "actor": "sre@example.org",
                "reason": "전력 절감", "version": self.random.randrange(9)}

    def batches(self):
        """In arrays: most in the order of their times, a tenth late, a twentieth twice."""
        late, order = [], []
        for event in self.events:
            (late if self.random.random() < 0.1 else order).append(event)
        for event in late:
            order.insert(self.random.randrange(len(order) + 1), event)
        for event in self.random.sample(self.events, len(self.events) // 20):
            order.insert(self.random.randrange(len(order) + 1), event)
        for begin in range(0, len(order), 250):
            yield order[begin:begin + 250]


class Analytics(unittest.TestCase):
    maxDiff = None

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

    def raw(self):
        return [model.Event(event) for event in self.client.pages()]

    def call(self, name, **parameters):
        answer = self.client.json("/analytics/" + name, **parameters)
        self.assertEqual(answer["lag_events"], 0)
        return answer

    def check(self, got, wanted, what):
        for name, value in wanted.items():
            with self.subTest(what=what, figure=name, seed=self.seed):
                self.assertIn(name, got)
                found = got[name]
                if value is None or found is None:
                    self.assertEqual(found, value)
                elif name in EXACT:
                    self.assertEqual(found, value)
                elif name.startswith("p") and name.endswith("_latency_ms"):
                    self.assertLessEqual(abs(found - value), 0.01 * abs(value))
                else:
                    # What is left of large sums is as exact as they are.
                    scale = 1e-6 if name.startswith(("stddev", "error_budget", "burn")) else 1e-9
                    self.assertLessEqual(abs(found - value), scale * max(1, abs(value)), (found, value))

    def ranges(self):
        """Whole hours, ragged ones, a short one within the last day, one of nothing."""
        def text(seconds):
            return at(round(seconds, 3))
        hour = self.now // 3600 * 3600
        return [(text(hour - 3 * 86400), text(hour - 3600)),
                (text(self.now - 2.3 * 86400), text(self.now - 4321.987)),
                (text(self.now - 7321), text(self.now - 3000)),
                (text(self.now - 4 * 86400), text(self.now + 60)),
                (text(hour - 9 * 86400), text(hour - 8 * 86400))]

    def compare(self, events):
        for since_text, until_text in self.ranges():
            since, until = model.instant(since_text), model.instant(until_text)
            asked = {"since": since_text, "until": until_text, "zone": "Asia/Seoul"}
            self.compare_scheduling(events, since, until, asked)
            self.compare_cost(events, since, until, asked)
            self.compare_sla(events, since, until, asked)

    def compare_scheduling(self, events, since, until, asked):
        got = self.call("scheduling-performance", **asked, group_by="cluster,workload_type",
                        compare_baseline="true")
        now = model.instant(got["as_of"])
        self.assertEqual((model.instant(got["range"]["since"]), model.instant(got["range"]["until"])),
                         (since, until))
        mine = model.within(events, "scheduling_decision", since, until)
        wanted = model.scheduling(mine, model.hours(since, until, now))
        if until > now:
            wanted.pop("decisions_per_hour")
        self.check(got, wanted, ("scheduling", asked))
        found = {(row["cluster"], row["workload_type"]): row for row in got["groups"]}
        groups = model.groups(mine, ["cluster", "workload_type"],
                              lambda part: model.scheduling(part, model.hours(since, until, now)))
        self.assertEqual(set(found), set(groups))
        for key, figures in groups.items():
            if until > now:
                figures.pop("decisions_per_hour")
            self.check(found[key], figures, ("group", key, asked))
        length = (until[0] - since[0]) * 10**9 + until[1] - since[1]
        begin = since[0] * 10**9 + since[1] - length
        before = model.within(events, "scheduling_decision", divmod(begin, 10**9), since)
        figures = model.scheduling(before, model.hours(divmod(begin, 10**9), since, now))
        reduction = model.change_pct(figures["avg_latency_ms"], wanted["avg_latency_ms"])
        figures["latency_reduction_pct"] = None if reduction is None else -reduction
        self.check(got["baseline"], figures, ("baseline", asked))
        for step, seconds in (("1h", 3600), ("6h", 6 * 3600), ("1d", 86400)):
            got = self.call("scheduling-performance", **asked, step=step)
            edges = model.step_edges(since, until, seconds, "Asia/Seoul")
            self.assertEqual([model.instant(row["time"]) for row in got["series"]], edges[:-1])
            for row, begin, end in zip(got["series"], edges, edges[1:]):
                figures = model.scheduling(
                    model.within(events, "scheduling_decision", begin, end), 1)
                figures.pop("decisions_per_hour")
                self.check(row, figures, ("series", step, row["time"], asked))

    def compare_cost(self, events, since, until, asked):
        got = self.call("cost-efficiency", **asked)
        now = model.instant(got["as_of"])
        self.check(got, model.cost(events, since, until), ("cost", asked))
        mine = model.within(events, "scheduling_decision", since, until)
        for table, tag, part, figures in (
                ("clusters", "cluster", mine, model.decisions),
                ("workload_types", "workload_type", mine, model.decisions),
                ("inefficiency_kinds", "kind",
                 model.within(events, "inefficiency_detected", since, until), model.waste)):
            found = {(row[tag],): row for row in got[table]}
            groups = model.groups(part, [tag], figures)
            self.assertEqual(set(found), set(groups))
            for key, wanted in groups.items():
                self.check(found[key], wanted, (table, key, asked))
        found = {row["event"]: row for row in got["policy_changes"]}
        wanted = model.policy_changes(events, since, until, now)
        self.assertEqual(set(found), set(wanted))
        for key, figures in wanted.items():
            if until > now:  # the last window goes on
                figures.pop("hours_after")
            self.check(found[key], figures, ("policy", key, asked))

    def judged(self, mine):
        """(objective, target, events that count, whether one is good) of those that count events."""
        latency = [e for e in mine if e.number("execution_time_ms") is not None]
        inference = [e for e in mine if e.tag("workload_type") == "inference"]
        return [("scheduling-latency", 0.9, latency, lambda e: e.number("execution_time_ms") <= 100),
                ("placed-on-npu", 0.25, inference, lambda e: e.tag("cluster").startswith("npu-"))]

    def compare_sla(self, events, since, until, asked):
        got = self.call("sla-compliance", **asked, group_by="cluster", step="6h")
        now = model.instant(got["as_of"])
        wanted = model.availability(events, since, until, now)
        total, compliance = wanted.pop("total"), wanted.pop("compliance")
        going_on = until > now
        if going_on:
            wanted.pop("availability")
        self.check(got, wanted, ("sla", asked))
        rows = {row["objective"]: row for row in got["objectives"]}
        if not going_on:
            self.check(rows["availability"],
                       model.score(total, wanted["downtime_seconds"], 0.999, compliance),
                       ("availability", asked))
            self.compare_burn(events, rows, since, until, now)
        mine = model.within(events, "scheduling_decision", since, until)
        edges = model.step_edges(since, until, 6 * 3600, "Asia/Seoul")
        groups = {(row["objective"], row["cluster"]): row for row in got["groups"]}
        series = {(row["objective"], row.get("cluster"), model.instant(row["time"])): row
                  for row in got["series"]}
        seen = set()
        for name, target, counted, good in self.judged(mine):
            self.check(rows[name], model.score(len(counted), sum(not good(e) for e in counted), target),
                       (name, asked))
            clusters = {e.tag("cluster") for e in mine}  # also those without an event that counts
            for cluster in clusters:
                part = [e for e in counted if e.tag("cluster") == cluster]
                seen.add((name, cluster))
                self.check(groups[name, cluster],
                           model.score(len(part), sum(not good(e) for e in part), target),
                           (name, cluster, asked))
                for begin, end in zip(edges, edges[1:]):
                    step = [e for e in part if begin <= e.time < end]
                    self.check(series[name, cluster, begin],
                               model.score(len(step), sum(not good(e) for e in step), target),
                               (name, cluster, begin, asked))
        self.assertEqual(set(groups), seen)
        for begin, end in zip(edges, edges[1:]):
            if end <= now:
                part = model.availability(events, begin, end, now)
                self.check(series["availability", None, begin],
                           model.score(part["total"], part["downtime_seconds"], 0.999,
                                       part["compliance"]), ("availability", begin, asked))
        self.compare_worst(got, mine, since, until, now)
        self.compare_worst_availability(got, events, since, until, now)

    def compare_burn(self, events, rows, since, until, now):
        recent = now[0] - until[0] // 60 * 60 < 23 * 3600
        end = (until[0] // 60 * 60 if recent else until[0] // 3600 * 3600, 0)
        for name, hours in (("burn_rate_1h", 1), ("burn_rate_6h", 6), ("burn_rate_24h", 24)):
            begin = max(since, (end[0] - hours * 3600, 0))
            part = model.within(events, "scheduling_decision", begin, end)
            for objective, target, counted, good in self.judged(part):
                burn = model.score(len(counted), sum(not good(e) for e in counted), target)["burn_rate"]
                self.check(rows[objective], {name: burn}, (objective, name, until))
            # Workloads are those of the hours that the window touches.
            known = model.availability(events, (begin[0] // 3600 * 3600, 0), end, now)["workloads"]
            part = model.availability(events, begin, end, now)
            seconds = known * model.hours(begin, end, now) * 3600
            up = 1 - part["downtime_seconds"] / seconds if seconds else None
            rate = part["success_rate"]
            burn = None if not seconds else (
                1 - (1 if up is None else up) * (1 if rate is None else rate)) / (1 - 0.999)
            self.check(rows["availability"], {name: burn}, ("availability", name, until))

    def compare_worst_availability(self, got, events, since, until, now):
        hours = {}
        for hour in range(-(-since[0] // 3600) * 3600, until[0], 3600):
            if (hour, 0) < since or ((hour + 3600, 0) > until and until < now):
                continue
            part = model.availability(events, (hour, 0), (hour + 3600, 0), now)
            if part["downtime_seconds"] or part["failed_decisions"]:
                hours[hour] = part
        worst = sorted(hours, key=lambda h: (-hours[h]["downtime_seconds"],
                                             -hours[h]["failed_decisions"], h))[:5]
        rows = [row for row in got["worst_hours"] if row["objective"] == "availability"]
        self.assertEqual([model.instant(row["time"])[0] for row in rows], worst)
        for row, hour in zip(rows, worst):
            names = ["downtime_seconds", "failed_decisions"]
            if (hour + 3600, 0) <= now:
                names.append("compliance")
            self.check(row, {name: hours[hour][name] for name in names}, row)

    def compare_worst(self, got, mine, since, until, now):
        hours = {}
        for event in mine:
            value = event.number("execution_time_ms")
            hour = event.time[0] // 3600 * 3600
            if value is None or (hour, 0) < since or ((hour + 3600, 0) > until and until < now):
                continue
            total, bad = hours.get(hour, (0, 0))
            hours[hour] = (total + 1, bad + (value > 100))
        worst = sorted((-bad, hour) for hour, (_, bad) in hours.items() if bad)[:5]
        rows = [row for row in got["worst_hours"] if row["objective"] == "scheduling-latency"]
        self.assertEqual([(-row["bad"], model.instant(row["time"])[0]) for row in rows], worst)
        for row in rows:
            total, bad = hours[model.instant(row["time"])[0]]
            self.check(row, {"total": total, "bad": bad, "compliance": 1 - bad / total}, row)

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
