import type { DriverEnv } from '../config/driver-env.js';
import type { ServerArgs } from '../config/server-args.js';
import type { DeviceKind } from '../core/device-kind.js';
import {
  chooseDevice,
  ON_CPU,
  type DeviceChoice,
  type Probe,
} from '../device/adapters/choose-device.js';
import { findAdapters } from '../device/adapters/host-adapters.js';

/** Kinds of devices that this version has. */
const BUILT: ReadonlySet<DeviceKind> = new Set<DeviceKind>(['cpu']);

/** Tries nothing out. */
export const isBuilt: Probe = ({ kind }) =>
  Promise.resolve(BUILT.has(kind) ? null : `this version computes on the CPU alone`);

/** What this server's devices are, by its arguments and by what the machine has. @throws StartupError */
export async function chooseDevices(args: ServerArgs, env: DriverEnv): Promise<DeviceChoice> {
  if (args.device === 'cpu') return ON_CPU;
  return await chooseDevice(args, await findAdapters(env), isBuilt);
}
