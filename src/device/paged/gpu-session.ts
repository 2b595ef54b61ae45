import type { DeviceKind } from '../../core/device-kind.js';
import type { GpuLock } from '../gpu-lock.js';
import {
  OrtSession,
  type Provider,
  type SessionExtras,
  type SessionModel,
  type Tensors,
} from '../ort.js';

/** Where a GPU device is. */
export interface GpuPlace {
  readonly kind: Exclude<DeviceKind, 'cpu'>;
  /** CUDA's number of the card. WebGPU takes its process's adapter. */
  readonly card: number;
  /** `--enable-deterministic-inference`: speed is not to cost the bits of a row. */
  readonly isDeterministic: boolean;
  readonly lock: GpuLock;
}

/** A session on a GPU; of WebGPU, whatever touches it holds the process's lock. */
export class GpuSession {
  readonly #session: OrtSession;
  readonly #place: GpuPlace;

  private constructor(session: OrtSession, place: GpuPlace) {
    this.#session = session;
    this.#place = place;
  }

  /** By default a graph that the GPU cannot run as a whole is an error. */
  static async create(
    model: SessionModel,
    place: GpuPlace,
    extras: SessionExtras = { requirePlacement: true },
  ): Promise<GpuSession> {
    const options = { numThreads: 1, spinning: false };
    const create = (): Promise<OrtSession> =>
      OrtSession.create(model, options, providerOf(place), extras);
    return new GpuSession(await alone(place, create), place);
  }

  /** Copies of the outputs `names`. */
  fetch(feeds: Tensors, names: readonly string[]): Promise<Tensors> {
    return alone(this.#place, () => this.#session.fetch(feeds, names));
  }

  endProfile(): Promise<void> {
    return alone(this.#place, async () => {
      this.#session.endProfile();
      return Promise.resolve();
    });
  }

  release(): Promise<void> {
    return alone(this.#place, () => this.#session.release());
  }
}

function alone<T>({ kind, lock }: GpuPlace, work: () => Promise<T>): Promise<T> {
  return kind === 'webgpu' ? lock.hold(work) : work();
}

function providerOf({ kind, card }: GpuPlace): Provider {
  return kind === 'webgpu' ? kind : { name: kind, deviceId: card };
}
