// Each call to a server goes through here: the user's token in a header, JSON in and out.
import { API } from "./config.js";

/** Who is signed in. The token lives here only: never in storage, never in an address. */
export const session = { accessToken: null, user: null, renew: null };

/**
 * What the modules tell each other. sign-in: ask the user to. user: a user has signed in. payments:
 * ask for them again. trouble: a call is tried again, for this reason; null: it was answered.
 */
export const news = new EventTarget();
export const tell = (what, detail) => news.dispatchEvent(new CustomEvent(what, { detail }));

/** An answer that is not 2xx, or none. `retryAfter`: the same call may succeed in so many seconds. */
export class Refusal extends Error {
  constructor(code, { status = 0, details = {}, retryAfter = null, requestId = null } = {}) {
    super(code);
    Object.assign(this, { code, status, details, retryAfter, requestId });
  }
}

/** Ask the bundle, which is another origin. */
export const bundle = (method, path, body) => call(API + path, method, body);

/** Ask the shop's own server. */
export const backEnd = (method, path, body) => call(path, method, body);

/** Its answer with its status, 200 or 202; throws Refusal. A token that has run out is renewed once. */
async function call(url, method, body) {
  try {
    return await ask(url, method, body);
  } catch (refusal) {
    if (refusal.code !== "invalid_token" || !session.renew) throw refusal;
    await session.renew().catch(() => Promise.reject(refusal));
    return ask(url, method, body);
  }
}

// Of these the next answer may be another one. 0: there was no answer at all.
const PASSING = [0, 429, 500, 502, 503, 504];

async function ask(url, method, body) {
  const started = performance.now();
  const headers = { "Content-Type": "application/json" };
  if (session.accessToken) headers.Authorization = `Bearer ${session.accessToken}`;
  const request = { method, headers, body: body && JSON.stringify(body), signal: AbortSignal.timeout(30_000) };
  const response = await fetch(url, request).catch(() => null);
  const answer = (await response?.json().catch(() => null)) ?? {};

  const status = response?.status ?? 0;
  const code = answer.error ?? (status ? `http_${status}` : "offline");
  tell("call", { method, url, status, code, answer, milliseconds: performance.now() - started });
  if (response?.ok) return { ...answer, status };

  const passes = PASSING.includes(status) && code !== "daily_cap_reached";
  const retryAfter = passes ? Number(response?.headers.get("Retry-After")) || 3 : null;
  throw new Refusal(code, { status, details: answer.details, retryAfter, requestId: answer.request_id });
}

const sleep = (seconds) => new Promise((wake) => setTimeout(wake, seconds * 1000));

/** Ask until the answer is the one that counts; `onAnswer` hears the others. Throws Refusal. */
export async function askUntil(isDone, ask, onAnswer = () => {}) {
  let trouble = null;
  for (let tries = 0; tries < 60; tries++) {
    try {
      const answer = await ask();
      if (trouble) tell("trouble", null);
      trouble = null;
      if (isDone(answer)) return answer;
      onAnswer(answer);
    } catch (refusal) {
      if (!refusal.retryAfter) throw refusal;
      trouble = refusal;
      tell("trouble", trouble);
    }
    await sleep(trouble?.retryAfter ?? 3);
  }
  throw new Refusal("still_waiting");
}

/** Ask until there is an answer. */
export const askPatiently = (ask) => askUntil(() => true, ask);
