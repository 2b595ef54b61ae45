/** A "device" that ends as its environment says. */
import { pack } from '../../src/device/child/wire.js';

const ENDINGS: Readonly<Record<string, () => void>> = {
  'exits with 3': () => process.exit(3),
  crashes: () => process.kill(process.pid, 'SIGSEGV'),
  'is killed': () => process.kill(process.pid, 'SIGKILL'),
  // Drivers do this, when all has been said.
  'crashes behind its end': () => {
    process.send?.(pack({ kind: 'ended', error: null }), () => {
      process.kill(process.pid, 'SIGSEGV');
    });
  },
  'hangs behind its end': () => {
    process.send?.(pack({ kind: 'ended', error: null }), () => {
      process.on('exit', hang);
      process.exit(0);
    });
  },
  hangs: hang,
};

/** Not even a signal that can be caught ends it. */
function hang(): never {
  for (;;);
}

process.on('message', () => ENDINGS[process.env['ENDING'] ?? '']?.());
