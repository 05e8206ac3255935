import { expect, test } from 'vitest';
import { loadConfigText } from './load.ts';

const warningsOf = (file: unknown): string[] =>
  loadConfigText({ text: JSON.stringify(file), problems: [], warnings: [] }, 'config.yaml', {
    env: {},
    userHome: '/home/ann',
  }).warnings.map(({ path, message }) => `${path}: ${message.split(';')[0] ?? ''}`);

const loose = {
  digest: { to: 'telegram:1' },
  heartbeat: { to: 'telegram:1', executor: 'nobody' },
  schedules: { daily: { every: '1d', prompt: 'x', notify: 'telegram:1', executor: 'nobody' } },
  webhooks: {
    ci: { scheme: 'github', secret: { env: 'S' }, prompt: 'x', notify: 'telegram:1', executor: 'nobody' },
  },
};

test('chats without Telegram and executors that nobody has are doubted', () => {
  const off = 'is a chat of Telegram, which is not configured';
  const none = '"nobody" is not an executor';
  expect(warningsOf(loose).toSorted()).toEqual(
    [
      `digest.to: ${off}`,
      `heartbeat.to: ${off}`,
      `heartbeat.executor: ${none}`,
      `schedules.daily.notify: ${off}`,
      `schedules.daily.executor: ${none}`,
      `webhooks.ci.notify: ${off}`,
      `webhooks.ci.executor: ${none}`,
    ].toSorted(),
  );
});

test('what leads somewhere is not', () => {
  const executors = { nobody: { kind: 'command', argv: ['true'] } };
  expect(warningsOf({ ...loose, executors, telegram: { token: { env: 'BOT' } } })).toEqual([]);
  expect(warningsOf({ digest: { to: 'web' }, heartbeat: { executor: 'claude' } })).toEqual([]);
});
