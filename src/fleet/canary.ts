import { once } from 'node:events';
import type { MessagePort } from 'node:worker_threads';
import { RESULT_FAILED, stepOf, type EmbedPlan, type StepPlan } from '../core/batch.js';
import { greedySampling } from '../core/sampling-params.js';
import type { ModelSpec } from '../core/model-spec.js';
import type { DeviceLimits, FromDevice, ToDevice } from '../messages.js';

const NUM_PROMPT_TOKENS = 4;
/** The prompt's, and one of decoding. */
const NUM_ROWS = NUM_PROMPT_TOKENS + 1;

const GREEDY = greedySampling(2);

/**
 * A first small request on a device that nobody else uses yet, over the port that the scheduler gets
 * afterwards. Leaves the device as it was. Throws when the model gives no usable numbers.
 */
export async function runCanary(
  port: MessagePort,
  spec: ModelSpec,
  limits: DeviceLimits,
): Promise<void> {
  const tokens = Int32Array.from(
    { length: NUM_PROMPT_TOKENS },
    (_, i) => (i * 31 + 1) % spec.vocabSize,
  );
  if (spec.embedding !== null) {
    const plan: EmbedPlan = {
      step: 0,
      sequences: [{ tokens, tokenTypes: null }],
      recordsExperts: false,
    };
    checkEmbedding(await ask(port, { kind: 'embed', plan }));
    return;
  }
  for (const [step, parts] of [promptStep(tokens, limits), decodeStep()].entries()) {
    checkToken(await ask(port, { kind: 'step', plan: stepOf(step, parts) }));
  }
}

function promptStep(tokens: Int32Array, { pageSizeTokens }: DeviceLimits): Partial<StepPlan> {
  const open = {
    slot: 0,
    sampling: GREEDY,
    promptLen: tokens.length,
    priorOutputIds: new Int32Array(0),
    grammar: null,
    logprobs: null,
    hiddenFrom: Infinity,
    speculation: null,
  };
  const numPages = Math.ceil(NUM_ROWS / pageSizeTokens);
  const pages = Int32Array.from({ length: numPages }, (_, page) => page);
  const prompt = { slot: 0, position: 0, tokens, previousToken: -1, nextToken: -1, sample: true };
  return { opens: [open], maps: [{ slot: 0, fromPage: 0, pages }], prefill: [prompt] };
}

function decodeStep(): Partial<StepPlan> {
  return { decode: Int32Array.of(0, -1, 1), frees: [0] };
}

async function ask(port: MessagePort, message: ToDevice): Promise<FromDevice> {
  port.postMessage(message);
  const [answer] = (await once(port, 'message')) as [FromDevice];
  return answer;
}

function checkToken(answer: FromDevice): void {
  const tokens = answer.kind === 'stepDone' ? answer.result.tokens : new Int32Array(0);
  const [, , flags = RESULT_FAILED] = tokens;
  if ((flags & RESULT_FAILED) !== 0) throw new Error('the new weights give no probabilities');
}

function checkEmbedding(answer: FromDevice): void {
  const vector = answer.kind === 'embedDone' ? answer.result.vectors : new Float32Array(0);
  if (vector.length === 0 || !vector.every(Number.isFinite)) {
    throw new Error('the new weights give a vector that is not finite');
  }
}
