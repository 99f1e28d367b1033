import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { policySchema } from '../lib/core/policy-schema.ts';
import { policyPage } from './policy-page.ts';

/** The JSON schema by which editors complete and check a policy while it is written; made from the schema that reads it. */
export function policySchemaText(): string {
  const { $schema, ...schema } = z.toJSONSchema(policySchema(), { io: 'input' });
  const title = 'Policy of dcs-upgrader';
  return `${JSON.stringify({ $schema, title, ...schema }, null, 2)}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(new URL('../policy.schema.json', import.meta.url), policySchemaText());
  writeFileSync(new URL('../docs/policy.md', import.meta.url), policyPage());
}
