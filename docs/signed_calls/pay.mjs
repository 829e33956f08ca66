// Asks the bundle for a payout, signed with the AWS credentials under which your back end runs.
import { fromNodeProviderChain } from "@aws-sdk/credential-providers";
import { AwsClient } from "aws4fetch";

const API = process.env.BUNDLE_API; // the stack's output ApiUrl
const region = process.env.AWS_REGION ?? process.env.AWS_DEFAULT_REGION;
const credentials = fromNodeProviderChain(); // of a role they are renewed

/**
 * The payout as it stands: `state` tells. `amount` is text, in Pi. Throws with the `code` of what was
 * refused. Repeats what may be repeated (429 and 5xx): the id keeps a repeat from paying twice.
 */
export async function payOut({ payout_id, uid, amount, memo }) {
  const aws = new AwsClient({ ...(await credentials()), service: "execute-api", region, retries: 5, initRetryMs: 500 });
  const response = await aws.fetch(`${API}/payouts`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ payout_id, uid, amount, memo }),
    signal: AbortSignal.timeout(30_000),
  });
  const answer = await response.json();
  if (response.ok) return answer;
  throw Object.assign(new Error(answer.error_message ?? answer.message), { code: answer.error });
}
