import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isHomerError } from '../core/errors.ts';
import { hookSecretPath, readHookSecrets, rotateHookSecret } from './hook-secret.ts';
import { loadConfig, loadConfigText } from './load.ts';
import { formatProblem, type ConfigProblem } from './problem.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'homer-webhooks-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const load = (file: unknown): ReturnType<typeof loadConfig> => {
  // YAML is a superset of JSON.
  writeFileSync(join(home, 'config.yaml'), JSON.stringify(file), { mode: 0o600 });
  return loadConfig(home, { env: {}, userHome: '/home/ann' });
};

test('each example of the page can be copied as it stands', () => {
  const page = readFileSync(new URL('../../docs/webhooks.md', import.meta.url), 'utf8');
  const examples = [...page.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, text = '']) => text);
  expect(examples.length).toBeGreaterThan(3);
  for (const text of examples)
    expect(() =>
      loadConfigText({ text, problems: [], warnings: [] }, text, { env: {}, userHome: '/home/ann' }),
    ).not.toThrow();
});

function problems(hook: Record<string, unknown>, more: Record<string, unknown> = {}): string {
  try {
    load({ webhooks: { hook: { scheme: 'github', secret: { env: 'S' }, prompt: 'x', ...hook } }, ...more });
    return '';
  } catch (error) {
    if (!isHomerError(error, 'HOMER_CONFIG_INVALID')) throw error;
    return (error.details['problems'] as ConfigProblem[]).map(formatProblem).join('\n');
  }
}

test('the webhook of the contract is taken, with its defaults', () => {
  const { config, warnings } = load({
    lanes: { work: {} },
    webhooks: {
      github: {
        secret: { env: 'GITHUB_WEBHOOK_SECRET' },
        scheme: 'github',
        lane: 'work',
        prompt: 'Review: {{payload.pull_request.title}}',
      },
    },
  });
  expect(warnings).toEqual([]);
  expect(config.webhooks['github']).toMatchObject({
    scheme: 'github',
    secret: { env: 'GITHUB_WEBHOOK_SECRET' },
    idHeader: 'x-github-delivery',
    filter: { events: [], when: [] },
    executor: null,
    lane: 'work',
    waitMs: 0,
    bodyLimit: 1_048_576,
  });
  expect(config.webhooks['constructor']).toBeUndefined();
});

describe('what is refused', () => {
  test.each([
    [{ prompt: '{{payload.x()}}' }, 'is no place like'],
    [{ prompt: '{{headers.authorization}}' }, 'which holds a secret'],
    [{ when: { 'headers.cookie': 'x' } }, 'is not a place like'],
    [{ when: { 'process.env': 'x' } }, 'is not a place like'],
    [{ scheme: 'hmac' }, 'needs the name of the header'],
    [{ header: 'X-Sig' }, 'belongs to scheme hmac only'],
    [{ idHeader: 'X-Id' }, 'belongs to schemes hmac and bearer only'],
    [{ scheme: 'stripe', secret: { generated: true } }, 'cannot be generated'],
    [{ scheme: 'sha1' }, 'is not possible'],
    [{ secret: { generated: false } }, 'must be { env: NAME }'],
    [{ lane: 'nowhere' }, 'is not a lane; there are default; `lanes: { nowhere: {} }` makes it one'],
    [{ wait: '61s' }, 'at most "60s"'],
    [{ rate: 'often' }, 'is not a rate'],
    [{ cwd: 'here' }, 'is not an absolute path'],
    [{ approved: true }, 'is not a known key'],
  ])('%j', (hook, text) => {
    expect(problems(hook)).toContain(text);
  });

  test('a secret is shown in no problem', () => {
    const shown =
      problems({ secret: ['the-very-secret'] }) + problems({ secret: { env: 'the-very-secret-name!' } });
    expect(shown).not.toContain('the-very-secret');
    expect(shown).not.toBe('');
  });

  test.each([
    ['shell', {}],
    ['own', { own: { kind: 'command', argv: ['bash', '-c', '{prompt}'] } }],
    ['own', { own: { kind: 'command', argv: ['/bin/sh', '-ec', '{prompt}'] } }],
    ['own', { own: { kind: 'command', argv: ['sh'], input: 'stdin' } }],
    ['own', { own: { kind: 'command', argv: ['node', '-e', '{prompt}'] } }],
    ['own', { own: { kind: 'command', argv: ['python3', '-'] } }],
  ])('what senders write is never run as a script: %s %j', (executor, executors) => {
    const hook = { executor, prompt: '{{payload.title}}' };
    expect(problems(hook, { executors })).toContain('runs its prompt as a script');
    // Without a placeholder the script is the owner's own.
    expect(problems({ executor, prompt: 'make deploy' }, { executors })).toBe('');
  });

  test.each([
    [{ kind: 'command', argv: ['sh', 'deploy.sh', '{prompt}'] }],
    [{ kind: 'command', argv: ['sh', '-c', 'deploy -- "$1"', 'deploy', '{prompt}'] }],
    [{ kind: 'command', argv: ['deploy', '{prompt}'] }],
    [{ kind: 'claude' }],
  ])('a value that is an argument is taken: %j', (own) => {
    expect(problems({ executor: 'own', prompt: '{{payload.title}}' }, { executors: { own } })).toBe('');
  });
});

test('a secret in plain text is doubted', () => {
  const { warnings } = load({ webhooks: { a: { scheme: 'bearer', secret: 'in-plain-text', prompt: 'x' } } });
  expect(warnings.map(formatProblem).join('\n')).toContain('is a secret in plain text');
});

describe('secrets that Homer keeps', () => {
  const now = 1_000_000;

  test('are made once, for their owner only', () => {
    const [secret = ''] = readHookSecrets(home, 'ci', 'bearer', now);
    expect(secret).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(readHookSecrets(home, 'ci', 'bearer', now)).toEqual([secret]);
    expect(statSync(hookSecretPath(home, 'ci')).mode & 0o777).toBe(0o600);
    expect(statSync(join(home, 'webhooks')).mode & 0o777).toBe(0o700);
    expect(readHookSecrets(home, 'other', 'standard-webhooks', now)[0]).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
  });

  test('are void at once when they are rotated, or after the time that was given', () => {
    const [first = ''] = readHookSecrets(home, 'ci', 'bearer', now);
    const second = rotateHookSecret(home, 'ci', { scheme: 'bearer', graceMs: 60_000, now });
    expect(readHookSecrets(home, 'ci', 'bearer', now + 59_999)).toEqual([second, first]);
    expect(readHookSecrets(home, 'ci', 'bearer', now + 60_000)).toEqual([second]);
    const third = rotateHookSecret(home, 'ci', { scheme: 'bearer', graceMs: 0, now });
    expect(readHookSecrets(home, 'ci', 'bearer', now)).toEqual([third]);
    expect(readFileSync(hookSecretPath(home, 'ci'), 'utf8')).toBe(`${third}\n`);
  });

  test('are not read through a link, and a mode that lets others in is mended', () => {
    readHookSecrets(home, 'ci', 'bearer', now);
    chmodSync(hookSecretPath(home, 'ci'), 0o644);
    readHookSecrets(home, 'ci', 'bearer', now);
    expect(statSync(hookSecretPath(home, 'ci')).mode & 0o777).toBe(0o600);
    symlinkSync('/etc/hostname', hookSecretPath(home, 'linked'));
    expect(() => readHookSecrets(home, 'linked', 'bearer', now)).toThrow(/may be a link/);
  });
});
