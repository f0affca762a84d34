"""Fluent Bit and Vector as they are: what their http outputs put on the wire for the shipped
configurations and the other formats they have, and the programs themselves where they are installed."""

import gzip
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
import unittest
import zlib

import kit

CONFIGS = os.path.join(kit.HERE, "..", "..", "deployment", "shippers")
JSON, LINES = "application/json", "application/x-ndjson"


def options(name):
    """The `key: value` lines of a shipped configuration, last one wins: enough to see that what is
    replayed here is what it asks for."""
    with open(os.path.join(CONFIGS, name), encoding="utf-8") as file:
        return dict(re.findall(r"^ *(?:- )?(\w+): (.+)$", file.read(), re.MULTILINE))


def line(workload, **more):
    """One line of a module's log file, as its JSON library writes it."""
    return json.dumps({"event_type": "scheduling_decision", "workload_id": workload,
                       "selected_cluster": "gpu-cluster-01", "reason": "최적 \"전력\" 효율성\n",
                       **more}, ensure_ascii=False)


def encode(records, form):
    """Records as the formats of both shippers put them: (Content-Type, body)."""
    texts = [json.dumps(record, ensure_ascii=False, separators=(",", ":")) for record in records]
    if form in ("json", "array"):
        return JSON, "[" + ",".join(texts) + "]"
    if form == "json_stream":
        return JSON, "".join(texts)
    if form == "raw":  # Vector's codec raw_message: the lines themselves
        return "text/plain", "".join(record["message"] + "\n" for record in records)
    return LINES, "".join(text + "\n" for text in texts)


def fluent_bit(lines, date, key="log"):
    return [{"date": date, key: text} for text in lines]


def vector(lines):
    return [{"file": "/var/log/kcloud/scheduler.log", "host": "node-1", "message": text,
             "source_type": "file", "timestamp": "2025-01-15T10:30:01.250123Z"} for text in lines]


