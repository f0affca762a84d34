"""A real Apache Kafka broker as a process, its command line tools, and kcat as a publisher. The jars
come from tools/fetch-kafka.sh; without them the tests are skipped."""

import collections
import json
import os
import shutil
import subprocess
import tempfile
import threading
import unittest

import kit
from servers import Process, free_port

JARS = os.path.join(kit.HERE, "..", "..", "build", "kafka", "jars")
CONFIG = """process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs={dir}/data
num.partitions=4
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
controlled.shutdown.enable=false
"""


def java(main, *arguments):
    return ["java", "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp",
            os.path.join(JARS, "*"), main, *arguments]


class Kafka:
    def __init__(self, test):
        if not os.path.isdir(JARS):
            raise unittest.SkipTest("no jars of Apache Kafka in build/kafka/jars; run "
                                    "tools/fetch-kafka.sh")
        self.directory = tempfile.mkdtemp(prefix="kcloud-kafka-")
        test.addClassCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.port = free_port()
        self.broker = f"127.0.0.1:{self.port}"
        self.file = os.path.join(self.directory, "server.properties")
        with open(self.file, "w", encoding="utf-8") as file:
            file.write(CONFIG.format(port=self.port, controller=free_port(), dir=self.directory))
        self.tool("kafka.tools.StorageTool", "format", "-t", "a2Nsb3VkLWxvZ2dlci10ZQ", "-c",
                  self.file)
        self.process = None
        test.addClassCleanup(lambda: self.process and self.process.kill())
        self.start()

    def start(self):
        self.process = Process(java("kafka.Kafka", self.file),
                               os.path.join(self.directory, "kafka.log"))

        def up():
            assert self.process.running(), "the Kafka broker ended"
            return b" 1 brokers:" in subprocess.run(
                ["kcat", "-b", self.broker, "-L", "-m", "1"], check=False,
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
        kit.eventually(up, 60)

    def stop(self):
        self.process.signal(15)
        self.process.wait(60)

    def kill(self):
        self.process.kill()

    @staticmethod
    def tool(main, *arguments):
        return subprocess.run(java(main, *arguments), stdout=subprocess.PIPE, text=True,
                              stderr=subprocess.STDOUT, check=True, timeout=120).stdout

    def create_topic(self, name, partitions=4):
        self.tool("org.apache.kafka.tools.TopicCommand", "--bootstrap-server", self.broker,
                  "--create", "--topic", name, "--partitions", str(partitions))

    def rewind(self, group, topic):
        """The group reads the topic from its beginning again; it must have no members."""
        def done():
            return subprocess.run(
                java("org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
                     "--bootstrap-server", self.broker, "--group", group, "--topic", topic,
                     "--reset-offsets", "--to-earliest", "--execute"), stdout=subprocess.PIPE,
                text=True, stderr=subprocess.STDOUT, check=False, timeout=120).stdout
        # A member that was killed stays one until its session ends.
        kit.eventually(lambda: "NEW-OFFSET" in (output := done()) and "Error" not in output, 60)

    def publish(self, topic, text):
        """One kcat -P, each line a record."""
        subprocess.run(["kcat", "-b", self.broker, "-P", "-t", topic], input=text.encode(),
                       check=True, timeout=60)

    def collector(self, topic, group="kcloud-logger", **options):
        """A `collectors:` section for this broker."""
        options = {"type": "kafka", "brokers": f"[\"{self.broker}\"]", "topics": f"[{topic}]",
                   "group": group, "options": "{session.timeout.ms: 3000, heartbeat.interval.ms: 500}", **options}
        return "collectors:\n  fleet:\n" + "".join(f"    {k}: {v}\n" for k, v in options.items())


class Publisher:
    """kcat that publishes numbered events at a steady rate until stop(), which fails when one of
    them was not delivered."""

    def __init__(self, kafka, topic, rate=1000):
        self.kafka, self.topic, self.interval = kafka, topic, 0.01
        self.batch = max(1, int(rate * self.interval))
        self.sent = 0
        self.stopping = threading.Event()
        self.kcat = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "kcat", "-E", "-q", "-b", kafka.broker, "-P", "-t",
             topic, "-X", "enable.idempotence=true", "-X", "linger.ms=5", "-X",
             "reconnect.backoff.max.ms=1000"],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while not self.stopping.wait(self.interval):
            lines = [json.dumps(kit.event(f"w-{self.sent + i}"), ensure_ascii=False) + "\n"
                     for i in range(self.batch)]
            self.kcat.stdin.write("".join(lines).encode())
            self.kcat.stdin.flush()
            self.sent += self.batch

    def more(self, count):
        """Waits until so many more were sent."""
        want = self.sent + count
        kit.eventually(lambda: self.sent >= want, 120)

    def stop(self):
        """The workloads that were published."""
        self.stopping.set()
        self.thread.join()
        if not self.kcat.stdin.closed:
            self.kcat.stdin.close()
        assert self.kcat.wait(120) == 0, "kcat could not deliver everything"
        return {f"w-{i}" for i in range(self.sent)}


def workloads(client):
    """{workload: times stored}."""
    return collections.Counter(event["workload"] for event in client.pages())
