// What every story needs: checks that are counted, waiting, and the client API of Kring.
import assert from "node:assert/strict";
import { seen } from "./tls.mjs";

export const base = "https://kring.test";
const token = process.env.KRING_TOKEN;
let passed = 0;
const failures = [];

export async function check(name, work) {
  try {
    const result = await work();
    passed += 1;
    return result;
  } catch (error) {
    failures.push(`${name}: ${error.message}`);
    return undefined;
  }
}

/** Waits until `find` gives something. */
export async function until(what, find, seconds = 20) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const found = await find();
    if (found) return found;
    if (Date.now() > end) throw new Error(`never came: ${what}`);
    await new Promise((done) => setTimeout(done, 100));
  }
}

export async function kring(method, path, body) {
  const form = body instanceof FormData;
  const headers = { authorization: `Bearer ${token}` };
  if (body && !form) headers["content-type"] = "application/json";
  const answer = await fetch(base + path, { method, headers, body: form ? body : body && JSON.stringify(body) });
  return { status: answer.status, json: answer.headers.get("content-type")?.includes("json") ? await answer.json() : undefined };
}

export async function ok(method, path, body) {
  const answer = await kring(method, path, body);
  assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${JSON.stringify(answer.json)}`);
  return answer.json;
}

/** The statuses of an account as they are, without the boosts around them. */
export async function statusesOf(account) {
  const list = await ok("GET", `/api/v1/accounts/${account.id}/statuses?limit=20`);
  return list.map((entry) => entry.reblog ?? entry);
}

export const document = (uri) => fetch(uri, { headers: { accept: "application/activity+json" } });

/** Says what came of it, and ends the program. */
export function report(who) {
  if (process.env.LIVE_SEEN) console.log(seen.map((r) => JSON.stringify(r)).join("\n"));
  for (const failure of failures) console.log(`  FAILED ${failure}`);
  console.log(`${who}: ${passed} checks passed, ${failures.length} failed`);
  process.exit(failures.length ? 1 : 0);
}
