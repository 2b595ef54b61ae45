import { acceptLength } from '../../core/acceptance.js';
import { publicArgs, type ResolvedArgs } from '../../config/server-args.js';
import type { Bound } from '../../core/bound.js';
import type { DeviceFacts } from '../../core/device-facts.js';
import { kvBytesPerToken, stateBytes } from '../../core/model-spec.js';
import { NO_GENERATION, treeKey, type DeviceState, type TreeState } from '../../messages.js';
import type { Adapters } from '../../engine/adapters.js';
import type { CacheReads } from '../../engine/cache-reads.js';
import type { Engine } from '../../engine/engine.js';
import { maxPromptTokens } from '../../engine/fit-request.js';
import { jsonResponse, plainResponse } from '../../http/http.js';
import type { ServedModel, ServingLimits } from '../../engine/served-model.js';
import type { Handler, Method, Route } from '../../http/router.js';
import { renderModelInfo } from './model-info.js';

export interface InfoDeps {
  readonly args: ResolvedArgs;
  readonly version: string;
  readonly engine: Engine;
  readonly model: ServedModel;
  readonly limits: ServingLimits;
  /** Default: LoRA is off. */
  readonly adapters?: Pick<Adapters, 'loaded'> | null;
  readonly bounds: readonly Bound[];
  readonly cache: Pick<CacheReads, 'snapshot'>;
  /** By rank; null before its first device. */
  readonly readFacts: () => readonly (DeviceFacts | null)[];
}

const BYTES_PER_GB = 1024 ** 3;

/** What the server is and how full it is, under all of SGLang's names for it. */
export function createInfoRoutes(deps: InfoDeps): readonly Route[] {
  const get = (path: string, read: () => unknown): Route => route(['GET'], path, read);
  const modelInfo = (): unknown => renderModelInfo(deps.model, deps.args);
  const serverInfo = (): unknown => renderServerInfo(deps);
  const poolSize = (): unknown => renderPoolSize(deps);
  return [
    get('/get_model_info', modelInfo),
    get('/model_info', modelInfo),
    get('/get_server_info', serverInfo),
    get('/server_info', serverInfo),
    get('/get_server_args', () => renderArgs(deps)),
    route(['GET', 'POST'], '/get_memory_pool_size', poolSize),
    get('/get_max_total_num_tokens', () => ({
      max_total_num_tokens: deps.limits.maxTotalTokens,
    })),
    get('/limits', () => ({ limits: deps.bounds })),
    get('/', () => 'SGLang is running'),
    { methods: ['GET'], path: '/ping', access: 'key', handler: ping },
  ];
}

const ping: Handler = (_, reply) => {
  reply.send(plainResponse(200));
};

function route(methods: readonly Method[], path: string, read: () => unknown): Route {
  return {
    methods,
    path,
    access: 'key',
    handler: async (_, reply) => {
      reply.send(jsonResponse(200, await read()));
    },
  };
}

function renderArgs({ args, model, limits, adapters = null }: InfoDeps): Record<string, unknown> {
  return {
    ...publicArgs(args),
    model_path: model.weights.modelPath,
    weight_version: model.weights.version,
    tokenizer_path: model.tokenizerPath,
    served_model_name: model.servedName,
    context_length: model.spec.contextLength,
    max_total_tokens: limits.maxTotalTokens,
    max_running_requests: limits.maxRunningRequests,
    is_embedding: model.spec.embedding !== null,
    ...(adapters !== null && {
      enable_lora: true,
      loaded_adapters: adapters.loaded.map(({ name, path, pinned }) => ({
        lora_name: name,
        lora_path: path,
        pinned,
      })),
    }),
  };
}

async function renderServerInfo(deps: InfoDeps): Promise<unknown> {
  const [{ devices }, trees] = await Promise.all([
    deps.engine.desk.readState(),
    deps.cache.snapshot(),
  ]);
  const { model, limits } = deps;
  return {
    ...renderArgs(deps),
    status: 'ready',
    max_total_num_tokens: limits.maxTotalTokens,
    max_req_input_len: maxPromptTokens({
      contextLength: model.spec.contextLength,
      maxTotalTokens: limits.maxTotalTokens,
    }),
    internal_states: devices.map((state) => ({
      ...renderInternalState(state, deps),
      radix_tree: renderTree(trees.find(({ tree }) => tree === treeKey(state.device))),
    })),
    kept_linears: renderKept(model),
    version: deps.version,
  };
}

/** Linears in the checkpoint's own blocks, of how many; null = there are none. */
function renderKept({ weights }: ServedModel): unknown {
  if (weights.kept === null) return null;
  const { kept, of, byKind = {} } = weights.kept;
  const kinds = Object.entries(byKind).map(([kind, [count, all]]) => [
    kind,
    { kept: count, of: all },
  ]);
  return { kept, of, by_kind: Object.fromEntries(kinds) as unknown };
}

/** Null while a device comes or goes. */
function renderTree(tree: TreeState | undefined): unknown {
  return tree === undefined ? null : { num_nodes: tree.numNodes, epoch: tree.epoch };
}

function renderInternalState(state: DeviceState, deps: InfoDeps): Record<string, unknown> {
  const { spec } = deps.model;
  const { kvPool, statePool } = state;
  return {
    ...renderArgs(deps),
    dp_rank: state.device.rank,
    device_generation: state.device.generation === NO_GENERATION ? null : state.device.generation,
    num_running_reqs: state.numRunning,
    num_used_tokens: state.numUsedTokens,
    last_gen_throughput: state.lastGenThroughput,
    ...(state.load.drafts && { avg_spec_accept_length: acceptLength(state.load.drafts) }),
    memory_usage: {
      weight: spec.weightBytes / BYTES_PER_GB,
      kvcache: (kvPool.totalTokens * kvBytesPerToken(spec)) / BYTES_PER_GB,
      token_capacity: kvPool.totalTokens,
      graph: 0,
      ...(statePool && { mamba: (statePool.total * stateBytes(spec)) / BYTES_PER_GB }),
    },
    effective_max_running_requests_per_dp: deps.limits.maxRunningRequests,
    use_mla_backend: false,
    determinism: deps.readFacts()[state.device.rank]?.determinism ?? null,
    kv_pool: {
      total_tokens: kvPool.totalTokens,
      free_tokens: kvPool.freeTokens,
      cached_tokens: kvPool.cachedTokens,
      held_tokens: kvPool.heldTokens,
    },
    ...(statePool && {
      state_pool: {
        total_states: statePool.total,
        free_states: statePool.free,
        cached_states: statePool.cached,
        held_states: statePool.held,
      },
    }),
  };
}

/** A bare number; with several devices a list of numbers. */
function renderPoolSize({ args, limits }: InfoDeps): unknown {
  const size = limits.maxTotalTokens;
  return args.dpSize === 1 ? size : Array.from({ length: args.dpSize }, () => size);
}
