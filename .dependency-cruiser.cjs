/** Layers of docs/architecture.md: imports point one way, and no actor folder imports another's. */
const ACTORS = ['server', 'scheduler', 'cache', 'device', 'cpu'];
const SHARED = ['messages\\.ts', 'actor/', 'core/', 'config/', 'observability/'];
const ALSO = { server: ['text/', 'cpu/'], device: ['model/'], cpu: ['text/', 'model/'] };

const only = (from, allowed) => ({
  name: `${from}-imports`,
  severity: 'error',
  from: { path: `^src/${from}/` },
  to: { path: '^src/', pathNot: [from + '/', ...allowed].map((path) => `^src/${path}`) },
});

const soleImporters = (name, module, importers) => ({
  name,
  severity: 'error',
  from: { path: '^(src|workers)/', pathNot: importers.map((path) => `^${path}$`) },
  to: { path: `node_modules/${module}/` },
});

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      from: { path: '^(src|workers)/' },
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'core-imports-nothing',
      severity: 'error',
      from: { path: '^src/core/' },
      to: { pathNot: '^src/core/' },
    },
    ...ACTORS.map((actor) => only(actor, [...SHARED, ...(ALSO[actor] ?? [])])),
    only('text', ['core/', 'config/']),
    only('model', ['core/', 'config/']),
    only('actor', ['core/', 'messages\\.ts']),
    only('observability', ['core/', 'config/', 'messages\\.ts']),
    only('config', ['core/']),
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
    soleImporters('uws-in-one-file', 'uWebSockets.js', ['src/server/uws\\.ts']),
    soleImporters('ort-in-one-file', 'onnxruntime-node', ['src/device/ort\\.ts']),
    soleImporters('piscina-in-pools', 'piscina', ['src/device/pool\\.ts', 'src/cpu/pool\\.ts']),
    soleImporters('comlink-in-one-file', 'comlink', ['src/actor/control\\.ts']),
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
  },
};
