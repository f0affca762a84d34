"""What the tests of /analytics share: random histories with late and repeated events, and the
comparison of every figure with the same from the raw events (analytics_model.py): counts, minima and
maxima exactly, sums to 1e-9, quantiles within 1 %."""

import datetime
import random
import unittest

import analytics_model as model

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


class Figures(unittest.TestCase):
    """Of what `self.client` answers."""

    maxDiff = None
    seed = now = client = None

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
