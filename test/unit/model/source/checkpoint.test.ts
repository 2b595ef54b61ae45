import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { readTensor } from '../../../../src/model/weights/read-tensor.js';
import { openCheckpoint } from '../../../../src/model/source/safetensors.js';
import {
  shapeMismatch,
  type Checkpoint,
  type CheckpointTensor,
} from '../../../../src/model/source/checkpoint.js';

const TINY = fileURLToPath(new URL('../../../../../config/tiny', import.meta.url));

function checkpointOf(shapes: Readonly<Record<string, readonly number[]>>): Checkpoint {
  const tensors = Object.entries(shapes).map(([name, shape]): [string, CheckpointTensor] => [
    name,
    {
      name,
      shape,
      path: '',
      offset: 0,
      byteLength: 0,
      storedDtype: 'F32',
      dtype: 'f32',
      packing: null,
    },
  ]);
  return { folder: '', files: [], tensors: new Map(tensors) };
}

t.test('names the first tensor that cannot take the other one, as PyTorch does', (t) => {
  const running = checkpointOf({ 'a.norm': [2048], 'x.embed_tokens': [100, 2048] });
  const next = checkpointOf({ 'a.norm': [3072], 'x.embed_tokens': [100, 3072] });
  t.equal(
    shapeMismatch(running, next),
    'The size of tensor a (2048) must match the size of tensor b (3072) at non-singleton dimension 1',
  );
  t.equal(shapeMismatch(running, running), null);
  t.equal(shapeMismatch(running, checkpointOf({})), null, 'what is missing is for the plan to say');
  t.match(shapeMismatch(running, checkpointOf({ 'a.norm': [1, 2048] })), /2 dimensions/);
  t.end();
});

t.test('reads the first rows of a tensor by name', async (t) => {
  const tiny = await openCheckpoint(TINY);
  const rows = readTensor(tiny, 'model.embed_tokens.weight', 3) as number[][];
  t.same([rows.length, rows[0]?.length], [3, 128]);
  t.ok(rows.flat().every((value) => Number.isFinite(value) && Math.abs(value) < 10));
  const norm = readTensor(tiny, 'model.norm.weight', 1e6) as number[];
  t.equal(norm.length, 128, 'as many as there are');
  t.equal(readTensor(tiny, 'no.such', 3), null);
  const gone = { 'model.norm.weight': [128] };
  t.equal(readTensor(checkpointOf(gone), 'model.norm.weight', 3), null, 'its file is gone');
  const pipe = join(t.testdir({}), 'pipe');
  execFileSync('mkfifo', [pipe]);
  const [[name, tensor] = ['', null]] = [...checkpointOf(gone).tensors];
  const piped = { folder: '', files: [], tensors: new Map([[name, { ...tensor, path: pipe }]]) };
  t.equal(readTensor(piped as Checkpoint, name, 3), null, 'a pipe took its place');
});
