"""`rules check`: what it says and how it ends.

KCLOUD_LOGGER names the binary.
"""

import json
import os
import pathlib
import subprocess
import tempfile
import unittest

BINARY = os.environ["KCLOUD_LOGGER"]
DEFAULTS = str(pathlib.Path(__file__).resolve().parents[2] / "rules/defaults")
RULE = "groups:\n  - name: {0}\n    rules:\n      - alert: {0}\n        expr: {1}\n"


def check(*words):
    return subprocess.run([BINARY, "rules", "check", *words], capture_output=True, text=True,
                          check=False)


class RulesCheck(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
        return str(path)

    def test_good_files(self):
        ended = check(DEFAULTS)
        self.assertEqual((ended.returncode, ended.stderr), (0, ""))
        self.assertRegex(ended.stdout, r"^ok: 5 files, 5 groups, \d+ rules\n$")

    def test_every_problem_with_its_line(self):
        one = self.write("one.yaml", RULE.format("a", "cuont(alert[5m]) > 1"))
        two = self.write("two.yml", RULE.format("b", "alert{한국 = 1}"))
        ended = check(one, two)
        self.assertEqual((ended.returncode, ended.stdout), (1, ""))
        self.assertEqual(ended.stderr, f"""\
{one}:5:15: error: unknown function 'cuont' (did you mean 'count'?)
        expr: cuont(alert[5m]) > 1
              ^
{two}:5:21: error: unexpected '한'
        expr: alert{{한국 = 1}}
                    ^
2 problems in 2 of 2 files
""")

    def test_names_are_unique_over_files(self):
        one = self.write("one.yaml", RULE.format("a", "alert"))
        two = self.write("two.yaml", RULE.format("a", "alert"))
        ended = check(str(self.folder))
        self.assertEqual(ended.returncode, 1)
        self.assertIn(f"{two}:4:16: error: there is an alert 'a' already, at {one}:4:16", ended.stderr)

    def test_json(self):
        path = self.write("one.yaml", RULE.format("a", "'alert{message = 1}'"))
        good = self.write("two.yaml", RULE.format("b", "alert"))
        ended = check("--format", "json", path, good)
        self.assertEqual((ended.returncode, ended.stderr), (1, ""))
        self.assertEqual(json.loads(ended.stdout), {
            "ok": False, "files": 2, "groups": 1, "rules": 1, "problems": [{
                "file": path, "line": 5, "column": 32,
                "message": "field 'message' is text, it cannot be compared with 1"}]})

    def test_directories(self):
        self.write("a.yaml", RULE.format("a", "alert"))
        for name in ("a.txt", ".b.yaml", "a_test.yaml", "..data.yml"):
            self.write(name, "no rules")
        ended = check(str(self.folder))
        self.assertEqual(ended.stdout, "ok: 1 files, 1 groups, 1 rules\n")

    def test_types_of_the_configuration(self):
        types = self.write("types.yaml", "types:\n  fan_speed: {measures: {rpm: {}}}\n")
        config = self.write("config.yaml", f"intake: {{catalogue_files: ['{types}']}}\n")
        rule = self.write("rule.yaml", RULE.format("a", "avg(fan_speed.rpm[5m]) < 100"))
        self.assertEqual(check(rule).returncode, 1)
        self.assertEqual(check(rule, "--config", config).returncode, 0)
        bad = self.write("bad.yaml", "agnet: {}\n")
        ended = check(rule, "--config", bad)
        self.assertEqual(ended.returncode, 78)
        self.assertIn("bad.yaml:1:1: error: unknown key 'agnet'", ended.stderr)

    def test_what_cannot_be_read(self):
        (self.folder / "empty").mkdir()
        for words, told in (((str(self.folder / "none.yaml"),), "No such file"),
                            ((str(self.folder / "empty"),), "no *.yaml or *.yml in it")):
            with self.subTest(words=words):
                ended = check(*words)
                self.assertEqual(ended.returncode, 2)
                self.assertIn(told, ended.stderr)
        self.assertNotIn(check().returncode, (0, 1))

    def test_hostile_texts_do_not_reach_the_terminal(self):
        path = self.write("a.yaml", RULE.format('"\\e[31m"', "alert") + "\x1b[31m: 1\n")
        ended = check(path)
        self.assertEqual(ended.returncode, 1)
        self.assertNotIn("\x1b", ended.stderr)


if __name__ == "__main__":
    unittest.main()
