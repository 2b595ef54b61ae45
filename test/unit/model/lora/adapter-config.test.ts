import t from 'tap';

import { parseAdapterConfig, scaleOf } from '../../../../src/model/lora/adapter-config.js';

const parse = (more: object) =>
  parseAdapterConfig(JSON.stringify({ peft_type: 'LORA', r: 4, lora_alpha: 8, ...more }), 'FILE');

t.test('the scale of a module', (t) => {
  t.equal(scaleOf(parse({}), 'a.q_proj', 4), 2);
  t.equal(scaleOf(parse({}), 'a.q_proj', 2), 4, 'by the rank of its own');
  t.equal(scaleOf(parse({ use_rslora: true }), 'a.q_proj', 4), 4);
  const pattern = { alpha_pattern: { 'layers.1.q_proj': 16, '^model\\.o_proj': 12 } };
  t.equal(scaleOf(parse(pattern), 'model.layers.1.q_proj', 4), 4);
  t.equal(scaleOf(parse(pattern), 'model.layers.11.q_proj', 4), 2);
  t.equal(scaleOf(parse(pattern), 'model.o_proj', 4), 3);
  t.equal(scaleOf(parse(pattern), 'text.model.o_proj', 4), 2, 'from the start of the path');
  const expressions = {
    alpha_pattern: { '.*\\.(0|2)\\..*o_proj': 16, 'layers\\.\\d+\\.o_proj': 12 },
  };
  t.equal(scaleOf(parse(expressions), 'model.layers.2.o_proj', 4), 4, 'the first that matches');
  t.equal(scaleOf(parse(expressions), 'model.layers.13.o_proj', 4), 3);
  t.equal(scaleOf(parse(expressions), 'model.layers.3.no_proj', 4), 2);
  t.end();
});

t.test('what is no plain adapter is refused by name', (t) => {
  for (const [more, why] of [
    [{ peft_type: 'IA3' }, 'FILE has the peft_type "IA3", and only LORA is supported.'],
    [{ peft_type: undefined }, /has the peft_type null/],
    [{ use_dora: true }, /DoRA.*\("use_dora"\), which is not supported/],
    [{ modules_to_save: ['lm_head'] }, /whole modules/],
    [{ trainable_token_indices: { embed_tokens: [1] } }, /rows of the embedding table/],
    [{ lora_bias: true }, /biases in B/],
    [{ init_lora_weights: 'pissa_niter_4' }, /initialised by "pissa_niter_4"/],
    [{ r: 0 }, /has no rank "r"/],
    [{ lora_alpha: 'x' }, /has no number "lora_alpha"/],
    [{ alpha_pattern: { '(.*a)+': 1 } }, /key "\(\.\*a\)\+", which is no name of a module/],
    [{ alpha_pattern: { '.*.*.*.*q': 1 } }, /no plain regular expression/],
    [{ alpha_pattern: { '(?=a)q': 1 } }, /no plain regular expression/],
    [{ alpha_pattern: { '(q': 1 } }, /no plain regular expression/],
    [{ ensure_weight_tying: true }, /one adapter of the table and the head together/],
    [{ alpha_pattern: [] }, /no object/],
  ] as const) {
    t.throws(() => parse(more), { message: why });
  }
  t.throws(() => parseAdapterConfig('{', 'FILE'), { message: 'FILE is not valid JSON.' });
  t.throws(() => parseAdapterConfig('[]', 'FILE'), { message: 'FILE is not a JSON object.' });
  t.doesNotThrow(() => parse({ modules_to_save: [], use_dora: false, init_lora_weights: 'eva' }));
  t.end();
});
