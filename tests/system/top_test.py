"""`top` in a real terminal, and as text."""

import re
import signal
import subprocess
import unittest

import kit
import terminal

SINK = "exporters: {main-influx: {type: influxdb, url: 'http://127.0.0.1:9'}}\n"


class Top(unittest.TestCase):
    def start(self, config=SINK, **options):
        self.agent = kit.Agent(self, config)
        self.agent.start()
        return self.open(**options)

    def open(self, *words, **options):
        return terminal.Terminal(self, [kit.binary(), "top", "--url", self.url(), "--interval",
                                        "100ms", *words], **options)

    def url(self):
        return f"http://127.0.0.1:{self.agent.port}"

    def sees(self, screen, pattern, seconds=10):
        try:
            kit.eventually(lambda: re.search(pattern, screen.screen()) and
                           "not drawn anew" not in screen.errors(), seconds)
        except AssertionError:
            self.fail(f"no {pattern!r} in\n{screen.screen()}")
        self.assertEqual(screen.errors(), [])

    def test_shows_what_the_agent_does(self):
        screen = self.start()
        self.sees(screen, r"kcloud-logger \d.*degraded|kcloud-logger \d.*healthy")
        load = kit.Load(self.agent, rate=200, threads=1)
        self.addCleanup(lambda: load.stopping.set() or load.stop())
        self.sees(screen, r"webhook +[1-9]\d")
        self.sees(screen, r"stored [1-9][\d.]*/s .*[▁▂▃▄▅▆▇█]")
        self.sees(screen, r"p50 \d.* p99 \d")
        self.sees(screen, r"open  [1-9]\d* events .* of 10.0 GiB")
        self.sees(screen, r"main-influx +retrying +[1-9]\d*")
        self.sees(screen, r"\n  http://127.0.0.1:9: ")
        self.sees(screen, r"memory \d.* MiB +CPU \d+ %")
        self.sees(screen, r"ALERTS  –")

    def test_relayouts_at_once(self):
        screen = self.start()
        self.sees(screen, "duplicates/s")
        for columns, rows, shown, absent in ((60, 20, "busy 503/s", "duplicates/s"),
                                             (20, 5, "stored", "INTAKE"), (1, 1, "", "INTAKE"),
                                             (200, 60, "skipped", "^$a"), (80, 24, "duplicates/s", "^$a")):
            with self.subTest(size=(columns, rows)):
                screen.resize(columns, rows)
                self.sees(screen, shown, 5)
                self.assertNotRegex(screen.screen(), absent)

    def test_keys(self):
        screen = self.start()
        self.sees(screen, "every 0.1 s")
        screen.press("+")
        self.sees(screen, "every 0.2 s")
        screen.press("-")
        self.sees(screen, "every 0.1 s")
        screen.press("h")
        self.sees(screen, "longer, shorter interval")
        screen.press("\x1b[A")  # an arrow is no key
        screen.press("h")
        self.sees(screen, "INTAKE")
        screen.press("p")
        self.sees(screen, "PAUSED")
        paused = screen.screen()
        client = self.agent.client()
        client.post("/events", kit.event("w"))
        kit.eventually(lambda: client.metrics()["journal_events"] == 1)
        self.assertEqual(screen.screen(), paused)
        screen.press("p")
        self.sees(screen, "  1 events")
        screen.press("q")
        self.assertEqual(screen.popen.wait(10), 0)
        kit.eventually(screen.restored)

    def test_leaves_the_terminal_as_it_was(self):
        screen = self.start()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGABRT, signal.SIGSEGV):
            with self.subTest(signal=number.name):
                self.sees(screen, "INTAKE")
                self.assertFalse(screen.restored())
                screen.popen.send_signal(number)
                crash = number in (signal.SIGABRT, signal.SIGSEGV)
                self.assertEqual(screen.popen.wait(10), -number if crash else 0)
                kit.eventually(screen.restored)
                screen = self.open()

    def test_gives_the_terminal_back_while_stopped(self):
        screen = self.start()
        self.sees(screen, "INTAKE")
        screen.popen.send_signal(signal.SIGTSTP)
        kit.eventually(screen.restored)
        screen.popen.send_signal(signal.SIGCONT)
        self.sees(screen, "INTAKE")
        self.assertFalse(screen.restored())

    def test_waits_for_an_agent_that_went(self):
        screen = self.start()
        self.sees(screen, "INTAKE")
        self.agent.kill()
        self.sees(screen, r"no answer(.|\n)*trying again")
        self.agent.start()
        self.sees(screen, r"degraded|healthy")
        self.assertNotIn("trying again", screen.screen())

    def test_a_silent_agent_holds_nothing_up(self):
        screen = self.start()
        self.sees(screen, "INTAKE")
        self.agent.process.signal(signal.SIGSTOP)
        self.addCleanup(lambda: self.agent.process.signal(signal.SIGCONT))
        screen.resize(30, 6)
        self.sees(screen, "ack p99", 2)
        screen.press("q")
        self.assertEqual(screen.popen.wait(10), 0)

    def test_says_that_the_token_is_wrong(self):
        self.agent = kit.Agent(self, "http:\n  anonymous_roles: []\n  tokens:\n"
                               "    - {name: t, token: sesame-sesame-sesame, roles: [read]}\n", token="sesame-sesame-sesame")
        self.agent.start()
        self.sees(self.open(), "401 .*needs the role read")
        self.sees(self.open("--token", "sesame-sesame-sesame"), "INTAKE")

    def test_respects_no_color(self):
        screen = self.start(env={"NO_COLOR": "1"})
        self.sees(screen, "INTAKE")
        self.assertFalse(screen.view.colours)
        screen = self.open(env={"NO_COLOR": ""})
        self.sees(screen, "INTAKE")
        self.assertTrue(screen.view.colours)

    def test_is_text_without_a_terminal(self):
        self.start()
        code, text = kit.run("top", "--once", "--url", self.url(), "--interval", "100ms")
        self.assertEqual(code, 0, text)
        self.assertNotIn("\x1b", text)
        self.assertRegex(text, r"^kcloud-logger \d(.|\n)*INTAKE(.|\n)*main-influx(.|\n)*ALERTS")
        with subprocess.Popen([kit.binary(), "top", "--url", self.url(), "--interval", "100ms"],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as batch:
            lines = [batch.stdout.readline() for _ in range(3)]
            self.agent.kill()
            while "no answer" not in lines[-1]:
                lines.append(batch.stdout.readline())
            batch.send_signal(signal.SIGINT)
            batch.stdout.read()
            self.assertEqual(batch.wait(10), 0)
        pipe = subprocess.run(["bash", "-o", "pipefail", "-c", '"$0" top --batch --url "$1" | head -1',
                               kit.binary(), self.url()], stdout=subprocess.PIPE, timeout=30, check=False)
        self.assertEqual((pipe.returncode, pipe.stdout.decode()), (0, lines[0]))
        self.assertRegex(lines[0], "^time +state +received/s")
        self.assertRegex(lines[1], r"^\d{4}-\d\d-\d\dT[\d:]+Z +(healthy|degraded) +\d")
        code, text = kit.run("top", "--once", "--url", self.url())
        self.assertEqual(code, 1)
        self.assertIn("--url", text)

    def test_refuses_wrong_options(self):
        for words in (("--interval", "1"), ("--interval", "1ms"), ("--interval", "2h")):
            code, text = kit.run("top", *words)
            self.assertEqual(code, 2)
            self.assertIn(f"--interval is '{words[1]}', expected", text)
        self.assertNotEqual(kit.run("top", "--once", "--batch")[0], 0)


if __name__ == "__main__":
    kit.main()
