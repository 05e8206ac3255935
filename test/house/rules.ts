// The rules of the house as tables, and the one function that holds sources to them.

import { builtinModules } from 'node:module';
import type { Import, SourceFile, Trait } from './source-file.ts';

/** Imports lead to a lower floor or stay in their room. */
const floors: Readonly<Record<string, number>> = {
  cli: 9,
  daemon: 8,
  board: 7.5,
  host: 8,
  gateway: 7,
  operations: 6,
  drill: 6,
  update: 6,
  intake: 5,
  worker: 5,
  delivery: 5,
  backup: 5,
  retention: 5,
  doctor: 5,
  scheduler: 5,
  health: 5,
  tracing: 5,
  metrics: 5,
  alerts: 5,
  service: 5,
  engine: 4,
  channels: 4,
  canvas: 4,
  reminders: 4,
  skills: 4,
  ledger: 3,
  runner: 3,
  remote: 2,
  executors: 2,
  // What programs and pages of others import: it knows what both ends of the wire know, and nothing of the server.
  client: 2,
  // The tools of the Model Context Protocol: over whatever asks the operations, in the daemon or on the command line.
  mcp: 3,
  config: 2,
  lifecycle: 2,
  core: 1,
};

/** The command line is a client: of the rooms above these it knows no more than what is spoken over the wire. */
const knownToCli =
  /^src\/(cli|client|core|config|lifecycle)\/|^src\/operations\/(routes|routes-.*)\.ts$|^src\/gateway\/protocol\.ts$/;
/** The one door from the command line to the daemon, opened only when it is to run in this process. */
const daemonDoor = 'src/cli/commands/serve.ts';

/**
 * `homer skills` must work without a daemon, and what is in the folders of skills is no secret of the daemon's: the same
 * loader reads them in this process. It comes in by its room's door only, and lazily, so that no other command pays.
 */
const skillsDoor = { command: 'src/cli/commands/skills.ts', room: 'src/skills/open.ts' } as const;
/** And `homer doctor` looks at the machine itself, above all when no daemon can be started on it. */
const doctorDoor = { command: 'src/cli/commands/doctor.ts', room: 'src/doctor/open.ts' } as const;
/** A worker has no daemon on its host: it is a process of its own, started as the daemon is. */
const hostDoor = { command: 'src/cli/commands/worker.ts', room: 'src/host/open.ts' } as const;

/** `homer backup list` and `homer restore` are for when no daemon runs, or can be. */
const backupDoor = { command: 'src/cli/commands/backup.ts', room: 'src/backup/open.ts' } as const;

/** A drill is a user with a hammer: it starts Homers of its own, and stands above what it needs to look at them. */
const drillDoor = { command: 'src/cli/commands/drill.ts', room: 'src/drill/open.ts' } as const;

/** `homer mcp` serves the tools itself, and asks the daemon for what they need. */
const mcpDoor = { command: 'src/cli/commands/mcp.ts', room: 'src/mcp/open.ts' } as const;
/** `homer start` goes through the service where there is one; services are kept by others, whether or not a daemon runs. */
const serviceDoor = { command: 'src/cli/installed-service.ts', room: 'src/service/open.ts' } as const;
/** An update outlives the daemon and what stands in its place: the command line drives it. */
const updateDoor = { command: 'src/cli/commands/update.ts', room: 'src/update/open.ts' } as const;

/** What stands behind a port; only the room's open.ts names it. */
const drivers =
  /^src\/(?:engine\/(embedded|bullmq)|executors\/(claude|codex|gemini|acp|command)|channels\/(telegram|web))\b/;

