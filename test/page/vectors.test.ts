import t from 'tap';

import { startRadish } from '../e2e/radish-process.js';
import { openTab, overflow, SIZES, skip, startBrowser, violations } from './tab.js';

const WORDS = ['--tokenizer-path', 'test/fixtures/tokenizers/wordpiece'];
const POOLED = 'test/fixtures/pooled';

t.test('an embedding model compares and ranks texts', { skip }, async (t) => {
  const radish = await startRadish(['--model-path', `${POOLED}/bert-mean`, ...WORDS]);
  t.teardown(() => radish.stop());
  const browser = await startBrowser();
  t.teardown(() => browser.close());
  for (const viewport of SIZES) {
    const { page, faults, close } = await openTab(browser, radish.url, { viewport });
    await page.getByRole('heading', { name: 'Similarity' }).waitFor();
    await page.getByRole('textbox', { name: 'Texts' }).fill('one text\nanother text\nthe third');
    await page.getByRole('button', { name: 'Compare' }).click();
    await page.locator('.matrix tbody tr').nth(2).waitFor();
    t.equal(await page.locator('.matrix tbody td').first().innerText(), '1.00');
    t.same(await violations(page), []);
    t.equal(await overflow(page), 0);

    await page.getByRole('button', { name: 'Ranking' }).click();
    await page.getByRole('textbox', { name: 'Question' }).fill('one text');
    await page.getByRole('textbox', { name: 'Texts' }).fill('another\none text');
    await page.getByRole('button', { name: 'Rank', exact: true }).click();
    await page.locator('.ranking li').nth(1).waitFor();
    t.match(await page.locator('.ranking li').first().innerText(), /1\.000[^]*one text/);
    t.same(await violations(page), []);
    t.same(faults, []);
    await close();
  }
});

t.test('a cross-encoder ranks', { skip }, async (t) => {
  const radish = await startRadish(['--model-path', `${POOLED}/bert-cross`, ...WORDS]);
  t.teardown(() => radish.stop());
  const browser = await startBrowser();
  t.teardown(() => browser.close());
  const { page, faults } = await openTab(browser, radish.url);
  await page.getByRole('heading', { name: 'Ranking' }).waitFor();
  await page.getByRole('textbox', { name: 'Question' }).fill('one');
  await page.getByRole('textbox', { name: 'Texts' }).fill('two\nthree\nfour');
  await page.getByRole('button', { name: 'Rank', exact: true }).click();
  await page.locator('.ranking li').nth(2).waitFor();
  const scores = await page.locator('.ranking .number').allInnerTexts();
  t.same(
    scores,
    [...scores].sort((a, b) => Number(b) - Number(a)),
  );
  t.same(await violations(page), []);
  for (const view of ['cache', 'engine', 'experts']) {
    await page.goto(`${radish.url}/#/${view}`);
    await page.getByRole('heading', { level: 1 }).waitFor();
    await page.waitForTimeout(400);
    t.same(await violations(page), [], view);
  }
  t.same(faults, []);
});
