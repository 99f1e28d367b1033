import { adviceFor } from './aws/advice.ts';

/** Where a policy may lie that is not in a file: `s3://BUCKET/KEY`, `ssm:/NAME`. */
type Store = 's3' | 'ssm';

/** The most that is read of an object; what is larger is no policy. */
const MOST_BYTES = 256 * 1024;

/** For so long one that was read counts as what is there, in milliseconds: requests that come close together share a read. */
const LIFETIME = 30_000;

/** S3 User Guide, bucket naming rules; Systems Manager, parameter names, which may be ARNs. */
const PLACES: Record<Store, RegExp> = {
  s3: /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\/.{1,1024})$/s,
  ssm: /^ssm:([\w.\-/:]{1,2048})$/,
};

/** A segment that is nothing but dots would be taken for a step in a path. */
const STEP = /(?:^|\/)\.{1,2}(?:\/|$)/;

/** Loaded here and not above: most run with a file. */
const READERS: Record<Store, (name: string) => Promise<Uint8Array | string | undefined>> = {
  s3: async (name) => (await import('./aws/texts.ts')).object(name, MOST_BYTES),
  ssm: async (name) => (await import('./aws/texts.ts')).parameter(name),
};

export interface PolicyPlace {
  store: Store;
  name: string;
  /** As `POLICY` has it. */
  spec: string;
}

/** What a value of `POLICY` names, or null: a file, or nothing at all. */
export function policyPlace(spec: string): PolicyPlace | null {
  for (const [store, place] of Object.entries(PLACES) as [Store, RegExp][]) {
    const name = place.exec(spec)?.[1];
    if (name !== undefined && !STEP.test(name)) return { store, name, spec };
  }
  return null;
}

const read = new Map<string, { at: number; bytes: Uint8Array | string }>();

/** What is stored there, at most half a minute old. @throws Error that names the place and what to do, never what it holds */
export async function storedPolicy({ store, name, spec }: PolicyPlace, now: number): Promise<Uint8Array | string> {
  const before = read.get(spec);
  if (before && now >= before.at && now < before.at + LIFETIME) return before.bytes;
  read.delete(spec);
  let bytes: Uint8Array | string | undefined;
  try {
    bytes = await READERS[store](name);
  } catch (error) {
    throw new Error(`${spec} cannot be read (${(error as Error).name}): ${adviceFor(error)}`);
  }
  if (bytes === undefined) throw new Error(`${spec} holds no text`);
  read.set(spec, { at: now, bytes });
  return bytes;
}
