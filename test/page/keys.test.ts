import type { Browser, Page } from 'playwright-core';
import t from 'tap';

import { startRadish, type RadishProcess } from '../e2e/radish-process.js';
import { converse, openTab, skip, startBrowser, violations } from './tab.js';

const FLAGS = ['--api-key', 'plain-key', '--admin-api-key', 'admin-key'];

let radish: RadishProcess;
let browser: Browser;

t.before(async () => {
  if (skip !== false) return;
  [radish, browser] = await Promise.all([startRadish(FLAGS), startBrowser()]);
});
t.teardown(async () => {
  if (skip !== false) return;
  await browser.close();
  await radish.stop();
});

async function give(page: Page, plain: string, admin = ''): Promise<void> {
  await page.getByLabel('API key').fill(plain);
  await page.getByLabel('Admin key').fill(admin);
  await page.getByRole('button', { name: 'Use' }).click();
}

t.test('the key is asked for, kept in the tab, and stands in no address', { skip }, async (t) => {
  const { page, faults, close } = await openTab(browser, radish.url);
  const addresses: string[] = [];
  page.on('request', (request) => addresses.push(request.url()));
  page.on('websocket', (socket) => addresses.push(socket.url()));
  await page.getByRole('dialog', { name: 'Keys of this server' }).waitFor();
  const focused = "document.activeElement.closest('label')?.textContent";
  t.equal(await page.evaluate<string>(focused), 'API key', 'it can be typed at once');
  t.same(await violations(page), []);
  await give(page, 'wrong');
  await page.getByText('The server does not know this key.').waitFor();
  await give(page, 'plain-key');
  await page.getByText('Everything stays between').waitFor();
  t.ok(await converse(page, 'What is the capital of France?'));
  t.notMatch(addresses.join('\n'), /key/);
  t.equal(await page.evaluate('localStorage.length'), 0);

  await page.reload();
  await page.getByText('Everything stays between').waitFor();
  await page.getByRole('button', { name: 'What is the capital of France?', exact: true }).click();
  await page.getByRole('button', { name: 'As curl or Python' }).click();
  const snippet = await page.locator('.snippet').innerText();
  t.match(snippet, /RADISH_API_KEY/);
  t.notMatch(snippet, /plain-key/);
  t.same(faults, []);
  const other = await page.context().newPage();
  await other.goto(radish.url);
  await other.getByRole('dialog', { name: 'Keys of this server' }).waitFor();
  await close();
});

t.test(
  'with the plain key lengths are shown, with the admin key texts too',
  { skip },
  async (t) => {
    const { page, faults, close } = await openTab(browser, radish.url);
    await give(page, 'plain-key');
    await converse(page, 'What is the capital of France?');
    await page.keyboard.press('Alt+2');
    await page.getByText('Without the admin key texts are left out').waitFor();
    await page.getByRole('treeitem').nth(1).waitFor();
    t.notMatch(await page.locator('.icicle').innerText(), /capital/);
    await page.keyboard.press('Alt+3');
    await page.getByRole('heading', { name: 'Requests' }).waitFor();

    await page.getByRole('button', { name: 'Keys' }).click();
    await give(page, 'plain-key', 'admin-key');
    await page.keyboard.press('Alt+2');
    await page
      .getByRole('treeitem', { name: /capital/ })
      .first()
      .waitFor();
    t.equal(await page.getByText('Without the admin key').count(), 0);
    t.same(faults, []);
    await close();
  },
);
