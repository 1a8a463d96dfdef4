// A server built on activitypub-bot, and a public group of Kring.
import assert from "node:assert/strict";
import { short, start } from "./bot.mjs";
import { base, check, document, ok, report, statusesOf, until } from "./story.mjs";
import { listen, seen } from "./tls.mjs";

const server = await listen();
const peer = await start("bot.test");
const { bea } = peer;
const everyone = "as:Public";
const came = (type, object) => bea.inbox.find((a) => a.type === type && a.object === object);
const heard = (type, object) => bea.heard.find((a) => a.type === type && a.object === object);
/** The ids in a collection of bea's, or of something of hers, as everyone reads it. */
const items = async (uri) => {
  const page = async (at) => {
    const { items, orderedItems, first, next } = await (await document(at)).json();
    const here = [items ?? orderedItems ?? []].flat().map((item) => item.id ?? item);
    const more = first ?? next;
    return more ? [...here, ...(await page(more.id ?? more))] : here;
  };
  return page(uri);
};
const find = async (handle) => {
  const { accounts } = await ok("GET", `/api/v2/search?type=accounts&resolve=true&q=${encodeURIComponent(handle)}`);
  return accounts.find((account) => account.acct === handle);
};
const account = await ok("GET", "/api/v1/accounts/lookup?acct=leeskring");
const inGroup = async (uri, pattern) => (await statusesOf(account)).find((s) => s.uri === uri && pattern.test(s.content));
const members = async () => (await ok("GET", `/api/v1/accounts/${account.id}/followers?limit=80`)).map((member) => member.acct);
const wim = await ok("GET", "/api/v1/accounts/verify_credentials");
const home = async (uri) => (await ok("GET", "/api/v1/timelines/home?limit=40")).filter((s) => (s.reblog ?? s).uri === uri);

await check("a certificate of nobody we know is refused, by both", async () => {
  assert.equal(await find("ada@stranger.test"), undefined);
  await assert.rejects(bea.does.getObject("https://stranger.test/user/ada"), /self-signed certificate/);
  assert.deepEqual(seen.filter((r) => r.name === "stranger.test"), []);
});

// She is in the group.
const group = await check("the group is found by its handle", async () => {
  const id = await bea.does.toActorId("leeskring@kring.test");
  assert.equal(id, `${base}/groups/leeskring`);
  const group = await bea.does.getObject(id);
  assert.equal(short(group.type), "Group");
  assert.equal(group.name.get(), "Leeskring");
  return group;
});
await check("a follow is accepted", async () => {
  await bea.does.followActor(group);
  await until("Accept", () => bea.does.isFollowing(group));
  assert.ok((await items("https://bot.test/user/bea/following")).includes(group.id));
  assert.ok((await members()).includes("bea@bot.test"));
});

// What wim writes reaches her.
const status = await ok("POST", "/api/v1/statuses", { status: "Wie leest er mee? @leeskring", visibility: "public", language: "nl" });
await check("a new post comes once, and is read", async () => {
  await until("Announce", () => came("Announce", status.uri));
  const note = await bea.does.getObject(status.uri);
  assert.equal(short(note.type), "Note");
  assert.match(note.content.get(), /Wie leest er mee/);
  const author = await bea.does.getObject(note.attributedTo.first.id);
  assert.equal(author.get("preferredUsername").first, "wim");
  await new Promise((done) => setTimeout(done, 500));
  const all = bea.inbox.filter((a) => a.object === status.uri);
  assert.deepEqual(all.map((a) => `${a.type} by ${a.actor}`), [`Announce by ${group.id}`]);
});
await check("its edit comes", async () => {
  await ok("PUT", `/api/v1/statuses/${status.id}`, { status: "Wie leest er mee? Dinsdag om acht. @leeskring" });
  const update = await until("Update", () => heard("Update", status.uri));
  assert.match(update.text, /Dinsdag om acht/);
});

