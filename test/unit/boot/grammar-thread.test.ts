import type { MessagePort, Worker } from 'node:worker_threads';
import t, { type Test } from 'tap';
import { Port } from '../../../src/actor/port.js';
import { GrammarThread } from '../../../src/boot/grammar-thread.js';
import { MaskBoard } from '../../../src/core/mask-board.js';
import type { DeviceHandle } from '../../../src/device/handle.js';
import type { ToMatchers } from '../../../src/messages.js';
import { vocabularyOf } from '../../doubles/vocabulary.js';

const VOCABULARY = vocabularyOf(['<|end|>', 'a', 'b']);
const SHAPE = { numSlots: 1, vocabSize: 3 };
const END = [0];
/** Somebody waits all the time. */
const STAYS = new AbortController().signal;

/** The real thread, and what it says to a device. */
function rig(t: Test) {
  const workers: Worker[] = [];
  const warnings: string[] = [];
  const onWorker = (worker: Worker): void => {
    workers.push(worker);
  };
  process.on('worker', onWorker);
  const thread = new GrammarThread({
    vocabulary: () => Promise.resolve(VOCABULARY),
    board: SHAPE,
    space: { pattern: null, isFixed: false },
    log: { warn: (line) => warnings.push(line) },
  });
  t.teardown(async () => {
    process.off('worker', onWorker);
    await thread.stop();
  });
  return { thread, workers, warnings };
}

/** A device as far as masks go. */
class MaskReader {
  readonly #links: { port: Port<ToMatchers, never>; board: MaskBoard }[] = [];
  readonly handle = {
    done: new Promise<void>(() => undefined),
    connectGrammars: (port: MessagePort, shared: SharedArrayBuffer) => {
      this.#links.push({ port: new Port(port), board: new MaskBoard(SHAPE, shared) });
    },
  } as Partial<DeviceHandle> as DeviceHandle;

  get numLinks(): number {
    return this.#links.length;
  }

  /** The mask of an answer to `pattern` that has begun with `outputs`, by the thread that came last. */
  maskAfter(pattern: string, outputs: readonly number[]): number | undefined {
    const link = this.#links.at(-1);
    const grammar = { spec: { kind: 'regex', pattern }, after: null } as const;
    link?.port.post({ kind: 'open', slot: 0, ticket: 1, grammar, outputs, stopTokenIds: END });
    if (link?.board.wait(0, 1, performance.now() + 10_000) !== 'ready') return undefined;
    return link.board.mask(0)[0];
  }

  close(): void {
    for (const { port } of this.#links) port.close();
  }
}

t.test('it starts with the first grammar, and devices find their masks there', async (t) => {
  const { thread, workers } = rig(t);
  const device = new MaskReader();
  t.teardown(() => {
    device.close();
  });
  t.equal(thread.attach(device.handle), device.handle);
  t.equal(workers.length, 0);
  t.equal(await thread.prepare({ kind: 'regex', pattern: 'ab' }, STAYS), null);
  t.equal(workers.length, 1);
  t.equal(device.maskAfter('ab', []), 0b010);
  t.match(await thread.prepare({ kind: 'regex', pattern: 'a**' }, STAYS), /multiple repeat/);
});

t.test('one that fails is replaced, and devices tell the next one everything', async (t) => {
  const { thread, workers, warnings } = rig(t);
  const device = new MaskReader();
  t.teardown(() => {
    device.close();
  });
  thread.attach(device.handle);
  await thread.prepare({ kind: 'regex', pattern: 'ab' }, STAYS);
  const waiting = thread.prepare({ kind: 'regex', pattern: 'a{1,9}' }, STAYS);
  await new Promise(setImmediate);
  workers[0]?.emit('error', new Error('it broke'));
  t.equal(await waiting, null, 'compiled by the next one');
  t.same(warnings, ['The grammar thread is replaced: it broke']);
  t.equal(await thread.prepare({ kind: 'regex', pattern: 'ab' }, STAYS), null);
  t.equal(workers.length, 2);
  t.equal(device.numLinks, 2);
  t.equal(device.maskAfter('ab', [1]), 0b100);
});
