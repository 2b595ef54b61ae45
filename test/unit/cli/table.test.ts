import t from 'tap';

import { renderTable, type TableColumn } from '../../../src/cli/table.js';

const COLUMNS: readonly TableColumn[] = [
  { title: 'NAME', align: 'left', shrinksTo: 5 },
  { title: 'SIZE', align: 'right' },
  { title: 'WHY', align: 'left', shrinksTo: 4 },
];
const ROWS = [
  ['somebody/some', '1 B', 'because it is so'],
  ['a\u001b[31m', '12.0 MB', ''],
];

t.test('a table is as wide as its cells, or as the terminal', (t) => {
  t.equal(
    renderTable(COLUMNS, ROWS, null),
    [
      'NAME              SIZE  WHY',
      'somebody/some      1 B  because it is so',
      'a?[31m         12.0 MB',
      '',
    ].join('\n'),
  );
  t.equal(
    renderTable(COLUMNS, ROWS, 30).split('\n')[1],
    'somebody/some      1 B  becau…',
    'the last column gives way first',
  );
  t.equal(renderTable(COLUMNS, ROWS, 20).split('\n')[1], 'some…      1 B  bec…');
  for (let width = 1; width < 50; width++) {
    const lines = renderTable(COLUMNS, ROWS, width).split('\n');
    t.ok(lines.every((line) => line.length <= width));
  }
  t.end();
});
