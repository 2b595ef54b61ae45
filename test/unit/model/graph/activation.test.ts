import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import t from 'tap';

import type { Activation } from '../../../../src/model/activation.js';
import { activate } from '../../../../src/model/graph/activation.js';
import { Graph } from '../../../../src/model/graph/graph.js';
import {
  DENSE_ACTIVATIONS,
  HIDDEN_ACTIVATIONS,
} from '../../../../src/model/pooled/activation-names.js';

/** What the reference's functions make of `inputs`, by the names that files have for them. */
interface Golden {
  readonly inputs: readonly number[];
  readonly dense: Readonly<Record<string, readonly number[]>>;
  readonly hidden: Readonly<Record<string, readonly number[]>>;
}

const golden = JSON.parse(
  await readFile(join('test', 'fixtures', 'activations.json'), 'utf8'),
) as Golden;

async function run(activation: Activation | undefined): Promise<readonly number[]> {
  if (activation === undefined) return [];
  const graph = new Graph();
  const shape = [1, golden.inputs.length];
  const x = graph.input({ name: 'x', dtype: 'f32', shape });
  graph.rename(activate(graph, x, activation), 'y');
  graph.output({ name: 'y', dtype: 'f32', shape });
  const session = await InferenceSession.create(graph.encode());
  const { y } = await session.run({
    x: new Tensor('float32', Float32Array.from(golden.inputs), shape),
  });
  return [...(y?.data as Float32Array)];
}

const TABLES = [
  ['dense', DENSE_ACTIVATIONS, (name: string) => name.split('.').at(-1) ?? ''],
  ['hidden', HIDDEN_ACTIVATIONS, (name: string) => name],
] as const;

for (const [kind, table, key] of TABLES) {
  t.test(`every ${kind} activation computes what the reference does`, async (t) => {
    const names = Object.keys(golden[kind]);
    t.same(names.map(key).sort(), Object.keys(table).sort(), 'all are compared');
    for (const name of names) {
      const expected = golden[kind][name] ?? [];
      const got = await run(table[key(name)]);
      const errors = expected.map((value, i) => Math.abs(value - (got[i] ?? NaN)));
      const worst = errors.reduce((most, error) => (error <= most ? most : error), 0);
      t.ok(worst < 1e-5, `${name}: off by ${worst}`);
    }
  });
}
