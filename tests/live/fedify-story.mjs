// A server built on Fedify and a public group of Kring, once for each kind of signature.
import assert from "node:assert/strict";
import { Mention, PUBLIC_COLLECTION, isActor } from "@fedify/fedify";
import "./node20.mjs";
import { Temporal } from "@js-temporal/polyfill";
import * as F from "./fedify.mjs";
import { check, document, ok, report, statusesOf, until } from "./story.mjs";
import { listen, seen } from "./tls.mjs";

const server = await listen();
const picture = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");

async function story(name, form) {
  const ada = await F.start(name, form);
  const label = (text) => `${form}: ${text}`;
  const came = (kind, holds = () => true) => ada.inbox.find((activity) => activity instanceof kind && holds(activity));
  const group = await check(label("the group is found by its handle"), async () => {
    const found = await ada.ctx.lookupObject("@leeskring@kring.test");
    assert.ok(found && isActor(found), "no actor");
    assert.equal(found.name.toString(), "Leeskring");
    assert.ok(found.inboxId && found.outboxId && found.followersId);
    return found;
  });
  if (!group) return;

  await check(label("a follow is accepted"), async () => {
    const id = ada.fresh("follows");
    await ada.send(group, new F.Follow({ id, actor: ada.me, object: group.id }));
    await until("Accept", () => came(F.Accept, (accept) => accept.actorId?.href === group.id.href));
  });

  // What wim writes reaches ada as one readable status.
  const upload = new FormData();
  upload.set("file", new Blob([picture], { type: "image/png" }), "punt.png");
  upload.set("description", "Een rode punt");
  const media = await ok("POST", "/api/v2/media", upload);
  const text = `Wie leest er mee? ${form}`;
  const status = await ok("POST", "/api/v1/statuses", { status: `${text} @leeskring`, visibility: "public", media_ids: [media.id], language: "nl" });
  const note = await check(label("a new post is one readable status with its picture"), async () => {
    const announce = await until("Announce", () => came(F.Announce, (a) => a.objectId?.href === status.uri));
    assert.equal(announce.actorId.href, group.id.href);
    const note = await announce.getObject({ documentLoader: await ada.ctx.getDocumentLoader({ identifier: "ada" }) });
    assert.ok(note instanceof F.Note, "not a Note");
    assert.match(note.content.toString(), /Wie leest er mee/);
    const author = await note.getAttribution();
    assert.equal(author.preferredUsername.toString(), "wim");
    const files = [];
    for await (const file of note.getAttachments()) files.push(file);
    assert.equal(files.length, 1);
    assert.equal(files[0].name.toString(), "Een rode punt");
    assert.match(files[0].mediaType, /^image\//);
    const bytes = await fetch(files[0].url.href ?? files[0].url);
    assert.equal(bytes.status, 200);
    assert.match(bytes.headers.get("content-type"), /^image\//);
    return note;
  });
  await check(label("it came once"), async () => {
    await new Promise((done) => setTimeout(done, 500));
    const all = ada.inbox.filter((a) => (a instanceof F.Announce && a.objectId?.href === status.uri) || a instanceof F.Create);
    assert.equal(all.length, 1);
  });
  await check(label("its edit comes"), async () => {
    await ok("PUT", `/api/v1/statuses/${status.id}`, { status: `${text} Dinsdag om acht. @leeskring`, media_ids: [media.id] });
    const update = await until("Update", () => came(F.Update, (u) => u.objectId?.href === status.uri));
    const edited = await update.getObject();
    assert.match(edited.content.toString(), /Dinsdag om acht/);
    assert.ok(edited.updated, "no time of the edit");
    assert.equal(edited.id.href, note?.id.href ?? status.uri);
  });

  // What ada writes in the group reaches its members.
  const id = crypto.randomUUID();
  const uri = ada.noteUri(id);
  const write = (content, updated) => {
    const mine = new F.Note({
      id: uri, attribution: ada.me, to: PUBLIC_COLLECTION, ccs: [group.id], content, updated,
      published: Temporal.Now.instant(), mediaType: "text/html",
      tags: [new Mention({ href: group.id, name: "@leeskring@kring.test" })],
      attachments: [new F.Document({ mediaType: "image/png", url: new URL(`https://${name}/punt.png`), name: "Een punt van Ada" })],
    });
    ada.notes.set(id, mine);
    return mine;
  };
  const account = await ok("GET", "/api/v1/accounts/lookup?acct=leeskring");
  const inGroup = async (pattern) => {
    return (await statusesOf(account)).find((s) => s.uri === uri.href && pattern.test(s.content));
  };
  const theirs = await check(label("a note to the group stands in it"), async () => {
    const create = new F.Create({ id: ada.fresh("creates"), actor: ada.me, to: PUBLIC_COLLECTION, cc: group.id,
      object: write("<p>Mag ik een <strong>boek</strong> noemen? <span>@leeskring</span></p>") });
    await ada.send(group, create);
    const shown = await until("the note in the group", () => inGroup(/boek/));
    assert.equal(shown.account.acct, `ada@${name}`);
    assert.equal(shown.media_attachments[0].description, "Een punt van Ada");
    return shown;
  });
  await check(label("an edit of hers is shown"), async () => {
    const update = new F.Update({ id: ada.fresh("updates"), actor: ada.me, to: PUBLIC_COLLECTION, cc: group.id,
      object: write("<p>Mag ik een <em>gedicht</em> noemen? <span>@leeskring</span></p>", Temporal.Now.instant()) });
    await ada.send(group, update);
    await until("the edit", () => inGroup(/gedicht/));
  });
  if (theirs) {
    await check(label("thanks and an answer come to her"), async () => {
      await ok("POST", `/api/v1/statuses/${theirs.id}/favourite`);
      await until("Like", () => came(F.Like, (like) => like.objectId?.href === uri.href));
      await ok("POST", "/api/v1/statuses", { status: "Graag!", in_reply_to_id: theirs.id, visibility: "public" });
      const create = await until("the answer", () => came(F.Create));
      const answer = await create.getObject();
      assert.equal(answer.replyTargetId.href, uri.href);
    });
  }
  await check(label("what she likes is counted, and what she takes back is not"), async () => {
    const like = new F.Like({ id: ada.fresh("likes"), actor: ada.me, object: new URL(status.uri) });
    const count = async () => (await ok("GET", `/api/v1/statuses/${status.id}`)).favourites_count;
    await ada.send(group, like);
    await until("the like", async () => (await count()) === 1);
    await ada.send(group, new F.Undo({ id: ada.fresh("undos"), actor: ada.me, object: like }));
    await until("the like undone", async () => (await count()) === 0);
  });
  await check(label("a removal of hers is carried out"), async () => {
    ada.notes.delete(id);
    ada.gone.add(uri.pathname);
    await ada.send(group, new F.Delete({ id: ada.fresh("deletes"), actor: ada.me, to: PUBLIC_COLLECTION, cc: group.id,
      object: new F.Tombstone({ id: uri }) }));
    await until("its removal", async () => !(await inGroup(/./)));
  });
  await check(label("a removal of his comes"), async () => {
    await ok("DELETE", `/api/v1/statuses/${status.id}`);
    await until("Delete", () => came(F.Delete, (d) => d.objectId?.href === status.uri));
    assert.equal((await document(status.uri)).status, 410);
  });
  await check(label("signatures were of this kind, both ways"), async () => {
    const to = seen.filter((r) => r.name === name && r.method === "POST" && r.status < 300);
    assert.ok(to.length > 3 && to.every((r) => r.signed === form), JSON.stringify(to.slice(0, 3)));
    const from = seen.filter((r) => r.name === "kring.test" && r.method === "POST" && /inbox$/.test(r.path) && r.signed === form);
    // Once a key could not be fetched with RFC 9421, Fedify goes on with draft-cavage: the first is what counts.
    assert.ok(from.length > 0 && from.every((r) => r.status === 202), JSON.stringify(from.slice(0, 3)));
  });
  await check(label("Fedify found nothing wrong"), () => assert.deepEqual(ada.errors.map(String), []));
  ada.stop();
}

for (const [name, form] of [["cavage.test", "cavage"], ["rfc.test", "rfc9421"]]) {
  await check(`${form}: the story`, () => story(name, form));
}
server.close();
report("Fedify");
