"""Alert rules in a running agent: an event rule fires at once, the alert is an event, survives kill -9 with its start,
ends once; rules come from a watched directory (also by a ConfigMap's swap) and from POST /alerts/rules; a bad file
changes nothing and is said; silences are kept."""

import datetime
import json
import os
import pathlib
import time
import unittest

import kit

RULES = """version: 1
groups:
  - name: {group}
    interval: 1s
    max_delay: 1s
    rules:
      - alert: {alert}
        expr: inefficiency_detected{{wasted_cost > {threshold}}}
        by: [cluster]
        keep_firing_for: {keep}
        labels: {{severity: critical}}
        annotations: {{summary: "{{{{ $labels.cluster }}}} wastes {{{{ $event.wasted_cost }}}}"}}
"""


def rules(group="waste", alert="Waste", threshold=10, keep="1h"):
    return RULES.format(group=group, alert=alert, threshold=threshold, keep=keep)


def now(offset=0):
    time_ = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=offset)
    return time_.isoformat().replace("+00:00", "Z")


def waste(cluster, cost, number=0):
    return {"event_type": "inefficiency_detected", "timestamp": now(), "source": "detector",
            "inefficiency_type": "idle_gpu", "severity": "critical", "wasted_cost": cost,
            "cluster": cluster, "workload": {"id": f"w-{number}"}, "event_id": f"{cluster}-{cost}-{number}"}


