"""InfluxDB killed, down and misconfigured under load: nothing is lost, the lag and its reason are
shown while it lasts and are gone afterwards, every event ends as one point."""

import json
import time
import unittest

import kit

OUTAGES = 30 if kit.SOAK else 3
DOWN_EVENTS = 20_000 if kit.SOAK else 1_500  # acknowledged while the sink is down


class Outage(unittest.TestCase):
    def finish(self, agent, load, influx):
        """Everything arrives: one point each, no lag, healthy."""
        load.stop()
        self.assertEqual(set(load.answers), {202})
        client = agent.client()
        stored = kit.compare(self, load, client)
        begin = time.monotonic()
        health = kit.drained(agent, client, 120)
        print(f"{len(stored)} events, drained {time.monotonic() - begin:.1f} s after the load")
        kit.one_point_each(self, influx, stored)
        self.assertEqual((health["lag_seconds"], health["dead_lettered"], health["skipped"]),
                         (0, 0, 0))
        kit.eventually(lambda: client.json("/health")["status"] == "healthy")
        self.assertEqual(health["delivered"], len(stored))
        return client

    def degraded(self, agent, client, phase):
        """Waits until /health says so; returns the exporter's component."""
        def said():
            answer = client.get("/health")
            health = json.loads(answer.body)
            component = health["components"]["exporter:influx"]
            self.assertEqual(answer.status, 200)
            return component["phase"] == phase and health["status"] == "degraded" and component
        component = kit.eventually(said, 20)
        self.assertEqual(component["status"], "degraded")
        self.assertTrue(component["last_error"] and component["last_error_time"])
        self.assertEqual(client.get("/health/ready").status, 200)
        self.assertEqual(client.get("/health/live").status, 200)
        return component

    def test_killed_and_restarted_under_load(self):
        influx = kit.InfluxDb(self)
        agent = kit.Agent(self, influx.exporter())
        agent.start()
        load = kit.Load(agent, rate=1000)
        self.addCleanup(load.stop)
        client = agent.client()
        for _ in range(OUTAGES):
            before = load.acknowledged()
            kit.eventually(lambda before=before: load.acknowledged() > before + 300)
            influx.kill()
            self.degraded(agent, client, "retrying")
            influx.start()
            kit.eventually(lambda: agent.exporter(client)["status"] == "healthy", 60)
        kit.check_delivery(self, agent, self.finish(agent, load, influx))

    def test_down_for_long_and_over_a_restart_of_the_agent(self):
        influx = kit.InfluxDb(self)
        agent = kit.Agent(self, influx.exporter())
        influx.kill()
        agent.start()
        load = kit.Load(agent, rate=1000)
        self.addCleanup(load.stop)
        client = agent.client()
        kit.eventually(lambda: load.acknowledged() > DOWN_EVENTS / 2, 600)
        component = self.degraded(agent, client, "retrying")
        first = client.json("/events", order="asc", limit=1)["events"][0]["id"]
        delivery = client.json(f"/events/id/{first}/deliveries")["deliveries"]
        self.assertEqual([(d["name"], d["state"]) for d in delivery],
                         [("exporter:influx", "pending")])
        self.assertEqual(component["delivered"], 0)
        self.assertGreater(component["lag_events"], DOWN_EVENTS / 3)
        self.assertGreater(component["lag_seconds"], 0)
        agent.kill()
        agent.start()
        kit.eventually(lambda: load.acknowledged() > DOWN_EVENTS, 600)
        client = agent.client()
        lag = self.degraded(agent, client, "retrying")
        self.assertGreater(lag["lag_events"], component["lag_events"])
        self.assertGreater(lag["lag_seconds"], component["lag_seconds"])
        influx.start()
        load.answers.pop("none", None)  # the kill cut some
        self.finish(agent, load, influx)
        done = client.json(f"/events/id/{first}/deliveries")["deliveries"][0]
        self.assertEqual((done["state"], done["lag_events"]), ("delivered", 0))

    def test_wrong_credentials_hold_until_they_are_right(self):
        influx = kit.InfluxDb(self, auth=True)
        agent = kit.Agent(self, influx.exporter(username="admin", password="wrong-one"))
        agent.start()
        load = kit.Load(agent, rate=500, threads=2)
        self.addCleanup(load.stop)
        client = agent.client()
        component = self.degraded(agent, client, "holding")
        self.assertIn("401", component["last_error"])
        self.assertIn("a person is needed", agent.log_text())
        self.assertNotIn("wrong-one", agent.log_text() + client.get("/config").body.decode())
        kit.eventually(lambda: load.acknowledged() > 500)
        self.assertEqual(agent.exporter(client)["dead_lettered"], 0)
        agent.configure(influx.exporter(username="admin", password="secret"))
        agent.process.signal(1)
        begin = time.monotonic()
        kit.eventually(lambda: agent.exporter(client)["status"] == "healthy"
                       and agent.exporter(client)["delivered"] > 0)
        print(f"delivering {time.monotonic() - begin:.2f} s after the right password")
        self.finish(agent, load, influx)

    def test_a_missing_database_holds_until_it_is_there(self):
        influx = kit.InfluxDb(self)
        influx.query("DROP DATABASE kcloud")
        agent = kit.Agent(self, influx.exporter(hold_interval="200ms"))
        agent.start()
        load = kit.Load(agent, rate=500, threads=2)
        self.addCleanup(load.stop)
        component = self.degraded(agent, agent.client(), "holding")
        self.assertIn("CREATE DATABASE", component["last_error"])
        influx.query("CREATE DATABASE kcloud")
        kit.eventually(lambda: agent.exporter(agent.client())["status"] == "healthy")
        self.finish(agent, load, influx)


if __name__ == "__main__":
    kit.main()
