/** A file of text that goes into a message. */
export interface Attachment {
  readonly name: string;
  readonly text: string;
}

/** Largest file: a request of the server is larger than that only where somebody wanted it. */
export const MAX_FILE_BYTES = 512 * 1024;

/** @throws Error with a sentence, for what is no text */
export function attachmentOf(name: string, bytes: Uint8Array): Attachment {
  if (bytes.length > MAX_FILE_BYTES) {
    throw new Error(`${name} is larger than ${MAX_FILE_BYTES / 1024} KiB.`);
  }
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    if (!text.includes('\0')) return { name, text };
  } catch {
    // Told of below.
  }
  throw new Error(`${name} is no text file.`);
}

/** What is sent: what was written, then each file in a fence that it cannot close. */
export function withAttachments(content: string, files: readonly Attachment[]): string {
  const parts = files.map(({ name, text }) => {
    const fence = fenceFor(text);
    return `${name}:\n${fence}\n${text.replace(/\n$/, '')}\n${fence}`;
  });
  return [content, ...parts].filter((part) => part !== '').join('\n\n');
}

function fenceFor(text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  return '`'.repeat(longest + 1);
}
