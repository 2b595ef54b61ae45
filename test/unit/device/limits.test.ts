import t from 'tap';
import { kvBytesPerToken, type ModelSpec } from '../../../src/core/model-spec.js';
import {
  planMemory,
  requireRuntimeMemory,
  type MemoryOptions,
} from '../../../src/device/limits.js';

const GIB = 2 ** 30;
const MIB = 2 ** 20;
/** What one device's process takes beside weights and KV. */
const RUNTIME = 210 * MIB;

/** SmolLM2-135M in bf16, held as f32. */
const SPEC: ModelSpec = {
  architecture: 'LlamaForCausalLM',
  modelType: 'llama',
  numLayers: 30,
  numHeads: 9,
  numKvHeads: 3,
  headDim: 64,
  hiddenSize: 576,
  vocabSize: 49_152,
  contextLength: 8192,
  slidingWindow: null,
  windows: [],
  moe: null,
  state: null,
  embedding: null,
  format: 'none',
  kvType: 'f32',
  weightBytes: 0.6 * GIB,
};

function options(overrides: Partial<MemoryOptions> = {}): MemoryOptions {
  return {
    spec: SPEC,
    memoryBytes: 16 * GIB,
    numDevices: 1,
    memFraction: 0.5,
    maxRunningRequests: null,
    maxTotalTokens: null,
    pageSizeTokens: 16,
    ...overrides,
  };
}

/** Pages and the slots' live rows together. */
function worstBytes(given: MemoryOptions): number {
  const { limits } = planMemory(given);
  const pool = limits.numPages * limits.pageSizeTokens;
  return (pool + Math.min(pool, limits.numSlots * limits.slotLength)) * kvBytesPerToken(given.spec);
}

t.test('pages and live slot rows stay inside the budget', (t) => {
  for (const memoryBytes of [1 * GIB, 4 * GIB, 16 * GIB, 200 * GIB]) {
    for (const pageSizeTokens of [1, 16, 64]) {
      for (const maxRunningRequests of [null, 1, 16]) {
        const given = options({ memoryBytes, pageSizeTokens, maxRunningRequests });
        const budget = (memoryBytes - RUNTIME - SPEC.weightBytes) * 0.5;
        t.ok(worstBytes(given) <= budget, `${memoryBytes} ${pageSizeTokens} ${maxRunningRequests}`);
      }
    }
  }
  t.end();
});

t.test('few slots leave the rest of the budget to the pages', (t) => {
  const one = planMemory(options({ maxRunningRequests: 1 })).limits;
  const many = planMemory(options()).limits;
  t.equal(one.numSlots, 1);
  t.equal(many.numSlots, 64);
  t.ok(one.numPages > 1.5 * many.numPages, `${one.numPages} against ${many.numPages}`);
  t.equal(many.slotLength, 8192);
  t.end();
});

t.test('what the user asks for is kept exactly', (t) => {
  const { limits } = planMemory(options({ maxTotalTokens: 4096, maxRunningRequests: 8 }));
  t.same(limits, { numSlots: 8, slotLength: 4096, numPages: 256, pageSizeTokens: 16 });
  t.end();
});

t.test('a cache of integers holds four times the tokens, less what its prompts take', (t) => {
  const floats = planMemory(options());
  const integers = planMemory(options({ spec: { ...SPEC, kvType: 'i8' } }));
  const ratio = integers.limits.numPages / floats.limits.numPages;
  t.ok(ratio > 3 && ratio < 5, `${ratio}`);
  const line = integers.account.find((each) => each.startsWith('attention of long prompts'));
  const { contextLength, numHeads, numKvHeads, headDim } = SPEC;
  const bytes = 4 * contextLength * (128 * numHeads + 4 * numKvHeads * headDim);
  t.equal(line, `attention of long prompts: up to ${Math.round(bytes / MIB)} MiB`);
  t.notOk(floats.account.some((each) => each.startsWith('attention of')));
  t.end();
});

t.test('devices share the memory', (t) => {
  const single = planMemory(options({ memoryBytes: 8 * GIB })).limits;
  // One process for both.
  const shared = 170 * MIB;
  const two = planMemory(options({ memoryBytes: 16 * GIB - shared, numDevices: 2 })).limits;
  t.same(two, single);
  t.end();
});

