"""Agents that forward to agents: what is posted at a node is once at the cluster's agent, as the same
event, whoever is killed; circles come to rest; a wrong role is held and said."""

import gzip
import json
import random
import socket
import threading
import time
import unittest

import kit
from pki import Pki

KILLS = 40 if kit.SOAK else 6
TOKEN = "forward-secret-0123456789"
SAME = ("id", "time", "type", "source", "workload", "cluster", "severity", "collector", "agent",
        "fields", "body")


def agent_config(name, upstreams=(), token=TOKEN, more="", **options):
    """One that takes events from anyone on this machine, and forwarded ones with the token."""
    config = (f"agent: {{name: {name}}}\nhttp:\n  anonymous_roles: [ingest, read]\n  tokens:\n"
              f"    - {{name: nodes, token: {TOKEN}, roles: [forward]}}\n"
              f"    - {{name: publisher, token: ingest-secret-0123456789, roles: [ingest]}}\n{more}")
    if upstreams:
        urls = ", ".join(f"http://127.0.0.1:{agent.port}" for agent in upstreams)
        options = {"type": "forward", "upstreams": f"[{urls}]", "token": token,
                   "batch_wait": "50ms", "backoff_max": "500ms", "hold_interval": "300ms",
                   "timeout_ms": 5000, "connect_timeout_ms": 1000, **options}
        config += "exporters:\n  up:\n" + "".join(f"    {k}: {v}\n" for k, v in options.items())
    return config


def posted(path, body, token=TOKEN, coding=None):
    headers = {"Content-Type": "application/x-ndjson", "Authorization": "Bearer " + token}
    if coding:
        headers["Content-Encoding"] = coding
    return "POST", path, body, headers


class Relay:
    """Passes connections on to a port and keeps what clients send."""

    def __init__(self, test, target):
        self.target, self.seen = target, b""
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        test.addCleanup(lambda: self.listener.shutdown(socket.SHUT_RDWR))
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        try:
            while True:
                client = self.listener.accept()[0]
                agent = socket.create_connection(("127.0.0.1", self.target))
                threading.Thread(target=self.copy, args=(client, agent, True), daemon=True).start()
                threading.Thread(target=self.copy, args=(agent, client, False), daemon=True).start()
        except OSError:
            self.listener.close()

    def copy(self, source, target, keep):
        try:
            while data := source.recv(65536):
                if keep:
                    self.seen += data
                target.sendall(data)
        except OSError:
            pass
        finally:
            target.close()


class Forward(unittest.TestCase):
    def agents(self, *names):
        return [kit.Agent(self, agent_config(name)) for name in names]

    def events(self, agent):
        return {event["id"]: event for event in agent.client().pages()}

    def arrived(self, agent, count, seconds=30):
        client = agent.client()
        kit.eventually(lambda: client.json("/health")["components"]["journal"]["head"] >= count,
                       seconds)
        return self.events(agent)

    def settled(self, agent, seconds=60):
        return kit.eventually(lambda: (h := agent.exporter(agent.client(), "up"))["lag_events"] == 0
                              and h, seconds)

    def same(self, here, there):
        self.assertEqual(set(here), set(there))
        for id_, event in here.items():
            self.assertEqual({
k: event[k] for k in SAME}, {
k: there[id_][k] for k in SAME})

    def test_the_same_events_at_the_cluster(self):
        cluster, node = self.agents("cluster", "node")
        node.configure(agent_config("node", [cluster]))
        cluster.start()
        node.start()
        client = node.client()
        hostile = ['\\u0000x', "\u2028\u2029", 'quote " and \\ and /', "\x7f\x1f".replace("\x1f", ""),
                   "=cmd|' /C calc'!A0", "\U0001f600", "𝒳" * 50, "</script>", "%s%n"]
        for number, text in enumerate(hostile):
            body = kit.event(f"w-{number}", text=text, big=2**63 - 1, real=1.0e-7)
            self.assertEqual(client.post("/events", body).status, 202, text)
