import { StartupError } from '../core/errors.js';

/** What this program cannot do without, and is a binary for each system. */
const PARTS: readonly (readonly [name: string, load: () => Promise<unknown>])[] = [
  ['onnxruntime-node', () => import('../device/ort.js')],
  ['tokenizers', () => import('../text/hf-tokenizers.js')],
];

/** @throws StartupError with one sentence, before anything else is tried */
export async function requireNativeParts(parts = PARTS): Promise<void> {
  for (const [name, load] of parts) {
    try {
      await load();
    } catch (error) {
      throw new StartupError(`${name} cannot be loaded: ${reasonOf(error)} ${adviceOf()}`);
    }
  }
}

/** Its first line is what the loader says; the stack behind it is nobody's concern. */
function reasonOf(error: unknown): string {
  const [first = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
  return /[.!?]$/.test(first) ? first : `${first}.`;
}

function adviceOf(): string {
  const system = `${process.platform}-${process.arch}`;
  const isMusl = process.platform === 'linux' && glibcVersion() === null;
  return `This is Node ${process.version} on ${system}${isMusl ? ' with musl: its binary needs glibc' : ''}.`;
}

/** Null = another C library, or none that says. */
export function glibcVersion(): string | null {
  const { header } = process.report.getReport() as unknown as {
    readonly header: { readonly glibcVersionRuntime?: string };
  };
  return header.glibcVersionRuntime ?? null;
}
