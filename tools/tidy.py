#!/usr/bin/env python3
"""clang-tidy over the product's sources, several in one translation unit: most of its time goes into headers, which
are then read once for all of them. Usage: tools/tidy.py BUILD_DIR (configured). Prints each finding with the lines
below it; exit 1 when there is one.

Sources of one floor go together, at most BATCH, unless two of them define the same name at file level; a unit that
does not compile is taken apart again.
"""
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
FLOORS = ("core", "config", "rollups", "collectors", "exporters", "rules", "agent", "bench")
BATCH = 12
FILTER = rf"/({'|'.join(FLOORS)})/.*\.(h|cpp)$"
# What a line that begins at the margin defines; members (`Class::name`) do not clash.
DEFINES = re.compile(r"(?<![\w:])([A-Za-z_]\w*)(?= *[({=]|;|\[| :)")
# `using std::chrono::seconds;`, `using Kind = Expr::Kind;`
ALIAS = re.compile(r"using (?!namespace)(?:([\w:]+);|(?:(\w+) = )(.*);)")
KEYWORDS = {"const", "final", "default", "noexcept", "override", "return", "void"}


def floor(source):
    return source.relative_to(ROOT).parts[0]


def names(path):
    """Names that may be of an unnamed namespace, or are macros, with what an alias stands for; too many rather than
    too few."""
    found = {}
    for line in path.read_text("utf-8").splitlines():
        alias = ALIAS.match(line)
        if alias:
            found[alias[2] or alias[1].split("::")[-1]] = alias[3] or alias[1]
        elif line[:1].isalpha() and not line.startswith(("namespace", "using namespace", "return")):
            found.update((name, path) for name in DEFINES.findall(line.split("//")[0]) if name not in KEYWORDS)
        elif line.startswith("#define"):
            found[line.split()[1].split("(")[0]] = path
    return found


def clash(one, other):
    return any(other.get(name, what) != what for name, what in one.items())


def units(sources):
    """Lists of sources that fit together."""
    packed = []
    for source in sources:
        own = names(source)
        for unit, taken in packed:
            if floor(unit[0]) == floor(source) and len(unit) < BATCH and not clash(own, taken):
                unit.append(source)
                taken.update(own)
                break
        else:
            packed.append(([source], own))
    return [unit for unit, _ in packed]


def readable(command):
    """A command of GCC's as clang reads it: without precompiled headers, and quiet of warnings it has not."""
    words = command.split()
    kept, skip = ["-Wno-unknown-warning-option"], False
    for word, following in zip(words, [*words[1:], ""]):
        if word == "-include" and following.endswith("cmake_pch.hxx"):
            skip = True
        elif skip:
            skip = False
        elif word != "-Winvalid-pch":
            kept.append(word)
    return " ".join([kept[1], kept[0], *kept[2:]])


class Tidy:
    def __init__(self, build):
        self.build = build
        commands = json.loads((build / "compile_commands.json").read_text())
        self.commands = {pathlib.Path(entry["file"]): {**entry, "command": readable(entry["command"])}
                         for entry in commands}
        self.folder = build / "tidy"
        self.folder.mkdir(exist_ok=True)

    def sources(self):
        return sorted(path for path in self.commands
                      if path.is_relative_to(ROOT) and path.relative_to(ROOT).parts[0] in FLOORS)

    def dependencies(self, source):
        words = self.commands[source]["command"].split()
        joined = [f"-isystem{folder}" for word, folder in zip(words, words[1:]) if word == "-isystem"]
        return joined + [word for word in words if word.startswith(("-D", "-I"))]

    def run(self, number, unit):
        """Output of the findings; empty: none."""
        folder = self.folder / str(number)
        folder.mkdir(exist_ok=True)
        like = self.commands[unit[0]]
        text = "".join(f'#include "{source}"\n' for source in unit)
        whole = folder / "unit.cpp"
        whole.write_text(text)
        words = like["command"].replace(str(unit[0]), str(whole)).split()
        for source in unit[1:]:  # the folders and macros of the others' dependencies
            words += [word for word in self.dependencies(source) if word not in words]
        command = " ".join(words)
        (folder / "compile_commands.json").write_text(
            json.dumps([{"directory": like["directory"], "command": command, "file": str(whole)}]))
        done = subprocess.run(
            ["clang-tidy", "-quiet", "-p", str(folder), f"--config-file={ROOT / '.clang-tidy'}",
             f"--header-filter={FILTER}", "--checks=-bugprone-suspicious-include", str(whole)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode == 0:
            return ""
        # Names of one source that are another's too: half of them at a time, down to one.
        clash = "clang-diagnostic-error" in done.stdout or "clang-diagnostic-shadow" in done.stdout
        if clash and len(unit) > 1:
            middle = len(unit) // 2
            halves = [self.run(f"{number}-{at}", part) for at, part in enumerate((unit[:middle], unit[middle:]))]
            return "\n".join(filter(None, halves))
        return done.stdout or done.stderr


def main():
    tidy = Tidy(pathlib.Path(sys.argv[1]).resolve())
    todo = units(tidy.sources())
    found = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        # The largest first, so that nothing else is left when they end.
        order = sorted(range(len(todo)), key=lambda at: -len(todo[at]))
        for output in pool.map(lambda at: tidy.run(at, todo[at]), order):
            if output:
                found += 1
                print(output, flush=True)
    print(f"tidy: {sum(map(len, todo))} sources in {len(todo)} units, findings in {found}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
