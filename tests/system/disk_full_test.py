"""A disk that fills up under load: 503 with Retry-After instead of an acknowledgement, nothing
acknowledged is lost, the agent says so and stores again within 5 s of the space coming back."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import kit

ROUNDS = 20 if kit.SOAK else 3
RECOVERY_SECONDS = 5.0
SIZE = "48m"


class Disk:
    """A small tmpfs with a ballast file."""

    def __init__(self, test):
        self.path = tempfile.mkdtemp(prefix="kcloud-disk-")
        test.addCleanup(os.rmdir, self.path)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "kcloud-test",
                               self.path], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            test.skipTest(f"cannot mount a small tmpfs: {done.stderr.strip()}")
        test.addCleanup(subprocess.run, ["umount", "--lazy", self.path], check=True)
        self.ballast = os.path.join(self.path, "ballast")

    def fill(self):
        with open(self.ballast, "ab", buffering=0) as file:
            for size in (1 << 20, 4096):
                try:
                    while file.write(b"x" * size) == size:
                        pass
                except OSError:
                    pass

    def free(self):
        os.remove(self.ballast)


class DiskFull(unittest.TestCase):
    def setUp(self):
        self.disk = Disk(self)
        self.influx = kit.InfluxDb(self)
        self.agent = kit.Agent(self, self.influx.exporter(),
                               data_dir=os.path.join(self.disk.path, "data"))

    def journal(self, client):
        return client.json("/health")["components"]["journal"]

    def until_full(self, client):
        """Keeps the disk full until the agent says so: freed WAL pages may be used up first."""
        def full():
            self.disk.fill()
            return self.journal(client)["state"] == "recovering"
        kit.eventually(full, 30)

    def check_unhealthy(self, client):
        answer = client.get("/health")
        health = json.loads(answer.body)
        self.assertEqual((answer.status, health["status"], health["ready"]),
                         (503, "unhealthy", False))
        journal = health["components"]["journal"]
        self.assertEqual(journal["status"], "unhealthy")
        self.assertIn("full", journal["last_error"])
        self.assertEqual(client.get("/health/ready").status, 503)
        self.assertEqual(client.get("/health/live").status, 200)

    def test_filled_and_freed_under_load(self):
        bad, slowest = [], 0.0

        def failed(_, answer):
            if not isinstance(answer, kit.Answer) or answer.status != 503 or \
                    int(answer.headers["Retry-After"]) < 1 or \
                    answer.headers["Content-Type"] != "application/problem+json":
                bad.append(answer)

        self.agent.start()
        load = kit.Load(self.agent, rate=1000, failed=failed)
        self.addCleanup(load.stop)
        client = self.agent.client()
        for _ in range(ROUNDS):
            before = load.acknowledged()
            kit.eventually(lambda before=before: load.acknowledged() > before + 200)
            self.until_full(client)
            self.check_unhealthy(client)
            acked = load.acknowledged()
            refused = load.answers[503]
            kit.eventually(lambda refused=refused: load.answers[503] > refused + 20)
            self.assertEqual(load.acknowledged(), acked, "acknowledged on a full disk")
            begin = time.monotonic()
            self.disk.free()
            kit.eventually(lambda acked=acked: load.acknowledged() > acked, 30)
            slowest = max(slowest, time.monotonic() - begin)
        load.stop()
        self.assertEqual(bad, [])
        self.assertEqual(client.get("/health/ready").status, 200)
        stored = kit.compare(self, load, client)
        kit.drained(self.agent, client)
        kit.one_point_each(self, self.influx, stored)
        kit.check_conservation(self, client.metrics())
        kit.check_delivery(self, self.agent, client)
        print(f"full {ROUNDS} times, {len(load.acked)} acknowledged, {load.answers[503]} refused, "
              f"slowest recovery {slowest:.2f} s")
        self.assertLessEqual(slowest, RECOVERY_SECONDS)
        self.assertEqual(self.agent.stop(), 0)
        self.assertEqual(self.agent.check_journal()[0], 0)

    def fill_idle(self):
        """A full disk, noticed; returns the load, ended."""
        self.agent.start()
        load = kit.Load(self.agent, rate=1000)
        self.addCleanup(load.stop)
        kit.eventually(lambda: load.acknowledged() > 500)
        self.until_full(self.agent.client())
        load.stop()
        return load

    def check_everything_is_there(self, load):
        client = self.agent.client()
        stored = kit.compare(self, load, client)
        kit.drained(self.agent, client)
        kit.one_point_each(self, self.influx, stored)

    def test_what_is_stored_is_read_on_a_full_disk(self):
        load = self.fill_idle()
        kit.compare(self, load, self.agent.client())

    def test_sighup_on_a_full_disk(self):
        load = self.fill_idle()
        self.agent.process.signal(signal.SIGHUP)
        kit.eventually(lambda: "reload: " in self.agent.log_text())
        self.assertEqual(self.agent.client().get("/health/live").status, 200)
        self.disk.free()
        client = self.agent.client()
        kit.eventually(lambda: self.journal(client)["state"] == "open")
        self.assertEqual(client.post("/events", kit.event("later")).status, 202)
        load.sent.add("later")
        self.check_everything_is_there(load)

    def test_sigterm_on_a_full_disk(self):
        load = self.fill_idle()
        self.assertEqual(self.agent.stop(), 0)
        self.disk.free()
        self.agent.start()
        self.check_everything_is_there(load)

    def test_killed_on_a_full_disk(self):
        load = self.fill_idle()
        self.agent.kill()
        self.disk.free()
        self.agent.start()
        self.check_everything_is_there(load)

    def test_start_on_a_full_disk(self):
        load = self.fill_idle()
        self.agent.kill()
        self.disk.fill()
        self.agent.spawn()
        code = self.agent.process.wait(20)
        self.assertEqual(code, 2, self.agent.log_text()[-500:])
        self.assertIn("full", self.agent.log_text()[-500:])
        self.disk.free()
        self.agent.start()
        self.check_everything_is_there(load)


def own_mounts():
    """Runs this file again in its own mount namespace, so that nothing is left behind."""
    inside = ["unshare", "--mount"] + ([] if os.geteuid() == 0 else ["--user", "--map-root-user"])
    if "KCLOUD_OWN_MOUNTS" not in os.environ and \
            subprocess.run([*inside, "true"], capture_output=True, check=False).returncode == 0:
        os.environ["KCLOUD_OWN_MOUNTS"] = "1"
        os.execvp(inside[0], [*inside, sys.executable, *sys.argv])


if __name__ == "__main__":
    own_mounts()
    kit.main()
