import type { DeviceControl, MemoryControl, WeightControl } from '../engine/control.js';
import { createAuth } from '../http/auth.js';
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
import type { TreeState } from '../messages.js';
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
import { WsEndpoint, wsRoute } from './ws/endpoint.js';

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
  /** Every radix tree as it is now. */
  readonly readTrees: () => Promise<readonly TreeState[]>;
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
  const { onFailed } = deps;
  const isAllowed = createAuth(deps.args.apiKey, deps.args.adminApiKey);
  const routes = withOpenApi(
    routesOf(deps, { generation, openAi, responses, isDraining: () => isDraining }),
    { version: deps.version, isDisabled: deps.hidesOpenApi, isAllowed },
  );
  const route = createRouter({ routes, isAllowed, onError });
  const sockets = new WsEndpoint({
    isAllowed,
    onError,
    onFailed,
    answerers: {
      generate: (body, sink, asker) => generate(body, sink, generation, asker),
      ...openAi,
    },
  });
  const responsesSockets = new ResponsesSockets({ deps: responses, isAllowed, onFailed });
  return {
    inside: { handle: route, sockets: [sockets, responsesSockets] },
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
