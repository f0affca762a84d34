"""Runs every command, program and answer that the documents show, in order, against a real agent.

A fence's words: `skip=why`, `fails` or `fails=code` (an exit status or an HTTP status of the last
request), `background` (a terminal of its own), `answer` (JSON: has the shape of the output above).
KCLOUD_LOGGER names the binary.
"""

import os
import pathlib
import re
import shutil
import sys
import tempfile
import time
import unittest

import answers
import markdown
import session

ROOT = session.ROOT
BINARY = os.environ.get("KCLOUD_LOGGER", str(ROOT / "build/release/kcloud-logger"))
WORDS = {"sh": {"skip", "fails", "background"}, "json": {"answer"}, "python": {"skip"}, "go": {"skip"}}
DOCUMENTS = sorted(
    [ROOT / "README.md", ROOT / "README.ko.md", ROOT / "deployment/README.md"]
    + [path for place in ("docs", "exporters", "collectors") for path in (ROOT / place).glob(
        "*.md" if place == "docs" else "*/README.md")])
counts = {"run": 0, "compared": 0}
skipped = []


def runs_an_agent(blocks):
    """Whether a document starts its agent itself, not only further ones with --listen."""
    return any(block.language == "sh" and "skip" not in block.words
               and re.search(r"kcloud-logger run\b(?!.*--listen)", block.text) for block in blocks)


def verdict(words, failed, command, statuses):
    """What is wrong with how a block of commands ended, or an empty text."""
    refused = [status for status in statuses if status >= 400]
    if "fails" not in words:
        if failed:
            return f"`{command}` ended with {failed}"
        return f"an answer was {refused[0]}" if refused else ""
    last = statuses[-1] if statuses else 0
    wanted = words["fails"]
    if wanted == "":
        return "" if failed or last >= 400 else "it was to fail, but did not"
    if int(wanted) in (failed, last):
        return ""
    return f"it was to fail with {wanted}, but ended with {failed}, last answer {last}"


class Document:
    """Runs the blocks of one document one by one; `problem(block)` tells what was wrong."""

    def __init__(self, shell):
        self.shell = shell
        self.output = ""

    def problem(self, block):
        unknown = set(block.words) - WORDS.get(block.language, set(block.words))
        if unknown:
            return f"unknown word {unknown.pop()!r} behind the fence"
        if block.language in ("bash", "shell", "console", "zsh"):
            return "commands are fenced with `sh`, so that they are run"
        if "skip" in block.words:
            return self._skip(block, block.words["skip"])
        return getattr(self, "_" + block.language, lambda _: "")(block)

    def _skip(self, block, why):
        skipped.append((block, why.replace("-", " ")))
        return "" if why else "skip needs a reason: skip=why"

    def _sh(self, block):
        counts["run"] += 1
        if "background" in block.words:
            self.shell.background(block.text)
            return ""
        failed, command, self.output, errors, statuses = self.shell.run(block.text)
        wrong = verdict(block.words, failed, command, statuses)
        return f"{wrong}\n{self.output[-2000:]}\n{errors[-2000:]}" if wrong else ""

    def _json(self, block):
        if "answer" not in block.words:
            return ""
        counts["compared"] += 1
        try:
            found = answers.differences(answers.last_json(block.text), answers.last_json(self.output))
        except ValueError as error:
            found = [str(error)]
        return "\n".join([*found, self.output[-3000:]]) if found else ""

    def _python(self, block):
        for name in re.findall(r"^(?:import|from) (\w+)", block.text, re.M):
            code, _ = self.shell.program([sys.executable], f"import {name}\n", ".py")
            if code:
                return self._skip(block, f"Python-module-{name}-is-not-installed")
        counts["run"] += 1
        code, self.output = self.shell.program([sys.executable], block.text, ".py")
        return f"ended with {code}\n{self.output}" if code else ""

    def _go(self, block):
        if not shutil.which("go"):
            return self._skip(block, "Go-is-not-installed")
        counts["run"] += 1
        code, self.output = self.shell.program(["go", "vet"], block.text, ".go")
        if code == 0:
            code, self.output = self.shell.program(["go", "run"], block.text, ".go")
        return f"ended with {code}\n{self.output}" if code else ""


