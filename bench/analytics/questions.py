"""What is asked of the four, and what of their answers is to agree: {what: {figure: value}}, where `what` is a cluster,
a day or nothing. Of SQL and InfluxQL less is asked than the calls answer: no least latency and deviation, no workloads,
no policy changes, no worst hours."""
import collections
import datetime
import re

ZONE = "Asia/Seoul"
FIGURES = ("decisions", "avg_latency_ms", "p99_latency_ms", "cost_efficiency", "compliance")

# SQL and InfluxQL: texts with {since7}, {since30} and {until} in them; what reads the rows, or the series of each text.
Question = collections.namedtuple("Question", "call answer sql sql_read influx influx_read")


def over(question, times):
    """The call over a range that is the same for all four."""
    days = re.search(r"time_range=(\d+)d", question.call)[1]
    return re.sub(r"time_range=\d+d", f"since={times['since' + days]}&until={times['until']}", question.call)


def within(days):
    return f"time >= '{{since{days}}}' AND time < '{{until}}'"


def by_day(found):
    """The first one begins with the range."""
    def day(text):
        moment = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
        return str((moment + datetime.timedelta(hours=9)).astimezone(datetime.timezone.utc).date())
    return {day(time): figures for time, figures in found.items()}


def of_row(row):
    return {name: row[name] for name in FIGURES if name in row}


def of_answer(answer):
    return {"": of_row(answer)}


def of_table(answer, table, key):
    return {row[key]: of_row(row) for row in answer[table] if row["decisions"]}


def of_latency_objective(answer):
    one = next(row for row in answer["objectives"] if row["objective"] == "scheduling-latency")
    return {"": {"decisions": one["total"], "compliance": one["compliance"]}}


# Quantiles as docs/analytics.md has them: the value at rank ⌈q·n⌉.
SQL_LATENCY = """count(*), avg(execution_time_ms),
  percentile_disc(ARRAY[0.5, 0.9, 0.95, 0.99]) WITHIN GROUP (ORDER BY execution_time_ms), max(execution_time_ms),
  count(*) FILTER (WHERE outcome = 'success')::float8 / nullif(count(*), 0),
  1 - sum(cost_per_hour) FILTER (WHERE best_alternative_cost IS NOT NULL)
    / sum(best_alternative_cost) FILTER (WHERE cost_per_hour IS NOT NULL) FROM events_scheduling_decision"""


def sql_latency(rows):
    """Of SQL_LATENCY behind a key."""
    def number(text):
        return float(text) if text else None
    return {row[0]: {"decisions": int(row[1]), "avg_latency_ms": number(row[2]),
                     "p99_latency_ms": number(row[3].strip("{}").split(",")[3]), "cost_efficiency": number(row[6])}
            for row in rows}


BOTH = 'AND "best_alternative_cost" > -1000000000 AND "cost_per_hour" > -1000000000'  # points that have them


def influx_latency(days, more=""):
    quantiles = ", ".join(f'PERCENTILE("execution_time_ms", {q})' for q in (50, 90, 95, 99))
    where = f"FROM scheduling_decision WHERE {within(days)}"
    return [f"""SELECT COUNT("execution_time_ms"), MEAN("execution_time_ms"), {quantiles}, MAX("execution_time_ms")
              {where} {more}""",
            f"""SELECT COUNT("execution_time_ms") {where} AND outcome = 'success' {more}""",
            f"""SELECT (SUM("best_alternative_cost") - SUM("cost_per_hour")) / SUM("best_alternative_cost")
              {where} {BOTH} {more}"""]


def influx_figures(results):
    """By cluster, by time or of all; nothing of intervals without points."""
    found = {}
    for series in results[0]:
        for row in series["values"]:
            if row[1]:
                found[influx_key(series, row)] = {"decisions": row[1], "avg_latency_ms": row[2],
                                                  "p99_latency_ms": row[6]}
    for series in results[2]:
        for row in series["values"]:
            if row[1] is not None:
                found[influx_key(series, row)]["cost_efficiency"] = row[1]
    return found


def influx_key(series, row):
    return series.get("tags", {}).get("cluster") or row[0]


def influx_total(results):
    return {"": figures for _, figures in influx_figures(results).items()}


