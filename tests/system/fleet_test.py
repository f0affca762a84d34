"""One database, several agents that store in it, and one that answers for all of them
(`query.backend: postgres`): its answers are those of an agent that had every event itself, and every
figure is that of the raw events. Events come to one agent, to another, or to both; agents and the
server are killed on the way. Where something is wrong with the database there is a sentence within
its time, and no answer in part."""

import contextlib
import datetime
import http.client
import json
import os
import random
import signal
import threading
import time
import unittest

import kit
from analytics_kit import OBJECTIVES, Figures, History, at
from postgres_kit import Postgres

STORES = """audit:
  batch_events: 200
  batch_wait: 100ms
  heartbeat: 1s
"""


def near(one, other):
    """Equal but for the last digits of sums."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(near(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(near, one, other))
    if isinstance(one, float) and isinstance(other, (int, float)):
        return abs(one - other) <= 1e-6 * max(1, abs(one))
    return one == other


class Fleet(Figures):
    def setUp(self):
        self.seed = int(os.environ.get("KCLOUD_SEED", random.randrange(1 << 32)))
        print(f"KCLOUD_SEED={self.seed}", flush=True)
        self.random = random.Random(self.seed)
        self.postgres = Postgres(self)
        self.postgres.rows("CREATE ROLE kcloud_reader LOGIN")
        stores = STORES + OBJECTIVES + "exporters:\n" + self.postgres.exporter() + (
            "    reader_role: kcloud_reader\n")
        self.agents = [kit.Agent(self, stores), kit.Agent(self, stores)]
        self.whole = kit.Agent(self, OBJECTIVES)  # has every event itself
        self.asked = kit.Agent(self, OBJECTIVES + self.backend())
        for agent in [*self.agents, self.whole, self.asked]:
            agent.start()
        self.client = self.asked.client(timeout=60)
        self.now = datetime.datetime.now(datetime.timezone.utc).timestamp()

    def backend(self):
        url = self.postgres.url.replace("postgres@", "kcloud_reader@")
        return f"query:\n  backend: postgres\n  url: {url}\n"

    def post(self, agent, batch):
        answer = agent.client(timeout=60).post("/events", batch)
        self.assertEqual(answer.status, 202, answer.body)
        self.assertFalse(json.loads(answer.body)["rejected"])

    def post_all(self, history):
        for number, batch in enumerate(history.batches()):
            self.post(self.whole, batch)
            for agent in self.random.choice([self.agents[:1], self.agents[1:], self.agents]):
                self.post(agent, batch)
            if number == 6:
                self.agents[0].kill()
                self.agents[0].start()
            if number == 12:
                self.postgres.kill()
                time.sleep(0.3)
                self.postgres.start()

    def stored(self):
        for agent in self.agents:
            client = agent.client()
            kit.eventually(lambda a=agent, c=client: a.exporter(c, "ledger")["lag_events"] == 0, 60)
        client = self.whole.client()
        kit.eventually(lambda: client.json("/analytics/rollups")["lag_events"] == 0, 30)

    def both(self, path, **parameters):
        """The same question to the database and to the agent that has everything."""
        answers = [client.get(path, **parameters)
                   for client in (self.client, self.whole.client(timeout=60))]
        self.assertEqual([answer.status for answer in answers], [200, 200], answers)
        return answers

    def compare_answers(self):
        for since, until in self.ranges():
            asked = {"since": since, "until": until}
            for name, more in (("scheduling-performance", {"group_by": "scheduler,cluster"}),
                               ("scheduling-performance", {"step": "1d", "zone": "America/New_York"}),
                               ("scheduling-performance", {"compare_baseline": "true", "step": "1h"}),
                               ("cost-efficiency", {"group_by": "cluster"}),
                               ("sla-compliance", {"step": "1d", "group_by": "workload_type"})):
                answers = [json.loads(answer.body)
                           for answer in self.both("/analytics/" + name, **asked, **more)]
                for answer in answers:
                    del answer["as_of"]
                if self.going_on(until):
                    continue
                self.assertTrue(near(*answers), (name, asked, more, answers))

    def going_on(self, until):
        """Figures by the hour then go by when they were asked for."""
        return until > at(self.now - 60)

    def compare_listings(self):
        def shown(answer):
            for event in answer["events"]:
                for name in ("seq", "agent", "received", "collector", "via"):
                    event.pop(name, None)
            return answer
        for path, parameters in (
                ("/events", {"limit": 300}), ("/events", {"limit": 77, "order": "asc"}),
                ("/events", {"workload": "job-7"}), ("/events", {"cluster": "하이브리드"}),
                ("/events", {"type": "policy_change"}), ("/events", {"q": "SRE@example"}),
                ("/events", {"since": at(self.now - 7000), "until": at(self.now - 100)}),
                ("/events/scheduling_decision", {"limit": 5}), ("/events/workload/job-3", {})):
            got, wanted = (shown(json.loads(answer.body))
                           for answer in self.both(path, **parameters))
            got["next"] = wanted["next"] = None  # the journal may give one with nothing behind it
            self.assertEqual(got, wanted, (path, parameters))
            self.assertTrue(wanted["events"], (path, parameters))
        for event in wanted["events"]:
            found = self.client.json("/events/id/" + event["id"])
            self.assertEqual((found["body"], found["fields"], found["seq"]),
                             (event["body"], event["fields"], None))

    def added_up(self):
        kit.eventually(lambda: self.postgres.rows("SELECT count(*) FROM rollup_pending") == [["0"]], 30)

    def test_the_answers_are_those_of_one_agent_that_has_it_all(self):
        self.post_all(History(self.seed, self.now, days=3.2, count=6000))
        self.stored()
        self.assertNotEqual(self.postgres.rows("SELECT count(*) FROM audit_event"), [["0"]])
        events = self.raw()
        everything = [event["id"] for event in self.whole.client(timeout=60).pages()]
        self.assertEqual([event["id"] for event in self.client.pages()], everything)
        self.compare(events)  # some of it is still pending
        self.compare_answers()
        self.compare_listings()
        self.added_up()
        days = kit.eventually(lambda: self.postgres.rows(
            "SELECT count(*) FROM rollup_mark WHERE grain = 2 AND whole"), 30)
        self.assertGreater(int(days[0][0]), 0)
        self.compare(events)
        self.compare_answers()
        self.rebuild()

    def rebuild(self):
        """Beside agents that go on storing; it makes the hours that it is given, whatever they were."""
        self.postgres.rows("INSERT INTO rollup_state VALUES ('incomplete', 'a test says so')")
        self.assertEqual(self.client.get("/analytics/cost-efficiency").status, 503)
        self.postgres.rows("DELETE FROM rollup_cell WHERE grain = 1 AND series > 2")
        late = History(self.seed + 1, self.now, days=3, count=400)
        for batch in late.batches():
            for agent in [*self.agents, self.whole]:
                self.post(agent, batch)
        code, output = kit.run("rollups", "rebuild", "--pg", self.postgres.url, "--config",
                               self.agents[0].config_file)
        self.assertEqual(code, 0, output)
        # A part, with sums pending: it does not say of the rest that it is not whole.
        extra = [late.event(self.now - 7200)]
        for agent in (self.agents[0], self.whole):
            self.post(agent, extra)
        self.stored()
        code, output = kit.run("rollups", "rebuild", "--pg", self.postgres.url, "--since=-3h", "--until=-1h",
                               "--config", self.agents[0].config_file)
        self.assertEqual(code, 0, output)
        self.assertEqual(self.postgres.rows("SELECT * FROM rollup_state WHERE name = 'incomplete'"), [])
        self.assertRegex(output, r"^\d+ hours made anew from \d+ events\n$")
        self.stored()
        events = self.raw()
        self.compare(events)
        self.compare_answers()


class Shared:
    """What `kit` makes for a test, kept for all tests of a class."""

    def __init__(self, test_class):
        self.addCleanup = test_class.addClassCleanup  # pylint: disable=invalid-name


class FleetTrouble(unittest.TestCase):
    """One database with the events of two agents; who asks is an agent of each test's own."""

    @classmethod
    def setUpClass(cls):
        cls.shared = Shared(cls)
        cls.postgres = Postgres(cls.shared)
        cls.postgres.rows("CREATE ROLE kcloud_reader LOGIN; CREATE ROLE kcloud_stranger LOGIN")
        cls.agents = []
        for name in ("node-1", "node-2"):
            agent = kit.Agent(cls.shared, f"agent: {{name: {name}}}\n" + STORES + OBJECTIVES
                              + "exporters:\n" + cls.postgres.exporter()
                              + "    reader_role: kcloud_reader\n")
            cls.agents.append(agent)
            agent.start()
            answer = agent.client().post("/events", [
                kit.event(f"{name}-{number}", execution_time_ms=number) for number in range(150)])
            assert answer.status == 202, answer
            kit.eventually(lambda a=agent: a.exporter(a.client(), "ledger")["lag_events"] == 0)
        cls.event = next(cls.agents[0].client().pages())
        cls.paths = {
            "list": "/events?limit=5", "type": "/events/scheduling?limit=5",
            "workload": "/events/workload/node-1-7", "id": "/events/id/" + cls.event["id"],
            "scheduling": "/analytics/scheduling-performance?time_range=6h",
            "cost": "/analytics/cost-efficiency?time_range=6h",
            "sla": "/analytics/sla-compliance?time_range=6h",
            "report": "/reports/audit?time_range=24h"}

    def asking(self, section="", more=OBJECTIVES, role="kcloud_reader", start=True):
        """An agent that asks the database, with these members in its section `query`."""
        url = self.postgres.url.replace("postgres@", role + "@")
        if "url:" not in section:
            section = f"  url: {url}\n" + section
        agent = kit.Agent(self, f"{more}query:\n  backend: postgres\n" + section)
        if start:
            agent.start()
        return agent

    def answers(self, agent, names=None):
        """Of all questions at once: {name: (answer, seconds)}."""
        found = {}

        def ask(name):
            begin = time.monotonic()
            answer = agent.client(timeout=60).get(self.paths[name])
            found[name] = (answer, time.monotonic() - begin)

        threads = [threading.Thread(target=ask, args=(name,)) for name in names or self.paths]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(set(found), set(names or self.paths))
        return found

    def refused(self, agent, words, names=None, within=8):
        """Each of the questions has a 503 with a sentence and a time to come back."""
        for name, (answer, seconds) in self.answers(agent, names).items():
            with self.subTest(question=name):
                self.assertEqual(answer.status, 503, answer)
                self.assertGreater(int(answer.headers["Retry-After"]), 0)
                self.assertRegex(json.loads(answer.body)["detail"], words)
                self.assertLess(seconds, within)

    def answered(self, agent, names=None):
        for name, (answer, _) in self.answers(agent, names).items():
            with self.subTest(question=name):
                self.assertEqual(answer.status, 200, answer)

    def health(self, agent):
        answer = agent.client().get("/health")
        self.assertEqual(answer.status, 200, answer)  # it goes on, whatever the database does
        health = json.loads(answer.body)
        return health["status"], health["components"]["query"]

    def own_work_goes_on(self, agent):
        client = agent.client()
        for path in ("/dead-letters", "/analytics/rollups", "/alerts/notifications", "/metrics"):
            self.assertEqual(client.get(path).status, 200, path)
        self.assertEqual(client.post("/events", [kit.event("asked")]).status, 202)
        self.assertEqual(client.get("/health/ready").status, 200)

    def test_the_server_is_down_and_comes_back(self):
        agent = self.asking()
        self.assertEqual(self.health(agent)[1]["asked"], False)
        self.answered(agent)
        self.assertEqual(self.health(agent), ("healthy", {
            "status": "healthy", "backend": "postgres", "asked": True, "last_error": None}))
        self.postgres.kill()
        try:
            self.refused(agent, "^PostgreSQL: .*(refused|terminat|clos|connection)")
            status, query = self.health(agent)
            self.assertEqual((status, query["status"]), ("degraded", "degraded"))
            self.assertIn("PostgreSQL", query["last_error"])
            self.own_work_goes_on(agent)
        finally:
            self.postgres.start()
        self.answered(agent)
        self.assertEqual(self.health(agent)[0], "healthy")

    def test_the_server_hangs(self):
        section = "  connect_timeout: 500ms\n  statement_timeout: 500ms\n  connections: 8\n"
        agent, fresh = self.asking(section), self.asking(section)
        self.answered(agent)  # its connections are there already
        self.postgres.pause()
        try:
            self.refused(fresh, "PostgreSQL: the server did not answer in time", within=3)
            self.refused(agent, "PostgreSQL: .*(did not answer in time|was free)", within=9)
            self.assertEqual(self.health(agent)[0], "degraded")
            self.own_work_goes_on(agent)
        finally:
            self.postgres.pause(signal.SIGCONT)
        self.answered(agent)
        self.answered(fresh)

    def test_who_waits_behind_hanging_questions_is_told_so(self):
        agent = self.asking("  connect_timeout: 1s\n  statement_timeout: 500ms\n  connections: 1\n")
        self.postgres.pause()
        try:
            found = []

            def ask():
                found.append(agent.client(timeout=60).get("/events"))

            threads = [threading.Thread(target=ask) for _ in range(12)]
            begin = time.monotonic()
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertLess(time.monotonic() - begin, 6)  # not 12 times the second
        finally:
            self.postgres.pause(signal.SIGCONT)
        self.assertEqual({answer.status for answer in found}, {503})
        self.assertTrue(any(b"query.connections" in answer.body for answer in found), found)

    def test_the_schema_is_not_there_or_of_another_version(self):
        self.refused(self.asking("  schema: elsewhere\n"),
                     "PostgreSQL: schema elsewhere has version 0, expected 2; an agent with")
        self.addCleanup(self.postgres.rows, "DELETE FROM audit_schema WHERE version = 3; "
                        "INSERT INTO audit_schema VALUES (2) ON CONFLICT DO NOTHING")
        for statement, sentence in (
                ("INSERT INTO audit_schema VALUES (3)", "version 3, expected 2: a newer agent made it"),
                ("DELETE FROM audit_schema WHERE version > 1", "version 1, expected 2; an agent with")):
            self.postgres.rows(statement)
            self.refused(self.asking(), "PostgreSQL: schema kcloud_audit has " + sentence)

    def test_rollups_that_are_not_whole(self):
        agent = self.asking()
        self.postgres.rows("INSERT INTO rollup_state VALUES ('incomplete', 'a test says so')")
        try:
            self.refused(agent, "not whole: a test says so; .*rollups rebuild --pg",
                         ("scheduling", "cost", "sla"))
            self.answered(agent, ("list", "type", "workload", "id", "report"))
        finally:
            self.postgres.rows("DELETE FROM rollup_state WHERE name = 'incomplete'")
        self.answered(agent)

    def test_an_objective_that_nobody_judges(self):
        agent = self.asking(more=OBJECTIVES.replace("at_most: 100", "at_most: 90"))
        self.refused(agent, "^only 0 of 300 events were judged by .*analytics.objectives.*rebuild --pg",
                     ("sla",))
        self.answered(agent, ("scheduling", "cost", "list"))

    def test_a_role_without_rights(self):
        agent = self.asking("  password: open-sesame-7\n", role="kcloud_stranger")
        self.refused(agent, "PostgreSQL: permission denied for schema kcloud_audit")
        self.postgres.rows("GRANT USAGE ON SCHEMA kcloud_audit TO kcloud_stranger")
        self.refused(agent, "PostgreSQL: permission denied for table audit_schema")
        self.postgres.rows("REVOKE USAGE ON SCHEMA kcloud_audit FROM kcloud_stranger")
        client = agent.client()
        shown = [client.get(path).body.decode() for path in ("/health", "/config", "/metrics")]
        for text in [*shown, agent.log_text()]:
            self.assertNotIn("open-sesame-7", text)
        self.assertIn("permission denied", shown[0])
        self.assertIn("permission denied", agent.log_text())
        self.refused(self.asking(role="nobody_at_all"), 'PostgreSQL: .*role "nobody_at_all" does not')

    def test_a_question_that_takes_too_long(self):
        agent = self.asking("  statement_timeout: 300ms\n")
        self.answered(agent)
        sentence = r"PostgreSQL gave up after 300 ms \(query.statement_timeout\): canceling"
        with self.postgres.locked("audit_event"):
            self.refused(agent, sentence, ("list", "id", "report"), within=4)
        with self.postgres.locked("rollup_cell"):
            self.refused(agent, sentence, ("scheduling", "cost", "sla"), within=4)
            self.answered(agent, ("list", "report"))
        self.answered(agent)

    def test_a_text_that_is_looked_for_too_long(self):
        agent = self.asking("  statement_timeout: 100ms\n")
        self.postgres.rows(
            "INSERT INTO audit_event (ingest_day, event_id, time, time_ns, type, body) SELECT "
            "ingest_day, gen_random_uuid(), time, time_ns, 'filler', repeat('nothing here ', 300) "
            "FROM audit_event, generate_series(1, 100) WHERE type = 'scheduling_decision'")
        try:
            self.assertEqual(agent.client().get("/events?limit=1").status, 200)
            answer = agent.client(timeout=30).get("/events", q="no such text anywhere")
            self.assertEqual(answer.status, 503, answer)
            self.assertIn(b"query.statement_timeout", answer.body)
        finally:
            self.postgres.rows("DELETE FROM audit_event WHERE type = 'filler'")

    def stops(self, agent, path, hanging):
        """SIGTERM while a question hangs: the agent ends within its time."""
        found = []

        def ask():
            with contextlib.suppress(OSError, http.client.HTTPException):  # a body that broke off
                found.append(agent.client(timeout=60).get(path))

        thread = threading.Thread(target=ask)
        with hanging:
            thread.start()
            time.sleep(0.5)
            begin = time.monotonic()
            self.assertEqual(agent.stop(), 0)
            self.assertLess(time.monotonic() - begin, 4, agent.log_text())
            thread.join()
        for answer in found:  # a report's status went out with its head
            self.assertEqual(answer.status, 200 if "report" in path else 503, answer)

    def test_it_stops_while_questions_hang(self):
        section = "  connect_timeout: 60s\n  statement_timeout: 60s\n"
        more = "agent: {shutdown_timeout: 3s}\n" + OBJECTIVES
        for path in ("/events", "/analytics/cost-efficiency"):
            for warm in (False, True):
                with self.subTest(path=path, warm=warm):
                    agent = self.asking(section, more)
                    if warm:
                        self.answered(agent)
                    self.stops(agent, path, self.paused())
        for table in ("audit_batch", "audit_retention"):  # a report, behind its head
            with self.subTest(table=table):
                agent = self.asking(section, more)
                self.stops(agent, self.paths["report"], self.postgres.locked(table))

    @contextlib.contextmanager
    def paused(self):
        self.postgres.pause()
        try:
            yield
        finally:
            self.postgres.pause(signal.SIGCONT)

    def test_events_without_a_place_in_a_journal(self):
        agent = self.asking()
        listed = agent.client().get("/events?format=csv&limit=3").body.decode().splitlines()
        self.assertEqual([line.split(",")[1] for line in listed], ["seq", "", "", ""])
        # Stored ones first, then what the asked agent takes itself.
        tail = kit.Process([kit.binary(), "tail", "--last", "3", "--json", "--url",
                            f"http://127.0.0.1:{agent.port}"], agent.directory + "/tail.log")
        self.addCleanup(tail.kill)

        def lines():
            with open(tail.log, encoding="utf-8") as file:
                return file.read().splitlines()

        kit.eventually(lambda: len(lines()) == 3)
        kit.eventually(lambda: agent.client().metrics()["stream_clients"] == 1)
        agent.client().post("/events", [kit.event("asked")])
        kit.eventually(lambda: len(lines()) == 4)
        self.assertEqual(json.loads(lines()[3])["workload"], "asked")
        # To another agent, under the same ids.
        other = kit.Agent(self)
        other.start()
        url = f"http://127.0.0.1:{agent.port}"
        for arguments in (("export", "-o", agent.directory + "/export.jsonl", "--url", url),
                          ("import", agent.directory + "/export.jsonl", "--url",
                           f"http://127.0.0.1:{other.port}")):
            code, output = kit.run(*arguments)
            self.assertEqual(code, 0, output)
        self.assertEqual([event["id"] for event in other.client().pages()],
                         [event["id"] for event in agent.client().pages()])

    def test_a_reload_leaves_it_to_a_restart(self):
        agent = self.asking()
        with open(agent.config_file, "a", encoding="utf-8") as file:
            file.write("  connections: 5\n")
        agent.process.signal(signal.SIGHUP)
        kit.eventually(lambda: "the new configuration is in force" in agent.log_text())
        self.assertRegex(agent.log_text(), "only a restart changes [^\n]*query")
        self.answered(agent)

    def test_check_finds_what_cannot_be(self):
        for section, sentence in (
                ("  url: postgresql://reader:open-sesame@127.0.0.1/kcloud\n",
                 "query.url: expected no password in it; use `password`"),
                ("  url: host=localhost password=open-sesame\n",
                 "query.url: expected no password in it; use `password`"),
                ("  url: http://127.0.0.1/\n", "query.url: expected postgresql://"),
                ("  schema: Audit\n", "query.schema: expected at most 63 of a-z, 0-9 and _"),
                ("  schema: ''\n", "query.schema: must name a schema"),
                ("  connections: 0\n", "query.connections: expected"),
                ("  statement_timeout: 5ms\n", "query.statement_timeout: expected")):
            with self.subTest(section=section):
                agent = self.asking(section, start=False)
                code, output = kit.run("check", "--config", agent.config_file)
                self.assertEqual(code, 78, output)
                self.assertIn(sentence, output)
                self.assertNotIn("open-sesame", output)

    def test_the_report_of_both_agents(self):
        agent = self.asking(more="agent: {name: asked}\n" + OBJECTIVES)
        report = agent.client().json("/reports/audit?time_range=24h&type=scheduling_decision")
        self.assertEqual((report["head"]["backend"], report["head"]["position"],
                          report["head"]["agent"]), ("postgres", None, "asked"))
        self.assertEqual(len(report["rows"]), 300)
        self.assertEqual(report["summary"]["agents"], {"node-1": 150, "node-2": 150})
        self.assertEqual(report["integrity"]["verdict"], "ok")
        self.assertEqual([chain["verdict"] for chain in report["integrity"]["chains"]], ["ok"] * 2)
        self.assertIsNone(report["summary"]["dead_letters"])
        # Who asked is told by an event of the agent that was asked, which stores nothing there.
        self.assertEqual(agent.client().get("/events/id/" + report["head"]["event"]).status, 404)
        head, *rows, summary, integrity, _ = (json.loads(line) for line in agent.client().get(
            "/reports/audit?time_range=24h&type=scheduling_decision&format=jsonl").body.splitlines())
        self.assertEqual((head["backend"], len(rows), summary["rows"], integrity["verdict"]),
                         ("postgres", 300, 300, "ok"))


if __name__ == "__main__":
    kit.main()
