"""A real OpenSearch as a process. It comes from tools/fetch-opensearch.sh; without it the tests are
skipped."""

import http.client
import json
import os
import shutil
import tempfile
import unittest

import kit
from servers import Client, Process, free_port

ROOT = os.path.join(kit.HERE, "..", "..")


class OpenSearch:
    def __init__(self, test):
        """`test`: the class of tests that share it."""
        if not os.path.isdir(os.path.join(ROOT, "build", "opensearch", "home")):
            raise unittest.SkipTest("no OpenSearch in build/opensearch/home; run "
                                    "tools/fetch-opensearch.sh")
        self.directory = tempfile.mkdtemp(prefix="kcloud-opensearch-")
        test.addClassCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.port = free_port()
        self.process = None
        test.addClassCleanup(lambda: self.process and self.process.kill())
        self.start()

    def start(self):
        script = os.path.join(ROOT, "tests", "support", "opensearch", "start.sh")
        log = os.path.join(self.directory, "opensearch.log")
        self.process = Process([script, self.directory, f"127.0.0.1:{self.port}"], log)
        client = Client(self.port)

        def up():
            assert self.process.running(), "OpenSearch ended"
            try:
                return client.get("/_cluster/health", wait_for_status="yellow",
                                  timeout="2s").status == 200
            except (OSError, http.client.HTTPException):
                return False

        kit.eventually(up, 120, every=0.1)

    def kill(self):
        self.process.kill()

    def ask(self, method, path, body=None):
        """The JSON of an answer, which must be a 2xx."""
        answer = Client(self.port, timeout=60).request(
            method, path, body and json.dumps(body), {"Content-Type": "application/json"})
        assert 200 <= answer.status < 300, (path, answer)
        return json.loads(answer.body)

    def exporter(self, prefix, name="search", **options):
        """A member of `exporters:` for this server."""
        options = {"type": "elasticsearch", "urls": f"['http://127.0.0.1:{self.port}']",
                   "prefix": prefix, "replicas": 0, "batch_wait": "100ms", "backoff_max": "1s",
                   "hold_interval": "1s", **options}
        return f"  {name}:\n" + "".join(f"    {k}: {v}\n" for k, v in options.items())

    def search(self, prefix, **body):
        """Of events; the seals of the audit chain are left out."""
        self.ask("POST", f"/{prefix}-*/_refresh")
        return self.ask("POST", f"/{prefix}-*,-{prefix}-audit_seal-*/_search",
                        {"track_total_hits": True, **body})

    def ids(self, prefix):
        """The id of each document, as often as it is there."""
        found, after = [], {}
        while True:
            page = self.search(prefix, size=5000, _source=False, sort=["id", "_index"],
                               **after)["hits"]["hits"]
            if not page:
                return found
            found += [hit["_id"] for hit in page]
            after = {"search_after": page[-1]["sort"]}
