"""Sinks that are away under load, InfluxDB and PostgreSQL both real: killed, or hung (their ports take
connections, nothing answers). Nothing acknowledged is lost, publishers do not notice, memory stays
bounded, and the sink that is there is not held up by the one that is not."""

import json
import signal
import subprocess
import time
import unittest
import uuid

import kit
import postgres_kit
from measures import Peak, quantile

ALL_DOWN = 600 if kit.SOAK else 15  # seconds
ALL_DOWN_RATE = 5000 if kit.SOAK else 800  # events a second
BEFORE = 60 if kit.SOAK else 8  # seconds that the acknowledgement is measured with sinks up
ONE_KILLED = 3600 if kit.SOAK else 15
ONE_HUNG = 600 if kit.SOAK else 15
ONE_DOWN_RATE = 500
MOST_LAG = 2 if kit.SOAK else 8  # seconds; machines of short runs are shared
MOST_MEMORY = 256 << 20
MOST_DRAIN = 600


class LongLoad(kit.Load):
    """For millions of events: an acknowledged id is 16 bytes; and when each request began, and how
    long it took."""

    def __init__(self, *arguments, **options):
        self.times, self.count = [], 0
        super().__init__(*arguments, **options)

    def post(self, client, events):
        begin = time.monotonic()
        done = super().post(client, events)
        self.times.append((begin, time.monotonic() - begin))
        return done

    def keep(self, ids, workloads):
        with self.lock:
            self.count += len(ids)
            self.acked.update((uuid.UUID(one).bytes, None) for one in ids)
            self.sent.difference_update(workloads)

    def p99(self, since, until):
        times = [took for begin, took in self.times if since <= begin < until]
        return quantile(times, 0.99), len(times)


class Sinks(unittest.TestCase):
    def begin(self, rate, batch):
        self.influx = kit.InfluxDb(self)
        self.postgres = postgres_kit.Postgres(self)
        self.agent = kit.Agent(self, self.influx.exporter(batch_wait="1s", backoff_max="5s")
                               + self.postgres.exporter() + "    statement_timeout: 5s\n")
        self.agent.start()
        self.began = time.time()
        self.load = LongLoad(self.agent, rate=rate, batch=batch)
        self.addCleanup(self.load.stopping.set)

    @property
    def client(self):
        """A new one, as an idle connection does not outlive an outage."""
        return self.agent.client(timeout=60)

    def health(self):
        """The components of both sinks, once."""
        answer = self.client.get("/health")
        self.assertEqual(answer.status, 200)
        components = json.loads(answer.body)["components"]
        return components["exporter:influx"], components["exporter:ledger"]

    def caught_up(self):
        """Both have all but what the load sent within the last 2 seconds; while it lasts."""
        return all(one["lag_seconds"] <= 2 and one["lag_events"] <= 2 * self.rate()
                   for one in self.health())

    def rate(self):
        return self.load.batch * len(self.load.threads) / self.load.interval

    def each_acknowledged_event_once(self):
        self.load.stop()
        ended = time.time()
        self.assertEqual(set(self.load.answers), {202})
        self.assertEqual(self.load.count, len(self.load.acked), "an id given twice")
        for name in ("influx", "ledger"):
            kit.eventually(lambda name=name: self.agent.exporter(self.client, name)["lag_events"] == 0,
                           120)
            health = self.agent.exporter(self.client, name)
            self.assertEqual((health["dead_lettered"], health["skipped"]), (0, 0))
        stored = kit.check_conservation(self, self.client.metrics())["stored"]
        self.assertEqual(stored, self.load.count)
        self.check_postgres()
        self.check_influx(self.began - 1, ended + 1)

    def check_postgres(self):
        rows, ids = 0, set()
        with subprocess.Popen([postgres_kit.BIN + "psql", "-X", "-At", "-d", self.postgres.url, "-c",
                               "COPY (SELECT event_id FROM kcloud_audit.audit_event) TO STDOUT"],
                              stdout=subprocess.PIPE, text=True) as process:
            for line in process.stdout:
                rows += 1
                ids.add(uuid.UUID(line.strip()).bytes)
        self.assertEqual(process.returncode, 0)
        self.assertEqual(rows, len(ids), "an event in two rows")
        self.same(ids)
        self.assertEqual(self.postgres.rows("SELECT sum(count) FROM event_rollup WHERE field=''"),
                         [[str(rows)]])

    def check_influx(self, since, until):
        points, ids = 0, set()
        for second in range(int(since), int(until) + 1, 5):
            for row in self.influx.rows(
                    'SELECT "id" FROM "scheduling_decision" WHERE time >= '
                    f"{second}000000000 AND time < {second + 5}000000000"):
                points += 1
                ids.add(uuid.UUID(row["id"]).bytes)
        self.assertEqual(points, len(ids), "an event in two points")
        self.assertEqual(self.influx.rows('SELECT count("id") FROM "scheduling_decision"')[0]["count"],
                         points)
        self.same(ids)

    def same(self, ids):
        self.assertEqual(len(self.load.acked.keys() - ids), 0, "acknowledged and lost")
        self.assertEqual(len(ids - self.load.acked.keys()), 0, "never acknowledged")


