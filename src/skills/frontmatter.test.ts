import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseFrontmatter } from './frontmatter.ts';
import { readManifest } from './manifest.ts';

function values(text: string): Record<string, unknown> {
  const parsed = parseFrontmatter(text);
  if (!parsed.ok) throw new Error(`${parsed.problem.line} ${parsed.problem.code} ${parsed.problem.message}`);
  return Object.fromEntries([...parsed.fields].map(([key, { value }]) => [key, value]));
}

function problem(text: string): string {
  const parsed = parseFrontmatter(text);
  const read = parsed.ok ? readManifest(parsed.fields, 'folder') : parsed;
  return read.ok ? 'none' : `${read.problem.line} ${read.problem.code}`;
}

const head = (...lines: readonly string[]): string => ['---', ...lines, '---', 'Body', ''].join('\n');
const metadata = { openclaw: { requires: { bins: ['git'] }, always: true } };

describe('a head is read as its author meant it', () => {
  test.each<[what: string, text: string, expected: Record<string, unknown>]>([
    ['plain', head('name: a', 'description: b c'), { name: 'a', description: 'b c' }],
    ['BOM', `\uFEFF${head('name: a')}`, { name: 'a' }],
    ['CRLF', head('name: a', 'description: b').replaceAll('\n', '\r\n'), { name: 'a', description: 'b' }],
    ['CR', head('name: a', 'description: b').replaceAll('\n', '\r'), { name: 'a', description: 'b' }],
    ['spaces after the dashes', '---  \nname: a\n--- \n', { name: 'a' }],
    ['a colon in a value', head('description: Use when: asked'), { description: 'Use when: asked' }],
    [
      'a colon below',
      head('description:', '  Use when: asked', '  or: not'),
      { description: 'Use when: asked or: not' },
    ],
    [
      'a colon, and more keys',
      head('name: a', 'description: x: y: z', 'homepage: h'),
      { name: 'a', description: 'x: y: z', homepage: 'h' },
    ],
    ['a reserved sign', head('description: @team and `code`'), { description: '@team and `code`' }],
    ['emphasis', head('description: *bold* words'), { description: '*bold* words' }],
    ['quoted', head('description: "a: b # c"'), { description: 'a: b # c' }],
    ['quoted at first', head('description: "Foo" and bar'), { description: '"Foo" and bar' }],
    ['escapes', head('description: "a\\nb"'), { description: 'a\nb' }],
    ['folded', head('description: >', '  a', '  b'), { description: 'a b\n' }],
    ['dashes in a block', head('description: |', '  ---', '  b'), { description: '---\nb\n' }],
    ['a comment below a colon', head('name: a: b', '# about', ''), { name: 'a: b' }],
    ['a comment', head('# about', 'name: a # this'), { name: 'a' }],
    ['a number', head('name: 1.10', 'description: 007'), { name: '1.10', description: '007' }],
    [
      'words YAML reads otherwise',
      head('name: yes', 'description: null'),
      { name: 'yes', description: null },
    ],
    [
      'hints in brackets',
      head('name: a', 'argument-hint: [file] [mode]'),
      { name: 'a', 'argument-hint': '[file] [mode]' },
    ],
    ['JSON', head(`metadata: ${JSON.stringify(metadata)}`), { metadata }],
    [
      'JSON over lines',
      head(
        'metadata:',
        '  {',
        '    "openclaw": { "requires": { "bins": ["git"] },',
        '      "always": true } }',
      ),
      { metadata },
    ],
    [
      'JSON with commas too many',
      head('metadata: {"openclaw":{"requires":{"bins":["git",],},"always":true,},}'),
      { metadata },
    ],
    ['JSON5', head("metadata: {openclaw:{requires:{bins:['git']},always:true}}"), { metadata }],
    [
      'JSON5 with comments',
      head(
        'name: a',
        'metadata:',
        '  {',
        '    // why',
        '    openclaw: { requires: { bins: ["git"] }, always: true } /* so */',
        '  }',
      ),
      { name: 'a', metadata },
    ],
    ['JSON in quotes', head(`metadata: '${JSON.stringify(metadata)}'`), { metadata }],
    [
      'JSON5 in a block',
      head('metadata: |', "  {openclaw:{requires:{bins:['git']},always:true}}"),
      { metadata },
    ],
    [
      'YAML',
      head('metadata:', '  openclaw:', '    requires:', '      bins:', '        - git', '    always: true'),
      { metadata },
    ],
    [
      'YAML in a block',
      head('metadata: |', '  openclaw:', '    requires: { bins: [git] }', '    always: true'),
      { metadata },
    ],
    ['empty', '---\n---\n', {}],
  ])('%s', (_, text, expected) => {
    expect(values(text)).toEqual(expected);
  });
});

