import t from 'tap';

import { argsOf, logTo } from '../../../src/library/options.js';
import { defaultArgs } from '../api/test-app.js';

t.test('options are the flags in camelCase, others have their defaults', (t) => {
  t.same(argsOf({}), defaultArgs());
  t.same(argsOf({ model: 'a/b', pageSize: 32, port: undefined, disableRadixCache: true }), {
    ...defaultArgs(),
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
    [{ quantization: 'fp8' }, 'quantization', /^quantization must be one of auto, none/],
    [{ chunkedPrefillSize: 0 }, null, /at least 1, or -1/],
    [{ toString: 1 }, 'toString', /no option 'toString'/],
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
  log.progress('loading').update(0.5);
  t.same(lines, ['warn b', 'error c', 'debug d', 'info e']);
  logTo(undefined, 'info').info('nobody hears it');
  t.end();
});
