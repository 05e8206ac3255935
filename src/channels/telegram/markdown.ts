// Markdown as agents write it, made into the HTML that Telegram takes (core.telegram.org/bots/api#html-style). Whatever is not
// plainly one of its few marks is text; every tag is opened and closed by the same call, so the result is balanced whatever comes in.

/** A message of Telegram holds this many characters after its tags are taken away. */
export const longestMessage = 4096;
/** Room for the fences that a part may need at both ends. */
const longestPart = 3_800;

// oxlint-disable-next-line no-control-regex -- these are what is taken out
const unseen =
  /\u001b\[[0-9;?]*[ -/]*[@-~]|[\u0000-\u0008\u000b-\u001f\u007f\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]|[\u{e0000}-\u{e007f}]/gu;
/** What is left when nothing can be seen: spaces, joiners, and letters that are blank. */
const blank = /^[\s\p{Cf}\u115f\u1160\u2800\u3164\uffa0]*$/u;

/** Without escape sequences of terminals, control characters, those that turn text around or cannot be seen; never blank. */
export function plainText(text: string): string {
  const plain = text.replaceAll('\r\n', '\n').replace(unseen, '').trimEnd();
  // A lone half of a pair cannot be sent.
  const whole = plain.toWellFormed();
  return blank.test(whole) ? '…' : whole;
}

/**
 * Parts that each fit into one message. Cut between lines, in a line only where that is too long; a block of code that is
 * cut is closed at the end of its part and opened again in the next.
 */
export function splitMarkdown(text: string): readonly string[] {
  const parts: string[] = [];
  let part: string[] = [];
  let size = 0;
  let fence: string | null = null;
  const close = (): void => {
    if (part.length === 0) return;
    parts.push([...part, ...(fence === null ? [] : [closing(fence)])].join('\n'));
    part = fence === null ? [] : [fence];
    size = fence?.length ?? 0;
  };
  for (const whole of plainText(text).split('\n'))
    for (const line of cutLine(whole)) {
      if (size + line.length + 1 > longestPart && part.length > (fence === null ? 0 : 1)) close();
      part.push(line);
      size += line.length + 1;
      fence = fenceAfter(fence, line);
    }
  if (part.some((line) => line.trim() !== '') || parts.length === 0) close();
  return parts.filter((each) => each.trim() !== '');
}

function cutLine(line: string): string[] {
  const pieces: string[] = [];
  let rest = line;
  while (rest.length > longestPart) {
    const space = rest.lastIndexOf(' ', longestPart);
    let at = space > longestPart / 2 ? space + 1 : longestPart;
    // Never between the halves of a pair.
    if (/[\ud800-\udbff]/.test(rest.charAt(at - 1))) at -= 1;
    pieces.push(rest.slice(0, at));
    rest = rest.slice(at);
  }
  return [...pieces, rest];
}

/** The fence that is open after this line; null: none. An info of more than 40 characters is no fence but text. */
function fenceAfter(fence: string | null, line: string): string | null {
  const found = /^ {0,3}(`{3,}|~{3,})(.*)$/.exec(line);
  if (found === null) return fence;
  const [, marks = '', info = ''] = found;
  if (fence === null) return info.length > 40 || info.includes('`') ? null : `${marks}${info}`;
  const opened = closing(fence);
  return marks.startsWith(opened) && info.trim() === '' ? null : fence;
}

const closing = (fence: string): string => /^(`+|~+)/.exec(fence)?.[0] ?? '```';

export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

/** The HTML of one part. */
export function renderHtml(markdown: string): string {
  const out: string[] = [];
  let fence: string | null = null;
  let code: string[] = [];
  const flush = (opened: string): void => {
    const language = /^[`~]+\s*([\w+#.-]{1,20})/.exec(opened)?.[1];
    const attribute = language === undefined ? '' : ` class="language-${escapeHtml(language)}"`;
    out.push(`<pre><code${attribute}>${escapeHtml(code.join('\n'))}</code></pre>`);
    code = [];
  };
  for (const line of plainText(markdown).split('\n')) {
    const after = fenceAfter(fence, line);
    if (fence === null && after === null) out.push(renderLine(line));
    else if (fence !== null && after === null) flush(fence);
    else if (fence !== null) code.push(line);
    fence = after;
  }
  if (fence !== null) flush(fence);
  const html = out.join('\n');
  // Nothing but marks: they are what was meant.
  return html.replace(/<[^>]*>/g, '').trim() === '' ? escapeHtml(plainText(markdown)) : html;
}

function renderLine(line: string): string {
  const heading = /^#{1,6}\s+(.+?)\s*#*$/.exec(line)?.[1];
  if (heading !== undefined) return `<b>${renderInline(heading.replaceAll('**', ''))}</b>`;
  const quote = /^>\s?(.*)$/.exec(line)?.[1];
  if (quote !== undefined) return `▏ ${renderInline(quote)}`;
  const [, indent = '', item] = /^(\s*)[-*+]\s+(.*)$/.exec(line) ?? [];
  return item === undefined ? renderInline(line) : `${indent}• ${renderInline(item)}`;
}

/** Each mark with its tag; what stands inside is read again, but for code. Bounded, so that no line takes long. */
const marks: readonly (readonly [RegExp, (found: readonly string[]) => string])[] = [
  [/\\([\\`*_~[\]()#+.!>-])/, ([, mark = '']) => escapeHtml(mark)],
  [/(`+)([^`]{1,2000})\1(?!`)/, ([, , code = '']) => `<code>${escapeHtml(code)}</code>`],
  [
    /\[([^[\]]{1,500})\]\((https?:\/\/[^\s()<>"]{1,1000})\)/,
    ([, label = '', url = '']) => `<a href="${escapeHtml(url)}">${escapeHtml(label)}</a>`,
  ],
  [/\*\*(?=\S)([^*]{1,1000}?\S|\S)\*\*/, ([, inner = '']) => `<b>${renderInline(inner)}</b>`],
  [/(?<!\w)__(?=\S)([^_]{1,1000}?\S|\S)__(?!\w)/, ([, inner = '']) => `<b>${renderInline(inner)}</b>`],
  [/~~(?=\S)([^~]{1,1000}?\S|\S)~~/, ([, inner = '']) => `<s>${renderInline(inner)}</s>`],
  [
    /(?<![\w*])\*(?=[^\s*])([^*]{1,1000}?[^\s*]|[^\s*])\*(?![\w*])/,
    ([, inner = '']) => `<i>${renderInline(inner)}</i>`,
  ],
  [
    /(?<!\w)_(?=[^\s_])([^_]{1,1000}?[^\s_]|[^\s_])_(?!\w)/,
    ([, inner = '']) => `<i>${renderInline(inner)}</i>`,
  ],
];

function renderInline(text: string): string {
  let rest = text;
  let out = '';
  for (;;) {
    let first: { readonly at: number; readonly length: number; readonly html: string } | null = null;
    for (const [mark, render] of marks) {
      const found = mark.exec(rest);
      if (found === null || (first !== null && found.index >= first.at)) continue;
      first = { at: found.index, length: found[0].length, html: render(found) };
    }
    if (first === null) return out + escapeHtml(rest);
    out += escapeHtml(rest.slice(0, first.at)) + first.html;
    rest = rest.slice(first.at + first.length);
  }
}
