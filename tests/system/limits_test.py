"""Hostile clients against the built agent, plain and over TLS: slow ones, huge ones, those that smuggle
and those that never finish a handshake. Good clients go on, and memory stays bounded."""

import contextlib
import http.client
import json
import multiprocessing
import os
import re
import resource
import selectors
import signal
import socket
import ssl
import subprocess
import threading
import time
import unittest

import kit
from measures import Peak, quantile, rss
from pki import Pki

MANY = 1000 if kit.SOAK else 200
MIB = 1 << 20
HUGE = 1024 * MIB if kit.SOAK else 96 * MIB  # of a body that nobody wants
BODY_LIMIT = 8 * MIB
SLACK = 0.01 if kit.SOAK else 1.0  # seconds: machines of short runs are shared
PATIENCE = 20  # seconds an answer may take on a busy machine

POST = "POST /events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"

# What two parsers may read differently: (name, request, statuses).
SMUGGLING = [
    ("both lengths", POST + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", {400}),
    ("two lengths", POST + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", {400}),
    ("two equal lengths", POST + "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}", {400}),
    ("a list of lengths", POST + "Content-Length: 2, 2\r\n\r\n{}", {400}),
    ("a signed length", POST + "Content-Length: +2\r\n\r\n{}", {400}),
    ("a length that overflows", POST + f"Content-Length: {2 ** 64 + 2}\r\n\r\n{{}}", {400, 413}),
    ("a folded line", POST + "X: a\r\n b\r\nContent-Length: 2\r\n\r\n{}", {400}),
    ("a folded length", POST + "Content-Length:\r\n 2\r\n\r\n{}", {400}),
    ("bare LF", POST.replace("\r\n", "\n") + "Content-Length: 2\n\n{}", {400, 408}),
    ("a bare LF inside", POST + "X: a\nContent-Length: 2\r\n\r\n{}", {400}),
    ("a blank before the colon", POST + "Content-Length : 2\r\n\r\n{}", {400}),
    ("a NUL", POST + "X: a\0b\r\nContent-Length: 2\r\n\r\n{}", {400}),
    ("chunked, identity", POST + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", {400, 501}),
    ("identity", POST + "Transfer-Encoding: identity\r\nContent-Length: 2\r\n\r\n{}", {400, 501}),
    ("chunked twice", POST + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"
     "0\r\n\r\n", {400}),
    ("xchunked", POST + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", {400, 501}),
    ("a chunk size that overflows",
     POST + "Transfer-Encoding: chunked\r\n\r\n1" + "0" * 16 + "\r\nx", {400, 413}),
    ("a chunk size that is none", POST + "Transfer-Encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n",
     {400}),
    ("a chunk larger than said", POST + "Transfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n",
     {400}),
    ("a length as trailer",
     POST + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nContent-Length: 2\r\n\r\n", {400}),
    ("chunked in HTTP/1.0",
     POST.replace("1.1", "1.0") + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", {400}),
    ("two hosts", POST + "Host: y\r\nContent-Length: 2\r\n\r\n{}", {400}),
]




def read_status(connection):
    """The status of the answer, 0 when the connection ended without one."""
    connection.settimeout(PATIENCE)
    data = b""
    with contextlib.suppress(ConnectionError, ssl.SSLError):
        while b"\r\n\r\n" not in data:
            piece = connection.recv(4096)
            if not piece:
                break
            data += piece
    return int(data[9:12]) if data.startswith(b"HTTP/1.1 ") else 0


class GoodClients:
    """Posts one event after another over kept connections; `times` are seconds to the answer."""

    def __init__(self, agent, count=4):
        self.agent, self.count = agent, count

    def p99(self, requests):
        times, wrong = [], []

        def run():
            client = self.agent.client(timeout=60)
            for _ in range(requests // self.count):
                begin = time.monotonic()
                status = client.post("/events", kit.event("good")).status
                times.append(time.monotonic() - begin)
                if status != 202:
                    wrong.append(status)
            client.close()

        threads = [threading.Thread(target=run) for _ in range(self.count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not wrong and len(times) == requests // self.count * self.count, (wrong, len(times))
        return quantile(times, 0.99)


class Slow:
    """Connections that send a byte now and then for as long as they live, in one thread."""

    def __init__(self, connect, parts):
        self.selector = selectors.DefaultSelector()
        self.alive, self.lock = [], threading.Lock()
        self.ended = threading.Event()
        for number in range(MANY):
            connection = connect()
            connection.sendall(parts[number % len(parts)])
            self.alive.append(connection)
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while not self.ended.wait(0.2):
            for connection in list(self.alive):
                try:
                    connection.send(b"a")
                except OSError:
                    self.drop(connection)

    def drop(self, connection):
        with self.lock:
            if connection in self.alive:
                self.alive.remove(connection)
        connection.close()

    def stop(self):
        self.ended.set()
        self.thread.join()
        for connection in list(self.alive):
            self.drop(connection)


class Streams:
    """Clients of the live stream in a process of their own, so that they have only the processor in
    common with the good ones. Each tenth never reads."""

    def __init__(self, connect, last):
        fork = multiprocessing.get_context("fork")
        self.all_got_it, self.ended = fork.Event(), fork.Event()
        self.process = fork.Process(target=self.run, args=(connect, last.encode()), daemon=True)
        self.process.start()

    def run(self, connect, last):
        selector, deaf = selectors.DefaultSelector(), []
        missing = set()
        tails = {}
        for number in range(MANY):
            connection = connect()
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.sendall(b"GET /stream/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
            if number % 10 == 0:
                deaf.append(connection)
                continue
            connection.setblocking(False)
            selector.register(connection, selectors.EVENT_READ, number)
            missing.add(number)
        while not self.ended.is_set():
            for key, _ in selector.select(0.1):
                with contextlib.suppress(ssl.SSLError, BlockingIOError):
                    piece = tails.get(key.data, b"") + key.fileobj.recv(65536)
                    if last in piece:
                        missing.discard(key.data)
                    tails[key.data] = piece[-len(last):]
            if not missing:
                self.all_got_it.set()

    def wait_for_all(self, seconds):
        assert self.all_got_it.wait(seconds), "some stream clients did not get the last event"

    def stop(self):
        self.ended.set()
        self.process.join()


class Limits(unittest.TestCase):
    """The plain listener; Tls below runs the same over TLS."""

    TLS = False
    AUTH = "none"

    @classmethod
    def setUpClass(cls):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 16384)), hard))

    def start(self, http=""):
        config = "http:\n  max_connections: 8000\n  max_stream_clients: 2000\n" + http
        self.agent = kit.Agent(self)
        self.pki = Pki(self.agent.directory) if self.TLS else None
        if self.TLS:
            config += (f"  tls:\n    certificate: {self.pki.path('server.pem')}\n"
                       f"    key: {self.pki.path('server.key')}\n"
                       f"    client_auth: {self.AUTH}\n")
            if self.AUTH != "none":
                config += f"    client_ca: {self.pki.path('ca.pem')}\n"
            self.agent.context = self.pki.context("client")
        self.agent.configure(config)
        self.agent.start()
        return self.agent

    def raw(self):
        connection = socket.create_connection(("127.0.0.1", self.agent.port), timeout=PATIENCE)
        self.addCleanup(connection.close)
        return connection

    def connect(self):
        connection = self.raw()
        if self.TLS:
            connection = self.agent.context.wrap_socket(connection, server_hostname="127.0.0.1")
            self.addCleanup(connection.close)
        return connection

    def ask(self, request):
        connection = self.connect()
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            connection.sendall(request if isinstance(request, bytes) else request.encode())
        status = read_status(connection)
        connection.close()
        return status

    def still_good(self):
        self.assertTrue(self.agent.process.running(), self.agent.log_text()[-2000:])
        self.assertEqual(self.agent.client().post("/events", kit.event("after")).status, 202)

    def test_slow_clients_do_not_slow_down_good_ones(self):
        agent = self.start("  header_timeout: 5s\n  body_timeout: 5s\n")
        good = GoodClients(agent)
        good.p99(200)
        idle = good.p99(1000)
        watcher = agent.client()
        with Peak(agent) as peak:
            slow = Slow(self.connect, [b"GET /events HTTP/1.1\r\nX-Slow: ",
                                       (POST + "Content-Length: 100000\r\n\r\n").encode()])
            self.addCleanup(slow.stop)
            busy = good.p99(1000)
            kit.eventually(lambda: watcher.metrics()["http_timeouts_total"] >= MANY, 60)
            kit.eventually(lambda: not slow.alive, 60)
        print(f"\n{MANY} slow clients: good clients' p99 {busy * 1000:.1f} ms, idle "
              f"{idle * 1000:.1f} ms; memory +{peak.growth / MIB:.1f} MiB")
        self.assertLessEqual(busy, max(2 * idle, SLACK))
        self.assertLessEqual(peak.growth, 16 * MIB + MANY * 64 * 1024)
        self.still_good()

    def test_stream_clients_that_never_read(self):
        agent = self.start()
        good = GoodClients(agent)
        good.p99(200)
        idle = good.p99(1000)
        watcher = agent.client()
        with Peak(agent) as peak:
            streams = Streams(self.connect, "the last one")
            self.addCleanup(streams.stop)
            kit.eventually(lambda: watcher.metrics()["stream_clients"] == MANY, 60)
            busy = good.p99(1000)
            last = watcher.post("/events", kit.event("the last one")).status
            self.assertEqual(last, 202)
            streams.wait_for_all(120)
        print(f"\n{MANY} stream clients, {MANY // 10} never read: good clients' p99 "
              f"{busy * 1000:.1f} ms, idle {idle * 1000:.1f} ms; memory "
              f"+{peak.growth / MIB:.1f} MiB")
        self.assertLessEqual(busy, max(2 * idle, SLACK))
        self.assertLessEqual(peak.growth, 32 * MIB + MANY * 256 * 1024)
        streams.stop()
        kit.eventually(lambda: watcher.metrics()["stream_clients"] == 0, 60)
        self.still_good()

    def send_huge(self, head, piece):
        """Sends until refused; the status. Fails when all of HUGE was taken."""
        connection = self.connect()
        sent = 0
        try:
            connection.sendall(head.encode())
            while sent < HUGE:
                connection.sendall(piece)
                sent += len(piece)
        except (ConnectionError, ssl.SSLError, TimeoutError):
            pass
        self.assertLess(sent, HUGE, "the agent took all of it")
        return read_status(connection)

    def test_huge_bodies(self):
        limit = 32 * MIB  # so that what one body takes stands out
        agent = self.start(f"  max_body_bytes: {limit}\n")
        self.still_good()  # what the first request takes is not the bodies'
        with Peak(agent) as peak:
            self.assertEqual(self.ask(POST + f"Content-Length: {1024 * MIB}\r\n\r\n"), 413)
            self.assertIn(self.send_huge(POST + f"Content-Length: {1024 * MIB}\r\n\r\n",
                                         b"x" * 65536), (413, 0))
            chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
            for _ in range(3):  # 0: the answer was lost in the reset of a connection still sending
                self.assertIn(self.send_huge(POST + "Transfer-Encoding: chunked\r\n\r\n", chunk),
                              (413, 0))
                kit.eventually(lambda: rss(agent) < peak.before + limit // 4)  # given back
            self.assertIn(self.send_huge(
                POST + "Transfer-Encoding: chunked\r\n\r\n1;", b"x" * 65536), (400, 413, 0))
        print(f"\nhuge bodies: memory +{peak.growth / MIB:.1f} MiB, limit {limit // MIB} MiB")
        self.assertLessEqual(peak.growth, 2 * limit)
        self.assertGreaterEqual(agent.client().metrics()['http_responses_total{code="4xx"}'], 3)
        self.still_good()

    def test_a_body_just_too_large_is_413(self):
        self.start()
        body = b"[" + b" " * BODY_LIMIT + b"]"
        self.assertEqual(self.ask((POST + f"Content-Length: {len(body)}\r\n\r\n").encode() + body), 413)
        chunked = b"".join(b"100000\r\n" + b" " * MIB + b"\r\n" for _ in range(8))
        self.assertEqual(self.ask((POST + "Transfer-Encoding: chunked\r\n\r\n").encode() + chunked
                                  + b"1\r\n \r\n0\r\n\r\n"), 413)

    def test_huge_headers(self):
        agent = self.start()
        with Peak(agent) as peak:
            for _ in range(20):
                self.assertEqual(self.ask("GET / HTTP/1.1\r\nHost: localhost\r\n" + "X: a\r\n" * 10_000
                                          + "\r\n"), 431)
                self.assertEqual(self.ask("GET / HTTP/1.1\r\nHost: localhost\r\nX: " + "a" * MIB), 431)
                self.assertEqual(self.ask("GET /" + "a" * MIB), 414)
        self.assertLessEqual(peak.growth, 2 * BODY_LIMIT)
        self.still_good()

    def test_smuggling(self):
        agent = self.start("  header_timeout: 1s\n  body_timeout: 1s\n")
        # The request behind would store an event if the first was read in another way.
        hidden = json.dumps(kit.event("smuggled"))
        behind = POST + f"Content-Length: {len(hidden.encode())}\r\n\r\n" + hidden
        for name, request, statuses in SMUGGLING:
            with self.subTest(name):
                self.assertIn(self.ask(request + behind), statuses)
        stored = [e["workload"] for e in agent.client().pages()]
        self.assertNotIn("smuggled", stored)
        self.still_good()


class Tls(Limits):
    TLS = True
    AUTH = "optional"

    def failures(self):
        return self.agent.client().metrics()['tls_handshakes_total{result="failed"}']

    def test_handshakes_that_stall(self):
        agent = self.start("  header_timeout: 5s\n")
        good = GoodClients(agent)
        idle = good.p99(400)
        before = self.failures()
        with Peak(agent) as peak:
            slow = Slow(self.raw, [b"\x16\x03\x01\x40\x00\x01\x00\x3f\xfc\x03\x03", b"\x16"])
            self.addCleanup(slow.stop)
            busy = good.p99(400)
            kit.eventually(lambda: self.failures() >= before + MANY, 60)
        print(f"\n{MANY} half-open handshakes: good clients' p99 {busy * 1000:.1f} ms, idle "
              f"{idle * 1000:.1f} ms; memory +{peak.growth / MIB:.1f} MiB")
        self.assertLessEqual(busy, max(2 * idle, SLACK))
        self.assertLessEqual(peak.growth, 16 * MIB + MANY * 64 * 1024)
        self.still_good()

    def test_idle_connections_are_small(self):
        agent = self.start()
        agent.client().get("/health")
        before = rss(agent)
        connections = [self.connect() for _ in range(MANY)]
        for connection in connections:
            connection.sendall(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
            self.assertEqual(read_status(connection), 200)
        each = (rss(agent) - before) / MANY
        print(f"\n{MANY} idle TLS connections: {each / 1024:.1f} KiB each")
        self.assertLessEqual(each, 64 * 1024)

    def test_what_is_no_handshake(self):
        self.start()
        for garbage in (b"\xff" * 70_000, b"SSH-2.0-x\r\n", b"\x16\x03\x01\xff\xff" + b"\0" * 70_000,
                        b"\x80\x2e\x01\x00\x02" + b"\0" * 64, b"\0" * 4096):
            connection = self.raw()
            with contextlib.suppress(ConnectionError):
                connection.sendall(garbage)
            self.assertEqual(read_status(connection), 0)
        for request in ("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", POST + "Content-Length: 2\r\n\r\n{}"):
            connection = self.raw()
            connection.sendall(request.encode())
            self.assertEqual(read_status(connection), 400)
        self.assertEqual(self.agent.client().metrics()
                         ['tls_handshakes_total{result="plain_http"}'], 2)
        self.still_good()

    def s_client(self, *arguments, commands=""):
        done = subprocess.run(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{self.agent.port}", "-CAfile",
             self.pki.path("ca.pem"), *arguments], input=commands, capture_output=True, text=True,
            timeout=60, check=False)
        return done.returncode, done.stdout + done.stderr

    def test_old_versions_and_renegotiation(self):
        self.start()
        for version in ("-tls1", "-tls1_1"):
            code, said = self.s_client(version, "-cipher", "ALL:@SECLEVEL=0")
            self.assertNotEqual(code, 0, said)
            self.assertIn("Cipher is (NONE)", said)
        code, said = self.s_client("-tls1_2")
        self.assertEqual(code, 0, said)
        self.assertIn("Compression: NONE", said)
        code, said = self.s_client("-tls1_2", commands="R\n")
        self.assertIn("no renegotiation", said)
        self.still_good()

    def test_client_certificates(self):
        self.start()
        self.pki.expired("expired")
        self.pki.make("stranger", "/CN=stranger")
        for name, key in (("expired", "client"), ("stranger", "stranger")):
            self.agent.context = self.pki.context(name, key)
            with self.assertRaises((OSError, http.client.HTTPException), msg=name):
                self.agent.client().get("/health/live")
        self.agent.context = self.pki.context()
        self.assertEqual(self.agent.client().get("/health/live").status, 200)


class Certificates(Limits):
    """Client certificates that grant roles, and a pair that is exchanged under load."""

    TLS = True
    AUTH = "required"

    def test_a_certificate_stands_in_for_a_token(self):
        self.start("  tokens:\n    - {name: reader, token: reader-token-00001, roles: [read]}\n")
        client = self.agent.client()
        self.assertEqual(client.post("/events", kit.event("w")).status, 401)
        self.agent.configure(self.config_text() + "    client_roles: [ingest]\n")
        self.agent.process.signal(signal.SIGHUP)
        kit.eventually(lambda: client.post("/events", kit.event("w")).status == 202)
        self.assertEqual(client.get("/events").status, 401)
        reader = kit.Client(self.agent.port, "reader-token-00001", context=self.agent.context)
        self.assertEqual(reader.get("/events").status, 200)
        self.assertEqual(reader.post("/events", kit.event("w")).status, 202)
        self.agent.context = self.pki.context()
        with self.assertRaises((OSError, http.client.HTTPException)):
            self.agent.client().get("/health/live")

    def config_text(self):
        with open(self.agent.config_file, encoding="utf-8") as file:
            return file.read()

    def test_pairs_are_exchanged_under_load(self):
        agent = self.start()
        load = kit.Load(agent, rate=200, threads=2)
        self.addCleanup(load.stop)
        watcher = agent.client()
        count = 0
        for number in range(20 if kit.SOAK else 3):
            self.pki.sign(f"next{number}", "-addext", "subjectAltName=IP:127.0.0.1")
            for suffix in (".key", ".pem"):
                os.replace(self.pki.path(f"next{number}") + suffix,
                           self.pki.path("server") + suffix)
            count += 1
            kit.eventually(lambda count=count: agent.log_text().count("is in force, valid") >= count)
            self.assertEqual(agent.client().get("/health/live").status, 200)
        with open(self.pki.path("server.pem"), "w", encoding="ascii") as file:
            file.write("half a certificate")
        kit.eventually(lambda: watcher.json("/health")["components"]["tls"]["last_error"])
        health = watcher.json("/health")
        self.assertEqual((health["status"], health["components"]["tls"]["status"]),
                         ("degraded", "degraded"))
        self.assertEqual(health["components"]["tls"]["days_left"], 29)
        self.assertEqual(watcher.metrics()["tls_certificate_current"], 0)
        self.assertGreater(watcher.metrics()["tls_certificate_expiry_seconds"], 29 * 86400)
        self.assertEqual(agent.log_text().count("the changed files are not used"), 1)
        self.assertEqual(agent.client().get("/health/live").status, 200)
        load.stop()
        self.assertEqual(set(load.answers), {202})
        kit.compare(self, load, agent.client())

    def test_check_names_the_place(self):
        self.start()
        good = self.config_text()
        for old, new, place, words in (
                ("server.key", "client.key", r":\d+:10", "not the key of the certificate in"),
                ("server.pem", "nothing.pem", r":\d+:18", "cannot be read: No such file"),
                ("ca.pem", "ca.key", r":\d+:16", "no usable PEM certificates")):
            self.agent.configure(good.replace(old, new))
            code, said = kit.run("check", "--config", self.agent.config_file)
            self.assertEqual(code, 78, said)
            self.assertRegex(said, re.escape(self.agent.config_file) + place + ": error: http.tls")
            self.assertIn(words, said)

    def test_commands_trust_the_given_authority(self):
        self.AUTH = "none"
        self.start()
        url = f"https://127.0.0.1:{self.agent.port}"
        code, said = kit.run("demo", "--url", url, "--count", "20", "--rate", "1000")
        self.assertEqual(code, 1, said)
        code, said = kit.run("demo", "--url", url, "--count", "20", "--rate", "1000", "--ca",
                             self.pki.path("ca.pem"))
        self.assertEqual(code, 0, said)
        self.assertEqual(len(list(self.agent.client().pages())), 20)


# The cases of Limits run once plain and once over TLS.
for name in [name for name in dir(Limits) if name.startswith("test_")]:
    setattr(Certificates, name, None)


if __name__ == "__main__":
    kit.main()