/** Where a package, or a builtin that reaches far, may be imported; a package that is not listed has no home yet. */
const homes: Readonly<Record<string, RegExp>> = {
  '@bull-board/api': /^src\/board\//,
  '@agentclientprotocol/sdk': /^src\/executors\/acp-/,
  '@modelcontextprotocol/server': /^src\/mcp\//,
  'age-encryption': /^src\/backup\/encryption\.ts$/,
  '@opentelemetry/api': /^src\/tracing\/sender\.ts$/,
  '@opentelemetry/exporter-trace-otlp-http': /^src\/tracing\/sender\.ts$/,
  '@opentelemetry/resources': /^src\/tracing\/sender\.ts$/,
  '@opentelemetry/sdk-trace': /^src\/tracing\/sender\.ts$/,
  bullmq: /^src\/engine\/bullmq\//,
  chokidar: /^src\/skills\//,
  'chrono-node': /^src\/reminders\//,
  commander: /^src\/cli\//,
  croner: /^src\/scheduler\//,
  'eventsource-parser': /^src\/cli\//,
  // The Bot API of Telegram, lazily: nobody else needs it.
  grammy: /^src\/channels\/telegram\//,
  fastify: /^src\/gateway\//,
  ioredis: /^src\/engine\/bullmq\//,
  pino: /^src\/lifecycle\//,
  'prom-client': /^src\/metrics\//,
  json5: /^src\/skills\/frontmatter\.ts$/,
  tar: /^src\/skills\/tarball\.ts$/,
  // Two kinds of text are YAML to people: the configuration, and the head of a skill.
  yaml: /^src\/config\/|^src\/skills\/frontmatter\.ts$/,
  ws: /^src\/gateway\/ws\//,
  zod: /^src\/(config|operations|gateway|mcp)\//,
  'node:sqlite': /^src\/ledger\//,
  // Besides those that own processes or ask the keeper of services: secrets come from programs, the first start and the browser come from the command line.
  'node:child_process':
    /^src\/(runner|lifecycle|worker|doctor|drill|service|update)\/|^src\/backup\/finish-process\.ts$|^src\/config\/secrets\.ts$|^src\/cli\/(launch|browser)\.ts$/,
};

/** Programs of their own: they are started, not imported, and so something happens in them. */
const programs =
  /^src\/(cli\/main|runner\/main|worker\/main|backup\/main|doctor\/main|lifecycle\/watchdog-thread)\.ts$/;

/** The core decides and does nothing: clocks, chance and the process are handed in. */
const foreignToCore = [
  'Date.now',
  'Math.random',
  'process',
  'performance',
  'setTimeout',
  'setInterval',
  'fetch',
  'crypto',
];

const longest = 300;
const vagueNames = /(^|-)(utils?|helpers?|types|common|misc|manager)$/;

const complaints: Readonly<Record<Trait['kind'], string>> = {
  'default export': 'exports a default; give it a name',
  'star export': 'is a barrel; let importers name the file they mean',
  'statement at import': 'does something when it is imported',
  'silent catch': 'catches an error and says nothing on why that is right',
  'environment written': 'writes to process.env',
};

export interface Violation {
  readonly rule:
    'floor' | 'cli' | 'daemon' | 'driver' | 'home' | 'core' | 'name' | 'length' | 'shape' | 'test';
  /** `path:line` and what is wrong there. */
  readonly text: string;
}

/** Every breach of the rules in these sources; tests are held only to what concerns the names of files. */
export function findViolations(sources: readonly SourceFile[]): readonly Violation[] {
  return sources.flatMap((source) => [
    ...checkName(source),
    ...(isTest(source.path)
      ? []
      : [...checkShape(source), ...source.imports.flatMap((it) => checkImport(source, it))]),
  ]);
}

function isTest(path: string): boolean {
  return path.endsWith('.test.ts') || path.endsWith('.suite.ts');
}

/** `src/engine/open.ts` → `engine`, `src/daemon.ts` → `daemon`. */
function roomOf(path: string): string {
  return path.split('/')[1]?.replace(/\.ts$/, '') ?? '';
}

function driverOf(path: string): string | undefined {
  const match = drivers.exec(path);
  return match?.slice(1).find((name) => name !== undefined);
}

