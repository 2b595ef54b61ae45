import t from 'tap';

import { describe } from '../../../src/http/described.js';
import { field } from '../../../src/http/fields.js';
import { FieldReader } from '../../../src/http/field-reader.js';
import { fieldOf } from '../../../src/http/json.js';
import { operationsOf } from '../../../src/api/openapi/document.js';
import { OPERATIONS } from '../../../src/api/openapi/operations.js';
import { startApp } from './test-app.js';

interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, DocumentedOperation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

interface DocumentedOperation {
  readonly security?: readonly object[];
  readonly operationId: string;
  readonly requestBody?: {
    readonly content: Readonly<Record<string, { readonly schema: object }>>;
  };
  readonly responses: Readonly<Record<string, object>>;
}

const EVERYTHING = { enableFaultInjection: true, enableMetrics: true };

t.test('every route is described, and nothing else is', async (t) => {
  const { app, url } = await startApp(EVERYTHING);
  t.teardown(() => {
    app.close();
  });
  const described = app.routes.flatMap((route) =>
    route.methods.flatMap((method) =>
      operationsOf(route, method).map(({ path }) => `${method} ${path}`),
    ),
  );
  t.strictSame([...new Set(described)].sort(), Object.keys(OPERATIONS).sort());
  const response = await fetch(`${url}/openapi.json`);
  t.equal(response.status, 200);
  const document = (await response.json()) as Document;
  t.equal(document.openapi, '3.1.0');
  const operations = Object.values(document.paths).flatMap((item) => Object.values(item));
  t.equal(new Set(operations.map(({ operationId }) => operationId)).size, operations.length);
  for (const [, name] of JSON.stringify(document).matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
    t.ok(Object.hasOwn(document.components.schemas, name ?? ''), `${name ?? ''} is there`);
  }
});

t.test('an answer to anything has a documented status', async (t) => {
  const { app, url } = await startApp(EVERYTHING);
  t.teardown(() => {
    app.close();
  });
  const document = (await (await fetch(`${url}/openapi.json`)).json()) as Document;
  const bodies = ['{}', '[]', '{', '', '{"model":5,"messages":7,"input":[{}],"text":{},"tags":1}'];
  const silent = new Set(['/generate', '/ws', '/health_generate', '/debug/fail_device']);
  for (const [path, item] of Object.entries(document.paths)) {
    if (silent.has(path)) continue;
    for (const [method, { responses }] of Object.entries(item)) {
      for (const body of method === 'get' ? [null] : bodies) {
        const headers = { 'content-type': 'application/json' };
        const init = { method: method.toUpperCase(), body, headers };
        const response = await fetch(url + path.replaceAll(/\{\w+\}/g, 'x'), init);
        await response.text();
        const { status } = response;
        t.ok(Object.hasOwn(responses, status), `${method} ${path} ${body ?? ''}: ${status}`);
        t.ok(status < 500 || [501, 503, 529].includes(status), `${path}: ${status}`);
      }
    }
  }
});

t.test('/docs is one page that needs nothing else', async (t) => {
  const { app, url } = await startApp({ apiKey: 'secret' });
  t.teardown(() => {
    app.close();
  });
  t.equal((await fetch(`${url}/docs`)).status, 401);
  for (const path of ['/docs', '/redoc']) {
    const response = await fetch(url + path, { headers: { 'x-api-key': 'secret' } });
    t.match(response.headers.get('content-type'), /^text\/html/);
    const text = await response.text();
    t.match(text, /<b>POST<\/b> <code>\/v1\/chat\/completions<\/code>/);
    t.match(text, /<code>max_new_tokens<\/code>|<code>sampling_params<\/code>/);
    t.notMatch(text, /<script|src=|https?:\/\//);
  }
});

t.test('the document says where a key is needed', async (t) => {
  const keys = [{ bearer: [] }, { key: [] }];
  const rows = [
    [{}, [{}, ...keys], [{}, ...keys]],
    [{ apiKey: 'secret' }, keys, keys],
    [{ adminApiKey: 'secret' }, [{}, ...keys], keys],
  ] as const;
  for (const [args, ofChat, ofUpdate] of rows) {
    const { app, url } = await startApp(args);
    const response = await fetch(`${url}/openapi.json`, { headers: { 'x-api-key': 'secret' } });
    const { paths } = (await response.json()) as Document;
    t.strictSame(paths['/v1/chat/completions']?.['post']?.security, ofChat);
    t.strictSame(paths['/update_weights_from_disk']?.['post']?.security, ofUpdate);
    t.equal(paths['/health']?.['get']?.security, undefined);
    app.close();
  }
});

t.test('what no description has is not read', (t) => {
  const body = describe({ n: 1 }, { n: field.integer('How many.'), x: field.raw('Anything.') });
  const read = new FieldReader(body, 'INVALID_JSON');
  t.equal(read.integer('n'), 1);
  t.equal(read.raw('n'), 1);
  t.equal(read.boolean('x'), null, 'a parser of its own decides');
  t.throws(() => read.integer('m'), /no description has 'm'/);
  t.throws(() => fieldOf(body, 'toString'), /no description has 'toString'/);
  t.throws(() => read.string('n'), /'n' is described as integer and read as string/);
  t.end();
});

t.test('it can be hidden, and describes routes where they were moved to', async (t) => {
  const hidden = await startApp({}, {}, { hidesOpenApi: true });
  const moved = await startApp({}, {}, { predictRoute: '/predict', ollamaRootRoute: '/ollama' });
  t.teardown(() => {
    hidden.app.close();
    moved.app.close();
  });
  for (const path of ['/openapi.json', '/docs', '/redoc']) {
    t.equal((await fetch(hidden.url + path)).status, 404);
  }
  const { paths } = (await (await fetch(`${moved.url}/openapi.json`)).json()) as Document;
  t.ok('post' in (paths['/predict'] ?? {}));
  t.ok('get' in (paths['/ollama'] ?? {}));
  t.notOk('/vertex_generate' in paths);
  t.equal(await (await fetch(`${moved.url}/ollama`)).text(), 'Ollama is running');
});
