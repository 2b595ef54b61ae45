import { ProtoWriter } from './protobuf.js';
import type { TensorDtype, TensorRef } from '../weights/weight-store.js';

/** Numbers of onnx.proto's TensorProto.DataType. */
export const DATA_TYPE: Readonly<Record<TensorDtype, number>> = {
  f32: 1,
  u8: 2,
  i8: 3,
  i32: 6,
  i64: 7,
  f16: 10,
  bf16: 16,
};

/** Of a condition; no tensor that is stored has it. */
const BOOL = 9;

/** Numbers of onnx.proto's AttributeProto.AttributeType. */
const ATTRIBUTE_TYPE = { float: 1, int: 2, string: 3, graph: 5, ints: 7 } as const;
const DATA_LOCATION_EXTERNAL = 1;
const IR_VERSION = 9;
const OPSET_VERSION = 20;
export const CONTRIB_DOMAIN = 'com.microsoft';

export type Attribute =
  | { readonly float: number }
  | { readonly int: number }
  | { readonly string: string }
  | { readonly ints: readonly number[] }
  | { readonly branch: OnnxBranch };

/** A graph inside a node, a side of an `If` or the body of a `Loop`: it may read the values of the graph around it. */
export interface OnnxBranch {
  readonly nodes: readonly OnnxNode[];
  /** None for a side of an `If`. */
  readonly inputs?: readonly OnnxValue[];
  /** Names of its own; their types are inferred. */
  readonly outputs: readonly string[];
}

export interface OnnxNode {
  readonly op: string;
  /** '' = ONNX itself. */
  readonly domain: string;
  /** '' = an optional input left out. */
  readonly inputs: readonly string[];
  /** '' = an optional output left out. */
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

export interface OnnxValue {
  readonly name: string;
  readonly dtype: TensorDtype | 'bool';
  /** A string names a symbolic dimension. */
  readonly shape: readonly (number | string)[];
  /** The value is a sequence of such tensors. */
  readonly sequence?: boolean;
}

/** Bytes are little-endian; `external` ones stay in their file of the weights folder. */
export type OnnxInitializer = { readonly name: string } & (
  | { readonly external: TensorRef }
  | { readonly dtype: TensorDtype; readonly shape: readonly number[]; readonly raw: Uint8Array }
);

export interface OnnxModel {
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly OnnxInitializer[];
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
}

/** Serialises a ModelProto (onnx.proto3, IR version 9). Throws past protobuf's limit of 2 GiB. */
export function encodeModel(model: OnnxModel): Uint8Array {
  const graph = new ProtoWriter();
  for (const node of model.nodes) graph.message(1, encodeNode(node));
  graph.text(2, 'radish');
  for (const initializer of model.initializers) graph.message(5, encodeInitializer(initializer));
  for (const input of model.inputs) graph.message(11, encodeValue(input));
  for (const output of model.outputs) graph.message(12, encodeValue(output));
  const proto = new ProtoWriter().int(1, IR_VERSION).text(2, 'radish').message(7, graph);
  proto.message(8, new ProtoWriter().text(1, '').int(2, OPSET_VERSION));
  proto.message(8, new ProtoWriter().text(1, CONTRIB_DOMAIN).int(2, 1));
  if (proto.byteLength >= 2 ** 31) throw new Error('The ONNX graph is larger than 2 GiB');
  return proto.finish();
}

function encodeNode(node: OnnxNode): ProtoWriter {
  const proto = new ProtoWriter();
  for (const input of node.inputs) proto.text(1, input);
  for (const output of node.outputs) proto.text(2, output);
  proto.text(4, node.op);
  for (const [name, attribute] of Object.entries(node.attributes)) {
    proto.message(5, encodeAttribute(name, attribute));
  }
  return proto.text(7, node.domain);
}

function encodeAttribute(name: string, attribute: Attribute): ProtoWriter {
  const proto = new ProtoWriter().text(1, name);
  if ('float' in attribute) return proto.float(2, attribute.float).int(20, ATTRIBUTE_TYPE.float);
  if ('int' in attribute) return proto.int(3, attribute.int).int(20, ATTRIBUTE_TYPE.int);
  if ('string' in attribute) return proto.text(4, attribute.string).int(20, ATTRIBUTE_TYPE.string);
  if ('branch' in attribute) {
    return proto.message(6, encodeBranch(attribute.branch)).int(20, ATTRIBUTE_TYPE.graph);
  }
  for (const item of attribute.ints) proto.int(8, item);
  return proto.int(20, ATTRIBUTE_TYPE.ints);
}

function encodeBranch({ nodes, inputs = [], outputs }: OnnxBranch): ProtoWriter {
  const proto = new ProtoWriter();
  for (const node of nodes) proto.message(1, encodeNode(node));
  proto.text(2, 'branch');
  for (const input of inputs) proto.message(11, encodeValue(input));
  for (const output of outputs) proto.message(12, new ProtoWriter().text(1, output));
  return proto;
}

function encodeInitializer(initializer: OnnxInitializer): ProtoWriter {
  if (!('external' in initializer)) {
    const { name, dtype, shape, raw } = initializer;
    return tensorHeader(name, dtype, shape).bytes(9, raw);
  }
  const { file, offset, byteLength, dtype, shape } = initializer.external;
  const proto = tensorHeader(initializer.name, dtype, shape);
  const entries = { location: file, offset: String(offset), length: String(byteLength) };
  for (const [key, value] of Object.entries(entries)) {
    proto.message(13, new ProtoWriter().text(1, key).text(2, value));
  }
  return proto.int(14, DATA_LOCATION_EXTERNAL);
}

function tensorHeader(name: string, dtype: TensorDtype, shape: readonly number[]): ProtoWriter {
  const proto = new ProtoWriter();
  for (const size of shape) proto.int(1, size);
  return proto.int(2, DATA_TYPE[dtype]).text(8, name);
}

function encodeValue(value: OnnxValue): ProtoWriter {
  const shape = new ProtoWriter();
  for (const size of value.shape) {
    const dim = new ProtoWriter();
    shape.message(1, typeof size === 'number' ? dim.int(1, size) : dim.text(2, size));
  }
  const tensor = new ProtoWriter()
    .int(1, value.dtype === 'bool' ? BOOL : DATA_TYPE[value.dtype])
    .message(2, shape);
  const tensorType = new ProtoWriter().message(1, tensor);
  const type =
    value.sequence === true
      ? new ProtoWriter().message(4, new ProtoWriter().message(1, tensorType))
      : tensorType;
  return new ProtoWriter().text(1, value.name).message(2, type);
}