#A key, no time at all, a type outside the catalogue, a time without zone, other spacing.
        key = {"Idempotency-Key": "k-1"}
        for body, headers in ((kit.event("keyed"), key), ({"event_type": "made_up", "a": [1, {}]}, {}),
                              ({**kit.event("zone"), "timestamp": "2026-11-28T10:00:00"}, {}),
                              ({"event_type": "made_up", "message": '{"event_type":"inner"}'}, {}),
                              (b'{ "event_type" : "made_up",\n "n" : 1.50, "n2":1e2 }', {}),
                              ({**kit.event("own id"), "event_id": "e-1"}, {})):
            self.assertEqual(client.post("/events", body, headers).status, 202)
        here = self.events(node)
        self.assertEqual(len(here), len(hostile) + 6)
        there = self.arrived(cluster, len(here))
        self.same(here, there)
        self.assertEqual({tuple(e["via"]) for e in there.values()}, {("node",)})
        self.assertEqual({e["agent"] for e in there.values()}, {"node"})
        self.assertFalse(any("via" in e for e in here.values()))
#Byte by byte, not only as JSON.
        raw = {e: client.get(f"/events/id/{e}").body for e in here}
        for id_, text in raw.items():
            other = cluster.client().get(f"/events/id/{id_}").body
            self.assertEqual(text[text.index(b'"body":'):], other[other.index(b'"body":'):])
        forward = cluster.client().json("/health")["components"]["forward"]
        self.assertEqual((forward["received"], forward["stored"], forward["rejected"]),
                         (len(here), len(here), 0))
        own = self.settled(node)
        self.assertEqual((own["loops"], own["failovers"], own["upstream"]), (0, 0, 1))
        self.assertEqual(own["delivered"], len(here))

    def test_what_reached_two_nodes_is_once_at_the_cluster(self):
        cluster, left, right = self.agents("cluster", "left", "right")
        cluster.start()
        for name, node in (("left", left), ("right", right)):
            node.configure(agent_config(name, [cluster]))
            node.start()
        same, timeless = kit.event("same"), {"event_type": "made_up", "n": 1}
        key = {"Idempotency-Key": "k-1"}
        for node in (left, right):
            self.assertEqual(node.client().post("/events", same).status, 202)
            self.assertEqual(node.client().post("/events", timeless, key).status, 202)
            self.settled(node)
        there = self.events(cluster)
        self.assertEqual(sorted(e["type"] for e in there.values()), ["made_up", "scheduling_decision"])
        self.assertEqual(cluster.client().json("/health")["components"]["forward"]["duplicates"], 2)

    def test_whoever_is_killed_each_event_is_there_once(self):
        cluster, node = self.agents("cluster", "node")
        node.configure(agent_config("node", [cluster], required="true"))
        cluster.start()
        node.start()
        load = kit.Load(node, rate=500)
        self.addCleanup(load.stop)
        rng = random.Random(5)
        for number in range(KILLS):
            before = load.acknowledged()
            kit.eventually(lambda before=before: load.acknowledged() > before + 150, 60)
            victim = (cluster, node)[number % 2]
            victim.kill()
            time.sleep(rng.uniform(0.0, 0.3))
            victim.start()
        load.stop()
        self.settled(node)
        here = kit.compare(self, load, node.client())
        there = self.events(cluster)
        self.same(self.events(node), there)
        self.assertGreater(len(there), 150 * KILLS)
        again = cluster.client().metrics()['collector_duplicate_events_total{collector="forward"}']
        print(f"{len(here)} events, {KILLS} kills; {again:.0f} arrived again since the last start")
        kit.eventually(lambda: cluster.client().json("/health")["components"]["audit"]
                       ["sealed_events"] == len(there))
        self.assertEqual(cluster.stop(), 0)
        code, said = kit.run("audit", "verify", "--data-dir", cluster.data_dir)
        self.assertEqual(code, 0, said)
        self.assertEqual(cluster.check_journal()[0], 0)

    def test_failover_and_back(self):
        first, second, node = self.agents("first", "second", "node")
        node.configure(agent_config("node", [first, second], failback="2s"))
        for agent in (first, second, node):
            agent.start()
        client = node.client()

        def post(names):
            self.assertEqual(client.post("/events", [kit.event(n) for n in names]).status, 202)

        post(["a-1", "a-2"])
        self.arrived(first, 2)
        first.kill()
        begin = time.monotonic()
        post(["b-1", "b-2"])
        self.arrived(second, 2)
        print(f"failed over in {time.monotonic() - begin:.2f} s")
        own = node.exporter(client, "up")
        self.assertEqual((own["upstream"], own["status"]), (2, "healthy"))
        self.assertGreaterEqual(own["failovers"], 1)
        first.start()
        time.sleep(2.1)
        post(["c-1"])
        self.arrived(first, 3)
        self.assertEqual(node.exporter(client, "up")["upstream"], 1)
        stored = [e["workload"] for agent in (first, second) for e in self.events(agent).values()]
        self.assertEqual(sorted(stored), ["a-1", "a-2", "b-1", "b-2", "c-1"])

    def test_circles_come_to_rest(self):
        for size in (2, 3):
            with self.subTest(agents=size):
                ring = self.agents(*"abc"[:size])
                for at, agent in enumerate(ring):
                    agent.configure(agent_config("abc"[at], [ring[(at + 1) % size]]))
                    agent.start()
                self.assertEqual(ring[0].client().post(
                    "/events", [kit.event(f"w-{n}") for n in range(50)]).status, 202)
                first = self.events(ring[0])
                for at, agent in enumerate(ring):
                    there = self.arrived(agent, 50)
                    self.same(first, there)
                    via = list("abc"[:at])
                    self.assertEqual({tuple(e.get("via", [])) for e in there.values()}, {tuple(via)})
                last = kit.eventually(lambda: (h := ring[-1].exporter(
                    ring[-1].client(), "up"))["loops"] == 50 and h["lag_events"] == 0 and h)
                self.assertEqual((last["dead_lettered"], last["status"]), (0, "healthy"))
                self.assertIn("forward in a circle", ring[-1].log_text())
                time.sleep(0.6)  # twelve times batch_wait: nothing goes round any more
                for agent in ring:
                    components = agent.client().json("/health")["components"]
                    self.assertEqual(components["journal"]["dead_letters"], 0)
                    self.assertEqual(components["forward"]["received"], 50)
                    self.assertEqual(components["exporter:up"]["delivered"], 50)
                forward = ring[0].client().json("/health")["components"]["forward"]
                self.assertEqual((forward["loops"], forward["stored"]), (50, 0))
                for agent in ring:
                    agent.kill()

    def held(self, node, hint):
        return kit.eventually(lambda: (h := node.exporter(node.client(), "up"))["phase"] == "holding"
                              and hint in (h["last_error"] or "") and h)

    def test_a_wrong_role_or_upstream_is_held_and_said(self):
        cluster, node = self.agents("cluster", "node")
        cluster.start()
        node.configure(agent_config("node", [cluster], token="ingest-secret-0123456789"))
        node.start()
        self.assertEqual(node.client().post("/events", kit.event("w")).status, 202)
        self.held(node, "403 the token has not the role `forward`")
        self.assertEqual(node.client().json("/health")["status"], "degraded")
        class Old:  # a path that no agent has is what an older version is to /forward
            port = f"{cluster.port}/older"

        for token, upstream, hint in ((TOKEN, Old, "older version"), ("nobody-knows-0123456789", cluster, "401"),
                                      (TOKEN, node, "called `node` like this agent")):
            node.configure(agent_config("node", [upstream], token=token))
            node.process.signal(1)
            self.held(node, hint)
            self.assertNotIn(token, node.log_text() + node.client().json("/health").__repr__())
        node.configure(agent_config("node", [cluster]))
        node.process.signal(1)
        self.arrived(cluster, 1)
        self.assertEqual(node.exporter(node.client(), "up")["dead_lettered"], 0)

    def test_over_tls_with_a_certificate_instead_of_a_token(self):
        cluster, node = self.agents("cluster", "node")
        pki = Pki(cluster.directory)
        cluster.configure(
            "agent: {name: cluster}\nhttp:\n  tokens: [{name: r, token: reads-everything-1, roles: "
            "[read]}]\n  tls: {client_auth: optional, client_roles: [forward], "
            f"certificate: {pki.path('server.pem')}, key: {pki.path('server.key')}, "
            f"client_ca: {pki.path('ca.pem')}}}\n")
        cluster.context, cluster.token = pki.context(), "reads-everything-1"
        cluster.start()
        # Without a name of its own an agent goes by its host's.
        config = agent_config("node", [cluster], token='""', ca_file=pki.path("ca.pem"))
        config = config.replace("http://127", "https://127").replace("agent: {name: node}\n", "")
        node.configure(config)
        node.start()
        self.assertEqual(node.client().post("/events", kit.event("w")).status, 202)
        self.held(node, "401")
        node.configure(config + f"    certificate_file: {pki.path('client.pem')}\n"
                       f"    key_file: {pki.path('client.key')}\n")
        node.process.signal(1)
        there = self.arrived(cluster, 1)
        self.assertEqual([e["via"] for e in there.values()], [[socket.gethostname()]])
        node.configure(config.replace(pki.path("ca.pem"), pki.path("client.pem")))
        node.process.signal(1)
        node.client().post("/events", kit.event("w2"))
        self.held(node, "certificate")

    def test_compressed_and_slowed_down_by_quota_and_size(self):
        cluster, node = self.agents("cluster", "node")
        quota = f"    - {{name: slow, token: slow-{TOKEN}, roles: [forward], max_events_per_s: 100, " \
                "burst_events: 100}\n"
        cluster.configure(agent_config("cluster", more=quota + "  max_body_bytes: 64KiB\n"))
        cluster.start()
        relay = Relay(self, cluster.port)
        node.configure(agent_config("node", [relay], token="slow-" + TOKEN))
        node.start()
        for start in range(0, 300, 100):
            node.client().post("/events", [kit.event(f"w-{n}", text="x" * 500)
                                           for n in range(start, start + 100)])
        begin = time.monotonic()
        own = self.settled(node)
        self.assertEqual((own["delivered"], own["dead_lettered"]), (300, 0))
        self.same(self.events(node), self.events(cluster))
        self.assertGreater(time.monotonic() - begin, 1)
        metrics = cluster.client().metrics()
        self.assertGreater(metrics['publisher_throttled_requests_total{publisher="slow"}'], 0)
        self.assertGreater(
            metrics['collector_refused_requests_total{collector="webhook",reason="too_large"}'], 0)
        self.assertIn(b"Content-Encoding: gzip", relay.seen)
        self.assertNotIn(b"x" * 100, relay.seen)
        payload = node.client().metrics()['exporter_sent_bytes_total{exporter="up"}']
        print(f"{payload:.0f} bytes of payload as {len(relay.seen)} on the wire")
        self.assertLess(len(relay.seen) * 4, payload)

    def test_hostile_senders_are_refused_at_their_place(self):
        cluster, = self.agents("cluster")
        cluster.start()
        client = cluster.client()
        self.assertEqual(client.request(*posted("/forward", b"", coding="gzip")).status, 200)
        cut = gzip.compress(b'{"id":"x"}' * 1000)[:-20]
        self.assertEqual(client.request(*posted("/forward", cut, coding="gzip")).status, 400)
        long = b'{"id":"' + b"x" * (2 << 20) + b'"}\n'
        self.assertEqual(client.request(*posted("/forward", long)).status, 422)
        bomb = gzip.compress(b" " * (64 << 20))
        self.assertEqual(client.request(*posted("/forward", bomb, coding="gzip")).status, 413)
        for token, path, status in ((TOKEN, "/events", 403), ("ingest-secret-0123456789", "/forward",
                                                              403), ("", "/forward", 401)):
            self.assertEqual(client.request(*posted(path, b"{}\n", token)).status, status)
        self.assertEqual(client.request("GET", "/events", None, {"Authorization": "Bearer " + TOKEN})
                         .status, 403)
        self.assertEqual(client.request("POST", "/forward", b"").status, 401)
        self.assertEqual(client.json("/health")["components"]["journal"]["head"], 0)


if __name__ == "__main__":
    kit.main()
