import { useLayoutEffect, useMemo, useRef } from 'preact/hooks';

import { copyText } from '../shared/copy-text.js';
import { blocksOf } from './markdown.js';
import { sanitised } from './sanitise.js';

/** A text that a model or a person wrote. */
export function Markdown({ text }: { readonly text: string }) {
  const blocks = useMemo(() => blocksOf(text), [text]);
  return (
    <div class="markdown">
      {blocks.map(({ html }, index) => (
        <MarkdownBlock key={index} html={html} />
      ))}
    </div>
  );
}

function MarkdownBlock({ html }: { readonly html: string }) {
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const nodes = sanitised(html);
    for (const pre of nodes.querySelectorAll('pre')) pre.replaceWith(withCopyButton(pre));
    for (const table of nodes.querySelectorAll('table')) table.replaceWith(scrolling(table));
    box.current?.replaceChildren(nodes);
  }, [html]);
  return <div ref={box} />;
}

/** Code below a line with its language and a button that copies it. */
function withCopyButton(pre: HTMLPreElement): HTMLElement {
  const code = pre.querySelector('code');
  const language = /language-(\S+)/.exec(code?.className ?? '')?.[1] ?? '';
  const head = element('div', 'code-head');
  const label = element('span', 'code-language');
  label.textContent = language;
  const button = element('button', 'code-copy');
  button.type = 'button';
  button.textContent = 'Copy';
  button.setAttribute('aria-label', language === '' ? 'Copy code' : `Copy ${language} code`);
  button.addEventListener('click', () => {
    const copied = (): void => {
      button.textContent = 'Copied';
      setTimeout(() => {
        button.textContent = 'Copy';
      }, 1600);
    };
    copyText(pre.textContent).then(copied, () => undefined);
  });
  head.append(label, button);
  const box = element('div', 'code-block');
  const copy = pre.cloneNode(true) as HTMLPreElement;
  // What scrolls must be reached by the keyboard.
  copy.tabIndex = 0;
  box.append(head, copy);
  return box;
}

function scrolling(table: HTMLTableElement): HTMLElement {
  const box = element('div', 'table-box');
  box.tabIndex = 0;
  box.append(table.cloneNode(true));
  return box;
}

function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  className: string,
): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name);
  made.className = className;
  return made;
}
