// What web and phone clients call when they start, in their order, with what they choke on: a test for each client.
//
// KRING_BASE_URL, KRING_TOKEN, KRING_GROUP. Every answer has to be 200 (or what is named), JSON, with CORS headers where the
// client runs in a browser.
import test from 'node:test';
import assert from 'node:assert/strict';

const { KRING_BASE_URL: base, KRING_TOKEN: token, KRING_GROUP: group } = process.env;
const origin = 'https://client.example';

async function call(path, { method = 'GET', body, signedIn = true, browser = false, status = 200, form = false } = {}) {
  const headers = {};
  if (signedIn) headers.authorization = `Bearer ${token}`;
  if (browser) headers.origin = origin;
  if (body) headers['content-type'] = form ? 'application/x-www-form-urlencoded' : 'application/json';
  // Browsers ask first where there is more than a plain form or reading.
  if (browser && (signedIn || (body && !form))) {
    const asked = { origin, 'access-control-request-method': method, 'access-control-request-headers': 'authorization' };
    const before = await fetch(base + path, { method: 'OPTIONS', headers: asked });
    assert.ok(before.ok, `OPTIONS ${path}: ${before.status}`);
    assert.match(before.headers.get('access-control-allow-headers'), /\*|authorization/i, path);
  }
  const sent = body && (form ? new URLSearchParams(body).toString() : JSON.stringify(body));
  const answer = await fetch(base + path, { method, headers, body: sent });
  const text = await answer.text();
  assert.equal(answer.status, status, `${method} ${path}: ${text.slice(0, 300)}`);
  assert.match(answer.headers.get('content-type') ?? '', /^application\/(.*\+)?json/, path);
  if (browser) assert.equal(answer.headers.get('access-control-allow-origin'), '*', path);
  return JSON.parse(text);
}

/** Keys that must be there and not null. */
function has(value, keys, what) {
  for (const key of keys.split(' ')) {
    const found = key.split('.').reduce((at, name) => at?.[name], value);
    assert.ok(found !== undefined && found !== null, `${what}.${key} is ${found}`);
  }
}

const STATUS = 'id uri content created_at account emojis reblogs_count favourites_count replies_count sensitive ' +
  'spoiler_text visibility media_attachments mentions tags';
const ACCOUNT = 'id username acct display_name created_at note url avatar header bot locked fields emojis ' +
  'statuses_count followers_count following_count';
const RELATIONSHIP = 'following showing_reblogs notifying followed_by blocking blocked_by muting muting_notifications ' +
  'requested requested_by domain_blocking endorsed note';

function statuses(list) {
  assert.ok(list.length > 0, 'nothing to read');
  for (const one of list) {
    has(one, STATUS, 'Status');
    has(one.account, ACCOUNT, 'Account');
    assert.match(one.id, /^\d+$/);
    if (one.reblog) statuses([one.reblog]);
  }
}

const say = (status) => call('/api/v1/statuses', { method: 'POST', body: { status } });

