import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { DRAIN_DEADLINE_MS } from '../../src/boot/drain-deadline.js';
import { loadServerArgs } from '../../src/config/load.js';
import { envName, flagEntries } from '../../src/config/server-args.js';
import {
  DEPLOY,
  deployFiles,
  documentsOf,
  manifests,
  settingOf,
  stepsOf,
  textOf,
  workloads,
  type Manifest,
} from './deploy-files.js';
import { freePort, startRadish } from './radish-process.js';

const DRAIN_S = DRAIN_DEADLINE_MS / 1000;
const PORT = loadServerArgs(new Map(), null, {}).args.port;
const SERVERS = workloads().filter(({ container }) => container.image === 'radish');

/** What a program that may not be here says, or why it is not asked. */
function ask(program: string, ...args: string[]): { code: number | null; text: string } | null {
  const { error, status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  return error === undefined ? { code: status, text: `${stdout}${stderr}` } : null;
}

t.test('systemd finds nothing wrong with the unit, and little to attack', (t) => {
  const verified = ask('systemd-analyze', 'verify', join(DEPLOY, 'radish.service'));
  if (verified === null) {
    t.pass('systemd-analyze is not here: not asked');
  } else {
    const said = verified.text.split('\n').filter((line) => line.includes('radish'));
    t.strictSame(said, [], 'other units are not ours to judge');
    const security = ask(
      'systemd-analyze',
      'security',
      '--offline=true',
      `${DEPLOY}/radish.service`,
    );
    const exposure = Number(/exposure level for [^:]*: ([\d.]+)/.exec(security?.text ?? '')?.[1]);
    t.ok(exposure < 2, `exposure ${exposure} of 10`);
  }
  const unit = textOf('radish.service');
  t.ok(Number(settingOf(unit, 'TimeoutStopSec')) > DRAIN_S, 'it waits for the drain');
  t.ok(Number(settingOf(unit, 'LimitNOFILE')) >= 4096);
  t.equal(settingOf(unit, 'MemoryDenyWriteExecute'), undefined, 'V8 compiles as it runs');
  const program = /node_modules\/radish-server\/(\S+) serve$/.exec(
    settingOf(unit, 'ExecStart') ?? '',
  );
  t.ok(existsSync(program?.[1] ?? 'nothing'), 'the program that it starts');
  t.end();
});

t.test('variables and flags are those of the server', (t) => {
  const known = new Set(flagEntries().map(([name]) => envName(name)));
  for (const file of deployFiles()) {
    for (const [variable] of textOf(file).matchAll(/\bRADISH_[A-Z_]+\b/g))
      t.ok(known.has(variable), `${file}: ${variable}`);
  }
  const configMaps = manifests().filter(({ kind }) => kind === 'ConfigMap');
  for (const { data = {} } of configMaps)
    t.equal(loadServerArgs(new Map(), null, data).args.enableMetrics, true);
  t.ok(SERVERS.length >= 2 && configMaps.length === 1);
  t.end();
});

t.test('whoever stops a server waits for longer than it drains', (t) => {
  for (const { name, pod, container } of SERVERS) {
    const preStopS = Number(container.lifecycle?.preStop.exec.command.at(-1));
    t.ok(preStopS > 0 && pod.terminationGracePeriodSeconds > preStopS + DRAIN_S, name);
  }
  const [compose] = documentsOf('compose.yaml') as [{ services: { radish: Compose } }];
  t.ok(parseInt(compose.services.radish.stop_grace_period) > DRAIN_S, 'compose');
  t.end();
});

interface Compose {
  readonly stop_grace_period: string;
  readonly ports: readonly string[];
  readonly command: readonly string[];
}

t.test('ports agree with the server, services with pods', (t) => {
  for (const { name, container } of SERVERS)
    t.strictSame(container.ports, [{ name: 'http', containerPort: PORT }], name);
  for (const { name, manifest } of workloads()) {
    const labels = manifest.spec.template?.metadata.labels;
    t.strictSame(manifest.spec.selector, { matchLabels: labels }, name);
    const service = serviceOf(labels);
    t.equal(service?.spec.ports?.[0]?.targetPort, 'http', `${name} has a service`);
    const annotated = manifest.spec.template?.metadata.annotations?.['prometheus.io/port'];
    t.ok(annotated === undefined || annotated === String(PORT), name);
  }
  const [compose] = documentsOf('compose.yaml') as [{ services: { radish: Compose } }];
  t.strictSame(compose.services.radish.ports, [`127.0.0.1:${PORT}:${PORT}`]);
  for (const file of ['nginx.conf', 'prometheus.yml', 'Dockerfile'])
    t.match(textOf(file), new RegExp(`(:|RADISH_PORT=)${PORT}\\b`), file);
  t.end();
});

function serviceOf(labels: unknown): Manifest | undefined {
  return manifests().find(
    ({ kind, spec }) =>
      kind === 'Service' && JSON.stringify(spec.selector) === JSON.stringify(labels),
  );
}

t.test('pods name what is there, and hear of no service by RADISH_PORT', (t) => {
  const names = (kind: string) =>
    manifests().flatMap((one) => (one.kind === kind ? [one.metadata.name] : []));
  for (const { name, manifest, pod, container } of workloads()) {
    t.equal(pod.enableServiceLinks, false, `${name}: a Service named radish is tcp://… there`);
    t.equal(pod.securityContext.runAsNonRoot, true, name);
    for (const { configMapRef } of container.envFrom ?? [])
      t.ok(names('ConfigMap').includes(configMapRef.name), name);
    for (const { valueFrom } of container.env)
      t.match(
        textOf('kubernetes/kustomization.yaml'),
        ` secret generic ${valueFrom.secretKeyRef.name} `,
      );
    const claims = pod.volumes?.map(
      ({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName,
    );
    for (const claim of claims ?? [])
      t.ok(claim === undefined || names('PersistentVolumeClaim').includes(claim), name);
    const volumes = [
      ...(pod.volumes ?? []),
      ...(manifest.spec.volumeClaimTemplates ?? []).map(({ metadata }) => metadata),
    ].map((volume) => volume.name);
    for (const mount of container.volumeMounts ?? [])
      t.ok(volumes.includes(mount.name), mount.name);
  }
  for (const file of manifests().flatMap(({ resources }) => resources ?? []))
    t.ok(existsSync(join(DEPLOY, 'kubernetes', file)), file);
  t.end();
});

t.test('the router knows each server by its name', (t) => {
  const router = workloads().find(({ container }) => container.image === 'radish-router');
  const set = SERVERS.find(({ manifest }) => manifest.kind === 'StatefulSet')?.manifest;
  const service = serviceOf(set?.spec.template?.metadata.labels)?.metadata.name ?? '';
  const urls = Array.from(
    { length: set?.spec.replicas ?? 0 },
    (_, index) => `http://${set?.metadata.name ?? ''}-${index}.${service}:${PORT}`,
  );
  t.strictSame(
    router?.container.args.filter((arg) => arg.startsWith('http')),
    urls,
  );
  const number = (flag: string) =>
    Number(router?.container.args.find((arg) => arg.startsWith(flag))?.split('=')[1]);
  t.ok(number('--cb-failure-threshold') < number('--retry-max-retries'));
  t.end();
});

t.test('an image is made of files that are there, and gets its signals', (t) => {
  const ignored = textOf('Dockerfile.dockerignore').split('\n');
  const steps = stepsOf('Dockerfile');
  const stages = steps.flatMap(([step, rest]) =>
    step === 'FROM' ? (/AS (\w+)/.exec(rest) ?? []) : [],
  );
  for (const [, rest] of steps.filter(([step]) => step === 'COPY')) {
    const words = rest.split(/\s+/);
    const stage = words[0]?.startsWith('--from=') === true ? words.shift()?.slice(7) : undefined;
    if (stage !== undefined) t.ok(stages.includes(stage), stage);
    else
      for (const source of words.slice(0, -1)) {
        t.ok(existsSync(source), source);
        t.ok(ignored.includes(`!${source.split('/')[0] ?? ''}`), `${source} is not ignored`);
      }
  }
  const last = (wanted: string) => steps.findLast(([step]) => step === wanted)?.[1] ?? '';
  t.equal(last('USER'), 'node');
  const command = [last('ENTRYPOINT'), last('CMD')].flatMap((json) => JSON.parse(json) as string[]);
  t.strictSame(command, ['node', 'bin/radish.js', 'serve']);
  const { files, scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as {
    files: string[];
    scripts: Record<string, string>;
  };
  const copied = steps
    .filter(([step]) => step === 'COPY')
    .map(([, rest]) => rest.split(' ').at(-1));
  for (const [, file] of (scripts['build:server'] ?? '').matchAll(/node (\S+)/g))
    t.ok(copied.includes(file), `${file ?? ''} builds the image`);
  const wanted = files.filter((file) => !/^(!|docs$|bin\/prune\.js$)/.test(file));
  for (const file of wanted)
    t.ok(file.endsWith('.md') || copied.includes(file), `${file} of the package is in the image`);
  t.end();
});

t.test('a proxy passes on what streams, what upgrades and what names a request', (t) => {
  const conf = textOf('nginx.conf');
  for (const directive of [
    'proxy_buffering off;',
    'proxy_http_version 1.1;',
    'proxy_set_header Upgrade $http_upgrade;',
    'proxy_set_header X-Request-Id $radish_request_id;',
  ])
    t.match(conf, directive);
  const folder = mkdtempSync(join(tmpdir(), 'radish-nginx-'));
  // No certificate is here, and the ports may be others'.
  const plain = conf
    .replaceAll(/^ +ssl_.*\n/gm, '')
    .replace('listen 80;', 'listen unix:80.sock;')
    .replace('listen 443 ssl;', 'listen unix:443.sock;')
    .replaceAll('unix:', `unix:${folder}/`);
  const main = `pid ${folder}/pid; error_log stderr; events {} http { access_log off; ${plain} }`;
  writeFileSync(join(folder, 'main.conf'), main);
  const tested = ask('nginx', '-t', '-e', 'stderr', '-c', join(folder, 'main.conf'));
  if (tested === null) t.pass('nginx is not here: not asked');
  else t.equal(tested.code, 0, tested.text);
  t.end();
});

t.test('what probes ask is answered', async (t) => {
  const radish = await startRadish(['--enable-metrics']);
  t.teardown(() => radish.stop());
  const probes = SERVERS.flatMap(({ container }) => [
    container.startupProbe,
    container.readinessProbe,
    container.livenessProbe,
  ]);
  const paths = probes.map((probe) => probe?.httpGet.path ?? 'none');
  const [scraper] = documentsOf('prometheus.yml') as [
    { scrape_configs: { metrics_path: string }[] },
  ];
  for (const path of new Set([...paths, scraper.scrape_configs[0]?.metrics_path ?? 'none']))
    t.equal((await fetch(`${radish.url}${path}`)).status, 200, path);
  t.ok(probes.every((probe) => probe?.httpGet.port === 'http'));

  const [check = ''] = stepsOf('Dockerfile').flatMap(([step, rest]) =>
    step === 'HEALTHCHECK' ? rest.split(' CMD ').slice(1) : [],
  );
  const [node, ...args] = JSON.parse(check) as [string, ...string[]];
  t.equal(node, 'node');
  const codeOf = (port: string) =>
    spawnSync(process.execPath, args, { env: { ...process.env, RADISH_PORT: port } }).status;
  t.equal(codeOf(new URL(radish.url).port), 0, 'healthy');
  t.equal(codeOf(String(await freePort())), 1, 'nobody there');
});
