// Process of the peer: node llama-child.js GGUF THREADS
import { serveSide } from '../lib/child-side.js';
import { loadLlamaModel } from '../lib/node-llama.js';
import { SlotServer } from './slot-server.js';
import { runWorkload, type PrefixWorkload, type WorkloadTiming } from './workload.js';

const BATCH_TOKENS = 512;

const [gguf = '', threads = '2'] = process.argv.slice(2);

async function ready(): Promise<(workload: PrefixWorkload) => Promise<WorkloadTiming>> {
  const model = await loadLlamaModel(gguf, Number(threads));
  let kept: SlotServer | null = null;
  return async (workload) => {
    const { systemTokens, questionTokens, outputTokens, concurrency } = workload;
    kept ??= await SlotServer.create(model, {
      sequences: concurrency,
      contextSize: systemTokens + questionTokens + outputTokens + 1,
      batchSize: BATCH_TOKENS,
      threads: Number(threads),
      flashAttention: true,
    });
    const server = kept;
    return runWorkload(workload, (inputIds) => server.complete(inputIds, outputTokens));
  };
}

await serveSide(ready());
