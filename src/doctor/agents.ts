// Looks at every executor that is configured and every agent CLI that Homer knows: where it is, what it is, whether it could work.

import { accessSync, constants } from 'node:fs';
import { basename } from 'node:path';
import { foundExecutor } from '../config/build.ts';
import type { Config, ExecutorConfig } from '../config/config.ts';
import { variableIn } from '../core/variable.ts';
import { findAgents } from '../executors/found.ts';
import { knownAgents } from '../executors/known-agents.ts';
import { hasProcessTable } from '../runner/process-table.ts';
import { findProgram } from '../runner/program.ts';
import { askProgram, versionIn } from './ask-program.ts';
import { findingOf } from './check.ts';
import { isNodeScript, isTooOld, neededNode } from './needed-node.ts';
import {
  type AgentFinding,
  type DoctorReport,
  type Finding,
  type Level,
  type Step,
  note,
  ok,
  problem,
  quoted,
} from './report.ts';
import { agentEntries, type AgentCheck } from './agent-entries.ts';
import { findSignIn, type Surroundings } from './sign-in.ts';

const answerMs = 5_000;

interface Candidate {
  readonly name: string;
  readonly config: ExecutorConfig;
  readonly isDefault: boolean;
  readonly install: string | null;
}

/** `config` null: it cannot be read, so only what is found by itself is looked at. */
export async function examineAgents(
  config: Config | null,
  around: Surroundings,
  isolation: DoctorReport['isolation'],
): Promise<readonly AgentFinding[]> {
  const path = around.env['PATH'] ?? '';
  const found = await findAgents({ path, home: around.userHome });
  const configured = Object.entries(config?.executors ?? {}).filter(([, executor]) => executor.configured);
  const taken = new Set(configured.map(([name]) => name));
  const all = [
    ...configured.map(([name, executor]) => ({ name, config: executor })),
    ...found
      .filter(({ name }) => !taken.has(name))
      .map(({ name, kind, bin }) => ({ name, config: foundExecutor(kind, bin) })),
  ];
  const first = found[0]?.name ?? configured.find(([, { kind }]) => kind !== 'command')?.[0];
  const candidates = all.map(({ name, config: executor }) => ({
    name,
    config: executor,
    isDefault: name === (config?.defaultExecutor ?? first),
    install: installOf(executor),
  }));
  const examined = await inPairs(candidates, (candidate) => examine(candidate, around, isolation));
  const there = new Set(all.flatMap(({ config: executor }) => [executor.kind, basename(executor.bin)]));
  const missing = knownAgents.filter(
    ({ name, program }) => !all.some((each) => each.name === name) && !there.has(program),
  );
  return [...examined, ...missing.map(absent)];
}

function installOf({ kind, bin }: ExecutorConfig): string | null {
  const known = knownAgents.find((agent) => agent.kind === kind || agent.program === basename(bin));
  return known?.install ?? null;
}

const nothingFound = {
  path: null,
  version: null,
  node: null,
  signedIn: null,
  signedInBy: null,
} as const;

function absent({ name, kind, install }: (typeof knownAgents)[number]): AgentFinding {
  const unasked = { configured: false, isDefault: false, sandbox: 'none', findings: [] } as const;
  return { name, kind, install, ...unasked, ...nothingFound };
}

/** Two at a time: agents are large, and this machine may be small. */
async function inPairs<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<readonly Result[]> {
  const results = new Map<number, Result>();
  const queue = items.entries();
  const lane = async (): Promise<void> => {
    for (const [index, item] of queue) results.set(index, await work(item));
  };
  await Promise.all([lane(), lane()]);
  return items.map((_, index) => results.get(index) as Result);
}

