// node scripts/installed.ts production|development
// Exits 0 when node_modules holds what package-lock.json names, by version and content hash; optional packages are not
// asked for, since which of them belong here depends on the platform.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Package {
  readonly version?: string;
  readonly integrity?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly devOptional?: boolean;
}

function packagesOf(path: string): ReadonlyMap<string, Package> {
  const lock = JSON.parse(readFileSync(path, 'utf8')) as { packages: Record<string, Package> };
  return new Map(Object.entries(lock.packages));
}

const root = join(import.meta.dirname, '..');
const level = process.argv[2];
const wanted = packagesOf(join(root, 'package-lock.json'));
// npm keeps this file for itself, and writes it last.
const found = packagesOf(join(root, 'node_modules/.package-lock.json'));

for (const [path, want] of wanted) {
  if (path === '' || want.optional === true || want.devOptional === true) continue;
  if (want.dev === true && level !== 'development') continue;
  const have = found.get(path);
  const same = have?.version === want.version && have?.integrity === want.integrity;
  if (!same || !existsSync(join(root, path, 'package.json'))) process.exit(1);
}
