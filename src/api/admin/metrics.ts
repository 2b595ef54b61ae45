import type { Metrics } from '../../observability/metrics.js';
import type { Engine } from '../../engine/engine.js';
import type { Route } from '../../http/router.js';

/** `/metrics`, with `--enable-metrics`. */
export function createMetricsRoutes(engine: Engine, metrics: Metrics): readonly Route[] {
  return [
    {
      methods: ['GET'],
      path: '/metrics',
      access: 'open',
      handler: async (_, reply) => {
        const body = await metrics.render(await engine.desk.readState(), engine.numHeld);
        const headers = { 'content-type': metrics.contentType };
        reply.send({ status: 200, headers, body });
      },
    },
  ];
}
