import { Marked, type Tokens } from 'marked';

/** A paragraph, a list, a piece of code: what is rendered by itself, so that a stream renders its last one alone. */
export interface Block {
  readonly html: string;
}

/**
 * Markdown as HTML that still is to be sanitised. HTML in it is shown as it was written; an image becomes a link, since
 * an address that a model made up must not be asked without a click.
 */
export function blocksOf(text: string): readonly Block[] {
  const tokens = marked.lexer(text);
  return tokens
    .filter(({ type }) => type !== 'space' && type !== 'def')
    .map((token) => ({ html: marked.parser([token]) }));
}

/** Where a link may lead. */
export function isSafeLink(href: string): boolean {
  return /^(https?:\/\/|mailto:)/i.test(href);
}

const marked = new Marked({
  gfm: true,
  breaks: true,
  renderer: {
    html: ({ text }: Tokens.HTML | Tokens.Tag) => escaped(text),
    checkbox: ({ checked }: Tokens.Checkbox) => (checked ? '☑ ' : '☐ '),
    image: ({ href, text }: Tokens.Image) => link(href, escaped(text || href)),
    link({ href, tokens }: Tokens.Link) {
      return link(href, this.parser.parseInline(tokens));
    },
    heading({ tokens, depth }: Tokens.Heading) {
      // One level for all: a message is no document, and its outline must not break the page's.
      return `<h3 class="md-h${depth}">${this.parser.parseInline(tokens)}</h3>\n`;
    },
    code: ({ text, lang }: Tokens.Code) => {
      const language = /^[\w+#.-]{1,24}/.exec(lang ?? '')?.[0] ?? '';
      const name = language === '' ? '' : ` class="language-${escaped(language)}"`;
      return `<pre><code${name}>${escaped(text)}\n</code></pre>\n`;
    },
  },
});

function link(href: string, inner: string): string {
  return isSafeLink(href) ? `<a href="${escaped(href)}">${inner}</a>` : inner;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
};

function escaped(text: string): string {
  return text.replaceAll(/[&<>"]/g, (char) => ENTITIES[char] ?? char);
}