class Alerts(unittest.TestCase):
    def setUp(self):
        self.directory = None

    def agent(self, more="", directory=None):
        config = "alerting:\n  default_rules: false\n" + more
        if directory:
            config += f"  rules_directory: {directory}\n"
        agent = kit.Agent(self, config)
        agent.start()
        return agent

    def rule_directory(self, **files):
        agent = kit.Agent(self)  # for its temporary directory alone
        directory = pathlib.Path(agent.data_dir) / "given"
        directory.mkdir(parents=True)
        for name, text in files.items():
            (directory / f"{name}.yaml").write_text(text)
        return directory

    def post(self, agent, *events):
        answer = agent.client().post("/events", list(events))
        self.assertEqual(answer.status, 202, answer)
        return json.loads(answer.body)["ids"]

    def active(self, agent, **filters):
        return agent.client().json("/alerts/active", **filters)["alerts"]

    def firing(self, agent, count=1):
        return kit.eventually(lambda: len(found := self.active(agent, state="firing")) == count and found, 10)

    def history(self, agent, **filters):
        return agent.client().json("/alerts/history", **filters)["alerts"]

    def loaded(self, agent, *groups):
        def done():
            found = [group["name"] for group in agent.client().json("/alerts/rules")["groups"]]
            return sorted(found) == sorted(groups)
        kit.eventually(done, 10)

    def test_an_event_rule_fires_at_once_with_its_evidence(self):
        agent = self.agent(directory=self.rule_directory(waste=rules()))
        self.post(agent, waste("gpu-1", 5), waste("gpu-1", 10))
        ids = self.post(agent, waste("gpu-1", 25.5), waste("npu-1", 11))
        alerts = {alert["by"]["cluster"]: alert for alert in self.firing(agent, 2)}
        alert = alerts["gpu-1"]
        self.assertEqual(alert["annotations"], {"summary": "gpu-1 wastes 25.5"})
        self.assertEqual(alert["labels"], {"alertname": "Waste", "cluster": "gpu-1", "severity": "critical"})
        self.assertEqual(alert["evidence"], [ids[0]])
        # It is shown as soon as it fires; its transition is stored a moment later.
        whole = kit.eventually(lambda: [found := agent.client().json("/alerts/" + alert["fingerprint"]),
                                        found["transitions"]][1] and found)
        self.assertEqual(whole["events"][0]["id"], ids[0])
        self.assertEqual([one["state"] for one in whole["transitions"]], ["firing"])
        event, = (one for one in agent.client().json("/events/alert_transition")["events"]
                  if one["fields"]["fingerprint"] == alert["fingerprint"])
        self.assertEqual(event["severity"], "critical")
        self.assertEqual(event["cluster"], "gpu-1")
        self.assertEqual(event["fields"]["state"], "firing")
        self.assertEqual(self.active(agent, cluster="npu-1")[0]["by"], {"cluster": "npu-1"})
        self.assertEqual(agent.client().get("/alerts/active", colour="red").status, 400)
        self.assertEqual(agent.client().get("/alerts/0123456789abcdef").status, 404)

    def test_publishers_cannot_say_that_an_alert_fired(self):
        agent = self.agent()
        answer = agent.client().post("/events", [{"event_type": "alert_transition", "timestamp": now(),
                                                  "rule": "Waste", "state": "firing"}])
        self.assertEqual(answer.status, 422, answer)

    def test_an_alert_survives_kills_with_its_start_and_ends_once(self):
        agent = self.agent("  snapshot_interval: 1s\n",
                           self.rule_directory(waste=rules(keep="4s")))
        self.post(agent, waste("gpu-1", 25))
        start = self.firing(agent)[0]["starts_at"]
        for kills in range(3):
            time.sleep(0.3 * kills)
            agent.kill()
            agent.start()
            self.post(agent, waste("gpu-1", 26, kills))
            self.assertEqual(self.firing(agent)[0]["starts_at"], start)
        kit.eventually(lambda: not self.active(agent), 30)
        agent.kill()
        agent.start()
        states = [(one["state"], one["starts_at"]) for one in self.history(agent)]
        self.assertEqual(states, [("resolved", start), ("firing", start)])

    def test_what_ended_while_away_does_not_fire_on(self):
        agent = self.agent(directory=self.rule_directory(waste=rules(keep="2s")))
        self.post(agent, waste("gpu-1", 25))
        self.firing(agent)
        agent.kill()
        time.sleep(4)
        agent.start()
        kit.eventually(lambda: [one["state"] for one in self.history(agent)] == ["resolved", "firing"], 25)
        self.assertEqual(self.active(agent), [])

    def test_what_ended_before_a_kill_does_not_fire_again(self):
        agent = self.agent(directory=self.rule_directory(waste=rules(keep="2s")))
        self.post(agent, waste("gpu-1", 25))
        kit.eventually(lambda: [one["state"] for one in self.history(agent)] == ["resolved", "firing"], 25)
        for kill in range(2):
            agent.kill()
            if kill == 1:
                (pathlib.Path(agent.data_dir) / "rules.snapshot").unlink(missing_ok=True)
            agent.start()
            end = time.monotonic() + 1
            while time.monotonic() < end:
                self.assertEqual(self.active(agent), [])
        self.assertEqual(len(self.history(agent)), 2)

    def test_texts_of_a_megabyte_stop_nothing(self):
        text = rules().replace("wastes {{ $event.wasted_cost }}", "{{ $event.recommended_action }}")
        agent = self.agent(directory=self.rule_directory(waste=text))
        self.post(agent, {**waste("gpu-1", 25), "recommended_action": "축소" * 170_000})
        alert, = self.firing(agent)
        self.assertLess(len(alert["annotations"]["summary"].encode()), 2100)
        self.assertTrue(alert["annotations"]["summary"].endswith("축소축소"), alert["annotations"]["summary"][-5:])
        self.post(agent, waste("gpu-2", 25))
        self.firing(agent, 2)
        agent.kill()
        agent.start()
        self.assertEqual(len(self.firing(agent, 2)), 2)

    def test_the_end_of_a_rule_that_went_while_away_is_one(self):
        directory = self.rule_directory(waste=rules(), other=rules("other", "Other", 1000))
        agent = self.agent(directory=directory)
        self.post(agent, waste("gpu-1", 25))
        self.firing(agent)
        agent.stop()
        (directory / "waste.yaml").unlink()
        agent.start()
        kit.eventually(lambda: not self.active(agent), 20)
        time.sleep(12)  # until the wall clock counts, and a little
        self.assertEqual([one["state"] for one in self.history(agent)], ["resolved", "firing"])

    def test_a_reload_with_a_bad_file_keeps_what_fires(self):
        directory = self.rule_directory(waste=rules())
        agent = self.agent(directory=directory)
        self.post(agent, waste("gpu-1", 25))
        start = self.firing(agent)[0]["starts_at"]
        (directory / "waste.yaml").write_text("version: 1\ngroups:\n  - name: x\n    rule: []\n")
        kit.eventually(lambda: agent.client().json("/health")["status"] == "degraded", 10)
        agent.process.signal(1)
        kit.eventually(lambda: "reload" in agent.log_text().lower(), 10)
        time.sleep(2)
        self.assertEqual([alert["starts_at"] for alert in self.active(agent)], [start])
        self.loaded(agent, "waste")
        self.assertEqual(agent.client().json("/health")["status"], "degraded")
        (directory / "waste.yaml").write_text(rules(threshold=20))
        kit.eventually(lambda: agent.client().json("/health")["status"] == "healthy", 10)
        self.assertEqual([alert["starts_at"] for alert in self.active(agent)], [start])
        os.rename(directory, str(directory) + ".away")
        kit.eventually(lambda: agent.client().json("/health")["status"] == "degraded", 10)
        self.assertEqual([alert["starts_at"] for alert in self.active(agent)], [start])

    def test_a_lost_snapshot_is_made_anew_from_the_journal(self):
        agent = self.agent(directory=self.rule_directory(waste=rules()))
        self.post(agent, waste("gpu-1", 25))
        start = self.firing(agent)[0]["starts_at"]
        agent.stop()
        snapshot = pathlib.Path(agent.data_dir) / "rules.snapshot"
        for damage in (snapshot.read_bytes()[:-1], b"", None):
            if damage is None:
                snapshot.unlink()
            else:
                snapshot.write_bytes(damage)
            agent.start()
            self.assertEqual(self.firing(agent)[0]["starts_at"], start)
            self.assertEqual(len(self.history(agent)), 1)
            agent.stop()

    def test_rule_files_are_watched_and_a_bad_one_changes_nothing(self):
        directory = self.rule_directory(waste=rules())
        agent = self.agent(directory=directory)
        self.post(agent, waste("gpu-1", 25))
        start = self.firing(agent)[0]["starts_at"]
        partial = directory / ".waste.yaml.swp"  # an editor's way
        partial.write_text(rules(threshold=20))
        os.rename(partial, directory / "waste.yaml")
        (directory / "other.yaml").write_text(rules("other", "Other", 1000))
        self.loaded(agent, "waste", "other")
        self.assertEqual(self.firing(agent)[0]["starts_at"], start)
        (directory / "waste.yaml").write_text(rules().replace("wasted_cost >", "wastedcost >"))
        def said():
            set_ = agent.client().json("/alerts/rules")
            return set_["errors"] and set_
        bad = kit.eventually(said, 10)
        self.assertIn("waste.yaml:8:", bad["errors"][0])
        self.assertIn("did you mean 'wasted_cost'", bad["errors"][0])
        self.assertEqual(len(bad["groups"]), 2)
        self.assertEqual(self.firing(agent)[0]["starts_at"], start)
        health = agent.client().json("/health")
        self.assertEqual(health["status"], "degraded")
        self.assertIn("waste.yaml:8:", health["components"]["rules"]["detail"])
        (directory / "waste.yaml").unlink()
        self.loaded(agent, "other")
        self.assertEqual(self.active(agent), [])
        end = self.history(agent)[0]
        self.assertEqual((end["state"], end["reason"]), ("resolved", "rule removed"))
        self.assertEqual(agent.client().json("/health")["status"], "healthy")

    def test_a_config_map_is_swapped(self):
        directory = self.rule_directory()
        for number, threshold in enumerate((10, 20)):
            (directory / f"..data_{number}").mkdir()
            (directory / f"..data_{number}" / "waste.yaml").write_text(rules(f"v{number}", threshold=threshold))
        os.symlink("..data_0", directory / "..data")
        os.symlink("..data/waste.yaml", directory / "waste.yaml")
        agent = self.agent(directory=directory)
        self.loaded(agent, "v0")
        os.symlink("..data_1", directory / "..data_tmp")
        os.rename(directory / "..data_tmp", directory / "..data")
        self.loaded(agent, "v1")

    def test_a_bad_file_at_the_start_leaves_the_others(self):
        directory = self.rule_directory(waste=rules(), bad="version: 1\ngroups:\n  - name: x\n    rule: []\n")
        agent = self.agent(directory=directory)
        self.loaded(agent, "waste")
        self.assertEqual(agent.client().json("/health")["status"], "degraded")
        self.post(agent, waste("gpu-1", 25))
        self.firing(agent)

    def test_rules_are_posted_kept_and_removed(self):
        directory = self.rule_directory(waste=rules())
        agent = self.agent(directory=directory)
        client = agent.client()
        before = client.get("/alerts/rules")
        answer = client.request("POST", "/alerts/rules?dry_run=true", rules("posted", "Posted", 1))
        self.assertEqual((answer.status, json.loads(answer.body)["outcome"]), (200, "checked"))
        self.loaded(agent, "waste")
        answer = client.request("POST", "/alerts/rules", rules("posted", "Posted", 1),
                                {"If-Match": before.headers["ETag"]})
        self.assertEqual(answer.status, 200, answer)
        self.loaded(agent, "waste", "posted")
        stale = client.request("POST", "/alerts/rules", rules("posted", "Posted", 2),
                               {"If-Match": before.headers["ETag"]})
        self.assertEqual(stale.status, 412, stale)
        clash = client.request("POST", "/alerts/rules", rules("waste", "Another", 2))
        self.assertEqual(clash.status, 409, clash)
        bad = client.request("POST", "/alerts/rules", rules("posted", "Posted", "'ten'"))
        self.assertEqual(bad.status, 422, bad)
        self.assertEqual(json.loads(bad.body)["errors"][0]["line"], 8)
        agent.kill()
        agent.start()
        self.loaded(agent, "waste", "posted")
        self.post(agent, waste("gpu-1", 5))
        self.assertEqual(self.firing(agent)[0]["rule"], "Posted")
        client = agent.client()
        named = client.request("POST", "/alerts/rules", rules("posted_test", "Named", 1))
        self.assertEqual(named.status, 200, named)
        self.loaded(agent, "waste", "posted", "posted_test")
        self.assertEqual(client.request("DELETE", "/alerts/rules/posted_test").status, 200)
        self.assertEqual(client.request("DELETE", "/alerts/rules/waste").status, 409)
        self.assertEqual(client.request("DELETE", "/alerts/rules/none").status, 404)
        self.assertEqual(client.request("DELETE", "/alerts/rules/posted").status, 200)
        self.loaded(agent, "waste")
        kit.eventually(lambda: not self.active(agent), 15)

    def test_a_dry_run_says_how_the_rules_would_have_fired(self):
        agent = self.agent()
        self.post(agent, waste("gpu-1", 25), waste("gpu-1", 5), waste("npu-1", 30), waste("cpu-1", 1))
        client = agent.client()
        answer = client.request("POST", "/alerts/rules?dry_run=true&backtest=24h", rules("tried", "Tried", 10))
        self.assertEqual(answer.status, 200, answer)
        found = json.loads(answer.body)["backtest"]
        self.assertEqual((found["events"], found["complete"], found["alerts_left_off"]), (4, True, 0))
        self.assertEqual([(rule["rule"], rule["fired"], rule["still_firing"]) for rule in found["rules"]],
                         [("Tried", 2, 2)])
        self.assertEqual({alert["by"]["cluster"] for alert in found["alerts"]}, {"gpu-1", "npu-1"})
        for wrong in ("backtest=24h", "dry_run=true&backtest=32d", "dry_run=true&backtest=soon",
                      "dry_run=true&backtest=0s", "dry_run=maybe", "since=1h"):
            answer = client.request("POST", "/alerts/rules?" + wrong, rules())
            self.assertEqual(answer.status, 400, (wrong, answer))
        self.assertEqual(self.active(agent), [])
        self.loaded(agent)

    def test_silences_are_kept_listed_and_ended(self):
        agent = self.agent(directory=self.rule_directory(waste=rules()))
        client = agent.client()
        silence = {"matchers": [{"name": "cluster", "value": "gpu-.*", "isRegex": True}], "endsAt": now(3600),
                   "createdBy": "kim", "comment": "known"}
        answer = client.post("/alerts/silences", silence)
        self.assertEqual(answer.status, 201, answer)
        identity = json.loads(answer.body)["silenceID"]
        self.post(agent, waste("gpu-1", 25), waste("npu-1", 25))
        silenced = {alert["by"]["cluster"]: alert["silenced_by"] for alert in self.firing(agent, 2)}
        self.assertEqual(silenced, {"gpu-1": [identity], "npu-1": []})
        agent.kill()
        agent.start()
        found, = agent.client().json("/alerts/silences")["silences"]
        self.assertEqual((found["id"], found["status"]["state"]), (identity, "active"))
        client = agent.client()
        self.assertEqual(client.request("DELETE", f"/alerts/silences/{identity}").status, 204)
        self.assertEqual(self.active(agent, cluster="gpu-1")[0]["silenced_by"], [])
        for wrong in ({"endsAt": now(-5)}, {"matchers": []}, {"comment": ""}, {"colour": "red"},
                      {"matchers": [{"name": "cluster", "value": "(", "isRegex": True}]},
                      {"matchers": [{"name": "x", "value": ".*", "isRegex": True}]}):
            answer = client.post("/alerts/silences", {**silence, **wrong})
            self.assertEqual(answer.status, 400, wrong)

    def test_alerts_reach_the_sinks_and_metrics(self):
        influx = kit.InfluxDb(self)
        agent = kit.Agent(self, f"alerting:\n  default_rules: false\n  rules_directory: "
                          f"{self.rule_directory(waste=rules())}\n{influx.exporter()}")
        agent.start()
        self.post(agent, waste("gpu-1", 25))
        self.firing(agent)
        rows = kit.eventually(lambda: influx.rows('SELECT * FROM alert_transition'), 20)
        self.assertEqual((rows[0]["rule"], rows[0]["state"]), ("Waste", "firing"))
        metrics = agent.client().metrics()
        self.assertEqual([value for name, value in metrics.items() if name.startswith("alerts{")
                          and 'state="firing"' in name], [1])


if __name__ == "__main__":
    kit.main()
