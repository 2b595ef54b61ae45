import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Browser, Page } from 'playwright-core';
import t from 'tap';

import { startRadish, type RadishProcess } from '../e2e/radish-process.js';
import { converse, openTab, overflow, SIZES, skip, startBrowser, violations } from './tab.js';

const WEATHER = `[{"type": "function", "function": {
  "name": "get_weather", "description": "Get the weather in a city",
  "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
}}]`;

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

const answersOf = (page: Page) => page.locator('.message.assistant');
const said = (page: Page, text: string) => page.locator('.messages').getByText(text);

async function set(page: Page, label: string, value: string): Promise<void> {
  await page.getByRole('button', { name: 'System prompt and sampling' }).click();
  await page.getByRole('dialog').getByLabel(label).fill(value);
  await page.keyboard.press('Escape');
}

t.test('a conversation streams, at every size and without a violation', { skip }, async (t) => {
  for (const viewport of SIZES) {
    for (const colorScheme of ['light', 'dark'] as const) {
      const { page, faults, close } = await openTab(browser, radish.url, { viewport, colorScheme });
      const name = `${viewport.width} ${colorScheme}`;
      await page.getByRole('heading', { name: 'New conversation' }).waitFor();
      t.same(await violations(page), [], `${name}, empty`);
      await set(page, 'Temperature', '0');
      t.equal(
        await converse(page, 'What is the capital of France?'),
        'The capital of France is Paris.',
      );
      t.equal(
        await converse(page, 'What is the capital of Italy?'),
        'The capital of Italy is Rome.',
      );
      const stats = await answersOf(page).nth(1).locator('.stats').innerText();
      t.match(stats, /Answer\s+8 tokens/);
      t.match(stats, /Cached\s+[1-9]\d+ tokens/, 'the turn before came from the cache');
      t.match(await page.title(), /radish-tiny/);
      t.same(await violations(page), [], name);
      t.equal(await overflow(page), 0, name);
      await page.getByRole('button', { name: 'System prompt and sampling' }).click();
      t.same(await violations(page), [], `${name}, drawer`);
      t.same(faults, []);
      await close();
    }
  }
});

t.test(
  'an answer is stopped, made again, and its question edited: branches',
  { skip },
  async (t) => {
    const { page, faults, close } = await openTab(browser, radish.url);
    await set(page, 'Most tokens', '1900');
    await page.getByRole('textbox', { name: 'Message' }).fill('Tell me a story.');
    // Its end is not in sight: nothing but the button ends it.
    await page.route('**/v1/chat/completions', async (route) => {
      const body = { ...(route.request().postDataJSON() as object), ignore_eos: true };
      await route.continue({ postData: JSON.stringify(body) });
    });
    await page.keyboard.press('Enter');
    await answersOf(page).locator('.markdown p').first().waitFor();
    await page.getByRole('button', { name: 'Stop', exact: true }).click();
    await said(page, 'Stopped.').waitFor();
    await page.unroute('**/v1/chat/completions');

    await page.getByRole('button', { name: 'Answer again' }).click();
    await page.getByText('2 of 2').waitFor();
    await page.getByRole('button', { name: 'The branch before' }).click();
    await said(page, 'Stopped.').waitFor();

    await page.getByRole('button', { name: 'Edit', exact: true }).click();
    const editor = page.getByRole('textbox', { name: 'Edit the message' });
    t.equal(await editor.inputValue(), 'Tell me a story.');
    await editor.fill('What is the capital of Spain?');
    await page.keyboard.press('Control+Enter');
    await said(page, 'The capital of Spain is Madrid.').waitFor();
    t.equal(await page.locator('.message.user .said').innerText(), 'What is the capital of Spain?');
    await page.getByRole('button', { name: 'The branch before' }).click();
    t.equal(await page.locator('.message.user .said').innerText(), 'Tell me a story.');
    t.same(faults, []);
    await close();
  },
);

t.test('by the keyboard alone', { skip }, async (t) => {
  const { page, close } = await openTab(browser, radish.url);
  await page.getByText('Everything stays between').waitFor();
  await page.keyboard.press('Tab');
  t.equal(await page.evaluate<string>('document.activeElement.textContent'), 'Skip to the view');
  await page.keyboard.press('Enter');
  t.equal(await page.evaluate<string>('document.activeElement.id'), 'main');
  for (let i = 0; i < 12; i++) {
    await page.keyboard.press('Tab');
    if ((await page.evaluate<string>('document.activeElement.id')) === 'composer') break;
  }
  await page.keyboard.type('What is the capital of France?');
  await page.keyboard.press('Shift+Enter');
  await page.keyboard.press('Backspace');
  await page.keyboard.press('Enter');
  await said(page, 'The capital of France is Paris.').waitFor();
  t.equal(await page.evaluate<string>('document.activeElement.id'), 'composer', 'it stays there');
  await page.keyboard.press('Alt+n');
  await page.getByRole('heading', { name: 'New conversation' }).waitFor();
  await page.keyboard.press('Alt+3');
  await page.getByRole('heading', { name: 'Engine' }).waitFor();
  await page.keyboard.press('Alt+1');
  await page.getByRole('textbox', { name: 'Message' }).waitFor();
  await close();
});

