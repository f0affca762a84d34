"""Redis through the built agent: what is published is there within a second; streams lose nothing
over kills of agents and server; a gap of pub/sub is counted; giant messages cost no memory."""

import collections
import json
import os
import signal
import subprocess
import threading
import time
import unittest

import kit
import redis_kit

KILLS = 20 if kit.SOAK else 4
ENTRIES = 100_000 if kit.SOAK else 10_000


def decision(workload):
    return json.dumps(kit.event(workload), ensure_ascii=False).encode()


def workloads(client):
    """How often each workload is stored."""
    return collections.Counter(event["workload"] for event in client.pages())


def all_once(test, client, wanted):
    counts = workloads(client)
    test.assertEqual([w for w in wanted if w not in counts], [], "lost")
    test.assertEqual([w for w, n in counts.items() if n != 1], [], "not exactly once")
    test.assertEqual(len(counts), len(wanted))


class Published(unittest.TestCase):
    """As a new user tries it, with redis-cli."""

    def setUp(self):
        self.redis = redis_kit.Redis(self)
        self.agent = kit.Agent(self, "collectors:\n" + self.redis.collector() +
                               self.redis.collector("streams", mode="stream",
                                                    streams="[scheduling_stream]") +
                               self.redis.collector("lists", mode="list", lists="[filebeat]"))
        self.agent.start()
        for name in ("redis", "streams", "lists"):
            self.client = redis_kit.connected(self.agent, name)

    def cli(self, *words):
        return subprocess.run(["redis-cli", "-p", str(self.redis.port), *words], check=True,
                              capture_output=True, text=True).stdout

    def within_a_second(self, collector, count=1):
        begin = time.monotonic()

        def there():
            events = self.client.json("/events")["events"]
            return [e for e in events if e["collector"] == collector][count - 1:]
        event = kit.eventually(there, 5, every=0.005)[0]
        seconds = time.monotonic() - begin
        print(f"{collector}: in GET /events after {seconds * 1000:.0f} ms")
        self.assertLess(seconds, 1)
        return event

    def test_publish_xadd_and_rpush_show_within_a_second(self):
        sample = kit.sample("scheduling_decision").decode()
        self.cli("PUBLISH", "scheduling_events", sample)
        event = self.within_a_second("redis")
        self.assertEqual(event["type"], "scheduling_decision")
        self.assertEqual(event["workload"], "ml-training-job-123")
        self.cli("XADD", "scheduling_stream", "*", "event", json.dumps(kit.event("by-stream")))
        self.within_a_second("streams")
        self.cli("RPUSH", "filebeat", json.dumps(
            {"@timestamp": "2025-01-15T10:30:00.000Z", "message": json.dumps(kit.event("by-beat"))}))
        self.assertEqual(self.within_a_second("lists")["workload"], "by-beat")
        # The same sample again is the same event, through whatever it comes.
        self.cli("XADD", "scheduling_stream", "*", "event", sample)
        kit.eventually(lambda: redis_kit.health(self.client, "streams")["duplicates"] == 1)

    def test_every_sample_and_the_modules_own_messages(self):
        publisher = self.redis.connect()
        for channel, name in (("scheduling_events", "scheduling_decision"),
                              ("relocation_events", "workload_relocation"),
                              ("cluster_events", "cluster_reconfiguration"),
                              ("inefficiency_events", "inefficiency_detected")):
            publisher.call("PUBLISH", channel, kit.sample(name))
        metrics = json.dumps({"cluster_name": "l40s", "status": "healthy", "health_score": 93,
                              "timestamp": "2025-01-15T10:30:00.123456",
                              "event_type": "metrics_updated"})
        publisher.call("PUBLISH", "kcloud:events:metrics:updated", metrics)
        publisher.call("PUBLISH", "kcloud:events:cluster:l40s:metrics", metrics)
        publisher.call("PUBLISH", "kcloud:events:alerts:new", json.dumps(
            {"alert_id": "a", "cluster_name": "furiosa", "severity": "CRITICAL", "message": "전력",
             "timestamp": "2025-01-15T10:30:00", "metadata": {}, "_type": "alert"}))
        kit.eventually(lambda: redis_kit.stored(self.client) == 6)
        types = collections.Counter(event["type"] for event in self.client.pages())
        self.assertEqual(set(types), {"scheduling_decision", "workload_relocation", "alert",
                                      "cluster_reconfiguration", "inefficiency_detected",
                                      "metrics_updated"})
        self.assertEqual(redis_kit.health(self.client)["duplicates"], 1)  # of the two channels

    def test_a_message_of_100_mb_is_a_dead_letter_and_costs_no_memory(self):
        def resident():
            return self.client.metrics()["process_resident_memory_bytes"] / 2**20

        publisher = self.redis.connect()
        publisher.call("PUBLISH", "scheduling_events", decision("before"))
        kit.eventually(lambda: redis_kit.stored(self.client) == 1)
        before = resident()
        giant = b'{"event_type": "alert", "message": "' + b"x" * 100_000_000 + b'"}'
        publisher.call("CONFIG", "SET", "client-output-buffer-limit", "pubsub 0 0 0")
        publisher.call("PUBLISH", "scheduling_events", giant)
        publisher.call("XADD", "scheduling_stream", "*", "event", giant)
        publisher.call("RPUSH", "filebeat", giant)
        publisher.call("PUBLISH", "scheduling_events", decision("after"))
        letters = kit.eventually(
            lambda: (page := self.client.json("/dead-letters")["dead_letters"])[2:] and page, 60)
        kit.eventually(lambda: redis_kit.stored(self.client) == 2)
        self.assertEqual({letter["reason"] for letter in letters}, {"too_large"})
        self.assertEqual({letter["origin"] for letter in letters},
                         {"collector:redis", "collector:streams", "collector:lists"})
        for letter in letters:
            self.assertIn(f"a message of {len(giant)} bytes", letter["detail"])
        grown = resident() - before
        print(f"{before:.0f} MiB resident before, {grown:.1f} MiB more after three of 100 MB")
        self.assertLess(grown, 40)
        self.assertEqual(redis_kit.health(self.client)["gaps"], 0)
        with open(f"/proc/{self.agent.process.popen.pid}/status", encoding="utf-8") as status:
            peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024
        print(f"{peak:.0f} MiB resident at the highest")
        self.assertLess(peak - before, 60)

    def test_paused_and_resumed(self):
        answer = self.client.post("/collectors/redis/pause", b"")
        self.assertLess(answer.status, 300, answer)
        self.assertEqual(redis_kit.health(self.client)["phase"], "paused")
        kit.eventually(lambda: redis_kit.health(self.client)["open_gap_seconds"] > 0.2)
        self.client.post("/collectors/redis/resume", b"")
        kit.eventually(lambda: redis_kit.health(self.client)["gaps"] == 1)
        self.assertGreater(redis_kit.health(self.client)["last_gap_seconds"], 0.2)
        self.redis.call("PUBLISH", "scheduling_events", decision("resumed"))
        kit.eventually(lambda: "resumed" in workloads(self.client))

    def test_a_restart_of_redis_is_a_gap_for_channels_and_none_for_streams_and_lists(self):
        self.redis.call("XADD", "scheduling_stream", "*", "event", decision("s-1"))
        self.redis.kill()
        kit.eventually(lambda: self.client.json("/health")["status"] == "degraded")
        kit.eventually(lambda: redis_kit.health(self.client)["open_gap_seconds"] > 0.1)
        self.redis.start()
        self.redis.call("XADD", "scheduling_stream", "*", "event", decision("s-2"))
        self.redis.call("RPUSH", "filebeat", decision("l-1"))
        kit.eventually(lambda: redis_kit.health(self.client)["gaps"] == 1)
        kit.eventually(lambda: redis_kit.stored(self.client) == 3)
        kit.eventually(lambda: self.client.json("/health")["status"] == "healthy")
        metrics = self.client.metrics()
        self.assertEqual(metrics['collector_redis_gaps_total{collector="redis"}'], 1)
        self.assertGreater(metrics['collector_redis_gap_seconds_total{collector="redis"}'], 0.1)
        self.assertIn('"level":"error"', self.agent.log_text())
        self.assertIn("after a gap of", self.agent.log_text())


