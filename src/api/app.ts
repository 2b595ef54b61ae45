import type { DeviceControl, MemoryControl, WeightControl } from '../engine/control.js';
import { createAuth, type AuthCheck } from '../http/auth.js';
import type { EncodeQueue } from '../engine/encode-queue.js';
import { createGeneration, type GenerationParts } from './generation.js';
import { withAnthropicModels } from './anthropic/models.js';
import { createAnthropicRoutes } from './anthropic/routes.js';
import { createDebugRoutes } from './admin/fail-device.js';
import { createInternalStateRoutes } from './admin/internal-state.js';
import { createPauseRoutes } from './admin/pause.js';
import { createCacheRoutes } from './admin/cache.js';
import { createExpertRoutes } from './admin/expert-distribution.js';
import { createLoraRoutes } from './admin/lora.js';
import { createMemoryRoutes } from './admin/memory.js';
import { createWeightRoutes } from './admin/weights.js';
import type { CacheReads } from '../engine/cache-reads.js';
import { logLines, type Logger } from '../observability/logger.js';
import { callsOf, type Calls } from './calls.js';
import type { EmbedDeps } from './embed/embed.js';
import { createEmbedRoutes } from './embed/routes.js';
import { createGenerateHandler, generate, type GenerateDeps } from './native/generate.js';
import { createHealthRoutes } from './native/health.js';
import type { DeviceFacts } from '../core/device-facts.js';
import type { Bound } from '../core/bound.js';
import { createInfoRoutes } from './native/info.js';
import { createLoadRoutes } from './native/loads.js';
import { createModelRoutes } from './native/models.js';
import { parseRoutes } from './native/parse-routes.js';
import { createSessionRoutes } from './native/session-routes.js';
import { tokenizerInfoRoute } from './native/tokenizer-info.js';
import { createVertexHandler } from './native/vertex.js';
import { createTokenizeRoutes } from './native/tokenize.js';
import { createOllamaRoutes } from './ollama/routes.js';
import { withOpenApi } from './openapi/routes.js';
import { createOpenAiRoutes, openAiAnswerers, type OpenAiAnswerers } from './openai/routes.js';
import type { ResponsesDeps } from './responses/prepare.js';
import { ResponsesSockets } from './responses/socket-endpoint.js';
import { createResponsesRoutes, responsesDeps } from './responses/routes.js';
import { createObserverRoutes } from './admin/observers.js';
import { createRouter, type Route } from '../http/router.js';
import type { FailedRequest } from '../http/failure-log.js';
import type { Inside } from '../http/gate.js';
import { FailureNotes } from './failure-notes.js';
import { promptParser } from './openai/prompt-parser.js';
import { WsEndpoint, wsRoute } from './ws/endpoint.js';
import { RightsRules } from './ws/rights.js';
import { explain, type ExplainDeps } from './ws/watch/explain.js';
import { WatchHub } from './ws/watch/watch-hub.js';

export interface AppDeps extends GenerationParts {
  readonly version: string;
  /** Where expert statistics are written. */
  readonly expertRecorderDir: string;
  /** Longest that `/health_generate` waits for an answer. */
  readonly healthCheckTimeoutMs: number;
  /** Where profiles go that name no folder. */
  readonly profilerDir: string;
  /** Where Vertex AI asks for predictions. */
  readonly predictRoute: string;
  /** `DISABLE_OPENAPI_DOC` */
  readonly hidesOpenApi: boolean;
  /** The path that says that Ollama is running; null = none. */
  readonly ollamaRootRoute: string | null;
  /** For `/limits`. */
  readonly bounds: readonly Bound[];
  /** The radix trees and expert counters as they are now. */
  readonly cache: CacheReads;
  /** By rank: what its device has found out about itself; null before the first. */
  readonly readFacts: () => readonly (DeviceFacts | null)[];
  readonly deviceControl: DeviceControl;
  /** False while a thread answers nothing. */
  readonly isHealthy: () => boolean;
  readonly weightControl: WeightControl;
  readonly memoryControl: MemoryControl;
  readonly log: Logger;
  /** Told of what is refused or fails on an open socket; of the rest a gate is told. */
  readonly onFailed: (request: FailedRequest) => void;
}

export interface App {
  /** What a gate opens to, of any number of gates. */
  readonly inside: Inside;
  /** The same without HTTP. */
  readonly calls: Calls;
  /** Requests that are not answered yet. */
  readonly numLive: () => number;
  /** Health turns 503 and new work is refused; settles when the last request ended. */
  beginDrain(): Promise<void>;
  /** Ends what runs and what waits, each with its reason. */
  abortAll(reason: string): void;
  /** Closes every WebSocket. */
  closeSockets(): void;
  /** The route table, for tests that walk it. */
  readonly routes: readonly Route[];
}

