import createDOMPurify from 'dompurify';

const TAGS =
  'p br hr h3 ul ol li blockquote pre code em strong del a table thead tbody tr th td sup sub'.split(
    ' ',
  );
const ATTRIBUTES = ['href', 'class', 'align', 'start'];

const purify = createDOMPurify(window);

purify.addHook('afterSanitizeAttributes', (node) => {
  if (node.tagName !== 'A') return;
  node.setAttribute('target', '_blank');
  node.setAttribute('rel', 'noopener noreferrer nofollow');
});

/** What Markdown can make, as nodes; nothing of it runs, loads or leads to where a link must not. */
export function sanitised(html: string): DocumentFragment {
  return purify.sanitize(html, {
    ALLOWED_TAGS: TAGS,
    ALLOWED_ATTR: ATTRIBUTES,
    ALLOWED_URI_REGEXP: /^(?:https?:\/\/|mailto:)/i,
    // Their values are no addresses, which all others are held to.
    ADD_URI_SAFE_ATTR: ['align', 'start'],
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false,
    RETURN_DOM_FRAGMENT: true,
  });
}
