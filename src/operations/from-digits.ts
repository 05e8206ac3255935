// Numbers in an address are text.

/** Digits alone become a number, all else stays what it was: Number() would also take `0x10`, `1e2` and blanks. */
export function fromDigits(value: unknown): unknown {
  return typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;
}
