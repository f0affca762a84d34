"""Does a real answer have the shape that a document shows? Pure."""

import json


def last_json(text):
    """The last JSON value of an output whose line begins with a bracket; ValueError when none."""
    decoder = json.JSONDecoder()
    found, skip = None, 0
    for start in _line_starts(text):
        if start < skip or text[start:start + 1] not in ("{", "["):
            continue
        try:
            value, skip = decoder.raw_decode(text, start)
        except json.JSONDecodeError:
            continue
        found = (value,)
    if found is None:
        raise ValueError("the output holds no JSON")
    return found[0]


def _line_starts(text):
    start = 0
    while start < len(text):
        yield start
        end = text.find("\n", start)
        start = len(text) if end < 0 else end + 1


def differences(shown, real, path="$"):
    """Keys, array lengths and types that differ. A member or element `…` stands for any more."""
    if isinstance(shown, dict) and isinstance(real, dict):
        return _in_objects(shown, real, path)
    if isinstance(shown, list) and isinstance(real, list):
        return _in_arrays(shown, real, path)
    if _kind(shown) != _kind(real):
        return [f"{path}: shown as {_kind(shown)}, really {_kind(real)}"]
    return []


def _in_objects(shown, real, path):
    found = [f"{path}: `{key}` is shown but not there" for key in shown if key != "…" and key not in real]
    if "…" not in shown:
        found += [f"{path}: `{key}` is there but not shown" for key in real if key not in shown]
    for key in shown:
        if key != "…" and key in real:
            found += differences(shown[key], real[key], f"{path}.{key}")
    return found


def _in_arrays(shown, real, path):
    whole = [value for value in shown if value != "…"]
    found = []
    if len(whole) > len(real) or (len(whole) == len(shown) and len(whole) != len(real)):
        found.append(f"{path}: {len(whole)} elements are shown, {len(real)} are there")
    for index, (one, other) in enumerate(zip(whole, real)):
        found += differences(one, other, f"{path}[{index}]")
    return found


def _kind(value):
    if value is None or isinstance(value, bool):
        return json.dumps(value) if value is None else "boolean"
    return {dict: "an object", list: "an array", str: "text"}.get(type(value), "a number")
