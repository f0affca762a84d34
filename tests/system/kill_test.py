"""kill -9 under load: nothing acknowledged is lost, nothing is stored twice, ready within 2 s, and
InfluxDB ends with exactly one point an event."""

import random
import time
import unittest

import kit

KILLS = 100 if kit.SOAK else 12
READY_SECONDS = 2.0


def wait_until(moment):
    kit.eventually(lambda: time.monotonic() >= moment, every=0.001)


class Kill(unittest.TestCase):
    def test_nothing_acknowledged_is_lost(self):
        seed = random.SystemRandom().randrange(1 << 32)
        dice = random.Random(seed)
        influx = kit.InfluxDb(self)
        agent = kit.Agent(self, influx.exporter())
        starts = [agent.start()]
        load = kit.Load(agent, rate=1000)
        self.addCleanup(load.stop)

        def progress():
            before = load.acknowledged()
            kit.eventually(lambda: load.acknowledged() > before)

        for kill in range(KILLS):
            progress()
            wait_until(time.monotonic() + dice.uniform(0.0, 0.8))
            kit.check_conservation(self, agent.client().metrics())
            agent.kill()
            if kill % 3 == 0:  # once more, inside the start
                agent.spawn()
                wait_until(time.monotonic() + dice.uniform(0.0, 0.08))
                agent.kill()
            starts.append(agent.start())
        progress()
        load.stop()
        client = agent.client()
        stored = kit.compare(self, load, client)
        self.assertTrue(client.json("/health")["components"]["journal"]["opened"]["unclean"])
        health = kit.drained(agent, client)
        kit.one_point_each(self, influx, stored)
        count = kit.check_conservation(self, client.metrics())
        self.assertEqual(health["dead_lettered"] + health["skipped"], 0)
        self.assertEqual(agent.stop(), 0)
        self.assertEqual(agent.check_journal()[0], 0, agent.check_journal())
        print(f"seed {seed}: {KILLS} kills, {len(load.acked)} acknowledged, {len(stored)} stored, "
              f"{load.answers['none']} requests cut, last run {count}; "
              f"slowest start {max(starts):.3f} s")
        self.assertLessEqual(max(starts), READY_SECONDS)


if __name__ == "__main__":
    kit.main()
