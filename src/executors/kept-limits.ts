// What each kind of executor tells of what it uses. docs/limits.md has the same table, held to this one by a test.

import type { ExecutorKind } from '../core/agent.ts';
import type { Measure } from '../core/allowance.ts';

/**
 * `live`: while it works; `end`: when it has ended; `kept`: it is not told, but the agent keeps a limit by itself;
 * `some`: of some of its runs; `unknown`: never, so that a limit cannot be kept.
 */
export type Told = 'live' | 'end' | 'kept' | 'some' | 'unknown';

export const toldBy: Readonly<Record<ExecutorKind, Readonly<Record<Measure, Told>>>> = {
  claude: { turns: 'live', tokens: 'live', costUsd: 'end' },
  pi: { turns: 'live', tokens: 'live', costUsd: 'live' },
  gemini: { turns: 'live', tokens: 'end', costUsd: 'unknown' },
  codex: { turns: 'unknown', tokens: 'end', costUsd: 'unknown' },
  kimi: { turns: 'kept', tokens: 'unknown', costUsd: 'unknown' },
  qwen: { turns: 'live', tokens: 'live', costUsd: 'unknown' },
  opencode: { turns: 'unknown', tokens: 'unknown', costUsd: 'some' },
  acp: { turns: 'some', tokens: 'some', costUsd: 'some' },
  command: { turns: 'unknown', tokens: 'unknown', costUsd: 'unknown' },
};

const words: Readonly<Record<Measure, readonly [what: string, option: string]>> = {
  costUsd: ['what it costs', '--max-cost'],
  tokens: ['its tokens', '--max-tokens'],
  turns: ['its calls of the model', '--max-turns'],
};

/** A sentence for each limit that an executor of this name and kind lets nobody keep. */
export function limitsNotKept(
  name: string,
  kind: ExecutorKind,
  limits: Readonly<Record<Measure, number | null>>,
): string[] {
  return (['costUsd', 'tokens', 'turns'] as const)
    .filter((measure) => limits[measure] !== null && toldBy[kind][measure] === 'unknown')
    .map((measure) => {
      const [what, option] = words[measure];
      return `${name} does not tell ${what}; ${option} cannot be kept.`;
    });
}
