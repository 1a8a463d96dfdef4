// What people come for, done as they do it: with and without JavaScript, at the library and from the partner.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { as, demoFolder, launch, library, partner } from './lib.mjs';

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

/** Sets the groups of this run apart: the demo may have seen another one. */
const run = Date.now().toString(36).slice(-5);

/** A small picture. */
const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

/** Chooses where a post goes: behind a group's name stands who reads it. */
async function choose(page, group) {
  const option = page.locator('[name=group] option', { hasText: group }).last();
  await page.selectOption('[name=group]', await option.getAttribute('value'));
}

async function eventually(what, holds) {
  const end = Date.now() + 60_000;
  while (!(await holds())) {
    assert.ok(Date.now() < end, `not within a minute: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

/** Every mail that the library wrote, newest last. */
const mails = () => {
  const folder = join(demoFolder, 'library', 'mail');
  try {
    const written = readdirSync(folder).filter((name) => name.endsWith('.eml'));
    return written.sort().map((name) => readFileSync(join(folder, name), 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT') return [];
    throw error;
  }
};

test('sign in by a link in a mail', async () => {
  const context = await as(browser, 'visitor', { javaScriptEnabled: false });
  const page = await context.newPage();
  const before = mails().length;
  await page.goto(`${library}/sign-in`);
  await page.fill('form[action="/sign-in/mail"] [name=login]', 'marieke');
  await page.click('form[action="/sign-in/mail"] button');
  await eventually('a mail is written', () => mails().length > before);
  const text = mails().at(-1).replace(/=\r?\n/g, '').replace(/=3D/g, '=');
  const link = text.match(/http:\/\/\S*\/sign-in\/link\/[\w-]+/)?.[0];
  assert.ok(link, text);
  await page.goto(link);
  await page.click('main form button');
  assert.equal(new URL(page.url()).pathname, '/home');
  await context.close();
});

test('set a password, and sign in with it', async () => {
  const password = 'linde in de lente 7';
  const context = await as(browser, 'administrator', { javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(`${library}/settings/access`);
  await page.fill('form[action="/settings/password"] [name=password]', password);
  await page.click('form[action="/settings/password"] button');
  await context.close();
  const other = await as(browser, 'visitor', { javaScriptEnabled: false });
  const visitor = await other.newPage();
  await visitor.goto(`${library}/sign-in`);
  await visitor.click('details:has(form[action="/sign-in/password"]) > summary');
  await visitor.fill('form[action="/sign-in/password"] [name=name]', 'hennie');
  await visitor.fill('form[action="/sign-in/password"] [name=password]', password);
  await visitor.click('form[action="/sign-in/password"] button:has-text("Log in")');
  assert.equal(new URL(visitor.url()).pathname, '/home');
  await other.close();
});

for (const script of [true, false]) {
  const how = script ? 'with JavaScript' : 'without JavaScript';
  test(`start a group, post a picture in it, answer: ${how}`, async () => {
    const context = await as(browser, 'volunteer', { javaScriptEnabled: script });
    const page = await context.newPage();
    const title = script ? `Buurtmoestuin ${run}` : `Breicafé ${run}`;
    await page.goto(`${library}/groups/new`);
    await page.fill('main [name=title]', title);
    await page.check('main [name=kind][value=public]');
    await page.click('main form[method=post] button:not([name])');
    await page.waitForURL(/\/groups\/(?!new)/);
    assert.equal((await page.textContent('h1')).includes(title), true);

    await page.goto(`${library}/posts/new?kind=message`);
    await choose(page, title);
    await page.fill('[name=body]', 'Wie komt er *zaterdag* kijken?');
    await page.setInputFiles('input[name=files]', { name: 'tuin.png', mimeType: 'image/png', buffer: png });
    const alt = page.locator('.alt-rows input').first();
    if (script) await alt.fill('Een moestuin in de zon');
    await page.click('form.composer button:not([name]):not([type=button])');
    if (!script) {
      // Without script the picture is shown first, and what is on it asked for.
      await page.fill('[name=media_alt]', 'Een moestuin in de zon');
      await page.click('form.composer button:not([name]):not([type=button])');
    }
    await page.waitForURL(/\/posts\/\d+/);
    assert.equal(await page.locator('main em', { hasText: 'zaterdag' }).count(), 1);
    const picture = page.locator('main img[alt="Een moestuin in de zon"]');
    if (script) await picture.first().waitFor();

    await page.fill('form[action$="/comments"] [name=body]', 'Ik neem koffie mee.');
    await page.click('form[action$="/comments"] button:not([type=button])');
    await page.locator('.comment', { hasText: 'Ik neem koffie mee.' }).first().waitFor();
    await context.close();
  });
}

test('join a group of the library from the partner, and read there what is written', async () => {
  const context = await as(browser, 'volunteer');
  const page = await context.newPage();
  await page.goto(`${library}/groups/new`);
  await page.fill('main [name=title]', `Wijktafel ${run}`);
  await page.check('main [name=kind][value=public]');
  await page.click('main form[method=post] button:not([name])');
  await page.waitForURL(/\/groups\/(?!new)/);
  const name = new URL(page.url()).pathname.split('/')[2];
  const host = new URL(library).host;

  const theirs = await as(browser, 'partner');
  const maria = await theirs.newPage();
  await maria.goto(`${partner}/search?q=${encodeURIComponent(`@${name}@${host}`)}`);
  const found = maria.locator(`main a[href*="/groups/${name}@"]`).first();
  await found.waitFor();
  await found.click();
  await maria.click('form[action$="/join"] button');
  await eventually('Maria is a member', async () => {
    await maria.goto(`${partner}/groups/${name}@${host}`);
    // Beside the stream: on the cover it stands while the library has not answered yet.
    return (await maria.locator('aside form[action$="/leave"]').count()) > 0;
  });

  await page.goto(`${library}/posts/new?kind=message`);
  await choose(page, `Wijktafel ${run}`);
  await page.fill('[name=body]', 'Vrijdag soep voor iedereen');
  await page.click('form.composer button:not([name]):not([type=button])');
  await page.waitForURL(/\/posts\/\d+/);
  await eventually('the post is at the partner', async () => {
    await maria.goto(`${partner}/groups/${name}@${host}`);
    return (await maria.locator('main', { hasText: 'Vrijdag soep voor iedereen' }).count()) > 0;
  });
  await context.close();
  await theirs.close();
});

test('someone comes in by an invitation, takes part, and goes again: on a phone, without JavaScript', async () => {
  const host = await as(browser, 'administrator', { javaScriptEnabled: false });
  const desk = await host.newPage();
  await desk.goto(`${library}/invitations/new`);
  await desk.click('main form[method=post] button:not([name])');
  await desk.waitForURL(/\/invitations\/[^/]+\/sheet/);
  const code = new URL(desk.url()).pathname.split('/')[2];
  await host.close();

  const context = await as(browser, 'visitor', { javaScriptEnabled: false, viewport: { width: 360, height: 740 } });
  const page = await context.newPage();
  await page.goto(`${library}/invitations/${code}`);
  await page.fill('[name=display_name]', `Samira ${run}`);
  await page.fill('[name=email]', `samira-${run}@example.org`);
  await page.click('main form:has([name=display_name]) button:not([name])');
  await page.waitForURL((url) => !url.pathname.startsWith('/invitations'));

  // First steps, with the one who invited her.
  await page.goto(`${library}/home`);
  await page.locator('section[aria-labelledby=start-h]', { hasText: 'Hennie' }).waitFor();

  // Into a group, to read, thank and comment.
  await page.goto(`${library}/groups?q=voorlees`);
  await page.click('main form[action$="/join"] button');
  await page.waitForURL(/\/groups\/[^/?]+/);
  await page.locator('.post form:has([value=thanks]) button').first().click();
  await page.locator('.post button[aria-pressed=true]').first().waitFor();
  await page.locator('.post__time').first().click();
  await page.waitForURL(/\/posts\/\d+/);
  await page.fill('form[action$="/comments"] [name=body]', 'Wat leuk om te lezen.');
  await page.click('form[action$="/comments"] button');
  await page.locator('.comment', { hasText: 'Wat leuk om te lezen.' }).first().waitFor();

  // A question of one's own.
  await page.goto(`${library}/posts/new?kind=question`);
  await choose(page, 'VoorleesExpress');
  await page.fill('[name=body]', 'Welk boek past bij een kind van zes?');
  await page.click('form.composer button:not([name]):not([type=button])');
  // People who may know come first; the question is put up all the same.
  await page.click('section[aria-labelledby=before-h] button');
  await page.waitForURL(/\/posts\/\d+/);
  await page.locator('main .kind').first().waitFor();

  // Find someone, write to them, and tell a moderator that something is wrong.
  await page.goto(`${library}/people?q=fatma`);
  await page.click('.person-card__name a');
  await page.click('a[href^="/messages/new"]');
  await page.fill('[name=body]', 'Dag Fatma, ik ben nieuw.');
  await page.click('form.composer button:not([name]):not([type=button])');
  await page.waitForURL(/\/posts\/\d+/);
  await page.goto(`${library}/people/fatma`);
  await page.click('main details.menu summary');
  await page.click('a[href$="/report"]');
  await page.fill('[name=reason]', 'Dit is maar een proef.');
  await page.click('main form[method=post] button:not([name])');
  await page.locator('.flash').first().waitFor();

  // Her buddy sees how far she is, and notes what they did together, which she reads.
  const buddy = await as(browser, 'administrator', { javaScriptEnabled: false });
  const help = await buddy.newPage();
  await help.goto(`${library}/newcomers`);
  await help.click(`.person-card__name a:has-text("Samira ${run}")`);
  await help.locator('h1', { hasText: 'Samira' }).waitFor();
  const met = help.locator('.steps > li').last();
  await met.locator('summary').click();
  await met.locator('[name=note]').fill('Koffie in de hal');
  await met.locator('form button').click();
  await help.locator('.flash').waitFor();
  await buddy.close();
  await page.goto(`${library}/start`);
  await page.locator('.steps li[data-state=done]', { hasText: 'Koffie in de hal' }).waitFor();

  // Larger letters, and then goodbye.
  await page.goto(`${library}/settings`);
  await page.check('[name=text][value=larger]');
  await page.click('form:has([name=text]) button:not([name])');
  assert.equal(await page.getAttribute('html', 'data-text'), 'larger');
  const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth).catch(() => 0);
  assert.ok(over <= 0, `scrolls sideways by ${over} px`);
  await page.goto(`${library}/settings/leave`);
  await page.check('main input[type=checkbox]');
  await page.click('main .button--danger');
  await page.goto(`${library}/home`);
  assert.ok(new URL(page.url()).pathname.startsWith('/sign-in'), 'signed out');
  await context.close();
});

test('people are completed in a chat, and words survive a session that ends', async () => {
  const context = await as(browser, 'volunteer');
  const page = await context.newPage();
  await page.goto(`${library}/messages/new`);
  await page.fill('#to', '');
  await page.locator('#to').pressSequentially('mariek');
  await page.locator('#to-names [role=option]', { hasText: '@marieke' }).waitFor();
  await page.keyboard.press('Enter');
  assert.equal(await page.inputValue('#to'), 'marieke, ');
  await page.fill('[name=body]', '');
  await page.locator('[name=body]').pressSequentially('Dag @mariek');
  await page.locator('#body-names [role=option]').first().waitFor();
  await page.keyboard.press('Tab');
  assert.match(await page.inputValue('[name=body]'), /^Dag @marieke $/);

  const words = `Dit blijft bewaard ${run}`;
  await page.fill('[name=body]', words);
  const cookies = await context.cookies();
  await context.clearCookies();
  await page.click('form.composer button:not([name]):not([type=button])');
  await page.waitForURL(/\/sign-in\?to=%2Fmessages%2Fnew/);
  await context.addCookies(cookies);
  await page.goto(`${library}/messages/new`);
  assert.equal(await page.inputValue('[name=body]'), words);
  await page.fill('#to', 'marieke');
  await page.click('form.composer button:not([name]):not([type=button])');
  await page.waitForURL(/\/posts\/\d+/);
  await page.goto(`${library}/messages/new`);
  assert.equal(await page.inputValue('[name=body]'), '', 'what was sent does not come back');
  await context.close();
});
