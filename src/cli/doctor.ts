import { EXIT_FAILED, EXIT_OK } from './exit-codes.js';
import type { CliCommand } from './command.js';

export const doctorCommand: CliCommand = {
  name: 'doctor',
  summary: 'Say whether a server would start here, and why not',
  about:
    'It looks at Node, the CPU, native packages, memory, GPUs, the port and open files. Exit code 0: it would.',
  words: [],
  options: [],
  serverFlags: 'all',
  examples: [
    'radish doctor',
    'radish doctor --host 0.0.0.0 --port 8080 --dp-size 2',
    'radish doctor --device cuda',
  ],
  run: async ({ serverArgs }, { out }) => {
    const { args } = serverArgs();
    const { examine, report } = await import('../boot/doctor.js');
    const { thisMachine } = await import('../boot/configurations.js');
    const { loadHostEnv } = await import('../config/load.js');
    const { findAdapters } = await import('../device/adapters/host-adapters.js');
    const adapters = await findAdapters(loadHostEnv().drivers);
    const { text, isWell } = report(await examine(args, thisMachine(), adapters));
    out.write(text);
    return isWell ? EXIT_OK : EXIT_FAILED;
  },
};
