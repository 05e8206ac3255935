// Files that a run leaves for a person in `outbox/` of its workspace: which of them go to where the person is, and in what words
// those are told of that do not.

export interface LeftFile {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** Whole milliseconds since the epoch. */
  readonly mtimeMs: number;
}

/** `number`, `size` and `total`: it is beyond that limit; `failed`: it could not be read, or not be put where it belongs. */
const reasons = ['number', 'size', 'total', 'failed'] as const;
export type WhyStaying = (typeof reasons)[number];

export interface StayingFile {
  readonly name: string;
  readonly why: WhyStaying;
}

/** What comes of a run from another host: the files one after the other, with the hash of all of it, and what does not come. */
export interface LeftFiles {
  readonly files: readonly LeftFile[];
  readonly sha256: string;
  readonly staying: readonly StayingFile[];
}

export interface LeftLimits {
  /** Of one run. */
  readonly files: number;
  /** Bytes of one file, and of all together. */
  readonly fileBytes: number;
  readonly bytes: number;
}

export const outboxName = 'outbox';

/** A chat takes no larger file, so that none is brought from another host either. */
export const leftLimits: LeftLimits = { files: 10, fileBytes: 49 * 1024 * 1024, bytes: 98 * 1024 * 1024 };

const longestName = 255;
const mostNamed = 20;

/** One component of a path, not hidden. */
export function isLeftName(name: string): boolean {
  // oxlint-disable-next-line no-control-regex -- NUL ends a path
  return name !== '' && !name.startsWith('.') && name.length <= longestName && !/[/\\\0]/.test(name);
}

/** The same file, not written since. */
export function isSameFile(a: LeftFile, b: LeftFile): boolean {
  return a.name === b.name && a.size === b.size && a.mtimeMs === b.mtimeMs;
}

/** In the order of their names; those that are known already are neither. */
export function chooseFiles(
  files: readonly LeftFile[],
  isKnown: (file: LeftFile) => boolean,
  limits: LeftLimits,
): { readonly going: readonly LeftFile[]; readonly staying: readonly StayingFile[] } {
  const going: LeftFile[] = [];
  const staying: StayingFile[] = [];
  let bytes = 0;
  const whyStaying = ({ size }: LeftFile): WhyStaying | null => {
    if (size > limits.fileBytes) return 'size';
    if (going.length >= limits.files) return 'number';
    return bytes + size > limits.bytes ? 'total' : null;
  };
  for (const file of files.filter((each) => !isKnown(each))) {
    const why = whyStaying(file);
    if (why !== null) {
      staying.push({ name: file.name, why });
      continue;
    }
    bytes += file.size;
    going.push(file);
  }
  return { going, staying };
}

export function sizeOf(files: readonly LeftFile[]): number {
  return files.reduce((bytes, { size }) => bytes + size, 0);
}

/** Whether a value that came from elsewhere keeps to the limits, with names that stay in their directory, none of them twice. */
export function areLeftFiles(value: unknown): value is LeftFiles {
  const { files, sha256, staying } = (value ?? {}) as Partial<Record<keyof LeftFiles, unknown>>;
  if (typeof sha256 !== 'string' || !Array.isArray(files) || !Array.isArray(staying)) return false;
  if (!files.every(isLeftFile) || !staying.every(isStayingFile)) return false;
  const names = new Set(files.map(({ name }) => name));
  return names.size === files.length && chooseFiles(files, () => false, leftLimits).staying.length === 0;
}

function isLeftFile(value: unknown): value is LeftFile {
  const { name, size, mtimeMs } = (value ?? {}) as Partial<Record<keyof LeftFile, unknown>>;
  return typeof name === 'string' && isLeftName(name) && isCount(size) && size > 0 && isCount(mtimeMs);
}

/** Whether a value that came from elsewhere is one. */
export function isStayingFile(value: unknown): value is StayingFile {
  const { name, why } = (value ?? {}) as Partial<Record<keyof StayingFile, unknown>>;
  return typeof name === 'string' && name.length <= longestName && reasons.some((reason) => reason === why);
}

/** `host`: whose disk they stay on; null: this one's. */
export function wordStaying(staying: readonly StayingFile[], host: string | null): string {
  const { files, fileBytes, bytes } = leftLimits;
  const megabytes = (count: number): string => `${count / 1024 / 1024} MB`;
  const words: Readonly<Record<WhyStaying, string>> = {
    number: `more than ${files} at a time`,
    size: `more than ${megabytes(fileBytes)}`,
    total: `more than ${megabytes(bytes)} together`,
    failed: 'it could not be brought',
  };
  const named = staying.slice(0, mostNamed).map(({ name, why }) => `- ${oneLine(name)}: ${words[why]}`);
  const rest = staying.length - named.length;
  const where = host === null ? '' : ` on ${host}`;
  return [
    `Left in ${outboxName}/${where}, not sent:`,
    ...named,
    ...(rest > 0 ? [`- and ${rest} more`] : []),
  ].join('\n');
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function oneLine(name: string): string {
  return name.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ');
}
