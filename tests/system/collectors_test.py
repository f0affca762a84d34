"""Collectors side by side in one agent: one that fails takes no other with it, an admin pauses and
resumes them, a reload leaves alone what did not change."""

import json
import os
import signal
import socket
import socketserver
import threading
import unittest

import kit

# Nothing listens on port 9; the journal's directory is the agent's own.
CONFIG = """collectors:
  nowhere:
    type: redis
    addresses: ["127.0.0.1:9"]
    backoff_initial: 10ms
    backoff_max: 50ms
  files:
    type: file
    paths: ["{directory}/logs/*.jsonl"]
"""
IN_FORCE = "the new configuration is in force"


class Collectors(unittest.TestCase):
    def setUp(self):
        self.agent = kit.Agent(self)
        self.logs = os.path.join(self.agent.directory, "logs")
        os.mkdir(self.logs)
        self.agent.configure(CONFIG.format(directory=self.agent.directory))
        self.agent.start()
        self.client = self.agent.client()

    def append(self, *workloads, file="a.jsonl"):
        with open(os.path.join(self.logs, file), "a", encoding="utf-8") as out:
            for workload in workloads:
                out.write(json.dumps(kit.event(workload)) + "\n")

    def stored(self):
        return {event["workload"]: event["collector"] for event in self.client.pages()}

    def has(self, *workloads):
        kit.eventually(lambda: set(workloads) <= set(self.stored()))

    def component(self, name):
        return self.client.json("/health")["components"]["collector:" + name]

    def reload(self, config):
        count = self.agent.log_text().count(IN_FORCE)
        self.agent.configure(config)
        self.agent.process.signal(signal.SIGHUP)
        kit.eventually(lambda: self.agent.log_text().count(IN_FORCE) > count)

    def test_types_of_names_are_checked_with_the_file(self):
        path = os.path.join(self.agent.directory, "types.yaml")
        with open(path, "w", encoding="utf-8") as out:
            out.write("""collectors:
  a: {type: redis, channel_types: {c: shceduling}}
  b: {type: kafka, topics: t, topic_types: {t: alert_transition}}
  c:
    type: file
    paths: /x
    path_types: {"*.log": nothing}
""")
        code, said = kit.run("check", "--config", path)
        self.assertEqual(code, 78)
        self.assertIn("types.yaml:2:20: error: collectors.a.channel_types: 'shceduling' of 'c' is "
                      "no event type (did you mean 'scheduling'?)", said)
        self.assertIn("collectors.b.topic_types: 'alert_transition' of 't' is reserved for the "
                      "agent itself", said)
        self.assertIn("types.yaml:7:5: error: collectors.c.path_types: 'nothing' of '*.log' is "
                      "no event type; there are", said)

    def test_a_server_of_another_protocol_is_said(self):
        class Web(socketserver.BaseRequestHandler):
            def handle(self):
                self.request.recv(4096)
                self.request.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")

        server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Web)
        self.addCleanup(server.server_close)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.shutdown)
        port = server.server_address[1]
        self.reload(CONFIG.format(directory=self.agent.directory).replace(
            "127.0.0.1:9\"", f"127.0.0.1:{port}\""))
        kit.eventually(lambda: "Protocol error" in (self.component("nowhere")["last_error"] or ""))
        self.append("w-1")
        self.has("w-1")

    def test_one_that_fails_takes_no_other_with_it(self):
        kit.eventually(lambda: self.component("nowhere")["restarts"] >= 3)
        self.append("w-1")
        self.has("w-1")
        self.assertEqual(self.stored(), {"w-1": "files"})
        nowhere = self.component("nowhere")
        self.assertEqual(nowhere["status"], "degraded")
        self.assertIn("127.0.0.1:9", nowhere["last_error"])
        self.assertEqual(self.component("files")["status"], "healthy")
        self.assertEqual(self.client.get("/health").status, 200)
        self.assertEqual(self.client.get("/health/ready").status, 200)
        warnings = self.agent.log_text().count("nowhere")
        self.assertLessEqual(warnings, 10, "a failure that repeats floods the log")

    def test_paused_and_resumed(self):
        self.append("w-1")
        self.has("w-1")
        answer = self.client.post("/collectors/files/pause", b"")
        self.assertEqual((answer.status, json.loads(answer.body)["phase"]), (200, "paused"))
        self.append("w-2")
        self.append("w-3", file="b.jsonl")
        url = f"http://127.0.0.1:{self.agent.port}"
        code, table = kit.run("collectors", "ls", "--url", url)
        self.assertEqual(code, 0, table)
        self.assertRegex(table, r"(?m)^files +file +paused ")
        self.assertRegex(table, r"(?m)^nowhere +redis +(retrying|running) ")
        self.client.post("/events", kit.event("by-webhook"))
        self.assertEqual(set(self.stored()), {"w-1", "by-webhook"})
        code, output = kit.run("collectors", "resume", "files", "--url", url)
        self.assertEqual((code, output.split()), (0, ["files:", "running"]))
        self.has("w-1", "w-2", "w-3")
        self.assertEqual(self.component("files")["duplicates"], 0)

        # One that waits for its next try is paused too, and one of no such name is refused.
        self.assertEqual(self.client.post("/collectors/nowhere/pause", b"").status, 200)
        tries = self.component("nowhere")["restarts"]
        code, output = kit.run("collectors", "pause", "none", "--url", url)
        self.assertEqual(code, 1)
        self.assertIn("there is no collector `none`", output)
        self.assertEqual(self.component("nowhere")["restarts"], tries)

    def test_a_reload_leaves_alone_what_did_not_change(self):
        # A listener that accepts and never answers tells how often it was called.
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        listener.settimeout(20)
        subscription = f"""collectors:
  bus: {{type: redis, addresses: ["127.0.0.1:{listener.getsockname()[1]}"], timeout: 60s}}
"""
        self.reload(subscription)
        self.assertNotIn("collector:files", self.client.json("/health")["components"])
        connection, _ = listener.accept()
        self.addCleanup(connection.close)
        self.reload(subscription + "exporters: {}\nlog: {level: debug}\n")
        listener.settimeout(0.5)
        with self.assertRaises(TimeoutError):
            listener.accept()
        # What it decodes with changed: it starts anew.
        listener.settimeout(20)
        self.reload(subscription + "intake: {max_event_bytes: 2MiB}\n")
        again, _ = listener.accept()
        again.close()

    def test_counters_and_pauses_outlive_a_reload(self):
        self.append("w-1")
        self.has("w-1")
        self.client.post("/collectors/files/pause", b"")
        self.reload(CONFIG.format(directory=self.agent.directory)
                    + "intake: {max_event_bytes: 2MiB}\n")
        self.assertEqual(self.component("files")["stored"], 1)
        self.assertEqual(self.component("files")["phase"], "paused")
        self.append("w-2")
        self.client.post("/collectors/files/resume", b"")
        self.has("w-2")

    def test_stops_with_the_agent(self):
        self.append(*[f"w-{n}" for n in range(2000)])
        self.assertEqual(self.agent.stop(), 0)
        self.agent.start()
        self.has(*[f"w-{n}" for n in range(2000)])
        self.assertEqual(len(list(self.client.pages())), 2000)


if __name__ == "__main__":
    kit.main()
