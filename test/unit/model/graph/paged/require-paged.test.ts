import t from 'tap';

import { readDecoder } from '../../../../../src/model/families/registry.js';
import { pagedObstacle } from '../../../../../src/model/graph/paged/require-paged.js';

const SIZES = {
  vocab_size: 96,
  hidden_size: 64,
  intermediate_size: 64,
  num_hidden_layers: 2,
  num_attention_heads: 4,
};

const CASES: readonly [what: string, json: object, clause: RegExp | null][] = [
  ['a rotation', { architectures: ['LlamaForCausalLM'], max_position_embeddings: 64 }, null],
  ['a bias of scores', { architectures: ['BaichuanForCausalLM'] }, /adds no bias to scores/],
  [
    'learned positions',
    { architectures: ['GPT2LMHeadModel'], n_embd: 64, n_layer: 2, n_head: 4 },
    /its positions are learned/,
  ],
];

for (const [what, json, clause] of CASES) {
  t.test(`${what} on a GPU`, (t) => {
    const model = readDecoder({ ...SIZES, ...json });
    for (const device of ['cuda', 'webgpu'] as const) {
      const obstacle = pagedObstacle(model, device);
      if (clause === null) t.equal(obstacle, null);
      else t.match(obstacle, clause);
    }
    t.end();
  });
}
