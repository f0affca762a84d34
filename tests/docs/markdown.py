"""Reads the fenced blocks, links and headings of a Markdown file. Pure.

A fence's info string says what a test does with a block; docs/testing.md tells the words.
"""

import dataclasses
import re


@dataclasses.dataclass
class Block:
    """One fenced block: language, words behind it (`a` or `a=b`), text and line of its fence."""

    language: str
    words: dict
    text: str
    line: int


_FENCE = re.compile(r"^( {0,3})(`{3,}|~{3,})\s*(.*?)\s*$")


def blocks(text):
    """All fenced blocks in order. Raises ValueError for a fence that is not closed."""
    found, block, fence = [], None, ""
    for number, line in enumerate(text.split("\n"), 1):
        match = _FENCE.match(line)
        if block is None and match:
            info = match.group(3).split()
            words = dict((word.split("=", 1) + [""])[:2] for word in info[1:])
            block, fence = Block(info[0] if info else "", words, "", number), match.group(2)
        elif block is not None and match and match.group(2).startswith(fence) and not match.group(3):
            found.append(block)
            block = None
        elif block is not None:
            block.text += line + "\n"
    if block is not None:
        raise ValueError(f"the fence of line {block.line} is not closed")
    return found


def prose(text):
    """(line number, line) of what stands outside fences."""
    inside, fence = False, ""
    for number, line in enumerate(text.split("\n"), 1):
        match = _FENCE.match(line)
        if match and not inside:
            inside, fence = True, match.group(2)
        elif match and inside and match.group(2).startswith(fence) and not match.group(3):
            inside = False
        elif not inside:
            yield number, line


_LINK = re.compile(r"\[(?:[^\]\[]|\[[^\]]*\])*\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)")
_REFERENCE = re.compile(r"^ {0,3}\[[^\]]+\]:\s+<?(\S+?)>?\s*$")


def links(text):
    """(line, target) of every link and image outside code."""
    for number, line in prose(text):
        plain = re.sub(r"`[^`]*`", "``", line)
        for match in _LINK.finditer(plain):
            yield number, match.group(1)
        reference = _REFERENCE.match(plain)
        if reference:
            yield number, reference.group(1)


def anchors(text):
    """The anchors that the headings of a file get on GitHub."""
    seen, found = {}, set()
    for _, line in prose(text):
        match = re.match(r"^#{1,6}\s+(.*?)\s*#*$", line)
        if not match:
            continue
        title = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", match.group(1)).lower()
        slug = re.sub(r"[^\w\- ]", "", title).replace(" ", "-")
        count = seen.get(slug, 0)
        seen[slug] = count + 1
        found.add(f"{slug}-{count}" if count else slug)
    return found
