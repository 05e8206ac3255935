// Whether what a worker says of itself can be understood. It has proved who it is; its version may still be another one.

import type { About } from './messages.ts';

export function isAbout(value: unknown): value is About {
  if (typeof value !== 'object' || value === null) return false;
  const about = value as Partial<Record<keyof About, unknown>>;
  return (
    isCount(about.protocol) &&
    isText(about.instance) &&
    isText(about.hostname) &&
    isText(about.version) &&
    isCount(about.pid) &&
    (about.lanes === null || isTexts(about.lanes)) &&
    isTexts(about.labels) &&
    isCount(about.concurrency) &&
    typeof about.executors === 'object' &&
    about.executors !== null &&
    isTexts(Object.values(about.executors))
  );
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value.length <= 256;
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.length <= 256 && value.every(isText);
}
