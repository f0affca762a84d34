"""The agent and InfluxDB as processes, and an HTTP client.

Servers listen on free loopback ports in temporary directories and end with the test, also when the
test itself is killed (setpriv --pdeathsig). Start them from the main thread only."""

import collections
import contextlib
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.parse

the_binary = ["kcloud-logger"]

Answer = collections.namedtuple("Answer", "status headers body")


def binary():
    return the_binary[0]


def set_binary(path):
    the_binary[0] = os.path.abspath(path)


def free_port():
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def eventually(condition, seconds=10.0, every=0.02):
    """The first true result of `condition`; AssertionError with its last one after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s; last: {result!r}")
        time.sleep(every)


class Client:
    """One keep-alive connection; reconnects for the next request after a failure. `context`: of
    ssl, for an agent that speaks TLS."""

    def __init__(self, port, token=None, timeout=10, context=None):
        self.port, self.token, self.timeout, self.context = port, token, timeout, context
        self.connection = None

    def request(self, method, path, body=None, headers=None):
        """Raises OSError or http.client.HTTPException when there was no whole answer."""
        headers = dict(headers or {})
        if self.token:
            headers["Authorization"] = "Bearer " + self.token
        if self.connection is None:
            kind, more = ((http.client.HTTPSConnection, {"context": self.context})
                          if self.context else (http.client.HTTPConnection, {}))
            self.connection = kind("127.0.0.1", self.port, timeout=self.timeout, **more)
        try:
            self.connection.request(method, path, body, headers)
            response = self.connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        except BaseException:
            self.close()
            raise

    def close(self):
        if self.connection is not None:
            self.connection.close()
        self.connection = None

    __del__ = close

    def get(self, path, **parameters):
        if parameters:
            path += "?" + urllib.parse.urlencode(parameters)
        return self.request("GET", path)

    def json(self, path, **parameters):
        answer = self.get(path, **parameters)
        assert answer.status in (200, 503), (path, answer)
        return json.loads(answer.body)

    def post(self, path, body, headers=None):
        if not isinstance(body, bytes):
            body = json.dumps(body, ensure_ascii=False).encode()
        return self.request("POST", path, body, {"Content-Type": "application/json",
                                                 **(headers or {})})

    def metrics(self):
        """{name{labels}: value}, without the common prefix."""
        values = {}
        for line in self.get("/metrics").body.decode().splitlines():
            if not line.startswith("#"):
                name, value = line.rsplit(" ", 1)
                values[name.removeprefix("kcloud_logger_")] = float(value)
        return values

    def pages(self, path="/events", **parameters):
        """Every event of a listing, through its cursor."""
        parameters = {"limit": 1000, **parameters}
        while True:
            page = self.json(path, **parameters)
            yield from page["events"]
            if page["next"] is None:
                return
            parameters["cursor"] = page["next"]


class Process:
    def __init__(self, command, log):
        self.log = log
        with open(log, "ab") as out:
            self.popen = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *command],
                                          stdin=subprocess.DEVNULL, stdout=out, stderr=out)

    def running(self):
        return self.popen.poll() is None

    def signal(self, number):
        self.popen.send_signal(number)

    def wait(self, seconds=15):
        return self.popen.wait(seconds)

    def kill(self):
        if self.running():
            self.signal(signal.SIGKILL)
        self.popen.wait()


def without_agent_events(config):
    if re.search(r"^audit: *\{", config, re.MULTILINE):
        return re.sub(r"^audit: *\{", "audit: {agent_events: false, ", config, flags=re.MULTILINE)
    if re.search(r"^audit: *$", config, re.MULTILINE):
        return re.sub(r"^audit: *$", "audit:\n  agent_events: false", config, flags=re.MULTILINE)
    return "audit: {agent_events: false}\n" + config


class Agent:
    """`kcloud-logger run` on one directory; started as often as wanted, always on the same port. Without a
    section `alerting` it has no rules, and without a word on them no events of its own: they would be beside
    those that a test counts."""

    def __init__(self, test, config="", data_dir=None, token=None):
        self.directory = tempfile.mkdtemp(prefix="kcloud-system-")
        test.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.data_dir = data_dir or os.path.join(self.directory, "data")
        self.config_file = os.path.join(self.directory, "kcloud-logger.yaml")
        self.log = os.path.join(self.directory, "agent.log")
        self.port, self.token = free_port(), token
        self.context = None  # of ssl, for its clients
        self.process = None
        self.configure(config)
        test.addCleanup(self.end)

    def configure(self, config):
        if not re.search(r"^alerting:", config, re.MULTILINE):
            config = "alerting: {enabled: false}\n" + config  # tests may append to the rest
        if "agent_events" not in config:
            config = without_agent_events(config)
        with open(self.config_file, "w", encoding="utf-8") as file:
            file.write(config)

    def command(self):
        return [binary(), "run", "--config", self.config_file, "--data-dir", self.data_dir,
                "--listen", f"127.0.0.1:{self.port}"]

    def spawn(self):
        self.process = Process(self.command(), self.log)

    def start(self, seconds=20):
        """Returns the seconds until GET /health/ready said 200."""
        begin = time.monotonic()
        self.spawn()
        client = self.client(timeout=5)

        def ready():
            if not self.process.running():
                raise AssertionError(f"the agent ended: {self.log_text()[-2000:]}")
            try:
                return client.get("/health/ready").status == 200
            except (OSError, http.client.HTTPException):
                return False

        eventually(ready, seconds, every=0.01)
        client.close()
        return time.monotonic() - begin

    def client(self, timeout=10):
        return Client(self.port, self.token, timeout, self.context)

    def kill(self):
        self.process.kill()

    def stop(self, number=signal.SIGTERM):
        self.process.signal(number)
        return self.process.wait()

    def end(self):
        if self.process is not None:
            self.process.kill()

    def check_journal(self):
        """`journal check` on the stopped agent's directory: (exit code, output)."""
        return run("journal", "check", "--data-dir", self.data_dir)

    def log_text(self):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read()

    def exporter(self, client, name="influx"):
        return client.json("/health")["components"]["exporter:" + name]


