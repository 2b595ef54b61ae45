import type { Browser, Page } from 'playwright-core';
import t from 'tap';

import { startRadish, type RadishProcess } from '../e2e/radish-process.js';
import { converse, openTab, skip, startBrowser, until, violations } from './tab.js';

let radish: RadishProcess;
let browser: Browser;

t.before(async () => {
  if (skip !== false) return;
  [radish, browser] = await Promise.all([startRadish(), startBrowser()]);
});
t.teardown(async () => {
  if (skip !== false) return;
  await browser.close();
  await radish.stop();
});

const entries = (page: Page) => page.locator('.conversation');
const said = (page: Page) => page.locator('.message.user .said');

t.test('a conversation is renamed, by mouse and by keys', { skip }, async (t) => {
  const { page, faults, close } = await openTab(browser, radish.url);
  await converse(page, 'What is the capital of France?');
  await page.getByRole('button', { name: 'Rename What is the capital' }).click();
  const field = page.getByRole('textbox', { name: 'Name of the conversation' });
  t.equal(await field.inputValue(), 'What is the capital of France?');
  t.same(await violations(page), []);
  await page.keyboard.type('Nobody wants this');
  await page.keyboard.press('Escape');
  t.equal(await entries(page).innerText(), 'What is the capital of France?');
  await page.getByRole('button', { name: 'Rename What is the capital' }).press('Enter');
  await page.keyboard.type('Capitals');
  await page.keyboard.press('Enter');
  t.equal(await entries(page).innerText(), 'Capitals');
  await page.getByRole('heading', { name: 'Capitals' }).waitFor();
  t.match(
    await page.evaluate<string>('document.activeElement.getAttribute("aria-label")'),
    /^Rename Capitals/,
    'the focus is where it was',
  );
  await page.waitForTimeout(300);
  await page.reload();
  t.equal(await entries(page).innerText(), 'Capitals', 'it is kept');
  t.same(faults, []);
  await close();
});

t.test('two tabs share their conversations, and neither loses a turn', { skip }, async (t) => {
  const { page: first, faults, close } = await openTab(browser, radish.url);
  await converse(first, 'What is the capital of France?');
  const second = await first.context().newPage();
  await second.goto(radish.url);
  await entries(second).click();
  await second.locator('.stats').waitFor();

  await converse(second, 'What is the capital of Italy?');
  await first.locator('.messages').getByText('The capital of Italy is Rome.').waitFor();
  t.equal(await said(first).count(), 2, 'what one says the other shows');

  await Promise.all([
    converse(first, 'What is the capital of Spain?'),
    converse(second, 'What is the capital of Peru?'),
  ]);
  t.equal(await said(first).last().innerText(), 'What is the capital of Spain?');
  t.equal(await said(second).last().innerText(), 'What is the capital of Peru?');
  await first.getByText('1 of 2').first().waitFor();
  await first.waitForTimeout(300);
  await first.reload();
  await entries(first).click();
  await until(first, "document.querySelectorAll('.message.user').length === 3");
  const texts = new Set([await said(first).last().innerText()]);
  await first.locator('.message.user .branches button:not([disabled])').last().click();
  texts.add(await said(first).last().innerText());
  t.same([...texts].sort(), ['What is the capital of Peru?', 'What is the capital of Spain?']);

  await first.getByRole('button', { name: /^Delete What is/ }).click();
  await until(second, "document.querySelectorAll('.conversation').length === 0");
  await second.getByRole('heading', { name: 'New conversation' }).waitFor();
  await first.getByRole('button', { name: 'Undo' }).click();
  await entries(second).waitFor();
  t.same(faults, []);
  await close();
});