class Commands(unittest.TestCase):
    maxDiff = None  # an answer that differs is shown whole

    def check(self, path):
        blocks = markdown.blocks(path.read_text("utf-8"))
        name = path.relative_to(ROOT)
        for server in ("influxd", "redis-server"):
            if any(server in block.text for block in blocks if block.language == "sh"):
                if not shutil.which(server):
                    self.skipTest(f"{server} is not installed (tools/install-packages.sh test)")
        if session.postgres_programs() is None:
            if any("pg_ctl" in block.text for block in blocks if block.language == "sh"):
                self.skipTest("PostgreSQL is not installed (tools/install-packages.sh test)")
        if (any("fetch-opensearch" in block.text for block in blocks)
                and not (ROOT / "build/opensearch/home").is_dir()):
            self.skipTest("no OpenSearch (tools/fetch-opensearch.sh)")
        already = len(skipped)
        with tempfile.TemporaryDirectory(prefix="kcloud-docs-") as folder:
            with session.Session(BINARY, folder) as shell:
                if not runs_an_agent(blocks):
                    shell.background("exec kcloud-logger run\n")
                document = Document(shell)
                for block in blocks:
                    with self.subTest(block=f"{name}:{block.line}"):
                        self.assertEqual(document.problem(block), "")
                self.assertEqual(shell.failed_beside(), [])
        for block, why in skipped[already:]:
            print(f"skipped {name}:{block.line}: {why}", file=sys.stderr)


class Conventions(unittest.TestCase):
    def test_verdicts(self):
        for words, failed, statuses, good in (
                ({}, 0, [200, 202], True), ({}, 1, [], False), ({}, 0, [422, 200], False),
                ({"fails": ""}, 2, [], True), ({"fails": ""}, 0, [200], False),
                ({"fails": "422"}, 0, [202, 422], True), ({"fails": "422"}, 0, [422, 202], False),
                ({"fails": "78"}, 78, [], True), ({"fails": "78"}, 1, [], False)):
            with self.subTest(words=words, failed=failed, statuses=statuses):
                self.assertEqual(verdict(words, failed, "x", statuses) == "", good)

    def test_answers(self):
        shown = {"a": 1, "b": [{"c": "x"}, "…"], "d": None}
        for real, good in (
                ({"a": 2.5, "b": [{"c": "y"}, {"other": 1}], "d": None}, True),
                ({"a": "2", "b": [{"c": "y"}], "d": None}, False),
                ({"a": 2, "b": [], "d": None}, False),
                ({"a": 2, "b": [{"c": "y"}], "d": None, "more": 1}, False)):
            with self.subTest(real=real):
                self.assertEqual(answers.differences(shown, real) == [], good)
        self.assertEqual(answers.last_json('HTTP/1.1 200 OK\n\n{"a":\n {"b":1}}\n'), {"a": {"b": 1}})


class Metrics(unittest.TestCase):
    """The table of docs/queries.md and what an agent with plugins of every kind says are the same names."""

    def test_table_is_complete(self):
        text = (ROOT / "docs/queries.md").read_text("utf-8").partition("## Metrics")[2]
        rows = re.findall(r"^\| (`[^|]*) \| (?:gauge|counter|histogram) \|", text, re.M)
        names = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
        shown = {name if name.startswith("process_") else f"kcloud_logger_{name}" for name in names}
        with tempfile.TemporaryDirectory(prefix="kcloud-docs-") as folder:
            with session.Session(BINARY, folder) as shell:
                (shell.work / "sink.yaml").write_text(
                    "intake: {redact: [{path: note, action: drop}]}\n"
                    "exporters:\n  sink: {type: influxdb, url: 'http://127.0.0.1:9'}\n"
                    "  agent: {type: forward, upstreams: 'http://127.0.0.1:9'}\n"
                    "collectors:\n  topics: {type: kafka, brokers: ['127.0.0.1:9']}\n"
                    "  channels: {type: redis, addresses: ['127.0.0.1:9']}\n"
                    "  streams: {type: redis, addresses: ['127.0.0.1:9'], mode: stream, streams: [s]}\n"
                    "  lists: {type: redis, addresses: ['127.0.0.1:9'], mode: list, lists: [l]}\n"
                    "  logs: {type: file, paths: [none.log]}\n"
                    "alerting: {notifiers: {chat: {type: slack, url: 'http://127.0.0.1:9'}}}\n", "utf-8")
                shell.background("exec kcloud-logger run --config sink.yaml\n")
                for _ in range(50):  # until each collector has told its own for the first time
                    output = shell.run("curl http://localhost:8007/metrics")[2]
                    said = set(re.findall(r"^# TYPE (\w+) ", output, re.M))
                    if said == shown:
                        break
                    time.sleep(0.2)
        self.assertEqual(shown, said)


def add_documents():
    """One test a document, so that each has its own agent and folder."""
    for path in DOCUMENTS:
        name = re.sub(r"\W+", "_", str(path.relative_to(ROOT)).removesuffix(".md"))
        setattr(Commands, f"test_{name}", lambda self, path=path: self.check(path))


def tearDownModule():
    print(f"{counts['run']} blocks run, {counts['compared']} answers compared, "
          f"{len(skipped)} skipped", file=sys.stderr)


add_documents()

if __name__ == "__main__":
    if not pathlib.Path(BINARY).exists():
        sys.exit(f"no binary at {BINARY}; name it with KCLOUD_LOGGER")
    unittest.main()
