// A server that lies: about ids, keys, sizes, redirects, types and times, over TLS, against a running Kring. Beside it one that is
// lied about.
import assert from "node:assert/strict";
import { createHash, createSign, generateKeyPairSync } from "node:crypto";
import { base, check, kring, ok, report, statusesOf, until } from "./story.mjs";
import { answerRaw, listen, seen } from "./tls.mjs";

const server = await listen();
const keys = () => generateKeyPairSync("rsa", { modulusLength: 2048, publicKeyEncoding: { type: "spki", format: "pem" }, privateKeyEncoding: { type: "pkcs8", format: "pem" } });
const [good, evil] = [{ name: "good.test", ...keys() }, { name: "evil.test", ...keys() }];
const PUBLIC = "https://www.w3.org/ns/activitystreams#Public";
const CONTEXT = ["https://www.w3.org/ns/activitystreams", "https://w3id.org/security/v1"];
const ACTIVITY = "application/activity+json";
const group = `${base}/groups/leeskring`;

function person(host, name, more = {}) {
  const id = `https://${host.name}/users/${name}`;
  const publicKey = { id: `${id}#main-key`, owner: id, publicKeyPem: host.publicKey };
  return { "@context": CONTEXT, id, type: "Person", preferredUsername: name, name, inbox: `${id}/inbox`, outbox: `${id}/outbox`, followers: `${id}/followers`, publicKey, ...more };
}
const note = (id, author, content) => ({
  "@context": CONTEXT, id, type: "Note", attributedTo: author, content, published: new Date().toISOString(),
  to: [PUBLIC], cc: [group], tag: [{ type: "Mention", href: group, name: "@leeskring@kring.test" }],
});

/** What each server answers at a path: a document, or a function of request and response. */
const served = { "good.test": new Map(), "evil.test": new Map() };
const serve = (document) => served[new URL(document.id).host].set(new URL(document.id).pathname, document);
for (const host of [good, evil]) {
  answerRaw(host.name, (request, response) => {
    if (request.method === "POST") return response.writeHead(202).end();
    const found = served[host.name].get(new URL(request.url, `https://${host.name}`).pathname);
    if (!found) return response.writeHead(404).end();
    if (typeof found === "function") return found(request, response);
    response.writeHead(200, { "content-type": ACTIVITY }).end(JSON.stringify(found));
  });
}
const [mia, eve] = [person(good, "mia"), person(evil, "eve")];
serve(mia);
serve(eve);

async function send(host, keyId, activity, change = {}) {
  const body = JSON.stringify(activity);
  const date = change.date ?? new Date().toUTCString();
  const digest = `SHA-256=${createHash("sha256").update(change.digested ?? body).digest("base64")}`;
  const text = `(request-target): post /inbox\nhost: kring.test\ndate: ${date}\ndigest: ${digest}`;
  const signature = createSign("sha256").update(text).sign(host.privateKey, "base64");
  const headers = {
    date, digest, "content-type": change.type ?? ACTIVITY,
    signature: `keyId="${keyId}",algorithm="rsa-sha256",headers="(request-target) host date digest",signature="${signature}"`,
  };
  return (await fetch(`${base}/inbox`, { method: "POST", headers, body })).status;
}
const create = (object, more = {}) => ({ "@context": CONTEXT, id: `${object.id}/create`, type: "Create", actor: object.attributedTo, object, to: object.to, cc: object.cc, ...more });
const account = await ok("GET", "/api/v1/accounts/lookup?acct=leeskring");
const shown = async (pattern) => (await statusesOf(account)).find((status) => pattern.test(status.content));
/** What Kring finds at an address when a member looks it up. */
const look = async (url) => (await ok("GET", `/api/v2/search?resolve=true&q=${encodeURIComponent(url)}`));
const nothing = (found) => assert.deepEqual([found.accounts.length, found.statuses.length], [0, 0]);

await check("what is true is believed", async () => {
  const object = note("https://good.test/notes/1", mia.id, "<p>De waarheid</p>");
  serve(object);
  assert.equal(await send(good, `${mia.id}#main-key`, create(object)), 202);
  await until("the post", () => shown(/De waarheid/));
});

