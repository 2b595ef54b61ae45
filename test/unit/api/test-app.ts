import { FULLY_DETERMINISTIC } from '../../../src/core/device-facts.js';
import { tmpdir } from 'node:os';
import { resolveDeviceArgs } from '../../../src/boot/resolve-device-args.js';
import type { ResolvedArgs, ServerArgs } from '../../../src/config/server-args.js';
import { flagEntries, camelCase } from '../../../src/config/server-args.js';
import type { SamplingDefaults } from '../../../src/core/sampling-params.js';
import type { FaultKind, WeightUpdate } from '../../../src/engine/control.js';
import type { TreeState } from '../../../src/messages.js';
import { createLogger } from '../../../src/observability/logger.js';
import { chooseEngine } from '../../../src/http/engine.js';
import { failureLines } from '../../../src/api/failure-lines.js';
import { createGate } from '../../../src/api/front-gate.js';
import { createApp, type App, type AppDeps } from '../../../src/api/app.js';
import { ServedWeights } from '../../../src/engine/served-weights.js';
import { Engine } from '../../../src/engine/engine.js';
import type { ServedModel } from '../../../src/engine/served-model.js';
import { NO_PARSERS } from '../../../src/text/model-parsers.js';
import { CacheActor } from '../../../src/cache/cache-actor.js';
import { cacheReads } from '../../doubles/cache-reads.js';
import { ScriptedScheduler } from '../../doubles/scripted-scheduler.js';
import { EOS, tinyTokenizer, VOCAB_SIZE } from './tiny-tokenizer.js';

export const CONTEXT_LENGTH = 200;

const NO_DEFAULTS: SamplingDefaults = {
  temperature: null,
  topP: null,
  topK: null,
  minP: null,
  repetitionPenalty: null,
};

export interface TestApp {
  /** `close`: its sockets and its port. */
  readonly app: App & { readonly close: () => void };
  readonly scheduler: ScriptedScheduler;
  readonly engine: Engine;
  readonly url: string;
  readonly port: number;
  /** What the watchdog says. */
  readonly health: { isGood: boolean };
  /** What was logged. */
  readonly lines: readonly string[];
  readonly faults: [number, FaultKind][];
  /** What was asked of the owner of the devices. */
  readonly updates: WeightUpdate[];
  readonly memoryActs: string[];
  /** POST JSON, answer as status, headers and parsed body. */
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<JsonAnswer>;
}

export interface JsonAnswer {
  readonly status: number;
  readonly headers: Response['headers'];
  readonly text: string;
  readonly json: unknown;
}

const TREE: TreeState = {
  tree: '0:1',
  totalPages: 64,
  freePages: 62,
  evictablePages: 2,
  lockedPages: 0,
  leasedPages: 0,
  numNodes: 3,
  epoch: 1,
};

/** What no flag gives. */
export function presetArgs(): ServerArgs {
  return Object.fromEntries(
    flagEntries().map(([name, spec]) => [camelCase(name), spec.default]),
  ) as unknown as ServerArgs;
}

/** The same on the CPU. */
export function defaultArgs(): ResolvedArgs {
  return resolveDeviceArgs(presetArgs(), 'cpu', 64);
}

/** A tiny model with a byte-level vocabulary. */
export function servedModel(
  args: Pick<ServerArgs, 'weightVersion' | 'skipTokenizerInit'> = presetArgs(),
): ServedModel {
  return {
    spec: {
      architecture: 'LlamaForCausalLM',
      modelType: 'llama',
      numLayers: 2,
      numHeads: 2,
      numKvHeads: 1,
      headDim: 4,
      hiddenSize: 8,
      vocabSize: VOCAB_SIZE,
      contextLength: CONTEXT_LENGTH,
      slidingWindow: null,
      windows: [],
      moe: null,
      state: null,
      embedding: null,
      format: 'none',
      kvType: 'f32',
      weightBytes: 1024,
    },
    weights: new ServedWeights('models/tiny', args.weightVersion, {
      kept: 3,
      of: 9,
      byKind: { qkv: [3, 4] },
    }),
    tokenizerPath: 'models/tiny',
    servedName: 'org/tiny',
    numParameters: 256,
    tokenizer: args.skipTokenizerInit ? null : tinyTokenizer(),
    eosTokenIds: [EOS],
    chatTemplate: null,
    parsers: NO_PARSERS,
    samplingDefaults: NO_DEFAULTS,
    createdAt: 1_700_000_000,
  };
}

