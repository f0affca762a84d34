"""Times as publishers write them, through the API: the right instant and the answer's warning, or
an error that names the path and what is expected."""

import itertools
import json
import time
import unittest

import kit

SEOUL = {
    # what is posted: (the instant in UTC, warnings)
    "2025-01-15T10:30:00Z": ("2025-01-15T10:30:00Z", []),
    "2025-01-15T10:30:00z": ("2025-01-15T10:30:00Z", []),
    "2025-01-15 10:30:00Z": ("2025-01-15T10:30:00Z", []),
    "2025-01-15T10:30:00+09:00": ("2025-01-15T01:30:00Z", []),
    "2025-01-15T10:30:00+0900": ("2025-01-15T01:30:00Z", []),
    "2025-01-15T10:30:00-03:30": ("2025-01-15T14:00:00Z", []),
    "2025-01-15T10:30:00.123456789+09:00": ("2025-01-15T01:30:00.123456789Z", []),
    "2025-01-15T10:30:00,5Z": ("2025-01-15T10:30:00.500Z", []),
    "2025-01-15T10:30Z": ("2025-01-15T10:30:00Z", []),
    "2025-01-15T10:30:00": ("2025-01-15T01:30:00Z", ["zone_assumed"]),
    "2025-01-15 10:30:00": ("2025-01-15T01:30:00Z", ["zone_assumed"]),
    "2025-01-15T10:30:00.123456": ("2025-01-15T01:30:00.123456Z", ["zone_assumed"]),
    "2025-01-15T00:00:00.000001": ("2025-01-14T15:00:00.000001Z", ["zone_assumed"]),
    "2024-02-29T12:00:00Z": ("2024-02-29T12:00:00Z", []),
    "2016-12-31T23:59:60Z": ("2017-01-01T00:00:00Z", []),  # leap second: the next one
    "2016-12-31T23:59:60.999Z": ("2017-01-01T00:00:00Z", []),
    "2017-01-01T08:59:60": ("2017-01-01T00:00:00Z", ["zone_assumed"]),
    "1970-01-01T00:00:00Z": ("1970-01-01T00:00:00Z", []),
    1736937000: ("2025-01-15T10:30:00Z", []),
    1736937000.25: ("2025-01-15T10:30:00.250Z", []),
    1736937000123: ("2025-01-15T10:30:00.123Z", []),
    1736937000123456: ("2025-01-15T10:30:00.123456Z", []),
    1736937000123456789: ("2025-01-15T10:30:00.123456789Z", []),
    "1736937000": ("2025-01-15T10:30:00Z", []),
    "1736937000.25": ("2025-01-15T10:30:00.250Z", []),
    "1736937000123456789": ("2025-01-15T10:30:00.123456789Z", []),
    0: ("1970-01-01T00:00:00Z", []),
}
NEW_YORK = {
    "2024-07-01T12:00:00": ("2024-07-01T16:00:00Z", ["zone_assumed"]),
    "2024-01-01T12:00:00": ("2024-01-01T17:00:00Z", ["zone_assumed"]),
    "2024-03-10T01:59:59": ("2024-03-10T06:59:59Z", ["zone_assumed"]),
    "2024-03-10T02:30:00": ("2024-03-10T07:30:00Z", ["zone_assumed"]),  # in the gap: as before it
    "2024-03-10T03:00:00": ("2024-03-10T07:00:00Z", ["zone_assumed"]),
    "2024-11-03T00:59:59": ("2024-11-03T04:59:59Z", ["zone_assumed"]),
    "2024-11-03T01:30:00": ("2024-11-03T05:30:00Z", ["zone_assumed"]),  # twice: the first
    "2024-11-03T02:00:00": ("2024-11-03T07:00:00Z", ["zone_assumed"]),
    "2024-03-10T02:30:00Z": ("2024-03-10T02:30:00Z", []),
}
LORD_HOWE = {  # half an hour of daylight saving
    "2024-10-06T01:59:59": ("2024-10-05T15:29:59Z", ["zone_assumed"]),
    "2024-10-06T02:30:00": ("2024-10-05T15:30:00Z", ["zone_assumed"]),
    "2024-04-07T01:45:00": ("2024-04-06T14:45:00Z", ["zone_assumed"]),
}
REFUSED = ["300000-01-01T00:00:00Z", "+300000-01-01T00:00:00Z", "2262-01-01T00:00:00Z",
           "9999-12-31T23:59:59Z", "1969-12-31T23:59:59Z", "0001-01-01T00:00:00Z",
           "0000-00-00T00:00:00Z", "1970-01-01T08:59:59", "2025-02-29T00:00:00Z",
           "2025-04-31T00:00:00Z", "2025-13-01T00:00:00Z", "2025-00-10T00:00:00Z",
           "2025-01-15T24:00:00Z", "2025-01-15T10:60:00Z", "2025-01-15T10:30:61Z",
           "2025-01-15T10:30:00+24:00", "2025-01-15T10:30:00+09:60", "2025-01-15T10:30:00 KST",
           "2025-01-15T10:30:00.Z", "2025-01-15", "15/01/2025", "now", "", " ", "tomorrow", -1,
           -1736937000, 1e30, 1e300, 18446744073709551615, True, [], {}, ["2025-01-15T10:30:00Z"]]


