// How Claude Code is handed skills: as a plugin for this one session, so that nothing is written below HOME or into the project.
// Measured with 2.1.330: its skills are called `homer:NAME`; what it finds by itself is hidden from the model by name (a person can
// still say /NAME); and without the rule it asks a person before it reads what a SKILL.md refers to.

import { join } from 'node:path';
import type { TurnSkills } from '../core/skill.ts';

/** More does not fit into one argument (MAX_ARG_STRLEN, execve(2)). */
const longestSettings = 100 * 1024;

/** `own`: the person's arguments. Settings of theirs stay as they are: a second `--settings` would take the place of the first. */
export function claudeSkillArguments(skills: TurnSkills, own: readonly string[]): readonly string[] {
  const plugin = ['--plugin-dir', skills.directory];
  if (own.some((argument) => argument === '--settings' || argument.startsWith('--settings='))) return plugin;
  const skillOverrides = Object.fromEntries(skills.hidden.map((name) => [name, 'user-invocable-only']));
  const folder = join(skills.directory, 'skills');
  // In a rule these would be a pattern.
  const allow = /[*?()[\]{}!\\]/.test(folder) ? [] : [`Read(/${folder}/**)`];
  const settings = [{ skillOverrides, permissions: { allow } }, { permissions: { allow } }].map((each) =>
    JSON.stringify(each),
  );
  const fitting = settings.find((text) => Buffer.byteLength(text, 'utf8') <= longestSettings);
  return fitting === undefined ? plugin : [...plugin, '--settings', fitting];
}
