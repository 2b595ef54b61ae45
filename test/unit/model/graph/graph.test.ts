import { InferenceSession, Tensor } from 'onnxruntime-node';
import t from 'tap';

import { Graph } from '../../../../src/model/graph/graph.js';

t.test('either of two nodes runs, and its result goes on in the graph', async (t) => {
  const graph = new Graph();
  const x = graph.input({ name: 'x', dtype: 'f32', shape: [1] });
  const rows = graph.input({ name: 'rows', dtype: 'i64', shape: [1] });
  graph.output({ name: 'y', dtype: 'f32', shape: [1] });
  const two = graph.f32(Float32Array.of(2), [1]);
  const chosen = graph.either(
    graph.node('Equal', [rows, graph.ints(1)]),
    { op: 'Add', inputs: [x, two] },
    { op: 'Mul', inputs: [x, two] },
    [graph.name()],
  );
  graph.node('Neg', [chosen], { outputs: ['y'] });
  const session = await InferenceSession.create(graph.encode());
  for (const [numRows, expected] of [
    [1n, -12],
    [5n, -20],
  ] as const) {
    const { y } = await session.run({
      x: new Tensor('float32', [10], [1]),
      rows: new Tensor('int64', [numRows], [1]),
    });
    t.same(Array.from(y?.data as Float32Array), [expected]);
  }
});
