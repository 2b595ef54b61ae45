import type { Activation } from '../pooled/pooled-plan.js';
import type { Graph, Value } from './graph.js';

const OPS = { relu: 'Relu', tanh: 'Tanh', sigmoid: 'Sigmoid' } as const;

export function activate(graph: Graph, x: Value, activation: Activation): Value {
  if (activation === 'gelu') return graph.node('Gelu', [x]);
  if (activation === 'gelu_tanh') {
    return graph.node('Gelu', [x], { attributes: { approximate: { string: 'tanh' } } });
  }
  return graph.node(OPS[activation], [x]);
}
