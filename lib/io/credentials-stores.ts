import { adviceFor } from './aws/advice.ts';

/** Where a secret may lie. A value of `CREDENTIALS` names the store and the secret: `secretsmanager:NAME`, `ssm:NAME`. */
export type SecretStore = 'secretsmanager' | 'ssm';

/** Gives the text of a secret. @throws an Error that names the secret and what to do, never its value */
export type ReadSecret = (store: SecretStore, name: string) => Promise<string>;

/** Loaded here and not above: most runs need neither. */
const STORES: Record<SecretStore, (name: string) => Promise<string | undefined>> = {
  secretsmanager: async (name) => (await import('./aws/texts.ts')).secretString(name),
  ssm: async (name) => (await import('./aws/texts.ts')).parameter(name),
};

/** Reads from AWS Secrets Manager, or from the Systems Manager parameter store. @throws Error, see {@link ReadSecret} */
export async function readSecret(store: SecretStore, name: string): Promise<string> {
  let text: string | undefined;
  try {
    text = await STORES[store](name);
  } catch (error) {
    throw new Error(`${store}:${name} cannot be read (${(error as Error).name}): ${adviceFor(error)}`);
  }
  if (text === undefined) throw new Error(`${store}:${name} holds no text`);
  return text;
}
