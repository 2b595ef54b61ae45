/** Runs every example of README.md, docs/library.md and docs/guide against the servers that their pages start. */
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { postJson } from '../e2e/client.js';
import { startRadish } from '../e2e/radish-process.js';
import { mismatch } from './match-answer.js';
import { LANGUAGES, readPage, type Example, type Section } from './read-page.js';
import { lacking, runExample } from './run-example.js';
import { makeStandIns, readServeCommand } from './serve-command.js';

t.setTimeout(600_000);

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const GUIDE = 'docs/guide';
const SHOWN_ADDRESS = '127.0.0.1:30000';
/** The key of the pages that have one. */
const KEY = { authorization: 'Bearer my-key' };

const guidePages = (await readdir(join(ROOT, GUIDE))).sort().map((name) => `${GUIDE}/${name}`);
const sections = new Map<string, Section[]>();
for (const page of ['README.md', 'docs/library.md', ...guidePages]) {
  sections.set(page, readPage(page, await readFile(join(ROOT, page), 'utf8')));
}

/** One page's name as an argument runs that page alone. */
const only = process.argv[2];
const chosen = [...sections].filter(([page]) => only === undefined || page.includes(only));

/** What runs below it can import the packages of this repository. */
const outer = await mkdtemp(join(tmpdir(), 'radish-docs-'));
await symlink(join(ROOT, 'node_modules'), join(outer, 'node_modules'));
const hub = await makeStandIns();
t.teardown(async () => {
  await hub.remove();
  await rm(outer, { recursive: true });
});

t.test('every page of the guide has its example in every language', (t) => {
  for (const page of guidePages) {
    const examples = (sections.get(page) ?? []).flatMap(({ examples }) => examples);
    const missing = LANGUAGES.filter((name) => !examples.some(({ language }) => language === name));
    t.same(missing, [], `${page}: an example in each language`);
  }
  t.end();
});

/** Sections by the server that they need, so that each is started once. */
const byCommand = new Map<string, Section[]>();
for (const section of chosen.flatMap(([, sections]) => sections)) {
  const command = section.command ?? 'radish serve';
  byCommand.set(command, [...(byCommand.get(command) ?? []), section]);
}

/** Examples mostly wait for their programs to start. */
t.jobs = 2;
for (const [command, sections] of byCommand) {
  t.test(command, { buffered: true }, async (t) => {
    const { flags, env } = readServeCommand(command, sections[0]?.where ?? '');
    const folder = await makeProject();
    const radish = await startRadish(flags, { ...hub.env, ...env }, folder);
    t.teardown(() => radish.stop());
    for (const example of sections.flatMap(({ examples }) => examples)) {
      await t.test(`${example.where} (${example.language})`, (t) =>
        check(t, example, { url: radish.url, folder }),
      );
    }
  });
}

/** For the built-in model. */
const ADAPTER = 'test/fixtures/lora/tiny';

/** Where a server and its examples run: a folder with Radish among its packages, and an adapter. */
async function makeProject(): Promise<string> {
  const folder = await mkdtemp(join(outer, 'project-'));
  await mkdir(join(folder, 'node_modules'));
  await symlink(ROOT, join(folder, 'node_modules', 'radish-server'));
  await cp(join(ROOT, ADAPTER), join(folder, 'adapters', 'support'), { recursive: true });
  return folder;
}

/** Each example finds an empty cache, so that no page depends on another. */
async function check(
  t: Test,
  example: Example,
  { url, folder }: { readonly url: string; readonly folder: string },
): Promise<void> {
  const lack = await lacking(example);
  if (lack !== null) {
    t.pass(`${example.where} skipped: ${lack}`, { skip: lack });
    return;
  }
  await postJson(`${url}/flush_cache`, {}, { headers: KEY });
  const address = new URL(url).host;
  const code = example.code.replaceAll(SHOWN_ADDRESS, address);
  try {
    const printed = await runExample({ ...example, code }, folder);
    const difference = mismatch(example.answer, printed.replaceAll(address, SHOWN_ADDRESS));
    if (difference === null) t.pass(example.where);
    else t.fail(`${example.where}: not the answer of ${example.answer.where}: ${difference}`);
  } catch (error) {
    t.fail(`${example.where}: ${(error as Error).message}`);
  }
}
