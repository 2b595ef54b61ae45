import type { OpenVino } from '../lib/openvino.js';
import { RandomIds } from '../lib/random-ids.js';
import type { Side } from '../lib/side.js';
import { decodeMs } from './decode-ms.js';
import type { Workload } from './workload.js';

/** Timed as a server is, by the peer's own clock. */
export function openVinoSide(name: string, peer: OpenVino): Side<Workload, number> {
  return {
    name,
    pid: peer.pid,
    run: (workload) =>
      workload.kind === 'prefill' ? prefill(peer, workload) : decode(peer, workload),
    close: () => peer.close(),
  };
}

async function prefill(
  peer: OpenVino,
  { numTokens, numPrompts, seed }: Workload & { readonly kind: 'prefill' },
): Promise<number> {
  const random = new RandomIds(seed);
  const prompts = Array.from({ length: numPrompts }, () => random.ids(numTokens));
  const load = { prompts, maxNewTokens: 1, concurrency: 1, arrivalsMs: null };
  return (await peer.run(load)).wallMs;
}

function decode(peer: OpenVino, workload: Workload & { readonly kind: 'decode' }): Promise<number> {
  return decodeMs(workload, async (prompts, maxNewTokens) => {
    const load = { prompts, maxNewTokens, concurrency: prompts.length, arrivalsMs: null };
    return (await peer.run(load)).wallMs;
  });
}
