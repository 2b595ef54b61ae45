import {
  CONTRIB_DOMAIN,
  DATA_TYPE,
  encodeModel,
  type Attribute,
  type OnnxInitializer,
  type OnnxNode,
  type OnnxValue,
} from './onnx.js';
import type { FloatType } from '../../core/model-spec.js';
import type { TensorDtype, TensorRef } from '../weights/weight-store.js';

/** The name of a tensor inside the graph that is being built. */
export type Value = string;

/** Operators that ONNX Runtime adds to ONNX under its own domain. */
const CONTRIB_OPS: ReadonlySet<string> = new Set([
  'CausalConvWithState',
  'FusedMatMul',
  'GatedRMSNorm',
  'GroupQueryAttention',
  'LinearAttention',
  'LinearAttentionGate',
  'MatMulIntegerToFloat',
  'MatMulNBits',
  'MultiHeadAttention',
  'PagedAttention',
  'QuickGelu',
  'RotaryEmbedding',
  'SkipLayerNormalization',
  'SkipSimplifiedLayerNormalization',
]);

/** A node that is not in the graph yet. */
export interface NodeSpec {
  readonly op: string;
  readonly inputs: readonly Value[];
  readonly attributes?: Readonly<Record<string, Attribute>>;
}

interface NodeOptions {
  readonly attributes?: Readonly<Record<string, Attribute>>;
  /** Names of the outputs, '' for one left out; default: one fresh name. */
  readonly outputs?: readonly string[];
}

/** Collects nodes and initializers; equal constants and equal file ranges are kept once. */
export class Graph {
  /** Element type of what is computed, and of the constants in it. */
  readonly compute: FloatType;
  #nodes: OnnxNode[] = [];
  readonly #initializers = new Map<string, OnnxInitializer>();
  readonly #casts = new Set<Value>();
  readonly #inputs: OnnxValue[] = [];
  readonly #outputs: OnnxValue[] = [];
  #numNames = 0;

  constructor(compute: FloatType = 'f32') {
    this.compute = compute;
  }

  /** Adds a node and returns its first output. */
  node(op: string, inputs: readonly Value[], options: NodeOptions = {}): Value {
    const outputs = options.outputs ?? [this.name()];
    this.#nodes.push(onnxNode({ op, inputs, attributes: options.attributes ?? {} }, outputs));
    const [first] = outputs;
    if (first === undefined) throw new Error(`${op} has no output: this is a bug`);
    return first;
  }

  /** Runs one of two nodes, by `condition [1] bool`; returns the first of the outputs. */
  either(
    condition: Value,
    whenTrue: NodeSpec,
    whenFalse: NodeSpec,
    outputs: readonly string[],
  ): Value {
    const branch = (spec: NodeSpec): Attribute => {
      const names = outputs.map(() => this.name());
      return { branch: { nodes: [onnxNode(spec, names)], outputs: names } };
    };
    const attributes = { then_branch: branch(whenTrue), else_branch: branch(whenFalse) };
    return this.node('If', [condition], { attributes, outputs });
  }

