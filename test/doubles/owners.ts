import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const MODULE = fileURLToPath(new URL('../../src/core/process-owner.js', import.meta.url));

/** A process on another machine. */
export const FOREIGN_OWNER = '00000000-00000000-00000000-1-1';

export interface OtherProcess {
  /** Its name on disk. */
  readonly owner: string;
  readonly child: ChildProcess;
  /** SIGKILL: it cleans nothing up. */
  kill(): Promise<void>;
}

/** A living process that does nothing. */
export async function startOther(): Promise<OtherProcess> {
  const script = `import { ownOwner } from ${JSON.stringify(MODULE)};
    console.log(ownOwner());
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [text] = (await once(child.stdout, 'data')) as [Buffer];
  return {
    owner: String(text).trim(),
    child,
    kill: async () => {
      const exit = once(child, 'exit');
      child.kill('SIGKILL');
      await exit;
    },
  };
}

/** The name of a process that was really killed. */
export async function killedOwner(): Promise<string> {
  const other = await startOther();
  await other.kill();
  return other.owner;
}
