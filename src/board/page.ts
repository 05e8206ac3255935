// The files of the board's page, as the package brings them, and what a browser is told it may do with them.

import { readFile, readdir } from 'node:fs/promises';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { plainHeaders } from '../gateway/problem-details.ts';

/** Scripts and all else only from here; styles also inline, since the page's own parts set some. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'self'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

export const pageHeaders: Readonly<Record<string, string>> = {
  ...plainHeaders,
  'content-security-policy': policy,
};

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
};

/** Null: there is no such file. */
export type PageFile = { readonly type: string; readonly bytes: Buffer } | null;

export interface Page {
  /** The one document, with the values in their places. */
  document(values: Readonly<Record<string, string>>): string;
  /** By its path under `static/`. */
  file(path: string): Promise<PageFile>;
}

/** Reads the list of files: what is not in it is never opened. */
export async function openPage(): Promise<Page> {
  const root = join(dirname(fileURLToPath(import.meta.resolve('@bull-board/ui/package.json'))), 'dist');
  const folder = join(root, 'static');
  const template = withoutOtherHosts(await readFile(join(root, 'index.ejs'), 'utf8'));
  const known = new Set(await readdir(folder, { recursive: true }));
  return {
    // `<%= name %>` and, for what is JSON in a script already, `<%- name %>`: all that the template uses of EJS.
    document: (values) =>
      template.replaceAll(/<%([-=]) (\w+) %>/g, (_, kind: string, name: string) => {
        const value = values[name] ?? '';
        return kind === '=' ? escapeHtml(value) : value;
      }),
    file: async (path) => {
      const type = types[extname(path)];
      if (type === undefined || !known.has(path)) return null;
      return { type, bytes: await readFile(join(folder, path)) };
    },
  };
}

/** The fonts the page asks another host for; it has others to fall back on, and nobody is told that it was opened. */
function withoutOtherHosts(html: string): string {
  return html.replaceAll(/<link\b[^>]*\bhref="https?:[^>]*>/g, '');
}

function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
