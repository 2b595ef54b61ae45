/** What terminals show two columns wide: East Asian scripts and pictures. */
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}]/u;
const NARROW = /\p{Mn}|\p{Me}|\u200d|\ufe0f/u;

/** How many columns of a terminal a text without control characters takes. */
export function textColumns(text: string): number {
  let columns = 0;
  for (const char of text) columns += columnsOf(char);
  return columns;
}

/** The text, or as much of it as goes into `columns` with an ellipsis behind it. */
export function cutColumns(text: string, columns: number): string {
  if (textColumns(text) <= columns) return text;
  let cut = '';
  let used = 0;
  for (const char of text) {
    used += columnsOf(char);
    if (used > columns - 1) break;
    cut += char;
  }
  return columns < 1 ? '' : `${cut}…`;
}

function columnsOf(char: string): number {
  return NARROW.test(char) ? 0 : WIDE.test(char) ? 2 : 1;
}
