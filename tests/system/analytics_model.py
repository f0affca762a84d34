"""Every figure of /analytics once more, from raw events with straightforward code: no rollups, no
sketches, one pass over a list for each."""

import bisect
import collections
import datetime
import math
import statistics
import zoneinfo

UTC = datetime.timezone.utc


def instant(text):
    """RFC 3339 as (whole seconds since 1970, nanoseconds), which compare as the times do."""
    whole, _, fraction = text.rstrip("Z").partition(".")
    seconds = datetime.datetime.fromisoformat(whole).replace(tzinfo=UTC).timestamp()
    return (int(seconds), int(fraction.ljust(9, "0")) if fraction else 0)


class Event:
    def __init__(self, event):
        self.id, self.type, self.workload = event["id"], event["type"], event["workload"]
        self.time = instant(event["time"])
        self.fields = event["fields"]
        self.raw = event

    def number(self, name):
        value = self.fields.get(name)
        return None if value is None else float(value)

    def tag(self, name):
        return self.fields.get(name) or ""


def within(events, kind, since, until):
    return [e for e in events if e.type == kind and since <= e.time < until]


def numbers(events, name):
    return [v for v in (e.number(name) for e in events) if v is not None]


def mean(values):
    return math.fsum(values) / len(values) if values else None


def quantile(values, q):
    return sorted(values)[max(1, math.ceil(q * len(values))) - 1] if values else None


def share(part, whole):
    return part / whole if whole else None


def change_pct(before, after):
    return (after - before) / before * 100 if before and after is not None else None


def hours(since, until, now):
    end = min(max(now, since), until)
    return (end[0] - since[0] + (end[1] - since[1]) / 1e9) / 3600


def succeeded(events):
    return [e for e in events if e.tag("outcome") == "success"]


def compared(events):
    return [e for e in events if e.number("cost_per_hour") is not None
            and e.number("best_alternative_cost") is not None]


def efficiency(events):
    chosen = math.fsum(numbers(compared(events), "cost_per_hour"))
    other = math.fsum(numbers(compared(events), "best_alternative_cost"))
    return share(other - chosen, other)


def scheduling(events, length):
    """Of decisions in that many hours."""
    latency = numbers(events, "execution_time_ms")
    return {"decisions": len(events),
            "failed_decisions": len(events) - len(succeeded(events)),
            "decisions_per_hour": share(len(events), length),
            "success_rate": share(len(succeeded(events)), len(events)),
            "avg_latency_ms": mean(latency),
            "min_latency_ms": min(latency, default=None),
            "p50_latency_ms": quantile(latency, 0.5),
            "p90_latency_ms": quantile(latency, 0.9),
            "p95_latency_ms": quantile(latency, 0.95),
            "p99_latency_ms": quantile(latency, 0.99),
            "max_latency_ms": max(latency, default=None),
            "stddev_latency_ms": statistics.pstdev(latency) if latency else None,
            "cost_efficiency": efficiency(events)}


def decisions(events):
    both = compared(events)
    chosen = math.fsum(numbers(both, "cost_per_hour"))
    other = math.fsum(numbers(both, "best_alternative_cost"))
    return {"decisions": len(events),
            "cost_per_hour": math.fsum(numbers(events, "cost_per_hour")),
            "avg_cost_per_hour": mean(numbers(events, "cost_per_hour")),
            "power_watts": math.fsum(numbers(events, "power_watts")),
            "avg_power_watts": mean(numbers(events, "power_watts")),
            "compared_decisions": len(both),
            "chosen_cost_per_hour": chosen,
            "best_alternative_cost_per_hour": other,
            "choice_saving_per_hour": other - chosen,
            "cost_efficiency": efficiency(events)}


def newest_savings(events):
    newest = {}
    for event in sorted(succeeded(events), key=lambda e: (e.time, e.id)):
        if event.number("cost_saving_per_hour") is not None:
            newest[event.workload] = event.number("cost_saving_per_hour")
    return newest


def relocations(events):
    good = succeeded(events)
    rate = math.fsum(newest_savings(events).values())
    return {"relocations": len(events),
            "failed_relocations": len(events) - len(good),
            "relocated_workloads": len({e.workload for e in events}),
            "relocation_cost_saving_per_hour": math.fsum(numbers(good, "cost_saving_per_hour")),
            "relocation_power_saving_watts": math.fsum(numbers(good, "power_saving_watts")),
            "avg_migration_time_seconds": mean(numbers(events, "migration_time_seconds")),
            "downtime_seconds": math.fsum(numbers(events, "downtime_seconds")),
            "savings_per_hour": rate,
            "monthly_savings": 730 * rate}


