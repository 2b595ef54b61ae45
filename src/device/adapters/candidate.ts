import type { DeviceKind } from '../../core/device-kind.js';
import type { AdapterEnv } from './adapter-env.js';

/** The GPU of one rank. */
export interface RankGpu {
  /** CUDA's `deviceId`, or its place among the cards of WebGPU. */
  readonly index: number;
  readonly name: string;
  readonly pciSlot: string | null;
  /** Null where no driver says. */
  readonly memoryBytes: number | null;
  readonly isSoftware: boolean;
  /** What the rank's process must have in its environment before its first session. */
  readonly env: AdapterEnv;
}

/** What a host could run `--device` on. */
export interface Candidate {
  readonly kind: Exclude<DeviceKind, 'cpu'>;
  /** One a rank. */
  readonly gpus: readonly RankGpu[];
  readonly warnings: readonly string[];
}

/** A clause why there is no candidate, without its full stop. */
export type WhyNot = string;
