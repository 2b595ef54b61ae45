import { checkFileLimit, fileLimit } from './boot/file-limit.js';
import { EXIT_FAILED } from './cli/exit-codes.js';

/** Node loads modules many at a time, each from a file: with too few of them it would end in the midst of that. */
function whyNotLoaded(): string | null {
  try {
    checkFileLimit(fileLimit());
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

const obstacle = whyNotLoaded();
if (obstacle === null) {
  const { main } = await import('./cli/main.js');
  await main();
} else {
  process.stderr.write(`${obstacle}\n`);
  process.exitCode = EXIT_FAILED;
}
