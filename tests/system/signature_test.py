"""Row 16: wrong, old, future, replayed and rotated signatures and tokens against the built agent."""

import base64
import hashlib
import hmac
import json
import os
import secrets
import time
import unittest

import kit

READER = "reader-token-" + secrets.token_hex(8)


def new_secret():
    return "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()


def sign(secret, message, body, seconds_ago=0):
    """The header fields of https://www.standardwebhooks.com, without any of our code."""
    stamp = str(int(time.time()) - seconds_ago)
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.new(key, f"{message}.{stamp}.".encode() + body, hashlib.sha256).digest()
    return {"webhook-id": message, "webhook-timestamp": stamp,
            "webhook-signature": "v1," + base64.b64encode(digest).decode()}


def sign_github(secret, body):
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {"X-Hub-Signature-256": "sha256=" + digest}


class Signatures(unittest.TestCase):
    def setUp(self):
        self.first, self.second = new_secret(), new_secret()
        self.hub = secrets.token_hex(20)
        self.tokens = ["file-token-" + secrets.token_hex(8) for _ in range(2)]
        self.agent = kit.Agent(self, token=READER)
        self.bodies = []  # of every answer without a 2xx
        self.secrets_file = self.write("secrets", self.first)
        self.token_file = self.write("tokens", self.tokens[0])
        self.agent.configure(f"""http:
  tokens:
    - {{name: reader, token: {READER}, roles: [admin]}}
    - {{name: publisher, token_file: {self.token_file}, roles: [ingest]}}
  signatures:
    - {{name: billing, scheme: standard_webhooks, secrets_file: {self.secrets_file}}}
    - {{name: forge, scheme: github, secrets: [{self.hub}]}}
""")
        self.agent.start()
        self.reader = self.agent.client()

    def write(self, name, *lines):
        """As a Kubernetes Secret changes: the name becomes another file."""
        path = os.path.join(self.agent.directory, name)
        with open(path + ".new", "w", encoding="utf-8") as file:
            file.write("".join(line + "\n" for line in lines))
        os.replace(path + ".new", path)
        return path

    def post(self, body, fields, token=None):
        answer = kit.Client(self.agent.port, token).post("/events", body, fields)
        if answer.status >= 300:
            self.bodies.append(answer.body.decode() + str(answer.headers))
        return answer

    def signed(self, secret, number, **options):
        body = json.dumps(kit.event(f"w-{number}")).encode()
        return self.post(body, sign(secret, f"msg_{number}", body, **options))

    def status(self, secret, number):
        return self.signed(secret, number).status

    def refused(self, reason):
        return self.reader.metrics()['signature_failures_total{reason="%s"}' % reason]

    def stored(self):
        return self.reader.metrics()["journal_committed_events_total"]

    def tearDown(self):
        texts = [self.agent.log_text(), self.reader.get("/metrics").body.decode(),
                 self.reader.get("/config").body.decode(), self.reader.get("/health").body.decode(),
                 *self.bodies]
        for secret in (self.first, self.second, self.hub, READER, *self.tokens):
            for text in texts:
                self.assertNotIn(secret, text)
                self.assertNotIn(secret.removeprefix("whsec_")[:20], text)
        self.agent.stop()

    def test_refusals(self):
        body = json.dumps(kit.event("w")).encode()
        good = sign(self.first, "msg_1", body)
        for reason, answer in (
                ("wrong", self.post(body, sign(self.second, "msg_1", body))),
                ("wrong", self.post(body + b" ", good)),
                ("wrong", self.post(body, {**good, "webhook-id": "msg_2"})),
                ("wrong", self.post(body, sign_github(self.first, body))),
                ("too_old", self.signed(self.first, 1, seconds_ago=310)),
                ("future", self.signed(self.first, 1, seconds_ago=-310)),
                ("malformed", self.post(body, {**good, "webhook-timestamp": "now"})),
                ("malformed", self.post(body, {**good, "webhook-signature": "v1,"})),
                ("malformed", self.post(body, {"X-Hub-Signature-256": "sha1=00"})),
                (None, self.post(body, {"webhook-id": "msg_1"})),
                (None, self.post(body, {}, "unknown-token-" + secrets.token_hex(8)))):
            self.assertEqual(answer.status, 401, reason)
            self.assertEqual(answer.headers["Content-Type"], "application/problem+json")
            self.assertEqual(json.loads(answer.body)["status"], 401)
            self.assertIn("WWW-Authenticate", answer.headers)
        counts = {r: self.refused(r) for r in ("wrong", "too_old", "future", "malformed")}
        self.assertEqual(counts, {"wrong": 4, "too_old": 1, "future": 1, "malformed": 3})
        self.assertEqual(self.stored(), 0)
        self.assertEqual(self.post(body, good).status, 202)
        self.assertEqual(self.signed(self.first, 2, seconds_ago=280).status, 202)
        self.assertEqual(self.signed(self.first, 3, seconds_ago=-280).status, 202)
        self.assertEqual(self.post(body, sign_github(self.hub, body)).status, 202)

    def test_a_replay_is_a_duplicate(self):
        timeless = b'{"workload_id": "w", "selected_cluster": "c", "event_type": "scheduling_decision"}'
        for body, fields in ((timeless, sign(self.first, "msg_1", timeless)),
                             (b" " + timeless, sign_github(self.hub, b" " + timeless))):
            first = json.loads(self.post(body, fields).body)
            self.assertEqual((first["accepted"], first["duplicates"]), (1, 0))
            for more in ({}, {"Idempotency-Key": "another"}, {"X-Request-Id": "9"}):
                again = json.loads(self.post(body, {**more, **fields}).body)
                self.assertEqual((again["accepted"], again["duplicates"]), (0, 1))
                self.assertEqual(again["ids"], first["ids"])
        self.assertEqual(self.stored(), 2)

    def test_rotation_of_secrets(self):
        numbers = iter(range(1000))

        def becomes(secret, status):
            kit.eventually(lambda: self.status(secret, next(numbers)) == status, 15, 0.1)

        self.assertEqual((self.status(self.first, 500), self.status(self.second, 500)), (202, 401))
        self.write("secrets", self.first, self.second)
        becomes(self.second, 202)
        self.assertEqual(self.status(self.first, 501), 202)
        self.write("secrets", self.second)
        becomes(self.first, 401)
        self.assertEqual(self.status(self.second, 502), 202)

    def test_rotation_of_tokens(self):
        def statuses():
            return [self.post(kit.event("w"), {}, token).status for token in self.tokens]

        self.assertEqual(statuses(), [202, 401])
        self.write("tokens", *self.tokens)
        kit.eventually(lambda: statuses() == [202, 202], 15, 0.1)
        self.write("tokens", self.tokens[1])
        kit.eventually(lambda: statuses() == [401, 202], 15, 0.1)

    def test_a_bad_file_keeps_the_last_good_one(self):
        def files():
            return self.reader.json("/health")["components"]["credential_files"]

        self.write("tokens", "tooshort")
        kit.eventually(lambda: files()["status"] == "degraded", 15, 0.1)
        os.remove(self.secrets_file)
        kit.eventually(lambda: files()["bad"] == 2, 15, 0.1)
        self.assertEqual(self.post(kit.event("w"), {}, self.tokens[0]).status, 202)
        self.assertEqual(self.status(self.first, 1), 202)
        self.assertEqual(self.reader.json("/health")["status"], "degraded")
        self.assertNotIn("last_error", json.dumps(kit.Client(self.agent.port).json("/health")))
        log = self.agent.log_text()
        self.assertEqual(log.count("line 1 must have at least 16 characters"), 1)
        self.assertNotIn("tooshort", log)
        self.write("tokens", self.tokens[0])
        self.write("secrets", self.first)
        kit.eventually(lambda: files()["status"] == "healthy", 15, 0.1)
        self.assertEqual(self.reader.metrics()['credential_file_reloads_total{result="failed"}'], 2)