class Shippers(unittest.TestCase):
    def setUp(self):
        self.agent = kit.Agent(self)
        self.agent.start()
        self.client = self.agent.client()

    def post(self, records, form, compression=None, path="/events"):
        content_type, text = encode(records, form)
        body, headers = text.encode(), {"Content-Type": content_type, "User-Agent": "Fluent-Bit"}
        if compression == "gzip":
            body = gzip.compress(body)
        elif compression == "deflate":
            body = zlib.compress(body)
        elif compression == "zstd":
            body = subprocess.run(["zstd", "-qc"], input=body, stdout=subprocess.PIPE, check=True).stdout
        if compression:
            headers["Content-Encoding"] = compression
        return self.client.request("POST", path, body, headers)

    def check(self, lines, records, form, compression=None, path="/events"):
        """The records are stored as the lines themselves would be: the same ids, the same bodies."""
        answer = self.post(records, form, compression, path)
        self.assertEqual(answer.status, 202, answer.body)
        told = json.loads(answer.body)
        self.assertEqual(told["rejected"], [])
        self.assertEqual(told["accepted"], len(lines))
        for text, event_id in zip(lines, told["ids"]):
            event = self.client.json(f"/events/id/{event_id}")
            self.assertEqual(event["body"], json.loads(text))
            self.assertEqual(event["fields"]["reason"], "최적 \"전력\" 효율성\n")
        direct = self.client.request("POST", "/events", "\n".join(lines).encode(),
                                     {"Content-Type": LINES})
        self.assertEqual(json.loads(direct.body)["ids"], told["ids"], "posted directly: another id")
        self.assertEqual(json.loads(direct.body)["duplicates"], len(lines))
        again = json.loads(self.post(records, form, compression, path).body)
        self.assertEqual(again["duplicates"], len(lines), "a chunk sent again")

    def test_fluent_bit_formats(self):
        output = options("fluent-bit.yaml")
        self.assertEqual((output["uri"], output["format"], output["compress"]),
                         ("/events", "json_lines", "gzip"))
        number = 0
        for form in ("json_lines", "json", "json_stream"):
            for date in (1736937001.250123, "2025-01-15T10:30:01.250123Z", 1736937001250,
                         "2025-01-15 10:30:01.250123"):
                for compression in (None, "gzip"):
                    number += 1
                    lines = [line(f"fb-{number}-{i}", timestamp="2025-01-15T10:30:00Z")
                             for i in range(3)]
                    with self.subTest(form=form, date=date, compression=compression):
                        self.check(lines, fluent_bit(lines, date), form, compression)

    def test_vector_formats(self):
        sink = options("vector.yaml")
        # The last `method` is the framing's, the last `uri` the health check's.
        self.assertEqual((sink["codec"], sink["method"], sink["compression"]),
                         ("json", "newline_delimited", "gzip"))
        self.assertTrue(sink["uri"].endswith("/health/live"))
        self.assertEqual(self.client.request("HEAD", "/health/live").status, 200)
        number = 0
        for form in ("newline_delimited", "array", "raw"):
            for compression in (None, "gzip", "zstd", "deflate"):
                number += 1
                lines = [line(f"v-{number}-{i}", timestamp="2025-01-15T10:30:00Z") for i in range(3)]
                with self.subTest(form=form, compression=compression):
                    self.check(lines, vector(lines), form, compression)

    def test_kubernetes_metadata_beside_the_line(self):
        lines = [line("k8s-1", timestamp="2025-01-15T10:30:00Z")]
        records = [{"date": 1736937001.25, "stream": "stdout", "_p": "F", "log": text + "\n",
                    "kubernetes": {"pod_name": "scheduler-0", "namespace_name": "kcloud-system",
                                   "labels": {"app": "scheduler"}}} for text in lines]
        self.check(lines, records, "json_lines")

    def test_the_time_of_the_record_where_the_event_has_none(self):
        for number, record in enumerate((
                {"date": "2025-01-15T10:30:01.250Z"}, {"@timestamp": "2025-01-15T10:30:01.250Z"},
                {"date": 1736937001.25})):
            answer = self.post([{**record, "log": line(f"time-{number}")}], "json_lines")
            told = json.loads(answer.body)
            event = self.client.json(f"/events/id/{told['ids'][0]}")
            self.assertEqual(event["time"], "2025-01-15T10:30:01.250Z", record)
            self.assertNotIn("no_time", [w["code"] for w in told["warnings"]])

    def test_a_typed_endpoint(self):
        text = json.dumps({"workload_id": "typed-1", "selected_cluster": "gpu-cluster-01",
                           "timestamp": "2025-01-15T10:30:00Z"})
        answer = self.post(fluent_bit([text], 1736937001.25), "json_lines", path="/events/scheduling")
        self.assertEqual(answer.status, 202, answer.body)
        event = self.client.json("/events/id/" + json.loads(answer.body)["ids"][0])
        self.assertEqual((event["type"], event["workload"]), ("scheduling_decision", "typed-1"))

    def test_lines_that_are_no_events_do_not_take_the_chunk_with_them(self):
        good = line("good", timestamp="2025-01-15T10:30:00Z")
        bad = ["starting scheduler v1.2", "", '{"truncated": ', "[1,2]", '{"level":"info"}']
        answer = self.post(fluent_bit([*bad, good], 1736937001.25), "json_lines")
        self.assertEqual(answer.status, 202, answer.body)
        told = json.loads(answer.body)
        self.assertEqual((told["accepted"], len(told["rejected"])), (1, len(bad)))
        letters = self.client.json("/dead-letters")["dead_letters"]
        self.assertEqual(len(letters), len(bad))
        self.assertTrue(any("starting scheduler" in json.dumps(letter) for letter in letters))
        only_bad = self.post(fluent_bit(bad, 1736937001.25), "json_lines")
        self.assertEqual(only_bad.status, 422)

    def run_shipper(self, name, arguments, substitutions):
        """The program itself with the shipped configuration, its paths and address exchanged."""
        program = shutil.which(name)
        if not program:
            self.skipTest(f"{name} is not installed: its wire format was tested, the program was not")
        folder = tempfile.mkdtemp(prefix="kcloud-shipper-")
        self.addCleanup(shutil.rmtree, folder, True)
        with open(os.path.join(CONFIGS, name + ".yaml"), encoding="utf-8") as file:
            text = file.read()
        for old, new in {**substitutions, "/var/log/kcloud": folder,
                         "${KCLOUD_LOGGER_HOST}": "127.0.0.1",
                         "${KCLOUD_LOGGER_PORT}": str(self.agent.port),
                         "${KCLOUD_LOGGER_TOKEN}": "unused-unused-unused"}.items():
            text = text.replace(old, new if new.startswith("/") or old.startswith("$") else folder + new)
        path = os.path.join(folder, name + ".yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        lines = [line(f"{name}-{i}", timestamp="2025-01-15T10:30:00Z") for i in range(1000)]
        with open(os.path.join(folder, "events.log"), "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
        with subprocess.Popen([program, *arguments, path], stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL) as process:
            self.addCleanup(process.kill)
            deadline = time.monotonic() + 60
            while len(self.client.json("/events?limit=1000")["events"]) < len(lines):
                self.assertLess(time.monotonic(), deadline, "not all lines arrived")
                time.sleep(0.2)
            process.terminate()

    def test_fluent_bit_itself(self):
        self.run_shipper("fluent-bit", ["-c"], {"/var/lib/fluent-bit": "/state"})

    def test_vector_itself(self):
        self.run_shipper("vector", ["--config"], {"/var/lib/vector": "/"})


if __name__ == "__main__":
    kit.main()
