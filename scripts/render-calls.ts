// The types of homer/client, made from the registry of operations: what each takes and gives, as TypeScript.

import { z } from 'zod';
import { openOperations, type OperationsOptions } from '../src/operations/open.ts';
import type { Operation } from '../src/operations/operation.ts';
import { routes, type Route } from '../src/operations/routes.ts';

interface Schema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
}

/** A shape that is longer than this gets a name. */
const longest = 150;

/** The whole of src/client/calls.ts. */
export function renderCalls(): string {
  const shapes = new Shapes();
  const calls = listOperations().map(({ name, input, output }) => {
    const route: Route = routes[name];
    const takes = shapes.text(schemaOf(input, 'input'));
    const gives = shapes.text(schemaOf(output, 'output'));
    return `  /** ${route.summary} */\n  '${name}': { input: ${takes}; output: ${gives} };`;
  });
  const names = Object.keys(routes).filter((name) => routes[name as keyof typeof routes].method === 'GET');
  return `// Made from the registry of operations by scripts/render-calls.ts: what each takes and gives. A test holds it to that;
// \`npm test -- scripts/render-calls.test.ts -u\` writes it anew.

${shapes.declarations().join('\n')}

/** Every operation of Homer. */
export interface Calls {
${calls.join('\n')}
}

/** What changes nothing, and can be asked again. */
export const readOnly: ReadonlySet<keyof Calls> = new Set<keyof Calls>([
${names.map((name) => `  '${name}',`).join('\n')}
]);
`;
}

/** The operations as they are, of a house that is not there: their schemas need none. */
export function listOperations(): readonly Operation[] {
  const nobody: unknown = new Proxy(() => undefined, {
    get: (_target, key) => (key === Symbol.toPrimitive ? () => '' : nobody),
    apply: () => nobody,
  });
  const order = Object.keys(routes);
  // A copy of it has what is taken apart while the operations are made.
  const house = new Proxy({ ledger: nobody }, { get: () => nobody }) as unknown as OperationsOptions;
  return openOperations(house).performer.operations.toSorted(
    (a, b) => order.indexOf(a.name) - order.indexOf(b.name),
  );
}

function schemaOf(type: z.ZodType, io: 'input' | 'output'): Schema {
  return z.toJSONSchema(type, { io, unrepresentable: 'any' }) as Schema;
}

class Shapes {
  readonly #named = new Map<string, string>();

  declarations(): string[] {
    return [...this.#named].map(([text, name]) => `export type ${name} = ${text};`);
  }

  /** `called`: the key it stands under, from which a long one gets its name. */
  text(schema: Schema, called: string | null = null): string {
    if (schema.const !== undefined) return literal(schema.const);
    if (schema.enum !== undefined) return schema.enum.map((value) => literal(value)).join(' | ');
    if (typeof schema.type === 'object')
      return schema.type.map((type) => this.text({ ...schema, type }, called)).join(' | ');
    const options = schema.anyOf ?? schema.oneOf;
    if (options !== undefined)
      return [...new Set(options.map((option) => this.text(option, called)))].join(' | ');
    switch (schema.type) {
      case 'string':
      case 'boolean':
      case 'null':
        return schema.type;
      case 'number':
      case 'integer':
        return 'number';
      case 'array': {
        const item = this.text(schema.items ?? {}, called);
        return `readonly ${/^\w+$/.test(item) ? item : `(${item})`}[]`;
      }
      case 'object':
        return this.#object(schema, called);
      default:
        return 'unknown';
    }
  }

  #object({ properties = {}, required = [], additionalProperties }: Schema, called: string | null): string {
    const needed = new Set(required);
    const keys = Object.entries(properties);
    if (keys.length === 0 && typeof additionalProperties === 'object')
      return `Readonly<Record<string, ${this.text(additionalProperties)}>>`;
    if (keys.length === 0) return 'Record<string, never>';
    const fields = keys.map(
      ([key, value]) => `readonly ${key}${needed.has(key) ? '' : '?'}: ${this.text(value, key)}`,
    );
    const text = `{ ${fields.join('; ')} }`;
    return called === null || text.length < longest ? text : this.#name(text, called);
  }

  #name(text: string, called: string): string {
    const known = this.#named.get(text);
    if (known !== undefined) return known;
    const single = called
      .replace(/ies$/, 'y')
      .replace(/(?<=ss|x|vas)es$/, '')
      .replace(/(?<![sa])s$/, '');
    const wanted = single.charAt(0).toUpperCase() + single.slice(1);
    const taken = new Set(this.#named.values());
    let name = wanted;
    for (let count = 2; taken.has(name); count++) name = `${wanted}${count}`;
    this.#named.set(text, name);
    return name;
  }
}

function literal(value: unknown): string {
  return typeof value === 'string' ? `'${value.replaceAll("'", "\\'")}'` : JSON.stringify(value);
}
