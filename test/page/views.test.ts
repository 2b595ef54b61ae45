import { readFile } from 'node:fs/promises';

import type { Browser, Page } from 'playwright-core';
import t from 'tap';

import { startRadish, type RadishProcess } from '../e2e/radish-process.js';
import { openTab, overflow, SIZES, skip, startBrowser, until, violations } from './tab.js';
import { Traffic } from './traffic.js';

let radish: RadishProcess;
let browser: Browser;

t.before(async () => {
  if (skip !== false) return;
  const flags = [
    ...['--expert-distribution-recorder-mode', 'stat', '--dp-size', '2'],
    ...['--max-total-tokens', '2048', '--max-running-requests', '4'],
  ];
  [radish, browser] = await Promise.all([startRadish(flags), startBrowser()]);
});
t.teardown(async () => {
  if (skip !== false) return;
  await browser.close();
  await radish.stop();
});

const VIEWS = ['cache', 'engine', 'experts'] as const;

async function go(page: Page, view: string): Promise<void> {
  await page.goto(`${radish.url}/#/${view}`);
  await page.locator('.view .card').first().waitFor();
}

t.test('every view under traffic, at every size and without a violation', { skip }, async (t) => {
  const traffic = new Traffic(radish.url);
  t.teardown(() => traffic.stop());
  for (const viewport of SIZES) {
    for (const colorScheme of ['light', 'dark'] as const) {
      const { page, faults, close } = await openTab(browser, radish.url, { viewport, colorScheme });
      for (const view of VIEWS) {
        const name = `${view} ${viewport.width} ${colorScheme}`;
        await go(page, view);
        await page.waitForTimeout(400);
        t.same(await violations(page), [], name);
        t.equal(await overflow(page), 0, name);
      }
      t.same(faults, []);
      await close();
    }
  }
});

t.test(
  'the tree grows with its prompts, is zoomed by mouse and keys, and explains',
  { skip },
  async (t) => {
    const { page, faults, close } = await openTab(browser, radish.url);
    await go(page, 'cache');
    const traffic = new Traffic(radish.url, 2);
    await page
      .getByRole('treeitem', { name: /You are a helpful/ })
      .first()
      .waitFor();
    await traffic.stop();
    await page.getByText(/[1-9][\d,]* tokens in \d+ nodes/).waitFor();
    t.match(await page.locator('[aria-label="Hit rate"]').innerText(), /% of [\d,]+ prompt tokens/);
    await page.getByText(/tokens? of \d+ nodes? since/).waitFor();

    const first = page.getByRole('treeitem', { name: /You are a helpful/ }).first();
    await first.click();
    await until(
      page,
      "[...document.querySelectorAll('[role=treeitem]')].filter((one) => one.style.width === '100%').length >= 2",
    );
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Zoom out' }).isDisabled();
    await page.getByRole('treeitem').first().focus();
    await page.keyboard.press('ArrowDown');
    t.equal(await page.evaluate<string>('document.activeElement.getAttribute("aria-level")'), '2');
    await page.getByRole('button', { name: 'Hits' }).click();

    await page
      .getByRole('textbox', { name: 'Prompt' })
      .fill('You are a helpful assistant. Say in one word: red 99');
    await page.getByRole('button', { name: 'Explain' }).click();
    await page.getByText(/tokens of \d+ \(\d+ %\) cached\./).waitFor();
    t.ok((await page.locator('.slab.on-path').count()) > 0, 'its way is marked');
    t.same(faults, []);
    await close();
  },
);

t.test('what runs is shown with its progress, and aborted by its button', { skip }, async (t) => {
  const { page, faults, close } = await openTab(browser, radish.url);
  await go(page, 'engine');
  const body = {
    text: 'Once',
    rid: 'the-long-one',
    sampling_params: { max_new_tokens: 1900, ignore_eos: true },
  };
  const long = fetch(`${radish.url}/generate`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  await page.getByRole('button', { name: 'Abort the-long-one' }).click();
  const { meta_info: info } = (await (await long).json()) as {
    meta_info: { finish_reason: { type: string } };
  };
  t.equal(info.finish_reason.type, 'abort');
  await page.locator('.reason.abort').first().waitFor();
  t.ok((await page.locator('.lane rect').count()) > 0, 'its steps are in the lane');

  await fetch(`${radish.url}/generate`, { method: 'POST', body: '{"sampling_params": 3}' });
  await page.locator('[aria-label="Failures"]').getByText('/generate').first().waitFor();
  t.same(faults, []);
  await close();
});

t.test('experts are recorded, counted and downloaded', { skip }, async (t) => {
  const { page, faults, close } = await openTab(browser, radish.url);
  await go(page, 'experts');
  await page.getByRole('button', { name: 'Start' }).click();
  await page.getByText(/^recording/).waitFor();
  const traffic = new Traffic(radish.url, 2);
  await until(page, "/[1-9]/.test(document.querySelector('tbody td')?.textContent ?? '')");
  await traffic.stop();
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Download' }).click(),
  ]);
  const csv = await readFile(await download.path(), 'utf8');
  t.match(csv, /^layer_id,expert_id,count\n0,\d,\d+\n/);
  await page.getByRole('button', { name: 'Stop' }).click();
  await page.getByText(/^not recording/).waitFor();
  t.same(faults, []);
  await close();
});
