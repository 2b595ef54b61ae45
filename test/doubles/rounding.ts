import { randomBits } from '../../src/core/clock.js';
import { roundLayer } from '../../src/cpu/round-layer.js';
import type { ReadTexts } from '../../src/model/built-model.js';
import type { RoundLayer } from '../../src/model/quantize/compensate/round-layers.js';

/** What rounds four bits on this thread, and how many layers it has rounded. */
export interface Rounding {
  readonly roundLayer: RoundLayer;
  readonly readTexts: ReadTexts;
  numLayers: number;
}

/** On texts of random tokens. */
export function roundingHere({ numThreads = 1, numTexts = 8 } = {}): Rounding {
  const rounding: Rounding = {
    numLayers: 0,
    roundLayer: (task) => {
      rounding.numLayers++;
      return roundLayer(task, { numThreads, spinning: false });
    },
    readTexts: (_, { vocabSize, contextLength }) => {
      const next = randomBits(5);
      const length = Math.min(50, contextLength);
      const text = () => Int32Array.from({ length }, () => next() % vocabSize);
      return Promise.resolve(Array.from({ length: numTexts }, text));
    },
  };
  return rounding;
}
