import { z } from 'zod';
import { fileSchema } from './schema.ts';

const SUBSTITUTION = { type: 'string', pattern: String.raw`\$\{` } as const;
const LEAVES = new Set(['integer', 'number', 'boolean']);

type JsonSchema = z.core.JSONSchema.BaseSchema;

/** Lets a reference stand in place of a checked scalar. */
function widen(schema: JsonSchema): void {
  const { type, description, default: preset, ...rest } = schema;
  const narrow = 'pattern' in rest || 'enum' in rest || 'format' in rest;
  if (typeof type !== 'string' || !(LEAVES.has(type) || (type === 'string' && narrow))) return;
  for (const key of Object.keys(schema)) Reflect.deleteProperty(schema, key);
  schema.anyOf = [{ type, ...rest }, SUBSTITUTION];
  if (description !== undefined) schema.description = description;
  if (preset !== undefined) schema.default = preset;
}

/**
 * The JSON Schema (draft 07, which is what the YAML language server reads) of the configuration file. Every checked
 * scalar may instead be text holding a `${…}` reference, because editors see the file before substitution.
 */
export function configSchema(): object {
  const schema = z.toJSONSchema(fileSchema, {
    target: 'draft-07',
    io: 'input',
    override({ jsonSchema, zodSchema }) {
      // zod leaves out the default of a setting that is converted, such as a number that may come as text.
      const preset: unknown = zodSchema instanceof z.ZodDefault ? zodSchema.def.defaultValue : undefined;
      if (typeof preset === 'number' || typeof preset === 'boolean') jsonSchema.default = preset;
      widen(jsonSchema);
    },
  });
  return { ...schema, title: 'Headgate configuration' };
}
