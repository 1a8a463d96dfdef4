// masto.js against an instance of Kring: what web clients call, from start-up to streaming.
import { createRestAPIClient, createStreamingAPIClient } from "masto";

const url = process.env.KRING_BASE_URL;
const group = process.env.KRING_GROUP;
const api = createRestAPIClient({ url, accessToken: process.env.KRING_TOKEN });
const anyone = createRestAPIClient({ url });
let passed = 0;
const failures = [];
const called = new Set();

async function check(name, work, holds = () => true) {
  called.add(name);
  try {
    const result = await work();
    if (!holds(result)) throw new Error(`unexpected: ${JSON.stringify(result)?.slice(0, 300)}`);
    passed += 1;
    return result;
  } catch (error) {
    failures.push(`${name}: ${error.message}`);
    return undefined;
  }
}

async function refused(name, status, work) {
  called.add(name);
  try {
    await work();
    failures.push(`${name}: not refused`);
  } catch (error) {
    if (error.statusCode === status) passed += 1;
    else failures.push(`${name}: ${error.statusCode} ${error.message}`);
  }
}

const list = (page) => Array.isArray(page);

// Start-up of Phanpy and Elk
await check("v2.instance", () => anyone.v2.instance.fetch(), (i) => i.configuration.urls.streaming.startsWith("ws"));
await check("v1.instance", () => anyone.v1.instance.fetch(), (i) => i.urls.streamingApi.startsWith("ws"));
await check("v1.apps.create", () => anyone.v1.apps.create({ clientName: "Proef", redirectUris: "https://phanpy.example/", scopes: "read write follow push" }), (a) => a.clientSecret);
await check("v1.apps.verifyCredentials", () => api.v1.apps.verifyCredentials());
const me = await check("verifyCredentials", () => api.v1.accounts.verifyCredentials(), (a) => a.source && a.avatar);
await check("preferences", () => api.v1.preferences.fetch());
await check("customEmojis", () => api.v1.customEmojis.list(), list);
await check("followedTags", () => api.v1.followedTags.list(), list);
await check("lists", () => api.v1.lists.list(), (l) => l.length > 0);
await check("v2.filters", () => api.v2.filters.list(), list);
await check("announcements", () => api.v1.announcements.list(), list);
await check("markers", () => api.v1.markers.fetch({ timeline: ["home", "notifications"] }));
await refused("push.subscription", 404, () => api.v1.push.subscription.fetch());
await check("notifications.policy", () => api.v2.notifications.policy.fetch());
await check("notifications.unreadCount", () => api.v1.notifications.unreadCount.fetch(), (r) => Number.isInteger(r.count));
await check("v2.notifications", () => api.v2.notifications.list(), (r) => list(r.notificationGroups));
await check("v1.notifications", () => api.v1.notifications.list({ types: ["mention"] }), list);
await check("instance.rules", () => anyone.v1.instance.rules.list(), list);
await check("instance.peers", () => anyone.v1.instance.peers.list(), list);
await check("instance.languages", () => anyone.v1.instance.languages.list(), list);
await check("instance.extendedDescription", () => anyone.v1.instance.extendedDescription.fetch());

