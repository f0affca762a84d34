"""`import` and `export` with real agents, real files and real kills."""

import gzip
import json
import os
import pathlib
import random
import re
import resource
import signal
import subprocess
import tempfile
import time
import unittest

import kit

COUNT = 60_000
TRANSIENT = re.compile(rb'"(seq|received|collector)":"[^"]*",')


def line(number, seconds, **more):
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return json.dumps({"event_type": "scheduling_decision", "timestamp": f"{stamp}.{number % 1000:03}Z",
                       "workload_id": f"w-{number}", "selected_cluster": f"gpu-{number % 8}",
                       "padding": "x" * 200, **more}, ensure_ascii=False)


def workloads(data_dir):
    code, output = export(data_dir, "--format", "body")
    assert code == 0, output
    return [json.loads(body)["workload_id"] for body in output.splitlines()]


def export(data_dir, *more):
    done = subprocess.run([kit.binary(), "export", "--data-dir", data_dir, *more],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.returncode, done.stdout.decode()


class History(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="kcloud-history-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.data = os.path.join(self.folder, "data")
        self.state = dict(os.environ, XDG_STATE_HOME=os.path.join(self.folder, "state"))

    def file(self, name, lines, opener=open):
        path = os.path.join(self.folder, name)
        with opener(path, "wt", encoding="utf-8") as file:
            file.writelines(text + "\n" for text in lines)
        return path

    def history(self, count=COUNT):
        start = time.time() - 3 * 86400
        return [line(n, start + n) for n in range(count)]

    def run_import(self, path, *more, stdin=None):
        where = more if "--url" in more else ("--data-dir", self.data, *more)
        done = subprocess.run([kit.binary(), "import", path, *where], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=120, check=False, env=self.state,
                              input=stdin)
        return done.returncode, done.stdout.decode()

    def spawn(self, path, *more):
        log = os.path.join(self.folder, "import.log")
        with open(log, "wb") as out:
            popen = subprocess.Popen([kit.binary(), "import", path, *more], stdout=out, stderr=out,
                                     env=self.state)
        self.addCleanup(lambda: (popen.kill(), popen.wait()))
        return popen, lambda: pathlib.Path(log).read_text("utf-8")

    def counts(self, output):
        found = re.search(r"([\d,]+) stored, ([\d,]+) duplicates, ([\d,]+) conflicts, ([\d,]+) rej",
                          output)
        self.assertTrue(found, output)
        return tuple(int(text.replace(",", "")) for text in found.groups())

    def test_kills_lose_and_repeat_nothing(self):
        path = self.file("h.jsonl", self.history())
        random.seed(7)
        for _ in range(6):
            popen, _ = self.spawn(path, "--data-dir", self.data)
            time.sleep(random.uniform(0.05, 0.5))
            popen.send_signal(signal.SIGKILL)
            popen.wait()
        code, output = self.run_import(path)
        self.assertEqual(code, 0, output)
        self.assertEqual(workloads(self.data), [f"w-{n}" for n in range(COUNT)])
        code, output = self.run_import(path)
        self.assertEqual(code, 0)
        self.assertIn("imported already", output)
        code, output = self.run_import(path, "--restart")
        self.assertEqual((code, self.counts(output)), (0, (0, COUNT, 0, 0)))

    def test_interrupted_goes_on_where_it_was(self):
        path = self.file("h.jsonl", self.history(300_000))
        popen, said = self.spawn(path, "--data-dir", self.data)
        kit.eventually(lambda: os.path.exists(self.data + "/journal.db"))
        time.sleep(0.7)
        popen.send_signal(signal.SIGINT)
        self.assertEqual(popen.wait(15), 2)
        self.assertIn("interrupted", said())
        stored = self.counts(said())[0]
        code, output = self.run_import(path)
        self.assertEqual((code, self.counts(output)), (0, (300_000 - stored, 0, 0, 0)), output)
        self.assertGreater(stored, 0)

    def test_a_file_that_grew(self):
        lines = self.history(1000)
        path = self.file("h.jsonl", lines[:500])
        with open(path, "a", encoding="utf-8") as file:
            file.write(lines[500][:50])  # the writer is in the middle of it
        code, output = self.run_import(path)
        self.assertEqual((code, self.counts(output)), (1, (500, 0, 0, 1)), output)
        with open(path, "a", encoding="utf-8") as file:
            file.write(lines[500][50:] + "\n" + "\n".join(lines[501:]))
        code, output = self.run_import(path)
        self.assertEqual((code, self.counts(output)), (0, (500, 0, 0, 0)), output)
        self.assertEqual(len(set(workloads(self.data))), 1000)

    def test_compressed_by_content_not_by_name(self):
        lines = self.history(20_000)
        plain = self.file("plain", lines)
        packed = self.file("packed", lines, gzip.open)
        code, output = self.run_import(packed)
        self.assertEqual((code, self.counts(output)), (0, (20_000, 0, 0, 0)), output)
        subprocess.run(["zstd", "-q", plain, "-o", plain + ".x"], check=True)
        code, output = self.run_import(plain + ".x")
        self.assertEqual((code, self.counts(output)), (0, (0, 20_000, 0, 0)), output)
        with open(packed, "rb") as file:
            code, output = self.run_import("-", stdin=file.read())
        self.assertEqual((code, self.counts(output)), (0, (0, 20_000, 0, 0)), output)

    def test_cut_gzip_gives_what_is_there(self):
        packed = self.file("packed.gz", self.history(20_000), gzip.open)
        with open(packed, "rb") as file:
            whole = file.read()
        with open(packed, "wb") as file:
            file.write(whole[:len(whole) // 2])
        code, output = self.run_import(packed)
        self.assertEqual(code, 2)
        self.assertIn(f"cut short: the file ends at byte {len(whole) // 2}", output)
        stored, _, _, rejected = self.counts(output)
        self.assertGreater(stored, 5000)
        self.assertEqual(rejected, 0)
        with open(packed, "wb") as file:
            file.write(whole)
        code, output = self.run_import(packed)
        self.assertEqual((code, self.counts(output)), (0, (20_000 - stored, 0, 0, 0)), output)

    def test_bad_records_are_told_and_kept(self):
        now = time.time()
        lines = [line(0, now), "not json", line(1, now) + line(2, now), '{"event_type": "x", "open',
                 '{"event_type":"scheduling_decision","workload_id":"w"}', line(3, now),
                 '{"pad":"HUGE"}', line(4, now, event_id="k"),
                 line(4, now, event_id="k", n=1), '{"id":"01946983-4c40-8356-9066-5a90773929da",'
                 '"type":"x","time":"2025-01-16T10:30:00Z","body":{"n":1}}']
        path = os.path.join(self.folder, "h.jsonl")
        with open(path, "w", encoding="utf-8") as file:
            before, _, behind = ("\n".join(lines) + "\n").partition("HUGE")
            file.write(before)
            for _ in range(1000):  # in pieces: a child's peak begins with this process's memory
                file.write("x" * 100_000)
            file.write(behind)
        code, output = self.run_import(path)
        self.assertEqual((code, self.counts(output)), (1, (5, 0, 1, 5)), output)
        self.assertLess(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, 100_000,
                        "KiB, with a record of 100 MB")
        for number in (2, 4, 5, 7, 9, 10):
            self.assertIn(f"{path}:{number}: ", output)
        agent = kit.Agent(self, data_dir=self.data)
        agent.start()
        letters = agent.client().json("/dead-letters")["dead_letters"]
        self.assertEqual({letter["position"] for letter in letters if letter["position"]},
                         {f"{path}:{n}" for n in (2, 4, 5, 7, 10)})
        self.assertEqual({letter["origin"] for letter in letters}, {"collector:import"})

    def test_what_cannot_be_imported(self):
        code, output = self.run_import(self.file("empty", []))
        self.assertEqual((code, self.counts(output)), (0, (0, 0, 0, 0)))
        array = self.file("array", ["[", "  {}", "]"])
        for path, words in ((self.folder, "is a directory"), (self.folder + "/no", "No such file"),
                            (array, "JSON array")):
            code, output = self.run_import(path)
            self.assertEqual(code, 2, output)
            self.assertIn(words, output)
        code, output = self.run_import(array, "--type", "no_such_type")
        self.assertEqual(code, 2)
        self.assertIn("no_such_type", output)
        config = self.file("bad.yaml", ["journal: {max_bites: 1}"])
        code, output = self.run_import(array, "--config", config)
        self.assertEqual(code, 78, output)
        self.assertIn("bad.yaml:1", output)

    def test_the_round_trip_is_the_same_events(self):
        agent = kit.Agent(self)
        agent.start()
        client = agent.client()
        for n in range(50):
            client.post("/events", [kit.event(f"w-{n}"), kit.event("w", event_id=f"e-{n}")])
            client.post("/events/scheduling", {"workload_id": f"k-{n}", "selected_cluster": "c"},
                        {"Idempotency-Key": f"key-{n}"})
            client.post("/events", {"event_type": "quota_changed", "text": "최적\n\"x\"", "n": 1.50})
            client.post("/events", {"event_type": "alert", "name": "a", "severity": "HIGH",
                                    "timestamp": "2025-01-15 10:30:00", "x": n})
        url = f"http://127.0.0.1:{agent.port}"
        out = os.path.join(self.folder, "first.jsonl.zst")
        code, output = kit.run("export", "--url", url, "-o", out)
        self.assertEqual(code, 0, output)
        first = subprocess.run(["zstdcat", out], stdout=subprocess.PIPE, check=True).stdout
        self.assertEqual(first.count(b"\n"), len(list(client.pages())))
        other = kit.Agent(self)
        other.start()
        for data in (self.data, other.data_dir):
            more = ("--url", f"http://127.0.0.1:{other.port}") if data != self.data else ()
            code, output = self.run_import(out, *more)
            self.assertEqual(code, 0, output)
            self.assertEqual(self.counts(output)[0], first.count(b"\n"))
            if more:
                other.stop()
            second = export(data)[1].encode()
            self.assertEqual(TRANSIENT.sub(b"", second), TRANSIENT.sub(b"", first))
        # In another order and with blanks it is the same still.
        turned = self.file("turned", (json.dumps(dict(sorted(json.loads(text).items())))
                                      for text in first.decode().splitlines()
                                      if "1.50" not in text and "최적" not in text))
        code, output = self.run_import(turned)
        self.assertEqual((code, self.counts(output)[0]), (0, 0), output)

    def test_through_a_running_agent(self):
        lines = self.history(20_000)
        path = self.file("h.jsonl", [*lines[:10_000], "not json", *lines[10_000:]])
        agent = kit.Agent(self)
        url = ("--url", f"http://127.0.0.1:{agent.port}")
        popen, said = self.spawn(path, *url)
        kit.eventually(lambda: "no agent answers" in said())
        agent.start()
        kit.eventually(lambda: "answers again" in said())
        for _ in range(2):
            agent.kill()
            agent.start()
        self.assertEqual(popen.wait(60), 1, said())
        stored, duplicates, conflicts, rejected = self.counts(said())
        self.assertEqual((stored + duplicates, conflicts, rejected), (20_000, 0, 1))
        self.assertIn(f"{path}:10001: ", said())
        self.assertEqual(sorted(e["workload"] for e in agent.client().pages()),
                         sorted(f"w-{n}" for n in range(20_000)))
        code, output = self.run_import(path, *url)
        self.assertEqual(code, 0)
        self.assertIn("imported already", output)
        for command in ("import", path), ("export",):
            code, output = kit.run(*command, "--data-dir", agent.data_dir)
            self.assertEqual(code, 2)
            self.assertIn("in use by a running agent. Hint: ", output)
            self.assertIn("--url", output)
        agent.stop()
        popen, said = self.spawn(path, *url, "--restart")
        kit.eventually(lambda: "no agent answers" in said())
        popen.send_signal(signal.SIGINT)
        self.assertEqual(popen.wait(10), 2)

    def test_tokens(self):
        agent = kit.Agent(self, "http:\n  tokens:\n"
                          "    - {name: in, token: ingest-ingest-ingest, roles: [ingest]}\n"
                          "    - {name: all, token: all-all-all-all-all, roles: [ingest, read, admin]}\n")
        agent.start()
        url = ("--url", f"http://127.0.0.1:{agent.port}")
        path = self.file("h.jsonl", self.history(10))
        code, output = self.run_import(path, *url, "--token", "wrong-wrong-wrong-wrong")
        self.assertEqual(code, 2)
        self.assertIn("answered 401", output)
        self.assertNotIn("wrong-wrong", output)
        self.assertEqual(self.run_import(path, *url, "--token", "ingest-ingest-ingest")[0], 0)
        out = os.path.join(self.folder, "out.jsonl")
        self.assertEqual(kit.run("export", *url, "-o", out)[0], 2)
        self.assertFalse(os.path.exists(out))
        self.assertEqual(kit.run("export", *url, "-o", out, "--token", "all-all-all-all-all")[0], 0)
        code, output = self.run_import(out, *url, "--token", "ingest-ingest-ingest")
        self.assertEqual(code, 2)
        self.assertIn("admin", output)
        code, output = self.run_import(out, *url, "--token", "all-all-all-all-all")
        self.assertEqual((code, self.counts(output)), (0, (0, 10, 0, 0)), output)

    def test_export_filters_like_the_listing(self):
        self.assertEqual(self.run_import(self.file("h.jsonl", self.history(30_000)))[0], 0)
        agent = kit.Agent(self, data_dir=self.data)
        agent.start()
        client = agent.client()
        url = ("--url", f"http://127.0.0.1:{agent.port}")
        filters = ((), ("--cluster", "gpu-3"), ("--q", "w-2999"), ("--q", "nowhere"),
                   ("--workload", "w-7"), ("--since", "-70h", "--until", "-69h"),
                   ("--order", "desc", "--limit", "2500"))
        by_http = []
        for given in filters:
            done = subprocess.run([kit.binary(), "export", *url, *given], stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, timeout=60, check=True).stdout
            by_http.append([json.loads(text)["id"] for text in done.splitlines()])
        self.assertEqual(by_http[0], [e["id"] for e in client.pages(order="asc")])
        self.assertEqual([len(ids) for ids in by_http[1:5]], [3750, 11, 0, 1])
        self.assertEqual(by_http[6], by_http[0][:-2501:-1])
        self.assertGreater(len(by_http[5]), 3000)
        code, output = kit.run("export", *url, "--since", "yesterday")
        self.assertEqual(code, 2)
        self.assertIn("since", output)
        rows = subprocess.run([kit.binary(), "export", *url, "--format", "csv", "--limit", "2001"],
                              stdout=subprocess.PIPE, timeout=60, check=True).stdout
        self.assertEqual(rows.count(b"\n"), 2002)
        self.assertEqual(rows.count(b"id,seq,"), 1)
        agent.stop()
        for given, wanted in zip(filters[:5], by_http):
            ids = [json.loads(text)["id"] for text in export(self.data, *given)[1].splitlines()]
            self.assertEqual(ids, wanted, given)

    def test_export_of_a_changing_journal(self):
        self.assertEqual(self.run_import(self.file("h.jsonl", self.history(30_000)))[0], 0)
        agent = kit.Agent(self, data_dir=self.data)
        agent.start()
        load = kit.Load(agent, rate=500)
        try:
            out = os.path.join(self.folder, "out.jsonl")
            code, output = kit.run("export", "--url", f"http://127.0.0.1:{agent.port}", "-o", out)
        finally:
            load.stop()
        self.assertEqual(code, 0, output)
        with open(out, encoding="utf-8") as file:
            found = [json.loads(text) for text in file]
        ids = [e["id"] for e in found]
        self.assertEqual(len(ids), len(set(ids)))
        self.assertLessEqual({f"w-{n}" for n in range(30_000)}, {e["workload"] for e in found})


if __name__ == "__main__":
    kit.main()
