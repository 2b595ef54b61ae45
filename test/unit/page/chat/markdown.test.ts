import t from 'tap';

import { blocksOf, isSafeLink } from '../../../../src/page/chat/markdown.js';

const htmlOf = (text: string): string =>
  blocksOf(text)
    .map(({ html }) => html)
    .join('');

t.test('Markdown becomes HTML, block by block', (t) => {
  const blocks = blocksOf('# One\n\ntwo *three*\n\n```js\nlet x = "<b>";\n```\n\n- a\n- b\n');
  t.same(
    blocks.map(({ html }) => html.trim()),
    [
      '<h3 class="md-h1">One</h3>',
      '<p>two <em>three</em></p>',
      '<pre><code class="language-js">let x = &quot;&lt;b&gt;&quot;;\n</code></pre>',
      '<ul>\n<li>a</li>\n<li>b</li>\n</ul>',
    ],
  );
  t.end();
});

t.test('a block is the same whatever follows it', (t) => {
  const [first] = blocksOf('one\n\ntw');
  t.same(blocksOf('one\n\ntwo\n\n```\nthree')[0], first);
  t.end();
});

t.test('HTML is shown as it was written', (t) => {
  for (const text of [
    '<script>alert(1)</script>',
    '<img src=x onerror=alert(1)>',
    'a <b onclick="x()">b</b>',
    '<svg/onload=alert(1)>',
    '<style>*{display:none}</style>',
    '<!-- <script> -->',
  ]) {
    t.notMatch(htmlOf(text), /<(script|img|svg|style|b)\b/i, text);
    t.match(htmlOf(text), /&lt;/);
  }
  t.end();
});

t.test('a link leads to where a link may lead, and an image is a link', (t) => {
  t.match(htmlOf('[a](https://example.org/?a=1&b="2")'), /<a href="https:\/\/example.org/);
  t.match(
    htmlOf('![alt](https://example.org/x.png)'),
    /<a href="https:\/\/example.org\/x.png">alt<\/a>/,
  );
  for (const href of [
    'javascript:alert(1)',
    'JaVaScRiPt:x',
    'data:text/html,x',
    'vbscript:x',
    '/x',
  ]) {
    t.notOk(isSafeLink(href), href);
    t.notMatch(htmlOf(`[a](${href}) ![b](${href}) <${href}>`), /<a |<img/, href);
  }
  t.end();
});

t.test('a language is a name and nothing else', (t) => {
  t.match(htmlOf('```"><script>\nx\n```'), /<pre><code>x/);
  t.match(htmlOf('```c++ title\nx\n```'), /class="language-c\+\+"/);
  t.end();
});