describe('what is wrong is told with its line', () => {
  const rest = ['name: a', 'description: b'];
  test.each<[what: string, expected: string, text: string]>([
    ['no head', '1 frontmatter_missing', '# Title\n'],
    ['nothing', '1 frontmatter_missing', ''],
    ['a head that does not end', '1 frontmatter_unterminated', '---\nname: a\ndescription: b\n'],
    ['dashes that are indented', '1 frontmatter_unterminated', '---\nname: a\n ---\n'],
    ['an open bracket', '3 frontmatter_invalid', head('name: a', 'description: [b')],
    ['an open quote', '3 frontmatter_invalid', head('name: a', 'description: "b')],
    ['no key', '3 frontmatter_invalid', head('name: a', 'just text', 'description: b')],
    ['a tab in front', '2 frontmatter_invalid', head('\tname: a', 'description: b')],
    ['a key twice', '4 frontmatter_invalid', head(...rest, 'name: c')],
    [
      'a key twice in a head that is no YAML',
      '4 frontmatter_invalid',
      head('name: a', 'description: b: c', 'name: c'),
    ],
    ['a list', '2 frontmatter_invalid', head('- a', '- b')],
    ['no description', '1 description_missing', head('name: a')],
    ['an empty description', '3 description_missing', head('name: a', 'description: ""')],
    ['a name that is a list', '2 name_invalid', head('name: [a]', 'description: b')],
    ['a name that leads away', '2 name_invalid', head('name: ../a', 'description: b')],
    ['a name that steers a terminal', '2 name_invalid', head('name: "a\\u001b[2J"', 'description: b')],
    ['broken metadata', '4 metadata_invalid', head(...rest, 'metadata: {"openclaw": [}')],
    ['broken metadata in quotes', '4 metadata_invalid', head(...rest, 'metadata: \'{"openclaw": \'')],
    [
      'broken metadata further down',
      '6 metadata_invalid',
      head(...rest, 'metadata:', '  {"openclaw": {', '  "os" ["x"] } }'),
    ],
    ['metadata that is text', '4 metadata_invalid', head(...rest, 'metadata: yes')],
    ['a block that is a list', '4 metadata_invalid', head(...rest, 'metadata: {"homer": []}')],
    [
      'bins that are a mapping',
      '4 metadata_invalid',
      head(...rest, 'metadata: {"homer": {"requires": {"bins": {"a": 1}}}}'),
    ],
    [
      'a bin that is a list',
      '4 metadata_invalid',
      head(...rest, 'metadata: {"homer": {"requires": {"bins": [["a"]]}}}'),
    ],
    [
      'always that is a word',
      '4 metadata_invalid',
      head(...rest, 'metadata: {"homer": {"always": "perhaps"}}'),
    ],
    ['too much', '1 too_large', head(`description: ${'x'.repeat(70_000)}`)],
    [
      'aliases that explode',
      '2 frontmatter_invalid',
      head(
        'a: &a [1,1,1,1,1,1,1,1,1,1]',
        'b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]',
        'c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]',
        'd: &d [*c,*c,*c,*c,*c,*c,*c]',
        'metadata: [*d,*d,*d,*d]',
      ),
    ],
  ])('%s', (_, expected, text) => {
    expect(problem(text)).toBe(expected);
  });
});

const hostile = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc
    .array(
      fc.constantFrom(
        '---',
        '\n',
        '\r',
        ' ',
        '\t',
        ':',
        '- ',
        '{',
        '}',
        '[',
        ']',
        '"',
        "'",
        '|',
        '>',
        '&a',
        '*a',
        '!!',
        '?',
        '#',
        '%',
        '@',
        '\uFEFF',
        '\0',
        'name',
        'description',
        'metadata',
        '__proto__',
        '<<',
        '{"openclaw":',
        '\u2028',
        '~',
        '1e999',
        '<<: *a',
      ),
      { maxLength: 60 },
    )
    .map((parts) => parts.join('')),
);

