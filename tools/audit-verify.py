#!/usr/bin/env python3
"""Verifies the audit chain of a data directory, or all chains of a PostgreSQL database, with nothing
but Python and psql: a second opinion beside `kcloud-logger audit verify`, with which it shares no
code. The format is docs/audit.md.

Usage: tools/audit-verify.py {--data-dir DIR | --pg URL [--pg-schema NAME]} [--heads FILE]. Exit code
0: all fits; 1: something does not, each damaged batch is named; 2: it could not be checked.
Signatures of checkpoints, and columns that repeat what the body says, are not looked at.
"""
import argparse
import hashlib
import json
import pathlib
import sqlite3
import struct
import subprocess
import sys
import uuid


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def sized(data):
    return b"\xff\xff\xff\xff" if data in (None, b"") else struct.pack(">I", len(data)) + data


def leaf(event_id, time, kind, source, body):
    return sha256(b"\x00kcl1", sized(event_id), sized(struct.pack(">q", time)), sized(kind),
                  sized(source), sized(hashlib.sha256(body).digest()))


def merkle(leaves):
    """RFC 6962, section 2.1: split at the largest power of two below the number of leaves."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\x01", merkle(leaves[:split]), merkle(leaves[split:]))


def seal_hash(seal):
    numbers = struct.pack(">QiQQQ", seal["seq"], seal["day"], seal["events"], seal["total_events"],
                          seal["journal_end"])
    return sha256(b"\x02kcl1", seal["chain"], numbers, seal["root"], seal["prev"])


def lineage(database):
    """The chains, oldest first: (chain, what it follows or None, what the next one follows or None)."""
    meta = dict(database.execute("SELECT key, value FROM meta WHERE key LIKE 'chain%'"))
    if b"chain" not in meta:
        raise ValueError("nothing was sealed here")
    parts, text, until = [], meta[b"chain"], None
    while text and uuid.UUID(text.decode()).bytes not in [part[0] for part in parts]:
        chain, follows = uuid.UUID(text.decode()), None
        text, *rest = meta.get(f"chain_follows:{chain}".encode(), b"").split() or [None]
        if text:
            follows = dict(seq=int(rest[0]), hash=bytes.fromhex(rest[1].decode()), end=int(rest[2]))
        parts.insert(0, (chain.bytes, follows, until))
        until = follows
    return parts


def read_journal(directory):
    """Yields the seals of all its chains, each with the leaves of its events as they read now, or None: no longer kept."""
    path = (directory / "journal.db").resolve()
    database = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
    database.text_factory = bytes
    database.row_factory = sqlite3.Row
    parts = lineage(database)
    for chain, follows, until in parts:
        last = 0
        for seal in read_chain(database, chain, follows):
            last = seal["seq"]
            if until and last == until["seq"] and (
                    seal["hash"], seal["journal_end"]) != (until["hash"], until["end"]):
                seal["problems"].append("the chain that follows names another batch of this number")
            yield seal
        if until and last < until["seq"]:
            yield dict(chain=None, problems=[f"chain {uuid.UUID(bytes=chain)} ends at batch {last}, the "
                                             f"next one follows its batch {until['seq']}"])
    if parts[0][1]:
        yield dict(chain=None, problems=["the chains follow one another in a circle"])


def read_chain(database, chain, follows):
    oldest = database.execute("SELECT min(seq) FROM events").fetchone()[0]
    before = None
    for seal in database.execute("SELECT * FROM seals WHERE chain=? ORDER BY seq", (chain,)):
        start = before["journal_end"] if before else follows["end"] if follows else 0
        gone = (before is None and seal["seq"] != 1) or oldest is None or oldest > start + 1
        leaves = None if gone and seal["events"] else [leaf(*event) for event in database.execute(
            "SELECT id, time, type_name, source, body FROM events WHERE seq>? AND seq<=? "
            "ORDER BY seq", (start, seal["journal_end"]))]
        before = seal
        yield dict(seal, leaves=leaves, found=len(leaves or ()), problems=[],
                   follows=follows["hash"] if follows and follows["seq"] else bytes(32))


def psql(options, query):
    """Yields the rows of a query, each a list of texts; NULL is None. Bytes are in hexadecimal."""
    with subprocess.Popen(
            ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", options.pg, "-c",
             f'SET search_path="{options.pg_schema}"', "-c",
             f"COPY ({query}) TO STDOUT"], stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            yield [None if text == r"\N" else text for text in line.rstrip("\n").split("\t")]
    if process.returncode:
        raise ValueError("psql failed")


def exact(column):
    """A text that PostgreSQL cannot hold is NULL, with its bytes in column_errors."""
    return (f"coalesce(encode(convert_to(e.{column}, 'UTF8'), 'hex'), (SELECT substring(n, "
            f"'bytes (.*)$') FROM unnest(column_errors) n WHERE n LIKE '{column}: %'), '')")


SEALS = """SELECT replace(chain_id::text, '-', ''), seq, ingest_day - date '1970-01-01', n_events,
  total_events, journal_end, encode(root, 'hex'), encode(prev_hash, 'hex'), encode(hash, 'hex'),
  event_ids = '' AND n_events > 0 AND ingest_day <= (SELECT max(day) FROM audit_retention)
  FROM audit_batch ORDER BY 1, 2"""
ROWS = f"""SELECT replace(b.chain_id::text, '-', ''), b.seq, i,
  encode(substring(b.event_ids, i * 16 + 1, 16), 'hex'), encode(substring(b.leaves, i * 32 + 1, 32),
  'hex'), e.time_ns, {exact("type")}, {exact("source")}, {exact("body")}, e.event_id IS NOT NULL,
  (e.chain_id, e.batch_seq) = (b.chain_id, b.seq), b.ingest_day + d <= (SELECT max(day) FROM
  audit_retention)
  FROM audit_batch b CROSS JOIN generate_series(0, length(event_ids) / 16 - 1) i CROSS JOIN LATERAL
  (SELECT (get_byte(event_days, i * 2) << 8 | get_byte(event_days, i * 2 + 1)) AS u) u CROSS JOIN
  LATERAL (SELECT CASE WHEN u > 32767 THEN u - 65536 ELSE u END AS d) d LEFT JOIN audit_event e
  ON e.ingest_day = b.ingest_day + d
  AND e.event_id = encode(substring(b.event_ids, i * 16 + 1, 16), 'hex')::uuid ORDER BY 1, 2, 3"""
EARLY = """SELECT day FROM audit_retention
  WHERE dropped_at::date - day < 30 OR dropped_at > now()"""
NAMED = """SELECT replace(chain_id::text, '-', ''), batch_seq, count(*) FROM audit_event
  GROUP BY 1, 2"""


def read_postgres(options):
    """Yields the seals of all chains, as read_journal; of rows that retention took, the leaves that
    the database keeps stand for them."""
    named = {(chain, seq): int(rows) for chain, seq, rows in psql(options, NAMED)}
    seals = list(psql(options, SEALS))  # before their rows, as an agent may be adding some
    chains = {fields[8]: fields[0] for fields in seals}  # of each hash
    rows = psql(options, ROWS)
    row = next(rows, None)
    for fields in seals:
        numbers = dict(zip(("seq", "day", "events", "total_events", "journal_end"),
                           map(int, fields[1:6])))
        seal = dict(numbers, chain=bytes.fromhex(fields[0]), root=bytes.fromhex(fields[6]),
                    prev=bytes.fromhex(fields[7]), hash=bytes.fromhex(fields[8]), leaves=[],
                    found=0, problems=[], follows=bytes(32))
        if chains.get(fields[7], fields[0]) != fields[0]:
            seal["follows"] = seal["prev"]
        naming, last = 0, None
        while row and (row[0], int(row[1])) < (fields[0], numbers["seq"]):
            row = next(rows, None)
        while row and row[:2] == fields[:2]:
            _, _, index, event, stored, time, kind, source, body, there, own, expired = row
            if index == last:
                seal["problems"].append(f"there is more than one row of event {uuid.UUID(event)}")
            elif there == "t":
                now = leaf(bytes.fromhex(event), int(time), *map(bytes.fromhex,
                                                                 (kind, source, body)))
                if now.hex() != stored:
                    seal["problems"].append(f"event {uuid.UUID(event)} is not what was sealed")
                seal["leaves"].append(now)
                seal["found"] += 1
            else:
                if expired != "t":
                    seal["problems"].append(f"event {uuid.UUID(event)} is missing")
                seal["leaves"].append(bytes.fromhex(stored))
            naming, last = naming + (own == "t"), index
            row = next(rows, None)
        if fields[9] == "t":
            seal["leaves"] = None
        others = named.pop((fields[0], fields[1]), 0) - naming
        if others > 0:
            seal["problems"].append(f"{others} rows name this batch that it does not hold")
        yield seal
    early = [day for day, in psql(options, EARLY)]
    if early:
        yield dict(chain=None, problems=[f"day {day} was dropped before it was 30 days old"
                                         for day in early])
    if named:
        yield dict(chain=None, problems=[f"{rows} rows name batch {seq} of chain {chain}, which is "
                                         "not there" for (chain, seq), rows in named.items()])


def verify(seals, heads, all_chains):
    """Yields (batch, problem); batch 0: of a chain as a whole. Then a line for each chain."""
    before, events, unread, seen = None, 0, 0, set()
    kept = {}  # {chain: {seq: hashes}}
    for head in heads:
        of_chain = kept.setdefault(uuid.UUID(head["chain"]).bytes, {})
        of_chain.setdefault(head["seq"], []).append(head["hash"])

    def end_of_chain():
        for seq in kept.get(before["chain"], ()):
            if seq > before["seq"]:
                yield 0, f"a checkpoint names batch {seq}, the chain ends at {before['seq']}"
        yield None, (f"chain {uuid.UUID(bytes=before['chain'])}: up to batch {before['seq']}, "
                     f"{events} events read, {unread} not")

    for seal in seals:
        if before and seal["chain"] != before["chain"]:
            yield from end_of_chain()
            before, events, unread = None, 0, 0
        if seal["chain"] is None:
            yield from ((0, problem) for problem in seal["problems"])
            continue
        number = seal["seq"]
        seen.add(seal["chain"])
        yield from ((number, problem) for problem in seal["problems"])
        if before is None:
            if number == 1 and seal["prev"] != seal["follows"]:
                yield number, "the first batch names a batch before it that is not here"
        elif number != before["seq"] + 1:
            yield number, f"batches {before['seq'] + 1} to {number - 1} are missing"
        else:
            if seal["prev"] != before["hash"]:
                yield number, f"it does not follow batch {before['seq']}"
            if seal["total_events"] != before["total_events"] + seal["events"]:
                yield number, "its count of all events is wrong"
        events += seal["found"]
        unread += seal["events"] - seal["found"]
        if seal["leaves"] is not None:
            if len(seal["leaves"]) != seal["events"]:
                yield number, f"{len(seal['leaves'])} events found, {seal['events']} sealed"
            elif merkle(seal["leaves"]) != seal["root"]:
                yield number, "its events are not those that were sealed"
        if seal_hash(seal) != seal["hash"]:
            yield number, "its hash is not that of its content"
        for kept_hash in kept.get(seal["chain"], {}).get(number, ()):
            if kept_hash != seal["hash"].hex():
                yield number, "the checkpoint kept outside has another hash"
        before = seal
    if before:
        yield from end_of_chain()
    for chain in kept:
        if all_chains and chain not in seen:
            yield 0, (f"a checkpoint names chain {uuid.UUID(bytes=chain)}, of which there is "
                      "nothing")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    store = parser.add_mutually_exclusive_group(required=True)
    store.add_argument("--data-dir", type=pathlib.Path)
    store.add_argument("--pg", metavar="URL")
    parser.add_argument("--pg-schema", default="kcloud_audit")
    parser.add_argument("--heads", type=pathlib.Path)
    options = parser.parse_args()
    findings, chains = 0, 0
    try:
        heads = [json.loads(line) for line in
                 (options.heads.read_text().splitlines() if options.heads else []) if line.strip()]
        seals = read_postgres(options) if options.pg else read_journal(options.data_dir)
        for batch, problem in verify(seals, heads, bool(options.pg)):
            findings += batch is not None
            chains += batch is None
            print(f"batch {batch}: {problem}" if batch else
                  problem if batch is None else f"chain: {problem}")
        if not chains and not findings:
            raise ValueError("nothing was sealed here")
    except (OSError, ValueError, KeyError, sqlite3.Error) as error:
        print(f"audit-verify: {error}", file=sys.stderr)
        return 2
    print(f"verdict: DAMAGED, {findings} findings" if findings else "verdict: OK")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
