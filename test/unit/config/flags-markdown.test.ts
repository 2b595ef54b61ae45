import t from 'tap';

import { renderFlags, withFlags } from '../../../src/config/flags-markdown.js';
import { flagEntries, publicArgs, type ServerArgs } from '../../../src/config/server-args.js';
import { KNOWN_UNSUPPORTED } from '../../../src/config/unsupported-flags.js';

t.test('the list names every flag once, in lines that a terminal holds', (t) => {
  const list = renderFlags();
  for (const [name] of flagEntries()) {
    t.equal(list.split(`\n- \`--${name}\``).length, 2, name);
  }
  t.same(
    list.split('\n').filter((line) => line.length > 120 || /^ +([-+*]|\d+[.)]) /.test(line)),
    [],
  );
  t.end();
});

t.test('only the text between the markers is replaced', (t) => {
  const document = 'before\n<!-- flags:start -->\nold\n<!-- flags:end -->\nafter\n';
  const updated = withFlags(document);
  t.match(updated, /^before\n<!-- flags:start -->\n\n## Model/);
  t.match(updated, /<!-- flags:end -->\nafter\n$/);
  t.notMatch(updated, /\nold\n/);
  t.equal(withFlags(updated), updated);
  t.throws(() => withFlags('no markers'), { message: /has no/ });
  t.end();
});

t.test('no flag is both supported and not', (t) => {
  const supported = new Set<string>(
    flagEntries().flatMap(([name, { aliases }]) => [`--${name}`, ...aliases]),
  );
  t.strictSame(
    KNOWN_UNSUPPORTED.filter((name) => supported.has(`--${name}`)),
    [],
  );
  t.equal(new Set(KNOWN_UNSUPPORTED).size, KNOWN_UNSUPPORTED.length);
  t.end();
});

t.test('info endpoints never show the key', (t) => {
  const shown = publicArgs({ apiKey: 'secret', pageSize: 4 } as ServerArgs);
  t.equal(shown['api_key'], '***');
  t.equal(shown['page_size'], 4);
  t.equal(publicArgs({ apiKey: null } as ServerArgs)['api_key'], null);
  t.end();
});
