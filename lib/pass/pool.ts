/**
 * Runs `work` over the items, at most `size` at a time, in order. Nothing new is begun once the signal is aborted;
 * what was begun is awaited. The results stand in the order of the items; those never begun are left out.
 * @throws the first error of `work`, after all that was begun has ended
 */
export async function pool<T, R>(
  items: readonly T[],
  size: number,
  work: (item: T) => Promise<R>,
  signal?: AbortSignal,
): Promise<R[]> {
  const results = new Map<number, R>();
  let next = 0;
  let failure: { error: unknown } | null = null;
  async function worker(): Promise<void> {
    while (next < items.length && !failure && !signal?.aborted) {
      const index = next++;
      try {
        results.set(index, await work(items[index]!));
      } catch (error) {
        failure ??= { error };
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(size, items.length) }, worker));
  if (failure) throw (failure as { error: unknown }).error;
  return [...results.keys()].sort((a, b) => a - b).map((index) => results.get(index)!);
}
