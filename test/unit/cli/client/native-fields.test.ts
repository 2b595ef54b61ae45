import t from 'tap';

import { nativeFields } from '../../../../src/cli/client/native-fields.js';

t.test("OpenAI's fields by SGLang's names", (t) => {
  t.strictSame(nativeFields({ max_tokens: 5, seed: 1, top_p: 0.5 }), {
    max_new_tokens: 5,
    sampling_seed: 1,
    top_p: 0.5,
  });
  const json_schema = { name: 'x', schema: { type: 'array' } };
  t.strictSame(nativeFields({ response_format: { type: 'json_schema', json_schema } }), {
    json_schema: '{"type":"array"}',
  });
  t.strictSame(nativeFields({ response_format: { type: 'json_object' } }), {
    json_schema: '{"type":"object"}',
  });
  t.end();
});
