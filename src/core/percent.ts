// Percent-encoding, of text that a person wrote.

/** Decoded; as it stands when it has a `%` that encodes nothing, as passwords in addresses may. */
export function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // Half an escape, or bytes that are no UTF-8: meant as they are.
    return text;
  }
}
