// What a canvas may hold: how it and its files are named, how much it may be, and as what each file is served. Pure.

import { HomerError } from '../core/errors.ts';

/** The most one canvas and all together may hold; bytes where it is not a count. */
export const canvasLimits = {
  canvases: 200,
  files: 500,
  fileBytes: 12 * 1024 * 1024,
  canvasBytes: 64 * 1024 * 1024,
} as const;

const longestPath = 256;
const deepest = 8;
const segment = /^[\p{L}\p{N}_][\p{L}\p{N}._ +@()-]*$/u;

/** What is served as itself. Anything else is handed over as a file to save, so that no browser makes a page of it. */
const types: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  htm: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  mjs: 'text/javascript; charset=utf-8',
  json: 'application/json',
  txt: 'text/plain; charset=utf-8',
  md: 'text/plain; charset=utf-8',
  csv: 'text/plain; charset=utf-8',
  log: 'text/plain; charset=utf-8',
  svg: 'image/svg+xml',
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
  avif: 'image/avif',
  ico: 'image/x-icon',
  woff2: 'font/woff2',
  mp3: 'audio/mpeg',
  ogg: 'audio/ogg',
  wav: 'audio/wav',
  mp4: 'video/mp4',
  webm: 'video/webm',
  wasm: 'application/wasm',
};

/** Kinds of files that hold secrets or whole databases more often than pictures for people. */
const kept = /\.(?:db|sqlite3?|db-wal|db-shm|pem|key|p12|pfx|kdbx)$|^(?:token|id_(?:rsa|ecdsa|ed25519))$/i;

export function isCanvasName(text: string): boolean {
  return /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(text);
}

/**
 * The path as it is kept: relative, `/` between its parts, in normal form C. Throws HOMER_CANVAS_PATH for one that leads
 * out, begins with a dot anywhere, holds what is no plain name, or names a file that is better not shown.
 */
export function checkPath(text: string): string {
  const path = text.normalize('NFC');
  const segments = path.split('/');
  const name = segments.at(-1) ?? '';
  if (path.length > longestPath || segments.length > deepest)
    throw refusedPath(text, `is longer than ${longestPath} characters or deeper than ${deepest} folders`);
  if (!segments.every((each) => segment.test(each)))
    throw refusedPath(
      text,
      'is not a plain relative path: letters, digits and . _ - between slashes, no dot first',
    );
  if (kept.test(name)) throw refusedPath(text, 'is of a kind that holds secrets or databases');
  return path;
}

/** null: it is to be saved, not shown. */
export function contentType(path: string): string | null {
  const extension = /\.([a-z0-9]+)$/i.exec(path)?.[1]?.toLowerCase() ?? '';
  return Object.hasOwn(types, extension) ? (types[extension] ?? null) : null;
}

function refusedPath(path: string, why: string): HomerError {
  return new HomerError('HOMER_CANVAS_PATH', `${JSON.stringify(path.slice(0, longestPath))} ${why}.`);
}
