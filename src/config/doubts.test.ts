import { expect, test } from 'vitest';
import { loadConfigText } from './load.ts';

const doubtsOf = (text: string): string[] =>
  loadConfigText({ text, problems: [], warnings: [] }, 'config.yaml', {
    env: {},
    userHome: '/home/ann',
  }).warnings.map(({ path, message }) => `${path} ${message}`);

test('addresses of alerts in plain text are doubted, and others are not', () => {
  const text = `alerts:
  to: { hook: { webhook: "https://a.example/x" }, phone: { ntfy: { env: NTFY }, token: "t" }, chat: { telegram: "telegram:1" } }
  ping: "https://b.example/y"
telegram: { token: { env: BOT } }
`;
  expect(doubtsOf(text).map((doubt) => doubt.split(';')[0])).toEqual([
    'alerts.to.hook.webhook is a secret in plain text',
    'alerts.to.phone.token is a secret in plain text',
    'alerts.ping is a secret in plain text',
  ]);
});

test('a lane that asks for labels which no host of the embedded engine can have is doubted', () => {
  const lane = 'lanes: { train: { labels: [gpu, mac] } }\n';
  const [doubt] = doubtsOf(lane);
  expect(doubt).toMatch(/^lanes\.train\.labels asks for a host with gpu, mac;/);
  expect(doubtsOf(`${lane}workers: { here: { labels: [mac] } }\n`)[0]).toContain('a host with gpu;');
  expect(doubtsOf(`${lane}workers: { here: { labels: [mac, gpu] } }\n`)).toEqual([]);
  expect(doubtsOf(`${lane}engine: { kind: bullmq, url: { env: REDIS } }\n`)).toEqual([]);
});
