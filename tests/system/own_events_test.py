"""What is done to an agent is an event too: starts, stops, changes of its configuration, of rules and
silences, by whom; told before the one who did it hears that it was done."""

import json
import signal
import unittest

import kit

CONFIG = """audit: {{agent_events: true{audit}}}
alerting: {{default_rules: false}}
log: {{level: {level}}}
http:
  tokens:
    - {{name: sre, token: operator-token-0001, roles: [ingest, read, admin]}}
    - {{name: dashboard, token: dashboard-token-01, roles: [read]}}
"""
RULES = """groups:
  - name: power
    rules:
      - alert: Hot
        expr: count(scheduling_decision{cluster="hot"}[5m]) > 3
"""


def config(level="info", audit=""):
    return CONFIG.format(level=level, audit=audit)


class OwnEvents(unittest.TestCase):
    def setUp(self):
        self.agent = kit.Agent(self, config(), token="operator-token-0001")
        self.agent.start()
        self.client = self.agent.client()

    def told(self):
        """(action, actor, target, detail), the oldest first."""
        return [(event["fields"]["action"], event["fields"].get("actor"), event["fields"].get("target"),
                 event["body"].get("detail"))
                for event in self.agent.client().pages("/events/agent_audit", order="asc")]

    def test_starts_stops_and_reloads(self):
        name = self.client.json("/health")["agent"]
        self.agent.configure(config(level="debug"))
        self.agent.process.signal(signal.SIGHUP)
        kit.eventually(lambda: len(self.told()) == 2)
        self.assertEqual(self.agent.stop(), 0)
        self.agent.start()
        self.agent.kill()
        self.agent.start()
        told = self.told()
        self.assertEqual([action for action, *_ in told],
                         ["agent_started", "configuration_reloaded", "agent_stopped", "agent_started",
                          "agent_started"])
        self.assertTrue(all(actor and target == name for _, actor, target, _ in told), told)
        self.assertEqual([told[0][3]["last_stop"], told[1][3], told[3][3]["last_stop"],
                          told[4][3]["last_stop"]],
                         ["clean", {"changed": ["log"]}, "clean", "unclean"])

    def change(self, method, path, body=None, status=(200, 201, 202), token=None):
        client = self.agent.client()
        client.token = token or client.token
        answer = client.request(method, path, body, {"Content-Type": "application/json"})
        self.assertIn(answer.status, status, answer)
        return answer

    def test_changes_by_admins(self):
        self.change("POST", "/alerts/rules?dry_run=true", RULES.encode())  # changes nothing
        self.change("POST", "/alerts/rules?dry_run=", RULES.encode())
        self.change("POST", "/alerts/rules", b"groups: 7", status=(422,))  # neither
        self.change("POST", "/alerts/rules", RULES.encode(), status=(401, 403), token="dashboard-token-01")
        self.change("POST", "/alerts/rules", RULES.encode())
        # It is on disk before the answer.
        self.assertEqual([action for action, *_ in self.told()], ["agent_started", "rules_changed"])
        silence = {"matchers": [{"name": "cluster", "value": "hot"}], "comment": "maintenance",
                   "createdBy": "somebody else", "endsAt": "2099-01-01T00:00:00Z"}
        made = json.loads(self.change("POST", "/alerts/silences", json.dumps(silence).encode()).body)
        self.change("DELETE", "/alerts/silences/" + made["silenceID"], status=(200, 204))
        self.change("DELETE", "/alerts/rules/power", status=(200, 204))
        told = self.told()
        self.assertEqual([(action, actor, target) for action, actor, target, _ in told[1:]],
                         [("rules_changed", "sre", "/alerts/rules"), ("silence_set", "sre", "/alerts/silences"),
                          ("silence_ended", "sre", "/alerts/silences/" + made["silenceID"]),
                          ("rules_removed", "sre", "/alerts/rules/power")])
        self.assertRegex(told[1][3]["body_sha256"], "^[0-9a-f]{64}$")
        report = self.client.json("/reports/audit", time_range="1h", type="agent_audit")
        self.assertEqual(report["summary"]["rows"], 5)  # the next one tells of this one

    def test_none_where_they_are_not_wanted(self):
        agent = kit.Agent(self, "audit: {agent_events: false}\n")
        agent.start()
        self.assertEqual(list(agent.client().pages()), [])


if __name__ == "__main__":
    kit.main()
