import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import t from 'tap';
import type { GpuSession } from '../../../../src/device/paged/gpu-session.js';
import {
  cpuNodesOf,
  fallbackText,
  isFallback,
  readTrace,
} from '../../../../src/device/paged/placements.js';

/** From a run of a mixture of experts in int4, built for CUDA in f32, on WebGPU; members that nobody reads are left out. */
const TRACE = `[
{"cat" : "Session","pid" :13938,"tid" :13938,"dur" :24464,"ts" :3182,"ph" : "X","name" :"session_initialization","args" : {}},
{"cat" : "Node","ts" :35520,"ph" : "X","name" :"Reshape_89_kernel_time","args" : {"provider" : "WebGpuExecutionProvider","op_name" : "Reshape","input_type_shape" : [{"float":[1]},{"int64":[2]}]}},
{"cat" : "Node","ts" :55152,"ph" : "X","name" :"PagedAttention_9_kernel_time","args" : {"provider" : "WebGpuExecutionProvider","op_name" : "PagedAttention","input_type_shape" : [{"float16":[1,64]},{"float16":[9,64,1,16]}]}},
{"cat" : "Api","ts" :55160,"ph" : "X","name" :"&PagedAttention&FlashAttentionPagedDecodeQKV","args" : {}},
{"cat" : "Node","ts" :159566,"ph" : "X","name" :"FusedMatMul_59_kernel_time","args" : {"provider" : "CPUExecutionProvider","op_name" : "FusedMatMul","input_type_shape" : [{"float":[1,1,32]},{"float":[1,32]}]}},
{"cat" : "Node","ts" :175615,"ph" : "X","name" :"FusedMatMul_15_kernel_time","args" : {"provider" : "CPUExecutionProvider","op_name" : "FusedMatMul","input_type_shape" : [{"float":[1,32]},{"float":[6,32]}]}},
{"cat" : "Node","ts" :193187,"ph" : "X","name" :"TopK_21_kernel_time","args" : {"provider" : "CPUExecutionProvider","op_name" : "TopK","input_type_shape" : [{"int64":[2]},{"int64":[1]}]}},
{"cat" : "Node","ts" :195162,"ph" : "X","name" :"Equal_23_kernel_time","args" : {"provider" : "CPUExecutionProvider","op_name" : "Equal","input_type_shape" : [{"int64":[2,1]},{"int64":[6]}]}},
{"cat" : "Node","ts" :241361,"ph" : "X","name" :"PagedAttention_68_kernel_time","args" : {"provider" : "WebGpuExecutionProvider","op_name" : "PagedAttention","input_type_shape" : [{"float16":[1,64]}]}},
{"cat" : "Node","ts" :269948,"ph" : "X","name" :"LogSoftmax_92_kernel_time","args" : {"provider" : "CPUExecutionProvider","op_name" : "LogSoftmax","input_type_shape" : [{"float":[1,64]}]}}
]`;

t.test('nodes on the CPU are found by kind, with where the first of them stands', (t) => {
  t.strictSame(readTrace(TRACE), [
    { op: 'FusedMatMul', type: 'f32', attentions: 1, count: 2 },
    { op: 'TopK', type: 'i64', attentions: 1, count: 1 },
    { op: 'Equal', type: 'i64', attentions: 1, count: 1 },
    { op: 'LogSoftmax', type: 'f32', attentions: 2, count: 1 },
  ]);
  t.strictSame(readTrace('[]'), []);
  t.end();
});

t.test('a sentence names them', (t) => {
  const [first, , , last] = readTrace(TRACE);
  if (first === undefined || last === undefined) throw new Error('too few nodes');
  t.equal(
    fallbackText('webgpu', [last]),
    '--device webgpu has no kernel for LogSoftmax (f32 behind the attention of layer 1), ' +
      'and nothing is left to the CPU in the middle of a run',
  );
  t.match(
    fallbackText('cuda', [{ ...first, attentions: 0 }]),
    'cuda has no kernel for FusedMatMul (f32, 2 nodes, the first before the attention of layer 0),',
  );
  t.match(fallbackText('webgpu', readTrace(TRACE)), /Equal \(.* and 1 other kind\(s\) of nodes,/);
  t.match(fallbackText('webgpu', []), /no kernel for a node of this model,/);
  t.end();
});

t.test('only the refusal of a fallback is one', (t) => {
  const message =
    'This session contains graph nodes that are assigned to the default CPU EP, but fallback to CPU EP has been ' +
    'explicitly disabled by the user.';
  t.ok(isFallback(new Error(message)));
  t.notOk(isFallback(new Error('out of memory')));
  t.end();
});

t.test('a run that fails has its nodes all the same, and no file stays', async (t) => {
  let prefix = '';
  const seen: string[] = [];
  const session = {
    endProfile: async () => writeFile(`${prefix}_2026.json`, TRACE),
    release: () => {
      seen.push('released');
      return Promise.resolve();
    },
  } as unknown as GpuSession;
  const nodes = await cpuNodesOf(
    ({ profilePrefix, requirePlacement }) => {
      t.notOk(requirePlacement);
      prefix = profilePrefix ?? '';
      return Promise.resolve(session);
    },
    () => Promise.reject(new Error('no kernel at all')),
  );
  t.equal(nodes.length, 4);
  t.strictSame(seen, ['released']);
  t.notOk(existsSync(dirname(prefix)));
});
