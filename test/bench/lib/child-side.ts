import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

import type { Side } from './side.js';

interface Reply {
  readonly value?: unknown;
  readonly error?: string;
}

/** A side in a process of its own: its memory and threads are its own, and it talks over Node's IPC. */
export async function forkSide<Input extends object, Output>(
  name: string,
  script: URL,
  args: readonly string[],
): Promise<Side<Input, Output>> {
  const child = fork(script, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  await replyOf(child);
  const { pid } = child;
  if (pid === undefined) throw new Error(`${name} did not start`);
  return {
    name,
    pid,
    run: async (input) => {
      const reply = replyOf(child);
      child.send(input);
      return (await reply) as Output;
    },
    close: async () => {
      if (!child.connected) return;
      const exited = once(child, 'exit');
      child.disconnect();
      await exited;
    },
  };
}

/** The other end, called once in the child: `ready` loads, then `handle` answers one input at a time. */
export async function serveSide(ready: Promise<(input: never) => Promise<unknown>>): Promise<void> {
  process.on('disconnect', () => process.exit(0));
  const answer = (reply: Reply) => process.send?.(reply);
  try {
    const handle = await ready;
    process.on('message', (input) => {
      handle(input as never).then(
        (value) => answer({ value }),
        (error: unknown) => answer({ error: String(error) }),
      );
    });
    answer({});
  } catch (error) {
    answer({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
}

/** The child's next reply; rejects with its error, or when it ends instead. */
function replyOf(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null) => {
      reject(new Error(`the child process ended with ${String(code)}`));
    };
    child.once('exit', onExit);
    child.once('message', (reply: Reply) => {
      child.off('exit', onExit);
      if (reply.error === undefined) resolve(reply.value);
      else reject(new Error(reply.error));
    });
  });
}
