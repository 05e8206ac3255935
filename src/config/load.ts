// Reads the configuration once, and says everything that is wrong with it at once.

import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { HomerError, isHomerError } from '../core/errors.ts';
import { findBindProblems } from './bind.ts';
import { buildConfig } from './build.ts';
import { findFallbackProblems } from './fallbacks.ts';
import type { Config } from './config.ts';
import { loadsCode, makesRunsLoadCode } from './code-variables.ts';
import { hasPlainPassword } from './engine.ts';
import { configFile, parseConfigText, readConfigText, type ConfigText } from './document.ts';
import { findHeartbeatProblems } from './heartbeat.ts';
import { findLooseNames } from './loose-names.ts';
import { describeIssue, formatProblem } from './problem.ts';
import type { ConfigProblem, Finding } from './problem.ts';
import { agentKinds, fileSchema } from './schema.ts';
import { findPastSchedules } from './schedules.ts';
import { isSecretPlace } from './secret-place.ts';
import type { FileContent } from './schema.ts';
import { findWebhookProblems } from './webhook-findings.ts';

export interface LoadOptions {
  /** Only HOMER_PORT is read from it. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What `~` stands for; absolute. */
  readonly userHome: string;
}

export interface LoadedConfig {
  /** Deeply frozen. */
  readonly config: Config;
  readonly warnings: readonly ConfigProblem[];
  /** Of the file's text; tells whether an edit changed anything. */
  readonly digest: string;
}

/** Longer lists help nobody; the count of the rest is said. */
const mostProblems = 50;

/**
 * Reads `home/config.yaml` (none: the defaults) and HOMER_PORT. Throws HOMER_CONFIG_INVALID whose message lists every
 * problem on a line of its own and whose `details.problems` are ConfigProblems in the order of the file.
 */
export function loadConfig(home: string, options: LoadOptions): LoadedConfig {
  return loadConfigText(readConfigText(home), join(home, configFile), options);
}

/** The same for a text that may be in the file or not; `path` is what the message names. */
export function loadConfigText(source: ConfigText, path: string, options: LoadOptions): LoadedConfig {
  const port = portFromEnv(options.env['HOMER_PORT']);
  const problems: ConfigProblem[] = [...source.problems];
  const warnings: ConfigProblem[] = [...source.warnings];
  if (port.problem !== null) problems.push(port.problem);
  let content: FileContent = {};
  if (source.text !== null) {
    const document = parseConfigText(source.text, source.file);
    const parsed = fileSchema.safeParse(document.value);
    const found = document.isReadable ? (parsed.error?.issues ?? []) : [];
    const findings = found.flatMap((issue) => describeIssue(issue, document.value));
    if (parsed.success) content = parsed.data;
    const ofNames = [
      ...unknownDefault(document.value),
      ...findFallbackProblems(document.value),
      ...findWebhookProblems(content),
      ...findBindProblems(document.value),
      ...findHeartbeatProblems(content),
    ];
    const located = [...findings, ...ofNames].map((finding) => document.locate(finding));
    problems.push(...oncePerPlace([...document.problems, ...located]).sort(byPlace));
    const doubted = [...doubts(content), ...findLooseNames(content)];
    warnings.push(...doubted.map((finding) => document.locate(finding)));
  }
  if (problems.length > 0) throw invalid(path, problems);
  const config = buildConfig(content, { port: port.value, userHome: options.userHome });
  return { config, warnings, digest: digestOf(source.text) };
}

/** What LoadedConfig's `digest` would be for the file as it is now; the same for a file that cannot be read as for none. */
export function configDigest(home: string): string {
  const source = readConfigText(home);
  return digestOf(source.text ?? source.problems.map(formatProblem).join('\n'));
}

/** Whether a secret stands in config.yaml as plain text, as far as can be told; true for a file that is not right. */
export function holdsPlainSecret(home: string, options: LoadOptions): boolean {
  try {
    return loadConfig(home, options).warnings.some(({ message }) => message === plainSecret);
  } catch (error) {
    if (isHomerError(error)) return true;
    throw error;
  }
}

/** Of a text as it would stand in the file; null: there is none. */
export function digestOf(text: string | null): string {
  return createHash('sha256')
    .update(text ?? '')
    .digest('hex');
}

function portFromEnv(text: string | undefined): { value: number | null; problem: ConfigProblem | null } {
  if (text === undefined || text === '') return { value: null, problem: null };
  const value = /^\d{1,5}$/.test(text) ? Number(text) : -1;
  if (value >= 0 && value <= 65_535) return { value, problem: null };
  const message = `${JSON.stringify(text.slice(0, 40))} is not a port (0 to 65535; 0: any free one)`;
  return { value: null, problem: { file: 'HOMER_PORT', line: null, column: null, path: '', message } };
}

