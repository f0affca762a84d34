"""`check --online`: a line for each step at each sink, beside a running agent, and no secret in it."""

import os
import socket
import time
import unittest

import kit
import postgres_kit
import servers

SECRET = "pw-that-must-not-show"


class OnlineCheck(unittest.TestCase):
    def check(self, config, *more):
        agent = kit.Agent(self, config)  # for its directory and file; it does not run
        code, out = kit.run("check", "--online", "--config", agent.config_file, *more,
                            cwd=agent.directory)
        self.assertNotIn(SECRET, out)
        self.assertEqual(os.listdir(agent.directory), ["kcloud-logger.yaml"], "it made files")
        counts = [out.count(f": {word}") for word in ("passed", "FAILED", "skipped")]
        self.assertEqual(out.splitlines()[-1].split(":")[0],
                         "{} passed, {} failed, {} skipped".format(*counts), out)
        return code, out

    def test_beside_a_running_agent(self):
        influx, postgres = kit.InfluxDb(self), postgres_kit.Postgres(self)
        config = influx.exporter() + postgres.exporter()
        agent = kit.Agent(self, config)
        agent.start()
        load = kit.Load(agent, rate=200)
        kit.eventually(lambda: load.acknowledged() > 100)
        for _ in range(5):
            code, out = self.check(config)
            self.assertEqual((code, out.count(": skipped")), (0, 0), out)
        self.assertRegex(out, r"(?m)^influx: connect: passed \(InfluxDB \d")
        self.assertRegex(out, r"(?m)^ledger: write: passed \(a row and a batch, rolled back\)$")
        load.stop()
        client = agent.client()
        kit.drained(agent, client)
        kit.one_point_each(self, influx, load.acked)
        kit.eventually(lambda: postgres.rows("SELECT count(*) FROM audit_event")
                       == [[str(len(load.acked))]], 30)
        for name in ("influx", "ledger"):
            self.assertEqual(client.metrics()['exporter_retried_total{exporter="%s"}' % name], 0,
                             "it was disturbed")
        self.assertEqual(influx.query("SELECT * FROM kcloud_probe"), [])

    def test_what_fails(self):
        influx, closed = kit.InfluxDb(self, auth=True), servers.free_port()
        def one(**options):
            return self.check(influx.exporter(username="admin", password=SECRET, **options))
        code, out = one()
        self.assertEqual(code, 1, out)
        self.assertIn("influx: login: FAILED (401 authorization failed", out)
        self.assertIn("influx: write: skipped (not reached)", out)
        code, out = one(url=f"http://127.0.0.1:{closed}")
        self.assertEqual(code, 1, out)
        self.assertRegex(out, r"influx: connect: FAILED \(.*Couldn't connect to server\)")
        code, out = self.check(influx.exporter(username="admin", password="secret", database="gone"))
        self.assertEqual(code, 1, out)
        self.assertIn('influx: write: FAILED (database not found: "gone" (create it', out)

    def test_what_fails_in_postgres(self):
        postgres = postgres_kit.Postgres(self)
        member = f"exporters:\n  ledger:\n    type: postgres\n    password: {SECRET}\n    url: "
        code, out = self.check(f"{member}{postgres.url}")
        self.assertEqual((code, "ledger: schema: skipped (there is none yet" in out), (0, True), out)
        for url, told in ((postgres.url + "_gone", 'database "postgres_gone" does not exist'),
                          (postgres.url.replace("postgres@", "nobody@"), "nobody"),
                          (f"postgresql://127.0.0.1:{servers.free_port()}/x", "refused")):
            code, out = self.check(member + url)
            self.assertEqual((code, told in out), (1, True), out)
            self.assertIn("ledger: connect: FAILED", out)
        postgres.rows("CREATE ROLE locked LOGIN PASSWORD 'another'")
        hba = os.path.join(postgres.directory, "data", "pg_hba.conf")
        with open(hba, "r+", encoding="utf-8") as file:
            rest = file.read()
            file.seek(0)
            file.write("host all locked 127.0.0.1/32 scram-sha-256\n" + rest)
        postgres.rows("SELECT pg_reload_conf()")
        kit.eventually(lambda: self.check(member + postgres.url.replace("postgres@", "locked@"))[0])
        code, out = self.check(member + postgres.url.replace("postgres@", "locked@"))
        self.assertEqual(code, 1, out)
        self.assertRegex(out, "ledger: connect: FAILED .*password authentication failed for user")

    def test_a_sink_that_does_not_answer(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            begin = time.monotonic()
            code, out = self.check(
                "exporters:\n  stuck:\n    type: influxdb\n    timeout_ms: 60000\n"
                f"    url: http://127.0.0.1:{silent.getsockname()[1]}\n"
                "  off:\n    type: influxdb\n    enabled: false\n", "--timeout", "2")
        self.assertLess(time.monotonic() - begin, 8)
        self.assertEqual(code, 1, out)
        self.assertIn("stuck: connect: FAILED (not done within 2000 ms (--timeout))", out)
        self.assertIn("off: probe: skipped (enabled: false)", out)

    def test_without_sinks_and_with_a_bad_file(self):
        code, out = self.check("")
        self.assertEqual((code, out.splitlines()[-1]),
                         (0, "0 passed, 0 failed, 0 skipped: no exporters are configured"))
        agent = kit.Agent(self, "exporters:\n  x:\n    type: influxdb\n    urll: x\n")
        code, out = kit.run("check", "--online", "--config", agent.config_file)
        self.assertEqual((code, "passed" in out), (78, False), out)


if __name__ == "__main__":
    kit.main()
