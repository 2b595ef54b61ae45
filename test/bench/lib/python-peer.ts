import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** Python is not compiled: its scripts lie beside the sources. */
const BENCHES = new URL('../../../../test/bench/', import.meta.url);

/** A peer in a Python process of its own, asked one thing after the other by lines of JSON. */
export interface PythonPeer {
  readonly pid: number;
  /** What it said once it was ready. */
  readonly facts: unknown;
  ask(question: object): Promise<unknown>;
  close(): Promise<void>;
}

interface Reply {
  readonly value?: unknown;
  readonly error?: string;
}

/** @param script its path among the benches */
export async function startPythonPeer(
  python: string,
  script: string,
  args: readonly string[],
): Promise<PythonPeer> {
  const path = fileURLToPath(new URL(script, BENCHES));
  const child = spawn(python, [path, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  const replies = repliesOf(child, createInterface(child.stdout)[Symbol.asyncIterator]());
  const facts = await replies();
  return {
    pid: child.pid ?? -1,
    facts,
    ask: (question) => {
      child.stdin.write(`${JSON.stringify(question)}\n`);
      return replies();
    },
    close: async () => {
      if (child.exitCode !== null) return;
      const exited = once(child, 'exit');
      child.stdin.end();
      await exited;
    },
  };
}

/** Takes the next reply; rejects with its error, or when the process ends instead. */
function repliesOf(child: ChildProcess, lines: AsyncIterator<string>): () => Promise<unknown> {
  let failure: Error | null = null;
  child.once('error', (error) => (failure = error));
  return async () => {
    const next = await lines.next();
    if (next.done === true) throw failure ?? new Error('the peer ended without an answer');
    const reply = JSON.parse(next.value) as Reply;
    if (reply.error !== undefined) throw new Error(reply.error);
    return reply.value;
  };
}