  /**
   * The graph of a side of an `If`, or of the body of a `Loop` with `inputs`: the nodes that `build` adds. It returns
   * the outputs, each of them made by one of these nodes.
   */
  branch(build: () => readonly Value[], inputs: readonly OnnxValue[] = []): Attribute {
    const outer = this.#nodes;
    this.#nodes = [];
    try {
      const outputs = build();
      return { branch: { nodes: this.#nodes, inputs, outputs } };
    } finally {
      this.#nodes = outer;
    }
  }

  /** `x` in another element type, under a fresh name unless one is given. */
  cast(x: Value, to: TensorDtype, name = this.name()): Value {
    return this.node('Cast', [x], { attributes: { to: { int: DATA_TYPE[to] } }, outputs: [name] });
  }

  /** A computed value in f32, as outputs of the graph are. */
  toF32(x: Value): Value {
    return this.compute === 'f32' ? x : this.cast(x, 'f32');
  }

  /** A fresh value name. */
  name(): Value {
    this.#numNames += 1;
    return `v${this.#numNames}`;
  }

  /** Gives the output of the newest node another name, to be an output of the graph. */
  rename(value: Value, name: Value): Value {
    const producer = this.#nodes.pop();
    if (producer?.outputs[0] !== value)
      throw new Error(`${value} is not the newest: this is a bug`);
    this.#nodes.push({ ...producer, outputs: [name, ...producer.outputs.slice(1)] });
    return name;
  }

  /** A tensor of the weights folder, as it is stored. */
  external(ref: TensorRef): Value {
    const name = `w:${ref.file}:${ref.offset}:${ref.dtype}:${ref.shape.join('x')}`;
    return this.#initializer({ name, external: ref });
  }

  /** A tensor of the weights folder as it is computed with: the cast is folded when the session is created. */
  externalFloat(ref: TensorRef): Value {
    return this.#inCompute(this.external(ref), ref.dtype);
  }

  /** A constant of that shape as it is computed with; `[]` is a scalar. */
  float(values: Float32Array, shape: readonly number[], name?: string): Value {
    return this.#inCompute(this.f32(values, shape, name), 'f32');
  }

  /** An f32 constant of that shape; `[]` is a scalar. Of a name that was given before there is one. */
  f32(values: Float32Array, shape: readonly number[], name?: string): Value {
    const raw = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    const short =
      values.length <= 8 ? `f32:${shape.join('x')}:${values.join(',')}` : `c${this.name()}`;
    return this.#initializer({ name: name ?? short, dtype: 'f32', shape, raw });
  }

  /** A one-dimensional i64 constant: a shape, axes, split sizes. */
  ints(...values: readonly number[]): Value {
    const raw = new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
    const name = `i64:${values.join(',')}`;
    return this.#initializer({ name, dtype: 'i64', shape: [values.length], raw });
  }

  /** A scalar i64 constant. */
  int(value: number): Value {
    const raw = new Uint8Array(BigInt64Array.of(BigInt(value)).buffer);
    return this.#initializer({ name: `i64s:${value}`, dtype: 'i64', shape: [], raw });
  }

  /** A scalar u8 constant: a zero point. */
  u8(value: number): Value {
    const raw = Uint8Array.of(value);
    return this.#initializer({ name: `u8:${value}`, dtype: 'u8', shape: [], raw });
  }

  /** A scalar i8 constant: a zero point. */
  i8(value: number): Value {
    const raw = new Uint8Array(Int8Array.of(value).buffer);
    return this.#initializer({ name: `i8:${value}`, dtype: 'i8', shape: [], raw });
  }

  /** A constant without elements: one of the sizes is 0. */
  empty(dtype: 'f32' | 'i8', shape: readonly number[]): Value {
    const name = `${dtype}:${shape.join('x')}`;
    return this.#initializer({ name, dtype, shape, raw: new Uint8Array(0) });
  }

  input(value: OnnxValue): Value {
    this.#inputs.push(value);
    return value.name;
  }

  output(value: OnnxValue): Value {
    this.#outputs.push(value);
    return value.name;
  }

  encode(): Uint8Array {
    return encodeModel({
      nodes: this.#nodes,
      initializers: [...this.#initializers.values()],
      inputs: this.#inputs,
      outputs: this.#outputs,
    });
  }

  #inCompute(constant: Value, dtype: TensorDtype): Value {
    if (dtype === this.compute) return constant;
    const name = `${constant}:${this.compute}`;
    if (this.#casts.has(name)) return name;
    this.#casts.add(name);
    return this.cast(constant, this.compute, name);
  }

  #initializer(initializer: OnnxInitializer): Value {
    if (!this.#initializers.has(initializer.name)) {
      this.#initializers.set(initializer.name, initializer);
    }
    return initializer.name;
  }
}

function onnxNode({ op, inputs, attributes }: NodeSpec, outputs: readonly string[]): OnnxNode {
  const domain = CONTRIB_OPS.has(op) ? CONTRIB_DOMAIN : '';
  return { op, domain, inputs, outputs, attributes: attributes ?? {} };
}
