"""POST /rewarded_ads/{ad_id}/claim: the user has watched a rewarded ad."""

from __future__ import annotations

from shared.app import app
from shared.base.identifiers import ad_id_of
from shared.edge.http import Answer, Request, serve
from shared.rewards.claim import ClaimParts, claim
from shared.rewards.view import reward


def claim_ad_reward(parts: ClaimParts, request: Request) -> Answer:
    """200: granted, now or before. 202: the ad network has not answered yet; ask again shortly."""
    ad_id = ad_id_of(request.path("ad_id"))
    record = claim(parts, ad_id, request.token())
    if record is None:
        return Answer(202, {"ad_id": ad_id, "state": "pending"})
    return Answer(200, reward(record))


handler = serve(app.claim_reward, {"POST /rewarded_ads/{ad_id}/claim": claim_ad_reward})
