"""A real Alertmanager hears of an alert that a posted event fires: once, with its start, through kills of the agent,
until it ends. What is there is read back with amtool."""

import datetime
import json
import os
import pathlib
import subprocess
import tempfile
import time
import unittest

import kit
import servers

RULES = """version: 1
groups:
  - name: waste
    interval: 1s
    max_delay: 1s
    rules:
      - alert: Waste
        expr: inefficiency_detected{wasted_cost > 10}
        by: [cluster]
        keep_firing_for: 6s
        labels: {severity: critical}
        annotations: {summary: "{{ $labels.cluster }} wastes {{ $event.wasted_cost }}"}
"""


class Alertmanager:
    """Debian's prometheus-alertmanager, without a cluster; nobody is told by it."""

    def __init__(self, test):
        folder = tempfile.TemporaryDirectory(prefix="kcloud-alertmanager-")
        test.addCleanup(folder.cleanup)
        self.port, self.folder = servers.free_port(), folder.name
        self.url = f"http://127.0.0.1:{self.port}"
        config = os.path.join(folder.name, "alertmanager.yml")
        pathlib.Path(config).write_text("route: {receiver: nobody}\nreceivers: [{name: nobody}]\n", "utf-8")
        self.command = ["prometheus-alertmanager", "--config.file=" + config,
                        "--storage.path=" + os.path.join(folder.name, "data"),
                        f"--web.listen-address=127.0.0.1:{self.port}", "--cluster.listen-address="]
        test.addCleanup(self.kill)
        self.start()

    def start(self):
        self.process = kit.Process(self.command, os.path.join(self.folder, "log"))
        client = kit.Client(self.port)

        def ready():
            try:
                return client.get("/-/ready").status == 200
            except OSError:
                return False
        kit.eventually(ready, 20)

    def kill(self):
        self.process.kill()

    def alerts(self, *more):
        """As amtool shows those that are active."""
        done = subprocess.run(["amtool", "--alertmanager.url", self.url, "--output", "json", "alert", "query", *more],
                              capture_output=True, text=True, timeout=20, check=True)
        return json.loads(done.stdout)


def moment(text):
    """RFC 3339 with any number of digits behind the second, to the millisecond."""
    head, _, tail = text.rstrip("Z").partition(".")
    return head, (tail + "000")[:3]


class FromEventToAlertmanager(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="kcloud-rules-")
        self.addCleanup(folder.cleanup)
        pathlib.Path(folder.name, "waste.yaml").write_text(RULES, "utf-8")
        self.rules = folder.name

    def agent(self, *peers):
        urls = ", ".join(peer.url for peer in peers)
        agent = kit.Agent(self, f"alerting:\n  default_rules: false\n  rules_directory: {self.rules}\n"
                                f"  external_url: http://logger.example\n  notifiers:\n"
                                f"    oncall: {{type: alertmanager, urls: [{urls}], resend_interval: 1s}}\n")
        agent.start()
        return agent

    def post(self, agent, cluster="gpu-1", cost=25.5, number=0):
        stamp = datetime.datetime.now(datetime.timezone.utc).isoformat().replace("+00:00", "Z")
        answer = agent.client().post("/events/inefficiency", {
            "timestamp": stamp, "source": "detector", "inefficiency_type": "idle_gpu", "wasted_cost": cost,
            "cluster": cluster, "workload": {"id": f"w-{number}"}, "event_id": f"{cluster}-{number}"})
        self.assertEqual(answer.status, 202, answer)

    def told(self, agent):
        return [(one["status"], one["state"]) for one in
                agent.client().json("/alerts/notifications")["notifications"]]

    def test_fires_survives_kills_without_a_false_end_and_resolves(self):
        peer = Alertmanager(self)
        agent = self.agent(peer)
        self.post(agent)
        alert, = kit.eventually(peer.alerts)
        self.assertEqual(alert["labels"], {"alertname": "Waste", "cluster": "gpu-1", "severity": "critical"})
        self.assertEqual(alert["annotations"]["summary"], "gpu-1 wastes 25.5")
        ours, = agent.client().json("/alerts/active")["alerts"]
        self.assertEqual(moment(alert["startsAt"]), moment(ours["starts_at"]))
        self.assertEqual(alert["generatorURL"], "http://logger.example/alerts/" + ours["fingerprint"])
        for kill in range(4):
            agent.kill()
            time.sleep(0.2 * kill)
            self.assertEqual(len(peer.alerts()), 1, "away is not resolved")
            agent.start()
            self.post(agent, cost=30, number=kill + 1)
            end = time.monotonic() + 1.5
            while time.monotonic() < end:
                found = peer.alerts()
                self.assertEqual([moment(one["startsAt"]) for one in found], [moment(alert["startsAt"])])
        kit.eventually(lambda: not peer.alerts(), 40)
        kit.eventually(lambda: self.told(agent) == [("resolved", "sent"), ("firing", "sent")])
        agent.kill()
        agent.start()
        time.sleep(1.5)
        self.assertEqual(peer.alerts(), [])
        self.assertEqual(self.told(agent), [("resolved", "sent"), ("firing", "sent")])

    def test_a_peer_that_was_away_learns_all_of_it(self):
        one, other = Alertmanager(self), Alertmanager(self)
        other.kill()
        agent = self.agent(one, other)
        self.post(agent, "npu-1")
        kit.eventually(one.alerts)
        other.start()
        alert, = kit.eventually(other.alerts, 20)
        self.assertEqual(alert["labels"]["cluster"], "npu-1")
        kit.eventually(lambda: not one.alerts() and not other.alerts(), 40)
        self.assertEqual(self.told(agent), [("resolved", "sent"), ("firing", "sent")])


if __name__ == "__main__":
    kit.main()
