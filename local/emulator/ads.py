"""Rewarded ads: a user watches one, the ad network judges it, and Pi repeats the verdict."""

from collections.abc import Callable
from datetime import datetime

from .errors import PiError
from .ids import Ids
from .model import Ad, iso

STATUSES = ("granted", "revoked", "failed", None)


class Ads(dict[str, Ad]):
    """All ads that were ever shown, by their id: that id is all that the browser gets."""

    def __init__(self, ids: Ids, now: Callable[[], datetime]) -> None:
        super().__init__()
        self._ids = ids
        self._now = now

    def show(self, app_id: str) -> Ad:
        ad = Ad(self._ids.uuid(), app_id)
        self[ad.identifier] = ad
        return ad

    def find(self, identifier: str) -> Ad:
        """Raises PiError `ad_not_found`."""
        ad = self.get(identifier)
        if ad is None:
            raise PiError("ad_not_found")
        return ad

    def judge(
        self, identifier: str, status: str | None, granted_at: str | None, revoked_at: str | None
    ) -> Ad:
        """Times are now unless given; a revoked ad was granted before."""
        ad = self.find(identifier)
        if status not in STATUSES:
            raise PiError("invalid_arguments", f"No such ad status: {status}.")
        now = iso(self._now())
        if status == "granted":
            ad.granted_at = granted_at or now
        if status == "revoked":
            ad.granted_at = granted_at or ad.granted_at
            ad.revoked_at = revoked_at or now
        ad.status = status
        return ad
