/** `radish serve`, but each device lives in a process of its own. See e2e/child-device.test.ts. */
import { parseCommandLine } from '../../src/cli/program.js';
import { serve, serveCommand } from '../../src/cli/serve.js';
import { packageVersion } from '../../src/config/package-version.js';
import { startChildDevice } from '../../src/device/child/start.js';

const version = packageVersion();
const line = parseCommandLine(process.argv.slice(2), { commands: [serveCommand], version });
if (line.kind === 'exit') throw new Error(line.text);
process.exitCode = await serve(line.invocation.serverArgs(), version, {
  startDevice: (start) => startChildDevice(start, { env: {} }),
});
