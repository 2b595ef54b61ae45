import t from 'tap';

import { createOriginRules, type OriginOptions } from '../../../src/http/origin.js';

const LOCAL: OriginOptions = {
  hasKey: false,
  host: '127.0.0.1',
  allowedHosts: [],
  corsOrigins: [],
};

function asks(options: Partial<OriginOptions>, headers: Readonly<Record<string, string>>): boolean {
  const all = new Map(Object.entries({ host: '127.0.0.1:30000', ...headers }));
  const rules = createOriginRules({ ...LOCAL, ...options });
  const isAllowed = rules.refusal(all) === null;
  const named = rules.corsHeaders(all)['access-control-allow-origin'];
  t.equal(named, isAllowed ? headers['origin'] : undefined, 'only who may ask may read');
  return isAllowed;
}

t.test('hosts of a loopback server without a key', (t) => {
  const passes = (host: string, options: Partial<OriginOptions> = {}) => asks(options, { host });
  for (const host of [
    'localhost',
    'LocalHost.:1',
    '[::1]:1',
    '[::1]',
    '127.9.9.9:1',
    'a.localhost',
  ])
    t.ok(passes(host), host);
  for (const host of ['', 'evil.example', '127.0.0.1.evil.example', 'localhost.evil', '10.0.0.1'])
    t.notOk(passes(host), host);
  t.ok(passes('Box.lan:80', { allowedHosts: ['box.LAN'] }));
  t.ok(passes('evil.example', { allowedHosts: ['*'] }));
  t.ok(passes('evil.example', { hasKey: true }));
  t.ok(passes('evil.example', { host: '0.0.0.0' }), 'which names it has is not known');
  t.end();
});

t.test('pages that ask a server without a key', (t) => {
  const passes = (origin: string, options: Partial<OriginOptions> = {}) =>
    asks(options, { origin });
  for (const origin of ['http://localhost:5173', 'https://127.0.0.1', 'http://[::1]:80'])
    t.ok(passes(origin), origin);
  for (const origin of [
    'null',
    '',
    'https://evil.example',
    'http://localhost.evil.example',
    'http://localhost@evil.example',
    'file://',
    'chrome-extension://localhost',
  ])
    t.notOk(passes(origin), origin);
  t.ok(passes('https://Chat.example', { corsOrigins: ['https://chat.example/'] }));
  t.notOk(passes('http://chat.example', { corsOrigins: ['https://chat.example'] }));
  t.ok(passes('null', { corsOrigins: ['*'] }));
  t.ok(passes('https://evil.example', { hasKey: true }));
  t.ok(asks({ host: '0.0.0.0' }, { host: 'box:1', origin: 'http://box:1' }), 'its own page');
  t.notOk(asks({ host: '0.0.0.0' }, { host: 'box:1', origin: 'http://box:2' }));
  t.end();
});

t.test('an image or a link of another site brings no origin', (t) => {
  t.notOk(asks({}, { 'sec-fetch-site': 'cross-site' }));
  t.ok(asks({}, { 'sec-fetch-site': 'none' }), 'typed into the browser');
  t.ok(asks({}, { 'sec-fetch-site': 'same-site' }), 'another port of this machine');
  t.ok(asks({ corsOrigins: ['*'] }, { 'sec-fetch-site': 'cross-site' }));
  t.end();
});

t.test('what comes from this machine, to a server that only this machine reaches', (t) => {
  const isLocal = (headers: Record<string, string>, options: Partial<OriginOptions> = {}) =>
    createOriginRules({ ...LOCAL, ...options }).isLocal(
      new Map(Object.entries({ host: '127.0.0.1:30000', ...headers })),
    );
  t.ok(isLocal({}));
  t.ok(isLocal({ host: 'localhost:1', origin: 'http://localhost:5173' }));
  t.notOk(isLocal({ origin: 'https://evil.example' }));
  t.notOk(isLocal({ origin: 'null' }));
  const named = { corsOrigins: ['https://chat.example'], allowedHosts: ['*'] };
  t.notOk(isLocal({ origin: 'https://chat.example' }, named), 'flags let it ask, not read texts');
  const rebound = { host: 'evil.example:30000', origin: 'http://evil.example:30000' };
  t.notOk(isLocal(rebound, named), 'a name that was made to resolve to this address');
  t.notOk(isLocal({ host: 'evil.example' }, named));
  t.notOk(isLocal({}, { host: '0.0.0.0' }), 'others reach it');
  t.end();
});