// What she writes in the group stands in it.
let note = await check("a note that mentions the group stands in it", async () => {
  const note = await bea.does.sendNote("Mag ik een boek noemen? @leeskring@kring.test", { to: everyone, cc: group.id });
  const shown = await until("the note in the group", () => inGroup(note.id, /Mag ik een boek noemen/));
  assert.equal(shown.account.acct, "bea@bot.test");
  assert.equal(shown.account.bot, true);
  return note;
});
const theirs = note && (await inGroup(note.id, /./));
await check("the group passes it on", async () => {
  await until("Announce", () => came("Announce", note.id));
  await until("the share", async () => (await items(`${note.id}/shares`)).length === 1);
});
await check("an edit of hers is shown", async () => {
  note = await bea.does.updateNote(note, "<p>Mag ik een <em>gedicht</em> noemen?</p>");
  await until("the edit", () => inGroup(note.id, /<em>gedicht<\/em>/), 5);
});
await check("thanks come to her, and are taken back", async () => {
  await ok("POST", `/api/v1/statuses/${theirs.id}/favourite`);
  await until("Like", () => bea.liked.includes(note.id));
  await until("the like", async () => (await items(`${note.id}/likes`)).length === 1);
  await ok("POST", `/api/v1/statuses/${theirs.id}/unfavourite`);
  await until("the like undone", async () => (await items(`${note.id}/likes`)).length === 0);
});
const answer = await check("an answer comes to her", async () => {
  const answer = await ok("POST", "/api/v1/statuses", { status: "Graag!", in_reply_to_id: theirs.id, visibility: "public" });
  await until("Create", () => came("Create", answer.uri));
  await until("the answer below hers", async () => (await items(`${note.id}/replies`)).includes(answer.uri));
  return answer;
});
const below = async (status) => (await ok("GET", `/api/v1/statuses/${status.id}/context`)).descendants;
await check("what she answers stands in the thread", async () => {
  const thanks = await bea.does.sendReply("Dank je wel", await bea.does.getObject(answer.uri));
  const shown = await until("her answer", async () => (await below(theirs)).find((s) => s.uri === thanks.id));
  assert.equal(shown.in_reply_to_id, answer.id);
});
await check("so does her answer to a post of the group", async () => {
  const comment = await bea.does.sendReply("Ik lees mee", await bea.does.getObject(status.uri));
  const shown = await until("her comment", async () => (await below(status)).find((s) => s.uri === comment.id));
  assert.match(shown.content, /Ik lees mee/);
});
await check("what she likes and shares is counted, and what she takes back is not", async () => {
  const now = () => ok("GET", `/api/v1/statuses/${status.id}`);
  const post = await bea.does.getObject(status.uri);
  await bea.does.likeObject(post);
  await until("the like", async () => (await now()).favourites_count === 1);
  await bea.does.unlikeObject(post);
  await until("the like undone", async () => (await now()).favourites_count === 0);
  await bea.does.announceObject(post);
  await until("the share", async () => (await now()).reblogs_count === 1);
  await bea.does.unannounceObject(post);
  await until("the share undone", async () => (await now()).reblogs_count === 0);
});
await check("a removal of hers is carried out", async () => {
  await bea.does.deleteNote(note);
  await until("its removal", async () => !(await inGroup(note.id, /./)));
});
await check("a removal of his comes", async () => {
  await ok("DELETE", `/api/v1/statuses/${status.id}`);
  await until("Delete", () => heard("Delete", status.uri));
  assert.equal((await document(status.uri)).status, 410);
});

// Wim follows her.
const her = await check("she is found by her handle, and takes a follower", async () => {
  const her = await find("bea@bot.test");
  assert.equal(her?.display_name, "Bea Bot");
  await ok("POST", `/api/v1/accounts/${her.id}/follow`);
  await until("Accept", async () => (await ok("GET", `/api/v1/accounts/relationships?id[]=${her.id}`))[0].following);
  await until("the follow", () => bea.joined.includes(wim.url));
  assert.deepEqual(await items("https://bot.test/user/bea/followers"), [wim.url]);
  return her;
});
await check("her post comes home to him, once", async () => {
  const post = await bea.does.sendNote("Goedemorgen allemaal", { to: everyone, cc: bea.does.getFollowersId() });
  await until("her post", async () => (await home(post.id)).length);
  await new Promise((done) => setTimeout(done, 500));
  assert.equal((await home(post.id)).length, 1);
});
await check("he speaks to her", async () => {
  const said = await ok("POST", "/api/v1/statuses", { status: "Hallo @bea@bot.test", visibility: "direct" });
  await until("the mention", () => bea.mentions.includes(said.uri));
});
await check("he leaves", async () => {
  await ok("POST", `/api/v1/accounts/${her.id}/unfollow`);
  await until("Undo", () => bea.left.includes(wim.url));
  assert.deepEqual(await items("https://bot.test/user/bea/followers"), []);
});

// A group that lives there.
await check("he joins a group there, and writes in it", async () => {
  const club = await find("kookclub@bot.test");
  assert.equal(club?.group, true);
  await ok("POST", `/api/v1/accounts/${club.id}/follow`);
  await until("Accept", async () => (await ok("GET", `/api/v1/accounts/relationships?id[]=${club.id}`))[0].following);
  const dish = await ok("POST", "/api/v1/statuses", { status: "Soep vandaag @kookclub@bot.test", visibility: "public" });
  assert.equal(dish.kring.pending, true);
  await until("what the group passed on", () => peer.club.does.getLastActivity("Announce", { id: dish.uri }));
  await until("the post in the group", async () => (await statusesOf(club)).some((s) => s.uri === dish.uri && !s.kring.pending));
});

await check("who leaves the group is not in it", async () => {
  await bea.does.unfollowActor(group);
  await until("Undo", async () => !(await members()).includes("bea@bot.test"));
});
await check("signatures: RFC 9421 from her, draft-cavage to her", async () => {
  const to = seen.filter((r) => r.name === "bot.test" && r.method === "POST");
  assert.ok(to.length > 5 && to.every((r) => r.signed === "cavage" && r.status < 300), JSON.stringify(to));
  const from = seen.filter((r) => r.name === "kring.test" && r.method === "POST" && /inbox$/.test(r.path));
  assert.ok(from.length > 5 && from.every((r) => r.signed === "rfc9421" && r.status === 202), JSON.stringify(from));
});
await check("activitypub-bot found nothing wrong", async () => assert.deepEqual(await peer.failed(), []));
await peer.stop();
server.close();
report("activitypub-bot");
