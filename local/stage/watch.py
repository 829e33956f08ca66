"""Takes snapshots while a page listens, and tells what is new in each."""

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict

import requests
from botocore.exceptions import BotoCoreError, ClientError

from local.stage.feed import Feed
from local.stage.lines import lines
from local.stage.snapshot import Snapshot, Sources
from local.stage.verdict import BAD, Verdict, verdict

EVERY_SECONDS = 0.25
# A busy moment, or everything is being stopped: the next snapshot tells it all.
UNREADABLE = (requests.RequestException, BotoCoreError, ClientError)


class Watch:
    """One thread. What it told stays told: a page that comes later reads it in the feed."""

    def __init__(self, sources: Sources, feed: Feed) -> None:
        self._sources = sources
        self._feed = feed
        self._seen = Snapshot()
        self._judged = verdict(self._seen)
        self._one_at_a_time = threading.Lock()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def join(self) -> None:
        self._thread.join()

    def look(self) -> Verdict:
        """Look now and tell what is new. The verdict is the last one where nothing can be read."""
        with suppress(*UNREADABLE):
            self._look()
        return self._judged

    def _look(self) -> None:
        with self._one_at_a_time:
            judged = self._judge_news()
            if judged.tone == BAD:
                # A snapshot takes a moment, in which money can move: what is wrong stays wrong.
                judged = self._judge_news()
            self._judged = judged
            self._feed.tell("verdict", asdict(judged), lasts=False)
            self._feed.tell("weather", self._seen.pi["weather"], lasts=False)

    def _judge_news(self) -> Verdict:
        now = self._sources.snapshot(self._seen)
        for line in lines(self._seen, now):
            self._feed.tell("line", asdict(line))
        self._seen = now
        return verdict(now)

    def begin_anew(self, empty: Callable[[], None]) -> None:
        """Nothing is looked at while everything is emptied."""
        with self._one_at_a_time:
            empty()
            self._seen = Snapshot()
            self._judged = verdict(self._seen)
            self._feed.forget()

    def _watch(self) -> None:
        while self._feed.wait_for_listener():
            try:
                self._look()
            except UNREADABLE:
                self._feed.pause(1)
            self._feed.pause(EVERY_SECONDS)
