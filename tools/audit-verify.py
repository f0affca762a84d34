#!/usr/bin/env python3
"""Verifies the audit chain of a data directory with nothing but Python: a second opinion beside
`kcloud-logger audit verify`, with which it shares no code. The format is docs/audit.md.

Usage: tools/audit-verify.py --data-dir DIR [--heads FILE]. Exit code 0: all fits; 1: something does
not, each damaged batch is named; 2: it could not be checked. Signatures of checkpoints are not
looked at.
"""
import argparse
import hashlib
import json
import pathlib
import sqlite3
import struct
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
    """The chains, oldest first: (chain, what it follows or None, the batch that the next one follows)."""
    meta = dict(database.execute("SELECT key, value FROM meta WHERE key LIKE 'chain%'"))
    if b"chain" not in meta:
        raise ValueError("nothing was sealed here")
    parts, text, until = [], meta[b"chain"], None
    while text and uuid.UUID(text.decode()).bytes not in [part[0] for part in parts]:
        chain, follows = uuid.UUID(text.decode()), None
        text, *rest = meta.get(f"chain_follows:{chain}".encode(), b"").split() or [None]
        if text:
            follows = {"seq": int(rest[0]), "hash": bytes.fromhex(rest[1].decode()), "end": int(rest[2])}
        parts.insert(0, (chain.bytes, follows, until))
        until = follows
    return parts


def verify(database, heads):
    """Yields (batch, problem) of each chain; batch 0: of a chain as a whole. Returns what was read."""
    database.text_factory = bytes
    database.row_factory = sqlite3.Row
    read, parts = [], lineage(database)
    if parts[0][1]:
        yield 0, "the chains follow one another in a circle"
    for chain, follows, until in parts:
        name = "" if until is None else f"{uuid.UUID(bytes=chain)} before it: "
        walk = verify_chain(database, heads, chain, follows, until)
        while True:
            try:
                batch, problem = next(walk)
                yield (0 if name else batch, name + (f"batch {batch}: " if name else "") + problem)
            except StopIteration as end:
                read.append(end.value)
                break
    return "\n".join(read)


def verify_chain(database, heads, chain, follows, until):
    heads = {head["seq"]: head["hash"] for head in heads if uuid.UUID(head["chain"]).bytes == chain}
    oldest = database.execute("SELECT min(seq) FROM events").fetchone()[0]
    before, events, unread = None, 0, 0
    for seal in database.execute("SELECT * FROM seals WHERE chain=? ORDER BY seq", (chain,)):
        number = seal["seq"]
        start = before["journal_end"] if before else follows["end"] if follows else 0
        if before is None:
            named = follows["hash"] if follows and follows["seq"] else bytes(32)
            if number == 1 and seal["prev"] != named:
                yield number, "the first batch names another batch before it"
        elif number != before["seq"] + 1:
            yield number, f"batches {before['seq'] + 1} to {number - 1} are missing"
        else:
            if seal["prev"] != before["hash"]:
                yield number, f"it does not follow batch {before['seq']}"
            if seal["total_events"] != before["total_events"] + seal["events"]:
                yield number, "its count of all events is wrong"
        gone = (before is None and number != 1) or oldest is None or oldest > start + 1
        if gone and seal["events"]:
            unread += seal["events"]
        else:
            leaves = [leaf(*event) for event in database.execute(
                "SELECT id, time, type_name, source, body FROM events WHERE seq>? AND seq<=? "
                "ORDER BY seq", (start, seal["journal_end"]))]
            events += len(leaves)
            if len(leaves) != seal["events"]:
                yield number, f"{len(leaves)} events found, {seal['events']} sealed"
            elif merkle(leaves) != seal["root"]:
                yield number, "its events are not those that were sealed"
        if seal_hash(seal) != seal["hash"]:
            yield number, "its hash is not that of its content"
        if until and number == until["seq"] and (
                seal["hash"], seal["journal_end"]) != (until["hash"], until["end"]):
            yield number, "the chain that follows it names another batch of this number"
        if number in heads and heads[number] != seal["hash"].hex():
            yield number, "the checkpoint kept outside has another hash"
        before = seal
    end = before["seq"] if before else 0
    if until and end < until["seq"]:
        yield 0, f"the next chain follows batch {until['seq']}, this one ends at batch {end}"
    for number in sorted(heads):
        if number > end:
            yield 0, f"a checkpoint names batch {number}, the chain ends at batch {end}"
    return f"chain {uuid.UUID(bytes=chain)}: up to batch {end}, {events} events read, {unread} not"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", type=pathlib.Path, required=True)
    parser.add_argument("--heads", type=pathlib.Path)
    options = parser.parse_args()
    findings = 0
    try:
        heads = options.heads.read_text().splitlines() if options.heads else []
        path = (options.data_dir / "journal.db").resolve()
        database = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
        walk = verify(database, [json.loads(line) for line in heads if line.strip()])
        while True:
            batch, problem = next(walk)
            findings += 1
            print(f"batch {batch}: {problem}" if batch else f"chain: {problem}")
    except StopIteration as end:
        print(end.value)
    except (OSError, ValueError, KeyError, sqlite3.Error) as error:
        print(f"audit-verify: {error}", file=sys.stderr)
        return 2
    print(f"verdict: DAMAGED, {findings} findings" if findings else "verdict: OK")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
