import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import t from 'tap';
import { cacheName } from '../../../../../src/model/graph/contract.js';
import { Graph } from '../../../../../src/model/graph/graph.js';
import {
  cacheBytes,
  withPageCaches,
  type PageCaches,
} from '../../../../../src/model/graph/paged/page-caches.js';

const CACHES: PageCaches = {
  numLayers: 2,
  numPages: 3,
  pageSizeTokens: 4,
  numKvHeads: 2,
  headDim: 8,
  type: 'f16',
  zeros: 'zeros',
};
const SHAPE = [3, 4, 2, 8];
const BYTES = 3 * 4 * 2 * 8 * 2;

/** Adds the caches of all layers to its input: an ordinary use of them, which every provider has. */
function sumGraph(): Uint8Array {
  const graph = new Graph();
  let sum = graph.input({ name: 'x', dtype: 'f32', shape: SHAPE });
  for (const layer of [0, 1]) {
    for (const part of ['key', 'value'] as const) {
      sum = graph.node('Add', [sum, graph.cast(cacheName(layer, part), 'f32')]);
    }
  }
  graph.rename(sum, 'y');
  graph.output({ name: 'y', dtype: 'f32', shape: SHAPE });
  return graph.encode();
}

function create(graph: Uint8Array, folder: string): Promise<InferenceSession> {
  return InferenceSession.create(graph, {
    intraOpNumThreads: 1,
    logSeverityLevel: 4,
    extra: { session: { model_external_initializers_file_folder_path: folder } },
  });
}

t.test('bytes of one array', (t) => {
  t.equal(cacheBytes(CACHES), BYTES);
  t.equal(cacheBytes({ ...CACHES, type: 'f32' }), 2 * BYTES);
  t.end();
});

t.test('a graph with caches appended is one graph, and they begin as zeros', async (t) => {
  const folder = t.testdir();
  await writeFile(join(folder, 'zeros'), '');
  await truncate(join(folder, 'zeros'), BYTES);
  const session = await create(withPageCaches(sumGraph(), CACHES), folder);
  const x = Float32Array.from({ length: BYTES / 2 }, (_, i) => i / 3);
  const { y } = await session.run({ x: new Tensor('float32', x, SHAPE) });
  t.same(y?.data, x);
  await session.release();
});

t.test('they are the caches of every layer, and their bytes are the file’s', async (t) => {
  const folder = t.testdir();
  // 1.0 in f16.
  await writeFile(
    join(folder, 'zeros'),
    Buffer.from(new Uint16Array(BYTES / 2).fill(0x3c00).buffer),
  );
  const session = await create(withPageCaches(sumGraph(), CACHES), folder);
  const x = new Float32Array(BYTES / 2);
  const { y } = await session.run({ x: new Tensor('float32', x, SHAPE) });
  t.same(y?.data, x.fill(4));
  await session.release();
});

t.test('a file that is too short, or not there, is no cache', async (t) => {
  const folder = t.testdir();
  const graph = withPageCaches(sumGraph(), CACHES);
  await t.rejects(create(graph, folder));
  await writeFile(join(folder, 'zeros'), '');
  await truncate(join(folder, 'zeros'), BYTES - 1);
  await t.rejects(create(graph, folder));
});

t.test('without them the graph is none', async (t) => {
  await t.rejects(create(sumGraph(), t.testdir()), /cache|key|value/i);
});