test('before: something to read', async () => {
  await say(`!${group} Dag allemaal #lezen`);
  for (let n = 0; n < 100; n += 1) {
    if ((await call('/api/v1/timelines/home')).length) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.fail('the post did not come home');
});

test('Phanpy', async () => {
  const web = { browser: true };
  const instance = await call('/api/v2/instance', { ...web, signedIn: false });
  has(instance, 'domain title version configuration.urls.streaming configuration.statuses.max_characters', 'Instance');
  assert.match(instance.version, /^\d+\.\d+(\.\d+)?/);
  const known = await call('/.well-known/nodeinfo', { ...web, signedIn: false });
  await call(new URL(known.links.at(-1).href).pathname, { ...web, signedIn: false });
  await call('/.well-known/oauth-authorization-server', { ...web, signedIn: false });
  const redirect = 'https://phanpy.example/';
  const asked = { client_name: 'Phanpy', redirect_uris: redirect, scopes: 'read write follow push', website: redirect };
  const app = await call('/api/v1/apps', { ...web, signedIn: false, method: 'POST', body: asked, form: true });
  has(app, 'client_id client_secret', 'Application');
  has(await call('/api/v1/accounts/verify_credentials', web), `${ACCOUNT} source`, 'Account');
  for (const path of ['preferences', 'custom_emojis', 'followed_tags', 'lists', 'notifications?limit=30', 'follow_requests',
    'announcements', 'markers?timeline[]=notifications', 'trends/tags', 'trends/links', 'accounts/relationships?id[]=1']) {
    await call(`/api/v1/${path}`, web);
  }
  await call('/api/v2/filters', web);
  await call('/api/v2/notifications/policy', web);
  statuses(await call('/api/v1/timelines/home?limit=20', web));
});

test('Elk', async () => {
  const web = { browser: true };
  const info = await call('/nodeinfo/2.0', { ...web, signedIn: false });
  has(info, 'software.name', 'NodeInfo');
  const [me, instance] = await Promise.all([
    call('/api/v1/accounts/verify_credentials', web),
    call('/api/v1/instance', web),
    call('/api/v1/push/subscription', { ...web, status: 404 }),
  ]);
  has(me, ACCOUNT, 'Account');
  has(instance, 'uri title urls.streaming_api configuration.statuses.max_characters', 'Instance');
  // Null only while nobody owns the instance.
  assert.ok('contact_account' in instance);
  await call('/api/v2/instance', web);
  await call('/api/v2/filters', web);
  await call('/api/v1/custom_emojis', web);
  await call('/api/v1/preferences', web);
  await call('/api/v1/markers?timeline[]=home&timeline[]=notifications', web);
  await call('/api/v1/notifications?limit=30', web);
  statuses(await call('/api/v1/timelines/home?limit=30', web));
});

test('Tusky', async () => {
  has(await call('/api/v1/accounts/verify_credentials'), ACCOUNT, 'Account');
  assert.deepEqual(await call('/api/v1/announcements?with_dismissed=false'), []);
  has(await call('/api/v2/instance'), 'domain version configuration.media_attachments.supported_mime_types', 'Instance');
  await call('/api/v1/instance');
  await call('/api/v1/custom_emojis');
  await call('/api/v2/filters');
  await call('/api/v1/filters');
  const home = await call('/api/v1/timelines/home?limit=30');
  statuses(home);
  await call(`/api/v1/timelines/home?max_id=${home.at(-1).id}&limit=30`);
  const notices = await call('/api/v1/notifications?limit=30&exclude_types[]=poll');
  for (const one of notices) has(one, 'id type created_at account', 'Notification');
  const read = { 'notifications[last_read_id]': '1' };
  has(await call('/api/v1/markers', { method: 'POST', body: read, form: true }), 'notifications.last_read_id', 'Marker');
  await call('/api/v1/markers?timeline[]=notifications');
  await call('/api/v2/notifications/policy');
  await call('/api/v1/follow_requests?limit=1');
});

test('Ice Cubes', async () => {
  const first = await call('/api/v1/instance', { signedIn: false });
  has(first, 'uri title version registrations thumbnail configuration.statuses.max_characters ' +
    'configuration.statuses.max_media_attachments configuration.polls.max_options configuration.polls.min_expiration ' +
    'configuration.polls.max_expiration configuration.polls.max_characters_per_option', 'Instance');
  const second = await call('/api/v2/instance', { signedIn: false });
  has(second, 'domain title version registrations.enabled thumbnail.url contact.email', 'Instance');
  for (const rule of second.rules) has(rule, 'id text', 'Rule');
  // Everything in the query, an empty body, and no Content-Type.
  const asked = new URLSearchParams({ client_name: 'IceCubesApp', redirect_uris: 'icecubesapp://',
    scopes: 'read write follow push', website: 'https://github.com/Dimillian/IceCubesApp' });
  const app = await call(`/api/v1/apps?${asked}`, { method: 'POST', signedIn: false });
  has(app, 'id name redirect_uri client_id client_secret', 'InstanceApp');
  const me = await call('/api/v1/accounts/verify_credentials');
  has(me, `${ACCOUNT} source.privacy`, 'Account');
  await call('/api/v1/lists');
  await call('/api/v2/filters');
  await call('/api/v1/markers?timeline[]=home');
  await call('/api/v1/preferences');
  await call('/api/v1/followed_tags');
  statuses(await call('/api/v1/timelines/home?limit=50'));
  const [relation] = await call(`/api/v1/accounts/relationships?id[]=${me.id}`);
  has(relation, RELATIONSHIP, 'Relationship');
});

test('Ivory', async () => {
  const home = await call('/api/v1/timelines/home');
  statuses(home);
  const me = await call('/api/v1/accounts/verify_credentials');
  await call(`/api/v1/accounts/${me.id}`);
  await call('/api/v2/instance');
  await call('/api/v1/preferences');
  await call(`/api/v1/timelines/home?min_id=${home.at(-1).id}`);
  await call('/api/v1/lists');
  await call(`/api/v1/accounts/${me.id}/statuses?exclude_reblogs=1`);
  await call('/api/v1/notifications?types[]=mention&types[]=favourite');
});