/** Everything that can be asked of an engine, by whatever way. @throws StartupError */
export async function createApp(deps: AppDeps): Promise<App> {
  let isDraining = false;
  const generation = await createGeneration(deps);
  const openAiDeps = { args: deps.args, model: deps.model, generation };
  const openAi = openAiAnswerers(openAiDeps);
  const onError = (error: unknown): void => {
    logLines(deps.log, 'error', `Internal server error: ${describe(error)}`);
  };
  const responses = responsesDeps(openAiDeps, onError);
  const isAllowed = createAuth(deps.args.apiKey, deps.args.adminApiKey);
  const routes = withOpenApi(
    routesOf(deps, { generation, openAi, responses, isDraining: () => isDraining }),
    { version: deps.version, isDisabled: deps.hidesOpenApi, isAllowed },
  );
  const route = createRouter({ routes, isAllowed, onError });
  const failures = new FailureNotes();
  const onFailed = (request: FailedRequest): void => {
    deps.onFailed(request);
    failures.note(request);
  };
  const watches = new WatchHub({ ...deps, failures, isDraining: () => isDraining }, onError);
  const explaining = explainDeps(deps, generation);
  const sockets = new WsEndpoint({
    rights: rightsRules(deps, isAllowed),
    onError,
    onFailed,
    watch: (body, sink, rights) => watches.watch(body, sink, rights),
    answerers: {
      generate: (body, sink, asker) => generate(body, sink, generation, asker),
      ...openAi,
      explain: (body, sink, asker) => explain(body, sink, explaining, asker),
    },
  });
  const responsesSockets = new ResponsesSockets({ deps: responses, isAllowed, onFailed });
  return {
    inside: { handle: route, sockets: [sockets, responsesSockets], onFailed: failures.note },
    calls: callsOf({ generation, openAi, embed: embedDeps(deps, generation) }),
    routes,
    numLive: () => deps.engine.numLive,
    beginDrain: () => {
      isDraining = true;
      return deps.engine.drain();
    },
    abortAll: (reason) => {
      deps.engine.abortByRid('', true, reason);
    },
    closeSockets: () => {
      sockets.closeAll();
      responsesSockets.closeAll();
    },
  };
}

interface Shared {
  readonly generation: GenerateDeps;
  readonly openAi: OpenAiAnswerers;
  readonly responses: ResponsesDeps;
  readonly isDraining: () => boolean;
}

function routesOf(
  deps: AppDeps,
  { generation, openAi, responses, isDraining }: Shared,
): readonly Route[] {
  const { args, engine } = deps;
  return [
    {
      methods: ['POST', 'PUT'],
      path: '/generate',
      access: 'key',
      handler: createGenerateHandler(generation),
    },
    {
      methods: ['POST'],
      path: deps.predictRoute,
      describedAs: '/vertex_generate',
      access: 'key',
      handler: createVertexHandler(generation),
    },
    wsRoute,
    ...createHealthRoutes({
      engine,
      isUnfit: () => isDraining() || !deps.isHealthy(),
      isGeneration: generation.isGeneration,
      timeoutMs: deps.healthCheckTimeoutMs,
    }),
    ...createOllamaRoutes({ ...deps, ...args, generation, encodeQueue: generation.encodeQueue }),
    ...createInfoRoutes(deps),
    ...withAnthropicModels(createModelRoutes(deps.model, deps.adapters ?? null), deps.model),
    ...createOpenAiRoutes(openAi, args.dpSize),
    ...createAnthropicRoutes({ args, model: deps.model, generation }),
    ...createResponsesRoutes(responses),
    ...createEmbedRoutes(embedDeps(deps, generation), generation),
    ...tokenizeRoutes(deps, generation.encodeQueue),
    ...parseRoutes,
    tokenizerInfoRoute(deps.model),
    ...createSessionRoutes(generation.sessions),
    ...createLoadRoutes(deps),
    ...createPauseRoutes(engine),
    ...createObserverRoutes(deps),
    ...createInternalStateRoutes(engine, args.dpSize),
    ...createCacheRoutes(engine),
    ...createWeightRoutes({
      engine,
      control: deps.weightControl,
      weights: deps.model.weights,
      dpSize: args.dpSize,
      hasVersionRoutes: args.compat !== '2026',
    }),
    ...createLoraRoutes(deps.adapters ?? null),
    ...createMemoryRoutes({ control: deps.memoryControl, isEnabled: args.enableMemorySaver }),
    ...createExpertRoutes({
      engine,
      mode: args.expertDistributionRecorderMode,
      folder: deps.expertRecorderDir,
      log: deps.log,
    }),
    ...(args.enableFaultInjection ? createDebugRoutes(deps.deviceControl) : []),
  ];
}

function rightsRules({ args }: AppDeps, isAllowed: AuthCheck): RightsRules {
  const { apiKey, adminApiKey } = args;
  return new RightsRules(isAllowed, { hasKey: apiKey !== null, hasAdminKey: adminApiKey !== null });
}

function explainDeps(deps: AppDeps, generation: GenerateDeps): ExplainDeps {
  const { args, model, cache } = deps;
  return {
    ...generation,
    cache,
    strict: args.enableDeterministicInference,
    isDisabled: args.disableRadixCache,
    parse: promptParser({ args, model, generation }),
  };
}

function embedDeps(deps: AppDeps, { encodeQueue }: GenerateDeps): EmbedDeps {
  return { ...deps, encodeQueue, allowAutoTruncate: deps.args.allowAutoTruncate };
}

function tokenizeRoutes({ model }: AppDeps, encodeQueue: EncodeQueue): readonly Route[] {
  const { tokenizer, chatTemplate } = model;
  const { contextLength } = model.spec;
  return createTokenizeRoutes({ tokenizer, chatTemplate, encodeQueue, contextLength });
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