class Quotas(unittest.TestCase):
    def test_a_retry_after_the_wait_succeeds(self):
        token = secrets.token_hex(16)
        agent = kit.Agent(self, f"""http:
  tokens: [{{name: p, token: {token}, roles: [ingest], max_events_per_s: 10, burst_events: 20}}]
""", token=token)
        agent.start()
        client = agent.client()
        batch = [kit.event(f"w-{n}") for n in range(20)]
        self.assertEqual(client.post("/events", batch).status, 202)
        refused = client.post("/events", batch)
        self.assertEqual(refused.status, 429)
        self.assertEqual(json.loads(refused.body)["status"], 429)
        wait = int(refused.headers["Retry-After"])
        self.assertIn(wait, (1, 2))
        time.sleep(wait)  # what Retry-After promises
        self.assertEqual(client.post("/events", batch).status, 202)


class Listener(unittest.TestCase):
    def test_a_reload_does_not_open_a_listener_to_everyone(self):
        token = secrets.token_hex(16)
        agent = kit.Agent(self, f"http: {{tokens: [{{name: p, token: {token}, roles: [read]}}]}}\n",
                          token=token)
        command = agent.command()
        command[command.index("--listen") + 1] = f"0.0.0.0:{agent.port}"
        agent.command = lambda: command
        agent.start()
        nobody = kit.Client(agent.port)
        self.assertEqual(nobody.get("/events").status, 401)
        agent.configure("http: {listen: '127.0.0.1:1'}\n")
        agent.process.signal(1)
        kit.eventually(lambda: "is reachable from other machines" in agent.log_text())
        self.assertEqual(nobody.get("/events").status, 401)

    def test_a_rebound_name_is_refused(self):
        agent = kit.Agent(self)
        agent.start()
        client = agent.client()
        for fields, status in (({"Host": f"localhost:{agent.port}"}, 202), ({}, 202),
                               ({"Host": "rebound.example"}, 403),
                               ({"Origin": "https://evil.example"}, 403)):
            self.assertEqual(client.post("/events", kit.event("w"), fields).status, status, fields)


if __name__ == "__main__":
    kit.main()
