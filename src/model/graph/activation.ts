import type { Activation } from '../activation.js';
import type { Attribute } from './onnx.js';
import type { Graph, Value } from './graph.js';

type Build = (graph: Graph, x: Value) => Value;

/** By the formulas of PyTorch and transformers, with their defaults. */
const BUILDS: Readonly<Record<Activation, Build>> = {
  identity: op('Identity'),
  gelu: op('Gelu'),
  gelu_tanh: op('Gelu', { approximate: { string: 'tanh' } }),
  gelu_10: (graph, x) => clip(graph, graph.node('Gelu', [x]), [-10, 10]),
  // x * sigmoid(alpha x)
  quick_gelu: op('QuickGelu', { alpha: { float: 1.702 } }),
  silu: op('QuickGelu', { alpha: { float: 1 } }),
  relu: op('Relu'),
  relu2: (graph, x) => {
    const positive = graph.node('Relu', [x]);
    return graph.node('Mul', [positive, positive]);
  },
  relu6: (graph, x) => clip(graph, x, [0, 6]),
  leaky_relu: op('LeakyRelu', { alpha: { float: 0.01 } }),
  elu: op('Elu', { alpha: { float: 1 } }),
  selu: op('Selu'),
  tanh: op('Tanh'),
  hard_tanh: (graph, x) => clip(graph, x, [-1, 1]),
  tanh_shrink: (graph, x) => graph.node('Sub', [x, graph.node('Tanh', [x])]),
  sigmoid: op('Sigmoid'),
  hard_sigmoid: op('HardSigmoid', { alpha: { float: 1 / 6 }, beta: { float: 0.5 } }),
  hard_swish: op('HardSwish'),
  log_sigmoid: (graph, x) => {
    const minus = graph.node('Neg', [x]);
    return graph.node('Neg', [graph.node('Softplus', [minus])]);
  },
  mish: (graph, x) => {
    const gate = graph.node('Tanh', [graph.node('Softplus', [x])]);
    return graph.node('Mul', [x, gate]);
  },
  softplus: op('Softplus'),
  log1p_relu: (graph, x) =>
    graph.node('Log', [graph.node('Add', [graph.node('Relu', [x]), scalar(graph, 1)])]),
  softsign: op('Softsign'),
  hard_shrink: op('Shrink', { lambd: { float: 0.5 }, bias: { float: 0 } }),
  soft_shrink: op('Shrink', { lambd: { float: 0.5 }, bias: { float: 0.5 } }),
  softmax: op('Softmax', { axis: { int: -1 } }),
  log_softmax: op('LogSoftmax', { axis: { int: -1 } }),
  softmin: (graph, x) => {
    const minus = graph.node('Neg', [x]);
    return graph.node('Softmax', [minus], { attributes: { axis: { int: -1 } } });
  },
  laplace,
};

/** `activation(x)`: a value of x's shape. All but the softmaxes, over the last axis, go element by element. */
export function activate(graph: Graph, x: Value, activation: Activation): Value {
  return BUILDS[activation](graph, x);
}

function op(name: string, attributes: Readonly<Record<string, Attribute>> = {}): Build {
  return (graph, x) => graph.node(name, [x], { attributes });
}

function clip(graph: Graph, x: Value, [low, high]: readonly [number, number]): Value {
  return graph.node('Clip', [x, scalar(graph, low), scalar(graph, high)]);
}

/** `(1 + erf((x - mu) / (sigma * sqrt(2)))) / 2`, arXiv 2209.10655. */
function laplace(graph: Graph, x: Value): Value {
  const centred = graph.node('Sub', [x, scalar(graph, 0.707107)]);
  const scaled = graph.node('Div', [centred, scalar(graph, 0.282095 * Math.SQRT2)]);
  const sum = graph.node('Add', [graph.node('Erf', [scaled]), scalar(graph, 1)]);
  return graph.node('Mul', [sum, scalar(graph, 0.5)]);
}

function scalar(graph: Graph, value: number): Value {
  return graph.float(Float32Array.of(value), []);
}
