import t from 'tap';

import { isServed, tagged } from '../../../../src/api/ollama/model-name.js';

t.test('a name without a tag is that of the latest', (t) => {
  t.equal(tagged('tiny'), 'tiny:latest');
  t.equal(tagged('org/tiny'), 'org/tiny:latest');
  t.equal(tagged('org/tiny:8b'), 'org/tiny:8b');
  t.equal(tagged('host:5000/org/tiny'), 'host:5000/org/tiny:latest');
  t.ok(isServed('tiny', 'tiny'));
  t.ok(isServed('TINY:latest', 'tiny'));
  t.notOk(isServed('tiny:8b', 'tiny'));
  t.notOk(isServed('tiny', 'tiny:8b'));
  t.end();
});
