"""SIGHUP, `check` and refusals to start, as an operator meets them."""

import os
import re
import signal
import tempfile
import threading
import unittest

import kit

TOKENS = """http:
  tokens:
    - {{name: publisher, token: {0}, roles: [ingest, read]}}
    - {{name: operator, token: operator-token-0001, roles: [ingest, read, admin]}}
"""
FIRST, SECOND = "first-token-000001", "second-token-00002"
IN_FORCE = "the new configuration is in force"
UNCHANGED = "the configuration was not changed"


class Reload(unittest.TestCase):
    def reload(self, agent, config, message):
        """SIGHUP, then waits for one more line with `message`."""
        count = agent.log_text().count(message)
        agent.configure(config)
        agent.process.signal(signal.SIGHUP)
        kit.eventually(lambda: agent.log_text().count(message) > count)

    def test_an_exporter_added_at_run_time_gets_what_was_stored_before(self):
        influx = kit.InfluxDb(self)
        agent = kit.Agent(self)
        agent.start()
        load = kit.Load(agent, rate=500, threads=2)
        self.addCleanup(load.stop)
        kit.eventually(lambda: load.acknowledged() > 200)
        self.reload(agent, influx.exporter(), IN_FORCE)
        before = load.acknowledged()
        kit.eventually(lambda: load.acknowledged() > before + 200)
        load.stop()
        client = agent.client()
        stored = kit.compare(self, load, client)
        health = kit.drained(agent, client)
        self.assertEqual(health["delivered"], len(stored))
        kit.one_point_each(self, influx, stored)
        self.assertEqual(load.answers["none"], 0, "a reload cut requests")
        self.reload(agent, "", IN_FORCE)  # removed: its cursor stays, and is said
        health = client.json("/health")
        self.assertNotIn("exporter:influx", health["components"])
        self.assertEqual([c["name"] for c in health["cursors_without_exporter"]],
                         ["exporter:influx"])

    def test_a_bad_configuration_changes_nothing(self):
        agent = kit.Agent(self, "agent: {name: first}\n" + TOKENS.format(FIRST),
                          token="operator-token-0001")
        agent.start()
        client = agent.client()
        for bad in ("http: {liisten: 1}\n", "http: [\n", "agent: {default_zone: Mars/Base}\n",
                    "exporters:\n  x: {type: nothing}\n", "http: {tokens: [{name: a}]}\n", "\x00"):
            self.reload(agent, bad, UNCHANGED)
            self.assertRegex(agent.log_text(), re.escape(agent.config_file) + r":\d+:\d+: error")
            self.assertEqual(client.post("/events", kit.event("w")).status, 202)
            self.assertEqual(client.json("/config")["agent"]["name"], "first")
        os.remove(agent.config_file)
        count = agent.log_text().count(UNCHANGED)
        agent.process.signal(signal.SIGHUP)
        kit.eventually(lambda: agent.log_text().count(UNCHANGED) > count)
        self.assertEqual(client.post("/events", kit.event("w")).status, 202)

    def test_tokens_change(self):
        agent = kit.Agent(self, TOKENS.format(FIRST))
        agent.start()
        first, second = kit.Client(agent.port, FIRST), kit.Client(agent.port, SECOND)
        nobody = kit.Client(agent.port)

        def statuses(*clients):
            return [c.post("/events", kit.event("w")).status for c in clients]

        self.assertEqual(statuses(first, second, nobody), [202, 401, 401])
        self.assertEqual(first.get("/config").status, 403)
        self.reload(agent, TOKENS.format(SECOND), IN_FORCE)
        self.assertEqual(statuses(first, second, nobody), [401, 202, 401])
        self.assertEqual(first.get("/events").headers["WWW-Authenticate"].split()[0], "Bearer")
        shown = kit.Client(agent.port, "operator-token-0001").get("/config").body.decode()
        for text in (shown, agent.log_text()):
            for secret in (FIRST, SECOND, "operator-token-0001"):
                self.assertNotIn(secret, text)

    def test_what_only_a_restart_changes_is_said(self):
        agent = kit.Agent(self, "agent: {name: first}\n")
        agent.start()
        self.reload(agent, "agent: {name: second}\njournal: {max_bytes: 1GiB}\n",
                    "only a restart changes agent.name, journal")
        shown = agent.client().json("/config")
        self.assertEqual(shown["agent"]["name"], "first", "not what is in force")
        self.assertNotEqual(shown["journal"]["max_bytes"], 1 << 30)
        # Not forgotten by the next reload.
        count = agent.log_text().count("only a restart changes")
        agent.process.signal(signal.SIGHUP)
        kit.eventually(lambda: agent.log_text().count("only a restart changes") > count)

    def test_reloads_under_load_lose_nothing(self):
        influx = kit.InfluxDb(self)
        agent = kit.Agent(self, influx.exporter())
        agent.start()
        load = kit.Load(agent, rate=1000)
        self.addCleanup(load.stop)
        watch = Watch(agent)
        for n in range(100 if kit.SOAK else 10):
            before = load.acknowledged()
            kit.eventually(lambda before=before: load.acknowledged() > before)
            self.reload(agent, influx.exporter(batch_events=100 + n), IN_FORCE)
        self.assertEqual(watch.stop(), [], "an exporter was missing in /health")
        load.stop()
        self.assertEqual(set(load.answers), {202})
        client = agent.client()
        stored = kit.compare(self, load, client)
        kit.drained(agent, client)
        kit.one_point_each(self, influx, stored)
        delivered = next(value for name, value in client.metrics().items()
                         if "exporter_delivered_events_total" in name)
        self.assertEqual(delivered, len(stored), "a reload reset the exporter's counters")

    def test_signals_in_a_burst(self):
        agent = kit.Agent(self)
        agent.start()
        for _ in range(50):
            agent.process.signal(signal.SIGHUP)
        kit.eventually(lambda: IN_FORCE in agent.log_text())
        self.assertEqual(agent.client().get("/health/ready").status, 200)
        agent.process.signal(signal.SIGHUP)
        self.assertEqual(agent.stop(), 0)


