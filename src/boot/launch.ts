import { assemble, type AssembleOptions } from './assemble.js';
import { LoadingProgress } from './loading-progress.js';
import { openPort } from './open-port.js';
import { RunningServer } from './running-server.js';
import { warmUp } from './warm-up.js';

export type LaunchOptions = Omit<AssembleOptions, 'progress'>;

/**
 * A server: first its port, which says how far the model is, then what is behind it.
 * What can be wrong before the model is loaded is checked before it is loaded.
 *
 * @throws StartupError with one sentence
 */
export async function launch(options: LaunchOptions): Promise<RunningServer> {
  const { args, log } = options;
  const progress = new LoadingProgress();
  const port = await openPort(args, log, () => progress.fraction);
  const assembly = await assemble({ ...options, progress });
  port.open(assembly);
  return new RunningServer({
    ...assembly,
    port,
    firstRequest: args.skipServerWarmup ? null : () => warmUp(assembly),
    log,
  });
}
