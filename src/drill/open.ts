// Plays drills one after the other: which there are, which can be played here, and where those are played that need a small disk.

import { execFile } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProgram } from '../runner/program.ts';
import { drills, type Drill } from './drills.ts';
import { sweepLeftBehind } from './left-behind.ts';
import { canFind } from './own-processes.ts';
import { play, skip, type DrillResult } from './play.ts';
import type { Program } from './scratch.ts';

export type { DrillResult } from './play.ts';
export type { Program } from './scratch.ts';

export const drillNames: readonly string[] = drills.map(({ name }) => name);

export interface DrillSummary {
  readonly name: string;
  readonly summary: string;
}

export function listDrills(): readonly DrillSummary[] {
  return drills.map(({ name, summary }) => ({ name, summary }));
}

/** In this process, on a file system that is small already: how a drill that needs one is played by itself, see `playDrill`. */
export async function playHere(name: string, program: Program, mount: string): Promise<DrillResult> {
  return play(find(name), program, mount);
}

/** Rejects only when it is interrupted; what went wrong is in the result. */
export async function playDrill(name: string, program: Program): Promise<DrillResult> {
  const drill = find(name);
  const why = obstacle(drill);
  if (why !== null) return skip(name, why);
  await sweepLeftBehind();
  return drill.needsSmallDisk === true ? playOnSmallDisk(drill, program) : play(drill, program);
}

function find(name: string): Drill {
  const drill = drills.find((each) => each.name === name);
  if (drill === undefined) throw new Error(`no drill is called ${name}`);
  return drill;
}

function obstacle({ needs, needsProcesses, needsSmallDisk }: Drill): string | null {
  const program = needsSmallDisk === true ? 'bwrap' : needs;
  if (program !== undefined && 'problem' in findProgram(program, process.env['PATH'], process.cwd()))
    return `${program} is not installed`;
  return needsProcesses === true && !canFind() ? 'this system has no /proc to find processes in' : null;
}

const diskBytes = 64 * 2 ** 20;

/** bubblewrap mounts a small file system for one program without asking for root; the whole drill is that program. */
async function playOnSmallDisk({ name }: Drill, { argv, signal }: Program): Promise<DrillResult> {
  const mount = mkdtempSync(join(tmpdir(), 'homer-drill-disk-'));
  const own = ['drill', name, '--json', '--on-disk', mount];
  const wrap = [
    '--dev-bind',
    '/',
    '/',
    '--size',
    String(diskBytes),
    '--tmpfs',
    mount,
    '--die-with-parent',
    '--',
  ];
  const { promise, resolve } = Promise.withResolvers<DrillResult>();
  execFile('bwrap', [...wrap, ...argv, ...own], { signal }, (_, stdout, stderr) =>
    resolve(
      readResult(stdout) ??
        skip(name, `no small disk could be mounted: ${stderr.trim().split('\n').at(-1) ?? ''}`),
    ),
  );
  try {
    return await promise;
  } finally {
    rmdirSync(mount);
  }
}

function readResult(stdout: string): DrillResult | null {
  try {
    return (JSON.parse(stdout) as { readonly drills: readonly DrillResult[] }).drills[0] ?? null;
  } catch {
    // It did not come that far.
    return null;
  }
}