class Watch:
    """Asks for /health again and again; keeps the answers that do not show the exporter."""

    def __init__(self, agent):
        self.agent, self.missing, self.ended = agent, [], threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        client = self.agent.client()
        while not self.ended.is_set():
            health = client.json("/health")
            if "exporter:influx" not in health["components"] or health["cursors_without_exporter"]:
                self.missing.append(health)

    def stop(self):
        self.ended.set()
        self.thread.join()
        return self.missing


class Refusals(unittest.TestCase):
    def file(self, text):
        with tempfile.NamedTemporaryFile("w", suffix=".yaml", delete=False) as file:
            file.write(text)
        self.addCleanup(os.remove, file.name)
        return file.name

    def test_check_names_every_place(self):
        path = self.file("http:\n  liisten: 127.0.0.1:1\n  max_headers: many\nlog: {level: loud}\n")
        code, output = kit.run("check", "--config", path)
        self.assertEqual(code, 78, output)
        for place in ("2:3", "3:16", "4:14"):
            self.assertIn(f"{path}:{place}: error: ", output)
        self.assertIn("did you mean 'listen'", output)
        self.assertIn("3 problems", output)

    def test_check_is_content(self):
        self.assertEqual(kit.run("check")[0], 0)
        code, output = kit.run("check", "--config", self.file("agent: {name: a}\n"))
        self.assertEqual(code, 0, output)
        code, output = kit.run("check", "--config", "/nowhere/at-all.yaml")
        self.assertEqual(code, 78, output)

    def test_run_with_a_bad_configuration(self):
        path = self.file("http: {max_headers: 1}\n")
        code, output = kit.run("run", "--config", path)
        self.assertEqual(code, 78, output)
        self.assertIn(f"{path}:1:21: error: ", output)

    def test_second_agent_on_the_directory(self):
        agent = kit.Agent(self)
        agent.start()
        code, output = kit.run("run", "--data-dir", agent.data_dir, "--listen", "127.0.0.1:0")
        self.assertEqual(code, 2, output)
        self.assertIn("in use by another kcloud-logger", output)
        self.assertEqual(agent.check_journal()[0], 2)
        self.assertEqual(agent.client().post("/events", kit.event("w")).status, 202)

    def test_address_in_use(self):
        agent = kit.Agent(self)
        agent.start()
        with tempfile.TemporaryDirectory() as directory:
            code, output = kit.run("run", "--data-dir", directory, "--listen",
                                   f"127.0.0.1:{agent.port}")
        self.assertEqual(code, 2, output)
        self.assertIn(f"cannot listen on 127.0.0.1:{agent.port}", output)

    def test_beyond_loopback_needs_a_word(self):
        with tempfile.TemporaryDirectory() as directory:
            for arguments in (("--listen", "0.0.0.0:0"), ("--listen", "[::]:0"),
                              ("--config", self.file('http: {listen: "0.0.0.0:0"}\n'))):
                code, output = kit.run("run", "--data-dir", directory, *arguments)
                self.assertEqual(code, 78, output)
                self.assertIn("anonymous_roles", output)
            self.assertEqual(os.listdir(directory), [])
        allowed = 'http: {listen: "0.0.0.0:0", anonymous_roles: [ingest, read]}\n'
        self.assertEqual(kit.run("check", "--config", self.file(allowed))[0], 0)


if __name__ == "__main__":
    kit.main()
