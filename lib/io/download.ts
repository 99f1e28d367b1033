/** What is fetched is a certificate, or an answer that nobody reads. */
const MOST_BYTES = 64 * 1024;

class BadAnswer extends Error {}

/**
 * One GET of a URL that the caller knows to be good. A redirect would lead elsewhere, so it is none. @throws an error whose
 * message holds no URL when there is no good answer in time, or too much of it
 */
export async function download(url: string, timeout = 5_000): Promise<string> {
  const signal = AbortSignal.timeout(timeout);
  try {
    const answer = await fetch(url, { redirect: 'manual', signal });
    if (answer.ok) return await firstBytes(answer);
    await answer.body?.cancel();
    throw new BadAnswer(`it answered ${answer.status}`);
  } catch (error) {
    if (error instanceof BadAnswer) throw error;
    const { code } = ((error as Error).cause ?? {}) as NodeJS.ErrnoException;
    throw new Error(
      signal.aborted ? `no answer within ${timeout} ms` : `it could not be reached (${code ?? 'no code'})`,
    );
  }
}

async function firstBytes({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body ?? []) {
    chunks.push(chunk);
    size += chunk.byteLength;
    if (size > MOST_BYTES) throw new BadAnswer(`it answered more than ${MOST_BYTES} bytes`);
  }
  return Buffer.concat(chunks).toString('utf8');
}
