import t from 'tap';

import { loadHostEnv } from '../../../src/config/load.js';

t.test("folders follow huggingface_hub's variables", (t) => {
  t.match(loadHostEnv({}).hubCacheDir, /\.cache\/huggingface\/hub$/);
  t.equal(loadHostEnv({ XDG_CACHE_HOME: '/x' }).hubCacheDir, '/x/huggingface/hub');
  t.equal(loadHostEnv({ HF_HOME: '/h', XDG_CACHE_HOME: '/x' }).hubCacheDir, '/h/hub');
  t.equal(loadHostEnv({ HF_HUB_CACHE: '/c', HF_HOME: '/h' }).hubCacheDir, '/c');
  t.equal(loadHostEnv({ XDG_CACHE_HOME: '/x' }).cacheDir, '/x/radish');
  t.end();
});

t.test('empty variables are as good as none', (t) => {
  const env = loadHostEnv({ HF_ENDPOINT: '', HF_TOKEN: '', NO_COLOR: '', HF_HUB_OFFLINE: '' });
  t.match(env, {
    hubEndpoint: 'https://huggingface.co',
    hubToken: null,
    useColor: true,
    isHubOffline: false,
  });
  const set = loadHostEnv({ HF_ENDPOINT: 'http://h/', HF_HUB_OFFLINE: '1', NO_COLOR: '1' });
  t.match(set, { hubEndpoint: 'http://h', isHubOffline: true, useColor: false });
  t.equal(set.isDumbTerminal, false);
  t.equal(loadHostEnv({ TERM: 'dumb' }).isDumbTerminal, true);
  t.end();
});

t.test('time-outs come in seconds', (t) => {
  t.match(loadHostEnv({}), { reqWaitingTimeoutMs: null, reqRunningTimeoutMs: null });
  const set = { SGLANG_REQ_WAITING_TIMEOUT: '1.5', SGLANG_REQ_RUNNING_TIMEOUT: '-1' };
  t.match(loadHostEnv(set), { reqWaitingTimeoutMs: 1500, reqRunningTimeoutMs: null });
  t.throws(() => loadHostEnv({ SGLANG_REQ_WAITING_TIMEOUT: 'soon' }), {
    message: 'SGLANG_REQ_WAITING_TIMEOUT must be a number of seconds.',
  });
  t.end();
});

t.test('routes that may be moved, named or hidden', (t) => {
  t.match(loadHostEnv({}), {
    predictRoute: '/vertex_generate',
    ollamaRootRoute: null,
    hidesOpenApi: false,
  });
  const set = loadHostEnv({
    AIP_PREDICT_ROUTE: '/v1/endpoints/7:predict',
    SGLANG_OLLAMA_ROOT_ROUTE: '/',
    DISABLE_OPENAPI_DOC: 'true',
  });
  t.match(set, {
    predictRoute: '/v1/endpoints/7:predict',
    ollamaRootRoute: '/',
    hidesOpenApi: true,
  });
  for (const path of ['predict', '/a b', '/a?b', '/*']) {
    t.throws(() => loadHostEnv({ AIP_PREDICT_ROUTE: path }), {
      message: /^AIP_PREDICT_ROUTE must/,
    });
  }
  t.end();
});
