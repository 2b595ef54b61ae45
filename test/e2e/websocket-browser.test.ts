import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';

import { chromium } from 'playwright-core';
import t from 'tap';

import { startRadish } from './radish-process.js';

const CHROMIUM = '/usr/bin/chromium';
const DOCS = new URL('../../../docs/websocket.md', import.meta.url);
const EXAMPLE_URL = 'ws://127.0.0.1:30000';

/** The page of docs/websocket.md, as a reader copies it. */
function examplePage(wsUrl: string): string {
  const page = /```html\n([^]*?)```/.exec(readFileSync(DOCS, 'utf8'))?.[1] ?? '';
  if (!page.includes(EXAMPLE_URL)) throw new Error('docs/websocket.md has lost its example');
  return page.replace(EXAMPLE_URL, wsUrl);
}

const skip = existsSync(CHROMIUM) ? false : `${CHROMIUM} is not here`;

t.test('the documented page streams two answers in a real browser', { skip }, async (t) => {
  const radish = await startRadish(['--api-key', 'my-key']);
  t.teardown(() => radish.stop());
  const page = examplePage(radish.url.replace('http', 'ws'));
  t.ok(page.trimEnd().split('\n').length <= 20, 'twenty lines');

  const site = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html');
    response.end(page);
  }).listen(0, '127.0.0.1');
  t.teardown(() => site.close());
  await once(site, 'listening');
  const { port } = site.address() as AddressInfo;

  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
  t.teardown(() => browser.close());
  const tab = await browser.newPage();
  let numMessages = 0;
  let numDone = 0;
  tab.on('websocket', (socket) => {
    socket.on('framereceived', ({ payload }) => {
      numMessages++;
      if (String(payload).includes('"event":"done"')) numDone++;
    });
  });
  const closes: string[] = [];
  tab.on('console', (message) => closes.push(message.text()));
  await tab.goto(`http://127.0.0.1:${port}/`);
  const end = Date.now() + 10_000;
  while (numDone < 2 && Date.now() < end) await tab.waitForTimeout(20);

  const shown = JSON.parse(await tab.locator('#answers').innerText()) as Record<string, string>;
  t.same(Object.keys(shown).sort(), ['Once upon a time', 'The capital of France is']);
  for (const text of Object.values(shown)) t.not(text, '');
  t.ok(numMessages > 4, `${numMessages} messages`);
  t.equal(numDone, 2);
  await radish.stop();
  while (closes.length === 0 && Date.now() < end) await tab.waitForTimeout(20);
  t.match(closes[0], /^closed: 1001 /);
});
