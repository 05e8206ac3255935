// What a token may do. The server says it, never the client.

export const scopes = ['read', 'chat', 'operate', 'admin'] as const;

export type Scope = (typeof scopes)[number];

export const allScopes: ReadonlySet<Scope> = new Set<Scope>(scopes);

/** What goes with a scope: whoever may act may look, whoever may set up may do all. To chat is not to read everything. */
const included: Readonly<Record<Scope, readonly Scope[]>> = {
  read: ['read'],
  chat: ['chat'],
  operate: ['read', 'chat', 'operate'],
  admin: scopes,
};

export function isScope(text: string): text is Scope {
  return (scopes as readonly string[]).includes(text);
}

/** The scopes with all that goes with them, in the order of `scopes`. */
export function withIncluded(asked: Iterable<Scope>): ReadonlySet<Scope> {
  const all = new Set([...asked].flatMap((scope) => included[scope]));
  return new Set(scopes.filter((scope) => all.has(scope)));
}