async function examine(
  { name, config, isDefault, install }: Candidate,
  around: Surroundings,
  isolation: DoctorReport['isolation'],
): Promise<AgentFinding> {
  const findings: Finding[] = [];
  // What nobody asked for need not be mended.
  const level: Level = config.configured || isDefault ? 'problem' : 'note';
  const find = (id: AgentCheck, text: string, step: Step, as: Level = level): void => {
    findings.push(findingAbout(name, id, as, text, step));
  };
  const path = config.setEnv['PATH'];
  const searched = path !== undefined && 'text' in path ? path.text : around.env['PATH'];
  const program = findProgram(config.bin, searched, '/');
  const signIn = config.kind === 'command' ? null : findSignIn(config, around);
  const { kind, configured, sandbox } = config;
  const base = {
    name,
    kind,
    configured,
    isDefault,
    sandbox,
    findings,
    signedIn: signIn?.state ?? null,
    signedInBy: signIn?.by ?? null,
  };
  if (config.sandbox === 'workspace' && isolation !== 'bwrap')
    find(
      'agent-sandbox',
      'Its sandbox needs bubblewrap, which does not work here; its jobs fail.',
      sandboxStep,
    );
  if (config.memoryMb > 0 && !hasProcessTable())
    find(
      'agent-memory',
      'Its limit of memory cannot be kept on this system; its jobs fail.',
      `Remove executors.${name}.memoryMb.`,
    );
  findings.push(...secretFindings(name, config, around, level));
  if ('problem' in program) {
    const key = config.kind === 'command' ? 'argv' : 'bin';
    const isPath = config.configured && config.bin.includes('/');
    const correct = `Correct executors.${name}.${key} in config.yaml: it leads nowhere.`;
    find(
      'agent-program',
      program.problem,
      isPath ? correct : (install ?? `Install it, or name its path in executors.${name}.${key}.`),
    );
    return { ...base, ...nothingFound, install };
  }
  const there = { ...base, path: program.path, install: null };
  // Nobody knows what a command does when it is asked for its version.
  if (config.kind === 'command') return { ...there, version: null, node: null };

  const env = {
    PATH: searched,
    HOME: around.userHome,
    LANG: 'C.UTF-8',
    TERM: 'dumb',
    DISABLE_AUTOUPDATER: '1',
  };
  const ownNode = config.node === null ? null : findProgram(config.node, searched, '/');
  if (ownNode !== null && 'problem' in ownNode)
    find('agent-node', ownNode.problem, `Mend executors.${name}.node.`);
  const node = await findNode(program.path, ownNode, env);
  const isByNode = ownNode !== null && !('problem' in ownNode);
  const command: readonly [string, ...string[]] = isByNode ? [ownNode.path, program.path] : [program.path];
  const said = await askProgram([...command, '--version'], env, answerMs);
  const version = versionIn(said.output) ?? versionIn(said.errorOutput);
  if (node !== null && node.version !== null && node.needs !== null && isTooOld(node.version, node.needs))
    find(
      'agent-node',
      `It needs Node ${node.needs} and gets ${node.version} (${node.path ?? ''}).`,
      `Name a newer one: executors.${name}.node: /path/to/node.`,
    );
  if (said.code !== 0)
    find(
      'agent-answers',
      said.timedOut
        ? `It did not tell its version within ${answerMs / 1000} s.`
        : 'It cannot be run: `--version` failed.',
      { command: `${quoted(program.path)} --version` },
    );
  else if (config.version !== null && version !== config.version)
    find(
      'agent-version',
      `It is version ${version ?? 'unknown'}; ${config.version} is expected.`,
      `Install that version, or change executors.${name}.version.`,
      'note',
    );
  if (signIn?.state === 'no')
    find('agent-sign-in', 'It is not signed in.', `Sign in: ${signIn.step ?? 'with its own command'}.`);
  return { ...there, version: said.code === 0 ? version : null, node };
}

const sandboxStep =
  'Install bubblewrap and allow user namespaces (on Ubuntu: sudo apt-get install bubblewrap, and an AppArmor profile for bwrap).';

async function findNode(
  program: string,
  own: ReturnType<typeof findProgram> | null,
  env: { readonly PATH: string | undefined },
): Promise<AgentFinding['node']> {
  if (own === null && !isNodeScript(program)) return null;
  const node = own ?? findProgram('node', env.PATH, '/');
  const needs = neededNode(program);
  if ('problem' in node) return { path: null, version: null, needs };
  const { output } = await askProgram([node.path, '--version'], env, answerMs);
  return { path: node.path, version: versionIn(output), needs };
}

/** Secrets that a run would wait for. Programs that give secrets are not run here. */
function secretFindings(
  name: string,
  config: ExecutorConfig,
  around: Surroundings,
  level: Level,
): readonly Finding[] {
  return Object.entries(config.setEnv).flatMap(([variable, ref]): Finding[] => {
    if ('env' in ref && (variableIn(around.env, ref.env) ?? '') === '') {
      const text = `${variable} comes from ${ref.env}, which is not set here.`;
      const step = `It must be set where the daemon is started: export ${ref.env}=…, then homer restart.`;
      return [findingAbout(name, 'agent-secrets', 'note', text, step)];
    }
    if (!('file' in ref) || isReadable(ref.file)) return [];
    const text = `${variable} comes from ${ref.file}, which cannot be read.`;
    return [findingAbout(name, 'agent-secrets', level, text, `Put the secret into ${ref.file}.`)];
  });
}

function findingAbout(name: string, id: AgentCheck, level: Level, text: string, step: Step): Finding {
  const outcome = level === 'ok' ? ok(text) : level === 'note' ? note(text, step) : problem(text, step);
  return { ...findingOf(agentEntries[id], outcome), about: name };
}

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    // Which is what was asked.
    return false;
  }
}
