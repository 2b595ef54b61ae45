import type { StepTimed } from '../messages.js';

/** Steps that one trace keeps; later ones are left out, and the trace says how many. */
export const MAX_STEPS = 50_000;

const PARTS = ['load', 'prefill', 'decode'] as const;

interface TraceEvent {
  readonly name: string;
  readonly ph: 'X';
  /** Microseconds. */
  readonly ts: number;
  readonly dur: number;
  readonly pid: number;
  /** Device rank. */
  readonly tid: number;
  readonly args: Readonly<Record<string, number>>;
}

/**
 * Steps of devices in Chrome's trace format: one row per device, one bar per part of a step. A step is
 * placed so that its result leaves when main heard of it: threads have no common clock. What it stored behind that is
 * known when the next step of its device is heard of.
 */
export class StepTrace {
  readonly #events: TraceEvent[] = [];
  /** The last step of each rank, and when it was heard of. */
  readonly #last = new Map<number, readonly [step: StepTimed, nowUs: number]>();
  #numSteps = 0;

  get numSteps(): number {
    return this.#numSteps;
  }

  add(step: StepTimed, nowUs: number): void {
    if (this.#numSteps++ >= MAX_STEPS) return;
    this.#addStoreBefore(step);
    this.#last.set(step.device.rank, [step, nowUs]);
    const { loadUs, prefillUs, decodeUs } = step.timing;
    const durations = [loadUs, prefillUs, decodeUs];
    let ts = nowUs - durations.reduce((sum, us) => sum + us, 0);
    for (const [i, dur] of durations.entries()) {
      if (dur > 0) this.#events.push(event(PARTS[i] ?? '', ts, dur, step));
      ts += dur;
    }
  }

  #addStoreBefore({ device, step, timing }: StepTimed): void {
    const [last, heardUs = 0] = this.#last.get(device.rank) ?? [];
    if (last?.step !== step - 1 || last.device.generation !== device.generation) return;
    if (timing.lastStoreUs > 0) {
      this.#events.push(event('store', heardUs, timing.lastStoreUs, last));
    }
  }

  /** Text of a file that chrome://tracing and Perfetto open. */
  toJson(): string {
    return JSON.stringify({
      traceEvents: this.#events,
      displayTimeUnit: 'ms',
      otherData: { steps: this.#numSteps, stepsLeftOut: Math.max(0, this.#numSteps - MAX_STEPS) },
    });
  }
}

function event(name: string, ts: number, dur: number, step: StepTimed): TraceEvent {
  const args = {
    step: step.step,
    prefill_tokens: step.numPrefillTokens,
    decode_rows: step.numDecodeRows,
  };
  return { name, ph: 'X', ts, dur, pid: 1, tid: step.device.rank, args };
}
