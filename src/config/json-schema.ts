import { z } from 'zod';
import { fileSchema } from './schema.ts';

const SUBSTITUTION = { type: 'string', pattern: String.raw`\$\{` } as const;
const LEAVES = new Set(['integer', 'number', 'boolean']);

/**
 * The JSON Schema (draft 07, which is what the YAML language server reads) of the configuration file. Every checked
 * scalar may instead be text holding a `${…}` reference, because editors see the file before substitution.
 */
export function configSchema(): object {
  const schema = z.toJSONSchema(fileSchema, {
    target: 'draft-07',
    io: 'input',
    override({ jsonSchema }) {
      const { type, description, default: preset, ...rest } = jsonSchema;
      const narrow = 'pattern' in rest || 'enum' in rest || 'format' in rest;
      if (typeof type !== 'string' || !(LEAVES.has(type) || (type === 'string' && narrow))) return;
      for (const key of Object.keys(jsonSchema)) Reflect.deleteProperty(jsonSchema, key);
      jsonSchema.anyOf = [{ type, ...rest }, SUBSTITUTION];
      if (description !== undefined) jsonSchema.description = description;
      if (preset !== undefined) jsonSchema.default = preset;
    },
  });
  return { ...schema, title: 'Headgate configuration' };
}
