import { readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeOwnedFolder } from '../../core/owned-drafts.js';
import type { DeviceKind } from '../../core/device-kind.js';
import type { SessionExtras } from '../ort.js';
import type { GpuSession } from './gpu-session.js';

/** Kinds of nodes that a sentence names; the others are counted. */
const NAMED_MAX = 3;

/** How the runtime spells the element types that have another name here. */
const TYPE_NAMES: Readonly<Record<string, string>> = {
  float: 'f32',
  float16: 'f16',
  bfloat16: 'bf16',
  int32: 'i32',
  int64: 'i64',
};

/** Nodes of one kind that a session runs on the CPU. */
export interface CpuNodes {
  readonly op: string;
  /** Element type of the first input. */
  readonly type: string;
  /** How many attentions run before the first of them. */
  readonly attentions: number;
  readonly count: number;
}

/** Whether a session was not made because a node of its graph would run on the CPU. */
export function isFallback(error: unknown): boolean {
  return error instanceof Error && error.message.includes('fallback to CPU EP');
}

/**
 * What a GPU's session runs on the CPU: `open` makes the session that was refused, with the fallback, and `runOnce` runs
 * it. The runtime tells placements to nobody but its trace.
 */
export async function cpuNodesOf(
  open: (extras: SessionExtras) => Promise<GpuSession>,
  runOnce: (session: GpuSession) => Promise<void>,
): Promise<readonly CpuNodes[]> {
  const folder = await makeOwnedFolder(tmpdir(), 'trace');
  try {
    const session = await open({ profilePrefix: join(folder, 'run') });
    try {
      // What cannot even run on the CPU still has its neighbours in the trace.
      await runOnce(session).catch(() => undefined);
      await session.endProfile();
    } finally {
      await session.release();
    }
    const [trace = ''] = await readdir(folder);
    return readTrace(await readFile(join(folder, trace), 'utf8'));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What a trace says ran on the CPU, each kind once, in the order of the run. */
export function readTrace(text: string): readonly CpuNodes[] {
  const kinds = new Map<string, CpuNodes>();
  let attentions = 0;
  for (const { name, args } of JSON.parse(text) as readonly TraceEvent[]) {
    if (args?.op_name === undefined || !name.endsWith('_kernel_time')) continue;
    if (args.op_name === 'PagedAttention') attentions += 1;
    if (args.provider !== 'CPUExecutionProvider') continue;
    const [spelled = 'no input'] = Object.keys(args.input_type_shape?.[0] ?? {});
    const type = TYPE_NAMES[spelled] ?? spelled;
    const kind = `${args.op_name} ${type}`;
    const known = kinds.get(kind);
    kinds.set(kind, {
      ...(known ?? { op: args.op_name, type, attentions }),
      count: (known?.count ?? 0) + 1,
    });
  }
  return [...kinds.values()];
}

/** The members that are read here. */
interface TraceEvent {
  readonly name: string;
  readonly args?: {
    readonly op_name?: string;
    readonly provider?: string;
    readonly input_type_shape?: readonly Readonly<Record<string, unknown>>[];
  };
}

/** One clause without a full stop. */
export function fallbackText(device: DeviceKind, nodes: readonly CpuNodes[]): string {
  const named = nodes.slice(0, NAMED_MAX).map(textOf);
  const numMore = nodes.length - named.length;
  const more = numMore > 0 ? ` and ${numMore} other kind(s) of nodes` : '';
  const which = named.length === 0 ? 'a node of this model' : `${named.join(', ')}${more}`;
  return `--device ${device} has no kernel for ${which}, and nothing is left to the CPU in the middle of a run`;
}

function textOf({ op, type, attentions, count }: CpuNodes): string {
  const where =
    attentions === 0
      ? 'before the attention of layer 0'
      : `behind the attention of layer ${attentions - 1}`;
  const more = count === 1 ? '' : `, ${count} nodes, the first`;
  return `${op} (${type}${more} ${where})`;
}
