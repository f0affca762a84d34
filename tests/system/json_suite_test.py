"""Hostile JSON as a value inside an event and as a whole body: accepted and returned byte-exact, or
a 4xx with a problem document. The agent never ends."""

import json
import unittest

import json_cases
import kit

HEAD = ('{"event_type":"scheduling_decision", "timestamp" : "2026-01-15T10:30:00Z",\n'
        '"workload":{"id":"%s"},"decision":{"selected_cluster":"c"},"extra": ')


class JsonSuite(unittest.TestCase):
    @classmethod
    def addCleanup(cls, function, *arguments, **options):
        cls.addClassCleanup(function, *arguments, **options)

    @classmethod
    def setUpClass(cls):
        cls.agent = kit.Agent(cls)
        cls.agent.start()
        cls.client = cls.agent.client()

    def tearDown(self):
        self.assertTrue(self.agent.process.running(), "the agent ended")
        self.assertEqual(self.client.get("/health/ready").status, 200)
        kit.check_conservation(self, self.client.metrics())

    def is_problem(self, name, answer):
        """A 4xx that says why; also a refusal of every event of a request (422)."""
        self.assertIn(answer.status, (400, 413, 422), (name, answer))
        self.assertEqual(answer.headers["Content-Type"], "application/problem+json", name)
        problem = json.loads(answer.body)
        reason = problem.get("detail") or problem["rejected"][0]["errors"][0]["problem"]
        self.assertTrue(reason, (name, problem))

    def is_kept(self, name, answer, text):
        self.assertEqual(answer.status, 202, (name, answer))
        event_id = json.loads(answer.body)["ids"][0]
        got = self.client.get(f"/events/id/{event_id}")
        self.assertEqual(got.status, 200, name)
        self.assertTrue(got.body.endswith(b'"body":' + json_cases.minified(text) + b"}\n"),
                        (name, got.body[:3000]))

    def as_value(self, name, value):
        text = (HEAD % name).encode() + value + b" }\n"
        return text, self.client.post("/events", text)

    def test_valid_values_are_kept_byte_exact(self):
        for name, value in json_cases.VALID:
            text, answer = self.as_value(name, value)
            self.is_kept(name, answer, text)

    def test_invalid_values_are_refused(self):
        for name, value in json_cases.INVALID:
            self.is_problem(name, self.as_value(name, value)[1])

    def test_values_left_to_the_implementation(self):
        kept = []
        for name, value in json_cases.EITHER:
            text, answer = self.as_value(name, value)
            if answer.status == 202:
                self.is_kept(name, answer, text)
                kept.append(name)
            else:
                self.is_problem(name, answer)
        print(f"{len(kept)} of {len(json_cases.EITHER)} accepted: {kept}")

    def test_whole_bodies_are_refused(self):
        cases = [*json_cases.INVALID, *json_cases.EITHER, *json_cases.VALID]
        for name, text in cases:
            for path in ("/events", "/events/scheduling"):
                self.is_problem(name, self.client.post(path, text))

    def test_whole_bodies_as_lines(self):
        for name, text in (*json_cases.INVALID, *json_cases.EITHER):
            self.is_problem(name, self.client.post("/events", text,
                                                   {"Content-Type": "application/x-ndjson"}))

    def test_invalid_elements_of_an_array(self):
        for name, value in json_cases.INVALID + json_cases.EITHER:
            answer = self.client.post("/events", b"[" + value + b"]")
            self.is_problem(name, answer)

    def test_encodings(self):
        for name, text in json_cases.ENCODINGS:
            answer = self.client.post("/events", text)
            if name.startswith("utf-8"):
                self.is_kept(name, answer, text.removeprefix(b"\xef\xbb\xbf"))
            else:
                self.is_problem(name, answer)

    def test_a_cut_event_is_refused_at_every_byte(self):
        text = kit.sample("scheduling_decision")
        whole = text.rstrip()
        for length in range(len(whole)):
            self.is_problem(f"cut at {length}", self.client.post("/events", text[:length]))
        self.is_kept("whole", self.client.post("/events", text), text)

    def test_what_an_answer_quotes_is_json_whatever_came(self):
        for path in ("/events?limit=%FF", "/events?%FF=1", "/events?since=%ED%A0%80",
                     "/events?cursor=%C3", "/events/id/%FF", "/stream/events?last_event_id=%FF",
                     "/events/%FF%FE", "/dead-letters?limit=%FF", "/schemas/%FF"):
            answer = self.client.get(path)
            json.loads(answer.body.decode("utf-8"))
            self.assertIn(answer.status, (200, 400, 404), path)
        self.is_problem("type", self.client.post("/events", b'{"event_type":"\xff"}'))
        parameters = {"limit": 1000}
        while parameters.get("before", 1):
            parameters["before"] = self.client.json("/dead-letters", **parameters)["next"]


if __name__ == "__main__":
    kit.main()
