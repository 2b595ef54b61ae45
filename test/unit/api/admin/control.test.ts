import { mkdir, mkdtemp, readFile, readdir, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';

import { startApp, type TestApp } from '../test-app.js';

async function open(t: { teardown(fn: () => void): void }, args = {}): Promise<TestApp> {
  const app = await startApp(args);
  t.teardown(() => {
    app.app.close();
  });
  return app;
}

const timing = { startMs: 0, loadUs: 0, prefillUs: 700, decodeUs: 300, lastStoreUs: 0 };

t.test('a profile is a CPU profile and a trace of steps, in files', async (t) => {
  const app = await open(t);
  const folder = await mkdtemp(join(tmpdir(), 'radish-profile-'));
  const step = (number: number): void => {
    const device = { rank: 0, generation: 1 };
    const counts = { numPrefillTokens: 20, numDecodeRows: 3, numCachedTokens: 0, prefills: [] };
    app.scheduler.timed({ device, step: number, ...counts, timing });
  };
  const body = { output_dir: folder, profile_id: '../a b', start_step: 1 };
  const started = await app.post('/start_profile', body);
  t.equal(started.text, 'Start profiling.\n');
  t.equal((await app.post('/start_profile', '')).status, 400, 'one at a time');
  for (let i = 0; i < 3; i++) step(i);
  const stopped = await app.post('/stop_profile', '');
  t.equal(stopped.text, 'Stop profiling. This will take some time.\n');
  t.equal((await app.post('/stop_profile', '')).status, 400);

  t.strictSame((await readdir(folder)).sort(), [
    '.._a_b-main.cpuprofile',
    '.._a_b-steps.trace.json',
  ]);
  const read = async (name: string) =>
    JSON.parse(await readFile(join(folder, name), 'utf8')) as Record<string, unknown[]>;
  t.ok(((await read('.._a_b-main.cpuprofile'))['nodes']?.length ?? 0) > 0);
  const { traceEvents = [] } = await read('.._a_b-steps.trace.json');
  t.equal(traceEvents.length, 4, 'two parts of two steps: the first is left out');
  const args = { step: 1, prefill_tokens: 20, decode_rows: 3 };
  t.match(traceEvents[0], { name: 'prefill', ph: 'X', dur: 700, pid: 1, tid: 0, args });
  const [first, second] = traceEvents as { ts: number }[];
  t.ok(Math.abs((second?.ts ?? 0) - (first?.ts ?? 0) - 700) < 0.01, 'one part after the other');
  const told = app.scheduler.received.flatMap((m) => (m.kind === 'profile' ? [m.isOn] : []));
  t.strictSame(told, [true, false]);

  await t.test('it ends by itself after num_steps', async (t) => {
    const short = { output_dir: folder, profile_id: 'short', num_steps: 2, activities: ['GPU'] };
    await app.post('/start_profile', short);
    for (let i = 0; i < 5; i++) step(i);
    while (!(await readdir(folder)).includes('short-steps.trace.json')) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    t.equal((await app.post('/stop_profile', '')).status, 400);
    t.notOk((await readdir(folder)).includes('short-main.cpuprofile'));
  });

  await symlink('/etc', join(folder, 'link'));
  const outside = [
    '/etc',
    '..',
    `${folder}/../../etc`,
    `${folder}/link`,
    `${folder}/link/x`,
    'a\0b',
  ];
  for (const output_dir of outside) {
    const { status, text } = await app.post('/start_profile', { output_dir });
    t.equal(status, 400, output_dir);
    t.match(text, /output_dir (must be inside|may not lead through a link)/);
  }
  await writeFile(join(folder, 'file'), '');
  const bad = await app.post('/start_profile', { output_dir: join(folder, 'file', 'x') });
  t.equal(bad.status, 400);
  t.match(bad.json, { error: { message: /^The profile cannot be written to/ } });
  t.equal((await app.post('/start_profile', { num_steps: 0 })).status, 400);
});

t.test('a profile that is stopped early, or cannot be written, is a sentence', async (t) => {
  const app = await open(t);
  const folder = await mkdtemp(join(tmpdir(), 'radish-profile-'));
  const [started, ...stopped] = await Promise.all([
    app.post('/start_profile', { output_dir: folder, profile_id: 'early' }),
    app.post('/stop_profile', ''),
    app.post('/stop_profile', ''),
  ]);
  t.equal(started.status, 200);
  for (const { status, text } of stopped)
    t.match(`${status} ${text}`, /^(200 Stop|400 .*not in progress)/);
  await app.post('/stop_profile', ''); // Whichever of the three came first.
  await mkdir(join(folder, 'taken-steps.trace.json'));
  await app.post('/start_profile', { output_dir: folder, profile_id: 'taken' });
  const failed = await app.post('/stop_profile', '');
  t.equal(failed.status, 400);
  t.match(failed.json, { error: { message: /^The profile could not be written: / } });
  t.match((await app.post('/stop_profile', '')).text, /not in progress/);
  t.notOk((await readdir(folder)).some((name) => name.endsWith('.tmp')));
});

t.test('/configure_logging turns the request log on and off', async (t) => {
  const app = await open(t);
  app.scheduler.onAccepted = (req) => {
    app.scheduler.run(req, [97], { type: 'length', length: 1 });
  };
  await app.post('/generate', { text: 'a', rid: 'before' });
  const answer = await app.post('/configure_logging', {
    log_requests: true,
    log_requests_level: 0,
  });
  t.equal(answer.status, 200);
  t.equal(answer.text, '');
  await app.post('/generate', { text: 'a', rid: 'seen' });
  await app.post('/generate', { text: 'a', rid: 'hidden', no_logs: true });
  await fetch(`${app.url}/health_generate`);
  await app.post('/configure_logging', { log_level: 'error' });
  await app.post('/generate', { text: 'a', rid: 'after' });
  const lines = app.lines.filter((line) => /Receive|Finish/.test(line));
  t.equal(lines.length, 2);
  t.match(lines[0], 'Receive: obj={"rid":"seen"');
  t.match(lines[1], 'Finish: obj={"rid":"seen"');
  t.equal((await fetch(`${app.url}/configure_logging`)).status, 200);
  for (const body of [
    { log_level: 'loud' },
    { log_requests_level: 4 },
    { log_requests_format: 'xml' },
    { dump_requests_folder: 'x' },
  ]) {
    t.equal((await app.post('/configure_logging', body)).status, 400, JSON.stringify(body));
  }
});

t.test('/set_internal_state changes numbers of the scheduler, whole or not at all', async (t) => {
  const app = await open(t, { dpSize: 2 });
  const set = async (server_args: unknown) =>
    (await app.post('/set_internal_state', { server_args })).json;
  t.strictSame(await set({ max_queued_requests: 5, decode_log_interval: 1 }), [true, true]);
  t.strictSame(await set({ max_queued_requests: 5, nope: 1 }), [false, false]);
  t.strictSame(await set({ max_queued_requests: 0 }), [false, false]);
  t.strictSame(await set({ chunked_prefill_size: 8.5 }), [false, false]);
  const knobs = app.scheduler.received.flatMap((m) => (m.kind === 'setKnobs' ? [m.knobs] : []));
  t.strictSame(knobs, [{ maxQueuedRequests: 5, decodeLogInterval: 1 }]);
  for (const body of [{}, { server_args: 5 }, { server_args: { nope: {} } }]) {
    const { status, json } = await app.post('/set_internal_state', body);
    t.equal(status, 400);
    t.match(json, { message: 'server_args must be an object of numbers.' });
  }
});

t.test('/freeze_gc and /ping answer', async (t) => {
  const app = await open(t);
  t.equal((await app.post('/freeze_gc', '')).text, 'Garbage collection frozen.\n');
  const ping = await fetch(`${app.url}/ping`);
  t.equal(ping.status, 200);
  t.equal(await ping.text(), '');
});
