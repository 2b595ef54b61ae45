import type { Graph, Value } from './graph.js';

/** Numbers of onnx.proto's TensorProto.DataType, as Cast takes them. */
const DTYPES = { i32: 6, i64: 7 } as const;

export function cast(graph: Graph, x: Value, to: keyof typeof DTYPES): Value {
  return graph.node('Cast', [x], { attributes: { to: { int: DTYPES[to] } } });
}
