"""The default rules over a week of a demo fleet, as an SRE would try them: `demo --days 7` into an agent, then
`rules backtest` of the running agent and of its journal. What fired is held against the events, by other code."""

import collections
import datetime
import json
import pathlib
import subprocess
import unittest

import kit

DEFAULTS = str(pathlib.Path(__file__).resolve().parents[2] / "rules" / "defaults")
MOST_A_WEEK = {"info": 150, "warning": 100, "ticket": 20, "critical": 20, "page": 20}


def command(*arguments):
    """Standard output of a command of the binary."""
    done = subprocess.run([kit.binary(), *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=120, check=False, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def seconds(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def reach(events, limit, span):
    """The groups of which the values of `span` seconds come above the limit: {group} of [(group, time, value)]."""
    groups = collections.defaultdict(list)
    for group, at, value in sorted(events, key=lambda event: event[1]):
        groups[group].append((at, value))
    found = set()
    for group, series in groups.items():
        begin, total = 0, 0
        for at, value in series:
            total += value
            while series[begin][0] <= at - span:
                total -= series[begin][1]
                begin += 1
            if total > limit:
                found.add(group)
    return found


class AWeek(unittest.TestCase):
    def test_default_rules_fire_and_stay_quiet_where_they_should(self):
        now = datetime.datetime.now(datetime.timezone.utc).replace(minute=0, second=0, microsecond=0)
        until, since = (time.strftime("%Y-%m-%dT%H:%M:%SZ") for time in (now, now - datetime.timedelta(days=6)))
        agent = kit.Agent(self)
        agent.start()
        url = f"http://127.0.0.1:{agent.port}"
        command("demo", "--days", "7", "--seed", "1", "--until", until, "--url", url)
        wanted = ("rules", "backtest", DEFAULTS, "--since", since, "--until", until, "--format", "json")
        of_agent = json.loads(command(*wanted, "--url", url))
        agent.stop()
        found = json.loads(command(*wanted, "--data-dir", agent.data_dir))
        self.assertEqual(of_agent["events"], found["events"])
        self.assertEqual([(rule["rule"], rule["fired"]) for rule in of_agent["rules"]],
                         [(rule["rule"], rule["fired"]) for rule in found["rules"]])
        events = [json.loads(line) for line in
                  command("export", "--data-dir", agent.data_dir, "--until", until).splitlines()]
        self.believable(found)
        self.recomputed(found["alerts"], events, seconds(since))

    def believable(self, found):
        fired = {rule["rule"]: rule["fired"] for rule in found["rules"] if rule["enabled"]}
        print(found["events"], "events;", {name: count for name, count in fired.items() if count})
        self.assertGreater(found["events"], 100_000)
        self.assertGreater(sum(count > 0 for count in fired.values()), 7)
        severity = {alert["rule"]: alert["labels"]["severity"] for alert in found["alerts"]}
        for rule, count in fired.items():
            if count:
                self.assertLessEqual(count, MOST_A_WEEK[severity[rule]], rule)

    def recomputed(self, alerts, events, since):
        """Windows are aligned to a sixtieth of their length: what is above the limit in one that is two of them
        shorter has to fire, and nothing that is not above it in one that is two longer."""
        by_type = collections.defaultdict(list)
        for event in events:
            by_type[event["type"]].append((event, seconds(event["time"])))
        moves = [(event["workload"], at, 1) for event, at in by_type["workload_relocation"]]
        waste = [(event["cluster"], at, event["fields"].get("wasted_cost") or 0)
                 for event, at in by_type["inefficiency_detected"] if event["severity"] in ("high", "critical")]
        for rule, by, series, limit, span in (("RelocationFlapping", "workload", moves, 3, 1800),
                                              ("WastedCost", "cluster", waste, 100, 3600)):
            fired = {alert["by"][by] for alert in alerts if alert["rule"] == rule}
            grain = span / 30
            shorter = [event for event in series if event[1] >= since]
            self.assertLessEqual(reach(shorter, limit, span - grain), fired, rule)
            self.assertLessEqual(fired, reach(series, limit, span + grain), rule)
        first = {}
        for event, at in sorted(by_type["policy_change"], key=lambda pair: pair[1]):
            first.setdefault(event["fields"]["actor"], at)
        self.assertEqual({alert["by"]["actor"] for alert in alerts if alert["rule"] == "PolicyChangedByNewActor"},
                         {actor for actor, at in first.items() if at >= since})
        critical = {event["cluster"] for event, at in by_type["inefficiency_detected"]
                    if at >= since and event["severity"] == "critical"
                    and (event["fields"].get("wasted_cost") or 0) > 10}
        self.assertEqual({alert["by"]["cluster"] for alert in alerts if alert["rule"] == "CriticalInefficiency"},
                         critical)


if __name__ == "__main__":
    kit.main()
