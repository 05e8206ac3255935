import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { visibleText } from '../../../test/fixtures/telegram-server/html.ts';
import { longestMessage, renderHtml, splitMarkdown } from './markdown.ts';

test('what agents write is shown as they mean it', () => {
  expect(renderHtml('# Title\n- **bold** and *it* `a<b>`\n[site](https://e.x/?a=1&b=2)')).toBe(
    '<b>Title</b>\n• <b>bold</b> and <i>it</i> <code>a&lt;b&gt;</code>\n<a href="https://e.x/?a=1&amp;b=2">site</a>',
  );
  expect(renderHtml('```ts\nconst a = 1 < 2;\n```')).toBe(
    '<pre><code class="language-ts">const a = 1 &lt; 2;</code></pre>',
  );
});

test.each([
  ['<script>alert(1)</script>', '&lt;script&gt;alert(1)&lt;/script&gt;'],
  ['[x](javascript:alert(1))', '[x](javascript:alert(1))'],
  ['snake_case_name and 2*3*4', 'snake_case_name and 2*3*4'],
  ['**never closed', '**never closed'],
  ['\\*not\\* \\[a\\](https://b.c)', '*not* [a](https://b.c)'],
  ['**a *b** c*', '**a *b** c*'],
])('%s is not more than it is', (markdown, html) => expect(renderHtml(markdown)).toBe(html));

test('a block of code with a wild end, or none, leaves no tag open', () => {
  expect(renderHtml('```\na')).toBe('<pre><code>a</code></pre>');
  expect(renderHtml('````\n```\n````')).toBe('<pre><code>```</code></pre>');
});

test('escape sequences, turned text and blanks do not come through', () => {
  expect(renderHtml('\u001b[31mred\u001b[0m \u202egnp.exe\u0000')).toBe('red gnp.exe');
  expect(renderHtml(' \n ')).toBe('…');
});

test('a long text is cut between lines, and a block of code goes on in the next part', () => {
  const code = Array.from({ length: 400 }, (_, i) => `line ${i} of the program`).join('\n');
  const parts = splitMarkdown(`before\n\`\`\`js\n${code}\n\`\`\`\nafter`);
  expect(parts.length).toBeGreaterThan(2);
  for (const part of parts) {
    expect(part.length).toBeLessThanOrEqual(longestMessage);
    expect(part.match(/^```/gm)?.length).toBe(2);
  }
  expect(parts.at(1)).toMatch(/^```js\nline/);
  expect(parts.join('\n')).toContain('after');
});

test('five million characters in one line are parts that fit, and no pair is torn', () => {
  const parts = splitMarkdown('😀'.repeat(100_000));
  expect(parts.every((part) => part.length <= longestMessage && part.isWellFormed())).toBe(true);
  expect(parts.join('')).toHaveLength(200_000);
});

test('marks by the thousand take no time', () => {
  const began = performance.now();
  for (const mark of ['*', '_', '`', '**', '[', '~~']) renderHtml(splitMarkdown(mark.repeat(3_000))[0] ?? '');
  expect(performance.now() - began).toBeLessThan(2_000);
});

test('whatever an agent writes is HTML that can be read, shows something, and fits', () => {
  const marks = [
    '*',
    '**',
    '_',
    '__',
    '`',
    '```',
    '~~',
    '[',
    '](http://a.b/c)',
    '<',
    '&',
    '\n',
    'a',
    ' ',
    '# ',
    '- ',
  ];
  const written = fc
    .array(fc.oneof(fc.constantFrom(...marks), fc.string({ unit: 'binary' })))
    .map((all) => all.join(''));
  fc.assert(
    fc.property(written, (text) => {
      for (const part of splitMarkdown(text)) {
        const seen = visibleText(renderHtml(part));
        expect(seen.trim()).not.toBe('');
        expect(seen.length).toBeLessThanOrEqual(longestMessage);
      }
    }),
    { numRuns: 2_000 },
  );
});
