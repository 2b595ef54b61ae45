import type { DeviceKind } from '../../core/device-kind.js';
import { StartupError } from '../../core/errors.js';
import type { Candidate, RankGpu, WhyNot } from './candidate.js';
import { cudaCandidate } from './cuda-candidate.js';
import type { HostAdapters } from './host-adapters.js';
import type { RankArgs } from './ranks.js';
import { webGpuCandidate } from './webgpu-candidate.js';

export interface DeviceArgs extends RankArgs {
  readonly device: DeviceKind | 'auto';
}

/** What the devices will be. */
export interface DeviceChoice {
  readonly kind: DeviceKind;
  /** What `auto` passed over and why; null where nobody chose. */
  readonly why: string | null;
  readonly warnings: readonly string[];
  /** One a rank; none for the CPU. */
  readonly gpus: readonly RankGpu[];
}

/** Tries a candidate out: null = it computes what it should, else a clause why not. */
export type Probe = (candidate: Candidate) => Promise<WhyNot | null>;

/** What is asked for by name, alone. */
export const ON_CPU: DeviceChoice = { kind: 'cpu', why: null, warnings: [], gpus: [] };

const CANDIDATES: Readonly<
  Record<Candidate['kind'], (host: HostAdapters, args: DeviceArgs) => Candidate | WhyNot>
> = {
  cuda: cudaCandidate,
  webgpu: (host, args) => webGpuCandidate(host, { ...args, takesSoftware: args.device !== 'auto' }),
};

/** The order of `auto`; the CPU is behind them. */
const AUTO: readonly Candidate['kind'][] = ['cuda', 'webgpu'];

/** What `auto` would try, in its order, and a clause why not of each other kind. */
export function autoCandidates(
  args: RankArgs,
  host: HostAdapters,
): readonly (readonly [kind: Candidate['kind'], found: Candidate | WhyNot])[] {
  return AUTO.map((kind) => [kind, CANDIDATES[kind](host, { ...args, device: 'auto' })]);
}

/**
 * What `--device` comes to on this host. `auto` takes the first candidate whose probe is good, never a software
 * adapter, and says of each that it passes over why.
 *
 * @throws StartupError where what is asked for by name cannot be
 */
export async function chooseDevice(
  args: DeviceArgs,
  host: HostAdapters,
  probe: Probe,
): Promise<DeviceChoice> {
  const { device } = args;
  if (device === 'cpu') return ON_CPU;
  if (device === 'auto') return await chooseAny(args, host, probe);
  const found = CANDIDATES[device](host, args);
  const hindrance = typeof found === 'string' ? found : await probe(found);
  if (hindrance === null && typeof found === 'object') return { ...found, why: null };
  throw new StartupError(`--device ${device} cannot be used: ${hindrance ?? ''}.`);
}

async function chooseAny(args: RankArgs, host: HostAdapters, probe: Probe): Promise<DeviceChoice> {
  const passed: string[] = [];
  for (const [kind, found] of autoCandidates(args, host)) {
    const hindrance = typeof found === 'string' ? found : await probe(found);
    if (hindrance === null && typeof found === 'object') {
      const names = found.gpus.map(({ name }) => name).join(', ');
      return { ...found, why: told([...passed, `so ${kind} (${names})`]) };
    }
    passed.push(`${kind}: ${hindrance ?? ''}`);
  }
  return { ...ON_CPU, why: told([...passed, 'so cpu']) };
}

function told(parts: readonly string[]): string {
  return `--device auto: ${parts.join('; ')}`;
}
