// The canvases of a home, on disk: `canvas/NAME.json` says what is in one, `canvas/files/` holds the bytes by their hash.
// A request never becomes a path: it is looked up in what was put, so there is nothing to escape from.

import { createHash, randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { HomerError } from '../core/errors.ts';
import { canvasLimits, checkPath, isCanvasName } from './rules.ts';

export interface CanvasFile {
  /** SHA-256 of the bytes, hex. */
  readonly hash: string;
  readonly size: number;
}

export interface Canvas {
  readonly name: string;
  /** 256 bits: whoever knows it sees the canvas. */
  readonly key: string;
  /** Counts the changes, from 1. */
  readonly version: number;
  /** ms since the epoch. */
  readonly updatedAt: number;
  /** Who made it, as jobs say it: `http:owner`, `run:j…`. */
  readonly source: string;
  /** The session or job of the run that made it; null: a person's. */
  readonly owner: string | null;
  readonly files: Readonly<Record<string, CanvasFile>>;
}

export interface Putting {
  readonly source: string;
  readonly owner: string | null;
  readonly files: readonly { readonly path: string; readonly data: Uint8Array }[];
  /** What was there and is not in `files` goes. */
  readonly replace: boolean;
}

export interface CanvasStore {
  /** By name. */
  list(): Promise<readonly Canvas[]>;
  /** Throws HOMER_CANVAS_UNKNOWN. */
  get(name: string): Promise<Canvas>;
  /** The canvas with this key, or null. */
  find(key: string): Promise<Canvas | null>;
  /** On disk, whole, when it resolves; after a crash either all of it is there or nothing. */
  put(name: string, putting: Putting): Promise<Canvas>;
  /** Another key: whoever knows the old one sees nothing any more. */
  rotate(name: string): Promise<Canvas>;
  remove(name: string): Promise<void>;
  /** Opens the bytes of a file for reading; whoever asked closes it. */
  open(file: CanvasFile): Promise<FileHandle>;
  /** `canvas` is null when it went. Returns what ends the listening. */
  onChange(listener: (name: string, canvas: Canvas | null) => void): () => void;
}

export interface CanvasStoreOptions {
  /** Absolute; made with the first canvas. */
  readonly directory: string;
  readonly now: () => number;
  readonly onUnreadable: (path: string, error: unknown) => void;
}

export function createCanvasStore({ directory, now, onUnreadable }: CanvasStoreOptions): CanvasStore {
  const bytes = join(directory, 'files');
  const listeners = new Set<(name: string, canvas: Canvas | null) => void>();
  let loaded: Promise<Map<string, Canvas>> | null = null;
  /** False once a canvas could not be read: nobody knows which bytes are its own. */
  let isAllKnown = true;
  /** Changes come one after the other. */
  let line: Promise<unknown> = Promise.resolve();

  const sweep = async (canvases: ReadonlyMap<string, Canvas>): Promise<void> => {
    if (isAllKnown) await removeUnused(bytes, canvases);
  };
  const read = async (): Promise<Map<string, Canvas>> => {
    try {
      const canvases = await load(directory, (path, error) => {
        isAllKnown = false;
        onUnreadable(path, error);
      });
      await sweep(canvases);
      return canvases;
    } catch (error) {
      // The next who asks tries again.
      loaded = null;
      throw error;
    }
  };
  const all = (): Promise<Map<string, Canvas>> => (loaded ??= read());
  const existing = async (name: string): Promise<Canvas> => {
    const canvas = (await all()).get(name);
    if (canvas === undefined) throw new HomerError('HOMER_CANVAS_UNKNOWN', `There is no canvas "${name}".`);
    return canvas;
  };
  const inTurn = <Result>(change: () => Promise<Result>): Promise<Result> => {
    const turn = line.then(change);
    // Whoever asked for the change hears of its failure; those behind it go on.
    line = turn.catch(() => undefined);
    return turn;
  };
  const keep = async (canvas: Canvas): Promise<Canvas> => {
    await writeWhole(directory, `${canvas.name}.json`, JSON.stringify(canvas));
    (await all()).set(canvas.name, canvas);
    for (const listener of listeners) listener(canvas.name, canvas);
    return canvas;
  };

  return {
    list: async () => [...(await all()).values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
    get: existing,
    find: async (key) => [...(await all()).values()].find((canvas) => canvas.key === key) ?? null,
    put: (name, putting) =>
      inTurn(async () => {
        if (!isCanvasName(name))
          throw new HomerError('HOMER_CANVAS_NAME', `"${name}" is no name for a canvas.`);
        const canvases = await all();
        const before = canvases.get(name);
        if (before !== undefined && putting.owner !== null && before.owner !== putting.owner)
          throw new HomerError('HOMER_CANVAS_OTHERS', `The canvas "${name}" was not made by this session.`);
        if (before === undefined && canvases.size >= canvasLimits.canvases)
          throw new HomerError('HOMER_CANVAS_FULL', `There are ${canvases.size} canvases already.`);
        const added = putting.files.map(({ path, data }) => [checkPath(path), describe(data), data] as const);
        const files = Object.fromEntries([
          ...(putting.replace ? [] : Object.entries(before?.files ?? {})),
          ...added.map(([path, file]) => [path, file] as const),
        ]);
        checkSize(name, files);
        for (const [, { hash }, data] of added) await writeBytes(bytes, hash, data);
        const canvas = await keep({
          name,
          key: before?.key ?? newKey(),
          version: (before?.version ?? 0) + 1,
          updatedAt: now(),
          source: before?.source ?? putting.source,
          owner: before === undefined ? putting.owner : before.owner,
          files,
        });
        if (before !== undefined) await sweep(canvases);
        return canvas;
      }),
    rotate: (name) =>
      inTurn(async () => {
        const before = await existing(name);
        return keep({ ...before, key: newKey(), version: before.version + 1 });
      }),
    remove: (name) =>
      inTurn(async () => {
        await existing(name);
        const canvases = await all();
        await rm(join(directory, `${name}.json`), { force: true });
        canvases.delete(name);
        for (const listener of listeners) listener(name, null);
        await sweep(canvases);
      }),
    async open({ hash, size }) {
      const handle = await open(join(bytes, hash), constants.O_RDONLY | constants.O_NOFOLLOW);
      const found = await handle.stat();
      if (found.isFile() && found.size === size) return handle;
      await handle.close();
      throw new Error(`canvas/files/${hash} is not what was put there`);
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

const newKey = (): string => randomBytes(32).toString('base64url');

function describe(data: Uint8Array): CanvasFile {
  if (data.byteLength > canvasLimits.fileBytes)
    throw new HomerError('HOMER_CANVAS_FULL', `A file may have ${canvasLimits.fileBytes} bytes.`);
  return { hash: createHash('sha256').update(data).digest('hex'), size: data.byteLength };
}

function checkSize(name: string, files: Readonly<Record<string, CanvasFile>>): void {
  const each = Object.values(files);
  const total = each.reduce((sum, { size }) => sum + size, 0);
  if (each.length > canvasLimits.files || total > canvasLimits.canvasBytes)
    throw new HomerError(
      'HOMER_CANVAS_FULL',
      `The canvas "${name}" would hold ${each.length} files and ${total} bytes; it may hold ${canvasLimits.files} and ${canvasLimits.canvasBytes}.`,
    );
}

async function load(
  directory: string,
  onUnreadable: CanvasStoreOptions['onUnreadable'],
): Promise<Map<string, Canvas>> {
  const found = new Map<string, Canvas>();
  for (const name of await namesIn(directory)) {
    const path = join(directory, name);
    if (name.startsWith('.')) await rm(path, { force: true, recursive: true });
    if (name.startsWith('.') || !name.endsWith('.json')) continue;
    try {
      const canvas = JSON.parse(await readFile(path, 'utf8')) as Canvas;
      if (`${canvas.name}.json` !== name || !isCanvasName(canvas.name))
        throw new Error('it names another canvas');
      found.set(canvas.name, canvas);
    } catch (error) {
      // One that cannot be read costs itself, not the others.
      onUnreadable(path, error);
    }
  }
  return found;
}

/** Removes bytes that no canvas names, and drafts of a process that was killed. */
async function removeUnused(bytes: string, canvases: ReadonlyMap<string, Canvas>): Promise<void> {
  const used = new Set(
    [...canvases.values()].flatMap(({ files }) => Object.values(files).map(({ hash }) => hash)),
  );
  for (const name of await namesIn(bytes)) if (!used.has(name)) await rm(join(bytes, name), { force: true });
}

async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** Bytes that are there already were synced when they were written; a draft has another name until it is whole. */
async function writeBytes(bytes: string, hash: string, data: Uint8Array): Promise<void> {
  if (!(await namesIn(bytes)).includes(hash)) await writeWhole(bytes, hash, data);
}

async function writeWhole(directory: string, name: string, data: string | Uint8Array): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const draft = join(directory, `.${randomBytes(8).toString('hex')}`);
  const handle = await open(draft, 'wx', 0o600);
  try {
    await handle.writeFile(data);
    await handle.sync();
  } catch (error) {
    // On a full disk what is half written would take the room of the next try.
    await rm(draft, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
  await rename(draft, join(directory, name));
  const parent = await open(directory);
  try {
    await parent.sync();
  } finally {
    await parent.close();
  }
}
