import t from 'tap';

import type { Checkpoint } from '../../../../src/model/source/checkpoint.js';
import { warnOfUnreadLayers } from '../../../../src/model/weights/unread-layers.js';
import { readDecoder } from '../../../../src/model/families/registry.js';

const GPT2 = {
  architectures: ['GPT2LMHeadModel'],
  vocab_size: 96,
  n_embd: 64,
  n_layer: 2,
  n_head: 4,
};

function warningsOf(names: readonly string[]): readonly string[] {
  const warnings: string[] = [];
  const tensors = new Map(names.map((name) => [name, {}]));
  const checkpoint = { folder: 'model', tensors } as unknown as Checkpoint;
  warnOfUnreadLayers(readDecoder(GPT2).plan, checkpoint, (message) => warnings.push(message));
  return warnings;
}

t.test(
  'layers behind the last of config.json are told, and not those of another network beside it',
  (t) => {
    t.same(warningsOf(['transformer.h.1.ln_1.weight', 'lm_head.weight']), []);
    t.match(warningsOf(['transformer.h.3.ln_1.weight']), [
      /"num_hidden_layers" 2, and the weights in model are of 4 layers/,
    ]);
    t.same(warningsOf(['transformer.h.1.ln_1.weight', 'vision_model.layers.3.norm.weight']), []);
    t.end();
  },
);
