import t from 'tap';

import { SAMPLING, SAMPLING_OPTIONS, samplingFields } from '../../../../src/cli/client/sampling.js';

t.test('flags become the fields of a body', (t) => {
  const options = {
    temperature: '0.5',
    topP: '1',
    maxTokens: '20',
    seed: '7',
    stop: 'END',
    url: 'x',
  };
  t.strictSame(samplingFields(options), {
    temperature: 0.5,
    top_p: 1,
    max_tokens: 20,
    seed: 7,
    stop: 'END',
  });
  t.strictSame(samplingFields({}), {});
  t.strictSame(samplingFields({ stop: String.raw`"\n\n"` }), { stop: '\n\n' });
  t.strictSame(samplingFields({ stop: '["a", "b"]' }), { stop: ['a', 'b'] });
  t.equal(SAMPLING_OPTIONS.length, SAMPLING.length);
  t.match(SAMPLING_OPTIONS, [{ flags: '--temperature <n>' }, { flags: '--top-p <n>' }]);
  t.end();
});

t.test('a wrong value is a sentence with the flag that it stands behind', (t) => {
  const cases: [Record<string, string>, RegExp][] = [
    [{ temperature: 'hot' }, /^--temperature must be a number of at least 0, got 'hot'\.$/],
    [{ temperature: '-1' }, /^--temperature must be/],
    [{ topP: '1.1' }, /^--top-p must be a number from 0 to 1, got '1\.1'\.$/],
    [{ maxTokens: '1.5' }, /^--max-tokens must be an integer of at least 1, got '1\.5'\.$/],
    [{ maxTokens: '' }, /^--max-tokens must be/],
    [{ seed: '1e30' }, /^--seed must be/],
    [{ stop: '[1]' }, /^--stop must be text or a JSON list of texts/],
    [{ stop: '["a"' }, /^--stop must be/],
  ];
  for (const [options, message] of cases) t.throws(() => samplingFields(options), { message });
  t.end();
});
