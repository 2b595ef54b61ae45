import t from 'tap';
import { requireDeterminism } from '../../../src/boot/require-determinism.js';
import {
  FULLY_DETERMINISTIC,
  type Determinism,
  type DeviceFacts,
} from '../../../src/core/device-facts.js';

function factsOf(lost: Partial<Determinism> = {}): DeviceFacts {
  return { kind: 'webgpu', determinism: { ...FULLY_DETERMINISTIC, ...lost } };
}

function check(enableDeterministicInference: boolean, facts: readonly (DeviceFacts | null)[]) {
  return () => {
    requireDeterminism({ enableDeterministicInference }, facts);
  };
}

t.test('what nobody asked for is not required', (t) => {
  const lost = factsOf({ repeats: false, chunks: false, batches: false });
  t.doesNotThrow(check(false, [lost]));
  t.end();
});

t.test('devices that keep their bits serve, and those that say nothing', (t) => {
  t.doesNotThrow(check(true, [factsOf(), { ...factsOf(), kind: 'cpu' }, null]));
  t.end();
});

t.test('what any of them loses is said by its names', (t) => {
  const cases: readonly [lost: Partial<Determinism>, names: string][] = [
    [{ repeats: false }, 'repeated runs'],
    [{ chunks: false }, 'prompts in parts'],
    [{ batches: false }, 'rows beside others'],
    [{ chunks: false, batches: false }, 'prompts in parts and in rows beside others'],
  ];
  for (const [lost, names] of cases) {
    t.throws(check(true, [factsOf(), null, factsOf(lost)]), {
      name: 'StartupError',
      message:
        '--enable-deterministic-inference is not possible: device 2 (webgpu) gives other bits in ' +
        `${names}. Use --device cpu, or leave it out.`,
    });
  }
  t.end();
});

t.test('on a CPU it is a flag that loses them', (t) => {
  const cpu = { ...factsOf({ batches: false }), kind: 'cpu' } as const;
  t.throws(check(true, [cpu]), {
    message: /device 0 \(cpu\) gives other bits in rows beside others\. Leave --disable-batch-inv/,
  });
  t.end();
});
