// Keeps the machine from falling asleep while runs live: one child for all of them. The child ends with us whatever ends us: on
// Linux it reads a pipe of ours to its end, on macOS it watches our pid.

import { spawn, type ChildProcess } from 'node:child_process';

export interface KeepAwakeOptions {
  /** Asked each time it would begin. */
  readonly isWanted: () => boolean;
  /** `process.platform`. */
  readonly platform: string;
  /** For the child, which is looked up on its PATH. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** How long a run must have lived, ms: no machine falls asleep sooner, and short runs should cost nothing. */
  readonly afterMs?: number;
}

export interface KeepAwake {
  /** Runs in hand, told at each change. */
  runs(count: number): void;
}

const afterMs = 5_000;

export function createKeepAwake(options: KeepAwakeOptions): KeepAwake {
  const command = keepAwakeCommand(options.platform, process.pid, 'cat');
  let child: ChildProcess | null = null;
  let timer: NodeJS.Timeout | null = null;
  /** It was refused once (no logind, no right to): it will be refused again, and `homer doctor` says so. */
  let isRefused = false;

  const release = (): void => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    child?.stdin?.destroy();
    child?.kill();
    child = null;
  };
  const hold = (): void => {
    timer = null;
    if (command === null || !options.isWanted()) return;
    const [file, ...args] = command;
    const held = spawn(file, args, { env: options.env, stdio: ['pipe', 'ignore', 'ignore'] });
    child = held;
    held.unref();
    // A child that is gone breaks the pipe; its end says all there is.
    held.stdin.on('error', () => undefined);
    const gone = (): void => {
      if (child !== held) return;
      child = null;
      isRefused = true;
    };
    held.once('error', gone);
    held.once('exit', gone);
  };

  return {
    runs(count) {
      if (count === 0) release();
      else if (command !== null && !isRefused && child === null && timer === null)
        timer = setTimeout(hold, options.afterMs ?? afterMs).unref();
    },
  };
}

/** Keeps the machine awake while process `pid` lives (macOS) or `program` runs (Linux); null: there is no way here. */
export function keepAwakeCommand(
  platform: string,
  pid: number,
  program: string,
): readonly [string, ...string[]] | null {
  if (platform === 'darwin') return ['caffeinate', '-i', '-w', String(pid)];
  if (platform !== 'linux') return null;
  const about = ['--what=idle:sleep', '--mode=block', '--who=Homer', '--why=Agents are at work'];
  return ['systemd-inhibit', ...about, program];
}