t.test(
  'probabilities colour the tokens, and show what else might have come',
  { skip },
  async (t) => {
    const { page, faults, close } = await openTab(browser, radish.url);
    await page.getByRole('button', { name: 'System prompt and sampling' }).click();
    await page.getByLabel('Ask for the probability').check();
    await page.keyboard.press('Escape');
    await converse(page, 'What is the capital of France?');
    await page.getByRole('button', { name: 'Probabilities' }).click();
    const tokens = page.getByRole('option');
    t.equal((await tokens.allInnerTexts()).join(''), 'The capital of France is Paris.<|im_end|>');
    t.equal(await page.locator('.alternatives tbody tr').count(), 5);
    await tokens.first().focus();
    await page.keyboard.press('ArrowRight');
    t.match(await page.locator('.alternatives caption').innerText(), /capital/);
    await tokens.nth(5).hover();
    t.match(await page.locator('.alternatives .taken').innerText(), /Paris/);
    t.same(await violations(page), []);
    t.same(faults, []);
    await close();
  },
);

t.test('thoughts are folded, and a call is answered in its box', { skip }, async (t) => {
  const { page, faults, close } = await openTab(browser, radish.url);
  await page.getByRole('button', { name: 'System prompt and sampling' }).click();
  await page.getByLabel('Temperature').fill('0');
  await page.getByLabel('Thinking').selectOption('medium');
  await page.keyboard.press('Escape');
  t.equal(await converse(page, 'What is 2 plus 3?'), '2 + 3 = 5.');
  t.notOk(await page.getByText('I know this').isVisible());
  await page.getByText('Thoughts').click();
  t.ok(await page.getByText('I know this').isVisible());

  await page.keyboard.press('Alt+n');
  await page.getByRole('button', { name: 'System prompt and sampling' }).click();
  await page.getByLabel('Thinking').selectOption('');
  await page.getByLabel('Tools').fill('{}');
  t.ok(await page.getByText('Tools must be a JSON list').isVisible());
  await page.getByLabel('Tools').fill(WEATHER);
  await page.keyboard.press('Escape');
  await converse(page, 'What is the weather in Paris?');
  t.match(await page.locator('.call').innerText(), /get_weather[^]*"city": "Paris"/);
  t.same(await violations(page), []);
  await page
    .getByLabel('What get_weather answers')
    .fill('{"temperature": 21, "condition": "sunny"}');
  await page.getByRole('button', { name: 'Send the answer' }).click();
  await page.locator('.message.assistant').nth(1).locator('.stats').waitFor();
  t.match(
    await page.locator('.message.assistant').nth(1).locator('.markdown').innerText(),
    /21|sunny/,
  );
  t.equal(await page.locator('.message.tool').count(), 1);
  t.same(faults, []);
  await close();
});

t.test('conversations stay in the browser, and leave it as a file', { skip }, async (t) => {
  const { page, faults, close } = await openTab(browser, radish.url);
  await converse(page, 'What is the capital of France?');
  await page.waitForTimeout(1200);
  await page.reload();
  await page.getByRole('button', { name: 'What is the capital of France?', exact: true }).click();
  await said(page, 'is Paris.').waitFor();

  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Export' }).click(),
  ]);
  const file = join(t.testdir({}), 'conversations.json');
  await download.saveAs(file);
  const other = await openTab(browser, radish.url);
  await other.page.getByLabel('Conversations to import').setInputFiles(file);
  await other.page
    .getByRole('button', { name: 'What is the capital of France?', exact: true })
    .click();
  await said(other.page, 'is Paris.').waitFor();
  await other.page.getByRole('button', { name: 'Delete What is' }).click();
  t.equal(await said(other.page, 'is Paris.').count(), 0);
  await other.page.getByRole('button', { name: 'Undo' }).click();
  await said(other.page, 'is Paris.').waitFor();
  await writeFile(file, (await readFile(file, 'utf8')).slice(9));
  await other.page.getByLabel('Conversations to import').setInputFiles(file);
  await other.page.getByText('This file holds no conversations').waitFor({ state: 'attached' });
  t.same([...faults, ...other.faults], []);
  await other.close();
  await close();
});

t.test('files of text are sent, others are refused', { skip }, async (t) => {
  const { page, close } = await openTab(browser, radish.url);
  await page.getByText('Everything stays between').waitFor();
  const files = page.getByLabel('Text files', { exact: true });
  await files.setInputFiles({
    name: 'x.png',
    mimeType: 'image/png',
    buffer: Buffer.of(0x89, 0xff),
  });
  await page.getByText('x.png is no text file.').waitFor();
  await files.setInputFiles({
    name: 'a.txt',
    mimeType: 'text/plain',
    buffer: Buffer.from('hello'),
  });
  await page.getByText('a.txt').waitFor();
  await converse(page, 'Read this.');
  t.equal(
    await page.locator('.message.user .said').innerText(),
    'Read this.\n\na.txt:\n```\nhello\n```',
  );
  await close();
});

t.test('a request as a command does what the page did', { skip }, async (t) => {
  const { page, close } = await openTab(browser, radish.url);
  await set(page, 'Temperature', '0');
  await converse(page, 'What is the capital of France?');
  await page.getByRole('button', { name: 'As curl or Python' }).click();
  await page.getByRole('button', { name: 'Copy as curl' }).click();
  const command = await page.evaluate<string>('navigator.clipboard.readText()');
  t.match(command, new RegExp(`^curl ${radish.url}/v1/chat/completions`));
  const { body } = /-d '(?<body>[^]*)'$/.exec(command)?.groups ?? {};
  t.match(JSON.parse(body ?? ''), { temperature: 0, messages: [{ role: 'user' }] });
  await page.getByRole('button', { name: 'Python', exact: true }).click();
  t.match(await page.locator('.snippet').innerText(), /from openai import OpenAI/);
  t.same(await violations(page), []);
  await close();
});

t.test('what the server refuses is shown in its words', { skip }, async (t) => {
  const { page, close } = await openTab(browser, radish.url);
  await set(page, 'Temperature', '-1');
  await converse(page, 'Hi');
  t.match(await page.locator('.message .fault').innerText(), /temperature/);
  await close();
});
