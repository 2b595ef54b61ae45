import { spawnSync } from 'node:child_process';

/** Why there is no WebGPU here, as the script of the drivers says it; false = there is. */
export function withoutDrivers(): string | false {
  const { status, stdout } = spawnSync('bash', ['test/gpu/drivers.sh'], { encoding: 'utf8' });
  if (status === 0) return false;
  const [sentence = 'no driver'] = stdout.split('\n');
  return `bash test/gpu/drivers.sh: ${sentence}`;
}