t.test('what does not fit is refused with the numbers', (t) => {
  const refused = (overrides: Partial<MemoryOptions>, message: RegExp): void => {
    t.throws(() => planMemory(options(overrides)), { name: 'StartupError', message });
  };
  refused(
    { memoryBytes: 0.5 * GIB },
    /weights take 614 MiB, the runtime 210 MiB, and only 512 MiB/,
  );
  refused({ maxTotalTokens: 1_000_000 }, /--max-total-tokens 1000000 does not fit/);
  refused({ memoryBytes: 0.602 * GIB + RUNTIME }, /fewer than two pages/);
  refused({ maxRunningRequests: 3000 }, /one KV array holds at most 2730 slots of 8192 tokens/);
  t.end();
});

t.test(
  'containers in which the runtime alone does not fit are refused before anything is loaded',
  (t) => {
    const tiny = { ...SPEC, numLayers: 4, numKvHeads: 2, headDim: 32, weightBytes: 9 * MIB };
    for (const megabytes of [0, 64, 150, 210]) {
      const message = new RegExp(
        `^Only ${megabytes} MiB of memory can be used, and the runtime alone takes 210 MiB with 1 dev`,
      );
      const memoryBytes = megabytes * MIB;
      t.throws(
        () => {
          requireRuntimeMemory(memoryBytes, 1);
        },
        { name: 'StartupError', message },
      );
      t.throws(() => planMemory(options({ spec: tiny, memoryBytes })), { message });
    }
    t.throws(() => planMemory(options({ spec: tiny, memoryBytes: 215 * MIB })), {
      message: /weights take 9 MiB/,
    });
    requireRuntimeMemory(250 * MIB, 1);
    t.throws(
      () => {
        requireRuntimeMemory(250 * MIB, 2);
      },
      { message: /takes 250 MiB with 2 device/ },
    );
    const { limits, account } = planMemory(options({ spec: tiny, memoryBytes: 250 * MIB }));
    t.ok(limits.numPages * limits.pageSizeTokens * kvBytesPerToken(tiny) < 16 * MIB);
    t.match(account.join('\n'), /runtime: 210 MiB/);
    t.end();
  },
);

t.test('the account names every part', (t) => {
  const text = planMemory(options()).account.join('\n');
  for (const part of ['weights', 'KV budget', 'KV pages', 'KV slots']) t.match(text, part);
  t.end();
});

t.test(
  'an embedding model has no slots and no pages; its longest text follows from memory',
  (t) => {
    const embedding = {
      kind: 'embedding',
      dim: 576,
      pooling: ['mean'],
      normalize: true,
      matryoshka: null,
      labels: null,
      squashes: false,
    } as const;
    const plan = (memoryBytes: number) =>
      planMemory(options({ spec: { ...SPEC, embedding }, memoryBytes }));
    const { limits, account } = plan(16 * GIB);
    t.same(limits, { numSlots: 0, slotLength: 8192, numPages: 0, pageSizeTokens: 16 });
    t.match(account.join('\n'), /texts of up to 8192 tokens: attention takes up to 2304 MiB/);
    const { slotLength } = plan(2 * GIB).limits;
    t.ok(slotLength < 8192 && 9 * 4 * slotLength ** 2 <= 0.7 * GIB, `${slotLength} tokens`);
    t.throws(() => plan(0.5 * GIB), { name: 'StartupError' });
    t.end();
  },
);

t.test('a draft model takes its weights, and of every row in a slot its own', (t) => {
  const draft = { ...SPEC, numLayers: 10, weightBytes: 0.2 * GIB };
  const without = planMemory(options()).limits;
  const given = options({ draft });
  const { limits, account } = planMemory(given);
  t.ok(limits.numPages < without.numPages);
  const pool = limits.numPages * limits.pageSizeTokens;
  const live = Math.min(limits.numSlots * limits.slotLength, 1.25 * pool);
  const kvBytes = kvBytesPerToken(SPEC);
  const taken = pool * kvBytes + live * (kvBytes + kvBytesPerToken(draft));
  const budget = (16 * GIB - RUNTIME - 0.8 * GIB) * 0.5;
  t.ok(taken <= budget, `${taken} of ${budget}`);
  t.ok(taken > 0.95 * budget);
  t.match(account.join('\n'), /draft model: weights 205 MiB per device, KV slots at most \d+ MiB/);
  t.throws(() => planMemory(options({ draft: { ...draft, weightBytes: 16 * GIB } })), {
    message: /The weights take 16998 MiB/,
  });
  t.end();
});

