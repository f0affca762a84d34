"""A real redis-server as a process, and a client of the protocol's few forms that the tests need."""

import os
import shutil
import socket
import tempfile

import kit
from servers import Process, free_port

MODULE_CHANNELS = ("scheduling_events", "relocation_events", "cluster_events",
                   "inefficiency_events", "policy_events")


class RedisError(Exception):
    pass


class Connection:
    """`call("PUBLISH", channel, message)`; `pipeline(commands)` sends them all, then reads."""

    def __init__(self, port, timeout=30):
        self.file = None
        self.socket = socket.create_connection(("127.0.0.1", port), timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.socket.makefile("rb", 1 << 16)

    @staticmethod
    def encode(words):
        out = [b"*%d\r\n" % len(words)]
        for word in words:
            word = word if isinstance(word, bytes) else str(word).encode()
            out.append(b"$%d\r\n%b\r\n" % (len(word), word))
        return b"".join(out)

    def answer(self):
        line = self.file.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("the server closed the connection")
        kind, rest = line[:1], line[1:-2]
        if kind == b"-":
            raise RedisError(rest.decode())
        if kind == b":":
            return int(rest)
        if kind == b"$":
            size = int(rest)
            return None if size < 0 else self.file.read(size + 2)[:-2]
        if kind == b"*":
            return None if rest == b"-1" else [self.answer() for _ in range(int(rest))]
        return rest

    def call(self, *words):
        self.socket.sendall(self.encode(words))
        return self.answer()

    def pipeline(self, commands):
        self.socket.sendall(b"".join(self.encode(words) for words in commands))
        return [self.answer() for _ in commands]

    def close(self):
        if self.file:
            self.file.close()
            self.socket.close()
        self.file = None

    __del__ = close


class Redis:
    """Keeps its data over kill and start (appendonly, synced at each write)."""

    def __init__(self, test):
        self.directory = tempfile.mkdtemp(prefix="kcloud-redis-")
        test.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.port, self.process = free_port(), None
        test.addCleanup(lambda: self.process and self.process.kill())
        self.start()

    def start(self):
        self.process = Process(
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--dir",
             self.directory, "--save", "", "--appendonly", "yes", "--appendfsync", "always"],
            os.path.join(self.directory, "redis.log"))

        def up():
            try:
                return self.call("PING") == b"PONG"
            except (OSError, RedisError):
                return False

        kit.eventually(up, 20)

    def kill(self):
        self.process.kill()

    def connect(self):
        return Connection(self.port)

    def call(self, *words):
        connection = self.connect()
        try:
            return connection.call(*words)
        finally:
            connection.close()

    def collector(self, name="redis", **options):
        """An entry of `collectors:` for this server, without its head line."""
        options = {"type": "redis", "addresses": f"['127.0.0.1:{self.port}']",
                   "backoff_max": "500ms", **options}
        return f"  {name}:\n" + "".join(f"    {k}: {v}\n" for k, v in options.items())


def health(client, name="redis"):
    return client.json("/health")["components"]["collector:" + name]


def connected(agent, name="redis"):
    """Waits until the agent's collector reads."""
    client = agent.client()
    kit.eventually(lambda: health(client, name)["connected"], 20)
    return client


def stored(agent_or_client):
    client = agent_or_client if hasattr(agent_or_client, "pages") else agent_or_client.client()
    return client.metrics()["journal_events"]