class AllDown(Sinks):
    def test_nothing_is_lost_and_publishers_do_not_notice(self):
        self.begin(ALL_DOWN_RATE, batch=50 if kit.SOAK else 10)
        time.sleep(BEFORE / 4)
        kit.eventually(self.caught_up, 60)
        with Peak(self.agent, every=0.2) as memory:
            up = time.monotonic()
            time.sleep(BEFORE)
            down = time.monotonic()
            self.influx.kill()
            self.postgres.kill()
            time.sleep(ALL_DOWN)
            back = time.monotonic()
            backlog = [one["lag_events"] for one in self.health()]
            self.assertEqual({one["phase"] for one in self.health()}, {"retrying"})
            self.assertEqual(self.client.get("/health/ready").status, 200)
            self.influx.start()
            self.postgres.start()
            kit.eventually(self.caught_up, MOST_DRAIN, every=0.2)
            drained = time.monotonic() - back
        (with_sinks, before), (without, during) = self.load.p99(up, down), self.load.p99(down, back)
        self.each_acknowledged_event_once()
        print(f"{self.load.count} events; both sinks down for {back - down:.1f} s at "
              f"{during * self.load.batch / (back - down):.0f} events/s (before: "
              f"{before * self.load.batch / (down - up):.0f}); p99 of the acknowledgement "
              f"{without * 1e3:.1f} ms, with sinks {with_sinks * 1e3:.1f} ms; {min(backlog)} events "
              f"waited, caught up {drained:.1f} s after under load; anonymous memory at most "
              f"{memory.most / (1 << 20):.1f} MiB")
        self.assertGreater(min(backlog), ALL_DOWN_RATE * ALL_DOWN / (1.25 if kit.SOAK else 10))
        self.assertLessEqual(without, with_sinks * 2 if kit.SOAK else with_sinks * 10 + 1)
        self.assertLessEqual(memory.most, MOST_MEMORY)


class OneDown(Sinks):
    def newest_in_influx(self):
        return self.influx.rows('SELECT last("id") FROM "scheduling_decision"')[0]["time"] / 1e9

    def newest_in_postgres(self):
        return int(self.postgres.rows("SELECT time_ns FROM audit_event WHERE type = "
                                      "'scheduling_decision' ORDER BY time DESC LIMIT 1")[0][0]) / 1e9

    def while_away(self, what, seconds, away, present, newest):
        """`newest`: of the events in the sink that is there."""
        backlog = self.agent.exporter(self.client, away)["lag_events"]
        said = seen = 0
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            said = max(said, self.agent.exporter(self.client, present)["lag_seconds"])
            seen = max(seen, time.time() - newest())
            time.sleep(0.2)
        gone = self.agent.exporter(self.client, away)
        print(f"{what} for {seconds} s: {gone['lag_events']} events wait, {present} lagged at most "
              f"{said:.2f} s as it says, {seen:.2f} s as seen in it")
        self.assertGreater(gone["lag_events"], backlog + seconds * ONE_DOWN_RATE / 10)
        self.assertGreater(gone["lag_seconds"], seconds / 2)
        self.assertEqual(self.client.get("/health/ready").status, 200)
        self.assertLessEqual(max(said, seen), MOST_LAG, what)

    def test_the_other_one_is_not_held_up(self):
        self.begin(ONE_DOWN_RATE, batch=10)
        with Peak(self.agent, every=0.2) as memory:
            influx_stays = "ledger", "influx", self.newest_in_influx
            kit.eventually(lambda: min(h["delivered"] for h in self.health()) and self.caught_up(), 60)
            self.postgres.kill()
            self.while_away("PostgreSQL killed", ONE_KILLED, *influx_stays)
            self.postgres.start()
            kit.eventually(self.caught_up, MOST_DRAIN)
            self.postgres.pause()
            self.while_away("PostgreSQL hung", ONE_HUNG, *influx_stays)
            self.postgres.pause(signal.SIGCONT)
            kit.eventually(self.caught_up, MOST_DRAIN)
            postgres_stays = "influx", "ledger", self.newest_in_postgres
            self.influx.kill()
            self.while_away("InfluxDB killed", ONE_KILLED, *postgres_stays)
            self.influx.start()
            kit.eventually(self.caught_up, MOST_DRAIN)
            self.influx.process.signal(signal.SIGSTOP)
            self.while_away("InfluxDB hung", ONE_HUNG, *postgres_stays)
            self.influx.process.signal(signal.SIGCONT)
            kit.eventually(self.caught_up, MOST_DRAIN)
        self.each_acknowledged_event_once()
        print(f"{self.load.count} events; anonymous memory at most {memory.most / (1 << 20):.1f} MiB")
        self.assertLessEqual(memory.most, MOST_MEMORY)

    def test_a_sink_that_is_away_from_the_start_has_a_lag(self):
        self.begin(200, batch=5)
        self.agent.stop()
        self.postgres.kill()
        self.agent.start()
        kit.eventually(lambda: self.health()[1]["lag_seconds"] > 1, 30)
        self.postgres.start()
        kit.eventually(self.caught_up, 60)


if __name__ == "__main__":
    kit.main()
