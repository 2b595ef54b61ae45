import type { DriverEnv } from '../config/driver-env.js';
import type { ServerArgs } from '../config/server-args.js';
import {
  chooseDevice,
  ON_CPU,
  type DeviceChoice,
  type Probe,
} from '../device/adapters/choose-device.js';
import { findAdapters } from '../device/adapters/host-adapters.js';
import { probeGpu } from './probe-gpu.js';

/** Tries nothing out. */
export const untried: Probe = () => Promise.resolve(null);

/**
 * What this server's devices are, by its arguments and by what the machine has. `auto` tries a GPU out; what is asked for
 * by name proves itself when it loads. @throws StartupError
 */
export async function chooseDevices(args: ServerArgs, env: DriverEnv): Promise<DeviceChoice> {
  if (args.device === 'cpu') return ON_CPU;
  const probe = args.device === 'auto' ? probeGpu : untried;
  return await chooseDevice(args, await findAdapters(env), probe);
}
