import t from 'tap';

import { apart, argsOf, logTo } from '../../../src/library/options.js';
import { presetArgs } from '../api/test-app.js';

t.test('options are the flags in camelCase, others have their defaults', (t) => {
  t.same(argsOf({}), presetArgs());
  t.same(argsOf({ model: 'a/b', pageSize: 32, port: undefined, disableRadixCache: true }), {
    ...presetArgs(),
    modelPath: 'a/b',
    pageSize: 32,
    disableRadixCache: true,
  });
  t.equal(argsOf({ modelPath: 'a' }).modelPath, 'a');
  t.end();
});

t.test('one that cannot be says which', (t) => {
  const cases: readonly (readonly [options: object, param: string | null, message: RegExp])[] = [
    [{ prot: 1 }, 'prot', /^There is no option 'prot'\.$/],
    [{ 'page-size': 1 }, 'page-size', /no option/],
    [{ port: '1' }, 'port', /^port must be an integer from 0 to 65535, got '1'\.$/],
    [{ model: '' }, 'modelPath', /^modelPath must be a string/],
    [{ quantization: 'q4' }, 'quantization', /^quantization must be one of auto, none/],
    [{ chunkedPrefillSize: 0 }, null, /at least 1, or -1/],
    [{ toString: 1 }, 'toString', /no option 'toString'/],
    [{ onLog: 5 }, 'onLog', /^onLog must be a function\.$/],
    [{ onProgress: 'x' }, 'onProgress', /^onProgress must be a function\.$/],
    [null as unknown as object, null, /^The options must be an object\.$/],
    ['a/b' as unknown as object, null, /^The options must be an object\.$/],
  ];
  for (const [options, param, message] of cases) {
    const fields = { status: 400, type: 'BadRequestError', code: 'invalid_option', param };
    t.throws(() => argsOf(options), { name: 'RadishError', message, ...fields });
  }
  t.end();
});

t.test('lines of the log go to whoever asks for them, above its level', (t) => {
  const lines: string[] = [];
  const log = logTo((level, message) => lines.push(`${level} ${message}`), 'warning');
  log.info('a');
  log.warn('b');
  log.error('c');
  log.setLevel('debug');
  log.debug('d');
  log.log('info', 'e');
  log.progress('loading').update(1, 2);
  t.same(lines, ['warn b', 'error c', 'debug d', 'info e']);
  logTo(undefined, 'info').info('nobody hears it');
  t.end();
});

t.test('what a callback throws is thrown to the program, not to whoever tells', (t) => {
  const later = t.capture(globalThis, 'queueMicrotask', () => undefined);
  const bug = new Error('in onLog');
  const log = logTo(() => {
    throw bug;
  }, 'info');
  log.info('a');
  const [call] = later();
  t.throws(call?.args[0] as () => void, bug);
  apart(null)();
  t.end();
});
