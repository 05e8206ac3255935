// How long a thousand skills take: read for the first time in a fresh process, and looked at again when nothing changed.
// `node bench/skills.ts` prints them by itself.

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openSkills } from '../src/skills/open.ts';
import { formatLine, type Line } from './report.ts';

const many = 1_000;
const rounds = 9;
const coldAimMs = 300;
const warmAimMs = 50;

/** Heads as people write them: most are plain, some have JSON over several lines, one in ten is YAML proper. */
function head(index: number, allYaml: boolean): string {
  const needs = JSON.stringify({
    openclaw: { emoji: '♊️', requires: { bins: ['git', `tool-${index % 50}`], env: ['HOME'] } },
  });
  const styles = [
    '',
    `metadata: ${needs}\n`,
    `metadata:\n  ${JSON.stringify(JSON.parse(needs), null, 2).replaceAll('\n', '\n  ')}\n`,
  ];
  const yaml = 'metadata:\n  homer:\n    requires:\n      bins: [git]\nallowed-tools:\n  - Read\n';
  const more = allYaml || index % 10 === 9 ? yaml : (styles[index % 3] ?? '');
  const colon = index % 20 === 0 ? 'Use when: ' : '';
  return `---\nname: skill-${index}\ndescription: ${colon}does what number ${index} does, and says so in a sentence\n${more}---\n`;
}

function fill(room: string, allYaml: boolean): void {
  for (let index = 0; index < many; index++) {
    const folder = join(room, 'skills', `group-${index % 10}`, `skill-${index}`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'SKILL.md'), `${head(index, allYaml)}${'Text of the skill.\n'.repeat(100)}`);
    writeFileSync(join(folder, 'notes.md'), 'More.\n');
  }
}

interface Times {
  readonly cold: number;
  readonly warm: number;
}

/** In this process; the first call is cold. Prints nothing. */
async function measure(room: string): Promise<Times> {
  const skills = openSkills({ home: join(room, 'state'), userHome: join(room, 'user'), env: process.env });
  const config = { extraDirs: [], allow: null, bundledDir: join(room, 'none'), config: {}, entries: {} };
  const once = async (): Promise<number> => {
    const start = performance.now();
    const { length } = (await skills.list(room, config)).skills;
    if (length !== many) throw new Error(`${length} skills were read instead of ${many}`);
    return performance.now() - start;
  };
  const cold = await once();
  const warm: number[] = [];
  while (warm.length < rounds) warm.push(await once());
  return { cold, warm: median(warm) };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** Medians over fresh processes. Loading the modules, which a daemon does once, is not in the figures. */
export function benchSkills(): Line[] {
  const mixed = times(false);
  const yaml = times(true);
  return [
    line(`${many} skills, first list in a fresh process`, mixed.cold, coldAimMs),
    line(`${many} skills with heads in YAML only, the same`, yaml.cold, coldAimMs),
    line(`${many} skills, list again when nothing changed`, mixed.warm, warmAimMs),
  ];
}

function times(allYaml: boolean): Times {
  const room = mkdtempSync(join(tmpdir(), 'homer-bench-skills-'));
  try {
    fill(room, allYaml);
    const all = Array.from({ length: rounds }, (): Times => {
      const { stdout } = spawnSync(process.execPath, [fileURLToPath(import.meta.url), 'measure', room], {
        encoding: 'utf8',
      });
      return JSON.parse(stdout) as Times;
    });
    return { cold: median(all.map(({ cold }) => cold)), warm: median(all.map(({ warm }) => warm)) };
  } finally {
    rmSync(room, { recursive: true, force: true });
  }
}

function line(title: string, value: number, aim: number): Line {
  return {
    title,
    values: [{ name: 'homer', value, unit: ' ms' }],
    aim: `≤ ${aim} ms`,
    reached: value <= aim,
  };
}

if (import.meta.main) {
  const [mode, room = ''] = process.argv.slice(2);
  if (mode === 'measure') process.stdout.write(JSON.stringify(await measure(room)));
  else for (const line of benchSkills()) process.stdout.write(`${formatLine(line)}\n`);
}
