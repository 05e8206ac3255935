// The configuration: right, in force, and holding nothing that lets others in unawares.

import { existsSync, statSync } from 'node:fs';
import { isIP } from 'node:net';
import type { Config, SecretRef } from '../../config/config.ts';
import { isLoopback } from '../../config/bind.ts';
import { formatProblem } from '../../config/problem.ts';
import { isTimeZone } from '../../core/wall-clock.ts';
import type { Around, Check } from '../check.ts';
import { note, ok, problem, quoted, type Outcome } from '../report.ts';

const plain = 'is a secret in plain text';

export const configChecks: readonly Check[] = [
  {
    id: 'config-valid',
    about: 'config',
    severity: 'problem',
    why: 'With a mistake in it no daemon starts; one that runs goes on with what was there before.',
    look({ configError }) {
      return configError === null
        ? ok('The configuration is right.')
        : problem(configError.text, configError.step);
    },
  },
  {
    id: 'config-in-use',
    about: 'config',
    severity: 'problem',
    why: 'What you changed is not in force: the daemon found a mistake, and the next start would be refused.',
    look({ daemon }) {
      if (daemon === null || daemon.version === null) return null;
      const refused = daemon.problems.find(({ code }) => code === 'HOMER_CONFIG_INVALID');
      if (refused === undefined) return ok('The daemon works with what stands in config.yaml.');
      return problem('The daemon refused config.yaml and goes on with the last one that was right.', {
        command: 'homer config check',
      });
    },
  },
  {
    id: 'config-doubts',
    about: 'config',
    severity: 'note',
    why: 'Allowed, but more often a mistake or somebody else’s work than a wish.',
    look({ config, warnings }) {
      const doubts = warnings.filter(({ message }) => !message.includes(plain));
      if (config === null) return null;
      return doubts.length === 0
        ? ok('Nothing in it looks like a mistake.')
        : doubts.map((each) => note(formatProblem(each), 'Change it in config.yaml, unless it is meant.'));
    },
  },
  {
    id: 'config-secrets',
    about: 'config',
    severity: 'note',
    security: true,
    why: 'A secret in the file goes wherever the file goes: into backups, into git, onto screens.',
    look({ config, warnings }) {
      const found = warnings.filter(({ message }) => message.includes(plain));
      if (config === null) return null;
      return found.length === 0
        ? ok('No secret stands in config.yaml itself.')
        : found.map((each) =>
            note(
              formatProblem(each),
              `Put it into a file of mode 600 and write { file: PATH } in its place.`,
            ),
          );
    },
  },
  {
    id: 'secret-files',
    about: 'config',
    severity: 'problem',
    security: true,
    why: 'A file that holds a secret and that others can read is no secret.',
    look({ config, uid }) {
      const files = [
        ...new Set(
          config === null ? [] : secretsIn(config).flatMap((ref) => ('file' in ref ? [ref.file] : [])),
        ),
      ];
      if (files.length === 0) return null;
      const found = files.flatMap((file): Outcome[] => {
        const entry = statSync(file, { throwIfNoEntry: false });
        if (entry === undefined || (entry.mode & 0o077) === 0) return [];
        // What somebody else put there (the secrets of a container) is not ours to change.
        if (uid !== null && entry.uid !== uid)
          return [note(`Other users can get at ${file}, which belongs to user ${entry.uid}.`)];
        return [problem(`Other users can get at ${file}.`, { command: `chmod 600 ${quoted(file)}` })];
      });
      return found.length === 0 ? ok('The files that hold secrets are yours alone.') : found;
    },
  },
  {
    id: 'roots',
    about: 'roots',
    severity: 'problem',
    why: 'Jobs may work below these only; where one is missing they are refused.',
    look({ config }) {
      const roots = config?.roots ?? [];
      const missing = roots.filter((root) => !existsSync(root));
      if (roots.length === 0) return null;
      return missing.length === 0
        ? ok(`Each is there: ${roots.join(', ')}.`)
        : missing.map((root) =>
            problem(
              `${root} does not exist; no job can work there.`,
              'Make it, or remove it from `roots` in config.yaml.',
            ),
          );
    },
  },
  {
    id: 'bind-exposed',
    about: 'bind',
    severity: 'note',
    security: true,
    why: 'Beyond this machine whoever has the token may do everything, and the token travels unencrypted.',
    look({ config }) {
      if (config === null) return null;
      if (isLoopback(config.bind)) return ok('Only this machine reaches the port.');
      return note(
        `Other machines reach the port (bind: ${config.bind}); it speaks no TLS.`,
        'Use `bind: 127.0.0.1` with a tunnel or a proxy that speaks TLS (docs/proxy.md), unless the network is yours.',
      );
    },
  },
  {
    id: 'proxies-wide',
    about: 'proxies',
    severity: 'problem',
    security: true,
    why: 'Whoever is a proxy says who asks: with a whole network of them anybody there can pass for anybody.',
    look({ config }) {
      if (config === null || config.proxies.length === 0) return null;
      const wide = config.proxies.filter(isWide);
      return wide.length === 0
        ? ok(`Believed to say for whom they ask: ${config.proxies.join(', ')}.`)
        : wide.map((each) =>
            problem(
              `\`proxies\` names ${each}, far more than a proxy.`,
              'Name the address of the proxy alone.',
            ),
          );
    },
  },
  {
    id: 'telegram-plain',
    about: 'telegram',
    severity: 'problem',
    security: true,
    why: 'The token of the bot is part of every address that is called there.',
    look({ config }) {
      const root = URL.parse(config?.telegram?.apiRoot ?? '');
      if (root === null) return null;
      const isHere = isLoopback(root.hostname.replace(/^\[|\]$/g, '')) || root.hostname === 'localhost';
      if (root.protocol === 'https:' || isHere)
        return ok('The Bot API is called over TLS, or on this machine.');
      return problem(`telegram.apiRoot is ${root.origin}, without TLS.`, 'Write https:// there.');
    },
  },
  {
    id: 'executor-permissions',
    about: 'executors',
    severity: 'note',
    security: true,
    why: 'An agent that asks nobody and is held by nothing does whatever a page, a mail or a chat talks it into.',
    look({ config }) {
      const agents = Object.entries(config?.executors ?? {}).filter(
        ([, { configured, kind }]) => configured && kind !== 'command',
      );
      if (agents.length === 0) return null;
      const free = agents
        .filter(([, { permissions, sandbox }]) => permissions === 'all' && sandbox === 'none')
        .map(([name]) => name);
      if (free.length === 0) return ok('Each agent asks a person, or works in a sandbox.');
      const [first = ''] = free;
      return note(
        `Without a sandbox and without asking: ${free.join(', ')}.`,
        `Set executors.${first}.sandbox: workspace, or permissions: ask.`,
      );
    },
  },
  {
    id: 'time-zone',
    about: 'time',
    severity: 'problem',
    why: 'Schedules without a zone of their own go by that of the machine; one that does not exist is taken for UTC without a word.',
    look({ env }) {
      const zone = env['TZ']?.replace(/^:/, '') ?? '';
      if (zone === '') return ok(`The time zone is ${new Intl.DateTimeFormat().resolvedOptions().timeZone}.`);
      // Paths and the old form with an offset are the C library's own.
      if (isTimeZone(zone) || zone.startsWith('/') || /^[A-Za-z<>+-]{3,}[+-]?\d/.test(zone))
        return ok(`TZ is ${zone}.`);
      return problem(
        `TZ is "${zone}", which is no time zone.`,
        'Set TZ to one like Europe/Berlin, or leave it out.',
      );
    },
  },
];

function isWide(network: string): boolean {
  const [address = '', bits] = network.split('/');
  if (bits === undefined) return false;
  return Number(bits) < (isIP(address) === 4 ? 16 : 48);
}

/** Every secret that the configuration refers to. Pure. */
export function secretsIn(config: NonNullable<Around['config']>): SecretRef[] {
  const { executors, telegram, webhooks, engine, skills } = config satisfies Config;
  return [
    ...Object.values(executors).flatMap(({ setEnv }) => Object.values(setEnv)),
    ...Object.values(webhooks).flatMap(({ secret }) => ('generated' in secret ? [] : [secret])),
    ...(telegram === null ? [] : [telegram.token]),
    ...[telegram?.webhook?.secret ?? null].filter((ref) => ref !== null),
    ...(engine.kind === 'bullmq' ? [engine.url] : []),
    ...Object.values(skills.entries).flatMap(({ apiKey, env }) => [
      ...Object.values(env),
      ...(apiKey === null ? [] : [apiKey]),
    ]),
  ];
}
