import t from 'tap';

import { requireNativeParts } from '../../../src/boot/native-parts.js';
import { StartupError } from '../../../src/core/errors.js';

t.test('this machine has them', async () => {
  await requireNativeParts();
});

t.test('what cannot be loaded is one sentence about it and this machine', async (t) => {
  const broken = () =>
    Promise.reject(
      new Error('libonnxruntime.so.1: cannot open shared object\nRequire stack:\n- x'),
    );
  await t.rejects(requireNativeParts([['onnxruntime-node', broken]]), {
    constructor: StartupError,
    message: new RegExp(
      `^onnxruntime-node cannot be loaded: libonnxruntime\\.so\\.1: cannot open shared object\\. This is Node v[\\d.]+ on ${process.platform}-${process.arch}\\.$`,
    ),
  });
});
