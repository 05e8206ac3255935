// What the schema says of one place in config.yaml.

import { configSchema } from './schema.ts';

interface Schema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema | boolean;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
}

type Path = readonly (string | number)[];

/** Whether a list may stand there. */
export function isListAt(path: Path): boolean {
  return placesAt(path).some(({ type }) => type === 'array');
}

/** Whether it is a key of ours, and not a name of somebody's choice or a place in a list. */
export function isKey(path: Path): boolean {
  const last = String(path.at(-1));
  return placesAt(path.slice(0, -1)).some(({ properties }) => Object.hasOwn(properties ?? {}, last));
}

function placesAt(path: Path): readonly Schema[] {
  return path.reduce<readonly Schema[]>(
    (places, key) => places.flatMap((place) => below(place, key)).flatMap(choices),
    [configSchema() as Schema],
  );
}

function below({ properties, additionalProperties, items }: Schema, key: string | number): Schema[] {
  if (properties !== undefined && Object.hasOwn(properties, key)) return [properties[key] ?? {}];
  if (typeof items === 'object' && /^\d+$/.test(String(key))) return [items];
  return typeof additionalProperties === 'object' ? [additionalProperties] : [];
}

function choices(schema: Schema): readonly Schema[] {
  return [schema, ...[...(schema.anyOf ?? []), ...(schema.oneOf ?? [])].flatMap(choices)];
}
