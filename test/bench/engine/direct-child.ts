// Process that drives the device without a server: node direct-child.js FOLDER LOAD_FORMAT QUANTIZATION THREADS
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { stepOf, type PrefillRow, type StepPlan } from '../../../src/core/batch.js';
import { greedySampling } from '../../../src/core/sampling-params.js';
import { CpuPool, quantizeOn } from '../../../src/cpu/pool.js';
import { openDevice } from '../../../src/device/generate/device.js';
import type { ModelRunner } from '../../../src/device/generate/model-runner.js';
import type { LoadFormat } from '../../../src/model/built-model.js';
import { prepareModel } from '../../../src/model/prepare-model.js';
import type { Quantization } from '../../../src/model/quantize/format.js';
import { benchCacheDir } from '../lib/cache-dir.js';
import { serveSide } from '../lib/child-side.js';
import { RandomIds } from '../lib/random-ids.js';
import type { Workload } from './workload.js';

/** Room for the longest workload in every slot; no pages, as nothing is kept. */
const LIMITS = { numSlots: 16, slotLength: 1024, numPages: 1, pageSizeTokens: 16 };

/** `/generate` with temperature 0 and ignore_eos, as the scheduler hands it down. */
const GREEDY = greedySampling(LIMITS.slotLength);

/** Plans steps as the scheduler would, and waits for each: what the server adds is then the difference. */
class DirectEngine {
  private step = 0;

  constructor(private readonly runner: ModelRunner) {}

  /** Milliseconds of the timed part. */
  async run(workload: Workload): Promise<number> {
    return workload.kind === 'prefill' ? this.prefill(workload) : this.decode(workload);
  }

  private async prefill(workload: Workload & { kind: 'prefill' }): Promise<number> {
    const random = new RandomIds(workload.seed);
    const start = performance.now();
    for (let i = 0; i < workload.numPrompts; i++) {
      await this.execute({ ...prompts([random.ids(workload.numTokens)]), frees: [0] });
    }
    return performance.now() - start;
  }

  private async decode(workload: Workload & { kind: 'decode' }): Promise<number> {
    const { batch, context, steps, seed } = workload;
    const random = new RandomIds(seed);
    const slots = Array.from({ length: batch }, (_, slot) => slot);
    await this.execute(prompts(slots.map(() => random.ids(context))));
    const decode = Int32Array.from(slots.flatMap((slot) => [slot, -1, 1]));
    const start = performance.now();
    for (let step = 0; step < steps; step++) await this.execute({ decode });
    const ms = performance.now() - start;
    await this.execute({ frees: slots });
    return ms;
  }

  private async execute(parts: Partial<StepPlan>): Promise<void> {
    await this.runner.execute(stepOf(this.step++, parts), () => undefined);
  }
}

/** Opens slot i with prompt i. */
function prompts(rows: readonly number[][]): Pick<StepPlan, 'opens' | 'prefill'> {
  const prefill = rows.map((ids, slot): PrefillRow => ({
    slot,
    position: 0,
    tokens: Int32Array.from(ids),
    previousToken: -1,
    nextToken: -1,
    sample: true,
  }));
  const opens = rows.map((ids, slot) => ({
    slot,
    sampling: GREEDY,
    promptLen: ids.length,
    priorOutputIds: new Int32Array(0),
    grammar: null,
    logprobs: null,
    hiddenFrom: Infinity,
    speculation: null,
  }));
  return { opens, prefill };
}

async function ready(): Promise<(workload: Workload) => Promise<number>> {
  const [folder = '', loadFormat = 'auto', quantization = 'auto', threads = '2'] =
    process.argv.slice(2);
  const numThreads = Number(threads);
  const pool = new CpuPool({ numThreads });
  const model = await prepareModel(
    {
      folder,
      quantization: quantization as Quantization,
      loadFormat: loadFormat as LoadFormat,
      contextLength: LIMITS.slotLength,
    },
    {
      runJob: quantizeOn(pool),
      cacheDir: join(benchCacheDir(), 'weights'),
      temporaryDir: tmpdir(),
      warn: console.error,
      progress: () => undefined,
    },
  );
  await pool.close();
  const { runner } = await openDevice(model, LIMITS, { ort: { numThreads, spinning: true } });
  const engine = new DirectEngine(runner);
  return (workload) => engine.run(workload);
}

await serveSide(ready());