// Reading and writing
const status = await check("statuses.create", () => api.v1.statuses.create({ status: `Vanaf het web @${group}`, visibility: "public", language: "nl" }), (s) => s.visibility === "public");
await check("statuses.fetch", () => api.v1.statuses.$select(status.id).fetch(), (s) => s.id === status.id);
await check("statuses.context", () => api.v1.statuses.$select(status.id).context.fetch(), (c) => list(c.descendants));
await check("statuses.source", () => api.v1.statuses.$select(status.id).source.fetch(), (s) => s.text.includes("web"));
await check("statuses.history", () => api.v1.statuses.$select(status.id).history.list(), (h) => h.length === 1);
await check("statuses.update", () => api.v1.statuses.$select(status.id).update({ status: `Vanaf een pagina @${group}` }), (s) => s.editedAt);
await check("statuses.favourite", () => api.v1.statuses.$select(status.id).favourite(), (s) => s.favourited);
await check("statuses.favouritedBy", () => api.v1.statuses.$select(status.id).favouritedBy.list(), (l) => l.length === 1);
await check("statuses.bookmark", () => api.v1.statuses.$select(status.id).bookmark(), (s) => s.bookmarked);
await check("statuses.reblog", () => api.v1.statuses.$select(status.id).reblog(), (s) => s.reblog.id === status.id);
await check("statuses.unreblog", () => api.v1.statuses.$select(status.id).unreblog(), (s) => !s.reblogged);
await check("bookmarks", () => api.v1.bookmarks.list(), (l) => l.length > 0);
await check("favourites", () => api.v1.favourites.list(), (l) => l.length > 0);
await check("timelines.home", () => api.v1.timelines.home.list({ limit: 5 }), (l) => l.length === 5);
await check("timelines.public", () => anyone.v1.timelines.public.list({ local: true }), (l) => l.length > 0);
await check("timelines.tag", () => api.v1.timelines.tag.$select("lezen").list(), list);
await check("accounts.lookup", () => anyone.v1.accounts.lookup({ acct: group }), (a) => a.group);
await check("accounts.statuses", () => api.v1.accounts.$select(me.id).statuses.list({ excludeReplies: true }), (l) => l.length > 0);
await check("accounts.relationships", () => api.v1.accounts.relationships.fetch({ id: [me.id] }), (l) => l.length === 1);
await check("v2.search", () => api.v2.search.list({ q: "pagina", resolve: true }), (r) => list(r.statuses) && list(r.hashtags));
await check("conversations", () => api.v1.conversations.list(), list);
await check("trends.tags", () => anyone.v1.trends.tags.list(), list);
await check("trends.statuses", () => anyone.v1.trends.statuses.list(), list);
await check("suggestions", () => api.v2.suggestions.list(), list);
const file = new Blob([Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64")], { type: "image/png" });
await check("media.create", () => api.v2.media.create({ file, description: "Een punt" }), (m) => m.type === "image" && m.meta.original);
await refused("statuses.fetch of nothing", 404, () => api.v1.statuses.$select("1").fetch());
await check("pages", async () => {
  const ids = [];
  for await (const page of api.v1.timelines.home.list({ limit: 3 })) {
    ids.push(...page.map((s) => s.id));
    if (ids.length > 200) break;
  }
  return ids;
}, (ids) => ids.length >= 6 && new Set(ids).size === ids.length);

// What one keeps
const filter = await check("v2.filters.create", () => api.v2.filters.create({ title: "Sport", context: ["home"], filterAction: "warn", keywordsAttributes: [{ keyword: "voetbal", wholeWord: true }] }), (f) => f.keywords[0].wholeWord);
await check("v2.filters.fetch", () => api.v2.filters.$select(filter.id).fetch(), (f) => f.title === "Sport");
await check("v2.filters.update", () => api.v2.filters.$select(filter.id).update({ title: "Bal", context: ["home", "thread"] }), (f) => f.context.length === 2);
const keyword = await check("v2.filters.keywords.create", () => api.v2.filters.$select(filter.id).keywords.create({ keyword: "hockey", wholeWord: false }), (k) => k.keyword === "hockey");
await check("v2.filters.keywords.list", () => api.v2.filters.$select(filter.id).keywords.list(), (l) => l.length === 2);
await check("v2.filters.keywords.remove", () => api.v2.filters.keywords.$select(keyword.id).remove());
await check("v2.filters.statuses.create", () => api.v2.filters.$select(filter.id).statuses.create({ statusId: status.id }), (s) => s.statusId === status.id);
await check("v2.filters.statuses.list", () => api.v2.filters.$select(filter.id).statuses.list(), (l) => l.length === 1);
await check("v2.filters.remove", () => api.v2.filters.$select(filter.id).remove());
const inAnHour = new Date(Date.now() + 3_600_000).toISOString();
const planned = await check("statuses.create scheduled", () => api.v1.statuses.create({ status: "Straks", scheduledAt: inAnHour }), (s) => s.params.text === "Straks");
await check("scheduledStatuses.list", () => api.v1.scheduledStatuses.list(), (l) => l[0].id === planned.id);
await check("scheduledStatuses.fetch", () => api.v1.scheduledStatuses.$select(planned.id).fetch(), (s) => s.id === planned.id);
await check("scheduledStatuses.update", () => api.v1.scheduledStatuses.$select(planned.id).update({ scheduledAt: new Date(Date.now() + 7_200_000).toISOString() }), (s) => s.scheduledAt > inAnHour);
await check("scheduledStatuses.remove", () => api.v1.scheduledStatuses.$select(planned.id).remove());
const mine = await check("lists.create", () => api.v1.lists.create({ title: "Mijn lijst" }), (l) => l.title === "Mijn lijst");
await check("lists.fetch", () => api.v1.lists.$select(mine.id).fetch(), (l) => l.id === mine.id);
await check("lists.accounts.create", () => api.v1.lists.$select(mine.id).accounts.create({ accountIds: [me.id] }));
await check("lists.accounts.list", () => api.v1.lists.$select(mine.id).accounts.list(), (l) => l[0].id === me.id);
await check("timelines.list", () => api.v1.timelines.list.$select(mine.id).list(), (l) => l.length > 0);
await check("lists.accounts.remove", () => api.v1.lists.$select(mine.id).accounts.remove({ accountIds: [me.id] }));
await check("lists.update", () => api.v1.lists.$select(mine.id).update({ title: "Andere naam" }), (l) => l.title === "Andere naam");
await check("lists.remove", () => api.v1.lists.$select(mine.id).remove());
await check("tags.follow", () => api.v1.tags.$select("thee").follow(), (t) => t.following);
await check("tags.fetch", () => api.v1.tags.$select("thee").fetch(), (t) => t.following);
await check("tags.unfollow", () => api.v1.tags.$select("thee").unfollow(), (t) => !t.following);
const featured = await check("featuredTags.create", () => api.v1.featuredTags.create({ name: "lezen" }), (t) => t.name === "lezen");
await check("featuredTags.list", () => api.v1.featuredTags.list(), (l) => l.length === 1);
await check("accounts.featuredTags.list", () => api.v1.accounts.$select(me.id).featuredTags.list(), (l) => l.length === 1);
await check("featuredTags.remove", () => api.v1.featuredTags.$select(featured.id).remove());
await check("endorsements.list", () => api.v1.endorsements.list(), list);
await check("domainBlocks.list", () => api.v1.domainBlocks.list(), list);
await check("directory.list", () => api.v1.directory.list(), list);
await check("statuses.mute", () => api.v1.statuses.$select(status.id).mute(), (s) => s.muted);
await check("statuses.unmute", () => api.v1.statuses.$select(status.id).unmute(), (s) => !s.muted);
await check("accounts.familiarFollowers", () => api.v1.accounts.familiarFollowers.fetch({ id: [me.id] }), (l) => l[0].id === me.id);
await check("notifications.policy.update", () => api.v2.notifications.policy.update({ forNotFollowing: "accept" }), (p) => p.forNotFollowing === "accept");
await check("notifications.requests.list", () => api.v1.notifications.requests.list(), list);
await check("v2.notifications.unreadCount", () => api.v2.notifications.unreadCount.fetch(), (r) => Number.isInteger(r.count));
const device = { endpoint: `${url}/nowhere`, keys: { p256dh: "BNcRdreALRFXTkOOUHK1EtK2wtaz5Ry4YfYCA_0QTpQtUbVlUls0VJXg7A8u-Ts1XbjhazAkj7I99e8QcYP7DkM", auth: "tBHItJI5svbpez7KI4CCXg" } };
await check("push.subscription.create", () => api.v1.push.subscription.create({ subscription: device, data: { alerts: { mention: true }, policy: "none" } }), (s) => s.alerts.mention && s.serverKey);
await check("push.subscription.fetch", () => api.v1.push.subscription.fetch(), (s) => s.endpoint === device.endpoint);
await check("push.subscription.update", () => api.v1.push.subscription.update({ data: { alerts: { poll: true } } }), (s) => s.alerts.poll);
await check("push.subscription.remove", () => api.v1.push.subscription.remove());

// Streaming, over WebSocket
await check("streaming.user", async () => {
  const streaming = createStreamingAPIClient({ streamingApiUrl: url.replace("http", "ws"), accessToken: process.env.KRING_TOKEN, implementation: globalThis.WebSocket ?? (await import("ws")).default });
  const events = streaming.user.subscribe();
  const heard = (async () => {
    for await (const event of events) {
      if (event.event === "update" && event.payload.content.includes("Hoort u mij?")) return event.payload;
    }
  })();
  await new Promise((done) => setTimeout(done, 3000));
  const said = await api.v1.statuses.create({ status: "Hoort u mij?" });
  const first = await Promise.race([heard, new Promise((done) => setTimeout(() => done(undefined), 10000))]);
  streaming.close();
  return first?.id === said.id;
}, (same) => same);

for (const failure of failures) console.log("masto.js failed:", failure);
console.log(`masto.js: ${called.size} calls, ${passed} passed, ${failures.length} failed`);
process.exit(failures.length ? 1 : 0);
