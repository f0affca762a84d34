#include "exporters/postgres/migrations.h"

namespace kcloud::postgres {
namespace {

constexpr std::string_view kTables = R"sql(
CREATE TABLE audit_event (
  ingest_day date NOT NULL, event_id uuid NOT NULL, time timestamptz NOT NULL,
  time_ns bigint NOT NULL, received timestamptz, type text, source text, workload text,
  cluster text, severity text, actor text, reason text, collector text, agent text,
  chain_id uuid, batch_seq bigint, body text, column_errors text[]
) PARTITION BY RANGE (ingest_day);
CREATE INDEX ON audit_event (event_id);
CREATE INDEX ON audit_event (workload, time);
CREATE INDEX ON audit_event (type, time);
CREATE INDEX ON audit_event USING brin (time);

CREATE TABLE audit_seen (event_id uuid PRIMARY KEY, ingest_day date NOT NULL)
  PARTITION BY RANGE (event_id);

CREATE TABLE audit_batch (
  chain_id uuid, seq bigint, ingest_day date NOT NULL, n_events bigint NOT NULL,
  total_events bigint NOT NULL, journal_end bigint NOT NULL, event_ids bytea NOT NULL,
  leaves bytea NOT NULL, event_days bytea NOT NULL, root bytea NOT NULL, prev_hash bytea NOT NULL,
  hash bytea NOT NULL, sealed_at timestamptz NOT NULL, PRIMARY KEY (chain_id, seq));
CREATE TABLE audit_retention (
  day date NOT NULL, dropped_at timestamptz NOT NULL DEFAULT now(), rows bigint NOT NULL,
  agent text NOT NULL);
CREATE TABLE event_rollup (
  hour timestamptz, type text, cluster text, source text, field text, count bigint NOT NULL,
  sum double precision NOT NULL, min double precision NOT NULL, max double precision NOT NULL,
  PRIMARY KEY (hour, type, cluster, source, field));
)sql";

// Run with their owner's rights, so that a writer can neither make nor drop anything else.
constexpr std::string_view kFunctions = R"sql(
CREATE FUNCTION audit_make_id_partitions(days date[]) RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE day date; name text;
BEGIN
  FOREACH day IN ARRAY days LOOP
    name := 'audit_seen_' || to_char(day, 'YYYYMMDD');
    IF to_regclass(name) IS NULL THEN
      PERFORM pg_advisory_xact_lock(hashtext('audit partitions'));
      EXECUTE format('CREATE TABLE IF NOT EXISTS %I PARTITION OF audit_seen FOR VALUES FROM (%L) TO (%L)',
        name,
        rpad(lpad(to_hex((day - date '1970-01-01')::bigint * 86400000), 12, '0'), 32, '0'),
        rpad(lpad(to_hex((day + 1 - date '1970-01-01')::bigint * 86400000), 12, '0'), 32, '0'));
    END IF;
  END LOOP;
END $$;

CREATE FUNCTION audit_make_partitions(from_day date, to_day date) RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE day date; name text;
BEGIN
  IF to_day - from_day > 400 THEN RAISE EXCEPTION 'more than 400 days at once'; END IF;
  FOR day IN SELECT d::date FROM generate_series(from_day, to_day, interval '1 day') d LOOP
    name := 'audit_event_' || to_char(day, 'YYYYMMDD');
    IF to_regclass(name) IS NULL THEN
      PERFORM pg_advisory_xact_lock(hashtext('audit partitions'));
      EXECUTE format('CREATE TABLE IF NOT EXISTS %I PARTITION OF audit_event FOR VALUES FROM (%L) TO (%L)',
        name, day, day + 1);
    END IF;
    PERFORM audit_make_id_partitions(ARRAY[day]);
  END LOOP;
END $$;

CREATE FUNCTION audit_retain(days integer, agent_name text) RETURNS bigint LANGUAGE plpgsql
SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE cutoff date; part record; n bigint; used boolean; dropped bigint := 0;
BEGIN
  IF days IS NULL OR days < 30 THEN RAISE EXCEPTION 'retention below 30 days'; END IF;
  SET LOCAL lock_timeout = '5s';
  PERFORM pg_advisory_xact_lock(hashtext('audit partitions'));
  cutoff := (now() AT TIME ZONE 'UTC')::date - days;
  FOR part IN SELECT c.relname AS name, to_date(right(c.relname, 8), 'YYYYMMDD') AS day
      FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
      WHERE i.inhparent = 'audit_event'::regclass ORDER BY 1 LOOP
    CONTINUE WHEN part.day >= cutoff;
    EXECUTE format('SELECT count(*) FROM %I', part.name) INTO n;
    EXECUTE format('DROP TABLE %I', part.name);
    IF n > 0 THEN
      INSERT INTO audit_retention (day, rows, agent) VALUES (part.day, n, agent_name);
    END IF;
    dropped := dropped + 1;
  END LOOP;
  -- Of these batches the seals stay, as links of the chain, and not what their rows were.
  UPDATE audit_batch SET event_ids = '', leaves = '', event_days = ''
    WHERE ingest_day < cutoff AND event_ids <> '';
  -- An id is kept as long as its row, which may have come in long after the event.
  FOR part IN SELECT c.relname AS name, to_date(right(c.relname, 8), 'YYYYMMDD') AS day
      FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
      WHERE i.inhparent = 'audit_seen'::regclass ORDER BY 1 LOOP
    CONTINUE WHEN part.day >= cutoff;
    EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE ingest_day >= %L)', part.name, cutoff)
      INTO used;
    IF NOT used THEN EXECUTE format('DROP TABLE %I', part.name); END IF;
  END LOOP;
  RETURN dropped;
END $$;

REVOKE ALL ON FUNCTION audit_make_id_partitions(date[]), audit_make_partitions(date, date),
  audit_retain(integer, text) FROM PUBLIC;
)sql";

// Listings go by time, the newest first. What the rollups are is the README's, "Rollups".
constexpr std::string_view kRollups = R"sql(
SET LOCAL statement_timeout = 0;
DROP INDEX IF EXISTS audit_event_time_idx;
CREATE INDEX audit_event_time_idx ON audit_event (time);

CREATE TABLE rollup_name (id bigint PRIMARY KEY, name bytea NOT NULL);
CREATE TABLE rollup_series (id bigint PRIMARY KEY, type bigint NOT NULL, tags bytea NOT NULL);
CREATE TABLE rollup_cell (grain bigint, part bigint, bucket bigint, series bigint,
  value bytea NOT NULL, PRIMARY KEY (grain, part, bucket, series))
  WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0,
        toast.autovacuum_vacuum_scale_factor = 0.02, toast.autovacuum_vacuum_cost_delay = 0);
CREATE TABLE rollup_mark (grain bigint, part bigint, bucket bigint, whole boolean NOT NULL,
  PRIMARY KEY (grain, part, bucket));
CREATE TABLE rollup_pending (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  delta bytea NOT NULL)
  WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
CREATE TABLE rollup_state (name text PRIMARY KEY, value text NOT NULL);
INSERT INTO rollup_state
  SELECT 'incomplete', 'events from before there were rollups are not in them'
  WHERE EXISTS (SELECT FROM audit_event);
)sql";

constexpr std::string_view kFirst[] = {kTables, kFunctions};
constexpr std::string_view kSecond[] = {kRollups};
constexpr std::span<const std::string_view> kVersions[] = {kFirst, kSecond};

}  // namespace

std::span<const std::span<const std::string_view>> migrations() { return kVersions; }

}  // namespace kcloud::postgres
