/** Makes the pictures of docs/guide/page.md: `npm run pictures`. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import type { Page } from 'playwright-core';

import { startRadish } from '../e2e/radish-process.js';
import { converse, openTab, startBrowser } from './tab.js';
import { Traffic } from './traffic.js';

const FOLDER = 'docs/pictures';
const VIEWPORT = { width: 1200, height: 780 };
/** For lanes, plots and the tree to have something to show. */
const TRAFFIC_MS = 12_000;

const radish = await startRadish([
  ...[
    '--expert-distribution-recorder-mode',
    'stat',
    '--max-total-tokens',
    '4096',
    '--dp-size',
    '2',
  ],
]);
const browser = await startBrowser();
try {
  await mkdir(FOLDER, { recursive: true });
  const { page } = await openTab(browser, radish.url, { viewport: VIEWPORT });
  await chat(page);
  await save(page, 'chat');
  await page.goto(`${radish.url}/#/experts`);
  await page.getByRole('button', { name: 'Start' }).click();
  await page.goto(`${radish.url}/#/engine`);
  const traffic = new Traffic(radish.url, 6);
  await page.waitForTimeout(TRAFFIC_MS);
  await save(page, 'engine');
  await page.goto(`${radish.url}/#/cache`);
  await page.getByRole('treeitem').nth(3).hover();
  await page.waitForTimeout(TRAFFIC_MS / 4);
  await page
    .getByRole('textbox', { name: 'Prompt' })
    .fill('You are a helpful assistant. Say in one word: red 99');
  await page.getByRole('button', { name: 'Explain' }).click();
  await page.locator('.explained').waitFor();
  await save(page, 'cache');
  await page.goto(`${radish.url}/#/experts`);
  await page.locator('.heat rect').nth(9).hover();
  await save(page, 'experts');
  await traffic.stop();
} finally {
  await browser.close();
  await radish.stop();
}

async function chat(page: Page): Promise<void> {
  await converse(page, 'What is the capital of France?');
  await page.getByRole('button', { name: 'System prompt and sampling' }).click();
  await page.getByLabel('Ask for the probability').check();
  await page.getByLabel('Temperature').fill('1.5');
  await page.keyboard.press('Escape');
  await converse(page, 'Tell me a story.');
  await page.getByRole('button', { name: 'Probabilities' }).click();
  await page.locator('.token:not(.p5)').first().hover();
}

async function save(page: Page, name: string): Promise<void> {
  await page.evaluate("document.querySelector('main').scrollTo(0, 0)");
  await page.waitForTimeout(400);
  await page.screenshot({ path: join(FOLDER, `${name}.png`) });
}
