// A real file system of a few megabytes, made in a file and mounted through the loop device. Needs root.

import { spawnSync } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

function run(command: string, ...args: string[]): string | null {
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  return status === 0 ? null : `${command}: ${error?.message ?? stderr.trim()}`;
}

function mustRun(command: string, ...args: string[]): void {
  const trouble = run(command, ...args);
  if (trouble !== null) throw new Error(trouble);
}

const mountOptions = 'loop,errors=remount-ro';

export class SmallDisk {
  readonly #directory: string;
  /** Where it is mounted. */
  readonly path: string;

  private constructor(directory: string) {
    this.#directory = directory;
    this.path = join(directory, 'disk');
  }

  /** The disk, or one sentence on why there can be none here. */
  static create(megabytes: number): SmallDisk | string {
    if (process.getuid?.() !== 0) return 'mounting a small file system needs root';
    const directory = mkdtempSync(join(tmpdir(), 'homer-disk-'));
    const image = join(directory, 'image');
    const disk = new SmallDisk(directory);
    mkdirSync(disk.path);
    closeSync(openSync(image, 'w'));
    truncateSync(image, megabytes * 2 ** 20);
    const trouble =
      run('mkfs.ext4', '-q', '-F', '-m', '0', image) ?? run('mount', '-o', mountOptions, image, disk.path);
    if (trouble === null) return disk;
    rmSync(directory, { recursive: true });
    return trouble;
  }

  /** Writes a file until nothing more fits. */
  fill(): void {
    const file = openSync(this.#ballast, 'a');
    try {
      for (const size of [65_536, 4_096, 512]) this.#writeUntilFull(file, size);
    } finally {
      closeSync(file);
    }
  }

  /** Takes four megabytes, which `free` gives back: a ledger that closes wants as much again for what is in its log. */
  reserve(): void {
    writeFileSync(this.#ballast, Buffer.alloc(2 ** 22));
  }

  /** Frees what `fill` or `reserve` took. */
  free(): void {
    rmSync(this.#ballast, { force: true });
  }

  /** Throws when the system refuses. */
  remount(as: 'ro' | 'rw'): void {
    mustRun('mount', '-o', `remount,${as}`, this.path);
  }

  /** Makes it read-only at once, whoever writes to it, as the kernel does after an error of the disk. */
  break(): void {
    const { stdout } = spawnSync('findmnt', ['-no', 'SOURCE', this.path], { encoding: 'utf8' });
    writeFileSync(join('/sys/fs/ext4', basename(stdout.trim()), 'trigger_fs_error'), '1');
  }

  /** Takes it out and puts it in again, repaired, as a person would after an error. */
  repair(): void {
    mustRun('umount', this.path);
    // 1: errors were corrected.
    run('e2fsck', '-p', this.#image);
    mustRun('mount', '-o', mountOptions, this.#image, this.path);
  }

  remove(): void {
    mustRun('umount', this.path);
    rmSync(this.#directory, { recursive: true });
  }

  get #image(): string {
    return join(this.#directory, 'image');
  }

  get #ballast(): string {
    return join(this.path, 'ballast');
  }

  #writeUntilFull(file: number, size: number): void {
    const block = Buffer.alloc(size);
    try {
      for (;;) writeSync(file, block);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
    }
  }
}
