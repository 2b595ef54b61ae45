/** A file of text that goes into a message. */
export interface Attachment {
  readonly name: string;
  readonly text: string;
}

/** Largest file: a request of the server is larger than that only where somebody wanted it. */
export const MAX_FILE_BYTES = 512 * 1024;

/** As the browser has it: what is in it is read only where it is to be taken. */
export type GivenFile = Pick<File, 'name' | 'size' | 'arrayBuffer'>;

/** @throws Error with a sentence, for what is no text */
export async function readAttachment(file: GivenFile): Promise<Attachment> {
  const { name } = file;
  if (file.size > MAX_FILE_BYTES) {
    throw new Error(`${name} is larger than ${MAX_FILE_BYTES / 1024} KiB.`);
  }
  const text = textIn(await bytesOf(file));
  if (text === null) throw new Error(`${name} is no text file.`);
  if (text.trim() === '') throw new Error(`${name} is empty.`);
  return { name, text };
}

/** A folder looks like a file until it is read. */
async function bytesOf(file: GivenFile): Promise<Uint8Array> {
  try {
    return new Uint8Array(await file.arrayBuffer());
  } catch {
    throw new Error(`${file.name} cannot be read. Of a folder drop the files.`);
  }
}

/** Null: these bytes are no text. UTF-16 is known by its mark, which editors of Windows write. */
function textIn(bytes: Uint8Array): string | null {
  const mark = `${bytes[0] ?? ''} ${bytes[1] ?? ''}`;
  const encoding = { '255 254': 'utf-16le', '254 255': 'utf-16be' }[mark] ?? 'utf-8';
  try {
    const text = new TextDecoder(encoding, { fatal: true }).decode(bytes);
    return text.includes('\0') ? null : text;
  } catch {
    return null;
  }
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
