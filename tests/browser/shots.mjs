// Takes a picture of every page in both languages, at 360 and 1280 px, light and dark, into tests/browser/shots.
// Run it against a demo: KRING_DEMO_LOG=its-output KRING_DEMO_PORT=3000 node shots.mjs
import { mkdirSync } from 'node:fs';
import { as, everyPage, launch, library, visits } from './lib.mjs';

const folder = new URL('./shots/', import.meta.url).pathname;
mkdirSync(folder, { recursive: true });
const browser = await launch();
let taken = 0;
for (const { who, starts } of visits) {
  const pages = await everyPage(await as(browser, who), library, starts);
  for (const locale of ['en-GB', 'nl-NL']) {
    // What moves between two colours must not be photographed halfway.
    const context = await as(browser, who, { locale, reducedMotion: 'reduce' });
    const page = await context.newPage();
    // Members keep a language of their own, whatever their browser asks for.
    if (who !== 'visitor') {
      await page.goto(`${library}/settings`);
      await page.selectOption('[name=locale]', locale.slice(0, 2));
      await page.click('form:has([name=locale]) button:not([name])');
    }
    for (const { kind, address } of pages) {
      await page.goto(address, { waitUntil: 'load' });
      for (const width of [360, 1280]) {
        await page.setViewportSize({ width, height: 900 });
        for (const colorScheme of ['light', 'dark']) {
          await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
          const name = kind.replace(/[^A-Za-z0-9]+/g, '-').replace(/^-|-$/g, '') || 'start';
          await page.screenshot({ path: `${folder}${who}-${name}-${locale.slice(0, 2)}-${width}-${colorScheme}.png`, fullPage: true });
          taken += 1;
        }
      }
    }
    await context.close();
  }
}
await browser.close();
console.log(`${taken} pictures in ${folder}`);
