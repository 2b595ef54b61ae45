import t from 'tap';

import { LimitError } from '../../../../src/text/jinja/errors.js';
import { parseTemplate } from '../../../../src/text/jinja/parse.js';
import { renderTemplate } from '../../../../src/text/jinja/render.js';

/** Each would take minutes or all memory if what it makes were not paid for before it is made. */
const RUNAWAYS: readonly (readonly [string, string])[] = [
  ['a text of a million million', "{{ 'a' * 10**12 }}"],
  ['a list of a million million', '{{ [1] * 10**12 }}'],
  ['a power', '{{ 10 ** (10**9) }}'],
  ['a centred text', "{{ 'a'.center(10**10) }}"],
  ['a padded number', "{{ '%99999999999d' % 1 }}{{ '{:99999999999}'.format(1) }}"],
  ['replace', "{% set x = 'a' * 10**6 %}{{ x|replace('a', x) }}"],
  ['join', "{% set x = 'a' * 10**6 %}{{ x.join(x) }}"],
  ['indent', "{% set x = '\\n' * 10**6 %}{{ x|indent(60000) }}"],
  [
    'title in a loop',
    "{% set x = 'a' * 10**7 %}{% for i in range(99999) %}{% set y = x|title %}{% endfor %}",
  ],
  [
    'length in a loop',
    "{% set x = '🙂' * 10**6 %}{% for i in range(99999) %}{% set y = x|length %}{% endfor %}",
  ],
  [
    'in, in a loop',
    "{% set x = 'a' * 10**7 %}{% for i in range(99999) %}{% if 'b' in x %}{% endif %}{% endfor %}",
  ],
];

const shared = (use: string): string =>
  `{% set ns = namespace(x=[1]) %}{% for i in range(40) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}${use}`;

const SHARED: readonly (readonly [string, string])[] = [
  ['printed', shared('{{ ns.x }}')],
  ['as JSON', shared('{{ ns.x|tojson }}')],
  ['compared', shared('{% set a = ns.x %}') + shared('{{ ns.x == a }}')],
];

t.test('what is paid for ends in time', (t) => {
  for (const [name, source] of [...RUNAWAYS, ...SHARED]) {
    const start = performance.now();
    t.throws(() => renderTemplate(parseTemplate(source), new Map()), LimitError, name);
    t.ok(performance.now() - start < 10_000, `${name}: in time`);
  }
  t.end();
});

t.test('recursion ends before the stack does', (t) => {
  const macro = '{% macro f(n) %}{{ f(n + 1) }}{% endmacro %}{{ f(0) }}';
  t.throws(() => renderTemplate(parseTemplate(macro), new Map()), RangeError);
  t.end();
});
