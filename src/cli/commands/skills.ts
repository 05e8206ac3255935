// `homer skills`: what skills there are for work in a directory, what they lack, and how one is installed or removed. Needs no
// daemon: the folders are read by this process.

import { statSync } from 'node:fs';
import { homedir } from 'node:os';
import { resolve } from 'node:path';
import type { SkillsConfig } from '../../config/config.ts';
import { HomerError } from '../../core/errors.ts';
import type { Skills } from '../../skills/open.ts';
import type { ListedSkill, SkillList } from '../../skills/status.ts';
import { confirm } from '../confirm.ts';
import { report, type Context } from '../context.ts';
import { previewDocument, previewLines } from '../skill-preview-screen.ts';
import { checkLines, listLines, skillLines, warningLine } from '../skills-screen.ts';

export type SkillsAction = 'list' | 'check' | 'show' | 'add' | 'remove';

export interface SkillsOptions {
  readonly cwd?: string;
  readonly name?: string;
  readonly yes?: boolean;
}

/** One call of the command: everything its actions look at. */
interface Call {
  readonly context: Context;
  readonly skills: Skills;
  readonly config: SkillsConfig;
  readonly cwd: string;
}

/** Exit code 1: `check` found something to mend, or nothing was installed or removed. Throws HOMER_SKILL_… and HOMER_CONFIG_INVALID. */
export async function skills(
  context: Context,
  action: SkillsAction,
  name: string | undefined,
  options: SkillsOptions,
): Promise<number> {
  if (name === undefined && action in usages) throw usage(action);
  if (action !== 'add' && (options.name !== undefined || (options.yes === true && action !== 'remove')))
    throw new HomerError(
      'HOMER_USAGE',
      '--name and --yes belong to `homer skills add`, --yes to `remove` too.',
    );
  const { openSkills } = await import('../../skills/open.ts');
  const { loadConfig } = await import('../../config/load.ts');
  const userHome = homedir();
  const loaded = loadConfig(context.home, { env: process.env, userHome });
  const call: Call = {
    context,
    skills: openSkills({ home: context.home, userHome, env: process.env }),
    config: loaded.config.skills,
    cwd: workingDirectory(options.cwd),
  };
  if (action === 'add') return add(call, name ?? '', options);
  if (action === 'remove') return remove(call, name ?? '', options);
  const found = await call.skills.list(call.cwd, call.config);
  if (action === 'list') return list(call, found);
  return action === 'check' ? check(call, found) : show(call, found, name ?? '');
}

function list({ context, skills }: Call, found: SkillList): number {
  report(context, skills.report(found), listLines(found, context.terminal));
  if (!context.json) sayWarnings(context, found);
  return 0;
}

async function check({ context, skills }: Call, found: SkillList): Promise<number> {
  const result = await skills.check(found);
  const document = {
    ok: result.ok,
    notEligible: result.notEligible.map(({ status, hints }) => ({ ...status, install: hints })),
    unknown: result.unknown,
    collisions: found.collisions,
    warnings: result.warnings,
  };
  report(context, document, checkLines(result, found, context.terminal));
  if (!context.json) sayWarnings(context, result);
  return result.ok ? 0 : 1;
}

async function show({ context, skills }: Call, found: SkillList, name: string): Promise<number> {
  const listed = skills.find(found, name);
  if (listed === null) throw unknown(name, found);
  const installed = await skills.installed(listed);
  const shadowed = found.collisions.find((collision) => collision.name === listed.skill.name)?.shadowed ?? [];
  const warnings = found.warnings.filter(({ path }) => `${path}/`.startsWith(`${listed.skill.directory}/`));
  const { description, homepage, key, primaryEnv, always, requires } = listed.skill;
  const document = {
    ...listed.status,
    description,
    homepage,
    key,
    primaryEnv,
    always,
    requires,
    install: listed.hints,
    shadowed,
    installed,
    warnings,
  };
  report(context, document, skillLines(listed, { shadowed, installed }, context.terminal));
  if (!context.json) for (const warning of warnings) context.terminal.say(warningLine(warning));
  return 0;
}

async function add(
  { context, skills, config, cwd }: Call,
  path: string,
  options: SkillsOptions,
): Promise<number> {
  const preview = await skills.preview(resolve(path), options.name, cwd, config);
  const { terminal } = context;
  if (preview.place.state === 'same') {
    // Killed between the two, an install has left a skill of which nothing is known.
    if (!preview.place.recorded) await preview.install(new Date());
    report(context, { installed: true, ...previewDocument(preview) }, [
      `${preview.head.name} is installed already, file for file, in ${preview.place.path}.`,
    ]);
    return 0;
  }
  if (!context.json) for (const line of previewLines(preview, terminal)) terminal.print(line);
  if (options.yes !== true && !(await confirm(context, `Install ${preview.head.name}?`))) {
    if (context.json) report(context, { installed: false, ...previewDocument(preview) }, []);
    terminal.say('Nothing was installed. `--yes` installs it without asking.');
    return 1;
  }
  const record = await preview.install(new Date());
  report(context, { installed: true, ...previewDocument(preview), record }, [
    `Installed in ${preview.place.path}.`,
  ]);
  return 0;
}

async function remove({ context, skills }: Call, name: string, { yes }: SkillsOptions): Promise<number> {
  const removal = await skills.removal(name);
  const { path, record } = removal;
  const isWanted = yes === true || (await confirm(context, `Remove ${record.name} from ${path}?`));
  if (isWanted) await removal.remove();
  else context.terminal.say('Nothing was removed. `--yes` removes it without asking.');
  const lines = [`Removed ${path}; sessions keep the copy they began with.`];
  report(context, { removed: isWanted, name: record.name, path, record }, isWanted ? lines : []);
  return isWanted ? 0 : 1;
}

function sayWarnings({ terminal }: Context, { warnings }: Pick<SkillList, 'warnings'>): void {
  for (const warning of warnings) terminal.say(terminal.errorPalette.needs(warningLine(warning)));
}

function workingDirectory(given: string | undefined): string {
  const directory = resolve(given ?? process.cwd());
  if (statSync(directory, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new HomerError('HOMER_USAGE', `${directory} is not a directory.`);
  return directory;
}

function unknown(name: string, { skills }: SkillList): HomerError {
  const close = skills.filter((listed) => resembles(listed, name)).map(({ skill }) => skill.name);
  return new HomerError('HOMER_SKILL_UNKNOWN', `There is no skill called ${JSON.stringify(name)}.`, {
    ...(close.length === 0 ? {} : { hint: `Did you mean ${close.slice(0, 3).join(' or ')}?` }),
  });
}

function resembles({ skill }: ListedSkill, name: string): boolean {
  const [a, b] = [skill.name.toLowerCase(), name.toLowerCase()];
  return b !== '' && (a.includes(b) || b.includes(a));
}

const usages: Readonly<Record<string, readonly [string, string]>> = {
  show: ['Which skill is to be shown?', 'homer skills show NAME'],
  add: ['What is to be added?', 'homer skills add PATH'],
  remove: ['Which skill is to be removed?', 'homer skills remove NAME'],
};

function usage(action: SkillsAction): HomerError {
  const [question = '', hint = ''] = usages[action] ?? [];
  return new HomerError('HOMER_USAGE', question, { hint });
}
