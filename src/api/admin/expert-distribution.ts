import { RequestError } from '../../core/errors.js';
import type { ExpertMode } from '../../core/expert-recording.js';
import type { ExpertAction } from '../../messages.js';
import { writeExpertDump } from '../../observability/expert-dump-files.js';
import type { Logger } from '../../observability/logger.js';
import type { Engine } from '../../engine/engine.js';
import { plainResponse } from '../../http/http.js';
import type { Route } from '../../http/router.js';

const MODE_UNSET =
  'Please set ServerArgs.expert_distribution_recorder_mode to use ExpertDistributionRecorder.';

const DONE: Readonly<Record<ExpertAction, string>> = {
  start: 'Start recording the expert distribution.\n',
  stop: 'Stop recording the expert distribution.\n',
  dump: 'Dump expert distribution record.\n',
};

export interface ExpertRouteDeps {
  readonly engine: Engine;
  /** `--expert-distribution-recorder-mode` */
  readonly mode: ExpertMode | null;
  /** Where dumps go; made when it is not there. */
  readonly folder: string;
  readonly log: Logger;
}

/** `/{start,stop,dump}_expert_distribution_record`. */
export function createExpertRoutes(deps: ExpertRouteDeps): readonly Route[] {
  return (['start', 'stop', 'dump'] as const).map((action) => ({
    methods: ['GET', 'POST'],
    path: `/${action}_expert_distribution_record`,
    access: 'admin',
    handler: async (_, reply) => {
      if (deps.mode === null) throw new RequestError('INVALID_REQUEST', MODE_UNSET);
      await record(deps, action);
      reply.send(plainResponse(200, DONE[action]));
    },
  }));
}

async function record(
  { engine, folder, log }: ExpertRouteDeps,
  action: ExpertAction,
): Promise<void> {
  const dump = await engine.desk.recordExperts(action);
  if (dump === null) return;
  const paths = await writeExpertDump(folder, dump, Date.now() / 1000);
  for (const path of paths) log.info(`Write expert distribution to ${path}`);
}
