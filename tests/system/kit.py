"""What the system tests share: the processes and client of servers.py, a load generator that keeps
every id it got a 2xx for, and the comparison of those ids with what was stored."""

import collections
import http.client
import json
import os
import sys
import threading
import time
import unittest

from servers import (Agent, Answer, Client, InfluxDb, Process, binary, eventually, run, set_binary)

__all__ = ["Agent", "Answer", "Client", "InfluxDb", "Load", "Process", "binary", "check_conservation",
           "check_delivery", "compare", "drained", "event", "eventually", "main", "one_point_each",
           "run", "sample"]

SOAK = os.environ.get("KCLOUD_SOAK") == "1"
HERE = os.path.dirname(os.path.abspath(__file__))
SKIPPED = 77  # ctest's SKIP_RETURN_CODE


class Load:
    """Posts numbered events in small arrays at a steady rate, each again until it has a 2xx, and
    keeps every id it got one for. `failed(load, error)` is called for each request without."""

    def __init__(self, agent, rate=1000, threads=4, batch=5, failed=None):
        self.agent, self.batch, self.failed = agent, batch, failed
        self.interval = threads * batch / rate
        self.stopping = threading.Event()
        self.lock = threading.Lock()
        self.acked = {}  # id -> workload
        self.sent = set()  # workloads
        self.answers = collections.Counter()
        self.errors = []
        self.threads = [threading.Thread(target=self.run, args=(n,)) for n in range(threads)]
        for thread in self.threads:
            thread.start()

    def run(self, thread):
        client = self.agent.client(timeout=5)
        number, due = 0, time.monotonic()
        try:
            while not self.stopping.is_set():
                due = max(due + self.interval, time.monotonic() - 1)
                self.stopping.wait(max(0.0, due - time.monotonic()))
                events = [event(f"w-{thread}-{number + i}") for i in range(self.batch)]
                number += self.batch
                with self.lock:
                    self.sent.update(e["workload"]["id"] for e in events)
                while not self.post(client, events) and not self.stopping.wait(0.02):
                    pass
        except Exception as error:  # pylint: disable=broad-except
            self.errors.append(error)

    def post(self, client, events):
        try:
            answer = client.post("/events", events)
        except (OSError, http.client.HTTPException) as error:
            self.answers["none"] += 1
            if self.failed:
                self.failed(self, error)
            return False
        self.answers[answer.status] += 1
        if answer.status >= 300:
            if self.failed:
                self.failed(self, answer)
            return False
        ids = json.loads(answer.body)["ids"]
        self.keep(ids, [e["workload"]["id"] for e in events])
        return True

    def keep(self, ids, workloads):
        with self.lock:
            self.acked.update(zip(ids, workloads))

    def acknowledged(self):
        with self.lock:
            return len(self.acked)

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join()
        assert not self.errors, self.errors


def event(workload, **more):
    seconds = time.time()
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return {"event_type": "scheduling_decision",
            "timestamp": f"{stamp}.{int(seconds * 1000) % 1000:03}Z",
            "workload": {"id": workload, "type": "ml_training"},
            "decision": {"selected_cluster": "gpu-cluster-01", "reason": "최적 전력 효율성"}, **more}


def compare(test, load, client):
    """0 acknowledged lost, 0 duplicates, nothing that was not sent. Returns {id: workload}."""
    stored = [(e["id"], e["workload"]) for e in client.pages()]
    by_id = dict(stored)
    test.assertEqual(len(stored), len(by_id), "an id twice in the pages")
    test.assertEqual(len(set(by_id.values())), len(by_id), "an event stored twice")
    lost = [i for i in load.acked if by_id.get(i) != load.acked[i]]
    test.assertEqual(lost, [], "acknowledged and lost")
    test.assertLessEqual(set(by_id.values()), load.sent)
    return by_id


def check_conservation(test, metrics):
    count = {name: metrics['collector_%s_events_total{collector="webhook"}' % name]
             for name in ("received", "stored", "duplicate", "conflict", "rejected")}
    test.assertEqual(count["received"], count["stored"] + count["duplicate"] + count["conflict"]
                     + count["rejected"], count)
    return count


def check_delivery(test, agent, client):
    """stored = delivered + pending + dead-lettered + skipped, within one run of the agent that began
    with an empty journal."""
    health = agent.exporter(client)
    stored = client.metrics()["journal_committed_events_total"]
    test.assertEqual(stored, health["delivered"] + health["lag_events"] + health["dead_lettered"]
                     + health["skipped"], health)


def drained(agent, client, seconds=60):
    """Waits until the exporter has everything; returns its health."""
    def done():
        health = agent.exporter(client)
        return health["lag_events"] == 0 and health
    return eventually(done, seconds)


def one_point_each(test, influx, stored, measurement="scheduling_decision"):
    points = collections.Counter(row["id"] for row in
                                 influx.rows(f'SELECT "id" FROM "{measurement}"'))
    test.assertEqual([i for i, n in points.items() if n != 1], [], "not exactly one point")
    test.assertEqual(set(points), set(stored), "points and events differ")


def sample(name):
    with open(os.path.join(HERE, "samples", name + ".json"), "rb") as file:
        return file.read()


def main():
    """`<test>.py BINARY [unittest arguments]`; exit code 77 when every test was skipped."""
    set_binary(sys.argv[1])
    program = unittest.main(module="__main__", argv=[sys.argv[0], *sys.argv[2:]], verbosity=2,
                            exit=False)
    result = program.result
    for test, reason in result.skipped:
        print(f"SKIPPED {test}: {reason}")
    if not result.wasSuccessful():
        sys.exit(1)
    # A class that is skipped as a whole counts as one that was skipped, and as none that ran.
    sys.exit(SKIPPED if result.skipped and len(result.skipped) >= result.testsRun else 0)
