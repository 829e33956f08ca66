// A slice of pie for a watched ad. Whether it was watched, the ad network tells the server.
import { askUntil, bundle, news, Refusal } from "./api.js";
import { busy } from "./busy.js";
import { notice, refused } from "./notice.js";
import { watchRewardedAd } from "./pi.js";
import { enter } from "./user.js";

const UNCLAIMED = "shop-unclaimed-ad"; // a page that is closed too early claims it at its next visit
const button = document.querySelector("#watch");

button.onclick = async () => {
  if (!(await enter(button))) return;
  const ready = busy(button, "Waiting for the ad");
  try {
    localStorage.setItem(UNCLAIMED, await watchRewardedAd());
    await claim();
  } catch (error) {
    refused(error);
  }
  ready();
};

news.addEventListener("user", () => localStorage.getItem(UNCLAIMED) && claim().catch(refused));

async function claim() {
  const adId = localStorage.getItem(UNCLAIMED);
  const ask = () => bundle("POST", `/rewarded_ads/${encodeURIComponent(adId)}/claim`);
  try {
    const { state } = await askUntil((reward) => reward.state !== "pending", ask, waiting);
    if (state !== "granted") throw new Refusal("ad_revoked");
    notice("good", ["A slice for you", "Thank you for watching. We have put a slice aside."]);
  } catch (error) {
    if (error.code !== "still_waiting") localStorage.removeItem(UNCLAIMED);
    throw error;
  }
  localStorage.removeItem(UNCLAIMED);
}

const waiting = () =>
  notice("wait", ["Nearly yours", "The ad network has not answered so far. We ask again in a few seconds."]);
