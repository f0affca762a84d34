"""A real PostgreSQL 15 in a temporary directory."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile

import kit
import servers

BIN = "/usr/lib/postgresql/15/bin/"


class Postgres:
    """It refuses to run as root: then it is the user `postgres`."""

    def __init__(self, test):
        self.directory = tempfile.mkdtemp(prefix="kcloud-postgres-")
        test.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.port = servers.free_port()
        self.url = f"postgresql://postgres@127.0.0.1:{self.port}/postgres"
        self.as_user = []
        if os.geteuid() == 0:
            shutil.chown(self.directory, "postgres", "postgres")
            self.as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups",
                            "--pdeathsig=KILL"]
        subprocess.run([*self.as_user, BIN + "initdb", "-D", self.directory + "/data", "-A", "trust",
                        "-U", "postgres", "-E", "UTF8", "--locale=C", "-N"], check=True,
                       stdout=subprocess.DEVNULL)
        test.addCleanup(self.kill)
        self.start()

    def start(self):
        with open(self.directory + "/log", "ab") as log:
            self.process = subprocess.Popen(
                [*self.as_user, BIN + "postgres", "-D", self.directory + "/data", "-p",
                 str(self.port), "-c", "listen_addresses=127.0.0.1", "-c",
                 "unix_socket_directories="], stdout=log, stderr=log)
        kit.eventually(lambda: subprocess.run([BIN + "pg_isready", "-q", "-h", "127.0.0.1", "-p",
                                               str(self.port)], check=False).returncode == 0, 60)

    def exporter(self, name="ledger"):
        """A member of `exporters:` for this server."""
        return f"  {name}:\n    type: postgres\n    url: {self.url}\n    backoff_max: 500ms\n"

    def kill(self):
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait(30)

    def pause(self, number=signal.SIGSTOP):
        """Its port takes connections, nothing answers; SIGCONT: goes on."""
        main = self.process.pid
        with open(f"/proc/{main}/task/{main}/children", encoding="ascii") as file:
            for pid in [main, *map(int, file.read().split())]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)

    @contextlib.contextmanager
    def locked(self, table):
        """Nobody else reads or writes it meanwhile."""
        with subprocess.Popen([BIN + "psql", "-X", "-q", "-d", self.url], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True) as psql:
            psql.stdin.write(f"BEGIN; LOCK TABLE kcloud_audit.{table} IN ACCESS EXCLUSIVE MODE;\n"
                             "\\echo locked\n")
            psql.stdin.flush()
            assert psql.stdout.readline() == "locked\n"
            try:
                yield
            finally:
                psql.stdin.close()  # it ends, and with it the transaction

    def rows(self, sql):
        out = subprocess.check_output([BIN + "psql", "-X", "-At", "-F", "\t", "-d", self.url, "-c",
                                       "SET search_path=kcloud_audit", "-c", sql], text=True)
        return [line.split("\t") for line in out.splitlines() if line and line != "SET"]