def run(*arguments, **options):
    """One command of the binary: (exit code, output and errors)."""
    done = subprocess.run([binary(), *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=30, check=False, text=True, **options)
    return done.returncode, done.stdout


class InfluxDb:
    CONFIG = """reporting-enabled = false
bind-address = "127.0.0.1:{rpc}"
[meta]
  dir = "{dir}/meta"
[data]
  dir = "{dir}/data"
  wal-dir = "{dir}/wal"
[monitor]
  store-enabled = false
[http]
  bind-address = "127.0.0.1:{port}"
  auth-enabled = {auth}
  log-enabled = false
  max-row-limit = 0
[logging]
  level = "warn"
"""

    def __init__(self, test, auth=False):
        self.directory = tempfile.mkdtemp(prefix="kcloud-influxd-")
        test.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.port, self.auth = free_port(), auth
        self.file = os.path.join(self.directory, "influxdb.conf")
        with open(self.file, "w", encoding="utf-8") as file:
            file.write(self.CONFIG.format(rpc=free_port(), dir=self.directory, port=self.port,
                                          auth=str(auth).lower()))
        self.process = None
        test.addCleanup(lambda: self.process and self.process.kill())
        self.start()
        if auth:
            self.query("CREATE USER admin WITH PASSWORD 'secret' WITH ALL PRIVILEGES")
        self.query("CREATE DATABASE kcloud")

    def cut_torn_entries(self):
        """Cuts what a kill left of an entry off the write-ahead log. InfluxDB 1.6 does so itself, but goes on
        behind the place where the torn entry ended: at its next start it takes the hole between for damage and
        drops what it acknowledged since. An entry: type, length (4 bytes), that many bytes."""
        for path in pathlib.Path(self.directory, "wal").rglob("*.wal"):
            data, end = path.read_bytes(), 0
            while end + 5 <= len(data):
                behind = end + 5 + int.from_bytes(data[end + 1:end + 5], "big")
                if behind > len(data):
                    break
                end = behind
            os.truncate(path, end)

    def start(self):
        self.cut_torn_entries()
        self.process = Process(["/usr/bin/influxd", "run", "-config", self.file],
                               os.path.join(self.directory, "influxd.log"))
        client = Client(self.port)

        def up():
            try:
                return client.get("/ping").status == 204
            except (OSError, http.client.HTTPException):
                return False

        eventually(up, 30)

    def kill(self):
        self.process.kill()

    def query(self, influxql):
        """The series of one statement: [{name, tags, columns, values}]."""
        parameters = {"db": "kcloud", "epoch": "ns", "q": influxql}
        if self.auth:
            parameters |= {"u": "admin", "p": "secret"}
        answer = Client(self.port, timeout=60).request(
            "POST", "/query?" + urllib.parse.urlencode(parameters))
        result = json.loads(answer.body)["results"][0]
        assert "error" not in result, result
        return result.get("series", [])

    def rows(self, influxql):
        return [dict(zip(series["columns"], row)) | series.get("tags", {})
                for series in self.query(influxql) for row in series["values"]]

    def exporter(self, **options):
        """An `exporters:` section for this server."""
        options = {"type": "influxdb", "url": f"http://127.0.0.1:{self.port}",
                   "batch_wait": "100ms", "backoff_max": "1s", **options}
        return "exporters:\n  influx:\n" + "".join(f"    {k}: {v}\n" for k, v in options.items())
