/** The probe of `--device auto`, which never takes a software adapter: here it is asked by itself. */
import { probeGpu } from '../../../src/boot/probe-gpu.js';
import { gpuTest } from './gpu-server.js';

const GPU = { index: 0, name: 'a GPU', pciSlot: null, memoryBytes: null, isSoftware: false };

gpuTest('a GPU that computes attention right is taken', async (t) => {
  const found = await probeGpu({ kind: 'webgpu', gpus: [{ ...GPU, env: {} }], warnings: [] });
  t.equal(found, null);
});

gpuTest('one that gives no session is not, and a clause says why', async (t) => {
  const env = { VK_DRIVER_FILES: '/nowhere.json', VK_ICD_FILENAMES: '/nowhere.json' };
  const found = await probeGpu({ kind: 'webgpu', gpus: [{ ...GPU, env }], warnings: [] });
  t.match(found, /^its probe failed \(Failed to get a WebGPU adapter: No supported adapters\)$/);
});
