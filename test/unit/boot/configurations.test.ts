import t from 'tap';
import {
  deviceStart,
  expertRecording,
  memoryPlan,
  schedulerConfig,
  servingLimits,
  thisMachine,
} from '../../../src/boot/configurations.js';
import { resolveDeviceArgs } from '../../../src/boot/resolve-device-args.js';
import { loadHostEnv, loadServerArgs } from '../../../src/config/load.js';
import type { ServerArgs } from '../../../src/config/server-args.js';
import { StartupError } from '../../../src/core/errors.js';
import { LIMITS, modelIn } from '../fleet/fleet-rig.js';

const MODEL = modelIn('weights');
const { spec } = MODEL;

function argsOf(flags: Partial<ServerArgs> = {}): ServerArgs {
  return { ...loadServerArgs(new Map(), null, {}).args, ...flags };
}

t.test('devices share the cores', (t) => {
  const ortOf = (flags: Partial<ServerArgs>, numCores: number) =>
    deviceStart(argsOf(flags), MODEL, { limits: LIMITS, numCores }).ort;
  t.same(ortOf({}, 8), { numThreads: 8, spinning: true });
  t.same(ortOf({ dpSize: 3 }, 8), { numThreads: 2, spinning: false });
  t.same(ortOf({ dpSize: 4 }, 2), { numThreads: 1, spinning: false }, 'none has less than one');
  t.same(ortOf({ dpSize: 2, numThreads: 5 }, 8), { numThreads: 5, spinning: false });
  t.end();
});

t.test('a device starts with the model, and no more of it than crosses threads', (t) => {
  const prepared = { ...MODEL, checkpoint: { files: [] } };
  const start = deviceStart(argsOf(), prepared, { limits: LIMITS, numCores: 1 });
  t.same(start.model, MODEL);
  t.equal(start.limits, LIMITS);
  t.notOk(start.isDeterministic);
  const asked = argsOf({ enableDeterministicInference: true });
  t.ok(deviceStart(asked, prepared, { limits: LIMITS, numCores: 1 }).isDeterministic);
  t.end();
});

t.test('the scheduler', (t) => {
  const env = loadHostEnv({ SGLANG_REQ_WAITING_TIMEOUT: '3', SGLANG_REQ_RUNNING_TIMEOUT: '4' });
  const configOf = (flags: Partial<ServerArgs>) =>
    schedulerConfig(argsOf(flags), env, { limits: LIMITS, speculation: null });
  t.match(configOf({ maxQueuedRequests: 9, randomSeed: 7, pageSize: 1 }), {
    maxQueuedRequests: 9,
    maxRunningRequests: LIMITS.numSlots,
    policySeed: 7,
    waitingTimeoutMs: 3000,
    runningTimeoutMs: 4000,
    priority: null,
  });
  t.equal(configOf({ randomSeed: null }).policySeed, 0);
  const priorities = { enablePriorityScheduling: true, prioritySchedulingPreemptionThreshold: 6 };
  t.same(configOf(priorities).priority, { lowValuesFirst: false, preemptionThreshold: 6 });
  t.same(
    configOf({
      ...priorities,
      disablePriorityPreemption: true,
      scheduleLowPriorityValuesFirst: true,
    }).priority,
    { lowValuesFirst: true, preemptionThreshold: null },
  );
  t.end();
});

t.test('expert recording', (t) => {
  const moe = { layers: [1], numExperts: 4, topK: 2 };
  const on = argsOf({
    expertDistributionRecorderMode: 'stat',
    expertDistributionRecorderBufferSize: 10,
  });
  t.equal(expertRecording(argsOf(), { ...spec, moe }), null);
  t.same(expertRecording(on, { ...spec, moe }), {
    mode: 'stat',
    bufferSize: 10,
    numLayers: spec.numLayers,
    ...moe,
  });
  t.throws(() => expertRecording(on, spec), StartupError, 'a dense model');
  const empty = { ...on, expertDistributionRecorderBufferSize: 0 };
  t.throws(() => expertRecording(empty, { ...spec, moe }), StartupError, 'no room');
  t.end();
});

t.test('memory is what the machine has, shared by the devices', (t) => {
  const machine = { numCores: 2, memoryBytes: 2 ** 29 };
  const tokensOf = (flags: Partial<ServerArgs>) => {
    const args = resolveDeviceArgs(argsOf({ pageSize: 4, ...flags }), 'cpu', spec.headDim);
    const { limits } = memoryPlan(args, { spec, draft: null }, machine);
    t.equal(limits.pageSizeTokens, 4);
    return servingLimits(limits);
  };
  const whole = tokensOf({});
  t.equal(tokensOf({ maxTotalTokens: 64, maxRunningRequests: 2 }).maxTotalTokens, 64);
  t.equal(tokensOf({ maxTotalTokens: 64, maxRunningRequests: 2 }).maxRunningRequests, 2);
  t.ok(tokensOf({ dpSize: 2 }).maxTotalTokens <= whole.maxTotalTokens / 2);
  t.ok(tokensOf({ memFractionStatic: 0.25 }).maxTotalTokens < whole.maxTotalTokens);
  t.ok(thisMachine().memoryBytes > 0 && thisMachine().numCores > 0);
  t.end();
});

t.test('what a request may take of a device', (t) => {
  t.same(servingLimits(LIMITS), { maxTotalTokens: 512, slotLength: 64, maxRunningRequests: 4 });
  t.end();
});
