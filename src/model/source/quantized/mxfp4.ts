import type { StoredPart } from '../../weights/grouped/part.js';
import type { CheckpointTensor } from '../checkpoint.js';
import type { ModuleTensors, QuantMethod, StoredModule } from './quant-method.js';
import { POWER_SCALES } from './scaled-weight.js';
import { broken, requirePart, requireShape } from './stored-part.js';

/** Numbers of a block, and the bytes that they take. */
const BLOCK = 32;
const BLOCK_BYTES = BLOCK / 2;

/** What one stack of all experts' matrices holds: each takes every so many-th of an expert's rows. */
const STACKS: Readonly<Record<string, readonly string[]>> = {
  gate_up_proj: ['gate_proj', 'up_proj'],
  down_proj: ['down_proj'],
};

/** The most experts of a layer; each becomes tensors of its own. */
const MAX_EXPERTS = 4096;

/**
 * OpenAI's gpt-oss: a layer's experts lie in `gate_up_proj_blocks` `[experts, 2 * inter, hidden / 32, 16]`, where the rows
 * of gate and up take turns, and `down_proj_blocks` `[experts, hidden, inter / 32, 16]`; `…_scales` has the exponents of
 * their blocks. They become `3.gate_proj.weight` `[inter, hidden]` and so on, of expert 3.
 */
export const mxfp4: QuantMethod = {
  name: 'mxfp4',
  open: () => expertsOf,
};

function expertsOf(module: StoredModule): ModuleTensors | null {
  const stacks = Object.entries(STACKS).filter(([stack]) => module.parts.has(`${stack}_blocks`));
  if (stacks.length === 0) return null;
  const tensors = new Map(module.parts);
  for (const [stack, names] of stacks) {
    tensors.delete(`${stack}_blocks`);
    tensors.delete(`${stack}_scales`);
    for (const [ending, tensor] of expertWeights(module, stack, names)) tensors.set(ending, tensor);
  }
  return tensors;
}

function expertWeights(
  module: StoredModule,
  stack: string,
  names: readonly string[],
): [string, CheckpointTensor][] {
  const blocks = requirePart(module, `${stack}_blocks`, ['U8']);
  const [experts = 0, rows = 0, groups = 0] = blocks.shape;
  const shape = [experts, rows, groups, BLOCK_BYTES];
  requireShape(blocks, shape, `a block of ${BLOCK} numbers has ${BLOCK_BYTES} bytes`);
  const scales = requirePart(module, `${stack}_scales`, POWER_SCALES);
  requireShape(scales, [experts, rows, groups], `'${blocks.name}' has so many blocks`);
  if (experts > MAX_EXPERTS || rows % names.length !== 0) {
    throw broken(
      `Tensor '${blocks.name}' in ${blocks.path} has ${experts} experts of ${rows} rows: at most ${MAX_EXPERTS} ` +
        `of a multiple of ${names.length} are supported.`,
    );
  }
  const stacked = { blocks, scales, experts, rows, groups };
  return Array.from({ length: experts }, (_, expert) =>
    names.map((name, turn): [string, CheckpointTensor] => {
      const path = `${expert}.${name}.weight`;
      const rowsOfIt = { first: expert * rows + turn, step: names.length };
      return [path, expertWeight(`${module.name}.${path}`, stacked, rowsOfIt)];
    }),
  ).flat();
}

interface Stacked {
  readonly blocks: StoredPart;
  readonly scales: StoredPart;
  readonly experts: number;
  readonly rows: number;
  readonly groups: number;
}

function expertWeight(
  name: string,
  { blocks, scales, experts, rows, groups }: Stacked,
  which: { readonly first: number; readonly step: number },
): CheckpointTensor {
  const { path, offset, storedDtype, byteLength } = blocks;
  const parts = { codes: { ...blocks, shape: [experts * rows, groups * BLOCK_BYTES] }, scales };
  const own = rows / which.step;
  return {
    name,
    path,
    offset,
    byteLength: (byteLength / (experts * rows)) * own,
    storedDtype,
    dtype: 'f32',
    packing: {
      kind: 'scaled',
      encoding: 'e2m1',
      block: [1, BLOCK],
      rows: which,
      parts,
    },
    shape: [own, groups * BLOCK],
  };
}
