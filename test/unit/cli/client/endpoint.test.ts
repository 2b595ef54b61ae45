import t from 'tap';

import { endpointOf } from '../../../../src/cli/client/endpoint.js';

const NONE = { radish: null, openAi: null };

t.test('an address is read as people write it', (t) => {
  const cases = {
    'http://127.0.0.1:30000': 'http://127.0.0.1:30000',
    '127.0.0.1:30000': 'http://127.0.0.1:30000',
    'localhost:8000/': 'http://localhost:8000',
    'http://h:1/v1': 'http://h:1',
    'http://h:1/v1/': 'http://h:1',
    'http://h:1/v1/chat/completions': 'http://h:1',
    'https://api.example.com/openai/v1': 'https://api.example.com/openai',
    'https://h/v1beta': 'https://h/v1beta',
    'http://[::1]:30000/v1': 'http://[::1]:30000',
  };
  for (const [text, root] of Object.entries(cases)) {
    t.equal(endpointOf(text, NONE).root, root, text);
  }
  for (const text of ['', 'http://', 'ftp://h', 'http://h:x', 'a b']) {
    t.throws(() => endpointOf(text, NONE), { message: /^--url must be an address/ }, text);
  }
  t.end();
});

t.test('a login goes along and is not shown', (t) => {
  const { root, name } = endpointOf('https://me:secret@h/v1', NONE);
  t.equal(root, 'https://me:secret@h');
  t.equal(name, 'https://h');
  t.end();
});

t.test("another service's key goes where nobody reads along", (t) => {
  const keys = { radish: null, openAi: 'sk-1' };
  const keyAt = (url: string) => endpointOf(url, keys).key;
  t.equal(keyAt('https://api.example.com'), 'sk-1');
  t.equal(keyAt('http://localhost:1'), 'sk-1');
  t.equal(keyAt('http://127.0.0.1:1'), 'sk-1');
  t.equal(keyAt('http://[::1]:1'), 'sk-1');
  t.equal(keyAt('http://10.0.0.1:1'), null);
  t.equal(keyAt('http://127.0.0.1.example.com'), null);
  t.equal(endpointOf('http://10.0.0.1', { ...keys, radish: 'r' }).key, 'r');
  t.equal(endpointOf('https://h', { ...keys, radish: 'r' }).key, 'r');
  t.end();
});
