// The skills of a run: in its turn, in the way its agent takes them, and their variables in its environment alone.

import type { ExecutorConfig } from '../config/config.ts';
import { messageOf } from '../core/errors.ts';
import type { Executor, Turn } from '../executors/executor.ts';
import { writeSkillList } from '../executors/skill-list.ts';
import type { JobRecord } from '../ledger/job-record.ts';
import type { SecretFrame } from '../runner/files.ts';
import type { GivenSkills } from '../skills/session-skills.ts';
import { hidesValue, type ResolveSecret } from './environment.ts';

export interface RunSkills {
  /** What the next run of the job is given; null: none, and its agent finds skills as it does for anybody. */
  readonly prepare: (
    job: Pick<JobRecord, 'id' | 'sessionId'>,
    cwd: string,
    executor: ExecutorConfig,
  ) => Promise<GivenSkills | null>;
  /** The frame with the variables of these skills in it. */
  readonly addVariables: (frame: SecretFrame, given: GivenSkills | null) => Promise<SecretFrame>;
}

/** The turn with its skills; an agent that takes no folder is told before its prompt, or before it is told that it was cut off. */
export function withSkills(turn: Turn, given: GivenSkills | null, executor: Executor): Turn {
  if (given === null) return turn;
  const equipped = { ...turn, skills: given.turn };
  const list = executor.takesSkills === true ? null : writeSkillList(given.offered);
  if (list === null) return equipped;
  return turn.preamble === null
    ? { ...equipped, prompt: `${list}\n\n${turn.prompt}` }
    : { ...equipped, preamble: `${list}\n\n${turn.preamble}` };
}

/**
 * Adds the variables that the run does not have yet: what the executor was given by name, and what every run has, stands. One
 * whose secret cannot be had is left out and told: a task that does not need the skill must not wait for its key.
 */
export async function addSkillVariables(
  frame: SecretFrame,
  given: GivenSkills | null,
  resolve: ResolveSecret,
  onMissing: (error: unknown, context: Record<string, unknown>) => void,
): Promise<SecretFrame> {
  const env: Record<string, string> = { ...frame.env };
  const secrets = new Set(frame.secrets);
  for (const { name, secret, skill, isKey } of given?.variables ?? []) {
    if (Object.hasOwn(env, name)) continue;
    try {
      const value = await resolve(secret);
      env[name] = value;
      if (value !== '' && (isKey || hidesValue(name, secret))) secrets.add(value);
    } catch (error) {
      onMissing(
        new Error(`The skill "${skill}" goes without ${name}: ${messageOf(error)}`, { cause: error }),
        {
          skill,
        },
      );
    }
  }
  return { env, secrets: [...secrets] };
}
