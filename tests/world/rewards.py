"""The words for rewarded ads."""

from shared.rewards.record import RewardRecord
from tests.world.functions import Reply
from tests.world.stage import Stage, User


class Rewards(Stage):
    def claim(self, ad_id: str, user: User | None) -> Reply:
        route = "POST /rewarded_ads/{ad_id}/claim"
        return self.call(route, path={"ad_id": ad_id}, token=user and user.token)

    def granted_ad(self) -> str:
        """An ad that a new user has watched and claimed."""
        ad = self.pi.show_ad("granted").identifier
        reply = self.claim(ad, self.user())
        assert reply.status == 200, reply.body
        return ad

    def reward(self, ad_id: str) -> RewardRecord:
        record = self.look(self.eyes.rewards.get, ad_id)
        assert record is not None, "there is no record of this ad"
        return record

    def rewards_of(self, user: User) -> tuple[list[str], int]:
        """The ads that were granted to a user, and what the counters of all days say."""
        items = self.tables.items("RewardsTable")
        ads = [str(item["id"]) for item in items if item.get("uid") == user.uid]
        days = [item for item in items if str(item["id"]).startswith(f"day#{user.uid}#")]
        return sorted(ads), sum(int(day["granted"]) for day in days)
