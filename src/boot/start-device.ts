import type { AdapterEnv } from '../device/adapters/adapter-env.js';
import type { DeviceChoice } from '../device/adapters/choose-device.js';
import { startChildDevice } from '../device/child/start.js';
import type { WatchedHandle } from '../device/handle.js';
import { dropSpareThread, startDevice, type DeviceStart } from '../device/pool.js';

/**
 * How the devices of a choice are started. WebGPU has one adapter in a process: one device is a thread of this one,
 * several are processes of their own, each in the environment that chooses its adapter.
 */
export function deviceStarter({ kind, gpus }: DeviceChoice): (start: DeviceStart) => WatchedHandle {
  if (kind !== 'webgpu') return startDevice;
  if (gpus.length > 1) {
    void dropSpareThread();
    return (start) => startChildDevice(start, { env: gpus[start.device.rank]?.env ?? {} });
  }
  setAdapter(gpus[0]?.env ?? {});
  return startDevice;
}

/** The drivers read the environment of the whole process, at its first session. */
function setAdapter(adapter: AdapterEnv): void {
  for (const [name, value] of Object.entries(adapter)) {
    if (value === null) Reflect.deleteProperty(process.env, name);
    else process.env[name] = value;
  }
}
