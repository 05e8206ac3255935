// The default of a key, as docs/configuration.md has it; a test holds the page to the schema.

import { readFileSync } from 'node:fs';

/** In the words of the page; null: it says none, or is not there. */
export function documentedDefault(path: readonly (string | number)[]): string | null {
  for (const line of readPage().split('\n')) {
    const [, key = '', , usual = ''] = line.split('|').map((cell) => cell.trim());
    const parts = key.replaceAll('`', '').split('.');
    const isIt =
      key !== '' &&
      parts.length === path.length &&
      parts.every((part, index) => part === 'NAME' || part === path[index]);
    if (isIt) return usual === '' || usual === '–' ? null : usual.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1');
  }
  return null;
}

function readPage(): string {
  try {
    return readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8');
  } catch {
    // A copy without its documentation has none to tell.
    return '';
  }
}
