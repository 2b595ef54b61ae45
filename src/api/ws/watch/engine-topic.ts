import type { ObservedRequest } from '../../../observability/engine-events.js';
import type { StateRead } from '../../../messages.js';
import type { NotedFailure } from '../../failure-notes.js';
import { deviceStates, nameOf } from './device-states.js';
import { Latencies } from './latencies.js';
import type { WatchParts } from './parts.js';
import { StepLanes } from './step-lanes.js';
import type { TokenRates } from './token-rates.js';
import type {
  EngineState,
  FailureNote,
  FailuresState,
  LatencyState,
  ServerFacts,
} from './types.js';

/** What the devices do, and how that goes for requests. */
export class EngineTopic {
  readonly #parts: WatchParts;
  readonly #rates: TokenRates;
  readonly #lanes = new StepLanes();
  readonly #latencies = new Latencies(performance.now());
  readonly #stop: () => void;
  #read: StateRead | null = null;
  #latency: LatencyState | null = null;

  constructor(parts: WatchParts, rates: TokenRates) {
    this.#parts = parts;
    this.#rates = rates;
    const { desk, events } = parts.engine;
    const stopSteps = desk.steps.listen((step) => {
      this.#lanes.add(step);
    });
    const progressed = (request: ObservedRequest, nowMs: number): void => {
      if (request.input.isUnmetered !== true) this.#latencies.progressed(request, nowMs);
    };
    const finished = (request: ObservedRequest): void => {
      if (request.input.isUnmetered !== true) this.#latencies.finished(request);
    };
    events.on('progressed', progressed);
    events.on('finished', finished);
    this.#stop = () => {
      stopSteps();
      events.off('progressed', progressed);
      events.off('finished', finished);
    };
  }

  /** Nobody watches it any more: it listens to nothing. */
  end(): void {
    this.#stop();
  }

  /** @param isSample once a second, when percentiles are worth their sorting */
  take(read: StateRead, isSample: boolean): void {
    this.#read = read;
    this.#lanes.keep(new Set(read.devices.map(({ device }) => nameOf(device))));
    if (isSample) this.#latency = null;
    this.#latency ??= this.#latencies.state(performance.now());
  }

  /** Null before the first read. */
  state(showsText: boolean): EngineState | null {
    const { engine, args, failures } = this.#parts;
    if (this.#read === null || this.#latency === null) return null;
    return {
      server: serverFacts(this.#parts),
      state: this.#serving(),
      queued: this.#read.numQueued,
      held: engine.numHeld,
      devices: deviceStates(this.#read.devices, this.#lanes, args.pageSize),
      latency: this.#latency,
      failures: failuresState(failures, showsText),
      rates: this.#rates.rates.byNumber(),
    };
  }

  #serving(): EngineState['state'] {
    const { engine, isDraining } = this.#parts;
    if (isDraining()) return 'draining';
    return engine.isHolding ? 'paused' : 'serving';
  }
}

function serverFacts({ args, version, model, limits }: WatchParts): ServerFacts {
  const { spec, weights } = model;
  return {
    version,
    model: model.servedName,
    architecture: spec.architecture,
    is_embedding: spec.embedding !== null,
    quantization: spec.format,
    kv_dtype: spec.kvType,
    weight_version: weights.version,
    weight_updates: weights.numUpdates,
    limits: {
      context_length: spec.contextLength,
      max_total_tokens: limits.maxTotalTokens,
      max_running_requests: limits.maxRunningRequests,
      max_queued_requests: args.maxQueuedRequests,
      page_size: args.pageSize,
      devices: args.dpSize,
    },
  };
}

function failuresState(
  { numRefused, numFailed, newest }: WatchParts['failures'],
  showsText: boolean,
): FailuresState {
  const notes = newest.map((one) => [one.num, noteOf(one, showsText)] as const);
  return { refused: numRefused, failed: numFailed, newest: Object.fromEntries(notes) };
}

function noteOf(
  { atMs, status, path, rid, sentence }: NotedFailure,
  showsText: boolean,
): FailureNote {
  return {
    at: atMs,
    ...(status === null ? {} : { status }),
    ...(path === null ? {} : { path }),
    ...(rid == null ? {} : { rid }),
    ...(showsText ? { sentence } : {}),
  };
}