/** Said of the value as written, so that it stands in the list beside all else that is wrong. */
function unknownDefault(written: unknown): Finding[] {
  const name = member(written, 'defaultExecutor');
  if (typeof name !== 'string') return [];
  const configured = member(written, 'executors');
  const names = typeof configured === 'object' && configured !== null ? Object.keys(configured) : [];
  const known = [...new Set(['shell', ...agentKinds, ...names])];
  if (known.includes(name)) return [];
  const message = `${JSON.stringify(name.slice(0, 40))} is not an executor; there are ${known.join(', ')}`;
  return [{ path: ['defaultExecutor'], at: 'value', message }];
}

function member(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
  return (value as Record<string, unknown>)[key];
}

/** Two checks of one value (a whole number, and not too large a one) need not both be told. */
function oncePerPlace(problems: readonly ConfigProblem[]): ConfigProblem[] {
  const places = new Map<string, ConfigProblem>();
  for (const problem of problems)
    places.set(
      problem.path === '' ? formatProblem(problem) : `${problem.path} ${problem.line}:${problem.column}`,
      problem,
    );
  return [...places.values()];
}

const secretName = /(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?)$/i;
const plainSecret = 'is a secret in plain text; { env: … }, { file: … } or { exec: … } keep it out';

/** Allowed, since the file is the owner's, but more often a mistake or somebody else's work than a wish. */
function doubts(file: FileContent): Finding[] {
  const findings: Finding[] = findPastSchedules(file.schedules ?? {}, Date.now());
  const doubtVariables = (
    path: readonly PropertyKey[],
    variables: Readonly<Record<string, unknown>> | undefined,
  ): void => {
    for (const [variable, value] of Object.entries(variables ?? {})) {
      const at = [...path, variable];
      if (loadsCode(variable)) findings.push({ path: at, at: 'key', message: makesRunsLoadCode });
      if (typeof value === 'string' && value !== '' && secretName.test(variable))
        findings.push({ path: at, at: 'value', message: plainSecret });
    }
  };
  for (const [name, executor] of Object.entries(file.executors ?? {}))
    doubtVariables(['executors', name, 'setEnv'], executor.setEnv);
  for (const [name, { secret }] of Object.entries(file.webhooks ?? {}))
    if (typeof secret === 'string' && secret !== '')
      findings.push({ path: ['webhooks', name, 'secret'], at: 'value', message: plainSecret });
  if (file.engine?.kind === 'bullmq' && hasPlainPassword(file.engine))
    findings.push({ path: ['engine', 'url'], at: 'value', message: plainSecret });
  if (typeof file.telegram?.token === 'string')
    findings.push({ path: ['telegram', 'token'], at: 'value', message: plainSecret });
  findings.push(...plainAddresses(file.alerts), ...lanesForNobody(file));
  for (const [name, entry] of Object.entries(file.skills?.entries ?? {})) {
    const path = ['skills', 'entries', name];
    doubtVariables([...path, 'env'], entry.env);
    if (typeof entry.apiKey === 'string' && entry.apiKey !== '')
      findings.push({ path: [...path, 'apiKey'], at: 'value', message: plainSecret });
  }
  return findings;
}

/** Whoever knows the address of an alert can write there. */
function plainAddresses(alerts: FileContent['alerts']): Finding[] {
  const places = Object.entries(alerts?.to ?? {}).flatMap(([name, to]) =>
    Object.entries(to).map(([key, value]) => ({ path: ['alerts', 'to', name, key], value })),
  );
  return [...places, { path: ['alerts', 'ping'], value: alerts?.ping }]
    .filter(({ path, value }) => isSecretPlace(path) && typeof value === 'string')
    .map(({ path }) => ({ path, at: 'value', message: plainSecret }));
}

/** With the embedded engine there is no host but this one. */
function lanesForNobody({ engine, lanes = {}, workers }: FileContent): Finding[] {
  if (engine?.kind === 'bullmq') return [];
  const here = workers?.here?.labels ?? [];
  return Object.entries(lanes).flatMap(([name, { labels = [] }]) => {
    const missing = labels.filter((label) => !here.includes(label));
    if (missing.length === 0) return [];
    const message = `asks for a host with ${missing.join(', ')}; there is this one only with the embedded engine, so its jobs wait for ever; workers need \`engine: { kind: bullmq }\`, and \`workers.here.labels\` are those of this host`;
    return [{ path: ['lanes', name, 'labels'], at: 'value', message }];
  });
}

function byPlace(a: ConfigProblem, b: ConfigProblem): number {
  return (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0);
}

function invalid(path: string, problems: readonly ConfigProblem[]): HomerError {
  const shown = problems.slice(0, mostProblems).map((problem) => `  ${formatProblem(problem)}`);
  if (problems.length > mostProblems) shown.push(`  … and ${problems.length - mostProblems} more`);
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
  return new HomerError('HOMER_CONFIG_INVALID', `${path}: ${count}\n${shown.join('\n')}`, {
    details: { problems },
  });
}
