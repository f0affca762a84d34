"""What the system tests measure of an agent: memory and times."""

import re
import threading


def rss(agent):
    """Anonymous memory, bytes."""
    with open(f"/proc/{agent.process.popen.pid}/status", encoding="ascii") as file:
        return int(re.search(r"RssAnon:\s+(\d+)", file.read()).group(1)) * 1024


class Peak:
    """The agent's largest memory while the `with` block runs."""

    def __init__(self, agent, every=0.02):
        self.agent, self.every = agent, every
        self.before, self.most = rss(agent), 0
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self):
        while not self.ended.wait(self.every):
            self.most = max(self.most, rss(self.agent))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()
        self.most = max(self.most, rss(self.agent))

    @property
    def growth(self):
        return self.most - self.before


def quantile(times, share):
    return sorted(times)[min(len(times) - 1, int(share * len(times)))]
