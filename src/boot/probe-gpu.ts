import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { withAdapter } from '../device/adapters/adapter-env.js';
import type { Probe } from '../device/adapters/choose-device.js';

/** A driver compiles its shaders at its first session. */
const TIMEOUT_MS = 120_000;

/** Tries the first GPU of a candidate out in a process of its own, which a driver's crash may end. */
export const probeGpu: Probe = ({ kind, gpus: [first] }) =>
  first === undefined
    ? Promise.resolve('no GPU')
    : new Promise((resolve) => {
        const file = fileURLToPath(new URL('../../workers/gpu-probe.js', import.meta.url));
        const args = [file, kind, String(first.index)];
        const options = { env: withAdapter(process.env, first.env), timeout: TIMEOUT_MS };
        execFile(process.execPath, args, options, (error, _, stderr) => {
          resolve(
            error === null ? null : `its probe failed (${lastLine(stderr) || error.message})`,
          );
        });
      });

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
