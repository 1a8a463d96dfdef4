// What the browser tests share: the demo's addresses and sign-in links, a browser, and its pages.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { chromium } from 'playwright-core';

const log = readFileSync(process.env.KRING_DEMO_LOG, 'utf8');
const port = Number(process.env.KRING_DEMO_PORT);

export const library = `http://linde.localhost:${port}`;
export const partner = `http://zuid.localhost:${port + 1}`;
export const demoFolder = process.env.KRING_DEMO_DIR;

/** The one-time links that the demo printed, by the first word of their line. */
const links = Object.fromEntries(
  [...log.matchAll(/^\s*(volunteer|staff|partner|administrator)\b.*?(http\S+)\s*$/gm)].map((m) => [m[1], m[2]]),
);

/** Chromium as Debian ships it; it makes no requests of its own. */
export const launch = () =>
  chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync'],
  });

/** Sessions. Links work once and every test file is a process of its own, so what came of them is kept beside the log. */
const kept = `${process.env.KRING_DEMO_LOG}.sessions.json`;
const states = existsSync(kept) ? JSON.parse(readFileSync(kept, 'utf8')) : {};

/** A busy machine may be slow: patience is not a failure. */
const patience = Number(process.env.KRING_PATIENCE ?? 60_000);

/** A window for `settings`, patient. */
async function window(browser, settings) {
  const context = await browser.newContext(settings);
  context.setDefaultTimeout(patience);
  context.setDefaultNavigationTimeout(patience);
  return context;
}

/** A window in which one of the four is signed in (or nobody: `visitor`). */
export async function as(browser, who, options = {}) {
  const settings = { locale: 'nl-NL', viewport: { width: 1280, height: 900 }, ...options };
  if (who === 'visitor') return window(browser, settings);
  if (!states[who]) {
    if (!links[who]) throw new Error(`the demo printed no link for ${who}:\n${log}`);
    const context = await window(browser, { locale: 'nl-NL' });
    const page = await context.newPage();
    await page.goto(links[who]);
    await page.locator('main form button').first().click();
    await page.waitForURL((url) => !url.pathname.startsWith('/sign-in'));
    states[who] = await context.storageState();
    writeFileSync(kept, JSON.stringify(states));
    await context.close();
  }
  return window(browser, { ...settings, storageState: states[who] });
}

/** Fails on anything a page asks of another site, on errors of scripts, and on answers of 500 and above. */
export function watch(page, problems) {
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (!['data:', 'blob:'].includes(url.protocol) && !url.hostname.endsWith('.localhost')) {
      problems.push(`${page.url()} asks another site: ${request.url()}`);
    }
  });
  page.on('response', (response) => {
    if (response.status() >= 500) problems.push(`${response.url()}: ${response.status()}`);
  });
  page.on('pageerror', (error) => problems.push(`${page.url()}: ${error.message}`));
}

/** The kind of page behind an address: numbers and names left out. */
export function pattern(address) {
  const url = new URL(address);
  const path = url.pathname
    .replace(/^\/(groups|people|tags|branches)\/(?!new$)[^/]+/, '/$1/NAME')
    .replace(/^\/invitations\/(?!new$)[^/]+/, '/invitations/CODE')
    .replace(/\/\d{6,}/g, '/ID');
  const keys = [...url.searchParams].map(([key, value]) => (key === 'kind' || key === 'tab' ? `${key}=${value}` : key));
  return path + (keys.length ? `?${keys.sort().join('&')}` : '');
}

// Not pages: files, streams, and what a browser downloads.
const skipped = /^\/(assets|media|brand\.css|icons?\/?|sign-out|live|api|oauth|settings\/export|admin\/vocabulary\/export)/;

/** One address of every kind of page that can be reached by links from `starts`. */
export async function everyPage(context, origin, starts, limit = 90) {
  const page = await context.newPage();
  const found = new Map();
  const queue = starts.map((path) => origin + path);
  while (queue.length && found.size < limit) {
    const address = queue.shift();
    const kind = pattern(address);
    if (found.has(kind)) continue;
    const response = await page.goto(address, { waitUntil: 'domcontentloaded' });
    const type = response.headers()['content-type'] ?? '';
    if (!type.startsWith('text/html') || !page.url().startsWith(origin)) continue;
    found.set(kind, { kind, address, status: response.status() });
    const hrefs = await page.$$eval('a[href]', (links) => links.map((link) => link.href));
    for (const href of hrefs) {
      const url = new URL(href);
      url.hash = '';
      if (url.origin !== origin || skipped.test(url.pathname)) continue;
      if (!found.has(pattern(url.href))) queue.push(url.href);
    }
  }
  await page.close();
  return [...found.values()];
}

/** Where each of the four begins looking. */
export const visits = [
  { who: 'visitor', starts: ['/about', '/sign-in', '/help'] },
  { who: 'volunteer', starts: ['/home', '/ideas', '/meet', '/start', '/groups', '/people', '/posts/new', '/search?q=taal', '/messages', '/notices', '/settings'] },
  { who: 'administrator', starts: ['/admin', '/newcomers', '/groups/new', '/invitations', '/styleguide'] },
];
