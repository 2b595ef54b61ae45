import { ON_CPU } from '../../../src/model/target.js';
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Test } from 'tap';
import { loadHostEnv, loadServerArgs, type HostEnv } from '../../../src/config/load.js';
import type { ServerArgs } from '../../../src/config/server-args.js';
import type { WeightOrigin, WeightOutcome, WeightUpdate } from '../../../src/engine/control.js';
import { ServedWeights } from '../../../src/engine/served-weights.js';
import { Exclusive } from '../../../src/fleet/exclusive.js';
import type { LoadContext } from '../../../src/fleet/load-context.js';
import { prepareFolder } from '../../../src/fleet/prepare-folder.js';
import { TemporaryFolders } from '../../../src/fleet/temporary-folders.js';
import { WeightUpdater, type WeightUpdaterDeps } from '../../../src/fleet/weight-updater.js';
import { HubCache } from '../../../src/model/source/hub-cache.js';
import { runQuantizeJob } from '../../../src/model/quantize/run-job.js';
import { createLogger } from '../../../src/observability/logger.js';
import { roundingHere, type Rounding } from '../../doubles/rounding.js';
import { FleetRig } from './fleet-rig.js';

/** The model that runs, 64 wide. */
export const RUNNING = fixture('llama-blocks');
/** A model whose tensors have other shapes. */
export const OTHER_SHAPES = fixture('llama-tied');
export const NORM = 'model.norm.weight';

/** A weight updater over a fleet without threads, with weights that are really read. */
export class UpdateRig {
  readonly fleetRig: FleetRig;
  readonly served = new ServedWeights(RUNNING, 'v0');
  readonly changes = new Exclusive();
  readonly lines: string[];
  readonly updater: WeightUpdater;
  /** The first request on a new device. */
  prove: WeightUpdaterDeps['prove'] = () => Promise.resolve();
  availableBytes = Infinity;
  /** Bytes of one set of weights. */
  readonly weightBytes: number;
  readonly rounding: Rounding;
  readonly #folder: string;
  #numCopies = 0;

  /** What the engine says of its requests. */
  readonly requests = { isFrozen: false, numLive: 0 };

  private constructor(
    { fleetRig, context, folder, lines, rounding, draftBytes }: RigParts,
    running: Prepared,
  ) {
    this.fleetRig = fleetRig;
    this.rounding = rounding;
    this.lines = lines;
    this.#folder = folder;
    this.weightBytes = running.spec.weightBytes;
    this.updater = new WeightUpdater({
      context,
      fleet: fleetRig.fleet,
      engine: Object.assign(this.requests, {
        abortScheduled: () => fleetRig.story.push('abort all'),
        hold: () => fleetRig.story.push('hold'),
        letIn: () => fleetRig.story.push('let in'),
      }),
      prove: (...given) => this.prove(...given),
      availableBytes: () => this.availableBytes,
      served: this.served,
      running,
      draftBytes,
      adapters: null,
      changes: this.changes,
    });
  }

  /** Weights are quantized, and no cache keeps them: each set has a temporary folder. */
  static quantizing(test: Test): Promise<UpdateRig> {
    // Below a file there can be no folder.
    const quantizationCacheDir = join(test.testdirName, 'file', 'cache');
    return UpdateRig.serving(test, { quantization: 'int8', quantizationCacheDir });
  }

  static async serving(
    test: Test,
    flags: Partial<ServerArgs> = {},
    draftBytes = 0,
  ): Promise<UpdateRig> {
    const folder = test.testdir({ tmp: {}, cache: {}, models: {}, file: '' });
    const lines: string[] = [];
    const args = { ...loadServerArgs(new Map(), null, {}).args, ...flags };
    const rounding = roundingHere();
    const context: LoadContext = {
      args,
      env: environment(folder),
      log: createLogger({
        sink: { write: (line) => lines.push(line) },
        level: 'info',
        useColor: false,
        now: () => new Date(0),
      }),
      runJob: (job) => {
        runQuantizeJob(job);
        return Promise.resolve();
      },
      calibrate: () => Promise.reject(new Error('nothing is calibrated here')),
      roundLayer: rounding.roundLayer,
      memoryBytes: null,
      temporary: new TemporaryFolders(join(folder, 'tmp')),
      device: ON_CPU,
      // The model has none of its own.
      tokenizerFolder: join('config', 'tiny'),
    };
    const running = await prepareFolder(context, RUNNING);
    const fleetRig = await FleetRig.serving(args.dpSize);
    fleetRig.yard.onStart = (device) => {
      device.becomeReady();
    };
    return new UpdateRig({ fleetRig, context, folder, lines, rounding, draftBytes }, running);
  }

  fromDisk(modelPath: string, more: Partial<WeightUpdate> = {}): Promise<WeightOutcome> {
    return this.update({ kind: 'disk', modelPath, loadFormat: null }, more);
  }

  fromTensors(...parts: readonly Uint8Array[]): Promise<WeightOutcome> {
    return this.update({ kind: 'tensors', parts });
  }

  update(source: WeightOrigin, more: Partial<WeightUpdate> = {}): Promise<WeightOutcome> {
    return this.updater.update({ source, abortAllRequests: false, weightVersion: null, ...more });
  }

  /** The first number of the last norm of the weights that serve. */
  norm(): number {
    return (this.updater.read(NORM, 4) as readonly number[])[0] ?? NaN;
  }

  async temporaryFolders(): Promise<readonly string[]> {
    return (await readdir(join(this.#folder, 'tmp'))).sort();
  }

  /** The running model as a repository that the hub's cache has whole, under the revision `main`. */
  async cacheRepository(repo: string): Promise<void> {
    const { hubCacheDir } = environment(this.#folder);
    const cache = new HubCache(hubCacheDir, repo);
    const commit = '0123456789'.repeat(4);
    await cp(RUNNING, cache.snapshot(commit), { recursive: true });
    await cache.writeRef('main', commit);
  }

  /** A folder with the running model, but for what `change` did to its configuration. */
  async copy(change: (config: Record<string, unknown>) => unknown = () => 0): Promise<string> {
    const copied = join(this.#folder, 'models', String(this.#numCopies++));
    await mkdir(copied);
    await cp(RUNNING, copied, { recursive: true });
    const path = join(copied, 'config.json');
    const config = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
    const changed = change(config);
    await writeFile(path, typeof changed === 'string' ? changed : JSON.stringify(config));
    return copied;
  }
}

interface RigParts {
  readonly fleetRig: FleetRig;
  readonly context: LoadContext;
  /** For all that is written. */
  readonly folder: string;
  readonly lines: string[];
  readonly rounding: Rounding;
  readonly draftBytes: number;
}

type Prepared = Awaited<ReturnType<typeof prepareFolder>>;

function environment(folder: string): HostEnv {
  return loadHostEnv({ HF_HUB_OFFLINE: '1', XDG_CACHE_HOME: join(folder, 'cache') });
}

/** Tests run from the repository's root. */
function fixture(name: string): string {
  return join(process.cwd(), 'test', 'fixtures', 'families', name);
}
