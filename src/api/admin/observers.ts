import type { ResolvedArgs } from '../../config/server-args.js';
import { kvBytesPerToken } from '../../core/model-spec.js';
import { resolveBuckets } from '../../observability/buckets.js';
import type { Logger } from '../../observability/logger.js';
import { Metrics } from '../../observability/metrics.js';
import { Profiler } from '../../observability/profiler.js';
import { RequestLog } from '../../observability/request-log.js';
import { createLoggingRoutes } from './logging.js';
import { createMetricsRoutes } from './metrics.js';
import { createProfileRoutes } from './profile.js';
import type { Adapters } from '../../engine/adapters.js';
import type { Engine } from '../../engine/engine.js';
import type { ServedModel, ServingLimits } from '../../engine/served-model.js';
import type { Route } from '../../http/router.js';

export interface ObserverDeps {
  readonly args: ResolvedArgs;
  readonly engine: Engine;
  readonly model: ServedModel;
  readonly limits: ServingLimits;
  /** Default: LoRA is off. */
  readonly adapters?: Adapters | null;
  /** Where profiles go that name no folder. */
  readonly profilerDir: string;
  readonly log: Logger;
}

/** Starts what watches the engine, and gives the routes to it: metrics, request log, profiler. */
export function createObserverRoutes(deps: ObserverDeps): readonly Route[] {
  const { args, engine, log } = deps;
  const line = (text: string): void => {
    log.info(text);
  };
  const requests = new RequestLog(
    { isOn: args.logRequests, level: args.logRequestsLevel, format: args.logRequestsFormat },
    line,
  );
  requests.observe(engine.events);
  return [
    ...(args.enableMetrics ? createMetricsRoutes(engine, metricsOf(deps)) : []),
    ...createLoggingRoutes(requests, log),
    ...createProfileRoutes(new Profiler(engine.desk.steps, line), deps.profilerDir),
  ];
}

function metricsOf({ args, engine, model, limits, adapters }: ObserverDeps): Metrics {
  const { spec } = model;
  const metrics = new Metrics({
    modelName: model.servedName,
    numDevices: args.dpSize,
    buckets: resolveBuckets(args),
    constants: {
      maxTotalTokens: limits.maxTotalTokens,
      pageSizeTokens: args.pageSize,
      contextLength: spec.contextLength,
      weightBytes: spec.weightBytes,
      kvCacheBytes: limits.maxTotalTokens * kvBytesPerToken(spec),
      numLoraSlots: adapters?.bounds.maxPerBatch ?? 0,
    },
  });
  metrics.observe(engine.events);
  return metrics;
}
