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

  const say = async (page: Page, country: string): Promise<void> => {
    const message = page.getByRole('textbox', { name: 'Message' });
    await message.fill(`What is the capital of ${country}?`);
    await page.locator('.send:enabled').waitFor();
    await message.press('Enter');
    await said(page).getByText(country).waitFor();
    await until(page, "document.querySelector('.cursor') === null");
  };
  await Promise.all([say(first, 'Spain'), say(second, 'Peru')]);
  await first.waitForTimeout(1500);
  await first.reload();
  await entries(first).click();
  // Which came first is not known: beside each other, or one below the other's answer.
  const kept = await first.evaluate<string[]>(`new Promise((resolve) => {
    indexedDB.open('radish').onsuccess = ({ target }) => {
      const store = target.result.transaction('conversations').objectStore('conversations');
      store.getAll().onsuccess = ({ target }) => resolve(target.result.flatMap(({ messages }) =>
        Object.values(messages).filter(({ role }) => role === 'user').map(({ content }) => content)));
    };
  })`);
  const questions = ['France', 'Italy', 'Peru', 'Spain'].map(
    (country) => `What is the capital of ${country}?`,
  );
  t.same(kept.sort(), questions);

  await first.getByRole('button', { name: /^Delete What is/ }).click();
  await until(second, "document.querySelectorAll('.conversation').length === 0");
  await second.getByRole('heading', { name: 'New conversation' }).waitFor();
  await first.getByRole('button', { name: 'Undo' }).click();
  await entries(second).waitFor();
  t.same(faults, []);
  await close();
});

t.test('what cannot be kept or read is told where it is seen', { skip }, async (t) => {
  const { page, faults, close } = await openTab(browser, radish.url);
  const buffer = Buffer.from('{"format": "another"}');
  await page
    .getByLabel('Conversations to import')
    .setInputFiles({ name: 'x.json', mimeType: 'application/json', buffer });
  const alert = page.getByRole('alert').getByText('This file holds no conversations of Radish.');
  await alert.waitFor();
  t.same(await violations(page), []);
  await page.getByRole('button', { name: 'Dismiss' }).click();
  t.equal(await alert.count(), 0);

  await page.evaluate(`IDBObjectStore.prototype.put = () => {
    throw new DOMException('There is no room left.', 'QuotaExceededError');
  }`);
  await converse(page, 'What is the capital of France?');
  await page
    .getByRole('alert')
    .getByText(/not kept: There is no room left/)
    .waitFor();
  await converse(page, 'What is the capital of Italy?');
  t.equal(await said(page).count(), 2, 'the conversation goes on');
  t.same(faults, []);
  await close();
});
