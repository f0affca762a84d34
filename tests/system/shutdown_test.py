"""SIGTERM and SIGINT under load: readiness is gone before requests fail, every 2xx is on disk, exit
code 0 within 10 s; a second signal does no harm."""

import http.client
import signal
import socket
import time
import unittest

import kit

ROUNDS = 20 if kit.SOAK else 3
EXIT_SECONDS = 10.0


class Shutdown(unittest.TestCase):
    def setUp(self):
        self.influx = kit.InfluxDb(self)

    def stop_under_load(self, *signals):
        """Seconds until the exit."""
        agent = kit.Agent(self, self.influx.exporter())
        agent.start()
        still_ready = []

        def failed(_, problem):
            try:
                probe = kit.Client(agent.port, timeout=5).get("/health/ready")
            except (OSError, http.client.HTTPException):
                return
            if probe.status != 503:
                still_ready.append((problem, probe))

        load = kit.Load(agent, rate=1000, failed=failed)
        self.addCleanup(load.stop)
        kit.eventually(lambda: load.acknowledged() > 300)
        begin = time.monotonic()
        for number in signals:
            agent.process.signal(number)
        code = agent.process.wait(20)
        seconds = time.monotonic() - begin
        load.stop()
        self.assertEqual(code, 0, agent.log_text()[-2000:])
        self.assertLessEqual(seconds, EXIT_SECONDS)
        self.assertEqual(still_ready, [], "requests failed while the agent said that it was ready")
        self.assertLessEqual(set(load.answers), {202, 503, "none"})
        self.assertEqual(agent.check_journal()[0], 0)
        agent.start()
        client = agent.client()
        opened = client.json("/health")["components"]["journal"]["opened"]
        self.assertFalse(opened["unclean"], opened)
        stored = kit.compare(self, load, client)
        kit.drained(agent, client)
        kit.one_point_each(self, self.influx, stored)
        self.influx.query('DROP MEASUREMENT "scheduling_decision"')
        self.assertEqual(agent.stop(), 0)
        return seconds

    def check(self, *signals):
        slowest = max(self.stop_under_load(*signals) for _ in range(ROUNDS))
        print(f"{[signal.Signals(s).name for s in signals]}: {ROUNDS} times, "
              f"slowest exit {slowest:.3f} s")

    def test_sigterm(self):
        self.check(signal.SIGTERM)

    def test_sigint(self):
        self.check(signal.SIGINT)

    def test_second_signal_does_no_harm(self):
        self.check(signal.SIGTERM, signal.SIGINT, signal.SIGTERM)

    def test_idle_and_streaming_clients_do_not_hold_the_exit(self):
        agent = kit.Agent(self)
        agent.start()
        stream = http.client.HTTPConnection("127.0.0.1", agent.port, timeout=10)
        self.addCleanup(stream.close)
        stream.request("GET", "/stream/events")
        self.assertEqual(stream.getresponse().status, 200)
        idle = agent.client()
        idle.get("/health")
        begin = time.monotonic()
        self.assertEqual(agent.stop(), 0)
        self.assertLessEqual(time.monotonic() - begin, EXIT_SECONDS)
        print(f"with open connections: {time.monotonic() - begin:.3f} s")

    def test_a_sink_that_is_down_does_not_hold_the_exit(self):
        agent = kit.Agent(self, self.influx.exporter())
        agent.start()
        self.influx.kill()
        client = agent.client()
        self.assertEqual(client.post("/events", kit.event("w-1")).status, 202)
        kit.eventually(lambda: agent.exporter(client)["phase"] == "retrying")
        begin = time.monotonic()
        self.assertEqual(agent.stop(), 0)
        self.assertLessEqual(time.monotonic() - begin, EXIT_SECONDS)
        print(f"with a dead sink: {time.monotonic() - begin:.3f} s")

    def test_a_sink_that_never_answers_is_interrupted_in_time(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            url = f"http://127.0.0.1:{silent.getsockname()[1]}"
            agent = kit.Agent(self, self.influx.exporter(url=url, timeout_ms=60_000))
            agent.start()
            self.assertEqual(agent.client().post("/events", kit.event("w-1")).status, 202)
            silent.settimeout(10)
            with silent.accept()[0]:
                begin = time.monotonic()
                self.assertEqual(agent.stop(), 0)
                seconds = time.monotonic() - begin
        self.assertLessEqual(seconds, EXIT_SECONDS)
        print(f"with a silent sink and timeout_ms 60000: {seconds:.3f} s")


if __name__ == "__main__":
    kit.main()
