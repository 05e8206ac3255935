// Looking up a variable of an environment by a name that somebody else wrote.

export type Variables = Readonly<Record<string, string | undefined>>;

/** Undefined when it is not set. Only the environment's own: `toString` is no variable, though every object has it. */
export function variableIn(env: Variables, name: string): string | undefined {
  return Object.hasOwn(env, name) ? env[name] : undefined;
}
