"""Kafka end to end: kcat publishes, a real broker restarts, agents join, leave and are killed, the
group's offsets are rewound. Nothing is lost, nothing is stored twice (row 9 of the promises)."""

import json
import time
import unittest

import kit
from kafka_broker import Kafka, Publisher, workloads

ROUNDS = 100 if kit.SOAK else 2
AGENT_ROUNDS = 20 if kit.SOAK else 1


class KafkaTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.kafka = Kafka(cls)

    def topic(self):
        name = self.id().rsplit(".", 1)[1]
        self.kafka.create_topic(name)
        return name

    def agent(self, topic, **options):
        """A running agent that has partitions of the topic, and a client of it."""
        agent = kit.Agent(self, self.kafka.collector(topic, group=topic, **options))
        agent.start()
        kit.eventually(lambda: self.component(agent)["assigned_partitions"] > 0, 60)
        return agent, agent.client()

    @staticmethod
    def component(agent):
        return agent.client().json("/health")["components"]["collector:fleet"]

    def publisher(self, topic, **options):
        publisher = Publisher(self.kafka, topic, **options)
        self.addCleanup(publisher.kcat.kill)
        self.addCleanup(publisher.stopping.set)
        return publisher

    def complete(self, client, sent, seconds=120):
        """Every one is there, once."""
        kit.eventually(lambda: client.metrics()["journal_committed_events_total"] >= len(sent)
                       or len(workloads(client)) >= len(sent), seconds, every=0.2)
        stored = workloads(client)
        self.assertEqual(sent - set(stored), set(), "lost")
        self.assertEqual(set(stored) - sent, set(), "not sent")
        self.assertEqual([w for w, n in stored.items() if n != 1], [], "stored twice")

    def test_a_published_sample_shows_within_a_second(self):
        topic = self.topic()
        _, client = self.agent(topic)
        sample = json.dumps(json.loads(kit.sample("scheduling_decision")))
        slowest = 0.0
        for number in range(5):
            text = sample.replace("ml-training-job-123", f"job-{number}")
            begin = time.monotonic()
            self.kafka.publish(topic, text + "\n")
            kit.eventually(lambda number=number: client.json(f"/events/workload/job-{number}")[
                "events"])
            slowest = max(slowest, time.monotonic() - begin)
        print(f"kcat -P to GET /events: {slowest * 1000:.0f} ms at most")
        self.assertLess(slowest, 1.0)
        event = client.json("/events", limit=1)["events"][0]
        self.assertEqual((event["collector"], event["type"]), ("fleet", "scheduling_decision"))

    def test_poison_is_a_dead_letter_and_the_rest_goes_on(self):
        topic = self.topic()
        _, client = self.agent(topic, topic_types=f"{{{topic}: scheduling}}")
        good = json.dumps(kit.event("before")), json.dumps(kit.event("after"))
        bad = ["{", "\x01\x02", "[]", '{"workload":{"id":7}}', '"text"']
        self.kafka.publish(topic, "\n".join([good[0], *bad, good[1]]) + "\n")
        kit.eventually(lambda: set(workloads(client)) == {"before", "after"})
        letters = kit.eventually(lambda: len(found := client.json("/dead-letters")["dead_letters"])
                                 == len(bad) and found)
        for letter in letters:
            self.assertEqual(letter["origin"], "collector:fleet")
            self.assertRegex(letter["position"], rf"^{topic}/[0-3]/\d+$")
            self.assertIn(letter["reason"], ("invalid_json", "invalid_event"))
            self.assertTrue(letter["detail"])
        metrics = client.metrics()
        self.assertEqual(metrics['collector_received_events_total{collector="fleet"}'],
                         metrics['collector_stored_events_total{collector="fleet"}']
                         + metrics['collector_rejected_events_total{collector="fleet"}'])

    def test_broker_restarts(self):
        topic = self.topic()
        agent, client = self.agent(topic)
        publisher = self.publisher(topic)
        for number in range(ROUNDS):
            publisher.more(1000)
            (self.kafka.stop if number % 2 else self.kafka.kill)()
            kit.eventually(lambda: not self.component(agent)["connected"], 60)
            # /health has the newest error, which may be that of the group; the log has all.
            kit.eventually(lambda: "Hint: is Kafka running" in agent.log_text(), 60)
            self.assertEqual(client.json("/health")["status"], "degraded")
            self.kafka.start()
            kit.eventually(lambda: self.component(agent)["connected"], 60)
        publisher.more(500)
        self.complete(client, publisher.stop())

    def test_an_agent_that_is_killed_reads_on_and_stores_nothing_twice(self):
        topic = self.topic()
        agent, client = self.agent(topic)
        publisher = self.publisher(topic)
        for _ in range(AGENT_ROUNDS * 3):
            publisher.more(1000)
            agent.kill()
            agent.start()
        client = agent.client()
        publisher.more(500)
        self.complete(client, publisher.stop())

    def test_agents_join_leave_and_are_killed(self):
        topic = self.topic()
        agent, client = self.agent(topic)
        publisher = self.publisher(topic)
        seen = set()
        for _ in range(AGENT_ROUNDS):
            for end in ("stop", "kill"):
                other, other_client = self.agent(topic)
                kit.eventually(lambda: self.component(agent)["assigned_partitions"] == 2, 60)
                publisher.more(1000)
                getattr(other, end)()
                kit.eventually(lambda: self.component(agent)["assigned_partitions"] == 4, 60)
                other.start()  # for what its journal has
                other_client = other.client()
                stored = workloads(other_client)
                self.assertEqual([w for w, n in stored.items() if n != 1], [], "stored twice")
                self.assertGreater(len(stored), 0)
                seen |= set(stored)
                other.stop()
        sent = publisher.stop()

        def missing():
            stored = workloads(client)
            self.assertEqual([w for w, n in stored.items() if n != 1], [], "stored twice")
            return sent - set(stored) - seen
        kit.eventually(lambda: not missing(), 60, every=0.5)

    def test_a_rewound_group_stores_nothing_twice(self):
        topic = self.topic()
        agent, client = self.agent(topic)
        publisher = self.publisher(topic, rate=3000)
        publisher.more(100_000 if kit.SOAK else 3000)
        sent = publisher.stop()
        self.complete(client, sent)
        agent.stop()
        self.kafka.rewind(topic, topic)
        agent.start()
        client = agent.client()
        kit.eventually(lambda: self.component(agent)["duplicates"] == len(sent), 120)
        self.complete(client, sent)
        self.assertEqual(self.component(agent)["stored"], 0)

    def test_without_a_broker_the_agent_starts_and_stops(self):
        agent = kit.Agent(self, "collectors:\n  fleet: {type: kafka, brokers: ['127.0.0.1:9'], "
                                "options: {sasl.password: hush-hush}}\n")
        agent.start()
        kit.eventually(lambda: self.component(agent)["last_error"])
        self.assertNotIn("hush-hush", agent.log_text() + agent.client().get("/config").body.decode())
        begin = time.monotonic()
        self.assertEqual(agent.stop(), 0)
        self.assertLess(time.monotonic() - begin, 5)


if __name__ == "__main__":
    kit.main()
