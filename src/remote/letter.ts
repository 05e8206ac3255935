// A message as bytes: one line of JSON, and after it whatever is no JSON.

export interface Letter<Message> {
  readonly message: Message;
  /** Empty for most. */
  readonly body: Buffer;
}

export function writeLetter(message: unknown, body: Buffer = Buffer.alloc(0)): Buffer {
  return Buffer.concat([Buffer.from(`${JSON.stringify(message)}\n`), body]);
}

/** What comes out of a seal was written by the other end; it may be of another version all the same. Null: it has no type. */
export function readLetter<Message extends { readonly type: string }>(bytes: Buffer): Letter<Message> | null {
  const end = bytes.indexOf(0x0a);
  if (end === -1) return null;
  try {
    const message = JSON.parse(bytes.subarray(0, end).toString('utf8')) as Partial<Message> | null;
    if (typeof message?.type !== 'string') return null;
    return { message: message as Message, body: bytes.subarray(end + 1) };
  } catch {
    // Not of any version known here.
    return null;
  }
}
