"""`cursors` on a stopped agent's journal changes nothing but what it is asked to.

KCLOUD_LOGGER names the binary.
"""

import json
import os
import pathlib
import sqlite3
import subprocess
import tempfile
import unittest
import urllib.request

BINARY = os.environ["KCLOUD_LOGGER"]
DEAD_LETTERS = 102_000  # more than a journal keeps by default
CONFIG = """audit: {agent_events: false}

journal: {max_dead_letters: 200000}
exporters:
  needed: {type: influxdb, url: 'http://127.0.0.1:9', required: true}
"""


def cursors(*words):
    return subprocess.run([BINARY, "cursors", *words], capture_output=True, text=True, check=False)


def make_journal(folder):
    """A journal that keeps more than the built-in limits would."""
    config = pathlib.Path(folder, "config.yaml")
    config.write_text(CONFIG, "utf-8")
    data = str(pathlib.Path(folder, "data"))
    with subprocess.Popen(
            [BINARY, "run", "--config", str(config), "--listen", "127.0.0.1:0", "--data-dir", data],
            stderr=subprocess.PIPE, text=True) as agent:
        line = next(line for line in agent.stderr if "is ready on" in line)
        url = json.loads(line)["message"].split(" ready on ")[1].split(",")[0]
        event = {"workload_id": "w", "selected_cluster": "c"}
        for _ in range(6):
            body = json.dumps([event] + [0] * (DEAD_LETTERS // 6)).encode()
            urllib.request.urlopen(f"{url}/events/scheduling", body).close()
        agent.terminate()
        agent.stderr.read()
    return data


def kept_in(data):
    """(events, dead letters)"""
    database = sqlite3.connect(pathlib.Path(data, "journal.db"))
    counts = tuple(database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
                   for table in ("events", "dead_letters"))
    database.close()
    return counts


class Cursors(unittest.TestCase):
    def test_remove_nothing_else(self):
        with tempfile.TemporaryDirectory() as folder:
            data = make_journal(folder)
            self.assertEqual(kept_in(data), (6, DEAD_LETTERS))
            listed = cursors("ls", "--data-dir", data)
            self.assertEqual(listed.returncode, 0, listed.stderr)
            self.assertIn("exporter:needed", listed.stdout)
            self.assertEqual(kept_in(data), (6, DEAD_LETTERS))
            self.assertEqual(cursors("drop", "exporter:needed", "--data-dir", data).returncode, 0)
            self.assertEqual(kept_in(data), (6, DEAD_LETTERS))
            self.assertNotIn("exporter:needed", cursors("ls", "--data-dir", data).stdout)
            self.assertEqual(cursors("drop", "exporter:needed", "--data-dir", data).returncode, 1)

    def test_make_no_journal(self):
        with tempfile.TemporaryDirectory() as folder:
            missing = str(pathlib.Path(folder, "missing"))
            done = cursors("ls", "--data-dir", missing)
            self.assertEqual(done.returncode, 2)
            self.assertIn("--data-dir", done.stderr)
            self.assertFalse(os.path.exists(missing))


if __name__ == "__main__":
    unittest.main()
