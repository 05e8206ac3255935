// What the suites need beyond npm. As root or in CI it is installed with apt; a person is told the one command.

import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Program to look for → the packages that bring it. */
const packages = {
  'redis-server': { apt: 'redis-server', brew: 'redis' },
  chromium: { apt: 'chromium', brew: null },
  bwrap: { apt: 'bubblewrap', brew: null },
  prometheus: { apt: 'prometheus', brew: 'prometheus' },
  nginx: { apt: 'nginx-light', brew: 'nginx' },
  buildah: { apt: 'buildah', brew: null },
  podman: { apt: 'podman', brew: null },
  crun: { apt: 'crun', brew: null },
  debootstrap: { apt: 'debootstrap', brew: null },
  // With what an account needs to have a systemd of its own.
  systemctl: { apt: 'libpam-systemd', brew: null },
  'dbus-daemon': { apt: 'dbus', brew: null },
  python3: { apt: 'python3', brew: 'python' },
} as const;

export type Program = keyof typeof packages;

function isInstalled(program: string): boolean {
  return [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'].some((directory) => {
    try {
      accessSync(join(directory, program), constants.X_OK);
      return true;
    } catch {
      return false; // not in this directory
    }
  });
}

function run(argv: readonly string[]): boolean {
  const [file = '', ...args] = argv;
  // In runlevel 1 no service is started that comes with a program (invoke-rc.d(8)).
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  return spawnSync(file, args, { stdio: ['ignore', 2, 2], env }).status === 0;
}

/** Returns when all programs are there; otherwise ends the process with a sentence that says what to run. */
export function ensurePrograms(programs: readonly Program[]): void {
  const missing = () => programs.filter((program) => !isInstalled(program));
  if (process.platform === 'darwin') {
    const names = missing().flatMap((program) => packages[program].brew ?? []);
    if (names.length > 0) stop(`brew install ${names.join(' ')}`);
    return;
  }
  const wanted = missing();
  if (wanted.length === 0) return;
  const names = wanted.map((program) => packages[program].apt);
  const sudo = process.getuid?.() === 0 ? [] : ['sudo', '-n'];
  const mayInstall = sudo.length === 0 || process.env['CI'] === 'true';
  if (mayInstall && isInstalled('apt-get')) {
    process.stderr.write(`Installing ${names.join(', ')} with apt-get …\n`);
    const install = [...sudo, 'apt-get', 'install', '-y', '-q', '--no-install-recommends', ...names];
    // The lists may be missing or old; they are fetched only if the first try fails.
    if (!run(install)) {
      run([...sudo, 'apt-get', 'update', '-q']);
      run(install);
    }
    if (missing().length === 0) return;
  }
  stop(`sudo apt-get install -y ${names.join(' ')}`);
}

function stop(command: string): never {
  process.stderr.write(
    `The tests need programs that are not installed. Run this, then try again:\n  ${command}\n`,
  );
  process.exit(1);
}
