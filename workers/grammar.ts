/** Thread entry of the grammars: compiles what requests bring, and makes the masks of the devices' slots. */
import { workerData, type MessagePort } from 'node:worker_threads';
import { keepBeating, type Heart } from '../src/actor/heart.js';
import { Port } from '../src/actor/port.js';
import { MaskBoard } from '../src/core/mask-board.js';
import type { VocabularyBytes } from '../src/core/vocabulary-bytes.js';
import type { JsonSpace } from '../src/grammar/compile.js';
import { DeviceMatchers, GrammarActor } from '../src/grammar/grammar-actor.js';
import type { ConnectMatchers, GrammarPrepared, ToGrammars, ToMatchers } from '../src/messages.js';

interface GrammarWorkerData {
  readonly port: MessagePort;
  readonly vocabulary: VocabularyBytes;
  readonly space: JsonSpace;
  readonly heart: Heart;
}

const { port, vocabulary, space, heart } = workerData as GrammarWorkerData;
const actor = new GrammarActor(vocabulary, space);
keepBeating(heart);
const main = new Port<GrammarPrepared, ToGrammars>(port);

main.onMessage((message) => {
  if (message.kind === 'connect') connect(message);
  else main.post(actor.prepare(message));
});

/** The matchers of a device go with its port. */
function connect({ numSlots, port: devicePort, board }: ConnectMatchers): void {
  const shape = { numSlots, vocabSize: actor.vocabSize };
  const matchers = new DeviceMatchers(actor, new MaskBoard(shape, board));
  new Port<never, ToMatchers>(devicePort).onMessage((message) => {
    matchers.handle(message);
  });
}
