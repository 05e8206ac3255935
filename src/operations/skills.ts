// Operations on skills.

import { z } from 'zod';
import type { SkillsOfSessions } from '../skills/session-skills.ts';
import { skillSources } from '../skills/skill.ts';
import { defineOperation, type Operation } from './operation.ts';

export interface SkillOperationsOptions {
  readonly skills: Pick<SkillsOfSessions, 'list'>;
}

const names = z.array(z.string());

const skillView = z.object({
  name: z.string(),
  source: z.enum(skillSources),
  /** Of its SKILL.md; of a session that of its own copy. */
  path: z.string(),
  eligible: z.boolean(),
  disabled: z.boolean(),
  blockedByAllowlist: z.boolean(),
  modelVisible: z.boolean(),
  userInvocable: z.boolean(),
  missing: z.object({ bins: names, anyBins: names, env: names, config: names, os: names }),
});

const warningView = z.object({
  path: z.string(),
  line: z.int().nullable(),
  code: z.string(),
  message: z.string(),
});

export const skillsView = z.object({
  /** Null: these are what is there now, nobody was handed them. */
  snapshotId: z.string().nullable(),
  skills: z.array(skillView),
  warnings: z.array(warningView),
});

export type SkillsView = z.infer<typeof skillsView>;

export function skillOperations({ skills }: SkillOperationsOptions): readonly Operation[] {
  return [
    defineOperation({
      name: 'skills.list',
      input: z.strictObject({ session: z.string().min(1).max(64).optional() }),
      output: skillsView,
      async handle({ session }) {
        const { snapshotId, skills: found, warnings } = await skills.list(session ?? null);
        const listed = found.map(({ missing, ...skill }) => {
          const { bins, anyBins, env, config, os } = missing;
          return {
            ...skill,
            missing: {
              bins: [...bins],
              anyBins: [...anyBins],
              env: [...env],
              config: [...config],
              os: [...os],
            },
          };
        });
        return { output: { snapshotId, skills: listed, warnings: [...warnings] } };
      },
    }),
  ];
}
