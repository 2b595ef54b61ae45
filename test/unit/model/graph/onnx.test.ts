import { InferenceSession, Tensor } from 'onnxruntime-node';
import t from 'tap';

import { encodeModel } from '../../../../src/model/graph/onnx.js';
import { ProtoWriter } from '../../../../src/model/graph/protobuf.js';

t.test('messages have the bytes of the wire format', (t) => {
  const inner = new ProtoWriter().int(1, 150);
  const bytes = new ProtoWriter().message(3, inner).text(2, 'hi').float(4, 1).int(5, -1).finish();
  t.equal(
    Buffer.from(bytes).toString('hex'),
    '1a03089601' + '12026869' + '250000803f' + '28ffffffffffffffffff01',
  );
  t.end();
});

t.test('a model with attributes, constants and a sequence runs', async (t) => {
  const raw = new Uint8Array(Float32Array.of(10, 20, 30).buffer);
  const model = encodeModel({
    nodes: [
      { op: 'Add', domain: '', inputs: ['x', 'c'], outputs: ['sum'], attributes: {} },
      {
        op: 'QuickGelu',
        domain: 'com.microsoft',
        inputs: ['sum'],
        outputs: ['y'],
        attributes: { alpha: { float: 0 } },
      },
    ],
    initializers: [{ name: 'c', dtype: 'f32', shape: [3], raw }],
    inputs: [{ name: 'x', dtype: 'f32', shape: ['B', 3] }],
    outputs: [{ name: 'y', dtype: 'f32', shape: ['B', 3] }],
  });
  const session = await InferenceSession.create(model);
  const x = new Tensor('float32', Float32Array.of(2, 4, 6, 0, 0, 0), [2, 3]);
  const { y } = await session.run({ x });
  t.same(y?.dims, [2, 3]);
  t.same(Array.from(y?.data as Float32Array), [6, 12, 18, 5, 10, 15], 'sigmoid(0) is one half');
});
