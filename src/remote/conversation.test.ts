import { expect, test } from 'vitest';
import { DaemonEnd, WorkerEnd } from './conversation.ts';
import { makeToken, readToken } from './token.ts';

interface Said {
  readonly type: string;
  readonly n?: number;
}

/** Two ends; what they send waits in `up` and `down` until somebody carries it, or does worse. */
function createPair(otherKey?: Buffer) {
  const token = readToken(makeToken({ prefix: 'homer', generation: '0123456789ab', name: 'nas' }));
  if (token === null) throw new Error('A token that was made is none.');
  const [up, down]: [string[], string[]] = [[], []];
  const heard: { readonly daemon: Said[]; readonly worker: Said[]; broken: number } = {
    daemon: [],
    worker: [],
    broken: 0,
  };
  const worker = new WorkerEnd<Said, Said>({
    address: token,
    key: token.key,
    send: (_, text) => up.push(text),
    onLetter: ({ message }) => heard.worker.push(message),
    onBroken: () => (heard.broken += 1),
  });
  const daemon = new DaemonEnd<Said, Said>({
    address: token,
    key: otherKey ?? token.key,
    send: (_, text) => down.push(text),
    onLetter: ({ message }) => heard.daemon.push(message),
    onBroken: () => (heard.broken += 1),
  });
  const carry = (): string[] => {
    const carried = [...up.splice(0)];
    for (const text of carried) daemon.listen(text);
    for (const text of down.splice(0)) worker.listen(text);
    return carried;
  };
  return { worker, daemon, up, down, heard, carry };
}

function open(pair: ReturnType<typeof createPair>): string[] {
  pair.worker.begin({ type: 'ready' });
  return [...pair.carry(), ...pair.carry()];
}

test('both ends hear each other once a hello was answered', () => {
  const pair = createPair();
  open(pair);
  pair.daemon.say({ type: 'grant' });
  pair.worker.say({ type: 'beat', n: 1 });
  pair.carry();
  expect(pair.heard).toMatchObject({
    daemon: [{ type: 'ready' }, { type: 'beat' }],
    worker: [{ type: 'grant' }],
  });
});

test('what is said again, in this conversation or from an earlier one, is not heard', () => {
  const pair = createPair();
  const recorded = open(pair);
  pair.worker.say({ type: 'beat', n: 1 });
  recorded.push(...pair.carry());
  for (const text of recorded) pair.daemon.listen(text);
  expect(pair.heard.daemon).toHaveLength(2);
  open(pair);
  for (const text of recorded) pair.daemon.listen(text);
  expect(pair.heard.daemon).toHaveLength(3);
  expect(pair.daemon.isOpen).toBe(true);
});

test('a message that is missing ends the conversation, one that was changed is none', () => {
  const pair = createPair();
  open(pair);
  pair.worker.say({ type: 'beat', n: 1 });
  pair.worker.say({ type: 'beat', n: 2 });
  const [, second = ''] = pair.up.splice(0);
  pair.daemon.listen(`${second.slice(0, -2)}AA`);
  expect(pair.heard).toMatchObject({ broken: 0, daemon: [{ type: 'ready' }] });
  pair.daemon.listen(second);
  expect(pair.heard).toMatchObject({ broken: 1, daemon: [{ type: 'ready' }] });
  expect(pair.daemon.isOpen).toBe(false);
});

test('who has another key is not answered', () => {
  const pair = createPair(Buffer.alloc(32));
  open(pair);
  expect(pair.down).toEqual([]);
  expect(pair.heard.daemon).toEqual([]);
  expect(pair.worker.isOpen).toBe(false);
});
