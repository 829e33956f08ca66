// A slice of pie for a watched ad. Whether it was watched, the ad network tells the server.
import { askUntil, bundle, news, Refusal, session } from "./api.js";
import { busy } from "./busy.js";
import { notice, refused } from "./notice.js";
import { watchRewardedAd } from "./pi.js";
import { recall, remember } from "./storage.js";
import { enter } from "./user.js";

// A page that is closed too early claims its user's ad at the next visit.
const unclaimed = () => `shop-unclaimed-ad-${session.user.uid}`;
const button = document.querySelector("#watch");

button.onclick = async () => {
  if (!(await enter(button))) return;
  const ready = busy(button, "Waiting for the ad");
  try {
    const adId = await watchRewardedAd();
    remember(unclaimed(), adId);
    await claim(adId);
  } catch (error) {
    refused(error);
  }
  ready();
};

news.addEventListener("user", () => {
  const adId = recall(unclaimed());
  if (adId) claim(adId).catch(refused);
});

async function claim(adId) {
  const name = unclaimed();
  const ask = () => bundle("POST", `/rewarded_ads/${encodeURIComponent(adId)}/claim`);
  try {
    const { state } = await askUntil((reward) => reward.state !== "pending", ask, waiting);
    if (state !== "granted") throw new Refusal("ad_revoked");
    notice("good", ["A slice for you", "Thank you for watching. We have put a slice aside."]);
  } catch (error) {
    if (!ASKED_AGAIN.includes(error.code)) remember(name, null);
    throw error;
  }
  remember(name, null);
}

// After these the next visit claims it again.
const ASKED_AGAIN = ["still_waiting", "invalid_token"];

const waiting = () =>
  notice("wait", ["Nearly yours", "The ad network has not answered so far. We ask again in a few seconds."]);
