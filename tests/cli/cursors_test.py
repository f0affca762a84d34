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
CONFIG = "exporters:\n  needed: {type: influxdb, url: 'http://127.0.0.1:9', required: true}\n"


def cursors(*words):
    return subprocess.run([BINARY, "cursors", *words], capture_output=True, text=True, check=False)


def make_journal(folder):
    """A journal of three events that arrived long ago and that a required exporter has not had."""
    config = pathlib.Path(folder, "config.yaml")
    config.write_text(CONFIG, "utf-8")
    data = str(pathlib.Path(folder, "data"))
    with subprocess.Popen(
            [BINARY, "run", "--config", str(config), "--listen", "127.0.0.1:0", "--data-dir", data],
            stderr=subprocess.PIPE, text=True) as agent:
        line = next(line for line in agent.stderr if "is ready on" in line)
        url = json.loads(line)["message"].split(" ready on ")[1].split(",")[0]
        events = [{"workload_id": f"w{i}", "selected_cluster": "c"} for i in range(3)]
        urllib.request.urlopen(f"{url}/events/scheduling", json.dumps(events).encode()).close()
        agent.terminate()
        agent.stderr.read()
    database = sqlite3.connect(pathlib.Path(data, "journal.db"))
    with database:
        database.execute("UPDATE events SET received = received - ?", (400 * 86400 * 10**9,))
    database.close()
    return data


def events_in(data):
    database = sqlite3.connect(pathlib.Path(data, "journal.db"))
    count = database.execute("SELECT count(*) FROM events").fetchone()[0]
    database.close()
    return count


class Cursors(unittest.TestCase):
    def test_remove_no_event(self):
        with tempfile.TemporaryDirectory() as folder:
            data = make_journal(folder)
            listed = cursors("ls", "--data-dir", data)
            self.assertEqual(listed.returncode, 0, listed.stderr)
            self.assertIn("exporter:needed", listed.stdout)
            self.assertEqual(events_in(data), 3)
            self.assertEqual(cursors("drop", "exporter:needed", "--data-dir", data).returncode, 0)
            self.assertEqual(events_in(data), 3)
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
