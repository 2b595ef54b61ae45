import type { ServerArgs } from '../config/server-args.js';
import { determinismNames, type DeviceFacts } from '../core/device-facts.js';
import { StartupError } from '../core/errors.js';

/** @throws StartupError where answers are not to depend on what else happens, and a device cannot keep that */
export function requireDeterminism(
  { enableDeterministicInference }: Pick<ServerArgs, 'enableDeterministicInference'>,
  facts: readonly (DeviceFacts | null)[],
): void {
  if (!enableDeterministicInference) return;
  for (const [rank, fact] of facts.entries()) {
    if (fact === null) continue;
    const { lost } = determinismNames(fact.determinism);
    if (lost.length === 0) continue;
    throw new StartupError(
      `--enable-deterministic-inference is not possible: device ${rank} (${fact.kind}) gives other bits in ` +
        `${lost.join(' and in ')}. ${fact.kind === 'cpu' ? 'Leave --disable-batch-invariance out' : 'Use --device cpu, or leave it out'}.`,
    );
  }
}
