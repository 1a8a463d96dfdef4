// toot (PyPI) lets itself in through the OAuth page, in a real browser, and posts into a group.
//
// KRING_BASE_URL, KRING_GROUP, and the name and password of somebody in that group: KRING_LOGIN, KRING_PASSWORD.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const { KRING_BASE_URL: base, KRING_GROUP: group, KRING_LOGIN: login, KRING_PASSWORD: password } = process.env;
const home = mkdtempSync(join(tmpdir(), 'kring-toot.'));
const toot = new URL('.venv/bin/toot', import.meta.url).pathname;
const env = { ...process.env, HOME: home, XDG_CONFIG_HOME: home, BROWSER: 'true', NO_COLOR: '1', COLUMNS: '1000' };

/** Runs toot to its end; returns what it says. */
function run(...words) {
  const done = spawnSync(toot, words, { env, encoding: 'utf8', timeout: 60_000 });
  if (done.status !== 0) throw new Error(`toot ${words.join(' ')}: ${done.stdout}${done.stderr}`);
  return done.stdout;
}

/** The page on which toot asks to be let in: signing in comes first and leads back; returns the code it shows. */
async function letIn(browser, url) {
  const page = await (await browser.newContext({ locale: 'nl-NL' })).newPage();
  page.setDefaultTimeout(60_000);
  const opener = [];
  page.on('response', (response) => opener.push(response.headers()['cross-origin-opener-policy']));
  await page.goto(url);
  if (!new URL(page.url()).pathname.startsWith('/sign-in')) throw new Error(`not asked to sign in: ${page.url()}`);
  const form = page.locator('form[action="/sign-in/password"]');
  if (!(await form.isVisible())) await page.locator('details:has(form[action="/sign-in/password"]) summary').click();
  await form.locator('[autocomplete="username"]').fill(login);
  await form.locator('[type="password"]').fill(password);
  await form.locator('button').first().click();
  await page.locator('button[value="allow"]').click();
  const code = await page.locator('#code').innerText();
  if (opener.some((policy) => policy)) throw new Error('a page on the way has a Cross-Origin-Opener-Policy');
  return code;
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'],
});
try {
  const child = spawn(toot, ['login', '-i', base], { env });
  let said = '';
  const ended = new Promise((resolve) => child.on('close', resolve));
  const url = await new Promise((resolve, reject) => {
    child.on('close', () => reject(new Error(`toot ended: ${said}`)));
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (piece) => {
        said += piece;
        const found = said.match(/(http\S+\/oauth\/authorize\S+)\s/);
        if (found) resolve(found[1]);
      });
    }
  });
  const code = await letIn(browser, url);
  child.stdin.end(`n\n${code}\n`);
  if ((await ended) !== 0) throw new Error(`toot could not log in: ${said}`);

  const text = `Toot zegt dag ${Date.now()}`;
  run('post', `!${group} ${text}`);
  const me = run('whoami');
  if (!me.includes(`@${login}`)) throw new Error(`toot does not know who it is: ${me}`);
  const seen = run('timelines', 'account', group, '--limit', '5', '--json');
  if (!seen.includes(text)) throw new Error(`the post is not in the group: ${seen}`);
  console.log('toot: logged in through the page, posted into a group, and read it there');
} catch (error) {
  console.error(`toot: ${error.stack ?? error}`);
  process.exitCode = 1;
} finally {
  await browser.close();
  rmSync(home, { recursive: true, force: true });
}
