// Every page: no violation of accessibility rules, no sideways scrolling, nothing asked of other sites.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { as, everyPage, launch, library, visits, watch } from './lib.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
let browser;

before(async () => {
  browser = await launch();
});
after(() => browser.close());

/** What axe finds, one line for each element. */
async function violations(page) {
  const result = await page.evaluate((only) => window.axe.run(document, { runOnly: only, resultTypes: ['violations'] }), tags);
  return result.violations.flatMap((v) => v.nodes.slice(0, 3).map((n) => `${v.id}: ${n.target.join(' ')}: ${n.any[0]?.message ?? v.help}`));
}

for (const { who, starts } of visits) {
  test(`every page of the ${who}`, async (t) => {
    const context = await as(browser, who, { bypassCSP: true, reducedMotion: 'reduce' });
    await context.addInitScript(axe);
    const pages = await everyPage(context, library, starts);
    t.diagnostic(`${pages.length} kinds of pages: ${pages.map((p) => p.kind).join(' ')}`);
    assert.ok(pages.length >= starts.length, 'pages were found');
    const problems = [];
    const page = await context.newPage();
    watch(page, problems);
    for (const { kind, address, status } of pages) {
      if (status !== 200) {
        problems.push(`${kind} (${address}) is linked to, and answers ${status}`);
        continue;
      }
      await page.goto(address, { waitUntil: 'load' });
      const titles = await page.locator('h1').count();
      if (titles !== 1) problems.push(`${kind}: ${titles} h1`);
      for (const width of [360, 1280]) {
        await page.setViewportSize({ width, height: 900 });
        for (const colorScheme of ['light', 'dark']) {
          await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
          for (const line of await violations(page)) problems.push(`${kind} ${width} ${colorScheme}: ${line}`);
        }
      }
      await page.setViewportSize({ width: 320, height: 800 });
      const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      if (over > 0) problems.push(`${kind}: scrolls sideways by ${over} px at 320`);
    }
    await context.close();
    assert.deepEqual(problems, [], `${problems.length} problems:\n${problems.join('\n')}`);
  });
}

test('focus is visible, and the first stop leads to the content', async () => {
  const context = await as(browser, 'volunteer');
  const page = await context.newPage();
  await page.goto(`${library}/home`);
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.className), 'skip-link');
  for (let stop = 0; stop < 12; stop += 1) {
    const seen = await page.evaluate(() => {
      const style = getComputedStyle(document.activeElement);
      const box = document.activeElement.getBoundingClientRect();
      const ring = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0;
      return { ring: ring || style.boxShadow !== 'none', shown: box.width > 0 && box.height > 0, what: document.activeElement.outerHTML.slice(0, 120) };
    });
    assert.ok(seen.ring && seen.shown, `no visible focus on ${seen.what}`);
    await page.keyboard.press('Tab');
  }
  await context.close();
});

test('every page is there in Dutch and in English', async () => {
  for (const [locale, lang] of [['nl-NL', 'nl'], ['en-GB', 'en']]) {
    const context = await as(browser, 'visitor', { locale });
    const page = await context.newPage();
    await page.goto(`${library}/sign-in`);
    assert.equal(await page.getAttribute('html', 'lang'), lang);
    await context.close();
  }
});

test('a member chooses a language, and every page follows', async () => {
  const context = await as(browser, 'volunteer', { javaScriptEnabled: false });
  const page = await context.newPage();
  const choose = async (lang) => {
    await page.goto(`${library}/settings`);
    await page.selectOption('[name=locale]', lang);
    await page.click('form:has([name=locale]) button:not([name])');
    assert.equal(await page.getAttribute('html', 'lang'), lang);
  };
  await choose('en');
  for (const [path, title] of [['/groups', 'Groups'], ['/people', 'People'], ['/posts/new', 'Write a post'], ['/help', 'Help']]) {
    await page.goto(library + path);
    assert.equal(await page.getAttribute('html', 'lang'), 'en', path);
    assert.equal(await page.textContent('h1'), title);
  }
  await choose('nl');
  await context.close();
});
