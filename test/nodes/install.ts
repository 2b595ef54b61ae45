/**
 * The package as a stranger installs it: from its tarball, without scripts and without a network, and then pruned to
 * what this Node loads. Every step must pass and say nothing that looks like a warning.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../e2e/radish-process.js';

const run = promisify(execFile);

const TIMEOUT_MS = 600_000;
const READY = 'The server is fired up and ready to roll!';
const INSTALL = ['install', '--ignore-scripts', '--no-audit', '--no-fund'];

/** A tarball, and a cache that has what it needs. */
export interface Package {
  readonly folder: string;
  readonly tarball: string;
  readonly version: string;
}

/** A Node, and npm run by it. */
class Machine {
  readonly #node: string;
  readonly #folder: string;
  readonly env: NodeJS.ProcessEnv;

  /** @param folder where commands run */
  constructor(node: string, folder: string) {
    this.#node = node;
    this.#folder = folder;
    // Nothing of the npm that runs this, nor of its user's settings; the cache is shared.
    const inherited = Object.entries(process.env).filter(([name]) => !/^(npm|radish)_/i.test(name));
    this.env = {
      ...Object.fromEntries(inherited),
      PATH: [dirname(node), '/usr/local/bin', '/usr/bin', '/bin'].join(delimiter),
      npm_config_userconfig: '/dev/null',
      npm_config_update_notifier: 'false',
      NO_COLOR: '1',
    };
  }

  /** @returns what was printed. @throws Error with it, where it failed or warned */
  async node(...args: string[]): Promise<string> {
    const options = { cwd: this.#folder, env: this.env, timeout: TIMEOUT_MS };
    const { stdout, stderr } = await run(this.#node, args, options);
    if (/warn|deprecat/i.test(stdout + stderr))
      throw new Error(`${args.join(' ')}: ${stdout}${stderr}`);
    return stdout.trim();
  }

  async npm(...args: string[]): Promise<string> {
    return this.node(process.env['npm_execpath'] ?? 'run this by npm', ...args);
  }

  /** Starts a server, asks it for a word and for its page, and stops it. */
  async serve(program: string): Promise<void> {
    const port = String(await freePort());
    const options = {
      cwd: this.#folder,
      env: this.env,
      stdio: ['ignore', 'pipe', 'pipe'] as const,
    };
    const child = spawn(this.#node, [program, 'serve', '--port', port], {
      ...options,
      stdio: [...options.stdio],
    });
    let log = '';
    const ready = new Promise<void>((resolve, reject) => {
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (text: Buffer) => {
          log += text.toString();
          if (log.includes(READY)) resolve();
        });
      child.once('close', () => {
        reject(new Error(`It ended: ${log}`));
      });
    });
    await ready;
    const answer = await fetch(`http://127.0.0.1:${port}/generate`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ text: 'Once', sampling_params: { max_new_tokens: 2 } }),
    });
    const page = await fetch(`http://127.0.0.1:${port}/`, { headers: { accept: 'text/html' } });
    const hasPage = (await page.text()).includes('<script');
    const exit = once(child, 'close');
    child.kill('SIGTERM');
    const [code] = (await exit) as [number | null];
    if (!answer.ok || code !== 0) throw new Error(`${answer.status}, exit code ${code}: ${log}`);
    if (!hasPage) throw new Error(`The page is not there: ${log}`);
  }
}

/** Packs what is built, and fetches once what an installation needs. Null where that cannot be had. */
export async function packed(): Promise<Package | null> {
  const folder = await mkdtemp(join(tmpdir(), 'radish-install-'));
  const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string };
  const here = new Machine(process.execPath, process.cwd());
  await here.npm('pack', '--silent', '--pack-destination', folder);
  const tarball = join(folder, `radish-server-${version}.tgz`);
  const first = join(folder, 'first');
  await mkdir(first);
  const isHad = await new Machine(process.execPath, first)
    .npm(...INSTALL, '--prefer-offline', tarball)
    .then(
      () => true,
      () => false,
    );
  await rm(first, { recursive: true });
  return isHad ? { folder, tarball, version } : null;
}

/** Null where all of it passes, else what went wrong. `isQuick`: not into a prefix as well. */
export async function installFailureOf(
  node: string,
  { folder, tarball, version }: Package,
  isQuick: boolean,
): Promise<string | null> {
  const local = await mkdtemp(join(folder, 'local-'));
  try {
    const machine = new Machine(node, local);
    await machine.npm(...INSTALL, '--offline', tarball);
    same(
      'npx radish-server',
      await machine.npm('exec', '--offline', '--', 'radish-server', '--version'),
      version,
    );
    const installed = join(local, 'node_modules/radish-server');
    await machine.node(join(installed, 'bin/prune.js'));
    await machine.node(join(installed, 'bin/radish.js'), 'doctor', '--port', '0');
    await machine.serve(join(installed, 'bin/radish.js'));
    if (isQuick) return null;
    const prefix = join(local, 'prefix');
    await machine.npm(...INSTALL, '--offline', '--global', '--prefix', prefix, tarball);
    same('radish', await machine.node(join(prefix, 'bin/radish'), '--version'), version);
    return null;
  } catch (error) {
    const {
      message,
      stdout = '',
      stderr = '',
    } = error as Error & { stdout?: string; stderr?: string };
    return [message, stdout, stderr].join('\n').slice(-4000);
  } finally {
    await rm(local, { recursive: true, force: true });
  }
}

function same(what: string, found: string, wanted: string): void {
  if (found !== wanted) throw new Error(`${what} printed ${found}, not ${wanted}`);
}
