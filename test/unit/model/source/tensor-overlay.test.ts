import t from 'tap';

import type { Checkpoint, CheckpointTensor } from '../../../../src/model/source/checkpoint.js';
import {
  overlaid,
  stacked,
  type TensorOverlay,
} from '../../../../src/model/source/tensor-overlay.js';

function overlay(path: string, shapes: Readonly<Record<string, readonly number[]>>): TensorOverlay {
  const entries = Object.entries(shapes).map(([name, shape]): [string, CheckpointTensor] => [
    name,
    {
      name,
      shape,
      path,
      offset: 0,
      byteLength: 0,
      storedDtype: 'F32',
      dtype: 'f32',
      packing: null,
    },
  ]);
  const file = { path, bytes: 0 };
  return { files: [file], tensors: new Map(entries) };
}

function pathsOf({ files, tensors }: TensorOverlay | Checkpoint) {
  return {
    files: files.map(({ path }) => path),
    tensors: Object.fromEntries([...tensors].map(([name, { path }]) => [name, path])),
  };
}

const base: Checkpoint = { folder: 'base', ...overlay('base', { a: [2, 3], b: [4] }) };

t.test('tensors that were sent stand for the ones of their names', (t) => {
  t.equal(overlaid(base, null), base);
  t.same(pathsOf(overlaid(base, overlay('sent', { b: [4] }))), {
    files: ['base', 'sent'],
    tensors: { a: 'base', b: 'sent' },
  });
  t.throws(() => overlaid(base, overlay('sent', { c: [4] })), {
    code: 'bad_checkpoint',
    message: "the model has no tensor 'c'",
  });
  t.throws(() => overlaid(base, overlay('sent', { a: [2, 5] })), {
    code: 'bad_checkpoint',
    message:
      'The size of tensor a (3) must match the size of tensor b (5) at non-singleton dimension 1',
  });
  t.end();
});

t.test('the newest of each name counts; a file that nothing is read from goes', (t) => {
  const first = stacked(null, overlay('one', { a: [2, 3], b: [4] }));
  const second = stacked(first, overlay('two', { b: [4] }));
  t.same(pathsOf(second), { files: ['one', 'two'], tensors: { a: 'one', b: 'two' } });
  const third = stacked(second, overlay('three', { a: [2, 3] }));
  t.same(pathsOf(third), { files: ['two', 'three'], tensors: { a: 'three', b: 'two' } });
  t.end();
});
