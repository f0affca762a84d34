"""A program in a terminal of its own (a pty), whose screen can be read: just the escape sequences
that full-screen programs of this project write. Anything else, and a character beyond the last
column, is an error."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import threading
import unicodedata

_SEQUENCE = re.compile(r"\x1b\[(\??)([0-9;]*)([A-Za-z])")


class Screen:
    """What was written, as a person would see it."""

    def __init__(self, columns, rows):
        self.alternate, self.cursor, self.wraps, self.colours = False, True, True, False
        self.errors = []
        # After a change of size what was on its way is for the old one, until all is drawn anew.
        self.stale = False
        self.resize(columns, rows)

    def resize(self, columns, rows):
        self.columns, self.rows = columns, rows
        self.cells = [[" "] * columns for _ in range(rows)]
        self.x = self.y = 0

    def text(self):
        return "\n".join("".join(row).rstrip() for row in self.cells)

    def feed(self, text):
        """Returns what is not a whole sequence yet."""
        at = 0
        while at < len(text):
            if text[at] == "\x1b":
                match = _SEQUENCE.match(text, at)
                if not match:
                    if len(text) - at < 12:
                        return text[at:]
                    self.errors.append(f"unknown sequence {text[at:at + 12]!r}")
                    at += 1
                    continue
                self._control(*match.groups())
                at = match.end()
                continue
            self._character(text[at])
            at += 1
        return ""

    def _control(self, private, numbers, command):
        if private:
            on = command == "h"
            names = {"1049": "alternate", "25": "cursor", "7": "wraps"}
            setattr(self, names[numbers], on)
            if numbers == "1049":
                self.resize(self.columns, self.rows)
        elif command == "H" and not numbers:
            self.x = self.y = 0
        elif command == "K" and not numbers:
            self.cells[self.y][self.x:] = [" "] * (self.columns - self.x)
        elif command == "J":
            if numbers == "2":
                self.stale = False
            else:
                self.cells[self.y][self.x:] = [" "] * (self.columns - self.x)
            for row in range(0 if numbers == "2" else self.y + 1, self.rows):
                self.cells[row] = [" "] * self.columns
        elif command == "m":
            self.colours = self.colours or numbers not in ("", "0")
        else:
            self.errors.append(f"unknown sequence {private}{numbers}{command}")

    def _character(self, character):
        if character == "\r":
            self.x = 0
        elif character == "\n":
            if self.y + 1 == self.rows and not self.stale:
                self.errors.append("scrolled")
            self.y = min(self.y + 1, self.rows - 1)
        else:
            width = 2 if unicodedata.east_asian_width(character) in "WF" else 1
            if self.x + width > self.columns:
                if not self.stale:
                    self.errors.append(f"{character!r} beyond column {self.columns}")
                return
            self.cells[self.y][self.x:self.x + width] = [character] + [""] * (width - 1)
            self.x += width


class Terminal:
    """Runs `command`; `screen()` is what it shows now."""

    def __init__(self, test, command, columns=80, rows=24, env=None):
        self.lock = threading.Lock()
        self.view = Screen(columns, rows)
        self.master, slave = pty.openpty()
        self._set_size(columns, rows)
        self.before = termios.tcgetattr(slave)
        self.slave = slave  # kept open, so that its settings can be read afterwards
        self.popen = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", *command], stdin=slave, stdout=slave, stderr=slave,
            start_new_session=True, env={**os.environ, "TERM": "xterm-256color", **(env or {})})
        self.closing = threading.Event()
        self.reader = threading.Thread(target=self._read)
        self.reader.start()
        test.addCleanup(self.close)

    def _read(self):
        pending, bytes_pending = "", b""
        while not self.closing.is_set():
            if not select.select([self.master], [], [], 0.05)[0]:
                continue
            try:
                data = bytes_pending + os.read(self.master, 65536)
            except OSError:
                return
            text = data.decode("utf-8", "ignore")
            bytes_pending = data[len(text.encode()):] if len(data) - len(text.encode()) < 4 else b""
            with self.lock:
                pending = self.view.feed(pending + text)

    def _set_size(self, columns, rows):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def resize(self, columns, rows):
        with self.lock:
            self.view.resize(columns, rows)
            self.view.stale = True
            self._set_size(columns, rows)
        self.popen.send_signal(signal.SIGWINCH)  # no controlling terminal would send it

    def screen(self):
        with self.lock:
            return self.view.text()

    def errors(self):
        with self.lock:
            return self.view.errors + ["not drawn anew"] * self.view.stale

    def press(self, keys):
        os.write(self.master, keys.encode())

    def restored(self):
        """The screen, the cursor and the line discipline are as before."""
        with self.lock:
            view = (self.view.alternate, self.view.cursor, self.view.wraps)
        return view == (False, True, True) and termios.tcgetattr(self.slave) == self.before

    def close(self):
        if self.popen.poll() is None:
            self.popen.kill()
        self.popen.wait()
        self.closing.set()
        self.reader.join()
        os.close(self.slave)
        os.close(self.master)
