import type { Activation } from '../families/model-config.js';
import type { Graph, NodeSpec, Value } from './graph.js';

const NODES: Readonly<Record<Activation, Omit<NodeSpec, 'inputs'>>> = {
  gelu: { op: 'Gelu' },
  gelu_tanh: { op: 'Gelu', attributes: { approximate: { string: 'tanh' } } },
  relu: { op: 'Relu' },
  tanh: { op: 'Tanh' },
  sigmoid: { op: 'Sigmoid' },
  // With alpha 1.
  silu: { op: 'QuickGelu', attributes: { alpha: { float: 1 } } },
};

/** `activation(x)`, element by element: a value of x's shape. */
export function activate(graph: Graph, x: Value, activation: Activation): Value {
  const { op, attributes = {} } = NODES[activation];
  return graph.node(op, [x], { attributes });
}
