// What an idempotency key may be: what any HTTP header can hold unchanged.

export const keyRule = 'A key is 1 to 255 characters of printable ASCII, without a space at either end';

/** Whether the text follows `keyRule`. */
export function isIdempotencyKey(text: string): boolean {
  return /^[\x20-\x7e]{1,255}$/.test(text) && text.trim() === text;
}