const STATEFUL: ModelSpec = {
  ...SPEC,
  state: { kvLayers: [1, 2], tensors: [{ layer: 0, part: 'memory', shape: [16, 128, 128] }] },
};

t.test('states are kept for prefixes within the budget, where prefixes are shared', (t) => {
  const states = { maxPlaces: null, intervalTokens: null };
  const plan = (given: Partial<MemoryOptions>) =>
    planMemory(options({ spec: STATEFUL, states, ...given }));
  const budget = (16 * GIB - RUNTIME - SPEC.weightBytes) * 0.5;
  const { limits, account } = plan({});
  const kept = limits.states?.numPlaces ?? 0;
  const ofSlots = 64 * 2 * 2 ** 20;
  t.ok(kept * 2 ** 20 <= 0.2 * (budget - ofSlots), `${kept} places`);
  t.ok(kept * 2 ** 20 > 0.19 * (budget - ofSlots));
  const pages = limits.numPages * limits.pageSizeTokens * kvBytesPerToken(STATEFUL);
  t.ok(pages + ofSlots + kept * 2 ** 20 <= budget, 'all of it fits');
  t.match(account.join('\n'), `kept states: ${kept} places of 1 MiB for prefixes`);
  t.equal(plan({ states: null }).limits.states, undefined);
  t.equal(planMemory(options({ states })).limits.states, undefined, 'a model without states');
  t.equal(plan({ states: { ...states, maxPlaces: 12 } }).limits.states?.numPlaces, 12);
  t.throws(() => plan({ states: { ...states, maxPlaces: 100_000 } }), {
    message: /^--max-mamba-cache-size 100000 does not fit: a recurrent state takes 1 MiB/,
  });
  t.end();
});

t.test('a state is kept where it takes no more than K and V of the tokens before it', (t) => {
  const intervalOf = (heads: number, intervalTokens: number | null = null) => {
    const tensors = [{ layer: 0, part: 'memory', shape: [heads, 128, 128] }] as const;
    const spec = { ...SPEC, state: { kvLayers: [1, 2], tensors } };
    const states = { maxPlaces: null, intervalTokens };
    const interval = planMemory(options({ spec, states })).limits.states?.intervalTokens ?? 0;
    return [interval, (heads * 2 ** 16) / kvBytesPerToken(spec)] as const;
  };
  const [small, ofSmall] = intervalOf(1);
  t.ok(ofSmall <= 256);
  t.equal(small, 256, 'at the end of a run');
  const [large, ofLarge] = intervalOf(64);
  t.equal(large, 256 * Math.ceil(ofLarge / 256));
  t.ok(large > 256);
  t.equal(intervalOf(1, 100)[0], 112, 'whole pages');
  t.end();
});

t.test('recurrent states have room beside pages and slots, each twice', (t) => {
  const tensors = [{ layer: 0, part: 'memory', shape: [16, 128, 128] }] as const;
  const spec = { ...SPEC, state: { kvLayers: [1, 2], tensors } };
  const bytes = 2 * 16 * 128 * 128 * 4;
  const plan = (given: Partial<MemoryOptions>) => planMemory(options({ spec, ...given }));
  for (const memoryBytes of [1 * GIB, 2 * GIB, 16 * GIB]) {
    const { limits } = plan({ memoryBytes });
    const budget = (memoryBytes - RUNTIME - SPEC.weightBytes) * 0.5;
    const states = limits.numSlots * bytes;
    t.ok(worstBytes(options({ spec, memoryBytes })) + states <= budget, `${memoryBytes}`);
  }
  t.equal(plan({ maxRunningRequests: 300 }).limits.numSlots, 300);
  t.ok(plan({}).account.includes('recurrent states: 64 slots of 2 MiB, 128 MiB'));
  t.throws(() => plan({ memoryBytes: 1 * GIB, maxRunningRequests: 300 }), {
    message: /the recurrent state of one request takes 2 MiB/,
  });
  t.end();
});
