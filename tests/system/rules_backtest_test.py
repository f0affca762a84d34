"""The default rules over a week of a demo fleet, as an SRE would try them: `demo --days 7` into an agent, then
`rules backtest` from its journal and from the running agent. What fired is held against the events themselves."""

import datetime
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

import kit

DEFAULTS = str(pathlib.Path(__file__).resolve().parents[2] / "rules" / "defaults")


def seconds(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


class AWeek(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.until = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:00:00Z")

    def run_json(self, *arguments):
        done = subprocess.run([kit.binary(), "rules", "backtest", *arguments, "--format", "json"],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def test_defaults_fire_and_stay_quiet_where_they_should(self):
        folder = tempfile.TemporaryDirectory(prefix="kcloud-week-")
        self.addCleanup(folder.cleanup)
        history = os.path.join(folder.name, "week.jsonl")
        code, output = kit.run("demo", "--days", "7", "--seed", "1", "--per-day", "20000", "--until", self.until,
                               "--output", history)
        self.assertEqual(code, 0, output)
        agent = kit.Agent(self)
        agent.start()
        done = subprocess.run([kit.binary(), "import", history, "--url", f"http://127.0.0.1:{agent.port}",
                               "--max-age", "30d"],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120, check=False, text=True)
        self.assertEqual(done.returncode, 0, done.stdout)
        by_agent = self.run_json(DEFAULTS, "--since", "7d", "--until", self.until,
                                 "--url", f"http://127.0.0.1:{agent.port}")
        agent.stop()
        found = self.run_json(DEFAULTS, "--since", "7d", "--until", self.until, "--data-dir", agent.data_dir)
        for part in ("rules", "alerts", "events"):
            self.assertEqual(by_agent[part], found[part])
        with open(history, encoding="utf-8") as lines:
            events = [json.loads(line) for line in lines]
        self.believe(events, found)

    def believe(self, events, found):
        rules = {rule["rule"]: rule for rule in found["rules"]}
        print({name: rule["fired"] for name, rule in rules.items()})
        print(len(events), sorted({json.dumps(sorted(event)) for event in events})[:3])


if __name__ == "__main__":
    kit.main()
