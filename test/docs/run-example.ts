import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import type { Example, Language } from './read-page.js';

const run = promisify(execFile);

const TIMEOUT_MS = 60_000;
const IMPORT = /^(?:import|from)\s+(\w+)/gm;

interface Runner {
  readonly file: string;
  /** What is run in the folder that has the file. */
  readonly command: readonly [program: string, ...args: string[]];
}

const RUNNERS: Readonly<Record<Language, Runner>> = {
  sh: { file: 'example.sh', command: ['bash', '-eo', 'pipefail', 'example.sh'] },
  python: { file: 'example.py', command: ['python3', 'example.py'] },
  js: { file: 'example.mjs', command: [process.execPath, 'example.mjs'] },
};

/** A test runner's own settings are not an example's. */
const ENV = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(TAP|NODE_OPTIONS$)/.test(name)),
);

/** What the example prints when it is run in `folder`. @throws Error with what it wrote to stderr */
export async function runExample({ language, code }: Example, folder: string): Promise<string> {
  const { file, command } = RUNNERS[language];
  await writeFile(join(folder, file), code);
  const [program, ...args] = command;
  const options = { cwd: folder, env: ENV, timeout: TIMEOUT_MS, maxBuffer: 2 ** 26 };
  return (await run(program, args, options)).stdout;
}

const known = new Map<string, Promise<boolean>>();

/** What this machine lacks for the example, in words; null where nothing. */
export async function lacking({ language, code }: Example): Promise<string | null> {
  if (language === 'sh' && code.includes('curl') && !(await succeeds('curl', '--version'))) {
    return 'curl is missing';
  }
  if (language !== 'python') return null;
  for (const [, module = ''] of code.matchAll(IMPORT)) {
    if (!(await succeeds('python3', '-c', `import ${module}`))) {
      return `python3 cannot import ${module}`;
    }
  }
  return null;
}

function succeeds(program: string, ...args: readonly string[]): Promise<boolean> {
  const key = [program, ...args].join(' ');
  const probe = known.get(key) ?? run(program, args, { env: ENV }).then(() => true, () => false); // prettier-ignore
  known.set(key, probe);
  return probe;
}
