import type { RoutedRows } from '../core/batch.js';
import {
  FORWARD_MODE,
  type ExpertTally,
  type ExpertDump,
  type ExpertPass,
  type ExpertRecording,
  type ExpertTokens,
  type ForwardMode,
} from '../core/expert-recording.js';
import type { RecordPass } from '../messages.js';
import { ExpertCounters } from './expert-counters.js';

/** Bound of the kept passes, whatever `--expert-distribution-recorder-buffer-size` says. */
export const KEPT_BYTES_MAX = 64 * 2 ** 20;

/** Counts which experts the rows of each step took, and keeps the last steps. */
export class ExpertRecorder {
  readonly #recording: ExpertRecording;
  readonly #totals: ExpertCounters;
  #passes: ExpertPass[] = [];
  /** Passes before this index were dropped. */
  #first = 0;
  #keptBytes = 0;
  #nextPassId = 0;
  #isOn = false;

  constructor(recording: ExpertRecording) {
    this.#recording = recording;
    this.#totals = new ExpertCounters(recording.numLayers, recording.numExperts);
  }

  /** Records from nothing on, whether it was on or not. */
  start(): void {
    this.#clear();
    this.#isOn = true;
  }

  /** Records no more; what was recorded stays. */
  stop(): void {
    this.#isOn = false;
  }

  /** Gives everything out and forgets it; stays on or off. */
  dump(): ExpertDump {
    const { counts: totals } = this.#totals.snapshot();
    const passes = this.#passes.slice(this.#first);
    this.#clear();
    return { recording: this.#recording, totals, passes };
  }

  /** What it has so far, of which nothing is forgotten. */
  counts(): ExpertTally {
    return { isOn: this.#isOn, totals: this.#totals.snapshot().counts };
  }

  /** Throws RangeError when the rows are those of another model. */
  add(pass: RecordPass): void {
    if (!this.#isOn) return;
    const counts = countExperts(this.#recording, pass.routing);
    this.#totals.add(counts);
    const wantsTokens = this.#recording.mode === 'per_token';
    const tokens = wantsTokens ? tokensOf(pass) : null;
    this.#keep({ forwardPassId: this.#nextPassId++, rank: pass.rank, counts, tokens });
  }

  #keep(pass: ExpertPass): void {
    this.#passes.push(pass);
    this.#keptBytes += bytesOf(pass);
    const { bufferSize } = this.#recording;
    const most = bufferSize < 0 ? Infinity : bufferSize;
    while (this.#numKept > most || (this.#keptBytes > KEPT_BYTES_MAX && this.#numKept > 1)) {
      const oldest = this.#passes[this.#first++];
      if (oldest !== undefined) this.#keptBytes -= bytesOf(oldest);
    }
    // Removing from the front of an array one by one would cost its length each time.
    if (this.#first > this.#numKept) this.#compact();
  }

  get #numKept(): number {
    return this.#passes.length - this.#first;
  }

  #compact(): void {
    this.#passes = this.#passes.slice(this.#first);
    this.#first = 0;
  }

  #clear(): void {
    this.#totals.reset();
    this.#passes = [];
    this.#first = 0;
    this.#keptBytes = 0;
  }
}

/** How often the rows took each expert: `[numLayers, numExperts]`. */
function countExperts(recording: ExpertRecording, { experts }: RoutedRows): Uint32Array {
  const { layers, topK, numLayers, numExperts } = recording;
  const counts = new Uint32Array(numLayers * numExperts);
  const width = layers.length * topK;
  if (width === 0 || experts.length % width !== 0) {
    throw new RangeError(`${experts.length} choices of experts in rows of ${width}`);
  }
  experts.forEach((expert, i) => {
    const layer = layers[Math.floor((i % width) / topK)] ?? 0;
    if (expert >= numExperts) throw new RangeError(`expert ${expert} of ${numExperts}`);
    const at = layer * numExperts + expert;
    counts[at] = (counts[at] ?? 0) + 1;
  });
  return counts;
}

function tokensOf({ routing, numPrefillRows }: RecordPass): ExpertTokens {
  const extendSeqLens = new Int32Array(numPrefillRows);
  for (const planRow of routing.planRows) {
    if (planRow < numPrefillRows) extendSeqLens[planRow] = (extendSeqLens[planRow] ?? 0) + 1;
  }
  const numExtended = extendSeqLens.reduce((sum, length) => sum + length, 0);
  return {
    inputIds: routing.tokens,
    positions: routing.positions,
    extendSeqLens: extendSeqLens.filter((length) => length > 0),
    forwardMode: modeOf(numExtended, routing.tokens.length),
    experts: routing.experts,
  };
}

function modeOf(numExtended: number, numRows: number): ForwardMode {
  if (numExtended === 0) return FORWARD_MODE.decode;
  return numExtended === numRows ? FORWARD_MODE.extend : FORWARD_MODE.mixed;
}

function bytesOf({ counts, tokens }: ExpertPass): number {
  if (tokens === null) return counts.byteLength;
  return counts.byteLength + 2 * tokens.inputIds.byteLength + tokens.experts.byteLength;
}
