// node scripts/gate.ts test|check [real] [FILE…]
// The one gate: runs types, lint and format together, then the suites, and ends with what failed or was skipped, a line
// each (`failed: …`, `skipped: …`), and `N passed, N failed, N skipped`.
// Named files run alone. Exits 0 only when something ran and nothing failed.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { text } from 'node:stream/consumers';
import { ensurePrograms } from './system.ts';

interface Count {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** What to look at, a line each. */
  readonly remarks: readonly string[];
}

/** The part of vitest's JSON report that is read here. */
interface Report {
  readonly success: boolean;
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly ReportedFile[];
}

interface ReportedFile {
  readonly name: string;
  readonly status: string;
  readonly message: string;
  readonly assertionResults: readonly ReportedTest[];
}

interface ReportedTest {
  readonly fullName: string;
  readonly status: string;
  readonly failureMessages: readonly string[];
}

/** One program as one test; what it says is shown when it fails. */
async function inspect(name: string, argv: readonly string[]): Promise<Count> {
  const began = performance.now();
  const [file = '', ...args] = argv;
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const [output, errors, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ]);
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  const passed = code === 0;
  process.stdout.write(`${passed ? '✓' : '✗'} ${name} (${seconds} s)\n${passed ? '' : output + errors}`);
  return {
    passed: passed ? 1 : 0,
    failed: passed ? 0 : 1,
    skipped: 0,
    remarks: passed ? [] : [`failed: ${name}`],
  };
}

async function runSuites(args: readonly string[]): Promise<Count> {
  const directory = mkdtempSync(join(tmpdir(), 'homer-report-'));
  try {
    const file = join(directory, 'report.json');
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
    const child = spawn('vitest', ['run', ...reporters, ...args], { stdio: ['ignore', 1, 2], env });
    const [code] = (await once(child, 'close')) as [number | null];
    return readReport(file, code);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function readReport(file: string, code: number | null): Count {
  let report: Report;
  try {
    report = JSON.parse(readFileSync(file, 'utf8')) as Report;
  } catch {
    // No report: vitest itself did not come that far, and has said why.
    return { passed: 0, failed: 1, skipped: 0, remarks: ['failed: vitest, which left no report'] };
  }
  const broken = report.testResults.filter(isBroken).length;
  const failed = report.numFailedTests + broken;
  const isSpoiled = failed === 0 && (code !== 0 || !report.success);
  return {
    passed: report.numPassedTests,
    failed: isSpoiled ? 1 : failed,
    skipped: report.numPendingTests + report.numTodoTests,
    remarks: [
      ...report.testResults.flatMap(remarksOn),
      ...(isSpoiled ? ['failed: an error outside of any test'] : []),
    ],
  };
}

/** A file that could not be loaded has no test to blame. */
function isBroken(file: ReportedFile): boolean {
  return file.status === 'failed' && file.assertionResults.length === 0;
}

function remarksOn(file: ReportedFile): string[] {
  const name = relative(process.cwd(), file.name);
  if (isBroken(file)) return [`failed: ${name}: ${firstLine(file.message)}`];
  return file.assertionResults.flatMap((test) => {
    if (test.status === 'failed')
      return [`failed: ${name} › ${test.fullName}: ${firstLine(test.failureMessages[0])}`];
    return test.status === 'passed' ? [] : [`skipped: ${name} › ${test.fullName}`];
  });
}

function firstLine(message = ''): string {
  return message.split('\n', 1)[0] ?? '';
}

// An empty HOME would put caches into the working directory; without one the user database is asked.
const env = { ...process.env };
if (env['HOME'] === '') delete env['HOME'];

const [mode, ...rest] = process.argv.slice(2);
const isReal = rest[0] === 'real';
const files = isReal ? rest.slice(1) : rest;
const counts: Count[] = [];

// Images are only built, and a systemd is only booted, as root.
const forRoot =
  process.getuid?.() === 0
    ? (['buildah', 'podman', 'crun', 'debootstrap', 'systemctl', 'dbus-daemon'] as const)
    : [];
if (mode !== 'check')
  ensurePrograms(
    isReal ? ['bwrap', 'nginx', ...forRoot] : ['redis-server', 'bwrap', 'chromium', 'python3', 'prometheus'],
  );

if (isReal) {
  counts.push(await runSuites(['--project=real', ...files]));
} else if (files.length > 0) {
  counts.push(await runSuites(files));
} else {
  counts.push(
    ...(await Promise.all([
      inspect('types', ['tsc', '-p', '.']),
      inspect('lint', ['oxlint', '--type-aware', '--deny-warnings']),
      inspect('format', ['prettier', '--check', '.']),
    ])),
  );
  const projects = mode === 'check' ? ['--project=unit'] : ['--project=!real'];
  counts.push(await runSuites(projects));
}

const sum = (key: 'passed' | 'failed' | 'skipped') => counts.reduce((total, count) => total + count[key], 0);
const [passed, failed, skipped] = [sum('passed'), sum('failed'), sum('skipped')];
process.stdout.write(`\n${counts.flatMap(({ remarks }) => remarks.map((remark) => `${remark}\n`)).join('')}`);
process.stdout.write(`${String(passed)} passed, ${String(failed)} failed, ${String(skipped)} skipped\n`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
