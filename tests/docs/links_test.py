"""Every relative link of every Markdown file leads to a file that is there, and to a heading in it."""

import pathlib
import subprocess
import unittest
import urllib.parse

import markdown

ROOT = pathlib.Path(__file__).resolve().parents[2]


def documents():
    """The Markdown files under version control, or all of an unpacked archive."""
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.md"],
        capture_output=True, text=True, check=False)
    if listed.returncode == 0:
        return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).exists()]
    return [path for path in ROOT.rglob("*.md") if "build" not in path.relative_to(ROOT).parts]


def problem_of(document, target):
    """What is wrong with a link, or an empty text."""
    if urllib.parse.urlsplit(target).scheme:
        return ""
    path, _, anchor = target.partition("#")
    file = (document.parent / urllib.parse.unquote(path)).resolve() if path else document
    if not file.exists():
        return f"{target} does not exist"
    if ROOT not in file.parents and file != ROOT:
        return f"{target} leads out of the repository"
    if anchor and file.suffix == ".md":
        if urllib.parse.unquote(anchor) not in markdown.anchors(file.read_text("utf-8")):
            return f"{target}: no heading has this anchor"
    return ""


class Links(unittest.TestCase):
    def test_lead_somewhere(self):
        files = documents()
        self.assertGreater(len(files), 5)
        for document in files:
            for line, target in markdown.links(document.read_text("utf-8")):
                with self.subTest(link=f"{document.relative_to(ROOT)}:{line}"):
                    self.assertEqual(problem_of(document, target), "")

    def test_broken_ones_are_found(self):
        readme = ROOT / "README.md"
        for target in ("docs/no-such-page.md", "README.md#no-such-heading", "../elsewhere.md"):
            with self.subTest(target=target):
                self.assertNotEqual(problem_of(readme, target), "")
        text = "[a](x.md) `[b](y.md)`\n```\n[c](z.md)\n```\n[d]: w.md\n"
        self.assertEqual(list(markdown.links(text)), [(1, "x.md"), (5, "w.md")])

    def test_anchors_are_those_of_the_headings(self):
        text = "# A `b` c: d\n## 운영 요약\n## Twice\n## Twice\n```\n# not one\n```\n"
        self.assertEqual(markdown.anchors(text), {"a-b-c-d", "운영-요약", "twice", "twice-1"})


if __name__ == "__main__":
    unittest.main()