SQL_COST = [
    f"""SELECT cluster, workload_type, count(*), sum(cost_per_hour), avg(cost_per_hour), sum(power_watts),
      avg(power_watts), count(*) FILTER (WHERE cost_per_hour IS NOT NULL AND best_alternative_cost IS NOT NULL),
      sum(cost_per_hour) FILTER (WHERE best_alternative_cost IS NOT NULL),
      sum(best_alternative_cost) FILTER (WHERE cost_per_hour IS NOT NULL)
      FROM events_scheduling_decision WHERE {within(30)} GROUP BY GROUPING SETS ((), (cluster), (workload_type))
      ORDER BY GROUPING(cluster, workload_type) DESC""",
    f"""SELECT count(*), count(*) FILTER (WHERE outcome <> 'success'),
      sum(cost_saving_per_hour) FILTER (WHERE outcome = 'success'),
      sum(power_saving_watts) FILTER (WHERE outcome = 'success'), avg(migration_time_seconds), sum(downtime_seconds)
      FROM events_workload_relocation WHERE {within(30)}""",
    f"""SELECT kind, count(*), sum(wasted_cost), sum(idle_hours) FROM events_inefficiency_detected WHERE {within(30)}
      GROUP BY kind"""]


def sql_cost(rows):
    return {"": {"decisions": int(rows[0][2]), "cost_efficiency": 1 - float(rows[0][8]) / float(rows[0][9])}}


INFLUX_COST = [
    *(f"""SELECT COUNT("cost_per_hour"), SUM("cost_per_hour"), MEAN("cost_per_hour"), SUM("power_watts"),
      MEAN("power_watts") FROM scheduling_decision WHERE {within(30)} {by}"""
      for by in ("", "GROUP BY cluster", "GROUP BY workload_type")),
    *(f"""SELECT COUNT("cost_per_hour"), SUM("cost_per_hour"), SUM("best_alternative_cost") FROM scheduling_decision
      WHERE {within(30)} {BOTH} {by}""" for by in ("", "GROUP BY cluster", "GROUP BY workload_type")),
    f"""SELECT COUNT("migration_time_seconds"), MEAN("migration_time_seconds"), SUM("downtime_seconds")
      FROM workload_relocation WHERE {within(30)}""",
    f"""SELECT COUNT("id"), SUM("cost_saving_per_hour"), SUM("power_saving_watts") FROM workload_relocation
      WHERE {within(30)} AND outcome = 'success'""",
    f"""SELECT COUNT("wasted_cost"), SUM("wasted_cost"), SUM("idle_hours") FROM inefficiency_detected
      WHERE {within(30)} GROUP BY kind"""]


def influx_cost(results):
    _, chosen, other = results[3][0]["values"][0][1:]
    return {"": {"decisions": results[0][0]["values"][0][1], "cost_efficiency": 1 - chosen / other}}


SQL_SLA = [
    f"""SELECT count(execution_time_ms), count(*) FILTER (WHERE execution_time_ms <= 100), count(*),
      count(*) FILTER (WHERE outcome = 'success') FROM events_scheduling_decision WHERE {within(30)}""",
    f"SELECT sum(downtime_seconds) FROM events_workload_relocation WHERE {within(30)}"]
INFLUX_SLA = [
    *(f"""SELECT COUNT("execution_time_ms") FROM scheduling_decision WHERE {within(30)} {which}"""
      for which in ("", 'AND "execution_time_ms" <= 100', "AND outcome = 'success'")),
    f"""SELECT SUM("downtime_seconds") FROM workload_relocation WHERE {within(30)}"""]


def sql_sla(rows):
    return {"": {"decisions": int(rows[0][0]), "compliance": int(rows[0][1]) / int(rows[0][0])}}


def influx_sla(results):
    total, good = (results[i][0]["values"][0][1] for i in (0, 1))
    return {"": {"decisions": total, "compliance": good / total}}


QUESTIONS = [
    *(Question(f"scheduling-performance?time_range={days}d", of_answer,
               [f"SELECT '', {SQL_LATENCY} WHERE {within(days)}"], sql_latency, influx_latency(days), influx_total)
      for days in (7, 30)),
    Question("scheduling-performance?time_range=30d&group_by=cluster",
             lambda answer: of_table(answer, "groups", "cluster"),
             [f"SELECT cluster, {SQL_LATENCY} WHERE {within(30)} GROUP BY cluster"], sql_latency,
             influx_latency(30, "GROUP BY cluster"), influx_figures),
    Question("scheduling-performance?time_range=30d&step=1d",
             lambda answer: by_day(of_table(answer, "series", "time")),
             [f"SELECT date_trunc('day', time AT TIME ZONE '{ZONE}') || '+09:00', {SQL_LATENCY} WHERE {within(30)} "
              "GROUP BY 1"], lambda rows: by_day(sql_latency(rows)),
             influx_latency(30, f"GROUP BY time(1d) fill(none) tz('{ZONE}')"),
             lambda results: by_day(influx_figures(results))),
    Question("cost-efficiency?time_range=30d", of_answer, SQL_COST, sql_cost, INFLUX_COST, influx_cost),
    Question("sla-compliance?time_range=30d", of_latency_objective, SQL_SLA, sql_sla, INFLUX_SLA, influx_sla)]
