import { cutColumns, textColumns } from '../core/text-columns.js';

export interface TableColumn {
  readonly title: string;
  readonly align: 'left' | 'right';
  /** It gives way first, down to so many columns, where a terminal is too narrow. */
  readonly shrinksTo?: number;
}

const GAP = '  ';
/** What could move the cursor or turn the text around: names on disk may have it. */
const UNPRINTABLE = /\p{C}/gu;

/** Rows of cells below their titles. `width` in columns of a terminal; null = as wide as it needs. */
export function renderTable(
  columns: readonly TableColumn[],
  rows: readonly (readonly string[])[],
  width: number | null,
): string {
  const all = [columns.map(({ title }) => title), ...rows].map((row) =>
    row.map((cell) => cell.replaceAll(UNPRINTABLE, '?')),
  );
  const natural = columns.map((_, index) =>
    Math.max(...all.map((row) => textColumns(row[index] ?? ''))),
  );
  const widths = width === null ? natural : shrunk(columns, natural, width);
  return all
    .map((row) => {
      const cells = columns.map(({ align }, index) =>
        padded(cutColumns(row[index] ?? '', widths[index] ?? 0), widths[index] ?? 0, align),
      );
      const line = cells.join(GAP).trimEnd();
      return `${width === null ? line : cutColumns(line, width)}\n`;
    })
    .join('');
}

/** The last columns that can give way do so first. */
function shrunk(
  columns: readonly TableColumn[],
  natural: readonly number[],
  width: number,
): readonly number[] {
  const widths = [...natural];
  let excess = widths.reduce((sum, one) => sum + one + GAP.length, -GAP.length) - width;
  for (let index = columns.length - 1; index >= 0 && excess > 0; index--) {
    const now = widths[index] ?? 0;
    const least = Math.min(now, columns[index]?.shrinksTo ?? now);
    const less = Math.min(excess, now - least);
    widths[index] = now - less;
    excess -= less;
  }
  return widths;
}

function padded(text: string, width: number, align: TableColumn['align']): string {
  const space = ' '.repeat(Math.max(0, width - textColumns(text)));
  return align === 'left' ? text + space : space + text;
}
