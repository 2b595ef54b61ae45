/**
 * What a device that generates must do, whatever its back end: called by each one's test. Answers are measured
 * against transformers' and the CPU's; what the device's probe says that it keeps is kept to the bit.
 */
import type { Test } from 'tap';
import { ProbeError } from '../../src/device/probe-error.js';
import { readGolden } from '../unit/model/golden.js';
import { CPU_MAKER } from './model-device/cpu-maker.js';
import type { Bench, Check } from './model-device/bench.js';
import { OUTPUTS } from './model-device/outputs.js';
import { LOADS, PAGES } from './model-device/pages.js';
import { DeviceRig, type DeviceMaker } from './model-device/rig.js';
import { SAMPLING } from './model-device/sampling.js';
import { STEPS } from './model-device/steps.js';

export interface BackendUnderTest extends DeviceMaker {
  readonly name: string;
  /** The models that it is tested with, and the most that a log-probability or a final hidden state may be off, in nats. */
  readonly bounds: Readonly<Partial<Record<Fixture, number>>>;
  readonly isRounded?: boolean;
  /** What its probe may refuse: on some devices it is right, on others it is wrong. */
  readonly mayRefuse?: readonly Fixture[];
}

/** What each of them has that others have not. */
const FIXTURES = {
  'llama-plain': 'nothing',
  'qwen2-moe': 'experts',
  'llama-head-20': 'heads that are padded',
  'qwen2-window': 'a sliding window',
  smollm3: 'layers without a rotation',
  glm4: 'a rotation of neighbours, of half a head',
  lfm2: 'a short state',
  'qwen3-next': 'a memory, and gates of heads',
  'gpt-oss-full': 'sinks in attention, and windows in half of the layers',
  'olmoe-clip': 'q, k and v within limits',
  'deepseek-v2': 'latent attention, whose heads of v are narrower',
  'gpt2-bare': 'learned positions',
  'olmo-clip': 'limits to q, k and v',
  'cohere-bias': 'norms of heads with a gain for each',
  'baichuan-alibi': 'a bias of scores',
  hunyuan: 'norms of what is rotated',
  'ministral3-v5': 'queries that grow with their position',
} as const;

type Fixture = keyof typeof FIXTURES;

const CHECKS: Readonly<Record<string, Check>> = { ...STEPS, ...PAGES, ...SAMPLING, ...OUTPUTS };

/** One device is opened for each model: its checks leave it without an open slot. */
export function testModelDevice(t: Test, backend: BackendUnderTest): void {
  for (const fixture of Object.keys(backend.bounds) as Fixture[]) {
    t.test(`${backend.name}, ${fixture}: ${FIXTURES[fixture]}`, (t) =>
      testFixture(t, backend, fixture),
    );
  }
}

async function testFixture(t: Test, backend: BackendUnderTest, fixture: Fixture): Promise<void> {
  const bench = await benchOrRefusal(t, backend, fixture);
  if (typeof bench === 'string') {
    t.pass(`refused: ${bench}`);
    return;
  }
  t.comment(JSON.stringify(bench.rig.facts));
  // Pages have no recurrent state.
  const checks = bench.rig.spec.state === null ? { ...LOADS, ...CHECKS } : CHECKS;
  for (const [behaviour, check] of Object.entries(checks)) {
    await t.test(behaviour, (t) => check(t, bench));
  }
}

async function benchOrRefusal(
  t: Test,
  backend: BackendUnderTest,
  fixture: Fixture,
): Promise<Bench | string> {
  try {
    return await openBench(t, backend, fixture);
  } catch (error) {
    const mayRefuse = backend.mayRefuse?.includes(fixture) ?? false;
    if (error instanceof ProbeError && mayRefuse) return error.message;
    throw error;
  }
}

async function openBench(t: Test, backend: BackendUnderTest, fixture: Fixture): Promise<Bench> {
  const rig = await DeviceRig.open(backend, fixture);
  t.teardown(() => rig.release());
  const golden = await readGolden(fixture);
  const { isRounded = false } = backend;
  const more = { rig, golden, bound: backend.bounds[fixture] ?? 0, isRounded };
  if (rig.facts.kind === 'cpu') return { ...more, cpu: rig };
  const cpu = await DeviceRig.open(CPU_MAKER, fixture);
  t.teardown(() => cpu.release());
  return { ...more, cpu };
}