def waste(events):
    return {"inefficiencies": len(events),
            "wasted_cost": math.fsum(numbers(events, "wasted_cost")),
            "idle_hours": math.fsum(numbers(events, "idle_hours"))}


def cost(events, since, until):
    return {**decisions(within(events, "scheduling_decision", since, until)),
            **relocations(within(events, "workload_relocation", since, until)),
            **waste(within(events, "inefficiency_detected", since, until))}


def groups(events, names, figures):
    by = collections.defaultdict(list)
    for event in events:
        by[tuple(event.tag(name) for name in names)].append(event)
    return {values: figures(members) for values, members in by.items()}


def policy_changes(events, since, until, now):
    """By event id: 24 hours before and after, as far as no other change lies in them; whole hours
    where nothing else bounds them."""
    changes = sorted(within(events, "policy_change", since, until), key=lambda e: (e.time, e.id))
    out = {}
    for i, change in enumerate(changes):
        before = (change.time[0] - 86400, change.time[1])
        before = (-(-(before[0] + (before[1] > 0)) // 3600) * 3600, 0)
        before = max(before, changes[i - 1].time if i > 0 else since)
        after = ((change.time[0] + 86400) // 3600 * 3600, 0)
        after = min(after, changes[i + 1].time if i + 1 < len(changes) else until)
        one = within(events, "scheduling_decision", before, change.time)
        two = within(events, "scheduling_decision", change.time, after)
        costs = [mean(numbers(part, "cost_per_hour")) for part in (one, two)]
        power = [mean(numbers(part, "power_watts")) for part in (one, two)]
        out[change.id] = {
            "hours_before": hours(before, change.time, now),
            "hours_after": hours(change.time, after, now),
            "decisions_before": len(one), "decisions_after": len(two),
            "avg_cost_per_hour_before": costs[0], "avg_cost_per_hour_after": costs[1],
            "cost_change_pct": change_pct(*costs),
            "avg_power_watts_before": power[0], "avg_power_watts_after": power[1],
            "power_change_pct": change_pct(*power)}
    return out


def availability(events, since, until, now):
    placed = within(events, "scheduling_decision", since, until)
    moved = within(events, "workload_relocation", since, until)
    workloads = len({e.workload for e in placed + moved})
    down = math.fsum(numbers(moved, "downtime_seconds"))
    seconds = workloads * hours(since, until, now) * 3600
    up = 1 - down / seconds if seconds else None
    failed = len(placed) - len(succeeded(placed))
    rate = share(len(placed) - failed, len(placed))
    return {"availability": up, "downtime_seconds": down, "workloads": workloads,
            "decisions": len(placed), "failed_decisions": failed, "success_rate": rate,
            "total": seconds,
            "compliance": None if up is None and rate is None
            else (1 if up is None else up) * (1 if rate is None else rate)}


def score(total, bad, target, compliance=None):
    if compliance is None and total:
        compliance = 1 - bad / total
    known = compliance is not None and total
    burn = (1 - compliance) / (1 - target) if known else None
    return {"target": target, "total": total, "good": total - bad, "bad": bad,
            "compliance": compliance if known else None,
            "error_budget_left": 1 - burn if known else None, "burn_rate": burn}


def step_edges(since, until, step, zone):
    """Steps of `step` seconds from the beginning of the local day; days as the calendar has them."""
    edges, tz = [since], zoneinfo.ZoneInfo(zone)
    if step % 86400 == 0:
        day = datetime.datetime.fromtimestamp(since[0], tz).date()
        while True:
            day += datetime.timedelta(days=step // 86400)
            at = datetime.datetime.combine(day, datetime.time(), tz).timestamp()
            if (int(at), 0) >= until:
                break
            edges.append((int(at), 0))
    else:
        offset = int(datetime.datetime.fromtimestamp(since[0], tz).utcoffset().total_seconds())
        at = (since[0] + offset) // step * step + step - offset
        while (at, 0) < until:
            edges.append((at, 0))
            at += step
    return edges + [until]


def interval_of(edges, time):
    return bisect.bisect_right(edges, time) - 1
