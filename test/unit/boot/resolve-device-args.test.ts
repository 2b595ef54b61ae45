import t from 'tap';

import { checkDeviceArgs, resolveDeviceArgs } from '../../../src/boot/resolve-device-args.js';
import { publicArgs, type ServerArgs } from '../../../src/config/server-args.js';
import { DEVICE_KINDS, type DeviceKind } from '../../../src/core/device-kind.js';
import { presetArgs } from '../api/test-app.js';

const DEFAULTS = presetArgs();

t.test('what nobody gave is as the device wants it', (t) => {
  const of = (kind: DeviceKind, headDim: number) => {
    const { pageSize, memFractionStatic } = resolveDeviceArgs(DEFAULTS, kind, headDim);
    return [pageSize, memFractionStatic];
  };
  t.strictSame(of('cpu', 64), [16, 0.5]);
  t.strictSame(of('webgpu', 64), [64, 0.85]);
  t.strictSame(of('cuda', 64), [256, 0.85]);
  t.strictSame(of('cuda', 80), [128, 0.85]);
  t.strictSame(of('cuda', 128), [128, 0.85]);
  t.strictSame(of('cuda', 256), [64, 0.85]);
  t.end();
});

t.test('what was given stays, and clients see numbers', (t) => {
  const given: ServerArgs = {
    ...DEFAULTS,
    device: 'auto',
    pageSize: 192,
    memFractionStatic: 0.3,
    dpSize: 2,
  };
  for (const kind of DEVICE_KINDS) {
    t.strictSame(resolveDeviceArgs(given, kind, 64), { ...given, device: kind });
  }
  const shown = publicArgs(resolveDeviceArgs(DEFAULTS, 'cpu', 64));
  t.match(shown, { page_size: 16, mem_fraction_static: 0.5, device: 'cpu', base_gpu_id: 0 });
  t.end();
});

t.test('a GPU has pages of 64, or of a larger power of two', (t) => {
  const check = (pageSize: number | null, kind: DeviceKind) => () => {
    checkDeviceArgs({ ...DEFAULTS, pageSize }, kind);
  };
  for (const pageSize of [null, 64, 128, 1024]) t.doesNotThrow(check(pageSize, 'cuda'));
  t.doesNotThrow(check(1, 'cpu'));
  for (const pageSize of [1, 32, 96, 192, 1000]) {
    const message = `--page-size must be a power of two of at least 64 with --device webgpu, got ${pageSize}.`;
    t.throws(check(pageSize, 'webgpu'), { name: 'StartupError', message });
  }
  t.end();
});
