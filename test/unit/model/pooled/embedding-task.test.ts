import t from 'tap';

import { forTask } from '../../../../src/model/pooled/embedding-task.js';
import { readPooledModel } from '../../../../src/model/pooled/registry.js';

const TASKS = { lora_adaptations: ['query', 'passage'] };

function asked(config: Record<string, unknown>, task: string | null) {
  const warnings: string[] = [];
  const told = forTask(config, task, (message) => warnings.push(message));
  return { task: told['default_task'], warnings };
}

t.test('the task is what the flag says, else what config.json does, else none', (t) => {
  t.same(asked({ ...TASKS, default_task: 'query' }, 'passage'), { task: 'passage', warnings: [] });
  t.same(asked({ ...TASKS, default_task: 'query' }, null), { task: 'query', warnings: [] });
  t.match(asked(TASKS, null), { task: undefined, warnings: [/takes one of query, passage\./] });
  t.same(asked({}, null), { task: undefined, warnings: [] });
  t.end();
});

t.test('a task without adapters is refused, with those there are', (t) => {
  t.throws(() => asked(TASKS, 'other'), { message: /this model has those of query, passage\./ });
  t.throws(() => asked({}, 'query'), { message: /this model has none at all\./ });
  t.end();
});

t.test('adapters lie beside each weight, those of the chosen task among all', (t) => {
  const model = readPooledModel(
    {
      architectures: ['XLMRobertaModel'],
      position_embedding_type: 'rotary',
      vocab_size: 96,
      hidden_size: 32,
      intermediate_size: 64,
      num_hidden_layers: 1,
      num_attention_heads: 4,
      ...TASKS,
      lora_rank: 2,
      lora_alpha: 3,
      default_task: 'passage',
    },
    null,
  );
  const { plan, views } = model.plan.trunk;
  const qkv = plan.layers[0]?.attention?.qkv.parts ?? [];
  t.same(
    qkv.map(({ adapter }) => adapter?.scale),
    [1.5, 1.5, 1.5],
  );
  const ofValue = views.find(({ name }) => name === qkv[2]?.adapter?.up.checkpoint);
  t.match(ofValue, { ofShape: [2, 96, 2], lines: { begin: 96 + 64, run: 8, stride: 8 } });
  t.end();
});
