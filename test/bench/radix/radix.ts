/**
 * How the radix tree grows: match, insert and evict at 10^3 … 10^6 nodes, at page sizes 1 and 16.
 * `node --max-old-space-size=8192 dist/test/bench/radix/radix.js [MAX_NODES]` prints a table and a JSON line.
 *
 * Expected: match and insert cost what the prompt costs, not what the tree holds (beyond cache misses);
 * evicting one leaf grows with log n. Medians; rounded in the table.
 */
import { RadixTree } from '../../../src/cache/radix-tree.js';
import { seededRandom, type Random } from '../../../src/core/clock.js';

interface Row {
  readonly pageSizeTokens: number;
  readonly numNodes: number;
  readonly probeUs: number;
  readonly matchUs: number;
  readonly insertUs: number;
  readonly evictUs: number;
}

const SEED = 7;
const NUM_SAMPLES = 2_000;
const GROUP_PAGES = 8;
const PROMPT_PAGES = 16;
const PROMPTS_PER_GROUP = 15;

/** Prompts of 16 pages in groups that share their first 8: a node per group and one per prompt. */
class Workload {
  readonly tree: RadixTree;
  readonly #numGroups: number;

  constructor(
    readonly pageSizeTokens: number,
    numNodes: number,
    private readonly random: Random,
  ) {
    this.#numGroups = Math.ceil(numNodes / (PROMPTS_PER_GROUP + 1));
    const pagesPerGroup = GROUP_PAGES + PROMPTS_PER_GROUP * (PROMPT_PAGES - GROUP_PAGES);
    const numPages = this.#numGroups * pagesPerGroup + NUM_SAMPLES * PROMPT_PAGES;
    this.tree = new RadixTree(numPages, pageSizeTokens);
    for (let group = 0; group < this.#numGroups; group++) {
      for (let i = 0; i < PROMPTS_PER_GROUP; i++) this.insert(this.prompt(group, i));
    }
  }

  /** `[PROMPT_PAGES * pageSizeTokens]` */
  prompt(group: number, index: number): Int32Array {
    const tokens = new Int32Array(PROMPT_PAGES * this.pageSizeTokens);
    const cut = GROUP_PAGES * this.pageSizeTokens;
    tokens.fill(group, 0, cut);
    tokens.fill(index, cut);
    return tokens;
  }

  cached(): Int32Array {
    return this.prompt(this.#below(this.#numGroups), this.#below(PROMPTS_PER_GROUP));
  }

  /** Shares a cached group's first pages. */
  fresh(index: number): Int32Array {
    return this.prompt(this.#below(this.#numGroups), PROMPTS_PER_GROUP + index);
  }

  insert(tokens: Int32Array): void {
    const pages = this.tree.lease(PROMPT_PAGES);
    const rows = { namespace: '', tenant: '', tokens, pages, prefillTokens: tokens.length };
    this.tree.insert({ ...rows, ownFrom: 0, lock: 0, relock: false });
  }

  match(tokens: Int32Array): void {
    const lengths = { maxTokens: tokens.length, prefillTokens: tokens.length };
    const { lock } = this.tree.match({ namespace: '', tokens, ...lengths, strict: false });
    this.tree.unlock(lock);
  }

  /** Empties the free list, so that every later lease evicts. */
  fill(): void {
    this.tree.lease(this.tree.state().freePages);
  }

  #below(end: number): number {
    return Math.floor(this.random() * end);
  }
}

function measure(pageSizeTokens: number, numNodes: number): Row {
  const workload = new Workload(pageSizeTokens, numNodes, seededRandom(SEED));
  const { tree } = workload;
  const numReached = tree.state().numNodes;
  const cached = Array.from({ length: NUM_SAMPLES }, () => workload.cached());
  const fresh = Array.from({ length: NUM_SAMPLES }, (_, i) => workload.fresh(i));
  const probeUs = microsecondsEach(cached, (tokens) => tree.probe('', tokens));
  const matchUs = microsecondsEach(cached, (tokens) => {
    workload.match(tokens);
  });
  const insertUs = microsecondsEach(fresh, (tokens) => {
    workload.insert(tokens);
  });
  workload.fill();
  const numLeaves = Math.min(NUM_SAMPLES, Math.floor(numNodes / 4));
  const leafPages = PROMPT_PAGES - GROUP_PAGES;
  const evictUs = microsecondsEach(cached.slice(0, numLeaves), () => tree.lease(leafPages));
  return { pageSizeTokens, numNodes: numReached, probeUs, matchUs, insertUs, evictUs };
}

/** The median, which other work on the machine moves least. */
function microsecondsEach<T>(items: readonly T[], act: (item: T) => unknown): number {
  const times = Float64Array.from(items, (item) => {
    const start = process.hrtime.bigint();
    act(item);
    return Number(process.hrtime.bigint() - start) / 1_000;
  });
  return times.sort()[times.length >> 1] ?? NaN;
}

const maxNodes = Number(process.argv[2] ?? 1_000_000);
const sizes = [1_000, 10_000, 100_000, 1_000_000].filter((size) => size <= maxNodes);
measure(1, 20_000);
measure(16, 20_000);
const rows = [1, 16].flatMap((pageSize) => sizes.map((size) => measure(pageSize, size)));

console.log('page size |     nodes | probe µs | match + unlock µs | insert µs | evict a leaf µs');
for (const row of rows) {
  const cells = [
    String(row.pageSizeTokens).padStart(9),
    String(row.numNodes).padStart(9),
    row.probeUs.toFixed(2).padStart(8),
    row.matchUs.toFixed(2).padStart(17),
    row.insertUs.toFixed(2).padStart(9),
    row.evictUs.toFixed(2).padStart(15),
  ];
  console.log(cells.join(' | '));
}
console.log(JSON.stringify({ bench: 'radix', seed: SEED, promptPages: PROMPT_PAGES, rows }));
