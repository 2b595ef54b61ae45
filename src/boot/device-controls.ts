import type { DeviceControl, MemoryControl, WeightControl } from '../engine/control.js';
import type { Engine } from '../engine/engine.js';
import type { ServedModel } from '../engine/served-model.js';
import { runCanary } from '../fleet/canary.js';
import type { ActorThreads } from './actor-threads.js';
import type { DeviceFleet } from '../fleet/device-fleet.js';
import { Exclusive } from '../fleet/exclusive.js';
import type { FleetAdapters } from '../fleet/fleet-adapters.js';
import type { LoadContext } from '../fleet/load-context.js';
import type { LoadedModel } from '../fleet/load-model.js';
import { MemoryOccupation } from '../fleet/memory-occupation.js';
import { WeightUpdater } from '../fleet/weight-updater.js';
import type { PreparedModel } from '../model/graph/contract.js';

interface ControlledParts extends Pick<LoadedModel, 'prepared'> {
  readonly served: Pick<ServedModel, 'weights'>;
  /** How the model was loaded. */
  readonly loading: LoadContext;
  /** Drafts for the model; null = none. */
  readonly draft: PreparedModel | null;
  /** Null = LoRA is off. */
  readonly adapters: FleetAdapters | null;
  readonly fleet: DeviceFleet;
  readonly engine: Engine;
  readonly actors: Pick<ActorThreads, 'hang'>;
  /** Of the devices' own memory; null = they use the machine's. */
  readonly freeBytes: number | null;
}

interface DeviceControls {
  readonly weightControl: WeightControl;
  readonly memoryControl: MemoryControl;
  readonly deviceControl: DeviceControl;
}

/** What the front end may do to the devices of a running server; weights and memory one change at a time. */
export function deviceControls(parts: ControlledParts): DeviceControls {
  const { loading, prepared, draft, adapters, served, fleet, engine, actors, freeBytes } = parts;
  const changes = new Exclusive();
  return {
    weightControl: new WeightUpdater({
      context: loading,
      fleet,
      engine,
      prove: runCanary,
      availableBytes: () =>
        freeBytes === null ? process.availableMemory() : freeBytes * loading.args.dpSize,
      served: served.weights,
      running: prepared,
      draftBytes: draft?.spec.weightBytes ?? 0,
      adapters,
      changes,
    }),
    memoryControl: new MemoryOccupation({ fleet, engine, log: loading.log, changes }),
    deviceControl: {
      failDevice: (rank, how) => fleet.injectFault(rank, how),
      hangActor: (name) => {
        actors.hang(name);
      },
    },
  };
}
