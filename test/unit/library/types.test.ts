/** The types as the compiler of a program sees them that has no others: not Node's, not those of our packages. */
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import t from 'tap';

const ROOT = fileURLToPath(new URL('../../../..', import.meta.url));
const TSC = createRequire(import.meta.url).resolve('typescript/bin/tsc');

const PROGRAM = `
import { Radish, RadishError, type ChatRequest } from 'radish-server';

const radish = await Radish.load({ model: 'x', pageSize: 16, onProgress: (fraction) => fraction.toFixed(2) });
const request = { messages: [{ role: 'user', content: 'hi' }] } satisfies ChatRequest;
const { choices } = await radish.chat(request, { signal: AbortSignal.timeout(1) });
const content: string | null = choices[0].message.content;
for await (const chunk of radish.chat({ ...request, stream: true })) console.log(chunk.choices[0]?.delta.content);
const one: string = (await radish.generate({ text: 'a' })).text;
const many: readonly { text: string }[] = await radish.generate({ text: ['a'] });
const label: string | undefined = (await radish.classify({ input: 'a' })).data[0]?.label;
const score: number | undefined = (await radish.rerank({ query: 'a', documents: ['b'] }))[0]?.score;
const status: number = new RadishError('', { status: 1, type: '', code: 1, param: null }).status;
console.log(content, one, many, label, score, status, (await radish.listen({ port: 0 })).url);
// @ts-expect-error -- no such option
await Radish.load({ prot: 1 });
// @ts-expect-error -- no messages
await radish.chat({});
// @ts-expect-error -- it has to be loaded
new Radish();
`;

t.test('a strict program compiles against them', (t) => {
  const folder = t.testdir({
    'program.ts': PROGRAM,
    'package.json': JSON.stringify({ type: 'module' }),
    'tsconfig.json': JSON.stringify({
      compilerOptions: {
        noEmit: true,
        strict: true,
        exactOptionalPropertyTypes: true,
        module: 'nodenext',
        target: 'es2022',
        lib: ['es2023', 'dom'],
        types: [],
      },
      files: ['program.ts'],
    }),
    node_modules: { 'radish-server': t.fixture('symlink', ROOT) },
  });
  const { stdout, status } = spawnSync(process.execPath, [TSC, '-p', folder], { encoding: 'utf8' });
  t.equal(status, 0, stdout);
  t.end();
});
