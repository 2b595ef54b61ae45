import t from 'tap';

import { PageSite, type PageRequest } from '../../../../src/api/page/site.js';

const bytes = (text: string): Uint8Array => Buffer.from(text);
const SITE = new PageSite([
  { name: 'index.html', plain: bytes('html'), br: bytes('br'), gzip: bytes('gz') },
  { name: 'radish-0123456789ab.js', plain: bytes('js'), br: null, gzip: bytes('js.gz') },
]);

function ask(path: string, headers: Record<string, string> = {}, method = 'GET') {
  const request: PageRequest = { method, path, headers: new Map(Object.entries(headers)) };
  const answer = SITE.answer(request);
  if (answer === null) return null;
  const [body] = answer.body as readonly Uint8Array[];
  return { ...answer, text: Buffer.from(body ?? []).toString() };
}

const BROWSER = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

t.test('a browser is shown the page, and nobody else is', (t) => {
  t.match(ask('/', BROWSER), { status: 200, text: 'html' });
  t.match(ask('/', BROWSER, 'HEAD'), { status: 200 });
  for (const accept of ['*/*', 'application/json', '']) t.equal(ask('/', { accept }), null);
  t.equal(ask('/'), null);
  t.equal(ask('/', BROWSER, 'POST'), null);
  t.equal(ask('/v1/models', BROWSER), null);
  t.end();
});

t.test('a file is sent as small as the client takes it', (t) => {
  const encoded = (accepted: string) => {
    const answer = ask('/', { ...BROWSER, 'accept-encoding': accepted });
    return [answer?.headers?.['content-encoding'], answer?.text];
  };
  t.same(encoded('gzip, deflate, br'), ['br', 'br']);
  t.same(encoded('GZIP'), ['gzip', 'gz']);
  t.same(encoded('br;q=0, gzip;q=0.5'), ['gzip', 'gz']);
  t.same(encoded('identity'), [undefined, 'html']);
  t.match(ask('/page/radish-0123456789ab.js', { 'accept-encoding': 'br' }), { text: 'js' });
  t.end();
});

t.test('a file is kept for good under its name, the document is asked for again', (t) => {
  t.match(ask('/page/radish-0123456789ab.js')?.headers, {
    'cache-control': /immutable/,
    'content-type': 'text/javascript; charset=utf-8',
  });
  t.match(ask('/', BROWSER)?.headers, {
    'cache-control': 'no-cache',
    'content-type': 'text/html; charset=utf-8',
    vary: /Accept/,
  });
  t.end();
});

t.test('nothing but its own files is there', (t) => {
  for (const path of ['/page/', '/page', '/page/x.js', '/page/../package.json', '/page/%2e%2e/x']) {
    t.equal(ask(path, BROWSER), null, path);
  }
  t.end();
});

t.test('every answer says that nothing else may run in it or around it', (t) => {
  for (const path of ['/', '/page/radish-0123456789ab.js']) {
    const headers = ask(path, BROWSER)?.headers ?? {};
    const policy = headers['content-security-policy'] ?? '';
    for (const rule of [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "connect-src 'self'",
      "frame-ancestors 'none'",
      "base-uri 'none'",
      "form-action 'none'",
      "require-trusted-types-for 'script'",
    ]) {
      t.ok(policy.split('; ').includes(rule), rule);
    }
    t.notMatch(policy, /unsafe|https?:/);
    t.match(headers, { 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' });
  }
  t.end();
});
