import { acceptLength, acceptRate } from '../../core/acceptance.js';
import { refuseBody } from '../../core/errors.js';
import { kvBytesPerToken } from '../../core/model-spec.js';
import type { DeviceState } from '../../messages.js';
import { tokenUsage, utilization } from '../../observability/usage.js';
import type { Adapters } from '../../engine/adapters.js';
import type { Engine } from '../../engine/engine.js';
import { jsonResponse, type FullResponse, type HttpRequest } from '../../http/http.js';
import type { ServedModel } from '../../engine/served-model.js';
import type { Handler, Route } from '../../http/router.js';

export interface LoadsDeps {
  readonly engine: Engine;
  readonly model: ServedModel;
  readonly version: string;
  /** Default: LoRA is off. */
  readonly adapters?: Pick<Adapters, 'bounds'> | null;
}

const BYTES_PER_GB = 1024 ** 3;
/** `disagg` is a name of SGLang's for what this server does not have: an empty section. */
const SECTIONS = ['core', 'memory', 'spec', 'lora', 'disagg', 'queues', 'all'] as const;
type Section = (typeof SECTIONS)[number];

/** How busy each device is: `/get_load`, which routers read, and the detailed `/v1/loads`. */
export function createLoadRoutes(deps: LoadsDeps): readonly Route[] {
  return [
    { methods: ['GET'], path: '/get_load', access: 'key', handler: getLoad(deps) },
    { methods: ['GET'], path: '/v1/loads', access: 'key', handler: getLoads(deps) },
  ];
}

function getLoad({ engine }: LoadsDeps): Handler {
  return async (_, reply) => {
    const { devices } = await engine.desk.readState();
    const loads = devices.map(({ device, numRunning, numUsedTokens, load }) => ({
      dp_rank: device.rank,
      num_reqs: numRunning + load.numWaiting,
      num_waiting_reqs: load.numWaiting,
      num_tokens: numUsedTokens + load.numWaitingTokens,
    }));
    reply.send(jsonResponse(200, loads));
  };
}

function getLoads(deps: LoadsDeps): Handler {
  return async (request, reply) => {
    const sections = sectionsOf(request);
    const rank = rankOf(request);
    const format = request.query.get('format') ?? 'json';
    if (format !== 'json' && format !== 'prometheus')
      refuseBody('format must be json or prometheus.');
    const { devices } = await deps.engine.desk.readState();
    const chosen = devices.filter(({ device }) => rank === null || device.rank === rank);
    const loads = chosen.map((state) => renderLoad(state, sections, deps));
    reply.send(format === 'json' ? asJson(loads, deps) : asPrometheus(loads));
  };
}

interface Load {
  readonly dp_rank: number;
  readonly [key: string]: number | Readonly<Record<string, number>>;
}

function renderLoad(
  state: DeviceState,
  sections: ReadonlySet<Section>,
  { model, engine, adapters = null }: LoadsDeps,
): Load {
  const { load, kvPool } = state;
  const numPlaces = adapters?.bounds.maxPerBatch ?? 0;
  return {
    dp_rank: state.device.rank,
    ...(sections.has('core') ? core(state) : {}),
    ...(sections.has('memory') && {
      memory: {
        weight_gb: model.spec.weightBytes / BYTES_PER_GB,
        kv_cache_gb: (kvPool.totalTokens * kvBytesPerToken(model.spec)) / BYTES_PER_GB,
        graph_gb: 0,
        token_capacity: kvPool.totalTokens,
      },
    }),
    ...(sections.has('spec') &&
      load.drafts && {
        speculative: {
          accept_length: acceptLength(load.drafts),
          accept_rate: acceptRate(load.drafts),
        },
      }),
    ...(sections.has('lora') &&
      numPlaces > 0 && {
        lora: {
          slots_used: load.numAdapters,
          slots_total: numPlaces,
          utilization: load.numAdapters / numPlaces,
        },
      }),
    ...(sections.has('queues') && {
      queues: {
        waiting: load.numWaiting,
        grammar: 0,
        paused: engine.numHeld,
        retracted: load.numRetracted,
      },
    }),
  };
}

function core(state: DeviceState) {
  const { numRunning, numUsedTokens, lastGenThroughput, load, kvPool } = state;
  return {
    num_running_reqs: numRunning,
    num_waiting_reqs: load.numWaiting,
    num_waiting_uncached_tokens: load.numWaitingUncachedTokens,
    num_used_tokens: numUsedTokens,
    num_total_tokens: numUsedTokens + load.numWaitingTokens,
    max_total_num_tokens: kvPool.totalTokens,
    max_running_requests: load.maxRunning,
    token_usage: tokenUsage(state),
    gen_throughput: lastGenThroughput,
    cache_hit_rate: load.cacheHitRate,
    utilization: utilization(state),
  };
}

function asJson(loads: readonly Load[], { version }: LoadsDeps): FullResponse {
  return jsonResponse(200, {
    timestamp: new Date().toISOString(),
    version,
    accelerator: null,
    num_accelerators: loads.length,
    loads,
  });
}

/** One gauge per number, those of a section under its name. */
function asPrometheus(loads: readonly Load[]): FullResponse {
  const gauges = new Map<string, string[]>();
  for (const { dp_rank, ...values } of loads) {
    for (const [name, value] of Object.entries(values)) {
      const numbers = typeof value === 'number' ? { '': value } : value;
      for (const [part, number] of Object.entries(numbers)) {
        const gauge = `sglang_${name}${part === '' ? '' : `_${part}`}`;
        const lines = gauges.get(gauge) ?? [];
        lines.push(`${gauge}{dp_rank="${dp_rank}"} ${number}`);
        gauges.set(gauge, lines);
      }
    }
  }
  const body = [...gauges].flatMap(([name, lines]) => [`# TYPE ${name} gauge`, ...lines]);
  const headers = { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' };
  return { status: 200, headers, body: `${body.join('\n')}\n` };
}

function sectionsOf({ query }: HttpRequest): ReadonlySet<Section> {
  const names = (query.get('include') ?? 'all').split(',').map((name) => name.trim());
  const unknown = names.filter((name) => !SECTIONS.some((section) => section === name));
  if (unknown.length > 0)
    refuseBody(`Invalid include sections: ${unknown.join(', ').slice(0, 200)}`);
  return new Set(names.includes('all') ? SECTIONS : (names as Section[]));
}

function rankOf({ query }: HttpRequest): number | null {
  const text = query.get('dp_rank');
  if (text === null) return null;
  if (!/^\d+$/.test(text)) refuseBody('dp_rank must be an integer.');
  return Number(text);
}
