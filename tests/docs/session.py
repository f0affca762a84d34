"""A reader at a terminal: one temporary folder, one shell, one agent on a free port.

Commands are run as they stand in the documents. Only the ports 8007, 8017, 8018, 8019 and 8443 (further
agents), 8086, 9200, 6379 and 5433 and the path of the binary are exchanged, and `curl`, `kcloud-logger`, `influxd`,
those of Redis and, for root, those that start PostgreSQL are small scripts that add what the exchange needs.
Everything that a session starts ends with it.
"""

import os
import pathlib
import re
import select
import shutil
import signal
import socket
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
PATIENCE = 60  # seconds that one block may take

SHELL = r"""
set -o pipefail -E
trap '{ kcloud_status=$?; [[ $BASH_COMMAND == *"source \"\$kcloud_block\""* ]] ||
  { kcloud_failed=$kcloud_status; kcloud_command=$BASH_COMMAND; }; }' ERR
while read -r kcloud_block <&"$KCLOUD_IN"; do
  kcloud_failed=0 kcloud_command=
  source "$kcloud_block" </dev/null >"$kcloud_block.out" 2>"$kcloud_block.err"
  printf '%d %s\n' "$kcloud_failed" "${kcloud_command//$'\n'/ }" >&"$KCLOUD_OUT"
done
"""

# Says the status behind stderr, and takes the end of a --max-time as an end.
CURL = r"""#!/bin/bash
@CURL@ --no-progress-meter "$@" --write-out '%{stderr}\n@@ %{http_code}\n'
code=$?
[[ $code -eq 28 && " $* " == *" --max-time "* ]] && code=0
exit "$code"
"""

LOGGER = r"""#!/bin/bash
case "$1" in
  run) [[ " $* " == *" --listen "* ]] || set -- "$@" --listen 127.0.0.1:@PORT@ ;;
  import | export) [[ " $* " == *" --url "* || " $* " == *" --data-dir "* ]] || set -- "$@" --url http://127.0.0.1:@PORT@ ;;
  rules) [[ ( $2 == backtest || $2 == explain ) && " $* " != *" --url "* && " $* " != *" --data-dir "* ]] &&
    set -- "$@" --url http://127.0.0.1:@PORT@ ;;
  tail | top | demo | collectors | replay | report | rollups) [[ " $* " == *" --url "* ]] || set -- "$@" --url http://127.0.0.1:@PORT@ ;;
esac
exec @BINARY@ "$@"
"""

INFLUXD = """#!/bin/sh
exec @INFLUXD@ -config @HOME@/influxd.conf
"""

REDIS_SERVER = """#!/bin/sh
exec @REDISD@ --port @REDIS@ --bind 127.0.0.1 "$@"
"""

REDIS_CLI = """#!/bin/sh
exec @REDISCLI@ -p @REDIS@ "$@"
"""

# PostgreSQL does not run as root: its folder, the first option, is that of another user.
POSTGRES = """#!/bin/sh
folder=${1#--pgdata=}
mkdir -p "$folder"
chown postgres "$folder"
exec setpriv --reuid=postgres --regid=postgres --clear-groups --pdeathsig=KILL @PGBIN@/${0##*/} "$@"
"""

INFLUXD_CONF = """
reporting-enabled = false
bind-address = "127.0.0.1:@RPC@"
[meta]
  dir = "@HOME@/meta"
[data]
  dir = "@HOME@/data"
  wal-dir = "@HOME@/wal"
[monitor]
  store-enabled = false
[http]
  bind-address = "127.0.0.1:@INFLUX@"
  log-enabled = false
[logging]
  level = "warn"
"""


def free_ports(count):
    """Ports of 127.0.0.1 that nobody listens on now."""
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def postgres_programs():
    """Where Debian has PostgreSQL's programs, of the newest version that is installed; else None."""
    return max(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), default=None)


def wait_for(port):
    """Returns when 127.0.0.1:port accepts; raises TimeoutError after 10 s."""
    end = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if time.monotonic() > end:
                raise TimeoutError(f"nothing listens on port {port}") from None
            time.sleep(0.02)


