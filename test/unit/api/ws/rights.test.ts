import t from 'tap';

import { createAuth } from '../../../../src/http/auth.js';
import { RightsRules, type SocketRights } from '../../../../src/api/ws/rights.js';

const NONE: SocketRights = { ask: false, admin: false, text: false };

function rules(key: string | null, adminKey: string | null): RightsRules {
  const keys = { hasKey: key !== null, hasAdminKey: adminKey !== null };
  return new RightsRules(createAuth(key, adminKey), keys);
}

const noKey = { headers: new Map<string, string>() };

t.test('what a key is good for', (t) => {
  t.same(rules('k', null).ofKey('k'), { ask: true, admin: true, text: false }, 'no texts');
  t.same(rules('k', null).ofKey('x'), NONE);
  const both = rules('k', 'a');
  t.same(both.ofKey('k'), { ask: true, admin: false, text: false });
  t.same(both.ofKey('a'), { ask: false, admin: true, text: true });
  t.same(both.ofRequest(noKey, true), NONE, 'this machine needs keys too');
  const adminOnly = rules(null, 'a');
  t.same(adminOnly.ofRequest(noKey, true), { ask: true, admin: false, text: false });
  t.same(adminOnly.ofKey('a'), { ask: true, admin: true, text: true });
  t.end();
});

t.test('without keys texts are for this machine', (t) => {
  const open = rules(null, null);
  t.same(open.ofRequest(noKey, true), { ask: true, admin: true, text: true });
  t.same(open.ofRequest(noKey, false), { ask: true, admin: true, text: false });
  t.equal(open.ofKey('any').text, false, 'a key that nobody wants says nothing');
  t.end();
});
