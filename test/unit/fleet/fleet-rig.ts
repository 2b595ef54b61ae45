import { CPU_TARGET } from '../../../src/model/target.js';
import type { ModelSpec } from '../../../src/core/model-spec.js';
import { DeviceFleet } from '../../../src/fleet/device-fleet.js';
import type { DeviceId, ToScheduler } from '../../../src/messages.js';
import type { PreparedModel } from '../../../src/model/graph/contract.js';
import { ManualClock } from '../../doubles/manual-clock.js';
import { DeviceYard } from '../../doubles/scripted-device.js';
import { turnOfEvents } from '../../doubles/turn-of-events.js';

export const LIMITS = { numSlots: 4, slotLength: 64, numPages: 32, pageSizeTokens: 16 };
export const ORT = { numThreads: 3, spinning: true };

const SPEC: ModelSpec = {
  architecture: 'LlamaForCausalLM',
  modelType: 'llama',
  numLayers: 2,
  numHeads: 2,
  numKvHeads: 1,
  headDim: 4,
  hiddenSize: 8,
  vocabSize: 64,
  contextLength: 64,
  slidingWindow: null,
  windows: [],
  moe: null,
  state: null,
  embedding: null,
  format: 'none',
  kvType: 'f32',
  weightBytes: 1024,
};

/** A model that only its folder tells from another. */
export function modelIn(weightsFolder: string): PreparedModel {
  return {
    spec: SPEC,
    graph: new Uint8Array(0),
    weightsFolder,
    target: CPU_TARGET,
    isBatchInvariant: true,
  };
}

/** A fleet without threads, and what it says to the scheduler and to observers. */
export class FleetRig {
  readonly clock = new ManualClock();
  readonly yard = new DeviceYard();
  /** Messages to the scheduler, and `*events`, in the order in which they came. */
  readonly story: string[] = [];
  readonly sent: (readonly [ToScheduler, readonly unknown[] | undefined])[] = [];
  readonly fleet: DeviceFleet;

  constructor(numDevices = 1) {
    this.fleet = new DeviceFleet({
      numDevices,
      startDevice: this.yard.startDevice,
      clock: this.clock,
      scheduler: {
        post: (message, transfer) => {
          this.sent.push([message, transfer]);
          this.story.push(sentence(message));
        },
      },
      start: {
        model: modelIn('first'),
        limits: LIMITS,
        ort: ORT,
        cards: [],
        draft: null,
        isDeterministic: false,
      },
    });
    const { events } = this.fleet;
    events.on('died', (device, why) => this.story.push(`*died ${nameOf(device)}: ${why}`));
    events.on('replaced', (device) => this.story.push(`*replaced ${nameOf(device)}`));
    events.on('gaveUp', (rank, deaths) => this.story.push(`*gaveUp ${rank} after ${deaths}`));
    events.on('allDown', (why) => this.story.push(`*allDown: ${why}`));
  }

  /** A fleet that serves, whose story begins here. */
  static async serving(numDevices = 1): Promise<FleetRig> {
    const rig = new FleetRig(numDevices);
    rig.yard.onStart = (device) => {
      device.becomeReady();
    };
    await rig.fleet.start();
    rig.yard.onStart = () => undefined;
    rig.tell();
    return rig;
  }

  /** What happened since it was last told. */
  tell(): string[] {
    return this.story.splice(0);
  }

  /** A device dies, and what follows at once has happened. */
  async die(name: string, message = 'boom'): Promise<void> {
    this.yard.named(name).die(message);
    await turnOfEvents();
  }

  async becomeReady(name: string): Promise<void> {
    this.yard.named(name).becomeReady();
    await turnOfEvents();
  }

  async end(name: string): Promise<void> {
    this.yard.named(name).end();
    await turnOfEvents();
  }
}

function sentence(message: ToScheduler): string {
  switch (message.kind) {
    case 'attachDevice':
      return `attachDevice ${nameOf(message.device)} epoch ${message.weightsEpoch}`;
    case 'deviceDown':
      return `deviceDown ${nameOf(message.device)}: ${message.message}`;
    case 'rankDown':
      return `rankDown ${message.rank}`;
    default:
      return message.kind;
  }
}

function nameOf({ rank, generation }: DeviceId): string {
  return `${rank}:${generation}`;
}
