"""Log files through the agent: a line shows at once; under rotation, copytruncate, truncation and
kill -9 every line written is stored once."""

import json
import os
import random
import shutil
import subprocess
import tempfile
import threading
import time
import unittest

import kit

ROUNDS = 100 if kit.SOAK else 10
LOGROTATE = "/usr/sbin/logrotate"
# Compressed generations have numbers of their own: a run with `compress` moves only `.gz` files on,
# and would overwrite what a run without had put at app.log.1, read or not.
APART = " compress\n start 5000"


class Files(unittest.TestCase):
    def setUp(self):
        self.logs = tempfile.mkdtemp(prefix="kcloud-logs-")
        self.addCleanup(shutil.rmtree, self.logs, ignore_errors=True)
        self.agent = kit.Agent(self, f"""collectors:
  files:
    type: file
    paths: ['{self.logs}/*.log']
    rotate_wait: 1s
    poll_interval: 2s
""")

    def path(self, name):
        return os.path.join(self.logs, name)

    def write(self, name, *events):
        with open(self.path(name), "a", encoding="utf-8") as file:
            file.write("".join(json.dumps(e, ensure_ascii=False) + "\n" for e in events))

    def workloads(self, client):
        return [e["workload"] for e in client.pages()]

    def measure(self, client, name):
        return client.metrics()[f'collector_file_{name}{{collector="files"}}']

    def test_a_line_shows_within_a_second(self):
        self.agent.start()
        client = self.agent.client()
        kit.eventually(lambda: client.json("/health")["components"]["collector:files"]["connected"])
        for number in range(5):
            begin = time.monotonic()
            subprocess.run(["sh", "-c", f'echo "$EVENT" >> {self.path("shell.log")}'], check=True,
                           env={**os.environ, "EVENT": json.dumps(kit.event(f"w-{number}"))})
            kit.eventually(lambda n=number: f"w-{n}" in self.workloads(client), 5, every=0.005)
            self.assertLess(time.monotonic() - begin, 1.0)
        kit.eventually(lambda: self.measure(client, "files") == 1)
        self.assertEqual(client.json("/health")["components"]["collector:files"]["stored"], 5)

    def test_what_is_no_event_is_a_dead_letter_with_its_place(self):
        self.agent.start()
        client = self.agent.client()
        self.write("a.log", kit.event("good"))
        with open(self.path("a.log"), "ab") as file:
            place = file.tell()
            file.write(b'{"event_type": "scheduling_decision", "timestamp": "never"}\nplain text\n')
        self.write("a.log", kit.event("better"))
        kit.eventually(lambda: len(self.workloads(client)) == 2)
        letters = kit.eventually(lambda: client.json("/dead-letters")["dead_letters"])
        self.assertEqual([(l["reason"], l["position"]) for l in letters],
                         [("invalid_event", f"{self.path('a.log')}:{place}")])
        kit.eventually(lambda: self.measure(client, "skipped_lines_total") == 1)

    def test_a_pause_loses_nothing(self):
        self.agent.start()
        client = self.agent.client()
        self.write("a.log", kit.event("before"))
        kit.eventually(lambda: len(self.workloads(client)) == 1)
        self.assertEqual(client.post("/collectors/files/pause", b"").status, 200)
        self.write("a.log", kit.event("during"))
        os.rename(self.path("a.log"), self.path("a.log.1"))
        self.write("a.log", kit.event("after"))
        self.assertEqual(len(self.workloads(client)), 1)
        self.assertEqual(client.post("/collectors/files/resume", b"").status, 200)
        kit.eventually(lambda: len(self.workloads(client)) == 3)

    @unittest.skipUnless(os.path.exists(LOGROTATE), "needs logrotate")
    def test_rotation_under_writing_and_kills(self):
        """Half of the events have neither time nor id: only their place tells them apart."""
        seed = random.SystemRandom().randrange(1 << 32)
        dice = random.Random(seed)
        written, stop, pause = [], threading.Event(), threading.Lock()

        def writer():
            number = 0
            while not stop.is_set():
                with pause:
                    batch = []
                    for _ in range(5):
                        event = kit.event(f"w-{number}")
                        if number % 2:
                            del event["timestamp"]
                        batch.append(event)
                        written.append(f"w-{number}")
                        number += 1
                    self.write("app.log", *batch)
                stop.wait(0.004)

        conf = self.path("rotate.conf")
        os.chmod(self.logs, 0o755)

        def rotate(options):
            with open(conf, "w", encoding="utf-8") as file:
                file.write(f"{self.path('app.log')} {{\n rotate 1000\n {options}\n}}\n")
            os.chmod(conf, 0o644)
            subprocess.run([LOGROTATE, "-f", "-s", self.path("state"), conf], check=True,
                           stdin=subprocess.DEVNULL, capture_output=True)

        self.agent.start()
        thread = threading.Thread(target=writer)
        thread.start()
        self.addCleanup(stop.set)
        kills = 0
        for number in range(ROUNDS):
            kit.eventually(lambda n=len(written): len(written) > n + dice.randrange(100))
            down = number % 3 == 1
            if down:
                self.agent.kill()
                kills += 1
            kind = number % 4
            # Not `create`: the writer makes the file, and the two would race.
            if kind == 0:
                rotate("nocreate")
            elif kind == 1:
                # Between copy and truncation nobody can keep what is written: the writer waits.
                with pause:
                    rotate("copytruncate")
            elif kind == 2:
                rotate("nocreate\n" + APART)
            else:
                with pause:
                    rotate("copytruncate\n" + APART)
            if down:
                kit.eventually(lambda n=len(written): len(written) > n + dice.randrange(50))
                self.agent.start()
        stop.set()
        thread.join()
        client = self.agent.client()
        try:
            kit.eventually(lambda: len(set(self.workloads(client))) >= len(written), 60, every=0.2)
        except AssertionError:
            pass  # what is missing is told below
        stored = self.workloads(client)
        self.assertEqual(len(stored), len(set(stored)), "stored twice")
        lost = sorted(set(written) - set(stored))
        self.assertEqual(lost, [], f"lost; seed {seed}, files {sorted(os.listdir(self.logs))}, log "
                         f"{self.agent.log_text()[-3000:]}")
        self.assertEqual(client.json("/dead-letters")["dead_letters"], [])
        print(f"seed {seed}: {ROUNDS} rotations, {kills} kills, {len(written)} lines, 0 lost, "
              "0 twice")

    def test_truncation_begins_again(self):
        self.agent.start()
        client = self.agent.client()
        for number in range(ROUNDS):
            self.write("a.log", kit.event(f"w-{number}"))
            kit.eventually(lambda n=number: len(self.workloads(client)) == n + 1)
            with open(self.path("a.log"), "w", encoding="utf-8"):
                pass
        kit.eventually(lambda: self.measure(client, "truncations_total") >= ROUNDS - 1)


if __name__ == "__main__":
    kit.main()
