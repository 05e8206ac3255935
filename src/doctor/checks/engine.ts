// The Redis that the engine is to use.

import { isLoopback } from '../../config/bind.ts';
import { resolveSecret } from '../../config/secrets.ts';
import { isHomerError, messageOf } from '../../core/errors.ts';
import { examineEngine } from '../../engine/open.ts';
import type { Around, Check } from '../check.ts';
import { note, ok, problem } from '../report.ts';

const about = 'engine';

export const engineChecks: readonly Check[] = [
  {
    id: 'redis-reach',
    about,
    severity: 'problem',
    why: 'Without its Redis Homer goes on with what it does itself, and workers on other hosts get nothing.',
    async look({ config, env }) {
      if (config?.engine.kind !== 'bullmq') return null;
      if ('exec' in config.engine.url)
        return note('Its url comes from a program, so Redis was not asked.', 'See /health.');
      try {
        const found = await examineEngine(config.engine, env);
        return ok(`${found?.durability ?? 'redis'}.`);
      } catch (error) {
        return problem(
          messageOf(error),
          isHomerError(error) ? error.hint : 'See `engine.url` in config.yaml.',
        );
      }
    },
  },
  {
    id: 'redis-eviction',
    about,
    severity: 'note',
    why: 'A Redis that may throw keys away throws away what is queued; Homer brings it back, which takes time.',
    async look(around) {
      const warnings = await warningsOf(around);
      if (warnings === null) return null;
      return warnings.length === 0
        ? ok('It throws nothing away.')
        : warnings.map((text) => note(text, { command: 'redis-cli config set maxmemory-policy noeviction' }));
    },
  },
  {
    id: 'redis-plain',
    about,
    severity: 'note',
    security: true,
    why: 'Over a network a password, prompts and results go unencrypted without TLS, and without a password anybody may take them.',
    async look({ config, env }) {
      if (config?.engine.kind !== 'bullmq' || 'exec' in config.engine.url) return null;
      const text = await resolveSecret(config.engine.url, env).catch(() => null);
      const url = text === null ? null : URL.parse(text);
      if (url === null) return null;
      const isHere = isLoopback(url.hostname.replace(/^\[|\]$/g, '')) || url.hostname === 'localhost';
      if (isHere || (url.protocol === 'rediss:' && url.password !== ''))
        return ok('It is on this machine, or reached over TLS with a password.');
      const lacks = [
        ...(url.protocol === 'rediss:' ? [] : ['TLS']),
        ...(url.password === '' ? ['a password'] : []),
      ];
      return note(
        `The Redis at ${url.host} is reached without ${lacks.join(' and ')}.`,
        'Use a rediss:// address with a password, or a private network.',
      );
    },
  },
];

/** Null: it was not asked, or did not answer, which another check tells. */
async function warningsOf({ config, env }: Around): Promise<readonly string[] | null> {
  if (config?.engine.kind !== 'bullmq' || 'exec' in config.engine.url) return null;
  try {
    return (await examineEngine(config.engine, env))?.warnings ?? null;
  } catch {
    // Told by `redis-reach`.
    return null;
  }
}