class Session:
    """`with Session(binary, folder) as session:`; one thread; calls block until a block is done."""

    def __init__(self, binary, folder):
        self.folder = pathlib.Path(folder)
        *agents, self.influx, self.redis, self.postgres, self.search, rpc = free_ports(10)
        self.port = agents[0]
        self.agents = dict(zip(("8007", "8017", "8018", "8019", "8443"), agents))
        self.names = {"PORT": self.port, "INFLUX": self.influx, "RPC": rpc, "BINARY": binary,
                      "CURL": shutil.which("curl"), "INFLUXD": shutil.which("influxd"),
                      "REDIS": self.redis, "REDISD": shutil.which("redis-server"),
                      "REDISCLI": shutil.which("redis-cli"), "PGBIN": postgres_programs(),
                      "HOME": self.folder / "influx"}
        self.work = self.folder / "work"
        self.count = 0
        self.beside = []
        self._prepare()

    def _fill(self, text):
        return re.sub(r"@([A-Z]+)@", lambda match: str(self.names[match.group(1)]), text)

    def _prepare(self):
        tools = self.folder / "bin"
        for path in (tools, self.work, self.folder / "influx", self.folder / "blocks"):
            path.mkdir()
        for name, text in (("curl", CURL), ("kcloud-logger", LOGGER), ("influxd", INFLUXD),
                           ("redis-server", REDIS_SERVER), ("redis-cli", REDIS_CLI),
                           ("initdb", POSTGRES), ("pg_ctl", POSTGRES)):
            if text == POSTGRES and os.geteuid() != 0:
                continue
            (tools / name).write_text(self._fill(text))
            (tools / name).chmod(0o755)
        (self.folder / "influx" / "influxd.conf").write_text(self._fill(INFLUXD_CONF))
        for place in ("config", "collectors", "exporters", "rules", "deployment", "docs",
                      "tests/api/events"):
            for file in (ROOT / place).rglob("*"):
                if file.suffix in (".yaml", ".json"):
                    copy = self.work / file.relative_to(ROOT)
                    copy.parent.mkdir(parents=True, exist_ok=True)
                    copy.write_text(self.exchange(file.read_text("utf-8")), "utf-8")
        (self.work / "tools").mkdir()
        for path in ("tools/audit-verify.py", "tools/fetch-opensearch.sh", "tests/support/opensearch",
                     "build/opensearch"):
            (self.work / path).parent.mkdir(parents=True, exist_ok=True)
            (self.work / path).symlink_to(ROOT / path)
        for path in (self.folder, self.work):
            path.chmod(0o711)  # OpenSearch and PostgreSQL do not run as root
        self.environment = {
            **os.environ, "PATH": f"{tools}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8",
            "PYTHONDONTWRITEBYTECODE": "1", "NO_PROXY": "*", "no_proxy": "*"}

    def exchange(self, text):
        """A document's text as it is run here."""
        for shown, real in {**self.agents, "8086": self.influx, "6379": self.redis,
                            "5433": self.postgres, "9200": self.search}.items():
            text = re.sub(rf"(:|PGPORT=){shown}\b", rf"\g<1>{real}", text)
        return text.replace("build/release/kcloud-logger", "kcloud-logger")

    def __enter__(self):
        to_shell, self._to = os.pipe()
        self._from, from_shell = os.pipe()
        environment = {**self.environment, "KCLOUD_IN": str(to_shell), "KCLOUD_OUT": str(from_shell)}
        self.shell = subprocess.Popen(
            ["bash", "--norc", "-c", SHELL], cwd=self.work, env=environment,
            pass_fds=(to_shell, from_shell), start_new_session=True)
        os.close(to_shell)
        os.close(from_shell)
        return self

    def __exit__(self, *_):
        os.close(self._to)
        for process in [*self.beside, self.shell]:
            self._end(process)
        os.close(self._from)

    @staticmethod
    def _end(process):
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(process.pid, number)
                process.wait(15)
            except ProcessLookupError:
                break
            except subprocess.TimeoutExpired:
                continue
        process.wait(15)

    def _write(self, text, suffix=""):
        self.count += 1
        path = self.folder / "blocks" / f"{self.count}{suffix}"
        path.write_text(self.exchange(text), "utf-8")
        return path

    def run(self, text):
        """Runs a block in the shell: (status of the last command that failed or 0, that command,
        standard output, standard error, HTTP statuses in order)."""
        path = self._write(text)
        os.write(self._to, f"{path}\n".encode())
        if not select.select([self._from], [], [], PATIENCE)[0]:
            raise TimeoutError(f"the block ran longer than {PATIENCE} s")
        status, _, command = os.read(self._from, 65536).decode().strip().partition(" ")
        out = path.with_suffix(".out").read_text("utf-8")
        err = path.with_suffix(".err").read_text("utf-8")
        statuses = [int(code) for code in re.findall(r"^@@ (\d+)$", err, re.M)]
        return int(status or 1), command, out, re.sub(r"^@@ \d+\n", "", err, flags=re.M), statuses

    def program(self, command, text, suffix):
        """Runs a program's text: (exit status, both outputs)."""
        wait_for(self.port)
        done = subprocess.run(
            [*command, str(self._write(text, suffix))], cwd=self.work, env=self.environment,
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300, check=False)
        return done.returncode, done.stdout + done.stderr

    def background(self, text):
        """Runs a block in a terminal of its own, until the session ends."""
        path = self._write(text)
        with open(path.with_suffix(".log"), "w", encoding="utf-8") as log:
            self.beside.append(subprocess.Popen(
                ["bash", "-e", str(path)], cwd=self.work, env=self.environment, start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT))
        self.beside[-1].log = path.with_suffix(".log")
        if re.search(r"kcloud-logger run\b", text):
            listener = re.search(r"--listen \S*:(\d+)", text)
            wait_for(self.agents[listener[1]] if listener else self.port)

    def failed_beside(self):
        """What the background blocks that ended with a failure have said."""
        return [process.log.read_text("utf-8") for process in self.beside if process.poll()]
