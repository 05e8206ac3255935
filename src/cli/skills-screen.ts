// Skills for people: a table with the reason behind each that cannot be used, and one of them in full.

import type { Collision } from '../skills/loader.ts';
import type { Installed } from '../skills/install.ts';
import type { InstallHint, Requirements, SkillWarning } from '../skills/skill.ts';
import type { ListedSkill, SkillCheck, SkillList, SkillStatus } from '../skills/status.ts';
import { count, fold, oneLine, plain, table, type Cell } from './format.ts';
import type { Palette, Terminal } from './terminal.ts';

const noSkills = 'There are no skills here; `homer skills add PATH` installs one.';

/** The table, then collisions, then the counts. */
export function listLines(list: SkillList, { palette, columns }: Terminal): string[] {
  if (list.skills.length === 0) return [noSkills];
  const head = ['name', 'source', 'state', 'why'].map((text): Cell => ({ text, paint: palette.dim }));
  const rows = list.skills.map(({ skill, status, hints }): Cell[] => [
    { text: oneLine(skill.name) },
    { text: skill.source },
    { text: stateOf(status), paint: colourOf(status, palette) },
    { text: oneLine(reasonOf(status, hints)), paint: palette.dim },
  ]);
  return [
    ...table([head, ...rows], columns),
    ...(list.collisions.length === 0 ? [] : ['', ...collisionLines(list.collisions)]),
    '',
    countsOf(list),
  ];
}

export function checkLines(check: SkillCheck, list: SkillList, { palette, columns }: Terminal): string[] {
  const rows = check.notEligible.map(({ skill, status, hints }): Cell[] => [
    { text: oneLine(skill.name), paint: palette.bad },
    { text: oneLine(reasonOf(status, hints)) },
  ]);
  const lines = table(rows, columns);
  for (const name of check.unknown)
    lines.push(`${palette.bad(oneLine(name))}  is configured, but there is no such skill here`);
  if (check.bad.length > 0) lines.push(`${count(check.bad.length, 'file')} could not be used; see below.`);
  if (check.ok && list.skills.length === 0) lines.push(noSkills);
  else if (check.ok) lines.push(palette.ok('Every enabled skill can be used.'));
  return [...lines, ...collisionLines(list.collisions), countsOf(list)];
}

export function skillLines(
  { skill, status, hints }: ListedSkill,
  more: { readonly shadowed: readonly string[]; readonly installed: Installed | null },
  { palette, columns }: Terminal,
): string[] {
  const reason = reasonOf(status, []);
  const row = (name: string, text: string): string[] =>
    text === '' ? [] : [`${palette.dim(name.padEnd(10))}${oneLine(text)}`];
  return [
    `${palette.bold(oneLine(skill.name))}  ${colourOf(status, palette)(stateOf(status))}${reason === '' ? '' : `: ${oneLine(reason)}`}`,
    ...fold(oneLine(skill.description), columns),
    '',
    ...row('source', skill.source),
    ...row('path', skill.path),
    ...row('needs', needsOf(skill.requires, skill.always)),
    ...row('key', skill.key === skill.name ? '' : skill.key),
    ...row('apiKey', skill.primaryEnv === null ? '' : `gives ${skill.primaryEnv}`),
    ...row('called by', callers(status.userInvocable, skill.modelInvocable)),
    ...row('homepage', skill.homepage ?? ''),
    ...hints.flatMap(({ text }) => row('get it', text)),
    ...more.shadowed.flatMap((path) => row('hides', path)),
    ...(more.installed === null ? [] : row('installed', installedText(more.installed))),
  ];
}

/** `path:line: sentence` */
export function warningLine({ path, line, message }: SkillWarning): string {
  return plain(`${path}${line === null ? '' : `:${line}`}: ${oneLine(message)}`);
}

function stateOf(status: SkillStatus): string {
  if (status.disabled) return 'disabled';
  if (status.blockedByAllowlist) return 'not allowed';
  if (status.missing.os.length > 0) return 'other system';
  return status.eligible ? 'ready' : 'missing';
}

function colourOf(status: SkillStatus, palette: Palette): (text: string) => string {
  if (status.eligible) return palette.ok;
  return stateOf(status) === 'missing' ? palette.needs : palette.dim;
}

/** Why it cannot be used, with the first way to mend it; empty when it can. */
function reasonOf(
  { disabled, blockedByAllowlist, missing }: SkillStatus,
  hints: readonly InstallHint[],
): string {
  const reasons = [
    ...(disabled ? ['`enabled: false` in config.yaml'] : []),
    ...(blockedByAllowlist ? ['`allow` in config.yaml does not name it'] : []),
    ...missingParts(missing),
  ];
  const [hint] = hints;
  return reasons.join('; ') + (hint === undefined ? '' : ` → ${hint.text}`);
}

function missingParts({ bins, anyBins, env, config, os }: Requirements): string[] {
  const list = (what: string, names: readonly string[], glue = ', '): string[] =>
    names.length === 0 ? [] : [`${what} ${names.join(glue)}`];
  return [
    ...list('only for', os, ' or '),
    ...list('no program', bins),
    ...list('none of the programs', anyBins),
    ...list('no variable', env),
    ...list('not set in `skills.config`:', config),
  ];
}

function needsOf({ bins, anyBins, env, config, os }: Requirements, always: boolean): string {
  const parts = [
    ...bins,
    ...(anyBins.length === 0 ? [] : [anyBins.join(' or ')]),
    ...env.map((name) => `$${name}`),
    ...config.map((path) => `config ${path}`),
    ...(os.length === 0 ? [] : [`on ${os.join(' or ')}`]),
  ].join(', ');
  return always && parts !== '' ? `${parts} (used without them, but not on another system)` : parts;
}

function callers(user: boolean, model: boolean): string {
  if (user && model) return '';
  return user ? 'a person only' : model ? 'the model only' : 'nobody';
}

function installedText({ record, unchanged }: Installed): string {
  const from = `${record.installedAt.slice(0, 10)} from ${record.from.path}`;
  const commit = record.from.commit === null ? '' : ` at ${record.from.commit.slice(0, 12)}`;
  return `${from}${commit}, ${unchanged ? 'unchanged' : 'CHANGED since'} (${record.digest.slice(0, 19)})`;
}

function collisionLines(collisions: readonly Collision[]): string[] {
  return collisions.flatMap(({ name, path, shadowed }) => [
    `${oneLine(name)}: ${plain(path)}`,
    ...shadowed.map((other) => `  hides ${plain(other)}`),
  ]);
}

function countsOf({ skills, collisions, warnings }: SkillList): string {
  const ready = skills.filter(({ status }) => status.eligible).length;
  const parts = [count(skills.length, 'skill'), `${ready} ready`];
  if (collisions.length > 0) parts.push(count(collisions.length, 'name taken twice', 'names taken twice'));
  if (warnings.length > 0) parts.push(count(warnings.length, 'warning'));
  return `${parts.join(', ')}.`;
}
