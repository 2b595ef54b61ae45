/**
 * The walls of the house (docs/architecture.md): imports point one way, and no actor imports another's folder.
 * A folder that is not listed here may import whatever stands below it.
 */
const SHARED = ['core/', 'config/', 'messages\\.ts', 'actor/', 'observability/'];

/** What each folder of src may import beside itself. */
const MAY_IMPORT = {
  core: [],
  http: ['core/'],
  text: ['core/', 'config/'],
  model: ['core/', 'config/'],
  config: ['core/'],
  actor: ['core/', 'messages\\.ts'],
  observability: ['core/', 'config/', 'messages\\.ts'],
  cache: SHARED,
  scheduler: SHARED,
  device: [...SHARED, 'model/'],
  cpu: [...SHARED, 'model/', 'device/'],
  grammar: SHARED,
  engine: [...SHARED, 'text/'],
  api: [...SHARED, 'http/', 'engine/', 'text/'],
  fleet: [...SHARED, 'engine/', 'device/', 'cpu/', 'text/', 'model/'],
};

/** Runs in a browser: of the server it knows what is said on the wire. */
MAY_IMPORT.page = ['api/ws/watch/(types|merge-patch)\\.ts'];

const walls = Object.entries(MAY_IMPORT).map(([folder, allowed]) => ({
  name: `${folder}-imports`,
  severity: 'error',
  from: { path: `^src/${folder}/` },
  to: { path: '^src/', pathNot: [`${folder}/`, ...allowed].map((path) => `^src/${path}`) },
}));

const soleImporters = (name, module, importers) => ({
  name,
  severity: 'error',
  from: { path: '^(src|workers)/', pathNot: importers.map((path) => `^${path}$`) },
  to: { path: `node_modules/${module}/` },
});

module.exports = {
  forbidden: [
    {
      name: 'no-circles',
      comment: 'Type-only imports count: two files that need each other are one idea, or three.',
      severity: 'error',
      from: { path: '^(src|workers)/' },
      to: { circular: true },
    },
    ...walls,
    {
      name: 'product-imports-no-tests',
      severity: 'error',
      from: { path: '^(src|workers)/' },
      to: { path: '^test/' },
    },
    {
      name: 'workers-are-entries',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^workers/' },
    },
    {
      name: 'page-is-bundled',
      comment: 'bin/build-page.js alone puts it where a browser finds it.',
      severity: 'error',
      from: { path: '^(src|workers)/', pathNot: '^src/page/' },
      to: { path: '^src/page/' },
    },
    soleImporters('preact-in-page', 'preact', ['src/page/.+']),
    soleImporters('marked-in-one-file', 'marked', ['src/page/chat/markdown\\.ts']),
    soleImporters('dompurify-in-one-file', 'dompurify', ['src/page/chat/sanitise\\.ts']),
    soleImporters('commander-in-cli', 'commander', ['src/cli/(program|server-flags)\\.ts']),
    soleImporters('uws-in-one-file', 'uWebSockets.js', ['src/http/uws/server\\.ts']),
    soleImporters('ws-in-one-file', 'ws', ['src/http/node/(upgrades|socket)\\.ts']),
    soleImporters('ort-in-one-file', 'onnxruntime-node', ['src/device/ort\\.ts']),
    soleImporters('piscina-in-pools', 'piscina', ['src/device/pool\\.ts', 'src/cpu/pool\\.ts']),
    soleImporters('tokenizers-in-one-file', 'tokenizers', ['src/text/hf-tokenizers\\.ts']),
    soleImporters('comlink-in-one-file', 'comlink', ['src/actor/control\\.ts']),
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
  },
};
