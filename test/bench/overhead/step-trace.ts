import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A step of the device, on the server's clock: it ends when the main thread hears of it. */
export interface TracedStep {
  readonly startMs: number;
  readonly endMs: number;
  /** What it stores behind its end. */
  readonly storeMs: number;
}

const NO_BAR: TracedStep = { startMs: Infinity, endMs: -Infinity, storeMs: 0 };

interface TraceFile {
  readonly traceEvents: readonly {
    readonly name: string;
    /** Microseconds. */
    readonly ts: number;
    readonly dur: number;
    readonly args: { readonly step: number };
  }[];
}

/** The steps that the server runs during `work`, by its own profile, in order. */
export async function stepsDuring(port: number, work: () => Promise<void>): Promise<TracedStep[]> {
  const folder = await mkdtemp(join(tmpdir(), 'radish-overhead-'));
  try {
    await post(port, '/start_profile', { output_dir: folder, activities: ['GPU'] });
    await work();
    await post(port, '/stop_profile', {});
    const [name = ''] = await readdir(folder);
    return stepsOf(JSON.parse(await readFile(join(folder, name), 'utf8')) as TraceFile);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function post(port: number, path: string, body: object): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${path}: ${await response.text()}`);
}

/** A bar for each part of a step: all of them are the step, but for what is stored behind its end. */
function stepsOf({ traceEvents }: TraceFile): TracedStep[] {
  const steps = new Map<number, TracedStep>();
  for (const { name, ts, dur, args } of traceEvents) {
    const { startMs, endMs, storeMs } = steps.get(args.step) ?? NO_BAR;
    const isStore = name === 'store';
    steps.set(args.step, {
      startMs: Math.min(startMs, ts / 1000),
      endMs: Math.max(endMs, (isStore ? ts : ts + dur) / 1000),
      storeMs: isStore ? dur / 1000 : storeMs,
    });
  }
  return [...steps.values()].sort((a, b) => a.startMs - b.startMs);
}