export async function startApp(
  overrides: Partial<ServerArgs> = {},
  model: Partial<ServedModel> = {},
  deps: Partial<AppDeps> = {},
): Promise<TestApp> {
  const scheduler = new ScriptedScheduler();
  const clock = { nowMs: () => performance.now() };
  const engine = new Engine({ scheduler, clock, onLog: () => undefined });
  const given = { ...defaultArgs(), port: 0, randomSeed: 7, ...overrides };
  const args = resolveDeviceArgs(given, 'cpu', 64);
  const faults: [number, FaultKind][] = [];
  const lines: string[] = [];
  const health = { isGood: true };
  const updates: WeightUpdate[] = [];
  const memoryActs: string[] = [];
  const memoryAct = (what: string, tags: readonly string[]): Promise<string | null> => {
    memoryActs.push(`${what} ${tags.join(' ')}`);
    return Promise.resolve(tags.length === 1 ? 'not now' : null);
  };
  const log = createLogger({
    sink: { write: (line) => lines.push(line) },
    level: 'info',
    useColor: false,
    now: () => new Date(0),
  });
  const { engine: http } = await chooseEngine(args.httpServer, false);
  const onFailed = failureLines(log);
  const gate = createGate(args, { engine: http, progress: () => 1, onFailed });
  const inside = await createApp({
    args,
    version: '0.0.0-test',
    engine,
    grammars: {
      prepare: (spec) => Promise.resolve(spec.kind === 'ebnf' ? 'it is bad' : null),
    },
    model: { ...servedModel(args), ...model },
    bounds: [{ what: 'a thing', value: 5, unit: 'count', note: null, flag: null }],
    limits: { maxTotalTokens: 1024, slotLength: CONTEXT_LENGTH, maxRunningRequests: 8 },
    expertRecorderDir: tmpdir(),
    healthCheckTimeoutMs: 100,
    ollamaRootRoute: null,
    cache: { ...cacheReads(new CacheActor()), snapshot: () => Promise.resolve([TREE]) },
    readFacts: () => [{ kind: 'cpu', determinism: FULLY_DETERMINISTIC }],
    profilerDir: tmpdir(),
    predictRoute: '/vertex_generate',
    hidesOpenApi: false,
    ...deps,
    weightControl: {
      update: (update) => {
        updates.push(update);
        return Promise.resolve({ success: false, message: 'no devices' });
      },
      read: () => null,
    },
    memoryControl: {
      release: (tags) => memoryAct('release', tags),
      resume: (tags) => memoryAct('resume', tags),
    },
    deviceControl: {
      failDevice: (rank, how) => {
        if (rank > 0) return false;
        faults.push([rank, how]);
        return true;
      },
      hangActor: () => undefined,
    },
    isHealthy: () => health.isGood,
    log,
    onFailed,
  });
  gate.open(inside.inside);
  const close = (): void => {
    inside.closeSockets();
    gate.close();
  };
  const app = { ...inside, close };
  const port = await gate.listen(args.host, args.port);
  const url = `http://127.0.0.1:${port}`;
  const post = async (
    path: string,
    body: unknown,
    headers: Record<string, string> = {},
  ): Promise<JsonAnswer> => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const all = { 'content-type': 'application/json', ...headers };
    return answerOf(await fetch(url + path, { method: 'POST', body: text, headers: all }));
  };
  return { app, scheduler, engine, url, port, health, lines, faults, updates, memoryActs, post };
}

export async function answerOf(response: Response): Promise<JsonAnswer> {
  const text = await response.text();
  let json: unknown = null;
  try {
    json = JSON.parse(text);
  } catch {
    json = null;
  }
  return { status: response.status, headers: response.headers, text, json };
}
