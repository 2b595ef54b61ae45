import t from 'tap';
import type { AdmittedMiss, ReqInput } from '../../../../src/messages.js';
import { request, SchedulerRig } from '../../../doubles/scheduler-rig.js';

const ASKS = { explainsMiss: true };

function missOf(rig: SchedulerRig, num: number): AdmittedMiss | null | undefined {
  const outputs = rig.toMain.filter((message) => message.kind === 'output');
  return outputs.flatMap(({ admitted }) => admitted).find((one) => one.num === num)?.miss;
}

/** What request 9 is told when it comes after the others. */
function told(rig: SchedulerRig, req: ReqInput): AdmittedMiss | null | undefined {
  rig.submit(req).run();
  return missOf(rig, req.num);
}

const asking = (promptLen: number, more: Partial<ReqInput> & { first?: number } = {}): ReqInput => {
  const { sampling, ...others } = more;
  return request(9, promptLen, { ...ASKS, ...others, ...(sampling ? { sampling } : {}) });
};

const warm = (promptLen: number, config = {}): SchedulerRig =>
  new SchedulerRig({ config })
    .attach()
    .submit(request(1, promptLen, { first: 9 }))
    .run();

t.test('who does not ask is told nothing, and nobody is asked', (t) => {
  const rig = warm(64);
  t.equal(told(rig, request(9, 80)), null);
  t.notOk(rig.ops.some((op) => op.op === 'match' && op.explains));
  t.end();
});

t.test('all but the last token', (t) => {
  const nothing = { position: null, expectedToken: null, pageSizeTokens: 16 };
  t.same(told(warm(64), asking(65)), { cause: 'none', ...nothing });
  t.same(told(warm(64), asking(1, { first: 9 })), { cause: 'none', ...nothing }, 'a single token');
  t.end();
});

t.test('less than a page before the last token', (t) => {
  const nothing = { cause: 'less_than_a_page', position: null };
  t.match(told(warm(64), asking(64)), nothing, 'the last page has the last token');
  t.match(told(warm(64), asking(80)), nothing);
  t.match(told(warm(64), asking(10, { first: 100 })), nothing, 'shorter than a page');
  t.match(told(warm(64), asking(81)), { cause: 'never_seen', position: 64 }, 'a page is left');
  t.end();
});

t.test('log-probabilities need rows computed', (t) => {
  const wants = (startLen: number) => ({ logprobs: { startLen, topNum: 0, tokenIds: [] } });
  const limited = { cause: 'input_logprobs', position: 32 };
  t.match(told(warm(96), asking(96, wants(40))), limited);
  t.match(told(warm(96), asking(96, wants(0))), { cause: 'input_logprobs', position: 0 });
  t.match(told(warm(96), asking(96, wants(95))), { cause: 'less_than_a_page' });
  t.match(told(warm(32), asking(96, wants(80))), { cause: 'never_seen', position: 32 });
  t.end();
});

t.test('hidden states need rows computed', (t) => {
  const none = { cause: 'hidden_states', position: 0 };
  t.match(told(warm(96), asking(96, { hiddenStates: 'full' })), none);
  t.match(told(warm(96), asking(96, { hiddenStates: 'last' })), { cause: 'less_than_a_page' });
  t.match(told(warm(64), asking(81, { hiddenStates: 'last' })), { cause: 'never_seen' });
  t.end();
});

t.test('a disabled cache says so', (t) => {
  const rig = warm(64, { disableRadixCache: true });
  t.match(told(rig, asking(64)), { cause: 'cache_disabled', position: 0 });
  t.end();
});

t.test('another request was about to compute it', (t) => {
  for (const [tenant, cause] of [
    ['', 'in_flight'],
    ['other', 'never_seen'],
  ] as const) {
    const rig = new SchedulerRig().attach();
    rig.submit(request(1, 30, { first: 9, tenant }), asking(30)).run();
    t.match(missOf(rig, 9), { cause, position: 0 }, `of tenant '${tenant}'`);
  }
  t.end();
});

t.test('it was inserted after the match, and is too little to match again', (t) => {
  const rig = new SchedulerRig({ limits: { numSlots: 1 } }).attach();
  rig.submit(request(1, 30, { first: 9, sampling: { maxNewTokens: 4 } }), asking(30)).run();
  t.match(missOf(rig, 9), { cause: 'in_flight', position: 0 });
  t.end();
});

t.test('the word of the trees is told at the first seat', (t) => {
  const rig = warm(64);
  const inputIds = Int32Array.from(request(9, 64).inputIds);
  inputIds[37] = 7;
  const why = told(rig, { ...asking(64), inputIds });
  t.same(why, { cause: 'never_seen', position: 37, expectedToken: 46, pageSizeTokens: 16 });
  t.end();
});

t.test('new weights begin with an empty tree, and another device has its own', (t) => {
  const rig = warm(64);
  rig.attach(1, 0);
  t.match(told(rig, asking(64, { dpRank: 1 })), { cause: 'other_device', position: 0 });
  rig.attach(0, 1, 1).run();
  rig.submit(request(10, 64, { ...ASKS, first: 9, dpRank: 0 })).run();
  t.match(missOf(rig, 10), { cause: 'other_weights', position: 0 });
  t.end();
});