class Streams(unittest.TestCase):
    def setUp(self):
        self.redis = redis_kit.Redis(self)
        self.sent = []

    def agent(self, name):
        made = kit.Agent(self, f"agent: {{name: {name}}}\ncollectors:\n" + self.redis.collector(
            mode="stream", streams="[events]", claim_idle="2s"))
        made.start()
        return made

    def load(self, rate):
        """Adds entries at about this rate until `stop` is set."""
        stop = threading.Event()

        def run():
            connection, number = self.redis.connect(), 0
            while not stop.wait(0.01):
                names = [f"w-{number + i}" for i in range(rate // 100)]
                connection.pipeline([("XADD", "events", "*", "event", decision(n)) for n in names])
                self.sent.extend(names)
                number += len(names)

        thread = threading.Thread(target=run)
        thread.start()

        def end():
            stop.set()
            thread.join()
        self.addCleanup(end)
        return end

    def pending(self):
        return self.redis.call("XPENDING", "events", "kcloud-logger")[0]

    def lag(self):
        groups = self.redis.call("XINFO", "GROUPS", "events")
        return dict(zip(groups[0][::2], groups[0][1::2]))[b"lag"]

    def test_kill_9_under_load_loses_nothing_and_doubles_nothing(self):
        agent = self.agent("one")
        end = self.load(2_000)
        for kill in range(KILLS):
            kit.eventually(lambda kill=kill: len(self.sent) > (kill + 1) * 1_000, 60)
            agent.kill()
            agent.start()
        kit.eventually(lambda: len(self.sent) >= ENTRIES, 120)
        end()
        client = agent.client()
        kit.eventually(lambda: redis_kit.stored(client) >= len(self.sent), 60)
        all_once(self, client, self.sent)
        kit.eventually(lambda: self.pending() == 0 and self.lag() == 0)
        health = redis_kit.health(client)
        self.assertEqual(health["received"], health["stored"] + health["duplicates"])
        print(f"{len(self.sent)} entries over {KILLS} kills, {health['duplicates']:.0f} read again "
              "by the last run")

    def test_what_a_killed_agent_left_the_other_takes_over(self):
        one, two = self.agent("one"), self.agent("two")
        end = self.load(2_000)
        for _ in range(max(1, KILLS // 4)):
            before = len(self.sent)
            kit.eventually(lambda before=before: len(self.sent) > before + 2_000, 60)
            one.kill()
            kit.eventually(lambda: self.pending() > 0)
            kit.eventually(lambda before=before: len(self.sent) > before + 6_000, 60)
            one.start()
        one.kill()  # for good
        end()
        client = two.client()
        kit.eventually(lambda: self.pending() == 0 and self.lag() == 0, 60)
        one.start()
        first, second = workloads(one.client()), workloads(client)
        self.assertEqual([n for n in [*first.values(), *second.values()] if n != 1], [])
        self.assertEqual(set(self.sent) - set(first) - set(second), set(), "lost")
        self.assertEqual((set(first) | set(second)) - set(self.sent), set())
        self.assertGreater(min(len(first), len(second)), 500)
        print(f"{len(self.sent)} entries: {len(first)} and {len(second)}, {len(set(first) & set(second))}"
              f" in both, {redis_kit.health(client)['claimed_entries']:.0f} taken over")

    def test_sigterm_under_load(self):
        agent = self.agent("one")
        end = self.load(2_000)
        kit.eventually(lambda: len(self.sent) > 1_000)
        begin = time.monotonic()
        self.assertEqual(agent.stop(signal.SIGTERM), 0)
        self.assertLess(time.monotonic() - begin, 10)
        self.assertLess(self.pending(), 300)
        agent.start()
        end()
        kit.eventually(lambda: redis_kit.stored(agent) >= len(self.sent), 60)
        all_once(self, agent.client(), self.sent)


class Documents(unittest.TestCase):
    def test_the_sample_configuration_is_read(self):
        root = os.path.join(kit.HERE, "..", "..")
        code, output = kit.run("check", "--config", os.path.join(root, "collectors/redis/sample.yaml"),
                               env={**os.environ, "REDIS_PASSWORD": "x"})
        self.assertEqual(code, 0, output)


if __name__ == "__main__":
    kit.main()