// Ids.
await check("a document under another's id is not taken", async () => {
  served["evil.test"].set("/stolen", note("https://good.test/notes/1", mia.id, "<p>Een leugen</p>"));
  served["evil.test"].set("/invented", note("https://good.test/notes/9", mia.id, "<p>Nooit gezegd</p>"));
  await look("https://evil.test/stolen");
  nothing(await look("https://evil.test/invented"));
  assert.ok(await shown(/De waarheid/), "the post is as it was");
  assert.ok(!(await shown(/leugen|Nooit gezegd/)));
});
await check("another's words inside one's own activity are asked of their server", async () => {
  const object = note("https://good.test/notes/2", mia.id, "<p>In haar naam</p>");
  const status = await send(evil, `${eve.id}#main-key`, create(object, { id: "https://evil.test/c/1", actor: eve.id }));
  assert.ok([202, 401].includes(status), String(status));
  const changed = { ...note("https://good.test/notes/1", mia.id, "<p>Veranderd door een ander</p>"), updated: new Date().toISOString() };
  await send(evil, `${eve.id}#main-key`, { "@context": CONTEXT, id: "https://evil.test/u/1", type: "Update", actor: eve.id, object: changed, to: [PUBLIC] });
  await send(evil, `${eve.id}#main-key`, { "@context": CONTEXT, id: "https://evil.test/d/1", type: "Delete", actor: eve.id, object: "https://good.test/notes/1", to: [PUBLIC] });
  // What comes after those is there: they were looked at.
  const own = note("https://evil.test/notes/own", eve.id, "<p>Van mijzelf</p>");
  serve(own);
  assert.equal(await send(evil, `${eve.id}#main-key`, create(own)), 202);
  await until("her own words", () => shown(/Van mijzelf/));
  assert.ok(await shown(/De waarheid/));
  assert.ok(!(await shown(/In haar naam|door een ander/)));
});

// Keys.
await check("a key speaks for its owner alone, and the owner names it", async () => {
  const claim = { ...eve, id: "https://evil.test/users/claim", publicKey: { id: "https://evil.test/users/claim#main-key", owner: mia.id, publicKeyPem: evil.publicKey } };
  served["evil.test"].set("/users/claim", claim);
  const object = note("https://good.test/notes/3", mia.id, "<p>Met een valse sleutel</p>");
  assert.equal(await send(evil, "https://evil.test/users/claim#main-key", create(object)), 401);
  assert.equal(await send(evil, `${mia.id}#main-key`, create(object)), 401);
  assert.ok([401, 403].includes(await send(evil, `${eve.id}#main-key`, create(object))) || !(await shown(/valse sleutel/)));
  assert.ok(!(await shown(/valse sleutel/)));
});
await check("what was signed at another time, or for other bytes, is refused", async () => {
  const object = note("https://evil.test/notes/late", eve.id, "<p>Te laat</p>");
  const at = (hours) => new Date(Date.now() + hours * 3600_000).toUTCString();
  for (const change of [{ date: at(-25) }, { date: at(25) }, { digested: "something else" }]) {
    const status = await send(evil, `${eve.id}#main-key`, create(object), change);
    assert.ok([400, 401].includes(status), `${JSON.stringify(change)}: ${status}`);
  }
  assert.ok(!(await shown(/Te laat/)));
});

