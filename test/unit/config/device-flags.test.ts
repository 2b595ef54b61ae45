import t from 'tap';

import { parseCommandLine } from '../../../src/cli/program.js';
import { serveCommand } from '../../../src/cli/serve.js';
import type { LoadedArgs } from '../../../src/config/load.js';
import { argsFromValues } from '../../../src/config/load.js';

function read(...argv: string[]): LoadedArgs {
  const line = parseCommandLine(argv, { commands: [serveCommand], version: '1.2.3', env: {} });
  if (line.kind === 'exit') throw new Error(line.text);
  return line.invocation.serverArgs();
}

t.test('without a flag there is no GPU', (t) => {
  t.match(read(), {
    warnings: [],
    args: {
      device: 'cpu',
      baseGpuId: 0,
      gpuIdStep: 1,
      gpuMemoryGb: null,
      updateInPlace: false,
      pageSize: null,
      memFractionStatic: null,
    },
  });
  t.end();
});

t.test(
  'keys and values asked for in floats of 16 bits stay floats; fewer bits are a warning',
  (t) => {
    for (const dtype of ['bf16', 'bfloat16'] as const)
      t.match(read('--kv-cache-dtype', dtype), { warnings: [], args: { kvCacheDtype: dtype } });
    for (const dtype of ['fp8_e5m2', 'fp8_e4m3', 'fp4_e2m1']) {
      const { args, warnings } = read('--kv-cache-dtype', dtype);
      t.equal(args.kvCacheDtype, 'auto');
      t.match(warnings, [new RegExp(dtype)]);
    }
    t.end();
  },
);

t.test('each is read, from the command line and from a program', (t) => {
  const { args, warnings } = read(
    ...['--device', 'cuda', '--base-gpu-id', '2', '--gpu-id-step=3'],
    ...['--gpu-memory-gb', '79.5', '--update-in-place'],
  );
  const expected = { device: 'cuda', baseGpuId: 2, gpuIdStep: 3, gpuMemoryGb: 79.5 } as const;
  t.match(args, { ...expected, updateInPlace: true });
  t.strictSame(warnings, []);
  t.match(argsFromValues(expected), expected);
  for (const device of ['cpu', 'webgpu', 'auto'])
    t.equal(read('--device', device).args.device, device);
  t.end();
});

t.test("SGLang's other devices are the CPU, with a warning", (t) => {
  for (const device of ['xpu', 'hpu', 'npu', 'musa', 'mps']) {
    const { args, warnings } = read('--device', device);
    t.equal(args.device, 'cpu');
    t.strictSame(warnings, [`--device: ${device} has no effect in this server.`]);
  }
  t.end();
});

t.test('what cannot be is one sentence', (t) => {
  for (const [argv, message] of [
    [['--device', 'gpu'], "--device must be one of cpu, cuda, webgpu, auto, got 'gpu'."],
    [['--device', 'cuda,cpu'], "--device must be one of cpu, cuda, webgpu, auto, got 'cuda,cpu'."],
    [['--base-gpu-id', '-1'], "--base-gpu-id must be an integer of at least 0, got '-1'."],
    [['--gpu-id-step', '-1'], "--gpu-id-step must be an integer of at least 0, got '-1'."],
    [['--gpu-memory-gb', '0'], "--gpu-memory-gb must be a number of at least 0.1, got '0'."],
    [['--page-size', '0'], "--page-size must be an integer from 1 to 1024, got '0'."],
    [
      ['--mem-fraction-static', '1'],
      "--mem-fraction-static must be a number from 0.01 to 0.99, got '1'.",
    ],
  ] as const) {
    t.throws(() => read(...argv), { name: 'UsageError', message }, argv.join(' '));
  }
  t.end();
});
