"""The commands beside `run`, against a running agent and on a stopped agent's directory."""

import json
import os
import signal
import unittest

import kit


class Cli(unittest.TestCase):
    def test_version(self):
        code, output = kit.run("version")
        self.assertEqual((code, kit.run("--version")), (0, (0, output)))
        self.assertRegex(output, r"^kcloud-logger \d+\.\d+\.\d+\n$")

    def test_demo_is_taken_whole(self):
        agent = kit.Agent(self)
        agent.start()
        code, output = kit.run("demo", "--url", f"http://127.0.0.1:{agent.port}", "--rate", "1000",
                               "--count", "500", "--seed", "7")
        self.assertEqual(code, 0, output)
        client = agent.client()
        count = kit.check_conservation(self, client.metrics())
        self.assertEqual((count["received"], count["rejected"], count["conflict"]), (500, 0, 0))
        self.assertEqual(len(list(client.pages())), count["stored"])
        self.assertEqual(client.json("/dead-letters")["dead_letters"], [])

    def test_demo_history_is_the_same_twice(self):
        agent = kit.Agent(self)
        agent.start()
        history = ("demo", "--days", "3", "--per-day", "1000", "--seed", "7", "--until",
                   "2026-01-14T06:30:00Z")
        post = (*history, "--url", f"http://127.0.0.1:{agent.port}")
        code, output = kit.run(*post)
        self.assertEqual(code, 0, output)
        client = agent.client()
        stored = list(client.pages())
        self.assertGreater(len(stored), 3000)
        times = sorted(event["time"] for event in stored)
        self.assertRegex(times[0], r"^2026-01-10T15:")  # midnight in Seoul, three days before
        self.assertRegex(times[-1], r"^2026-01-14T06:")
        code, output = kit.run(*post)
        self.assertEqual(code, 0, output)
        self.assertIn(f"0 accepted, {len(stored)} duplicates, 0 rejected", output)
        lines = os.path.join(agent.directory, "history.jsonl")
        self.assertEqual(kit.run(*history, "--output", lines)[0], 0)
        with open(lines, encoding="utf-8") as file:
            bodies = [json.loads(line) for line in file]
        key = json.dumps
        self.assertEqual(sorted(map(key, bodies)), sorted(key(e["body"]) for e in stored))

    def test_demo_history_says_what_it_cannot_do(self):
        for words, told in ((("--days", "1", "--until", "2999-01-01T00:00:00Z"), "--until is"),
                            (("--days", "1", "--until", "noon"), "--until is 'noon'"),
                            (("--days", "1", "--per-day", "0"), "--per-day"),
                            (("--days", "1", "--output", "/dev/full"), "No space left"),
                            (("--days", "0"), "--days"), (("--days", "1", "--count", "5"), "--count"),
                            (("--per-day", "5"), "--days")):
            with self.subTest(words=words):
                code, output = kit.run("demo", *words)
                self.assertNotIn(code, (0, 1), output)
                self.assertIn(told, output)

    def test_tail_follows_over_a_restart_of_the_agent(self):
        agent = kit.Agent(self)
        agent.start()
        client = agent.client()
        posted = json.loads(client.post("/events", [kit.event("w-0"), kit.event("w-1")]).body)
        out = os.path.join(agent.directory, "tail.out")
        tail = kit.Process([kit.binary(), "tail", "--url", f"http://127.0.0.1:{agent.port}", "--json",
                            "-n", "2", "--type", "scheduling"], out)
        self.addCleanup(tail.kill)

        def seen():
            with open(out, encoding="utf-8") as file:
                return [json.loads(line)["id"] for line in file if line.startswith("{")]

        ids = set(posted["ids"])
        kit.eventually(lambda: set(seen()) == ids)
        for restart in range(2):
            answer = json.loads(client.post("/events", kit.event(f"before {restart}")).body)
            agent.kill()
            agent.start()
            client = agent.client()
            more = json.loads(client.post("/events", kit.event(f"after {restart}")).body)
            ids |= {answer["ids"][0], more["ids"][0]}
            kit.eventually(lambda: set(seen()) == ids, 20)
        self.assertEqual(len(seen()), len(ids), "an event twice")
        tail.signal(signal.SIGINT)
        self.assertEqual(tail.wait(), 0)

    def test_journal_and_cursors_of_a_stopped_agent(self):
        influx = kit.InfluxDb(self)
        agent = kit.Agent(self, influx.exporter())
        agent.start()
        client = agent.client()
        client.post("/events", [kit.event(f"w-{n}") for n in range(100)])
        kit.drained(agent, client)
        self.assertEqual(agent.stop(), 0)
        code, output = agent.check_journal()
        self.assertEqual((code, output), (0, "100 events, 0 damaged, 0 missing: ok\n"))
        code, output = kit.run("cursors", "ls", "--data-dir", agent.data_dir)
        self.assertEqual(code, 0)
        self.assertRegex(output, r"exporter:influx +100 +0 ")
        drop = ("cursors", "drop", "exporter:influx", "--data-dir", agent.data_dir)
        self.assertEqual([kit.run(*drop)[0], kit.run(*drop)[0]], [0, 1])
        agent.start()  # from the oldest event again: the same points
        client = agent.client()
        kit.eventually(lambda: agent.exporter(client)["delivered"] == 100)
        kit.one_point_each(self, influx, {e["id"] for e in client.pages()})


if __name__ == "__main__":
    kit.main()
