import { expect, test } from 'vitest';
import { showConfig } from './shown.ts';

test.each([
  [
    ['agent', '--api-key', 's3cret', '-p', '{prompt}'],
    ['agent', '--api-key', '[hidden]', '-p', '{prompt}'],
  ],
  [
    ['agent', '--token=s3cret'],
    ['agent', '--token=[hidden]'],
  ],
  [
    ['env', 'OPENAI_API_KEY=s3cret', 'agent'],
    ['env', 'OPENAI_API_KEY=[hidden]', 'agent'],
  ],
  [
    ['curl', '-H', 'Authorization: Bearer s3cret'],
    ['curl', '-H', 'Authorization: [hidden]'],
  ],
  [
    ['curl', '-H', 'X-Api-Key:s3cret'],
    ['curl', '-H', 'X-Api-Key: [hidden]'],
  ],
  [
    ['curl', 'https://ann:s3cret@example.org/x'],
    ['curl', 'https://ann:[hidden]@example.org/x'],
  ],
  [
    ['curl', 'https://example.org/?token=s3cret&a=1'],
    ['curl', 'https://example.org/?token=[hidden]&a=1'],
  ],
  [
    ['sh', '-c', 'TOKEN="s3 cret" agent --password s3cret -x'],
    ['sh', '-c', 'TOKEN=[hidden] agent --password [hidden] -x'],
  ],
])('of the arguments %j no secret is shown', (argv, expected) => {
  expect(showConfig({ executors: { a: { args: argv } } })).toEqual({ executors: { a: { args: expected } } });
});

test.each([
  [['agent', '--max-tokens', '5000', '--model', 'big', '{prompt}']],
  [['agent', '--no-auth', '-p', '{prompt}']],
  [['agent', '--token', '{prompt}']],
  [['sh', '-c', 'git log --format=%H; echo "a: b" > x; curl http://127.0.0.1:80/a@b']],
])('the arguments %j are shown as they are', (args) => {
  expect(showConfig({ args })).toEqual({ args });
});

test('under a key that speaks of a secret nothing is shown, but where one comes from is', () => {
  const config = {
    maxTokens: 5,
    apiKey: { text: 's3cret' },
    secret: { generated: true },
    setEnv: { API_KEY: { env: 'MY_KEY' }, OTHER: { text: 's3cret' }, TOKEN: { exec: ['pass', 'show', 'x'] } },
    config: { accessToken: 's3cret', auth: { user: 's3cret', more: ['s3cret', { deep: 's3cret' }] } },
    note: 'known-value here',
    prompt: 'Write to the author: which key=value pairs are missing?',
  };
  expect(showConfig(config, (text) => text.replace('known-value', '[redacted]'))).toEqual({
    maxTokens: 5,
    apiKey: { text: '[hidden]' },
    secret: { generated: true },
    setEnv: {
      API_KEY: { env: 'MY_KEY' },
      OTHER: { text: '[hidden]' },
      TOKEN: { exec: ['pass', 'show', 'x'] },
    },
    config: {
      accessToken: '[hidden]',
      auth: { user: '[hidden]', more: ['[hidden]', { deep: '[hidden]' }] },
    },
    note: '[redacted] here',
    prompt: 'Write to the author: which key=value pairs are missing?',
  });
});

test('what stands at the place of a secret in the file is not shown, but where one comes from is', () => {
  const file = {
    alerts: {
      to: {
        hook: { webhook: 's3cret' },
        phone: { ntfy: 's3cret', token: { file: '/token' } },
        chat: { telegram: 'telegram:1' },
      },
      ping: 's3cret',
    },
    engine: { kind: 'bullmq', url: { env: 'REDIS_URL' } },
    executors: { a: { setEnv: { PLAIN: 's3cret' } } },
  };
  expect(showConfig(file)).toEqual({
    alerts: {
      to: {
        hook: { webhook: '[hidden]' },
        phone: { ntfy: '[hidden]', token: { file: '/token' } },
        chat: { telegram: 'telegram:1' },
      },
      ping: '[hidden]',
    },
    engine: { kind: 'bullmq', url: { env: 'REDIS_URL' } },
    executors: { a: { setEnv: { PLAIN: '[hidden]' } } },
  });
});
