/** The place of the first item for which `isOver` holds, where it holds for all after it as well; the length where for none. */
export function firstPlace<T>(items: readonly T[], isOver: (item: T) => boolean): number {
  let [low, high] = [0, items.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isOver(items[middle]!)) high = middle;
    else low = middle + 1;
  }
  return low;
}
