import { createGpuLock, GpuLock } from '../src/device/gpu-lock.js';
import { probeAttention } from '../src/device/paged/attention-probe.js';
import { reasonOf } from '../src/device/paged/runtime-reason.js';

/**
 * Process entry: `gpu-probe.js webgpu|cuda CARD`. Tries attention out on a GPU, away from a server that a driver's
 * crash would end. Exit code 0, or 1 with a sentence on stderr.
 */
const HEADS = { numHeads: 4, numKvHeads: 2, headDim: 64, kvType: 'f16', windows: [] } as const;
const PAGE_TOKENS = 256;

const [kind, card] = process.argv.slice(2);
try {
  await probeAttention(HEADS, PAGE_TOKENS, {
    kind: kind === 'cuda' ? kind : 'webgpu',
    card: Number(card),
    isDeterministic: false,
    lock: new GpuLock(createGpuLock()),
  });
} catch (error) {
  process.stderr.write(`${reasonOf(error)}\n`);
  process.exitCode = 1;
}