function checkName({ path }: SourceFile): readonly Violation[] {
  const name = path.slice(path.lastIndexOf('/') + 1).replace(/(\.test|\.suite)?\.ts$/, '');
  const found: Violation[] = [];
  if (floors[roomOf(path)] === undefined)
    found.push({ rule: 'floor', text: `${path} stands in a room without a floor` });
  if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name))
    found.push({ rule: 'name', text: `${path} is not in kebab-case` });
  if (vagueNames.test(name) || name === 'index')
    found.push({ rule: 'name', text: `${path} has a name that fits anything` });
  return found;
}

function checkShape(source: SourceFile): readonly Violation[] {
  const { path } = source;
  const found: Violation[] = source.traits
    .filter((trait) => trait.kind !== 'statement at import' || !programs.test(path))
    .map((trait) => ({ rule: 'shape', text: `${path}:${String(trait.line)} ${complaints[trait.kind]}` }));
  if (source.isBarrel) found.push({ rule: 'shape', text: `${path} ${complaints['star export']}` });
  if (source.lines > longest)
    found.push({
      rule: 'length',
      text: `${path} has ${String(source.lines)} lines, ${String(longest)} are the limit`,
    });
  if (roomOf(path) === 'core')
    for (const name of foreignToCore)
      if (source.names.has(name)) found.push({ rule: 'core', text: `${path} uses ${name}` });
  return found;
}

function checkImport(source: SourceFile, it: Import): readonly Violation[] {
  const at = `${source.path}:${String(it.line)}`;
  return it.file === null ? checkPackage(source.path, it, at) : checkFile(source.path, it.file, it, at);
}

function checkPackage(path: string, it: Import, at: string): readonly Violation[] {
  const name = packageOf(it.specifier);
  const found: Violation[] = [];
  if (roomOf(path) === 'core' && it.kind !== 'type')
    found.push({ rule: 'core', text: `${at} imports ${name}; the core is pure` });
  const home = homes[name];
  if (!name.startsWith('node:') && builtinModules.includes(name))
    found.push({ rule: 'home', text: `${at} imports ${name} without node:` });
  else if (home === undefined && !name.startsWith('node:'))
    found.push({ rule: 'home', text: `${at} imports ${name}, which has no home` });
  else if (home !== undefined && it.kind !== 'type' && !home.test(path))
    found.push({ rule: 'home', text: `${at} imports ${name}, which has its home elsewhere` });
  return found;
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

function checkFile(path: string, target: string, it: Import, at: string): readonly Violation[] {
  if (isTest(target) || !target.startsWith('src/'))
    return [{ rule: 'test', text: `${at} imports ${target}, which is not part of the program` }];
  if (target === 'src/daemon.ts')
    return path === daemonDoor && it.kind === 'lazy'
      ? []
      : [{ rule: 'daemon', text: `${at} imports the daemon; only ${daemonDoor} does, and lazily` }];
  const found: Violation[] = [];
  const [from, to] = [roomOf(path), roomOf(target)];
  // The shapes of answers are what is spoken; a type brings no code along.
  const isSpoken =
    it.kind === 'type' &&
    ['operations', 'skills', 'doctor', 'backup', 'drill', 'mcp', 'service', 'update'].includes(to);
  const isDoor =
    it.kind === 'lazy' &&
    [skillsDoor, doctorDoor, backupDoor, hostDoor, drillDoor, mcpDoor, serviceDoor, updateDoor].some(
      ({ command, room }) => path === command && target === room,
    );
  if (from === 'cli' && !knownToCli.test(target) && !isSpoken && !isDoor)
    found.push({ rule: 'cli', text: `${at} imports ${target}; the command line is a client` });
  const [above, below] = [floors[from] ?? 0, floors[to] ?? Infinity];
  if (from !== to && below >= above)
    found.push({
      rule: 'floor',
      text: `${at} imports ${target}: ${from} (${String(above)}) may not know ${to} (${String(below)})`,
    });
  const driver = driverOf(target);
  if (driver !== undefined && driverOf(path) !== driver && path !== `src/${to}/open.ts`)
    found.push({ rule: 'driver', text: `${at} names the driver ${target}; only src/${to}/open.ts does` });
  return found;
}