class Times(unittest.TestCase):
    def start(self, zone, **intake):
        intake = {"max_age": "36600d", **intake}
        agent = kit.Agent(self, f"agent: {{default_zone: {zone}}}\nintake:\n"
                          + "".join(f"  {k}: {v}\n" for k, v in intake.items()))
        agent.start()
        return agent.client()

    numbers = itertools.count()  # no two events are equal

    def post(self, client, posted):
        answer = client.post("/events", {"event_type": "alert", "message": f"m{next(self.numbers)}",
                                         **({} if posted is None else {"timestamp": posted})})
        return answer.status, json.loads(answer.body)

    def check_table(self, zone, table):
        client = self.start(zone)
        for posted, (instant, warnings) in table.items():
            status, answer = self.post(client, posted)
            self.assertEqual(status, 202, (posted, answer))
            self.assertEqual([w["code"] for w in answer["warnings"]], warnings, posted)
            got = client.json(f"/events/id/{answer['ids'][0]}")
            self.assertEqual(got["time"], instant, posted)
            self.assertEqual(got["body"]["timestamp"], posted)

    def test_asia_seoul(self):
        self.check_table("Asia/Seoul", SEOUL)

    def test_america_new_york(self):
        self.check_table("America/New_York", NEW_YORK)

    def test_australia_lord_howe(self):
        self.check_table("Australia/Lord_Howe", LORD_HOWE)

    def test_what_is_no_time_is_refused_with_its_path(self):
        client = self.start("Asia/Seoul")
        for posted in REFUSED:
            status, answer = self.post(client, posted)
            self.assertEqual(status, 422, (posted, answer))
            error = answer["rejected"][0]["errors"][0]
            self.assertEqual(error["path"], "timestamp", posted)
            self.assertTrue(error["problem"] and error["expected"], error)

    def test_far_future_and_past(self):
        client = self.start("Asia/Seoul", max_future="1d", max_age="365d")
        now = time.time()
        for distance, status, codes in ((0, 202, []), (30, 202, []), (120, 202, ["future_time"]),
                                        (86_000, 202, ["future_time"]), (90_000, 422, None),
                                        (10 * 365 * 86_400, 422, None), (-364 * 86_400, 202, []),
                                        (-366 * 86_400, 422, None)):
            got, answer = self.post(client, int(now) + distance)
            self.assertEqual(got, status, (distance, answer))
            if codes is None:
                error = answer["rejected"][0]["errors"][0]
                self.assertEqual(error["path"], "timestamp")
                self.assertIn("max_future" if distance > 0 else "max_age", error["expected"])
            else:
                self.assertEqual([w["code"] for w in answer["warnings"]], codes, distance)

    def test_without_a_time_arrival_counts(self):
        client = self.start("Asia/Seoul")
        status, answer = self.post(client, None)
        self.assertEqual((status, [w["code"] for w in answer["warnings"]]), (202, ["no_time"]))
        got = client.json(f"/events/id/{answer['ids'][0]}")
        self.assertEqual(got["time"], got["received"])

    def test_the_index_of_a_warning(self):
        client = self.start("Asia/Seoul")
        answer = client.post("/events", [
            {"event_type": "alert", "message": "a", "timestamp": "2025-01-15T10:30:00Z"},
            {"event_type": "alert", "message": "b", "timestamp": "2025-01-15T10:30:00"},
            {"event_type": "alert", "message": "c"}])
        self.assertEqual(json.loads(answer.body)["warnings"],
                         [{"index": 1, "code": "zone_assumed"}, {"index": 2, "code": "no_time"}])

    def test_queries_read_times_like_events(self):
        client = self.start("Asia/Seoul")
        self.post(client, "2025-01-15T10:30:00")
        for since, until in (("2025-01-15T01:30:00Z", "2025-01-15T01:30:01Z"),
                             ("2025-01-15T10:30:00", "2025-01-15T10:30:01"),
                             ("2025-01-15T10:30:00+09:00", "2025-01-15T10:30:01+09:00"),
                             ("1736904600", "1736904601"), ("1736904600000", "1736904600001")):
            self.assertEqual(len(list(client.pages(since=since, until=until))), 1, since)
            self.assertEqual(len(list(client.pages(until=since))), 0, since)
            self.assertEqual(len(list(client.pages(since=until))), 0, since)
        self.assertEqual(client.get("/events", since="yesterday").status, 400)


if __name__ == "__main__":
    kit.main()
