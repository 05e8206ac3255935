import { expect, test } from 'vitest';
import { bindSchema, findBindProblems, isLoopback } from './bind.ts';

test('an address is a literal one', () => {
  for (const text of ['127.0.0.1', '0.0.0.0', '::', '::1', '100.64.0.3', 'fd7a::3'])
    expect(bindSchema.safeParse(text).success, text).toBe(true);
  for (const text of ['localhost', '*', '', '127.0.0.1:80', '[::]', '0', '127.1'])
    expect(bindSchema.safeParse(text).success, text).toBe(false);
});

test('what only this machine reaches needs no names, and nothing else does without', () => {
  for (const bind of ['127.0.0.1', '127.0.0.2', '::1']) {
    expect(isLoopback(bind)).toBe(true);
    expect(findBindProblems({ bind })).toEqual([]);
  }
  for (const bind of ['0.0.0.0', '::', '192.168.1.5', '::ffff:127.0.0.1', 'fd7a::3']) {
    expect(isLoopback(bind)).toBe(false);
    expect(findBindProblems({ bind }), bind).toMatchObject([{ path: ['bind'], at: 'value' }]);
    expect(findBindProblems({ bind, hosts: [] }), bind).toHaveLength(1);
    expect(findBindProblems({ bind, hosts: ['homer.example.net'] })).toEqual([]);
  }
  // What is no address at all is told by the schema.
  for (const written of [null, [], {}, { bind: 'everywhere' }, { bind: 5 }])
    expect(findBindProblems(written)).toEqual([]);
});