// Types and sizes.
await check("what is no document is not read as one", async () => {
  const text = JSON.stringify(note("https://evil.test/notes/type", eve.id, "<p>Verkeerde soort</p>"));
  for (const type of ["text/html", "text/plain", "image/png", "application/octet-stream"]) {
    served["evil.test"].set("/notes/type", (_, response) => response.writeHead(200, { "content-type": type }).end(text));
    nothing(await look(`https://evil.test/notes/type?${encodeURIComponent(type)}`));
  }
  served["evil.test"].set("/notes/broken", (_, response) => response.writeHead(200, { "content-type": ACTIVITY }).end(text.slice(0, -20)));
  nothing(await look("https://evil.test/notes/broken"));
  let deep = "1";
  for (let level = 0; level < 5000; level += 1) deep = `[${deep}]`;
  served["evil.test"].set("/notes/deep", (_, response) => response.writeHead(200, { "content-type": ACTIVITY }).end(`{"id":"https://evil.test/notes/deep","type":"Note","x":${deep}}`));
  nothing(await look("https://evil.test/notes/deep"));
});
await check("an answer without end is cut off", async () => {
  let sent = 0;
  const flood = (_, response) => {
    response.writeHead(200, { "content-type": ACTIVITY });
    response.write('{"id":"https://evil.test/notes/flood","type":"Note","content":"');
    const chunk = "x".repeat(256 * 1024);
    const more = () => {
      while (!response.destroyed && sent < 200_000_000) {
        sent += chunk.length;
        if (!response.write(chunk)) return response.once("drain", more);
      }
      if (!response.destroyed) response.end('"}');
    };
    more();
  };
  served["evil.test"].set("/notes/flood", flood);
  nothing(await look("https://evil.test/notes/flood"));
  assert.ok(sent < 50_000_000, `${sent} bytes were read`);
});
await check("fewer bytes than promised are no document", async () => {
  const text = JSON.stringify(note("https://evil.test/notes/short", eve.id, "<p>Te kort</p>"));
  served["evil.test"].set("/notes/short", (_, response) => {
    response.writeHead(200, { "content-type": ACTIVITY, "content-length": String(text.length + 100) });
    response.write(text);
    setTimeout(() => response.destroy(), 50);
  });
  nothing(await look("https://evil.test/notes/short"));
});

// Redirects.
await check("redirects lead to no other server's words, to nothing inside, and not in circles", async () => {
  const to = (location) => (_, response) => response.writeHead(302, { location }).end();
  const before = seen.length;
  for (const [path, location] of [
    ["/r/circle", "https://evil.test/r/circle"],
    ["/r/plain", "http://evil.test/users/eve"],
    ["/r/port", `https://evil.test:22/users/eve`],
    ["/r/inside", `http://127.0.0.1:${process.env.KRING_PORT}/readyz`],
    ["/r/meta", "http://169.254.169.254/latest/meta-data"],
    ["/r/file", "file:///etc/passwd"],
    ["/r/self", `${base}/groups/leeskring`],
  ]) {
    served["evil.test"].set(path, to(location));
    nothing(await look(`https://evil.test${path}`));
  }
  const circles = seen.slice(before).filter((r) => r.path === "/r/circle").length;
  assert.ok(circles <= 20, `${circles} times round`);
  let far = 0;
  served["evil.test"].set("/r/far", (_, response) => response.writeHead(302, { location: `https://evil.test/r/far?${(far += 1)}` }).end());
  nothing(await look("https://evil.test/r/far"));
  assert.ok(far <= 20, `${far} steps`);
});

// Times.
await check("who answers drop by drop is not waited for, and holds up nobody", async () => {
  served["evil.test"].set("/notes/slow", (_, response) => {
    response.writeHead(200, { "content-type": ACTIVITY });
    const timer = setInterval(() => response.write(" "), 500);
    response.on("close", () => clearInterval(timer));
  });
  const slow = kring("GET", `/api/v2/search?resolve=true&q=${encodeURIComponent("https://evil.test/notes/slow")}`);
  const object = note("https://good.test/notes/4", mia.id, "<p>Intussen</p>");
  serve(object);
  assert.equal(await send(good, `${mia.id}#main-key`, create(object)), 202);
  await until("others meanwhile", () => shown(/Intussen/));
  const { json } = await slow;
  assert.deepEqual(json?.statuses ?? [], []);
});
await check("what it says of time is not believed", async () => {
  const object = { ...note("https://evil.test/notes/future", eve.id, "<p>Uit de toekomst</p>"), published: "2999-01-01T00:00:00Z" };
  serve(object);
  assert.equal(await send(evil, `${eve.id}#main-key`, create(object)), 202);
  const status = await until("the post", () => shown(/Uit de toekomst/));
  assert.ok(new Date(status.created_at) <= new Date(Date.now() + 3600_000), status.created_at);
});

server.close();
report("a server that lies");