describe('hostile heads', () => {
  test('never throw', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        for (const each of [text, `---\n${text}\n---\n`, `---\nname: a\nmetadata: ${text}\n---\n`]) {
          const parsed = parseFrontmatter(each);
          const read = parsed.ok ? readManifest(parsed.fields, 'folder') : parsed;
          if (!read.ok) expect(read.problem.line).toBeGreaterThan(0);
        }
        expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
      }),
      { numRuns: 3_000 },
    );
  });

  test.each([
    ['brackets', '['.repeat(30_000)],
    ['JSON5 brackets', `metadata: ${'['.repeat(30_000)}`],
    ['mappings', Array.from({ length: 300 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n')],
    ['keys', Array.from({ length: 6_000 }, (_, index) => `k${index}: v`).join('\n')],
    [
      'a prototype',
      'metadata: {"__proto__": {"polluted": true}, "homer": {"__proto__": {"polluted": true}}}',
    ],
  ])('of many %s neither throw nor take long', (_, text) => {
    const parsed = parseFrontmatter(`---\n${text}\n---\n`);
    if (parsed.ok) readManifest(parsed.fields, 'folder');
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});

describe('heads that would take the library long', () => {
  const fill = (size: number, line: (index: number) => string): string => {
    let text = '';
    for (let index = 0; text.length < size; index++) text += line(index);
    return text;
  };
  const small = 15 * 1024;
  const many = (size: number): readonly (readonly [what: string, text: string])[] => [
    ['aliases of one anchor', `z: &z {q: 1}\n${fill(size, (index) => `b${index}: *z\n`)}`],
    [
      'anchors, each with an alias',
      fill(size, (index) => `a${index}: &a${index} x\nb${index}: *a${index}\n`),
    ],
    ['empty items', `x: [${','.repeat(size)}]`],
    ['quoted words', `x: ${'"a" '.repeat(size / 4)}`],
    ['keys', `# long way\n${fill(size, (index) => `k${index}:\n`)}`],
    ['empty lines', `x: &a a\n${'\n'.repeat(size)}`],
  ];

  /** What it took before it was counted: 0.3 to 17 s. */
  test.each([...many(small), ...many(60 * 1024)])('%s are counted before they are looked at', (_, text) => {
    const parsed = parseFrontmatter(`---\ndescription: d\n${text}\n---\n`);
    expect(parsed.ok ? 'taken' : parsed.problem.message).toMatch(
      /more than (?:4000 signs of YAML|100 anchors or aliases|16 KiB)/,
    );
  });

  test('a hundred aliases are honest', () => {
    const list = fill(600, (index) => `b${index}: *z\n`);
    expect(problem(`---\ndescription: d\nz: &z {q: 1}\n${list}---\n`)).toBe('none');
  });
});

test('the quick way through a head gives what the YAML library gives', () => {
  const word = fc.stringMatching(/^[A-Za-z0-9(][A-Za-z0-9 ,.()'"!?&*@%/:#-]{0,30}$/);
  const value = fc.oneof(
    word,
    word.map((text) => `"${text.replaceAll('"', '')}"`),
    word.map((text) => `'${text.replaceAll("'", '')}'`),
    fc.constantFrom('null', '~', '1', 'true', '{"a": [1, "b"]}', '---', ''),
  );
  const line = fc
    .tuple(fc.constantFrom('name', 'description', 'metadata', 'license', 'x-y'), value)
    .map(([key, text]) => `${key}: ${text}`);
  fc.assert(
    fc.property(fc.uniqueArray(line, { maxLength: 5, selector: (text) => text.split(':')[0] }), (lines) => {
      // A comment sends it the long way.
      const [quick, long] = [parseFrontmatter(head(...lines)), parseFrontmatter(head(...lines, '# long'))];
      const plainly = (parsed: typeof quick): unknown => (parsed.ok ? [...parsed.fields] : parsed.problem);
      expect(plainly(quick)).toEqual(plainly(long));
    }),
    { numRuns: 2_000 },
  );
});
