"""Looks again and again while somebody listens, and tells what is new."""

import threading
from collections.abc import Callable
from dataclasses import asdict

import requests
from botocore.exceptions import BotoCoreError, ClientError

from local.stage.feed import Feed
from local.stage.lines import lines
from local.stage.look import Eyes, Look
from local.stage.verdict import Verdict, verdict

EVERY_SECONDS = 0.25


class Watch:
    """One thread. What it told stays told: a page that comes later reads it in the feed."""

    def __init__(self, eyes: Eyes, feed: Feed) -> None:
        self._eyes = eyes
        self._feed = feed
        self._seen = Look()
        self._one_at_a_time = threading.Lock()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def join(self) -> None:
        self._thread.join()

    def look(self) -> Verdict:
        """Look now, tell what is new, and judge it."""
        with self._one_at_a_time:
            now = self._eyes.look(self._seen)
            for line in lines(self._seen, now):
                self._feed.tell("line", asdict(line))
            self._seen = now
            judged = verdict(now)
            self._feed.tell("verdict", asdict(judged), lasts=False)
            self._feed.tell("weather", now.pi["weather"], lasts=False)
            return judged

    def begin_anew(self, empty: Callable[[], None]) -> None:
        """Nothing is looked at while everything is emptied."""
        with self._one_at_a_time:
            empty()
            self._seen = Look()
            self._feed.forget()

    def _watch(self) -> None:
        while self._feed.wait_for_listener():
            try:
                self.look()
            except (requests.RequestException, BotoCoreError, ClientError):
                # A busy moment, or everything is being stopped: the next look tells it all.
                self._feed.pause(1)
            self._feed.pause(EVERY_SECONDS)
